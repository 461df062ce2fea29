"""The Mesa view is the same cell: same receptors, same paths, and open to change."""

import gc
import subprocess
import sys
import weakref

import mesa
import numpy as np
import pytest

from cells import columns
from test_simulation import scenario
from trafficking.agents import Receptor, TraffickingModel
from trafficking.simulation import Run


class Diarist(Receptor):
    """Writes its transitions down."""

    diary: list

    def on_transition(self, source, target, time_min):
        self.model.diary.append((self.name, time_min, source, target))


class DiaryModel(TraffickingModel):
    def __init__(self, *args, **kwargs):
        self.diary = []
        super().__init__(*args, **kwargs)


def alive(run: Run) -> dict:
    return {
        int(identity): (int(state), float(target), int(draw))
        for state, target, identity, draw in zip(*columns(run.population), strict=True)
    }


@pytest.mark.parametrize("coupling", [{}, {"endocytosis": False, "sorting": False, "transcription": False}])
def test_objects_and_arrays_are_the_same_receptors_to_the_last_bit(coupling):
    given = scenario(receptors=400, coupling=coupling)
    model = TraffickingModel(given, seed=7)
    run = Run(given, seed=7)
    while model.running:
        model.step()
    run.advance()
    assert {r.identity: (r._state, r._target, r._draw) for r in model.agents} == alive(run)
    assert model.run.result().counts.equals(run.result().counts)
    assert model.run.result().events.equals(run.result().events)


def test_on_transition_sees_every_transition_in_order():
    given = scenario(receptors=300, follow=1_000)
    model = DiaryModel(given, seed=2, receptor_class=Diarist)
    while model.running:
        model.step()
    run = Run(given, seed=2)
    run.advance()
    histories = run.result().histories
    moves = histories[histories["source"] != "synthesis"]
    written = sorted(zip(moves["receptor"], moves["time_min"], moves["source"], moves["target"], strict=True))
    assert sorted(model.diary) == written
    last: dict = {}
    for name, time, *_ in model.diary:
        assert time >= last.get(name, 0.0)
        last[name] = time


def test_a_step_is_a_window_and_the_collector_keeps_a_row_for_each():
    model = TraffickingModel(scenario(receptors=200))
    for _ in range(35):
        model.step()
    rows = model.datacollector.get_model_vars_dataframe()
    assert rows["time_min"].tolist() == [float(i) for i in range(36)]
    assert rows["insulin_nM"].tolist()[29:32] == [0.0, 10.0, 10.0]
    counted = model.agents.groupby("state").count()
    assert counted == {name: n for name, n in model.counts.items() if n and name != "degraded"}
    assert len(model.agents.select(lambda r: r.bound)) == counted["surface_bound"] + counted["early_endosome_bound"]


def test_born_receptors_exist_from_the_windows_end_with_their_true_birth():
    model = TraffickingModel(scenario(receptors=20_000, window="10 min"))
    before = {receptor.name for receptor in model.agents}
    model.step()
    born = [receptor for receptor in model.agents if receptor.name not in before]
    assert len(born) > 100
    assert all(0.0 < receptor.born_min <= 10.0 for receptor in born)
    assert {receptor.name[:4] for receptor in born} == {"born"}


def test_reading_changes_nothing():
    quiet, read = TraffickingModel(scenario(receptors=200)), TraffickingModel(scenario(receptors=200))
    for _ in range(40):
        quiet.step()
        read.step()
        _ = [(r.state, r.compartment, r.bound, r.name) for r in read.agents], read.counts, read.run.result()
    assert [(r._state, r._target) for r in quiet.agents] == [(r._state, r._target) for r in read.agents]


def test_move_to_puts_a_receptor_elsewhere_and_it_goes_on_from_there():
    model = TraffickingModel(scenario(receptors=200))
    model.step()
    receptor = next(r for r in model.agents if r.state == "surface_free")
    before = model.counts
    receptor.move_to("lysosome")
    assert receptor.state == "lysosome"
    assert model.counts["lysosome"] == before["lysosome"] + 1
    receptor.move_to("degraded")
    assert receptor not in model.agents
    assert model.counts["degraded"] == before["degraded"] + 1
    with pytest.raises(ValueError, match="did you mean 'lysosome'"):
        next(iter(model.agents)).move_to("lysosom")


def test_a_behaviour_that_sends_receptors_home_keeps_the_surface_full():
    class Homing(Receptor):
        def on_transition(self, source, target, time_min):
            if target.startswith("early_endosome"):
                self.move_to("surface_free")

    free, homing = (TraffickingModel(scenario(receptors=400), receptor_class=c) for c in (Receptor, Homing))
    for model in (free, homing):
        while model.running:
            model.step()
    assert homing.counts["early_endosome_free"] == 0 < free.counts["early_endosome_free"]
    recorded = homing.run.result().counts.iloc[-1]
    assert {name: int(recorded[name]) for name in homing.counts} == homing.counts
    assert sum(v for k, v in homing.counts.items() if k != "degraded") == len(homing.agents)


def test_insulin_can_be_clamped_for_a_model():
    model = TraffickingModel(scenario(receptors=200), insulin_nM=100.0)
    model.step()
    assert model.insulin_nM == 100.0
    assert model.counts["surface_bound"] > 0


def test_discarded_models_are_freed():
    watched = []
    for _ in range(3):
        model = TraffickingModel(scenario(receptors=50))
        model.step()
        watched.append(weakref.ref(model))
        del model
    gc.collect()
    assert [ref() for ref in watched] == [None, None, None]


def test_a_receptor_is_a_mesa_agent_with_a_number_of_its_own():
    model = TraffickingModel(scenario(receptors=50))
    assert isinstance(model, mesa.Model)
    assert sorted(r.unique_id for r in model.agents) == list(range(1, len(model.agents) + 1))
    assert np.all([r.model is model for r in model.agents])


SOLARA_VIZ = """
import warnings
warnings.simplefilter("ignore")  # Mesa's page breaks Reacton's rules of hooks, which say so on every import
import ipywidgets, solara
from mesa.visualization import Slider, SolaraViz, make_plot_component
from trafficking.agents import TraffickingModel

model = TraffickingModel("chronic_insulin", receptors=200)
receptors, insulin = Slider("Receptors", 200, 100, 1000, 100), Slider("Insulin", 1.0, 0.0, 10.0, 0.5)
parameters = {"receptors": receptors, "insulin_nM": insulin}
plot = make_plot_component({"surface_free": "tab:blue", "surface_bound": "tab:orange"})
page, context = solara.render(SolaraViz(model, components=[plot], model_params=parameters), handle_error=False)


def names(widget):
    inner = [w for w in getattr(widget, "children", ()) if isinstance(w, ipywidgets.Widget)]
    return {type(widget).__name__}.union(*map(names, inner))


model.step()
print("Tab" in names(page), model.time_min)
context.close()
"""


def test_the_model_opens_in_solaraviz():
    done = subprocess.run([sys.executable, "-c", SOLARA_VIZ], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "1.0"]


def test_records_denser_than_the_window_see_receptors_that_were_moved():
    class Homing(Receptor):
        def on_transition(self, source, target, time_min):
            if target == "surface_bound":
                self.move_to("surface_free")

    model = TraffickingModel(scenario(receptors=300, record="0.1 min", window="5 min"), receptor_class=Homing)
    while model.time_min < 60.0:
        model.step()
    rows = model.run.result().counts
    assert (rows["surface_bound"] == 0).all()
    assert (rows.drop(columns=["time_min", "replicate"]) >= 0).all(axis=None)


def test_a_receptor_taken_back_from_the_end_lives_on():
    class Phoenix(Receptor):
        def on_transition(self, source, target, time_min):
            if target == "degraded":
                self.move_to("surface_free")

    model = TraffickingModel(scenario(receptors=300), receptor_class=Phoenix)
    while model.running:
        model.step()
    assert model.counts["degraded"] == 0
    assert sum(model.counts.values()) == len(model.agents)
    assert len({receptor.name for receptor in model.agents}) == len(model.agents)


def test_a_receptor_leaves_once():
    model = TraffickingModel(scenario(receptors=100))
    receptor = next(iter(model.agents))
    before = sum(model.counts.values())
    receptor.remove()
    receptor.remove()
    assert sum(model.counts.values()) == before - 1 == len(model.agents)
    with pytest.raises(ValueError, match="has left the cell"):
        receptor.move_to("lysosome")
