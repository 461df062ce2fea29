"""The Mesa view is the same cell: same receptors, same paths, and open to change."""

import copy
import gc
import inspect
import subprocess
import sys
import warnings
import weakref

import mesa
import numpy as np
import pytest
from mesa.batchrunner import batch_run

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
    model = TraffickingModel(scenario(receptors=200), seed=1)
    for _ in range(35):
        model.step()
    rows = model.datacollector.get_model_vars_dataframe()
    assert rows["time_min"].tolist() == [float(i) for i in range(36)]
    assert rows["insulin_nM"].tolist()[29:32] == [0.0, 10.0, 10.0]
    counted = model.agents.groupby("state").count()
    assert counted == {name: n for name, n in model.counts.items() if n and name != "degraded"}
    assert len(model.agents.select(lambda r: r.bound)) == counted["surface_bound"] + counted["early_endosome_bound"]


def test_born_receptors_exist_from_the_windows_end_with_their_true_birth():
    model = TraffickingModel(scenario(receptors=20_000, window="10 min"), seed=1)
    before = {receptor.name for receptor in model.agents}
    model.step()
    born = [receptor for receptor in model.agents if receptor.name not in before]
    assert len(born) > 100
    assert all(0.0 < receptor.born_min <= 10.0 for receptor in born)
    assert {receptor.name[:4] for receptor in born} == {"born"}


def test_reading_changes_nothing():
    quiet, read = (TraffickingModel(scenario(receptors=200), seed=1) for _ in range(2))
    for _ in range(40):
        quiet.step()
        read.step()
        _ = [(r.state, r.compartment, r.bound, r.name) for r in read.agents], read.counts, read.run.result()
    assert [(r._state, r._target) for r in quiet.agents] == [(r._state, r._target) for r in read.agents]


def test_move_to_puts_a_receptor_elsewhere_and_it_goes_on_from_there():
    model = TraffickingModel(scenario(receptors=200), seed=1)
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

    free, homing = (TraffickingModel(scenario(receptors=400), seed=1, receptor_class=c) for c in (Receptor, Homing))
    for model in (free, homing):
        while model.running:
            model.step()
    assert homing.counts["early_endosome_free"] == 0 < free.counts["early_endosome_free"]
    recorded = homing.run.result().counts.iloc[-1]
    assert {name: int(recorded[name]) for name in homing.counts} == homing.counts
    assert sum(v for k, v in homing.counts.items() if k != "degraded") == len(homing.agents)


def test_insulin_can_be_clamped_for_a_model():
    model = TraffickingModel(scenario(receptors=200), seed=1, insulin_nM=100.0)
    model.step()
    assert model.insulin_nM == 100.0
    assert model.counts["surface_bound"] > 0


def test_discarded_models_are_freed():
    watched = []
    for _ in range(3):
        model = TraffickingModel(scenario(receptors=50), seed=1)
        model.step()
        watched.append(weakref.ref(model))
        del model
    gc.collect()
    assert [ref() for ref in watched] == [None, None, None]


def test_a_receptor_is_a_mesa_agent_with_a_number_of_its_own():
    model = TraffickingModel(scenario(receptors=50), seed=1)
    assert isinstance(model, mesa.Model)
    assert sorted(r.unique_id for r in model.agents) == list(range(1, len(model.agents) + 1))
    assert np.all([r.model is model for r in model.agents])


SOLARA_VIZ = """
import warnings
warnings.simplefilter("ignore")  # Mesa's page breaks Reacton's rules of hooks, which say so on every import
import ipywidgets, solara
from mesa.visualization import Slider, SolaraViz, make_plot_component
from trafficking.agents import TraffickingModel

shown = solara.reactive(TraffickingModel("acute_exposure", seed=1, receptors=200))
parameters = {
    "scenario": {"type": "Select", "value": "chronic_insulin", "values": ["acute_exposure", "chronic_insulin"]},
    "seed": {"type": "InputText", "value": "7", "label": "Seed"},
    "receptors": Slider("Receptors", 100.0, 100.0, 1000.0, 50.0),
    "insulin_nM": {"type": "InputText", "value": "0.5"},
}
plot = make_plot_component({"surface_free": "tab:blue", "surface_bound": "tab:orange"})
page, context = solara.render(
    solara.AppLayout(children=[SolaraViz(shown, components=[plot], model_params=parameters)]), handle_error=False
)


def inside(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child) if isinstance(child, ipywidgets.Widget) else ()


def press(label):
    next(w for w in inside(page) if getattr(w, "children", ()) == [label]).click()


shown.value.step()
seen = [any(type(widget).__name__ == "Tab" for widget in inside(page)), shown.value.time_min]
press("Reset")
model = shown.value
seen += [model.run.scenario.name, model.seed, model.run.scenario.receptors, model.insulin_nM, model.time]
press("Step")
print("\\n", [*seen, shown.value is model, model.time])
context.close()
"""


def test_the_model_opens_in_solaraviz_and_is_made_anew_from_its_widgets():
    done = subprocess.run([sys.executable, "-c", SOLARA_VIZ], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = done.stdout.splitlines()[-1].strip()
    assert seen == "[True, 1.0, 'chronic_insulin', 7, 100, 0.5, 0.0, True, 1.0]"


def test_records_denser_than_the_window_see_receptors_that_were_moved():
    class Homing(Receptor):
        def on_transition(self, source, target, time_min):
            if target == "surface_bound":
                self.move_to("surface_free")

    model = TraffickingModel(scenario(receptors=300, record="0.1 min", window="5 min"), seed=1, receptor_class=Homing)
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

    model = TraffickingModel(scenario(receptors=300), seed=1, receptor_class=Phoenix)
    while model.running:
        model.step()
    assert model.counts["degraded"] == 0
    assert sum(model.counts.values()) == len(model.agents)
    assert len({receptor.name for receptor in model.agents}) == len(model.agents)


def test_a_receptor_leaves_once():
    model = TraffickingModel(scenario(receptors=100), seed=1)
    receptor = next(iter(model.agents))
    before = sum(model.counts.values())
    receptor.remove()
    receptor.remove()
    assert sum(model.counts.values()) == before - 1 == len(model.agents)
    with pytest.raises(ValueError, match="has left the cell"):
        receptor.move_to("lysosome")


FEW = {"scenario": "acute_exposure", "receptors": 60}


def table(*, max_steps: int = 3, **more) -> list[dict]:
    parameters = FEW | more.pop("parameters", {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of `iterations`, in Mesa 3.5
        return batch_run(TraffickingModel, parameters, max_steps=max_steps, display_progress=False, **more)


def test_batch_run_gives_independent_replicates_each_with_the_seed_that_repeats_it():
    rows = table() + table(iterations=3)
    assert len({row["seed"] for row in rows}) == 4
    for row in rows:
        again = TraffickingModel("acute_exposure", receptors=60, seed=row["seed"])
        while again.time_min < row["time_min"]:
            again.step()
        assert {name: row[name] for name in again.counts} == again.counts


def test_batch_run_uses_the_seeds_it_is_asked_for():
    assert [row["seed"] for row in table(parameters={"seed": [5, 6]})] == [5, 6]
    if "rng" in inspect.signature(batch_run).parameters:  # Mesa 3.4 and above
        assert [row["seed"] for row in table(rng=[5, 6])] == [5, 6]


def test_batch_run_spreads_over_processes():
    rows = table(parameters={"seed": [5, 6]}, number_processes=2)
    assert sorted(row["seed"] for row in rows) == [5, 6]


def test_batch_run_meets_a_subclass_with_a_seed_of_its_own():
    class Mine(TraffickingModel):
        def __init__(self, seed=None, size=50):
            super().__init__("acute_exposure", receptors=size, seed=seed)

    rows = batch_run(Mine, {"size": 60}, max_steps=2, display_progress=False)
    assert rows[0]["seed"] >= 0


@pytest.mark.parametrize("seed", ["7", " 7 ", 7.0, np.int64(7)])
def test_a_seed_may_come_from_a_widget(seed):
    assert TraffickingModel(**FEW, seed=seed).counts == TraffickingModel(**FEW, rng=7).counts


def test_a_seed_may_be_drawn_from_what_numpy_has():
    drawn = [np.random.default_rng(3), np.random.SeedSequence(3), [3, 4], np.random.PCG64(3)]
    seeds = [TraffickingModel(**FEW, rng=each).seed for each in drawn]
    assert len(set(seeds)) == len({*seeds, TraffickingModel(**FEW).seed}) - 1
    assert TraffickingModel(**FEW, rng=np.random.SeedSequence(3)).seed == seeds[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": "seven"}, "seed: 'seven' given; a whole number from 0 to"),
        ({"seed": ""}, "seed: '' given; a whole number"),
        ({"seed": -1}, "seed: -1 given"),
        ({"seed": True}, "seed: true given"),
        ({"seed": 1.5}, "seed: 1.5 given"),
        ({"seed": 2**63}, "seed: 9223372036854775808 given"),
        ({"rng": "seven"}, "rng: 'seven' given"),
        ({"rng": [1, "two"]}, "rng: 'two' given"),
        ({"rng": object}, "rng: <class 'object'> given"),
        ({"seed": 1, "rng": 2}, "seed, rng: both given; give one of them"),
        ({"receptors": "many"}, "receptors: 'many' given; a whole number"),
        ({"receptors": -5}, "receptors: -5 given"),
        ({"insulin_nM": "high"}, "insulin_nM: 'high' does not begin with a plain number"),
        ({"insulin_nM": -1.0}, "insulin_nM: -1.0 given; an insulin concentration"),
        ({"insulin_nM": "5 min"}, "insulin_nM: '5 min'"),
        ({"receptor_class": mesa.Agent}, "receptor_class: <class 'mesa.agent.Agent'> given; a subclass of Receptor"),
        ({"scenario": "no_such"}, "'no_such' is neither a file nor the name of a scenario"),
        ({"scenario": 5}, "scenario: 5 given"),
    ],
)
def test_what_is_no_argument_of_a_model_gets_one_line(given, said):
    with pytest.raises(ValueError, match="given|number|neither|insulin") as refused:
        TraffickingModel(**(FEW | given))
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_text_of_a_widget_is_a_number_or_a_quantity():
    model = TraffickingModel("acute_exposure", receptors="60", insulin_nM="60 uU/mL")
    assert (model.run.scenario.receptors, model.insulin_nM) == (60, 0.36)


def test_the_time_of_mesa_is_in_minutes():
    model = TraffickingModel(scenario(receptors=60, window="5 min", record="2.3 min"), seed=1)
    model.run_for(60)
    assert (model.time, model.time_min, model.steps) == (60.0, 60.0, 12)
    model.run_for("1.5 min")
    assert (model.time, model.time_min, model.steps) == (61.5, 61.5, 12)
    model.step()
    assert (model.time, model.time_min, model.steps) == (65.0, 65.0, 13)
    model.run_until(1e6)
    assert (model.time, model.running) == (model.run.duration_min, False)
    with pytest.raises(ValueError, match="run_until: 5 given; the model is at 210 min already"):
        model.run_until(5)
    with pytest.raises(ValueError, match="run_for: -5 given; a time at least 0"):
        model.run_for(-5)


@pytest.mark.parametrize("coupling", [{}, {"endocytosis": False, "sorting": False, "transcription": False}])
def test_a_look_within_a_window_changes_no_receptor(coupling):
    given = scenario(receptors=300, window="5 min", record="2.3 min", coupling=coupling)
    model, run = TraffickingModel(given, seed=3), Run(given, seed=3)
    for minutes in (0.7, 3.0, 3.3, 11.1, 1e-3, 20.0, 0.5, 0.5, 1e6):
        model.run_for(minutes)
        assert model.counts["degraded"] == model.run.result().counts["degraded"].iloc[-1] or model.running
    run.advance()
    assert {r.identity: (r._state, r._target, r._draw) for r in model.agents} == alive(run)
    for name in ("counts", "events", "exposure"):
        assert getattr(model.run.result(), name).equals(getattr(run.result(), name))


def test_insulin_changes_at_the_minute_at_which_it_is_steered_also_within_a_window():
    given = scenario(receptors=100, window="5 min", coupling={"endocytosis": False, "sorting": False})
    model = TraffickingModel(given, seed=3)
    model.run_until(37)
    model.run.steer(0.5)
    model.run_model()
    afresh = Run(model.run.scenario, seed=3)
    afresh.advance()
    exposure = model.run.result().exposure
    assert exposure.loc[exposure["insulin_nM"] == 0.5, "time_min"].iloc[0] == 37.0
    assert model.run.result().exposure["insulin_nM"].equals(afresh.result().exposure["insulin_nM"])


def test_scheduled_events_find_the_receptors_of_their_minute():
    if not hasattr(mesa.Model, "schedule_event"):  # before Mesa 3.5
        return

    class Watched(TraffickingModel):
        def note(self):
            self.seen.append((self.time, self.time_min, sum(r.time_min > self.time for r in self.agents)))

    model = Watched(scenario(receptors=60, window="5 min", record="2.3 min"), seed=1)
    model.seen = []
    for at in (0, 7, 10, 13.7, 1e6):
        model.schedule_event(model.note, at=at)
    model.run_model()
    assert model.seen == [(0.0, 0.0, 0), (7.0, 7.0, 0), (10.0, 10.0, 0), (13.7, 13.7, 0)]
    assert model.steps == 42


def test_a_step_of_ones_own_is_called_at_the_end_of_each_window():
    class Stepping(TraffickingModel):
        def step(self):
            before = self.time
            super().step()
            self.seen.append((before, self.time))

    model = Stepping(scenario(receptors=60, window="5 min"), seed=1)
    model.seen = []
    model.run_for(10)
    model.step()
    assert model.seen == [(0.0, 5.0), (5.0, 10.0), (10.0, 15.0)]


def test_what_mesa_does_with_agents_keeps_the_counts():
    model = TraffickingModel(scenario(receptors=60), seed=1)
    model.agents.shuffle_do("move_to", "lysosome")
    assert model.counts["lysosome"] == len(model.agents)
    model.agents.set("state", "surface_free")
    assert model.counts["surface_free"] == len(model.agents)
    model.deregister_agent(model.agents[0])
    assert sum(model.counts.values()) == len(model.agents)
    bystander = mesa.Agent(model)
    model.step()
    assert bystander in model.agents
    model.remove_all_agents()
    assert (len(model.agents), sum(model.counts.values())) == (0, 0)
    with pytest.raises(ValueError, match="the model makes its receptors itself"):
        Receptor(model)


def test_a_copied_model_goes_on_alone_to_the_same_receptors():
    model = TraffickingModel(scenario(receptors=60), seed=1)
    model.step()
    twin = copy.deepcopy(model)
    for each in (model, twin):
        each.run_for(60)
    assert twin.counts == model.counts
    assert not {*twin.agents} & {*model.agents}
    with pytest.raises(TypeError, match="copy.deepcopy"):
        copy.copy(model)
