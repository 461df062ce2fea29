"""The loop between insulin, receptors and beta cells, against arithmetic, independent solutions and mouse genetics."""

import json
import math
import time
import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from trafficking import master_equation, physiology
from trafficking.body import COLUMNS, BodyResult, Life, simulate_body
from trafficking.body_forms import BodyScenario
from trafficking.faults import ScenarioError
from trafficking.organs import ORGANS, OrganReceptors, healthy_cell
from trafficking.physiology import HEALTHY, YEAR_D, Levels, Topp
from trafficking.plasma import Stretches
from trafficking.scenario import Scenario
from trafficking.simulation import simulate

HERE = Path(__file__).parent.parent
SHIPPED = HERE / "scenarios" / "body"
# Receptors in proportion to sensitivity, clearance left alone, no fatty acids: for every row with an elasticity.
LINEAR = {"power": 1.0, "hepatic_clearance": 0.0, "fatty_acids": 0.0}


def person(**given: object) -> BodyScenario:
    return BodyScenario.from_dict({"name": "someone", "duration": "10 y", **given})


def stand_in(elasticity: float, loss: float = 0.0, **given: object) -> BodyScenario:
    """A person whose receptors follow insulin with one elasticity, and who loses sensitivity all at once."""
    insult = [{"at": "0 y", "factor": 1.0 - loss}]
    return person(**LINEAR, receptors="stand_in", elasticity=elasticity, insult=insult, **given)


def at_end(result: BodyResult) -> Levels:
    last = result.levels.iloc[-1]
    return Levels(last["glucose_mM"] * 18.016, last["insulin_nM"] / 0.006, last["beta_mg"])


@lru_cache
def shipped(name: str, window: str = "5 d") -> BodyScenario:
    return BodyScenario.from_dict(tomllib.loads((SHIPPED / f"{name}.toml").read_text()) | {"window": window})


@lru_cache
def lived(name: str, held: bool = False) -> BodyResult:
    return simulate_body(shipped(name).held() if held else shipped(name))


# -- the loop without limits -------------------------------------------------------------------------------------------


def test_nothing_moves_without_an_insult():
    levels = simulate_body(person(duration="1 y")).levels
    assert at_end(simulate_body(person(duration="1 y"))) == pytest.approx(HEALTHY, rel=1e-6)
    for organ in ORGANS:
        assert levels[f"{organ}_surface"].to_numpy() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("elasticity", "rise"), [(0.0, 1.43), (0.3, 1.66), (0.5, 2.04)])
def test_receptors_amplify_a_loss_of_sensitivity_and_glucose_stays(elasticity: float, rise: float):
    end = at_end(simulate_body(stand_in(elasticity, 0.3)))
    assert end.insulin / 10.0 == pytest.approx(rise, abs=0.006)
    assert end.insulin / 10.0 == pytest.approx(0.7 ** (-1.0 / (1.0 - elasticity)), rel=1e-4)
    assert end.glucose == pytest.approx(100.0, abs=0.01)
    # The twin: an elasticity that is off by 0.05 is told apart.
    assert end.insulin / 10.0 != pytest.approx(0.7 ** (-1.0 / (0.95 - elasticity)), rel=1e-2)


def test_real_receptors_do_what_their_own_measured_elasticity_predicts():
    """Insulin at which sensitivity, times insulin, is the healthy one, with receptors from their own steady states."""
    healthy = physiology.organ_insulin(0.06)
    cells = {organ: cell_of(organ, healthy[organ]) for organ in ("muscle", "liver", "adipose")}

    def shortfall(ratio: float) -> float:
        response = sum(
            physiology.constant(f"{organ}_share")
            * surface(cell, ratio * healthy[organ])
            / surface(cell, healthy[organ])
            for organ, cell in cells.items()
        )
        return 0.7 * response * ratio - 1.0

    predicted = brentq(shortfall, 1.0, 5.0)
    insult = [{"at": "0 y", "factor": 0.7}]
    end = at_end(simulate_body(person(duration="4 y", insult=insult, **LINEAR)))
    assert end.insulin / 10.0 == pytest.approx(predicted, rel=2e-3)
    assert end.glucose == pytest.approx(100.0, abs=0.1)
    # The twin: without feedback the rise would be 1 / 0.7.
    assert predicted > 1.05 / 0.7


def cell_of(organ: str, insulin_nM: float) -> Scenario:
    exposure = [{"kind": "constant", "insulin": f"{insulin_nM!r} nM", "duration": "1 h"}]
    return Scenario.from_dict({"name": organ, "tissue": organ, "resolution": "mean", "exposure": exposure})


def surface(cell: Scenario, insulin_nM: float) -> float:
    fractions, _ = master_equation.steady_state(cell.itinerary, insulin_nM)
    return float(fractions[cell.itinerary.mask("membrane")].sum())


def ordinary_run(resolution: str, seen: np.ndarray, *, steady: bool = False) -> Scenario:
    """A muscle cell in insulin of every sixth hour, joined by straight lines, from the healthy steady state."""
    start = f"{float(seen[0])!r} nM"
    insulin = [float(level) for level in (np.full_like(seen, seen[0]) if steady else seen)]
    times = [0.25 * i for i in range(len(seen))]
    exposure = {"kind": "series", "time_unit": "d", "times": times, "insulin": insulin}
    return Scenario.from_dict(
        {
            "name": "muscle",
            "tissue": "muscle",
            "resolution": resolution,
            "window": "1 h",
            "record": "6 h",
            "follow": 0,
            "start": {"state": "steady", "insulin": start},
            "exposure": [exposure],
        }
    )


def test_receptors_of_the_body_are_those_of_an_ordinary_run_as_mean_and_as_agents():
    """Chance of a false alarm of the comparison with agents: below one in a million (5 standard deviations)."""
    insult = [{"at": "0 d", "factor": 1.0}, {"at": "5 d", "factor": 0.6}]
    levels = simulate_body(person(duration="10 d", window="0.25 d", insult=insult, **LINEAR)).levels
    seen = levels["muscle_insulin_nM"].to_numpy()
    expected = simulate(ordinary_run("mean", seen)).surface
    assert levels["muscle_surface"].to_numpy() == pytest.approx(expected / expected[0], abs=2e-3)
    agents = simulate(ordinary_run("agents", seen), seed=3).surface[-1]
    assert abs(agents - expected[-1]) < 5.0 * math.sqrt(expected[-1])
    # The twin: agents do not pass for those of a body in which nothing happened.
    unmoved = simulate(ordinary_run("mean", seen, steady=True)).surface[-1]
    assert abs(agents - unmoved) > 5.0 * math.sqrt(unmoved)


def test_less_activity_below_the_receptor_acts_in_muscle_and_fat_and_not_in_the_liver():
    levels = simulate_body(person(duration="1 d", activity=[{"at": "0 y", "factor": 0.7}])).levels
    assert levels["sensitivity"].iloc[0] == pytest.approx(0.4 + 0.6 * 0.7)
    assert (levels["muscle_activity"] == 0.7).all()
    assert (levels["liver_activity"] == 1.0).all()


def test_held_receptors_never_change_and_leave_clearance_alone():
    insult = [{"at": "0 y", "factor": 0.5}]
    levels = simulate_body(person(duration="1 y", insult=insult).held()).levels
    assert (levels[[f"{organ}_surface" for organ in ORGANS]] == 1.0).all(axis=None)
    assert (levels["clearance"] == 1.0).all()


@pytest.mark.parametrize(("organ", "elasticity"), [("liver", 0.38), ("muscle", 0.28), ("adipose", 0.20)])
def test_elasticity_of_real_receptors_at_the_fasting_insulin_of_the_body(organ: str, elasticity: float):
    """Below those of biology's section 7, which are for daily means of insulin, two thirds above the fasting ones."""
    cell, insulin = cell_of(organ, 0.06), physiology.organ_insulin(0.06)[organ]
    found = -math.log(surface(cell, 2.0 * insulin) / surface(cell, insulin)) / math.log(2.0)
    assert found == pytest.approx(elasticity, abs=0.03)


def test_half_the_receptors_and_healthy_beta_cells_leave_glucose_normal():
    """Insr+/- mice are glucose-tolerant (Joshi 1996, PMID 8612577). q = 0.5, no limit on the beta cells."""
    result = simulate_body(person(dose=0.5, duration="5 y"))
    assert result.checkups["glucose_mM"].max() < 6.1
    assert set(result.checkups["stage"]) <= {0, 1}
    assert at_end(result).glucose == pytest.approx(100.0, abs=0.1)
    # The twin: q = 1 and beta cells that cannot grow beyond 900 mg contradict the mice.
    limited = simulate_body(person(dose=0.5, duration="5 y", beta_cells={"cap": "900 mg"}, **LINEAR))
    assert limited.checkups["stage"].iloc[-1] == 3


def test_without_a_limit_only_strong_feedback_and_the_loss_of_nine_tenths_make_diabetes():
    """The loss comes over a year; all at once it would kill beta cells at 88 %, whatever the receptors do."""

    def diabetic(elasticity: float, percent: float) -> bool:
        insult = [{"at": "0 y", "factor": 1.0}, {"at": "1 y", "factor": 1.0 - percent / 100.0}]
        someone = person(**LINEAR, receptors="stand_in", elasticity=elasticity, insult=insult, window="5 d")
        return at_end(simulate_body(someone)).glucose > 126.0

    assert not any(diabetic(elasticity, 95.0) for elasticity in (0.0, 0.3))
    assert [diabetic(0.5, percent) for percent in (93.0, 95.0)] == [False, True]
    assert [diabetic(0.7, percent) for percent in (89.0, 91.0)] == [False, True]


# -- limits of the beta cells ------------------------------------------------------------------------------------------

TIPPING = {  # percent of sensitivity whose loss brings glucose above 126 mg/dL within 10 years; biology, section 7
    1500: {0.0: 56, 0.15: 52, 0.3: 48, 0.5: 43, 0.7: 36},
    900: {0.0: 51, 0.15: 47, 0.3: 44, 0.5: 39, 0.7: 34},
    600: {0.0: 47, 0.15: 44, 0.3: 41, 0.5: 37, 0.7: 32},
}


def tips(cap: float, elasticity: float, percent: float) -> bool:
    beta_cells = {"cap": f"{cap} mg"}
    return (
        at_end(simulate_body(stand_in(elasticity, percent / 100.0, window="10 d", beta_cells=beta_cells))).glucose
        > 126.0
    )


@pytest.mark.parametrize(("cap", "elasticity"), [(cap, elasticity) for cap in TIPPING for elasticity in TIPPING[cap]])
def test_the_tipping_point_moves_with_cap_and_elasticity(cap: int, elasticity: float):
    """Within a point of the table; 1500 mg against 900 mg or the next elasticity are at least two apart."""
    percent = TIPPING[cap][elasticity]
    assert not tips(cap, elasticity, percent - 1.0)
    assert tips(cap, elasticity, percent + 1.0)


def test_the_tipping_table_would_notice_another_cap():
    assert not tips(1500, 0.0, TIPPING[900][0.0] + 1.0)
    assert tips(600, 0.0, TIPPING[900][0.0] - 1.0)


@pytest.mark.parametrize(("death", "lives"), [(1.22, True), (1.25, False)])
def test_beta_cells_fail_when_death_rises_by_more_than_22_5_percent(death: float, lives: bool):
    result = simulate_body(person(receptors="held", duration="60 y", window="10 d", beta_cells={"death": death}))
    assert (at_end(result).beta > 80.0) == lives
    assert (at_end(result).beta < 1e-3) == (not lives)


def test_the_least_death_of_beta_cells_leaves_a_fasting_glucose_that_people_have():
    least = at_end(simulate_body(person(window="10 d", beta_cells={"death": 0.8})))
    assert 3.9 < least.glucose / physiology.MG_PER_DL_PER_MM < 4.1


@pytest.mark.parametrize("cap", ["600 mg", "900 mg"])
def test_a_cap_alone_gives_a_plateau_with_most_receptors_left(cap: str):
    """130 to 150 mg/dL for decades with about nine in ten receptors; q = 0.5, the insult of `vicious_cycle`, no fatty
    acids, which would take more of the response."""
    given = shipped("vicious_cycle", "10 d").to_dict()
    given |= {"beta_cells": {"cap": cap}, "duration": "40 y", "fatty_acids": 0.0}
    levels = simulate_body(BodyScenario.from_dict(given)).levels
    glucose = levels["glucose_mM"].to_numpy()[[365, 730, 1460]] * 18.016  # after 10, 20 and 40 years
    assert glucose == pytest.approx(np.full(3, glucose[2]), abs=0.5)
    assert 130.0 < glucose[2] < 150.0
    assert levels["muscle_surface"].iloc[-1] == pytest.approx(0.9, abs=0.04)


def test_only_worn_beta_cells_give_rise_depletion_and_failure_in_that_order():
    """Exhaustion, q = 0.5; its twin is the plateau that a cap gives."""
    levels = lived("vicious_cycle").levels
    insulin, receptors, beta = (levels[name].to_numpy() for name in ("insulin_nM", "muscle_surface", "beta_mg"))
    rise = int(np.argmax(insulin > 1.25 * insulin[0]))
    depletion = int(receptors.argmin())
    failure = int(np.argmax((beta < 0.5 * beta.max()) & (np.arange(len(beta)) > beta.argmax())))
    assert 0 < rise < depletion < failure
    assert levels["glucose_mM"].iloc[-1] > 10.0
    capped = BodyScenario.from_dict(shipped("vicious_cycle").to_dict() | {"beta_cells": {"cap": "600 mg"}})
    assert simulate_body(capped).levels["beta_mg"].iloc[-1] > 300.0


def test_the_loop_needs_more_insulin_than_people_on_diazoxide():
    """A known failure, with its size: 72 % less fasting insulin on the drug, 23 % on placebo, raise glucose by 11 mg/dL
    (PMID 29618011). 58 % less raises it in the loop by 35 mg/dL with an elasticity of 0.57, as of blood cells, by 41 at
    0.5 and by 94 without any. q = 1; beta cells have no limit, and their mass does not change meanwhile.
    """

    def rise(elasticity: float) -> float:
        obese, mass = 23.0, 690.0

        def after(secreted: float) -> tuple[float, float]:
            topp = Topp(**{**Topp.published().__dict__, "secretion": secreted * Topp.published().secretion})

            def off(insulin: float) -> float:
                sensitivity = 0.72 / 2.3 * (insulin / obese) ** -elasticity
                return physiology.balance(topp, mass, sensitivity).insulin - insulin

            insulin = brentq(off, 0.1, 30.0)
            return insulin, 864.0 / (1.44 + 0.72 / 2.3 * (insulin / obese) ** -elasticity * insulin)

        less = brentq(lambda secreted: after(secreted)[0] - 0.42 * obese, 0.05, 1.0)
        return after(less)[1] - after(1.0)[1]

    assert [round(rise(elasticity)) for elasticity in (0.57, 0.5, 0.0)] == [35, 41, 94]


# -- days of high glucose ----------------------------------------------------------------------------------------------


def test_days_of_high_glucose_worsen_diabetes_and_leave_a_healthy_body_alone():
    """A switch, and an assumption; q = 0.5."""
    healthy = simulate_body(person(duration="1 y", glucose_toxicity={}))
    assert at_end(healthy) == pytest.approx(HEALTHY, rel=1e-6)
    nudged = simulate_body(person(duration="1 y", glucose_toxicity={}, insult=[{"at": "0 d", "factor": 0.97}]))
    assert nudged.levels["toxicity"].max() < 0.01  # nor does it run away from a little resistance
    toxic = BodyScenario.from_dict(shipped("vicious_cycle").to_dict() | {"glucose_toxicity": {}, "duration": "10 y"})
    with_it, without = simulate_body(toxic), lived("vicious_cycle")
    assert with_it.onset_year < without.onset_year - 0.3
    assert 0.2 < with_it.levels["toxicity"].iloc[-1] < 0.5
    assert (without.levels["toxicity"] == 0.0).all()
    assert "lost to days of high glucose" in "; ".join(toxic.assumptions)


# -- the vicious cycle -------------------------------------------------------------------------------------------------


def test_insulin_rises_before_glucose_and_beta_cells_expand_before_they_fail():
    result = lived("vicious_cycle")
    levels = result.levels
    insulin, glucose, beta = (levels[name].to_numpy() for name in ("insulin_nM", "glucose_mM", "beta_mg"))
    years = levels["time_min"].to_numpy() / 1440.0 / YEAR_D
    more_insulin, more_glucose = years[np.argmax(insulin > 1.25 * insulin[0])], years[np.argmax(glucose >= 6.1)]
    assert more_insulin < more_glucose - 2.0
    assert more_glucose < result.onset_year - 1.0
    assert beta.max() > 1.4 * beta[0]
    assert beta[-1] < 0.5 * beta.max()
    assert list(result.checkups["stage"]) == sorted(result.checkups["stage"])
    assert set(result.checkups["stage"]) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("organ", ORGANS)
def test_receptors_are_fewest_when_insulin_is_highest_and_come_back_in_part(organ: str):
    levels = lived("vicious_cycle").levels
    receptors, insulin = levels[f"{organ}_surface"].to_numpy(), levels["insulin_nM"].to_numpy()
    assert abs(int(receptors.argmin()) - int(insulin.argmax())) <= 6  # a month of windows of five days
    later = receptors[round(15.0 * YEAR_D / 5.0)]  # years after the peak; worn out at last, insulin is below healthy
    assert receptors.min() + 0.02 < later < 0.98


def test_receptors_of_the_ovary_fall_as_those_of_muscle_do():
    """Nothing spares them: what stays sensitive in the ovary is the arm below the receptor."""
    levels = lived("vicious_cycle").levels
    assert (levels["ovary_surface"] - levels["muscle_surface"]).abs().max() < 0.01
    assert levels["ovary_surface"].min() < 0.85


def test_receptor_loss_brings_diabetes_forward_and_more_without_spare_receptors():
    """q = 0.5, and 1; beta cells wear out."""
    with_loss, without = lived("vicious_cycle").onset_year, lived("vicious_cycle", held=True).onset_year
    linear = simulate_body(BodyScenario.from_dict(shipped("vicious_cycle").to_dict() | {"power": 1.0})).onset_year
    assert 0.5 < without - with_loss < 1.5
    assert 1.4 < (without - linear) / (without - with_loss) < 2.0
    # The twin: receptors held twice over give no difference.
    assert simulate_body(shipped("vicious_cycle").held()).onset_year == without


def test_slower_clearance_by_fewer_liver_receptors_raises_insulin_and_spares_beta_cells():
    cleared, plain = lived("vicious_cycle_clearance"), lived("vicious_cycle")
    assert cleared.levels["insulin_nM"].max() > 1.05 * plain.levels["insulin_nM"].max()
    assert cleared.levels["wear"].max() < plain.levels["wear"].max()
    assert not cleared.onset_year < plain.onset_year + 0.5


def test_the_way_back_exists():
    result, stays = lived("weight_loss"), lived("vicious_cycle")
    stages = dict(zip(result.checkups["year"], result.checkups["stage"], strict=True))
    assert [stages[year] for year in (10, 26)] == [3, 2]
    glucose = result.checkups.set_index("year")["glucose_mM"]
    assert glucose.loc[10:].max() == pytest.approx(7.5, abs=0.05)  # as the scenario and the docs say
    assert glucose[20] > 7.0 > glucose[21]
    last = result.checkups.iloc[-1]
    assert 6.1 < last["glucose_mM"] < 7.0  # what is left: beta cells that wore out do not come back
    assert 7.8 < last["two_hours_mM"] < 11.1
    assert result.levels["muscle_surface"].iloc[-1] > 0.97
    assert stays.checkups["stage"].iloc[-1] >= 3  # the twin: without weight loss


def test_scenario_notebook_and_page_say_of_the_way_back_what_the_run_shows():
    years = lived("weight_loss").checkups.set_index("year")
    glucose = years["glucose_mM"]
    below = int(glucose[glucose >= 7.0].index[-1]) + 1
    expected = " ".join(shipped("weight_loss").expected.split())
    assert f"below 7.0 mM in year {below}, {glucose[26]:.1f} mM in year 26" in expected
    cells = json.loads((HERE / "notebooks" / "02_vicious_cycle.ipynb").read_text(encoding="utf-8"))["cells"]
    told = next("".join(cell["source"]) for cell in cells if "".join(cell["source"]).startswith("## The way back"))
    assert f"to {glucose[26]:.1f} mM in year 26" in told
    assert f"load stays impaired ({years['two_hours_mM'][26]:.1f} mM after two hours)" in told
    page = " ".join((HERE / "docs" / "body.md").read_text(encoding="utf-8").split())
    assert f"rises again to {glucose.loc[10:].max():.1f} mM, and is below 7.0 mM for good only in year {below}" in page


def test_before_diabetes_the_way_back_leads_to_health_and_late_in_diabetes_nowhere():
    """The weight loss of `weight_loss` at other times; the wear of beta cells is an assumption, and so is this."""

    def end(year: float) -> int:
        given = shipped("weight_loss").to_dict()
        weight = [{"at": f"{year} y", "factor": 0.45}, {"at": f"{year + 0.5} y", "factor": 1.0}]
        early = [{"at": "0 y", "factor": 1.0}, {"at": "8 y", "factor": 0.45}]
        insult = [point for point in early if float(point["at"].split()[0]) < year] + weight
        return int(simulate_body(BodyScenario.from_dict(given | {"insult": insult})).checkups["stage"].iloc[-1])

    assert end(5.0) == 0
    assert end(12.0) >= 3


def test_compensated_obesity_has_more_insulin_fewer_receptors_and_normal_glucose():
    result = lived("compensated_obesity")
    assert at_end(result).insulin > 20.0
    assert at_end(result).glucose == pytest.approx(100.0, abs=0.5)
    assert result.checkups["stage"].iloc[-1] == 1
    assert result.levels["liver_surface"].iloc[-1] < 0.8


# -- errors of the steps -----------------------------------------------------------------------------------------------


def test_daily_windows_follow_the_coupled_equations_solved_in_one_piece():
    elasticity, loss, days = 0.5, 0.3, 360.0
    topp, rate = Topp.published(), 1.0 / physiology.constant("response")

    def slopes(_time: float, y: np.ndarray) -> list[float]:
        receptors = y[3]
        flow = physiology.flow(topp, Levels(*y[:3]), 0.72 * (1.0 - loss) * receptors)
        return [*flow, rate * ((y[1] / 10.0) ** -elasticity - receptors)]

    exact = solve_ivp(slopes, (0.0, days), [*HEALTHY, 1.0], method="LSODA", rtol=1e-9, atol=1e-9).y[:, -1]
    result = simulate_body(stand_in(elasticity, loss, duration=f"{days} d"))
    assert at_end(result) == pytest.approx(exact[:3], rel=2e-3)
    assert result.levels["muscle_surface"].iloc[-1] == pytest.approx(exact[3], rel=2e-3)
    # The twin: an elasticity that is off by 0.02 is not taken for this one.
    assert at_end(simulate_body(stand_in(0.48, loss, duration=f"{days} d"))) != pytest.approx(exact[:3], rel=2e-3)


def surfaces(window_d: float, **given: object) -> np.ndarray:
    """(25, 5) surface receptors of each organ every 8 days."""
    insult = [{"at": "0 d", "factor": 0.7}]
    levels = simulate_body(person(duration="200 d", window=f"{window_d} d", insult=insult, **given)).levels
    rows = np.rint(8.0 * np.arange(1, 26) / window_d).astype(int)
    return levels[[f"{organ}_surface" for organ in ORGANS]].to_numpy()[rows]


def test_at_a_day_the_window_costs_less_than_two_thousandths_of_the_receptors():
    limit = surfaces(0.125)
    assert np.abs(surfaces(1.0) - limit).max() < 2e-3
    assert np.abs(surfaces(8.0) - limit).max() > 2e-3  # the twin: a window of eight days costs more


def test_halving_the_window_at_least_halves_its_error():
    def beta(window_d: float) -> float:
        insult = [{"at": "0 d", "factor": 1.0}, {"at": "200 d", "factor": 0.8}]
        return at_end(
            simulate_body(
                person(
                    **LINEAR,
                    receptors="stand_in",
                    elasticity=0.5,
                    duration="200 d",
                    window=f"{window_d} d",
                    insult=insult,
                )
            )
        ).beta

    values = np.array([beta(window) for window in (2.0, 1.0, 0.5, 0.25)])
    ratios = np.diff(values)[:-1] / np.diff(values)[1:]
    assert np.all((ratios > 1.8) & (ratios < 2.4))


@pytest.mark.parametrize("organ", ORGANS)
def test_six_hour_steps_follow_the_receptors_of_an_organ(organ: str):
    healthy = physiology.organ_insulin(0.06)[organ]

    def course(step_min: float) -> np.ndarray:
        day = Stretches(np.array([healthy]), 1440.0)
        cells = OrganReceptors(healthy_cell(organ, day, 1440.0), step_min=step_min)
        found = []
        for _ in range(5):
            cells.advance(np.array([2.0 * healthy]), 1440.0)
            found.append(cells.surface)
        return np.array(found)

    fine = course(30.0)
    assert np.abs(course(360.0) - fine).max() < 7e-3
    assert np.abs(course(360.0) - fine)[1:].max() < 1e-3


def test_ten_years_of_five_organs_take_five_seconds_at_most():
    simulate_body(person(duration="10 d"))
    insult = [{"at": "0 y", "factor": 1.0}, {"at": "10 y", "factor": 0.5}]
    begun = time.process_time()
    simulate_body(person(insult=insult))
    assert time.process_time() - begun < 5.0


# -- scenarios and tables ----------------------------------------------------------------------------------------------


def test_every_column_is_declared():
    result = lived("compensated_obesity")
    assert set(result.levels.columns) | set(result.checkups.columns) <= COLUMNS.keys()
    assert list(result.levels.columns[:1]) == ["time_min"]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_bodies_are_complete_and_named_after_their_file(path: Path):
    scenario = BodyScenario.from_dict(tomllib.loads(path.read_text()))
    assert scenario.name == path.stem
    assert scenario.question
    assert scenario.expected
    assert BodyScenario.from_dict(scenario.to_dict()) == scenario


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"duration": 10}, 'duration: 10 given; text is needed, a time with its unit, such as "10 y" (units: d, y)'),
        ({"duration": "-10 y"}, "duration: '-10 y' given; from 1 to 36500 d are allowed"),
        ({"duration": "10 h"}, "duration: '10 h' given; text is needed, a time with its unit"),
        ({"insults": []}, "insults: no such key; did you mean 'insult'?"),
        (
            {"insult": [{"at": "2 y", "factor": 1.0}, {"at": "1 y", "factor": 0.5}]},
            "insult[1].at: 365 d given; must come after 730 d",
        ),
        ({"insult": [{"at": "2 y", "factor": 0.0}]}, "insult[0].factor: 0.0 given"),
        ({"receptors": "stand_in"}, "elasticity: missing"),
        ({"elasticity": 0.3}, "elasticity: only receptors = 'stand_in' have one; 'organs' is given"),
        ({"beta_cells": {"cap": "200 mg"}}, "beta_cells.cap: '200 mg' given; from 301 to 1e+06 mg are allowed"),
        ({"beta_cells": {"death": 0.5}}, "beta_cells.death: 0.5 given; a number of at least 0.8, at most 100"),
        ({"beta_cells": {"exhaustion": {"wear": "1"}}}, "beta_cells.exhaustion.wear: '1' given"),
        ({"resolution": "agents", "receptors": "held"}, "resolution: 'agents' given; receptors = 'held' are a formula"),
        ({"meals": "three", "window": "0.3 d"}, "window: 0.3 d given; whole days, or a day divided in windows"),
        ({"meals": "two"}, "meals: 'two' given"),
        ({"glucose_toxicity": {"half": "14"}}, "glucose_toxicity.half: '14' given; text is needed, a glucose"),
        ({"window": "0.01 d", "duration": "100 y"}, "window: 3,650,000 windows in the run"),
        (
            {"interventions": [{"name": "metformin", "start": "1 y"}, {"name": "metformin", "start": "2 y"}]},
            "interventions[1].name: 'metformin' given; it is already given from 365 d, and once at a time is allowed",
        ),
        (
            {"interventions": [{"name": "testosterone_men", "stop": "2 y"}, {"name": "testosterone_women"}]},
            "interventions[1].name: 'testosterone_women' given; 'testosterone_men' is already given from 0 d to 730 d, "
            "and one person takes the one for men or the one for women",
        ),
    ],
)
def test_a_fault_says_where_and_what_is_allowed(given: dict, line: str):
    with pytest.raises(ScenarioError) as refused:
        person(**given)
    assert any(said.startswith(line) for said in refused.value.lines), refused.value.lines


def with_diazoxide(window: str, start: str = "401 d", stop: str = "404 d", **given: object) -> BodyScenario:
    drug = [{"name": "diazoxide", "start": start, "stop": stop}]
    return person(duration="500 d", window=window, interventions=drug, **given)


def test_a_treatment_acts_for_as_long_as_it_is_given_whatever_the_window():
    fine, coarse = (simulate_body(with_diazoxide(window)) for window in ("1 d", "10 d"))
    assert fine.levels["glucose_mM"].max() > 8.0
    for day, acts in ((400.9, False), (401.0, True), (403.9, True), (404.0, False)):
        one, other = (life.levels.iloc[life.row_at(day)] for life in (fine, coarse))
        assert other["secretion"] == one["secretion"]
        assert (one["secretion"] < 1.0) == acts
    after = [life.levels.iloc[life.row_at(404.0)]["beta_mg"] for life in (fine, coarse)]
    assert after[1] == pytest.approx(after[0], rel=2e-3)
    assert after[0] > 305.0


def test_a_life_lasts_as_long_as_it_was_asked_to_and_check_ups_come_at_whole_years():
    life = simulate_body(person(duration="1099.5 d", window="7 d"))
    assert life.levels["time_min"].iloc[-1] == 1099.5 * 1440.0
    assert (life.checkups["time_min"] / 1440.0).tolist() == [365.0, 730.0, 1095.0]
    steps = np.diff(life.levels["time_min"]) / 1440.0
    assert steps.min() > 0.0
    assert steps.max() == pytest.approx(7.0)


@pytest.mark.parametrize("window", ["5 d", "1 d", "0.3333333333 d"])
def test_with_meals_windows_keep_to_their_hours_of_the_day(window: str):
    given = with_diazoxide(window, "31.4 d", "33.2 d", meals="three", receptors="held")
    days = np.array(given.ends_d)
    assert {31.0, 33.0, 365.0, 500.0} <= set(days.round(9).tolist())
    grid = days * (3.0 if window.startswith("0.3") else 1.0)
    assert np.abs(grid - grid.round()).max() < 1e-6
    with pytest.raises(ScenarioError, match="with meals whole days are needed"):
        person(duration="9.5 d", meals="three")
    with pytest.raises(ScenarioError, match="stop: 31.9 d given, 0.9 d after start; with meals a day is needed"):
        with_diazoxide(window, "31 d", "31.9 d", meals="three")


def test_a_life_forks_between_the_windows_of_another_and_goes_on_at_its_own():
    life = Life(with_diazoxide("10 d"))
    life.advance(401.0)
    assert life.day == 401.0
    other = life.fork(person(duration="500 d", window="10 d"))
    other.advance()
    days = other.levels["time_min"] / 1440.0
    assert days.isin([401.0, 404.0]).sum() == 1
    assert days.iloc[-1] == 500.0


def test_different_interventions_may_be_given_at_once():
    both = [{"name": "metformin", "start": "1 y"}, {"name": "testosterone_men", "start": "1 y"}]
    assert len(person(interventions=both).interventions) == 2


def test_an_intervention_may_be_given_again_once_it_has_stopped():
    twice = [{"name": "metformin", "start": "1 y", "stop": "2 y"}, {"name": "metformin", "start": "2 y"}]
    assert len(person(interventions=twice).interventions) == 2


def test_the_schema_of_a_body_gives_defaults_as_a_file_writes_them():
    schema = BodyScenario.json_schema()
    assert schema["properties"]["window"]["default"] == "1.0 d"
    assert schema["required"] == ["name", "duration"]
    assert "default" not in schema["properties"]["elasticity"]
