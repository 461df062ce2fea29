"""The constants of one scenario by their names, each with its range and source, and the scenario with some changed.

A complete scenario has its itinerary as numbers. Where these are what the named constants of its tissue draw, they are
read off it again; an itinerary of another kind has the numbers of its arrows instead, which no source bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trafficking import constants, library, units
from trafficking.faults import ScenarioError, nearest
from trafficking.itinerary import Itinerary, Transition
from trafficking.library import Tissue, Value
from trafficking.master_equation import insulin_free
from trafficking.quantities import READERS
from trafficking.scenario import Scenario

OWN = 10.0  # without a source, a number may be changed this many times, up and down; ours
OFF = 1e9  # what a file writes for a half load that is never reached
_FILE_KINDS = {"rate": "rate", "extra": "rate", "response_min": "time"}
_KEYS = {"response_min": "response"}
_SHARES = ("max_suppression", "half_occupancy")
_OWN_MEANINGS = {
    "rate": "rate constant of {}",
    "extra": "what {} gains at a crowded surface",
    "half_occupancy": "occupancy at half of that, {}",
    "power": "steepness of that in occupancy, {}",
    "half_load": "load at which {} is halved",
    "max_suppression": "largest suppression of synthesis",
    "half_activity": "active receptors at half suppression",
    "response_min": "response time of the messenger",
}


@dataclass(frozen=True)
class Constant:
    """One number of a scenario, in the package's units.

    value: in this scenario; published: the default, that of its tissue (of the scenario itself, where no source knows
    it), which was published only if its status is `measured`. low,
    high: where it may lie. arrows: the transitions whose rate it enters. editable: false for what follows from others.
    The rest is as in `constants.constants`.
    """

    symbol: str
    meaning: str
    value: float
    published: float
    unit: str
    low: float
    high: float
    status: str
    confidence: str
    fitted: bool
    source: str
    identifier: str
    note: str
    arrows: tuple[str, ...]
    editable: bool = True

    @property
    def words(self) -> str:
        """The value with its unit."""
        return number(self.value, self.unit)


def number(value: float, unit: str) -> str:
    """A constant as people write it: "0.18 /min", "20,000 receptors", "none" for one that is never reached."""
    if math.isinf(value) or value >= OFF:
        return "never reached"
    digits = f"{value:,.0f}" if unit == "receptors" else f"{value:.4g}"
    return digits if unit in ("", "1") else f"{digits} {unit}"


def constants_of(scenario: Scenario) -> tuple[Constant, ...]:
    """Every constant of a scenario in the order of the itinerary's data, R0 first."""
    values = _read_off(scenario)
    return _own(scenario) if values is None else _named(scenario, values)


def symbols_of(scenario: Scenario) -> Mapping[str, Mapping[str, Any]] | None:
    """Which constants each arrow of a scenario is drawn from, by its name, as the data have it; None for one's own."""
    if _read_off(scenario) is None:
        return None
    return {entry["name"]: entry for entry in library.drawing()["transitions"]}


def changed(scenario: Scenario, changes: Mapping[str, float]) -> Scenario:
    """A scenario with some of its constants changed, everything else as it was.

    Its evidence names each constant that is not that of the tissue, and its notes say what was changed; what was
    expected of the scenario is no longer.

    Args:
        changes: symbol to value, in the package's units.

    Raises:
        ScenarioError: there is no such constant, or the value is out of its range; one line each.
    """
    known = {constant.symbol: constant for constant in constants_of(scenario)}
    if faults := [fault for symbol, value in changes.items() if (fault := refusal(known, symbol, value))]:
        raise ScenarioError(faults)
    moved = {symbol: value for symbol, value in changes.items() if value != known[symbol].value}
    if not moved:
        return scenario
    title = f"{scenario.title or scenario.name} ({', '.join(moved)} changed)"
    tables = scenario.to_dict() | {"title": title[:200], "expected": "", "expect": []}
    new = {symbol: number(value, known[symbol].unit) for symbol, value in moved.items()}
    said = [f"{symbol} from {known[symbol].words} to {words}" for symbol, words in new.items()]
    tables["notes"] = "\n\n".join(filter(None, [tables.get("notes", ""), f"Changed by hand: {', '.join(said)}."]))
    if "R0" in moved:
        tables["receptors"] = round(moved["R0"])
    values = _read_off(scenario)
    if values is None:
        _change_arrows(tables, moved)
    else:
        own = {symbol: value for symbol, value in moved.items() if symbol != "R0"}
        _change_named(tables, scenario, values, own)
    lines = [f"{symbol} = {words} (changed)" for symbol, words in new.items()]
    kept = [line for line in tables["evidence"].get("assumed", []) if line.split(" = ")[0] not in moved]
    tables["evidence"] = tables["evidence"] | {"assumed": [*kept, *lines]}
    return Scenario.from_dict(tables)


def refusal(known: Mapping[str, Constant], symbol: str, value: float) -> str:
    """Why a constant may not have this value; "" where it may."""
    if symbol not in known:
        return f"{symbol}: no such constant; known are {', '.join(known)}{nearest(symbol, known)}"
    constant = known[symbol]
    if not constant.editable:
        return f"{symbol}: follows from the others; change those"
    given = number(value, constant.unit) if not math.isnan(value) else "no number"
    if constant.low <= value <= constant.high or value == constant.published:
        return ""
    span = f"{number(constant.low, constant.unit)} to {number(constant.high, constant.unit)}"
    ground = "ten times either way of the scenario's own" if constant.status == "own" else "the range that is believed"
    return f"{symbol}: {given} given; {span} is allowed, {ground}"


# -- constants of a tissue ---------------------------------------------------------------------------------------------


def _read_off(scenario: Scenario) -> Mapping[str, float] | None:
    """The values of all named constants in a scenario, `ksyn` included; None where they do not draw its itinerary."""
    if scenario.tissue not in library.tissues() or scenario.drawn is None:
        return None
    tissue, drawn = library.tissue(scenario.tissue), scenario.drawn.drawn()
    drawing = library.drawing()
    arrows = {arrow.name: arrow for arrow in drawn.transitions}
    if list(arrows) != [entry["name"] for entry in drawing["transitions"]] or drawn.transcription is None:
        return None
    values = {symbol: value.value for symbol, value in tissue.values.items()}
    for entry in drawing["transitions"]:
        _read_laws(entry, arrows[entry["name"]], values)
    for key, symbol in drawing["transcription"].items():
        values[symbol] = _settled(getattr(drawn.transcription, key), values[symbol])
    _read_sums(drawing["transitions"], arrows, values)
    return values if _alike(tissue, values, drawn) else None


def _read_laws(entry: Mapping[str, Any], arrow: Transition, values: dict[str, float]) -> None:
    """The constants that stand alone in an arrow's law; a law that an arrow does not use keeps the tissue's."""
    if "extra" in entry:
        values[entry["extra"]] = _settled(arrow.extra, values[entry["extra"]])
        if arrow.extra > 0.0:
            for key in ("half_occupancy", "power"):
                values[entry[key]] = _settled(getattr(arrow, key), values[entry[key]])
    if "half_load" in entry:
        values[entry["half_load"]] = _settled(arrow.half_load, values[entry["half_load"]])


def _read_sums(
    entries: Iterable[Mapping[str, Any]], arrows: Mapping[str, Transition], values: dict[str, float]
) -> None:
    """The constants that add up to the plain rates of arrows, one unknown at a time."""
    left = [(list(entry["rate"]), arrows[entry["name"]].rate) for entry in entries]
    found: set[str] = set()
    while left:
        solvable = [(names, rate) for names, rate in left if sum(name not in found for name in names) <= 1]
        if not solvable:
            return
        for names, rate in solvable:
            for unknown in [name for name in names if name not in found]:
                rest = math.fsum(values[name] for name in names if name != unknown)
                values[unknown] = _settled(max(rate - rest, 0.0), values.get(unknown, math.nan))
                found.add(unknown)
        left = [item for item in left if item not in solvable]


def _settled(seen: float, usual: float) -> float:
    """What was read, or the usual value where the two differ by rounding alone."""
    if math.isclose(seen, usual, rel_tol=1e-9, abs_tol=1e-12):
        return usual
    return float(f"{seen:.12g}")


def _alike(tissue: Tissue, values: Mapping[str, float], drawn: Itinerary) -> bool:
    """Whether these values draw this itinerary."""
    own = tissue.itinerary(values)
    pairs = [(a, b) for arrows in zip(own.transitions, drawn.transitions, strict=True) for a, b in _numbers(*arrows)]
    same_ends = all(
        (a.name, a.source, a.target, a.needs_ligand) == (b.name, b.source, b.target, b.needs_ligand)
        for a, b in zip(own.transitions, drawn.transitions, strict=True)
    )
    close = all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12) for a, b in pairs)
    return same_ends and close and own.states == drawn.states


def _numbers(own: Transition, drawn: Transition) -> list[tuple[float, float]]:
    keys = ["rate", "extra", "half_load"] + (["half_occupancy", "power"] if drawn.extra > 0.0 else [])
    return [(getattr(own, key), getattr(drawn, key)) for key in keys]


def _named(scenario: Scenario, values: Mapping[str, float]) -> tuple[Constant, ...]:
    tissue = library.tissue(scenario.tissue)
    table = {row["symbol"]: row for row in constants.constants(scenario.tissue).to_dict("records")}
    known = constants.values(tissue)
    rows = [_row(known["R0"], float(scenario.receptors), table["R0"], ())]
    rows += [_row(known[symbol], values[symbol], table[symbol], _arrows_of(symbol)) for symbol in tissue.values]
    made = library.parameters()["ksyn"]
    ground = "what the insulin-free cell needs to stay in balance, unless the scenario gives it"
    rows.append(
        Constant(
            "ksyn", made.meaning, values["ksyn"], values["ksyn"], "R0/min", 0.0, math.inf, "derived", "none", False,
            "solved", "", ground, _arrows_of("ksyn"), editable=False,
        )
    )  # fmt: skip
    return tuple(rows)


def _row(known: Value, value: float, row: Mapping[str, Any], arrows: tuple[str, ...]) -> Constant:
    low, high = min(known.low, known.value), max(known.high, known.value)
    return Constant(
        known.symbol, known.meaning, value, float(known.value), known.unit, low, high, known.status,
        row["confidence"], bool(row["fitted"]), known.source, known.identifier, known.note, arrows,
    )  # fmt: skip


def _arrows_of(symbol: str) -> tuple[str, ...]:
    drawing = library.drawing()
    laws = ("extra", "half_occupancy", "power", "half_load")
    found = [
        entry["name"]
        for entry in drawing["transitions"]
        if symbol in entry["rate"] or symbol in (entry.get(law) for law in laws)
    ]
    made = [entry["name"] for entry in drawing["transitions"] if "source" not in entry]
    return tuple(found + (made if symbol in drawing["transcription"].values() else []))


def _change_named(
    tables: dict[str, Any], scenario: Scenario, values: Mapping[str, float], moved: Mapping[str, float]
) -> None:
    """Puts constants in place of the itinerary; those of the tissue need no mention, nor does solved synthesis."""
    known, usual = library.parameters(), library.tissue(scenario.tissue).values
    given = {
        symbol: value
        for symbol, value in {**values, **moved}.items()
        if symbol not in usual or value != usual[symbol].value
    }
    if _is_solved(scenario, values["ksyn"]):
        del given["ksyn"]
    del tables["itinerary"]
    tables["parameters"] = {}
    for symbol, value in given.items():
        write = READERS[known[symbol].kind].write
        tables["parameters"][symbol] = write(value) if write else min(value, OFF)


def _is_solved(scenario: Scenario, ksyn: float) -> bool:
    """Whether the synthesis of a scenario is the one that its insulin-free balance gives."""
    try:
        return math.isclose(insulin_free(scenario.unlabelled)[1], ksyn, rel_tol=1e-9)
    except ValueError:
        return False


# -- numbers of an itinerary of one's own ------------------------------------------------------------------------------


def _own(scenario: Scenario) -> tuple[Constant, ...]:
    itinerary = scenario.unlabelled
    rows = [_own_row("R0", "receptors of one cell without insulin", float(scenario.receptors), "receptors", ())]
    for arrow in itinerary.transitions:
        for key in _laws_of(arrow):
            unit = _unit(arrow, key)
            meaning = _OWN_MEANINGS[key].format(arrow.name)
            rows.append(_own_row(f"{arrow.name}.{key}", meaning, getattr(arrow, key), unit, (arrow.name,)))
    made = tuple(itinerary.transitions[i].name for i in itinerary.synthesis)
    if itinerary.transcription is not None:
        for key, value in asdict(itinerary.transcription).items():
            unit = {"half_activity": "R0", "response_min": "min"}.get(key, "")
            meaning = "steepness of the suppression" if key == "power" else _OWN_MEANINGS[key]
            rows.append(_own_row(f"transcription.{key}", meaning, value, unit, made))
    return tuple(rows)


def _laws_of(arrow: Transition) -> list[str]:
    crowded = ["half_load"] if arrow.load else []
    return ["rate", *(["extra", "half_occupancy", "power"] if arrow.extra > 0.0 else []), *crowded]


def _unit(arrow: Transition, key: str) -> str:
    if key == "rate":
        return "R0/min" if arrow.source is None else "/nM/min" if arrow.needs_ligand else "/min"
    return {"extra": "/min", "half_occupancy": "occupancy", "half_load": "R0"}.get(key, "")


def _own_row(symbol: str, meaning: str, value: float, unit: str, arrows: tuple[str, ...]) -> Constant:
    most = 1.0 if symbol.endswith(_SHARES) else 20.0 if symbol.endswith("power") else math.inf
    low, high = value / OWN, min(value * OWN, most)
    if symbol == "R0":
        low, high = max(round(low), 1), round(high)
    source = "the scenario's own itinerary; no published range"
    return Constant(symbol, meaning, value, value, unit, low, high, "own", "none", False, source, "", "", arrows)


def _change_arrows(tables: dict[str, Any], moved: Mapping[str, float]) -> None:
    drawn = tables["itinerary"]
    places = {arrow["name"]: arrow for arrow in drawn["transitions"]} | {"transcription": drawn.get("transcription")}
    for symbol, value in moved.items():
        if symbol == "R0":
            continue
        name, _, key = symbol.rpartition(".")
        kind = _FILE_KINDS.get(key)
        if key == "rate" and places[name].get("law") == "first_order_in_ligand":
            kind = "association"
        places[name][_KEYS.get(key, key)] = units.text(value, kind) if kind else value
