"""Glucose and insulin over the minutes after a meal: the model of Dalla Man, Rizza & Cobelli 2007 (BIOMD0000000379).

Stomach and gut release glucose into plasma; muscle and fat take it up and the liver stops making it as insulin asks;
beta cells answer the level of glucose and its rise; the liver takes its share of insulin before the rest sees it.

How it is joined to the years. Fasting levels are those at which `physiology` balances the body: from them follow, as in
the paper, what the liver makes and what beta cells secrete at rest, so that nothing moves without a meal. About that
state the body's own factors act: responses to insulin of the liver and of muscle with fat, clearance, and beta-cell
mass. The healthy body fasts at 100 mg/dL and 60 pM, the paper's at 95 and 25; what insulin rises above is the paper's.

Amounts are per kg of body weight: glucose in mg, insulin in pmol. Constants and sources: `data/meals.toml`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from trafficking import compiled, physiology

FILE = "meals.toml"
STEP_MIN = 1.0  # of fourth order; where the fastest rate is about 1 per minute glucose is then exact to 1e-4 mM
_FASTEST = 0.5  # per step; where rates are faster, as uptake in much insulin, a step is taken in parts
_UPTAKE_INSULIN, _UPTAKE, _HALF_UPTAKE = 7, 26, 27  # where `_slopes` finds them
_PM_PER_UU_PER_ML = 6.0


class Fasting(NamedTuple):
    """A body between meals.

    glucose: mg/dL. insulin: uU/mL. beta: beta-cell mass over the healthy one. clearance: of insulin, over the healthy
    one. periphery, liver: responses to insulin of muscle with fat and of the liver, 1 = healthy.
    """

    glucose: float
    insulin: float
    beta: float = 1.0
    clearance: float = 1.0
    periphery: float = 1.0
    liver: float = 1.0


HEALTHY = Fasting(physiology.HEALTHY.glucose, physiology.HEALTHY.insulin)


class Meal(NamedTuple):
    """So many g of glucose at a minute."""

    at_min: float
    grams: float


class Course(NamedTuple):
    """Glucose and insulin over time, (n,) each.

    time_min; glucose, mg/dL; insulin in plasma, uU/mL; infused: glucose that holds a clamp, mg per kg and min;
    state: (13,) where it ends, for the next course: the twelve numbers of the equations, and the last dose.
    """

    time_min: np.ndarray
    glucose: np.ndarray
    insulin: np.ndarray
    infused: np.ndarray
    state: np.ndarray


def day_of_meals() -> tuple[Meal, ...]:
    """Breakfast, lunch and dinner of a day that begins at seven o'clock."""
    each = ((constant(f"{name}_h"), constant(f"{name}_g")) for name in ("breakfast", "lunch", "dinner"))
    return tuple(Meal(60.0 * hour, grams) for hour, grams in each)


def constant(symbol: str) -> float:
    """The value of one constant of `data/meals.toml`."""
    return physiology.constants(FILE)[symbol].value


def course(
    body: Fasting,
    minutes: float,
    *,
    meals: Sequence[Meal] = (),
    infusion: float = 0.0,
    clamp_at: float | None = None,
    state: np.ndarray | None = None,
    step_min: float = STEP_MIN,
) -> Course:
    """Carries one body through some minutes.

    Args:
        meals: in order of time, on whole steps. infusion: of insulin, pmol per kg and min.
        clamp_at: plasma glucose, mg/dL, is brought to this and held there by an infusion of glucose.
        state: where an earlier course of the same body ended; default: at rest.
    """
    compiled.keep(ENTRIES, __file__)
    numbers, rest = _at_rest(body)
    steps = round(minutes / step_min)
    eaten = np.zeros(steps)
    for meal in meals:
        eaten[round(meal.at_min / step_min)] += 1000.0 * meal.grams
    now = np.append(rest, 0.0) if state is None else state.copy()
    volume = _constants()["glucose_volume"]
    if clamp_at is not None:
        now[0] = clamp_at * volume
    table = np.empty((steps + 1, 3))
    _go(now, numbers, eaten, infusion, clamp_at is not None, step_min, table)
    time = step_min * np.arange(steps + 1)
    insulin = table[:, 1] / (_constants()["insulin_volume"] * _PM_PER_UU_PER_ML)
    return Course(time, table[:, 0] / volume, insulin, table[:, 2], now)


def bins(values: np.ndarray, size: int) -> np.ndarray:
    """Means of a course over bins of `size` steps, which joins its points by straight lines."""
    middles = 0.5 * (values[1:] + values[:-1])
    return middles.reshape(-1, size).mean(axis=1)


@lru_cache
def _constants() -> dict[str, float]:
    return {symbol: each.value for symbol, each in physiology.constants(FILE).items()}


def _at_rest(body: Fasting) -> tuple[np.ndarray, np.ndarray]:
    """What the compiled equations need of a body, in the order in which `_slopes` unpacks it, and its state at rest.

    What the paper derives from fasting levels is derived here: k_p1 (largest output of the liver) and S_b (secretion).
    """
    c = _constants()
    plasma = body.glucose * c["glucose_volume"]
    insulin_pM = body.insulin * _PM_PER_UU_PER_ML
    # Tissue glucose at rest: what comes in leaves or is used, a quadratic equation.
    middle = c["from_tissue"] * c["half_uptake"] + c["uptake"] - c["to_tissue"] * plasma
    root = math.sqrt(middle * middle + 4.0 * c["from_tissue"] * c["to_tissue"] * plasma * c["half_uptake"])
    tissue = (root - middle) / (2.0 * c["from_tissue"])
    used = c["brain"] + c["uptake"] * tissue / (c["half_uptake"] + tissue)
    lost = c["renal"] * max(plasma - c["renal_threshold"], 0.0)
    # Secretion at rest per insulin in plasma; a body that clears less has a liver that extracts less.
    leaves = c["liver_in"] + c["periphery"]
    per_insulin = body.clearance * (leaves / (1.0 - c["extraction"]) - c["liver_in"])
    extraction = 1.0 - leaves / (per_insulin + c["liver_in"])
    in_plasma = insulin_pM * c["insulin_volume"]
    secreted = per_insulin * in_plasma
    portal = secreted / c["portal"]
    to_output = body.liver * c["output_insulin"], body.liver * c["output_portal"]
    output = used + lost + c["output_glucose"] * plasma + to_output[0] * insulin_pM + to_output[1] * portal
    numbers = np.array(
        [
            plasma, insulin_pM, secreted, extraction, output, *to_output, body.periphery * c["uptake_insulin"],
            body.beta * c["dynamic"] / c["glucose_volume"], body.beta * c["static"] / c["glucose_volume"],
            c["extraction_slope"] / max(body.beta, 1e-9),
            *(c[name] for name in (
                "to_tissue", "from_tissue", "liver_out", "liver_in", "periphery", "insulin_volume", "emptying_most",
                "emptying_least", "absorption", "grinding", "emptying_falls", "emptying_rises", "output_glucose",
                "output_delay", "brain", "uptake", "half_uptake", "uptake_delay", "static_delay", "portal", "renal",
                "renal_threshold",
            )),
            c["absorbed"] * c["absorption"] / c["weight"],
        ]
    )  # fmt: skip
    liver = leaves * in_plasma / c["liver_out"]
    rest = np.array([plasma, tissue, liver, in_plasma, 0.0, 0.0, 0.0, insulin_pM, insulin_pM, 0.0, portal, 0.0])
    return numbers, rest


@njit(nogil=True, error_model="numpy")
def _slopes(y, p, dose, infusion, clamped, dy):
    """The twelve equations; writes the changes per minute, and returns the glucose that a clamp infuses.

    y: glucose in plasma and in tissue; insulin in liver and in plasma; solid and liquid in the stomach, gut; plasma
    insulin delayed, once and twice; its action on uptake; portal insulin; secretion above rest that follows the level.
    dose: mg in the stomach when the last meal was eaten.
    """
    (
        plasma0, insulin0, secreted0, extraction0, output, output_insulin, output_portal, uptake_insulin, dynamic,
        static, extraction_slope, to_tissue, from_tissue, liver_out, liver_in, periphery, insulin_volume, emptying_most,
        emptying_least, absorption, grinding, falls, rises, output_glucose, output_delay, brain, uptake, half_uptake,
        uptake_delay, static_delay, portal_out, renal, threshold, appearance,
    ) = p  # fmt: skip
    plasma, tissue, liver, insulin, solid, liquid, gut, first, delayed, action, portal, secretion = y
    level = insulin / insulin_volume
    stomach = solid + liquid
    emptying = emptying_most
    if dose > 0.0:
        full = math.tanh(2.5 * (stomach - falls * dose) / ((1.0 - falls) * dose))
        empty = math.tanh(2.5 * (stomach - rises * dose) / (rises * dose))
        emptying = emptying_least + 0.5 * (emptying_most - emptying_least) * (full - empty + 2.0)
    made = max(output - output_glucose * plasma - output_insulin * delayed - output_portal * portal, 0.0)
    used = max(uptake + uptake_insulin * action, 0.0) * tissue / (half_uptake + tissue)
    lost = renal * max(plasma - threshold, 0.0)
    net = made + appearance * gut - lost - brain - to_tissue * plasma + from_tissue * tissue
    rising = 0.0 if clamped else net
    secreted = portal_out * portal
    extraction = min(max(extraction0 - extraction_slope * (secreted - secreted0), 0.0), 0.95)
    dy[0] = rising
    dy[1] = to_tissue * plasma - from_tissue * tissue - used
    dy[2] = liver_in * insulin + secreted - liver_out * liver / (1.0 - extraction)
    dy[3] = liver_out * liver - (liver_in + periphery) * insulin + infusion
    dy[4] = -grinding * solid
    dy[5] = grinding * solid - emptying * liquid
    dy[6] = emptying * liquid - absorption * gut
    dy[7] = output_delay * (level - first)
    dy[8] = output_delay * (first - delayed)
    dy[9] = uptake_delay * (level - insulin0 - action)
    dy[10] = max(secretion + dynamic * max(rising, 0.0) + secreted0, 0.0) - secreted
    dy[11] = static_delay * (max(static * (plasma - plasma0), -secreted0) - secretion)
    return -net


@njit(nogil=True, error_model="numpy")
def _parts(y, p, step):
    """In how many parts a step is taken: tissue glucose goes with uptake, which insulin speeds up."""
    fastest = (p[_UPTAKE] + p[_UPTAKE_INSULIN] * max(y[9], 0.0)) / p[_HALF_UPTAKE]
    return max(int(math.ceil(step * fastest / _FASTEST)), 1)


@njit(nogil=True, error_model="numpy")
def _go(now, p, eaten, infusion, clamped, step, table):
    """Runge-Kutta steps of fourth order from `now`, which is moved on; its last number is the dose.

    eaten: (n_steps,) mg at the start of each step. table: (n_steps + 1, 3) plasma glucose and insulin, and what a
    clamp infuses, at the ends of the steps.
    """
    n = len(now) - 1
    y = now[:n]
    k1, k2, k3, k4 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(len(eaten)):
        if eaten[i] > 0.0:
            y[4] += eaten[i]
            now[n] = y[4] + y[5]
        dose = now[n]
        infused = _slopes(y, p, dose, infusion, clamped, k1)
        table[i, 0], table[i, 1], table[i, 2] = y[0], y[3], infused
        parts = _parts(y, p, step)
        h = step / parts
        for part in range(parts):
            if part > 0:
                _slopes(y, p, dose, infusion, clamped, k1)
            _slopes(y + 0.5 * h * k1, p, dose, infusion, clamped, k2)
            _slopes(y + 0.5 * h * k2, p, dose, infusion, clamped, k3)
            _slopes(y + h * k3, p, dose, infusion, clamped, k4)
            for j in range(n):
                y[j] += h / 6.0 * (k1[j] + 2.0 * k2[j] + 2.0 * k3[j] + k4[j])
    infused = _slopes(y, p, now[n], infusion, clamped, k1)
    end = len(eaten)
    table[end, 0], table[end, 1], table[end, 2] = y[0], y[3], infused


ENTRIES = (_slopes, _parts, _go)
