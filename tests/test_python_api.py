"""What Python code hands to the package: names and texts are understood, and anything else gets one line."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import trafficking as tr
from test_simulation import scenario
from trafficking import assays, clinic, dose_curves
from trafficking.body import Life, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.causes import loss_by_cause
from trafficking.exposure import Constant, Exposure, Series
from trafficking.itinerary import Itinerary
from trafficking.replicates import replicated
from trafficking.scenario import Scenario
from trafficking.treatments import Drug

MEAN = scenario(receptors=60, resolution="mean")
PERSON = BodyScenario(name="anyone", duration="3 d", receptors="held")


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A file of a small scenario, and what it holds."""
    path = tmp_path_factory.mktemp("scenarios") / "small.toml"
    path.write_text(
        'name = "small"\nreceptors = 60\nresolution = "mean"\nrecord = "10 min"\n'
        '[[exposure]]\nkind = "constant"\ninsulin = "1 nM"\nduration = "1 h"\n'
    )
    return path, tr.load_scenario(path)


@pytest.mark.parametrize(
    "use",
    [
        lambda given: tr.simulate(given).counts,
        lambda given: tr.Run(given).scenario.to_dict()["exposure"],
        lambda given: assays.surface_binding(given, at_min=[30.0]),
        lambda given: assays.scatchard(given),
        lambda given: assays.endocytic_rate(given),
        lambda given: loss_by_cause(given),
        lambda given: dose_curves.sweep(given, doses_nM=[1.0], exposure_min=10.0).values,
        lambda given: replicated(given, [0])[1].tolist(),
    ],
)
def test_a_scenario_may_be_given_by_its_name_or_path(named, use):
    path, made = named
    for given in (path, str(path)):
        assert str(use(given)) == str(use(made))


def test_names_of_what_comes_with_the_package_are_understood():
    assert tr.Run("chronic_insulin").scenario == tr.load_scenario("chronic_insulin")
    assert Life("vicious_cycle").scenario.name == "vicious_cycle"


def test_a_quantity_may_be_given_as_text():
    texts, numbers = tr.Run(MEAN), tr.Run(MEAN)
    texts.advance("0.5 h")
    texts.steer("0.5 nM", until_min="5 h")
    texts.advance(until_min="240 min")
    numbers.advance(30.0)
    numbers.steer(0.5, until_min=300.0)
    numbers.advance(until_min=240.0)
    assert texts.result() == numbers.result()
    assert MEAN.lasting("2 h") == MEAN.lasting(120.0)
    assert MEAN.steered("1 h", "500 pM", "2 h") == MEAN.steered(60.0, 0.5, 120.0)
    assert assays.dose_response(MEAN, doses_nM=[0.0, "1000 pM"], exposure_min="10 min").equals(
        assays.dose_response(MEAN, doses_nM=[0.0, 1.0], exposure_min=10.0)
    )
    assert clinic.clamp(clinic.meals.HEALTHY, target_mM="90 mg/dL") == clinic.clamp(
        clinic.meals.HEALTHY, target_mM=90 / 18.016
    )


def test_a_run_refuses_a_minute_of_its_past():
    run = tr.Run(MEAN)
    run.advance(until_min=90)
    run.advance(until_min=90)
    said = "until_min: 60 given, in the past: the run is at 90 min; .* give until_min=run.time_min"
    with pytest.raises(ValueError, match=said):
        run.advance(60)
    with pytest.raises(ValueError, match="until_min: 60 min given; the run is at 90 min already"):
        run.steer(1.0, until_min=60)
    life = Life(PERSON)
    life.advance(2.0)
    with pytest.raises(ValueError, match="to_d: 1 given; a day is needed, not before 2"):
        life.advance(1)


HUGE, TABLE = 10**5000, pd.DataFrame({"a": [1, 2]})
HEALTHY = clinic.meals.HEALTHY


@pytest.mark.parametrize(
    ("use", "odd"),
    [
        (tr.simulate, [None, 5, {}, TABLE, ""]),
        (tr.load_scenario, [None, 5, {}, TABLE, "", b"x"]),
        (lambda x: tr.load_scenario("chronic_insulin", x), [5, "x", {5: "x"}]),
        (lambda x: tr.load_scenario("chronic_insulin", {"receptors": x}), [None, HUGE, -5]),
        (lambda x: tr.simulate(MEAN, seed=x), [None, "7", -1, True, 1.5, HUGE, TABLE]),
        (lambda x: tr.simulate(MEAN, threads=x), [0, "x", True, 1.5]),
        (lambda x: tr.simulate(MEAN, progress=x), [5, "x"]),
        (lambda x: tr.Run(MEAN).advance(x), ["x", "5 nM", -5, np.nan, True, [1], HUGE, TABLE]),
        (lambda x: tr.Run(MEAN).steer(x), [None, "x", "5 min", -5, np.nan, np.inf, True, HUGE, 1e9]),
        (lambda x: tr.Run(MEAN).treat(x), [None, "x", [5]]),
        (lambda x: tr.Run(MEAN).fork(x), ["x", -1, np.nan, [1]]),
        (tr.Run.resume, [None, "x", b"x"]),
        (lambda x: tr.save(x, "x"), [None, "x", {}]),
        (lambda x: tr.save(tr.simulate(MEAN.lasting(10.0)), x), [None, 5, "", b"x", "\0"]),
        (tr.load_run, [None, 5, "", b"x"]),
        (MEAN.lasting, [None, "x", -5, np.nan, HUGE]),
        (lambda x: MEAN.changed(resolution=x), [HUGE, TABLE, []]),
        (Exposure, [None, 5, [5], "x", Constant(1.0, 1.0)]),
        (lambda x: Constant(x, 1.0), [None, "1 h", np.nan, True, HUGE]),
        (lambda x: Series(10.0, x, (1.0,)), [None, "x", ["x"], [np.nan]]),
        (lambda x: Itinerary(x, ()), [None, "x", (5,)]),
        (lambda x: Itinerary(MEAN.itinerary.states, MEAN.itinerary.transitions, x), [5, "x"]),
        (lambda x: tr.verify(MEAN, replicates=x), [None, 1, "x", 1.5, True]),
        (lambda x: tr.verify(MEAN, replicates=4, alpha=x), [None, 0.0, "x", np.nan]),
        (lambda x: assays.surface_binding(MEAN, at_min=x), [5, "x", [None], [-1.0], []]),
        (lambda x: assays.surface_binding(MEAN, wash_min=x), [None, "x", -1.0, True, [1]]),
        (lambda x: assays.surface_binding(MEAN, noise=x), [5, "x"]),
        (lambda x: assays.competition(MEAN, competitor_nM=x), [5, "x", [2.0, 1.0], [np.nan], TABLE]),
        (lambda x: assays.surface_histogram(MEAN, bins=x), [None, 1.5, "x"]),
        (simulate_body, [None, 5, {}, "no_such_person"]),
        (lambda x: simulate_body(PERSON, seed=x), [None, "x", -1]),
        (lambda x: Life(PERSON).advance(x), [None, "x", -1.0, np.nan, True]),
        (simulate_body(PERSON).fasting_at, [None, "x", -1.0, np.nan, 9.0]),
        (clinic.ogtt, [None, "vicious_cycle", 5]),
        (lambda x: clinic.ogtt(HEALTHY, grams=x), ["x", -1, np.nan]),
        (lambda x: clinic.ogtt(HEALTHY, minutes=x), [None, 60, "x", 150.5, HUGE]),
        (lambda x: clinic.clamp(HEALTHY, infusion=x), ["x", -1.0, np.nan]),
        (lambda x: clinic.clamp(HEALTHY, target_mM=x), ["x", "5 nM", -1.0, np.nan]),
    ],
)
def test_what_is_of_no_use_gets_one_line(use, odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in odd:
        with pytest.raises(ValueError, match="given|needed|allowed|neither|is no|number") as refused:
            use(given)
        said = str(refused.value)
        assert "\n" not in said
        assert len(said) < 400
        assert not any(foreign in said for foreign in ("NoneType", "ambiguous", "Exceeds", "np.float64", "pydantic"))


def test_a_misspelt_argument_of_an_assay_names_the_right_one():
    with pytest.raises(TypeError, match="surface_binding: wash_mins: no such argument; did you mean 'wash_min'"):
        assays.surface_binding(MEAN, wash_mins=5.0)


def test_a_run_that_was_saved_is_equal_to_its_result(tmp_path):
    for given in (MEAN, scenario(receptors=60, follow=20), scenario(receptors=60, cells=3)):
        result = tr.simulate(given)
        assert tr.load_run(tr.save(result, tmp_path / given.resolution / str(given.cells.number))) == result
        assert result == tr.simulate(given)
        for other in (
            dataclasses.replace(result, seed=2),
            dataclasses.replace(result, scenario=given.changed(title="Another")),
            dataclasses.replace(result, counts=result.counts + 1),
            5,
        ):
            assert result != other
            assert not result == other


def test_results_of_other_kinds_are_compared_by_what_they_hold():
    assert simulate_body(PERSON) == simulate_body(PERSON)
    assert simulate_body(PERSON) != simulate_body(PERSON.model_copy(update={"duration": "4 d"}))
    assert clinic.ogtt(HEALTHY) == clinic.ogtt(HEALTHY)
    assert clinic.ogtt(HEALTHY) != clinic.ogtt(HEALTHY, grams=50.0)
    sweeps = [dose_curves.sweep(MEAN, doses_nM=[dose], exposure_min=10.0) for dose in (1.0, 1.0, 2.0)]
    assert sweeps[0] == sweeps[1] != sweeps[2]
    runs = [tr.Run(MEAN), tr.Run(MEAN)]
    assert runs[0].snapshot() == runs[1].snapshot()
    runs[0].advance(until_min=10)
    assert runs[0].snapshot() != runs[1].snapshot()


def test_treatments_of_a_run_are_forms():
    run = tr.Run(MEAN)
    run.treat([Drug(kind="chloroquine", at="10 min")])
    assert run.scenario.treatments[0].kind == "chloroquine"
    assert isinstance(run.scenario, Scenario)
