"""Messages that no script of the page sends: dropped, one by one, whatever widget they are for."""

import math
from collections.abc import Iterator

import pytest

from clients import Client
from conftest import Dashboard
from trafficking.dashboard import hearing
from trafficking.dashboard.hearing import Listener, Unheard
from trafficking.dashboard.pages import PLACES

PATIENCE_S = 120.0
NO_VALUES = [None, [], {}, "x", True, math.nan, math.inf, -math.inf, 1e308, 10**400]
SCRIPTLESS = [
    None,
    [],
    3,
    "play",
    {},
    {"do": 3},
    {"do": ["play"]},
    {"do": "speed", "speed": ["12 h/s"]},
    {"do": "scenario", "scenario": {}},
    {"do": "tissue", "tissue": []},
    {"do": "treat", "name": {}, "to": "x"},
    {"do": "treat", "name": "chloroquine", "to": math.nan},
    {"do": "anew", "receptors": "many", "seed": None},
    {"do": "anew", "receptors": 1e300, "seed": 1.5},
    {"do": "at", "text": 5},
    {"do": "start", "values": []},
    {"do": "start", "values": {"years": {}, "doses": [], "replicates": math.nan, "insult": "x"}},
    {"do": "change", "values": {"readout": [], "quantity": {}, "times": "soon"}},
    {"do": "page", "first": "x"},
    {"do": "table", "table": {}},
    {"do": "set", "count": 1, "segment": "x", "key": 1, "text": None},
    {"do": "set", "count": 1, "segment": 0, "key": "no_such_key", "text": "5"},
    {"do": "drag", "count": 2, "segment": 0, "key": [], "to": math.inf, "gesture": 1},
    {"do": "drag", "count": 2, "segment": 0, "key": "no_such_key", "to": 1.0, "gesture": 1},
    {"do": "nudge", "count": 3, "segment": 0, "key": "no_such_key", "by": 1},
    {"do": "move", "count": 3, "segment": 0, "to": None},
    {"do": "toml", "count": 4, "file": "x.toml", "text": "\0"},
    {"do": "csv", "count": 5, "segment": 0, "file": "../x.csv", "text": "\ufeff;\r\n"},
    {"insulin_nM": math.nan, "gesture": 1},
    {"insulin_nM": 1.0, "gesture": []},
    {"picked_min": "x"},
    {"acknowledged": "x"},
    {"pick": []},
    {"pick": 10**12},
    {"year": []},
    {"organ": 3},
    {"choose": {}},
    {"run": []},
    {"symbol": [], "value": 1.0},
    {"symbol": "kL", "value": "much"},
    {"remove": "x"},
    {"remove": 10**12},
    {"go": 3},
]


@pytest.mark.parametrize("value", NO_VALUES, ids=repr)
def test_what_is_no_number_is_not_heard_as_one(value: object):
    for read in (hearing.number, hearing.whole):
        if read is hearing.whole and value in (1e308, 10**400):
            continue  # whole numbers, however large: whoever asks for one says what is allowed
        with pytest.raises(Unheard, match="^x: .* needed$"):
            read({"x": value}, "x")


@pytest.mark.parametrize("value", [None, [], {}, 3, True, math.nan], ids=repr)
def test_what_is_no_text_is_not_heard_as_one(value: object):
    with pytest.raises(Unheard, match="a text is needed"):
        hearing.text({"x": value}, "x")
    if value != {}:
        with pytest.raises(Unheard, match="a dict is needed"):
            hearing.values({"values": value})


def test_numbers_are_brought_within_their_limits():
    assert hearing.number({"x": 5}, "x", 0.0, 2.0) == 2.0
    assert hearing.number({"x": -5.0}, "x", 0.0, 2.0) == 0.0
    assert hearing.whole({"x": 7.0}, "x") == 7


def test_a_widget_drops_what_is_unheard_and_nothing_else():
    widget, heard = Listener(), []

    def hear(message: dict) -> None:
        heard.append(hearing.whole(message, "x"))
        if heard[-1] == 2:
            raise ZeroDivisionError

    widget.listen(hear)
    for content in ([], {"x": "no"}, {"x": 1}):
        widget._handle_custom_msg(content, [])
    assert heard == [1]
    (registered,) = widget._msg_callbacks.callbacks
    with pytest.raises(ZeroDivisionError):  # a fault of ours is not hidden
        registered(widget, {"x": 2}, [])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dashboard, str]]:
    server = Dashboard(tmp_path_factory.mktemp("served"))
    try:
        yield server, server.url().rstrip("/")
    finally:
        server.stop()


@pytest.mark.parametrize("path", [place.path for place in PLACES], ids=lambda path: path or "live")
def test_a_session_goes_on_whatever_is_sent_to_its_widgets(path: str, served: tuple[Dashboard, str]):
    server, url = served
    one, other = Client(f"{url}/{path}"), Client(f"{url}/")
    for client in (one, other):
        client.wait_for(lambda seen: seen.scenes >= 3, PATIENCE_S)
    widgets = list(one.comms)
    assert len(widgets) > 10
    for widget in widgets:
        for content in SCRIPTLESS:
            one.say(widget, content)
    for client in (one, other):
        before = client.scenes
        client.wait_for(lambda seen, before=before: seen.scenes >= before + 5, PATIENCE_S)
        client.close()
    assert "Traceback" not in server.errors()
