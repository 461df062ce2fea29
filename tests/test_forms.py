"""However a frozen part of a scenario is made or copied, its values are checked, in the package's words."""

import copy
import pickle

import pytest

from test_simulation import scenario
from trafficking.body_forms import BodyScenario
from trafficking.cell_forms import Cells, Coupling, Response, Start
from trafficking.faults import ScenarioError
from trafficking.forms import ConstantForm, ItineraryForm, OscillationForm
from trafficking.quantities import Form
from trafficking.scenario import Scenario
from trafficking.treatments import Drug, Medium

HOUR = [{"kind": "constant", "insulin": "1 nM", "duration": "1 h"}]
PERSON = {"name": "anyone", "duration": "1 y"}


def every_form(form: type[Form] = Form) -> set[type[Form]]:
    return {form}.union(*map(every_form, form.__subclasses__()))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Scenario(name="x", exposure=HOUR, receptors=-5), "receptors: -5 given; a whole number from 1 to"),
        (lambda: Scenario(name="x", exposure=HOUR, receptros=5), "receptros: no such key; did you mean 'receptors'?"),
        (lambda: Scenario(name="x"), "exposure: missing; needed is a list of segments"),
        (lambda: Scenario("x"), "Scenario: 'x' given; its keys are given by name"),
        (lambda: Scenario.model_validate(5), "5 given; a table is needed"),
        (lambda: Scenario.model_validate_json("{"), "is not JSON"),
        (lambda: Scenario.from_dict(None), "None given; a table is needed"),
        (lambda: BodyScenario(**PERSON, power=-1.0), "power: -1.0 given"),
        (lambda: ConstantForm(kind="constant", duration="1 h", insulin=5), "insulin: 5 given; text is needed"),
        (lambda: Drug(kind="chloroquin", at="0 min"), "kind: 'chloroquin' given; allowed are"),
        (lambda: Medium(cells_per_ml=0), "cells_per_ml: 0 given"),
        (lambda: Cells(number=0), "number: 0 given"),
        (lambda: Coupling(sorting="yes"), "sorting: 'yes' given; true or false is needed"),
    ],
)
def test_what_cannot_be_made_is_refused_in_the_words_of_a_file(make, said):
    with pytest.raises(ScenarioError) as refused:
        make()
    assert str(refused.value).startswith(said)
    assert not any(foreign in str(refused.value) for foreign in ("\n", "pydantic", "http", "validation error"))


def test_a_scenario_made_by_its_constructor_is_that_of_its_tables():
    given = {"name": "x", "exposure": HOUR, "receptors": 500}
    assert Scenario(**given) == Scenario.from_dict(given)


@pytest.mark.parametrize(
    ("form", "update", "said"),
    [
        (scenario(), {"receptors": -5}, "receptors: -5 given"),
        (scenario(), {"recptors": 5}, "recptors: no such key; did you mean 'receptors'?"),
        (scenario(), {"window_min": -1.0}, "window: -1.0 given; text is needed, a time"),
        (scenario().exposure[0], {"insulin_nM": -1.0}, "insulin: -1.0 given"),
        (scenario().start, {"insulin_nM": -1.0}, "insulin: -1.0 given"),
        (scenario().cells, {"number": -5}, "number: -5 given"),
        (scenario().drawn, {"states": []}, "states: a list of 0 given"),
        (Drug(kind="chloroquine", at="0 min"), {"strength": 7.0}, "strength: 7.0 given"),
        (Medium(cells_per_ml=1e6), {"cells_per_ml": -1.0}, "cells_per_ml: -1.0 given"),
        (Response(), {"half_bound": -1.0}, "half_bound: -1.0 given"),
        (BodyScenario(**PERSON), {"power": -1.0}, "power: -1.0 given"),
    ],
)
def test_a_copy_with_other_values_is_checked(form, update, said):
    for make in (form.model_copy, form.copy, lambda update: form.__replace__(**update)):
        with pytest.raises(ScenarioError) as refused:
            make(update=update)
        assert str(refused.value).startswith(said)


def test_a_copy_with_sound_values_has_them_and_all_that_follows_from_them():
    made = scenario().model_copy(update={"receptors": 500, "window_min": "5 min"})
    assert made == scenario(receptors=500, window="5 min")
    for alike in (made.model_copy(), made.model_copy(deep=True), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert alike == made


@pytest.mark.parametrize("form", sorted(every_form(), key=lambda form: form.__name__))
def test_nothing_is_made_or_changed_without_a_check(form):
    with pytest.raises(ScenarioError, match="model_construct: checks nothing; use"):
        form.model_construct()
    for change in (lambda: setattr(scenario(), "receptors", 5), lambda: delattr(Start(), "state")):
        with pytest.raises(ScenarioError, match="frozen"):
            change()


def test_forms_within_forms_keep_the_path_of_a_fault():
    wave = {"kind": "oscillation", "duration": "1 h", "mean": "1 nM", "amplitude": "2 nM", "period": "5 min"}
    with pytest.raises(ScenarioError) as alone:
        OscillationForm(**wave)
    with pytest.raises(ScenarioError) as within:
        Scenario(name="x", exposure=[*HOUR, wave])
    assert within.value.lines == tuple(f"exposure[1].{line}" for line in alone.value.lines)
    with pytest.raises(ScenarioError, match="states: missing"):
        ItineraryForm()
