"""The page Model without a browser: the drawing, the equations, what passes now, and constants changed by hand."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from trafficking import io, library
from trafficking.dashboard import desk, diagram, drawing, laws
from trafficking.dashboard.constants_table import rows
from trafficking.dashboard.hearing import Unheard
from trafficking.dashboard.model import Model
from trafficking.dashboard.passing import Passing
from trafficking.dashboard.scenes import Moment, Scene
from trafficking.itinerary import Itinerary, State, Transition
from trafficking.named_constants import changed, constants_of, symbols_of
from trafficking.scenario import Scenario
from trafficking.simulation import Run
from trafficking.treatments import with_twins

PATIENCE_S = 60.0


def culture() -> Itinerary:
    return library.tissue("culture").itinerary()


def crowd_of_states() -> Itinerary:
    """Forty states and sixty arrows of no particular sense."""
    kinds = ("membrane", "early_endosome", "recycling", "lysosome")
    states = tuple(State(f"s{i}", kinds[i % 4], bound=i % 3 == 0) for i in range(40))
    ends = [(f"s{(7 * i) % 40}", f"s{(11 * i + 5) % 40}") for i in range(60)]
    arrows = tuple(Transition(f"t{i}", a, b, 0.1) for i, (a, b) in enumerate(ends) if a != b)
    return Itinerary(states, arrows)


DRAWN = [culture(), culture().maturing(180.0), with_twins(culture()), crowd_of_states()]


@pytest.mark.parametrize("itinerary", DRAWN, ids=["culture", "maturing", "twins", "many"])
def test_no_two_boxes_lie_on_each_other_and_each_lies_in_its_compartment(itinerary: Itinerary):
    drawn = drawing.draw(itinerary)
    centres = np.array([[box.x, box.y] for box in drawn.boxes])
    apart = (np.abs(centres[:, None] - centres) >= np.array(drawing.BOX)).any(axis=2)
    assert apart[~np.eye(len(centres), dtype=bool)].all()
    areas = {area.compartment: area for area in drawn.areas}
    for box in drawn.boxes:
        area = areas[box.compartment]
        assert area.x <= box.x - drawing.BOX[0] / 2
        assert box.x + drawing.BOX[0] / 2 <= area.x + area.width
        assert area.y <= box.y - drawing.BOX[1] / 2
        assert box.y + drawing.BOX[1] / 2 <= area.y + area.height <= drawn.height


def passed_boxes(drawn: drawing.Drawing, itinerary: Itinerary) -> list[tuple[str, str]]:
    """(arrow, box) for every box that an arrow passes though it neither leaves nor enters it."""
    found = []
    for curve, arrow in zip(drawn.curves, itinerary.transitions, strict=True):
        points = drawing._path(np.array(curve.points)[None])[0]
        for box in drawn.boxes:
            inside = (np.abs(points - [box.x, box.y]) < np.array(drawing.BOX) / 2).all(axis=1)
            if box.name not in (arrow.source, arrow.target) and inside.any():
                found.append((arrow.name, box.name))
    return found


@pytest.mark.parametrize("itinerary", DRAWN[:2], ids=["culture", "maturing"])
def test_arrows_pass_no_other_state_and_labels_hide_nothing(itinerary: Itinerary):
    drawn = drawing.draw(itinerary)
    assert passed_boxes(drawn, itinerary) == []
    labels, centres = (np.array(each) for each in ([c.label for c in drawn.curves], [[b.x, b.y] for b in drawn.boxes]))
    off_boxes = np.abs(labels[:, None] - centres) >= (np.array(drawing.LABEL) + np.array(drawing.BOX)) / 2
    assert off_boxes.any(axis=2).all()
    off_labels = (np.abs(labels[:, None] - labels) >= np.array(drawing.LABEL)).any(axis=2)
    assert off_labels[~np.eye(len(labels), dtype=bool)].all()


def test_arrows_begin_and_end_at_the_edges_of_their_states():
    itinerary = culture()
    drawn = drawing.draw(itinerary)
    spots = {box.name: (box.x, box.y) for box in drawn.boxes}
    for curve, arrow in zip(drawn.curves, itinerary.transitions, strict=True):
        ends = {arrow.target: curve.points[2]} | ({arrow.source: curve.points[0]} if arrow.source else {})
        for name, point in ends.items():
            off = np.abs(np.array(point) - spots[name]) - np.array(drawing.BOX) / 2
            assert max(off) == pytest.approx(0.0, abs=0.2)


def test_rates_do_not_move_the_drawing():
    other = library.tissue("muscle").itinerary({"kfast": 0.05})
    assert drawing.draw(other) is drawing.draw(culture())


# -- equations ---------------------------------------------------------------------------------------------------------


def test_equations_name_the_constants_they_are_made_of():
    scenario = io.load_scenario("chronic_insulin")
    drawn_from, itinerary = symbols_of(scenario), scenario.unlabelled
    arrows = {arrow.name: arrow for arrow in itinerary.transitions}
    said = {name: laws.equation(arrows[name], drawn_from[name]) for name in arrows}
    assert said["association"] == "rate = kon · [insulin]"
    assert said["fast_recycling"] == "rate = kfast / (1 + load / esat)"
    assert said["bound_internalisation"].startswith("rate = ke0 + keB + dkeB · x^theta_power")
    assert said["synthesis"] == "new receptors = ksyn · M · R0"
    meant = laws.where(arrows["fast_recycling"], itinerary, drawn_from["fast_recycling"])
    assert meant == [("load", "receptors in early endosome bound and early endosome free, over R0", "load")]
    assert laws.equation(arrows["dissociation"]) == f"rate = {arrows['dissociation'].rate:.4g}"
    assert laws.balance("lysosome", itinerary) == (
        "d(lysosome)/dt = free commitment · early endosome free + bound commitment · early endosome bound"
        " + free constitutive loss · surface free + bound constitutive loss · surface bound"
        " − (lysosomal degradation) · lysosome"
    )


# -- what passes now ---------------------------------------------------------------------------------------------------


def passing(name: str, until_min: float, changes: dict[str, str] | None = None) -> tuple[Run, Passing]:
    run = Run(io.load_scenario(name, {"resolution": "mean", **(changes or {})}))
    run.advance(until_min)
    return run, Passing.of(run.scenario, Moment.of(run), run.time_min)


def test_what_passes_along_arrows_is_what_fills_and_empties_states():
    run, now = passing("chronic_insulin", 90.0, {"window": "0.1 min", "record": "0.1 min"})
    change = now.flux @ now.itinerary.incidence
    before = run.counts.copy()
    run.advance_window()
    assert (run.counts - before) / (run.time_min - 90.0) == pytest.approx(change, rel=0.02, abs=1.0)


def test_a_drug_shows_in_what_passes():
    back = [arrow.name for arrow in culture().transitions].index("fast_recycling")
    _, before = passing("cycloheximide_chase", 239.0)
    _, after = passing("cycloheximide_chase", 241.0)  # with monensin, from 4 h on
    assert before.flux[back] > 100.0
    assert after.flux[back] == 0.0
    assert after.flux[after.itinerary.synthesis].sum() == 0.0


def test_labelled_receptors_are_counted_with_the_others():
    run, now = passing("published/fao_1989", 10.0)
    assert now.counts.sum() == pytest.approx(run.counts.sum())
    assert len(now.counts) == len(culture().states)


def test_what_the_browser_is_sent_holds_rates_flux_and_counts():
    _, now = passing("chronic_insulin", 90.0)
    sent = np.frombuffer(diagram.pack(now.rates, now.flux, now.counts), dtype="<f4")
    assert sent == pytest.approx(np.concatenate([now.rates, now.flux, now.counts]), rel=1e-6)


# -- the page's own object ---------------------------------------------------------------------------------------------


@pytest.fixture
def seated() -> Iterator[tuple[desk.Desk, Model, threading.Condition]]:
    """A desk whose browser has seen every scene, and a Model that follows it; the bell rings with each scene."""
    bell, sitting = threading.Condition(), desk.Desk()
    model = sitting.keep(Model)

    def ring(scene: Scene) -> None:
        sitting.runner.acknowledge(scene.seq)
        with bell:
            bell.notify_all()

    leave = model.attend(sitting)
    sitting.watch(ring)
    sitting.runner.acknowledge(sitting.plot.seq)  # what was shown before anybody watched
    yield sitting, model, bell
    leave()
    sitting.close()


def test_a_changed_constant_opens_live_anew_and_is_in_its_scenario(seated: tuple):
    sitting, model, bell = seated
    with bell:
        assert bell.wait_for(lambda: model.table.rows, PATIENCE_S)
    model._hear_table({"symbol": "kfast", "value": 0.1})
    with bell:
        assert bell.wait_for(lambda: "kfast" in sitting.runner.opened.title and model.table.changes == 1, PATIENCE_S)
    row = next(row for row in model.table.rows if row["symbol"] == "kfast")
    assert (row["value"], row["mark"]) == (0.1, "changed by you")
    assert "kfast = 0.1 /min" in model.table.note
    model._hear_table({"symbol": "kL", "value": 0.005})
    with bell:
        assert bell.wait_for(lambda: model.table.changes == 2, PATIENCE_S)
    model._hear_table({"undo": True})
    with bell:
        assert bell.wait_for(lambda: model.table.changes == 0, PATIENCE_S)
    assert sitting.runner.opened == desk.shipped()["chronic_insulin"]


def test_what_was_said_of_one_scenario_is_not_said_of_the_next(seated: tuple):
    sitting, model, bell = seated
    with bell:
        assert bell.wait_for(lambda: model.table.rows, PATIENCE_S)
    model._hear_table({"symbol": "kfast", "value": 0.1})
    with bell:
        assert bell.wait_for(lambda: model.table.changes == 1, PATIENCE_S)
    model._hear_table({"symbol": "kfast", "value": 0.9})
    assert model.table.fault
    other = desk.shipped()["washout"]
    sitting.runner.open(other, seed=1)
    with bell:
        assert bell.wait_for(lambda: model.table.cell.startswith(f"{other.title}, "), PATIENCE_S)
    assert (model.table.note, model.table.fault, model.table.changes) == ("", "", 0)


def test_a_change_out_of_range_is_refused_and_nothing_runs_anew(seated: tuple):
    sitting, model, bell = seated
    with bell:
        assert bell.wait_for(lambda: model.table.rows, PATIENCE_S)
    before = sitting.runner.opened
    model._hear_table({"symbol": "kfast", "value": 0.9})
    assert "0.04 /min to 0.3 /min is allowed" in model.table.fault
    with pytest.raises(Unheard):
        model._hear_table({"symbol": "kfast", "value": "much"})
    model._hear_table({"symbol": "nothing", "value": 1.0})
    assert sitting.runner.opened is before


def test_a_choice_says_its_equation_and_marks_its_constants(seated: tuple):
    _, model, bell = seated
    with bell:
        assert bell.wait_for(lambda: model.diagram.now, PATIENCE_S)
    model._hear_diagram({"choose": "arrow:fast_recycling"})
    assert model.diagram.detail["equation"] == "rate = kfast / (1 + load / esat)"
    assert model.table.marked == ["kfast", "esat"]
    model._hear_diagram({"choose": "state:lysosome"})
    assert "klys" in model.table.marked
    model._hear_diagram({"choose": "arrow:no_such"})
    assert (model.diagram.detail, model.table.marked) == ({}, [])


def test_the_table_tells_a_scenarios_change_from_the_readers():
    scenario = io.load_scenario("crowded_sorting")
    listed = {row["symbol"]: row for row in rows(constants_of(changed(scenario, {"kL": 0.005})), ["kL"])}
    assert (listed["esat"]["mark"], listed["kL"]["mark"], listed["koff"]["mark"]) == (
        "changed by the scenario",
        "changed by you",
        "",
    )
    assert listed["R0"]["range"] == "20,000 to 350,000 receptors"
    assert not listed["ksyn"]["editable"]
    assert not listed["kon"]["editable"]


@pytest.mark.parametrize("tissue", library.tissues())
def test_only_a_measured_constant_goes_back_to_a_published_value(tissue: str):
    shown = rows(constants_of(desk.on_tissue(io.load_scenario("chronic_insulin"), tissue)), ())
    for row in shown:
        assert ("published" in row["back"]) == (row["status"] == "measured"), row["symbol"]
        assert row["back"].startswith("Back to the ")


def test_a_number_of_ones_own_itinerary_goes_back_to_that_of_the_scenario():
    states = [{"name": name, "compartment": "membrane", "bound": name == "held"} for name in ("outside", "held")]
    ends = {"source": "outside", "target": "held"}
    on = ends | {"name": "on", "law": "first_order_in_ligand", "rate": "0.1 /nM/min"}
    exposure = [{"kind": "constant", "insulin": "1 nM", "duration": "1 h"}]
    given = {"name": "own", "receptors": 100, "itinerary": {"states": states, "transitions": [on]}}
    own = Scenario.from_dict(given | {"start": {"state": "surface"}, "reference": "start", "exposure": exposure})
    assert {row["back"] for row in rows(constants_of(own), ())} == {"Back to the scenario's value"}
