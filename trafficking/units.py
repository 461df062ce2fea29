"""Units at the edge: "24 h", "10 nM" or "60 uU/mL" to plain floats, and back to the very same float.

Inside the package a time is minutes, insulin nM, glucose mM, a rate constant per minute and an association rate
constant per nM per minute. One unit of insulin is 6 nmol (1 uU/mL = 6.0 pM), human insulin weighs 5808 g/mol and
glucose 180.16 g/mol. Conversions are done in fractions and rounded once, so "90 s" is 1.5 min and no neighbour of it.

Pint sees a text only after a strict pattern has: a number, then at most three short unit names joined by "/".
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

# pM of insulin in 1 uU/mL; 6.945 is common and wrong (Knopp 2019, doi 10.1177/1932296818805074).
PM_PER_UU_PER_ML = 6


@dataclass(frozen=True)
class _Kind:
    """What is measured, its unit inside the package, and how it may be spelled."""

    allowed: str
    unit: str
    spellings: tuple[str, ...]


_KINDS = {
    "time": _Kind(
        'a duration with its unit, such as "24 h" or "90 min"',
        "min",
        ("s", "sec", "seconds", "min", "mins", "minutes", "h", "hr", "hrs", "hours", "d", "days", "weeks"),
    ),
    "insulin": _Kind(
        'an insulin concentration with its unit, such as "10 nM" or "60 uU/mL"',
        "nM",
        ("pM", "nM", "uM", "pmol/L", "nmol/L", "umol/L", "uU/mL", "mU/L", "uIU/mL", "mIU/L", "pg/mL", "ng/mL", "ug/L"),
    ),
    "glucose": _Kind(
        'a glucose concentration with its unit, such as "5.5 mM" or "100 mg/dL"',
        "mM",
        ("mM", "uM", "mmol/L", "umol/L", "mg/dL", "g/L"),
    ),
    "rate": _Kind(
        'a rate constant with its unit, such as "0.012 /min" or "0.7 /h"',
        "/min",
        ("/s", "/min", "/h", "/hr", "/hour", "/d", "/day"),
    ),
    "association": _Kind(
        'an association rate constant with its unit, such as "0.06 /nM/min" or "1e6 /M/s"',
        "/nM/min",
        ("/nM/min", "/pM/min", "/uM/min", "/M/min", "/nM/s", "/M/s", "/nM/h"),
    ),
}

_LEAST, _LARGEST = 1e-6, 1e15  # between them a number is written out
_LONGEST = 60  # characters; the longest float takes 24 and the longest unit about 20
_NUMBER_THEN_UNIT = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)(?![0-9.,])\s*(.*)")
_NAME = (
    r"(?:s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?"
    r"|[fpnum]?M|[fpnum]?mol|[um]?I?U|[fpnum]?g|[mdu]?[lL])"
)
_UNIT = re.compile(rf"{_NAME}?(?:/{_NAME}){{0,2}}")
# Units as papers print them: superscripts, dots between factors, another minus.
_MARKS = str.maketrans({"\u207b": "-", "\u00b9": "1", "\u2212": "-", "\u00b7": " ", "\u22c5": " ", "*": " ", ".": " "})
_INVERSE = re.compile(r"(\S+) ?(?:per ([A-Za-z]+)|([A-Za-z]+) ?\^? ?[({]?-1[)}]?)")

_DEFINITIONS = """
femto- = 1/1000000000000000 = f-
pico- = 1/1000000000000 = p-
nano- = 1/1000000000 = n-
micro- = 1/1000000 = u-
milli- = 1/1000 = m-
deci- = 1/10 = d-
minute = [time] = min
second = minute / 60 = s = sec
hour = 60 * minute = h = hr
day = 24 * hour = d
week = 7 * day
mole = [amount] = mol
litre = [volume] = L = l
molar = mole / litre = M
"""
# A gram is an amount only of a named substance, and units of activity belong to insulin alone.
_SUBSTANCES = {
    "insulin": f"gram = mole / 5808 = g\nunit = {PM_PER_UU_PER_ML}/1000000000 * mole = U = IU",
    "glucose": "gram = 100/18016 * mole = g",
}


def parse(text: str, kind: str) -> float:
    """The value of `text`, such as "24 h", in the package's unit of `kind`, correctly rounded.

    Args:
        text: A number and its unit.
        kind: "time" (minutes), "insulin" (nM), "glucose" (mM), "rate" (per min) or "association" (per nM per min).

    Raises:
        ValueError: `text` has no unit, one of another kind or one that does not exist, or is no finite number.
    """
    allowed = _KINDS[kind].allowed
    if not isinstance(text, str):
        fault = "is a bare number" if isinstance(text, int | float) else "is not text"
        raise ValueError(f"{text!r} {fault}; allowed is {allowed}")
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:20] + '...'!r} is too long; allowed is {allowed}")
    match = _NUMBER_THEN_UNIT.fullmatch(text.strip())
    if match is None:
        hint = " (the decimal mark is a point)" if "," in text else ""
        raise ValueError(f"{text!r} does not begin with a plain number{hint}; allowed is {allowed}")
    number, unit = match.groups()
    if not unit:
        raise ValueError(f"{text!r} has no unit; allowed is {allowed}")
    try:
        exact = Fraction(number) * _factor(unit, kind)
    except ValueError as fault:
        raise ValueError(f"{text!r}: {fault}") from None
    try:
        value = float(exact)
    except OverflowError:
        value = math.inf
    if math.isinf(value) or (exact and not value):
        raise ValueError(f"{text!r} is beyond what a float can hold; allowed is {allowed}")
    return math.copysign(value, -1.0 if number.startswith("-") else 1.0)  # a fraction forgets the sign of "-0.0"


def known(unit: str, kind: str) -> bool:
    """Whether values of `kind` may have this unit."""
    if len(unit) > _LONGEST:
        return False
    try:
        _factor(unit, kind)
    except ValueError:
        return False
    return True


def spellings(kind: str) -> tuple[str, ...]:
    """Units of `kind` as they are usually written."""
    return _KINDS[kind].spellings


def respelled(unit: str, kind: str) -> str:
    """A unit of `kind` as `parse` reads it: "pmol L-1", "pmol L^-1" and "pmol per L" are pmol/L; '' if it is none."""
    plain = " ".join(unit.translate(_MARKS).split())[:_LONGEST]
    if match := _INVERSE.fullmatch(plain):
        plain = "/".join(part for part in match.groups() if part)
    for spelled in (plain, *(name for name in spellings(kind) if name.lower() == plain.lower())):
        if known(spelled, kind):
            return spelled
    return ""


def text(value: float, kind: str) -> str:
    """`value` as text with the package's unit of `kind`, which `parse` turns into the same float, bit for bit."""
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is not finite; allowed is {_KINDS[kind].allowed}")
    return f"{float(value)!r} {_KINDS[kind].unit}"


def uU_per_mL(insulin_nM: float) -> float:
    """An insulin concentration as clinicians write it."""
    return insulin_nM * 1000.0 / PM_PER_UU_PER_ML


def activity(insulin_nM: float) -> str:
    """Insulin in uU/mL in four digits, the number alone: "1,667", "16,670", "0.01667"."""
    return number(uU_per_mL(insulin_nM))


def number(value: float, digits: int = 4) -> str:
    """A number for people: at most so many digits, thousands set apart, no exponent: "85,870", "4,776", "0.06".

    What lies between zero and a millionth, in whatever unit, is nothing that could be measured: "<0.000001". Just below
    zero it is what rounding leaves of a difference of equal numbers: "0".
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else f"{value:g}"
    if 0.0 < abs(value) < _LEAST:
        return f"<{_LEAST:f}" if value > 0.0 else "0"
    short = float(f"{value:.{digits}g}") + 0.0
    if abs(short) >= _LARGEST:
        return f"{short:.{digits}g}"
    places = max(digits - 1 - math.floor(math.log10(abs(short))), 0) if short else 0
    text = f"{short:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def friendly(value: float, kind: str, digits: int = 3) -> str:
    """`value` for people: few digits and the unit one would say ("24 h", "0.25 nM")."""
    unit = _KINDS[kind].unit
    size = abs(value)
    if kind == "time" and 0.0 < size < 1.0:
        value, unit = value * 60.0, "s"
    elif kind == "time" and size > 72 * 60:
        value, unit = value / 1440.0, "d"
    elif kind == "time" and size >= 60.0:
        value, unit = value / 60.0, "h"
    elif kind == "insulin" and 0.0 < size < 0.01:
        value, unit = value * 1000.0, "pM"
    return f"{number(value, digits)} {unit}"


@lru_cache(maxsize=1024)
def _factor(unit: str, kind: str) -> Fraction:
    """The size of `unit` in the package's unit of `kind`."""
    wanted = _KINDS[kind]
    # Pint knows one micro sign here; Unicode has two.
    plain = re.sub(r"\s*/\s*", "/", unit.replace("\u00b5", "u").replace("\u03bc", "u"))
    if not _UNIT.fullmatch(plain):
        if _INVERSE.fullmatch(" ".join(plain.translate(_MARKS).split())) and (respelt := respelled(unit, kind)):
            raise ValueError(f"{unit!r} is not a known unit; did you mean {respelt!r}? Allowed is {wanted.allowed}")
        spelled = {spelling.lower(): spelling for spelling in wanted.spellings}
        near = difflib.get_close_matches(plain.lower(), spelled, n=1, cutoff=0.6)
        hint = f"did you mean {spelled[near[0]]!r}? Allowed" if near else "allowed"
        raise ValueError(f"{unit!r} is not a known unit; {hint} is {wanted.allowed}")

    import pint

    registry = _registry("glucose" if kind == "glucose" else "insulin")
    try:
        return registry.convert(Fraction(1), _units(registry, plain), _units(registry, wanted.unit))
    except (pint.DimensionalityError, pint.UndefinedUnitError):
        raise ValueError(f"{unit!r} is a unit of something else; allowed is {wanted.allowed}") from None


def _units(registry: pint.UnitRegistry, plain: str) -> pint.Unit:
    return registry.parse_units(f"1{plain}" if plain.startswith("/") else plain)


@lru_cache
def _registry(substance: str) -> pint.UnitRegistry:
    """Pint with this file's units only: its own list takes 0.2 s to read and knows many more "m" than a metre."""
    import pint

    registry: pint.UnitRegistry = pint.UnitRegistry(None, non_int_type=Fraction)
    registry.load_definitions(f"{_DEFINITIONS}{_SUBSTANCES[substance]}".strip().splitlines())
    return registry
