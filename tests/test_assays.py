"""Virtual experiments recover what they are meant to measure, where the answer is known."""

import numpy as np
import pytest

from trafficking.assays import (
    ASSAYS,
    TRACER_NM,
    competition,
    dose_response,
    endocytic_rate,
    label_protection,
    pulse_chase,
    recovery,
    scatchard,
    signalling,
    surface_binding,
    surface_histogram,
    total_binding,
)
from trafficking.binding import Noise, Reader, free_nM, settling_min
from trafficking.io import load_scenario
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

UNCOUPLED = {"endocytosis": False, "sorting": False, "transcription": False}


def scenario(insulin: str = "10 nM", duration: str = "6 h", **changes) -> Scenario:
    given = {
        "name": "assayed",
        "resolution": "mean",
        "follow": 0,
        "receptors": 10_000,
        "start": {"state": "insulin_free"},
        "exposure": [{"kind": "constant", "insulin": insulin, "duration": duration}],
    }
    return Scenario.from_dict(given | changes)


def small(states: list[str], arrows: dict[str, tuple], **changes) -> Scenario:
    """States "name compartment [bound]" and arrows name -> (source, target, rate); no source: synthesis."""
    places = [text.split() for text in states]
    table = {
        "states": [{"name": name, "compartment": place, "bound": bool(rest)} for name, place, *rest in places],
        "transitions": [
            {"name": name, "target": target, "law": "synthesis", "rate": rate}
            if source is None
            else {
                "name": name,
                "source": source,
                "target": target,
                "law": "first_order_in_ligand" if "nM" in rate else "constant",
                "rate": rate,
            }
            for name, (source, target, rate) in arrows.items()
        ],
    }
    return scenario(itinerary=table, reference="start", **changes)


def K_D(given: Scenario) -> float:
    values = {arrow.name: arrow.rate for arrow in given.itinerary.transitions}
    return values["dissociation"] / values["association"]


# -- binding -----------------------------------------------------------------------------------------------------------


def test_a_tracer_binds_as_the_law_of_mass_action_says():
    given = scenario("0 nM")
    table = surface_binding(given, at_min=[0.0], wash_min=0.0)
    values = {arrow.name: arrow.rate for arrow in given.itinerary.transitions}
    on, off = (values[name] * 2.0**-3.3 for name in ("association", "dissociation"))  # 33 degrees colder, Q10 = 2
    speed = on * TRACER_NM + off
    share = on * TRACER_NM / speed * (1.0 - np.exp(-speed * 8.0 / off))
    assert np.isclose(table["bound_receptors"].iloc[0], table["surface_receptors"].iloc[0] * share, rtol=1e-9)
    assert np.isclose(table["percent"].iloc[0], 100.0, rtol=1e-4)


def test_insulin_that_is_still_bound_hides_receptors_unless_it_is_washed_off():
    cold, warm = (surface_binding(scenario(), at_min=[60.0], wash_min=wash).iloc[0] for wash in (0.0, 30.0))
    assert cold["hidden_receptors"] > 0.6 * cold["surface_receptors"]
    assert warm["hidden_receptors"] < 0.01 * warm["surface_receptors"]
    assert warm["bound_receptors"] > 2.5 * cold["bound_receptors"]


def test_total_binding_sees_what_is_inside():
    inside = total_binding(scenario(), at_min=[30.0]).iloc[0]
    outside = surface_binding(scenario(), at_min=[30.0], wash_min=0.0).iloc[0]
    result = simulate(scenario())
    assert np.isclose(inside["live_receptors"], result.live[30])
    assert np.isclose(outside["surface_receptors"], result.surface[30])


def test_a_dish_is_the_experiment_up_to_then_at_any_minute():
    times = [12.0, 61.3, 200.0]
    seen = surface_binding(scenario(), at_min=times, wash_min=0.0)["surface_receptors"]
    fine = simulate(scenario(record="6 s"))
    assert np.allclose(seen, np.interp(times, fine.counts["time_min"], fine.surface), rtol=1e-4)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_scatchard_plot_recovers_affinity_and_sites(factor):
    given = scenario("0 nM", parameters={"koff": f"{0.2 * factor} /min"})
    table = scatchard(given, binding_min=2_000.0)
    assert np.isclose(table.attrs["kd_nM"], K_D(given), rtol=1e-6)
    assert np.isclose(table.attrs["kd_nM"], factor * 0.2 / 0.06, rtol=1e-6)
    assert np.isclose(table.attrs["sites_receptors"], simulate(given).surface[0], rtol=1e-6)


def test_a_line_that_rises_by_error_gives_no_affinity_and_no_sites():
    seen = [scatchard(scenario("0 nM"), noise=Noise(binding_cv=3.0, counts=20.0), seed=seed) for seed in range(20)]
    slopes = [np.polyfit(table.iloc[:, 0], table.iloc[:, 2], 1)[0] for table in seen]
    assert min(slopes) < 0.0 < max(slopes)
    for table, slope in zip(seen, slopes, strict=True):
        found = [table.attrs[name] for name in ("kd_nM", "sites_receptors")]
        assert np.all(np.isnan(found)) if slope > 0.0 else np.all(np.array(found) > 0.0)


@pytest.mark.parametrize("tissue", ["culture", "liver", "adipose", "muscle"])
def test_a_scatchard_plot_waits_until_the_tracer_of_a_tissue_has_settled(tissue):
    given = scenario("0 nM", tissue=tissue)
    assert np.isclose(scatchard(given).attrs["kd_nM"], K_D(given), rtol=1e-2)
    seen = surface_binding(given, at_min=[0.0], wash_min=0.0).iloc[0]
    settled = TRACER_NM / (TRACER_NM + K_D(given))
    assert np.isclose(seen["bound_receptors"] / seen["surface_receptors"], settled, rtol=1e-3)


def test_four_hours_in_the_cold_are_too_short_for_the_liver():
    given = scenario("0 nM", tissue="liver")
    assert scatchard(given, binding_min=240.0).attrs["kd_nM"] > 1.2 * K_D(given)


def test_a_tracer_is_waited_for_as_long_as_its_slowest_release_takes():
    def minutes(koff: str) -> float:
        return settling_min(scenario(parameters={"koff": koff}).unlabelled)

    assert np.isclose(minutes("0.01 /min"), 8.0 * 2.0**3.3 / 0.01)
    assert minutes("10 /min") == 240.0
    assert settling_min(scenario().unlabelled, 37.0) == 240.0
    held = small(
        ["free membrane", "held membrane bound"],
        {"association": ("free", "held", "1 /nM/min")},
        start={"counts": {"free": 10_000}},
    )
    assert settling_min(held.unlabelled) == 240.0  # nothing is ever released: no balance to wait for


def test_half_of_the_tracer_is_gone_at_the_affinity():
    given = scenario("0 nM")
    doses = [0.0, *np.geomspace(0.1, 100.0, 40)]
    table = competition(given, competitor_nM=doses, binding_min=2_000.0, tracer_nM=0.001)
    assert np.isclose(table.attrs["ic50_nM"], K_D(given), rtol=5e-3)


def test_without_an_acid_wash_insulin_that_was_taken_in_counts_as_bound():
    def bound(**more) -> float:
        return competition(scenario("0 nM", tissue="liver"), binding_min=30.0, **more)["bound_receptors"].iloc[0]

    assert bound(celsius=37.0, acid_wash=False) > 1.2 * bound(celsius=37.0)
    assert bound(acid_wash=False) == bound()  # nothing moves in the cold


def test_in_a_crowded_dish_the_free_insulin_gives_the_affinity_and_the_total_does_not():
    given = scenario("0 nM", medium={"cells_per_ml": 3e8})
    table = scatchard(given, binding_min=2_000.0)
    assert np.isclose(table.attrs["kd_nM"], K_D(given), rtol=1e-5)
    assert table["free_nM"].iloc[0] < 0.6 * TRACER_NM
    total = competition(given, binding_min=2_000.0)
    slope = np.polyfit(total["bound_receptors"], total["bound_receptors"] / (total["competitor_nM"] + TRACER_NM), 1)[0]
    assert abs(-1.0 / slope / K_D(given) - 1.0) > 0.2


def test_free_insulin_solves_the_balance():
    free = free_nM(2.0, 3.0, lambda nM: nM / (nM + 1.0))
    assert np.isclose(free + 3.0 * free / (free + 1.0), 2.0)
    assert free_nM(2.0, 0.0, lambda nM: 1.0) == 2.0


# -- labels ------------------------------------------------------------------------------------------------------------


def test_trypsin_protection_gives_the_half_time_of_an_exchange():
    given = small(
        ["outside membrane", "inside early_endosome"],
        {"in": ("outside", "inside", "0.05 /min"), "back": ("inside", "outside", "0.08 /min")},
        duration="2 h",
        start={"counts": {"outside": 10_000}},
        record="15 s",
    )
    table = label_protection(given)
    assert np.allclose(
        table["inside_percent"], 100.0 * 5.0 / 13.0 * (1.0 - np.exp(-0.13 * table["time_min"])), atol=1e-6
    )
    assert np.isclose(table.attrs["plateau_percent"], 100.0 * 5.0 / 13.0, rtol=1e-5)
    assert np.isclose(table.attrs["half_time_min"], np.log(2.0) / 0.13, rtol=1e-3)


def test_a_label_goes_in_at_the_same_pace_however_seldom_the_scenario_is_recorded():
    seldom, often = (label_protection(scenario("100 nM", record=record)) for record in ("1 h", "15 s"))
    assert often.attrs["half_time_min"] < 15.0
    for name in ("half_time_min", "plateau_percent"):
        assert np.isclose(seldom.attrs[name], often.attrs[name], rtol=5e-3)
    cells = {"number": 3, "record": ["1 h"]}
    assert label_protection(scenario(record="1 h", cells=cells)).attrs["half_time_min"] < 60.0


def test_where_nothing_enters_a_label_has_no_half_time():
    blocked = [{"kind": "phenylarsine_oxide", "at": "0 min"}]
    found = label_protection(scenario(treatments=blocked)).attrs
    assert found["plateau_percent"] == 0.0
    assert np.isnan(found["half_time_min"])


LIFE = {"make": (None, "here", "0.01 /min"), "lose": ("here", "gone", "0.01 /min")}


@pytest.mark.parametrize("of", ["all", "newborn"])
def test_pulse_chase_gives_the_half_life_of_exponential_loss(of):
    table = pulse_chase(small(["here membrane", "gone out"], LIFE), of=of, label_min=30.0, pulse_min=20.0)
    assert np.isclose(table.attrs["half_life_h"], np.log(2.0) / 0.01 / 60.0, rtol=1e-6)


def test_insulin_shortens_the_half_life_and_cycloheximide_does_not():
    def half_life(insulin: str, *treatments: dict) -> float:
        return pulse_chase(scenario(insulin, "16 h", treatments=list(treatments))).attrs["half_life_h"]

    assert half_life("100 nM") < 0.5 * half_life("0 nM")
    stopped = half_life("0 nM", {"kind": "cycloheximide", "at": "0 min"})
    assert np.isclose(stopped, half_life("0 nM"), rtol=0.05)  # all but for emptier endosomes


# -- uptake ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_acid_wash_gives_the_rate_of_entry_of_bound_receptors(factor):
    given = scenario(coupling=UNCOUPLED, parameters={"ke0": f"{0.012 * factor} /min", "keB": f"{0.021 * factor} /min"})
    table = endocytic_rate(given, insulin_nM=1.0)
    assert np.isclose(table.attrs["ke_per_min"], 0.033 * factor, rtol=1e-3)


def test_entry_of_insulin_into_hepatocytes_speeds_up_with_occupancy():
    liver = scenario(tissue="liver")
    low, high = (endocytic_rate(liver, insulin_nM=dose).attrs["ke_per_min"] for dose in (0.0508, 0.551))
    assert 0.042 < low < 0.056
    assert 0.10 < high < 0.15


# -- down-regulation ---------------------------------------------------------------------------------------------------


def test_the_half_maximal_dose_costs_half_of_the_largest_loss():
    doses = [0.0, 0.3, 1.0, 2.0, 3.0, 10.0, 100.0]
    table = dose_response(scenario(), exposure_min=360.0, doses_nM=doses)
    half = table.attrs["ec50_nM"]
    again = dose_response(scenario(), exposure_min=360.0, doses_nM=[0.0, half])
    assert np.isclose(again["loss_percent"].iloc[1], 0.5 * table.attrs["most_percent"], rtol=0.02)
    assert np.all(np.diff(table["loss_percent"]) > 0.0)


@pytest.mark.parametrize("assay", [surface_binding, total_binding])
def test_no_dish_binds_more_tracer_than_it_holds(assay):
    given = scenario(medium={"cells_per_ml": 1e9})
    table = assay(given, at_min=[0.0], wash_min=0.0)
    nM = float(table["bound_receptors"].iloc[0]) * given.medium.nM_per_receptor()
    assert 0.3 * TRACER_NM < nM < TRACER_NM
    open_dish = assay(scenario(), at_min=[0.0], wash_min=0.0)
    assert (
        float(open_dish["bound_receptors"].iloc[0]) * given.medium.nM_per_receptor() > TRACER_NM
    )  # were it not missing


def test_what_a_drug_takes_is_not_charged_to_insulin():
    drug = [{"kind": "cycloheximide", "at": "0 min"}]
    shared = dict(exposure_min=360.0, after_min=[0.0, 120.0])
    alone, drugged = recovery(scenario(), **shared), recovery(scenario(treatments=drug), **shared)
    assert abs(drugged.attrs["loss_percent"] - alone.attrs["loss_percent"]) < 15.0
    assert drugged["recovered_percent"].iloc[1] < alone["recovered_percent"].iloc[1]


def test_what_a_drug_takes_after_insulin_is_not_charged_to_insulin_either():
    drug = [{"kind": "cycloheximide", "at": "0 min"}]
    given = scenario(treatments=drug)
    table = recovery(given, exposure_min=360.0, after_min=[0.0, 360.0, 1440.0])
    # Without new receptors both dishes empty; what insulin took stays away, and no more is lost than before.
    assert table["control_receptors"].iloc[2] < 0.6 * table["control_receptors"].iloc[0]
    assert np.all(table["recovered_percent"] > -1.0)
    never = given.changed(exposure=[{"kind": "constant", "insulin": "0 nM", "duration": "1800 min"}])
    beside = surface_binding(never, at_min=[360.0, 720.0, 1800.0])
    assert np.allclose(table["control_receptors"], beside["bound_receptors"], rtol=1e-9)


@pytest.mark.parametrize("resolution", ["agents", "counts"])
def test_each_dish_binds_its_tracer_by_chances_of_its_own(resolution):
    # The cells of these dishes are the same; bound tracers scatter by 13 about 170, so all six are alike once in 10^7.
    doses = [0.0, 1e-9, 2e-9, 3e-9, 4e-9, 5e-9]
    table = dose_response(scenario(resolution=resolution), exposure_min=30.0, doses_nM=doses)
    assert table["bound_receptors"].nunique() > 1


def test_recovery_from_fast_equilibria_has_the_half_time_of_turnover():
    # Bound receptors are lost, fast binding: after the wash receptors come back as 1 - exp(-loss t).
    given = small(
        ["free membrane", "held membrane bound", "gone out"],
        {
            "association": ("free", "held", "1 /nM/min"),
            "dissociation": ("held", "free", "1 /min"),
            "make": (None, "free", "0.002 /min"),
            "lose": ("free", "gone", "0.002 /min"),
            "lose_held": ("held", "gone", "0.01 /min"),
        },
    )
    table = recovery(given, insulin_nM=10.0, exposure_min=600.0, after_min=[0.0, 200.0, 400.0, 800.0], wash_min=0.0)
    expected = 100.0 * (1.0 - np.exp(-0.002 * table["after_min"]))
    # At 0 the dish is full of bound insulin: what is seen first is what is free.
    assert table["percent"].iloc[0] < 10.0
    washed = recovery(given, insulin_nM=10.0, exposure_min=600.0, after_min=[0.0, 200.0, 400.0, 800.0], wash_min=15.0)
    assert np.allclose(washed["recovered_percent"], expected, atol=0.1)
    assert np.isclose(washed.attrs["half_time_h"], np.log(2.0) / 0.002 / 60.0, rtol=0.05)


# -- cells and errors --------------------------------------------------------------------------------------------------


def test_the_histogram_counts_every_cell_and_is_as_broad_as_the_cells():
    given = scenario("0 nM", "5 min", cells={"number": 400, "size_cv": 0.4}, resolution="counts", receptors=1_000)
    plain, stained = (surface_histogram(given, noise=noise) for noise in (None, Noise(binding_cv=0.5, counts=0.0)))
    assert plain["cells"].sum() == stained["cells"].sum() == 400
    assert 0.33 < plain.attrs["cv"] < 0.47
    assert stained.attrs["cv"] > plain.attrs["cv"] + 0.15


def test_noise_has_the_size_that_it_says_and_no_bias():
    exact = np.full(20_000, 1_000.0)

    def seen(noise: Noise) -> np.ndarray:
        return Reader(seed=3, replicate=0, noise=noise, discrete=False).read(exact)

    wells, counter = seen(Noise(binding_cv=0.2, counts=0.0)), seen(Noise(binding_cv=0.0, counts=400.0))
    for sample, width in ((wells, 200.0), (counter, 50.0)):
        assert abs(sample.mean() - 1_000.0) < 4.0 * width / np.sqrt(len(sample))
        assert abs(sample.std() / width - 1.0) < 0.05
    assert np.array_equal(wells, seen(Noise(binding_cv=0.2, counts=0.0)))


def test_noise_is_of_the_reading_and_not_of_the_cells():
    given = scenario(resolution="agents", receptors=2_000, duration="1 h")
    one, other = (surface_binding(given, seed=2, noise=noise) for noise in (None, Noise()))
    assert one["surface_receptors"].equals(other["surface_receptors"])
    assert not one["bound_receptors"].equals(other["bound_receptors"])


@pytest.mark.parametrize("resolution", ["agents", "counts"])
def test_assays_agree_between_resolutions(resolution):
    def half_way(how: str) -> tuple[float, ...]:
        given = scenario(resolution=how, receptors=50_000, duration="1 h")
        shares = label_protection(given).attrs, endocytic_rate(given, insulin_nM=5.0).attrs
        table = surface_binding(given, at_min=[60.0], tracer_nM=3.0)
        return shares[0]["plateau_percent"], 1e3 * shares[1]["ke_per_min"], float(table["percent"].iloc[0])

    assert np.allclose(half_way(resolution), half_way("mean"), rtol=0.03)


def test_every_assay_is_in_the_list_and_says_what_it_returns():
    for name, assay in ASSAYS.items():
        assert assay.__name__ == name
        assert "Returns:" in (assay.__doc__ or ""), name


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: surface_binding(scenario(), at_min=[1e6]), "at_min: 1000000.0 given; the scenario lasts 360 min"),
        (lambda: surface_binding(scenario(), wash_min=-1.0), "wash_min: -1.0 given"),
        (lambda: pulse_chase(scenario(), of="old"), "of: 'old' given"),
        (lambda: pulse_chase(scenario(), label_min=1e9), "label_min: 1000000000.0 given; a number from 0 to 360"),
        (
            lambda: pulse_chase(scenario(), of="newborn", label_min=350.0),
            r"label_min \+ pulse_min: 410.0 given; a number from 0 to 360",
        ),
        (lambda: label_protection(scenario(), label_min=1e9), "label_min: 1000000000.0 given; a number from 0 to 360"),
        (lambda: endocytic_rate(scenario(), until_min=0.0), "until_min: 0.0 given; a number above 0"),
        (lambda: endocytic_rate(scenario(), insulin_nM=-1.0), "insulin_nM: -1.0 given; a number from 0"),
        (lambda: recovery(scenario(), insulin_nM=-1.0), "insulin_nM: -1.0 given; a number from 0"),
        (lambda: surface_histogram(scenario()), "nothing is recorded of single cells"),
        (lambda: Noise(binding_cv=-0.1), "binding_cv: -0.1 given"),
        (lambda: surface_binding(scenario(), at_min=[]), "at_min: .* given; at least one time is needed"),
        (lambda: surface_binding(scenario(), tracer_nM=-1.0), "tracer_nM: -1.0 given; a number above 0"),
        (lambda: competition(scenario(), celsius=60.0), "celsius: 60.0 given; a number from 0 to 45"),
        (lambda: competition(scenario(), acid_wash="no"), "acid_wash: 'no' given; true or false is needed"),
        (lambda: competition(scenario(), binding_min=-3.0), "binding_min: -3.0 given"),
        (lambda: scatchard(scenario(), competitor_nM=[1.0]), "competitor_nM: .* rising numbers from 0 on .* 2 or more"),
        (lambda: dose_response(scenario(), doses_nM=[10.0, 1.0, 0.0]), "doses_nM: .* rising numbers"),
        (lambda: dose_response(scenario(), doses_nM="10,1,0"), "doses_nM: '10,1,0' given; a list of numbers"),
        (lambda: dose_response(scenario(), doses_nM=[float("nan"), 5.0]), "doses_nM: .* a list of numbers"),
        (lambda: recovery(scenario(), after_min=[180.0, 0.0]), "after_min: .* rising numbers"),
        (
            lambda: label_protection(scenario(treatments=[{"kind": "label", "at": "0 min"}]), label_min=90.0),
            "treatments: the scenario has a label of its own",
        ),
        (
            lambda: pulse_chase(scenario(treatments=[{"kind": "label", "at": "0 min"}]), label_min=90.0),
            "treatments: the scenario has a label of its own",
        ),
    ],
)
def test_what_an_assay_cannot_do_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_what_is_planned_for_later_is_not_done_to_a_dish_in_its_wash():
    later = [{"kind": "cycloheximide", "at": "0 min"}, {"kind": "phenylarsine_oxide", "at": "70 min"}]
    seen = surface_binding(scenario(treatments=later), at_min=[0.0, 60.0, 90.0])
    alone = surface_binding(scenario(treatments=later[:1]), at_min=[0.0, 60.0, 90.0])
    assert np.allclose(seen["bound_receptors"][:2], alone["bound_receptors"][:2], rtol=1e-9)
    assert seen["bound_receptors"][2] > 1.1 * alone["bound_receptors"][2]


def test_a_drug_that_is_there_from_the_start_acts_on_uptake():
    blocked = scenario(treatments=[{"kind": "phenylarsine_oxide", "at": "0 min", "strength": 0.5}], coupling=UNCOUPLED)
    open_ = scenario(coupling=UNCOUPLED)
    rates = [endocytic_rate(given, insulin_nM=1.0).attrs["ke_per_min"] for given in (blocked, open_)]
    assert np.isclose(rates[0], 0.5 * rates[1], rtol=1e-3)


# -- below the receptor ------------------------------------------------------------------------------------------------


def test_activity_is_back_in_two_hours_and_receptors_take_a_day():
    """Heaton & Gelehrter 1981: after the wash the response is back in 2 h, binding in 24 h."""
    given = load_scenario("post_receptor_defect", {"resolution": "mean"})
    table = signalling(given, at_min=[60.0, 180.0, 1500.0]).set_index("time_min")
    activity, surface = table["activity_percent"], table["surface_percent"]
    assert activity[60.0] < 60.0
    assert (activity[180.0] - activity[60.0]) / (100.0 - activity[60.0]) == pytest.approx(0.9, abs=0.03)
    free = 85.9  # percent of R0, without insulin
    assert surface[180.0] < 0.55 * free < 0.85 * free < surface[1500.0]
    assert table["signal_percent"][1500.0] < 1e-9  # nothing is bound after the wash
    assert table["capacity_percent"].is_monotonic_increasing


def test_without_a_response_no_activity_is_lost():
    """The twin of the test above."""
    given = load_scenario("washout", {"resolution": "mean"})
    assert (signalling(given)["activity_percent"] == 100.0).all()
    with pytest.raises(ValueError, match="noise: given"):
        signalling(given, noise=Noise())
