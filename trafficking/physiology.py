"""The body around the receptors: glucose, insulin and beta-cell mass, and what a check-up makes of them.

Glucose is made by the liver and used with the help of insulin; beta cells secrete insulin as glucose asks for it; their
mass grows where glucose is somewhat high, and shrinks where it is very high (glucotoxicity). These are the three
equations of Topp et al. 2000 (BIOMD0000000341). Glucose and insulin settle within hours and beta-cell mass within
months, so over years the two follow the third: `balance` gives them, `Growth` moves it on.

Topp has no limit on the beta cells, and then no loss of receptors makes diabetes. Two limits can be switched on, both
assumptions. A cap makes replication slow down as mass grows. Exhaustion raises the death rate while the cells secrete
above a threshold for years. Its form is ours: Ha, Satin & Sherman 2016 (doi 10.1210/en.2015-1564) have demand raise and
glucose lower a slow secretory capacity, and glucose raise death; De Gaetano et al. 2008 (PMID 18780774, abstract) add a
defect of replication.

Here time is in days, glucose in mg/dL, insulin in uU/mL and mass in mg, in which the constants were printed; they stand
with their sources in `data/body.toml`. Above this file they become minutes, mM and nM.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

DAY_MIN = 1440.0
YEAR_D = 365.0
MG_PER_DL_PER_MM = 18.016  # glucose, 180.16 g/mol
NM_PER_UU_PER_ML = 0.006  # insulin, 6 nmol per unit
USERS = ("muscle", "liver", "adipose")  # organs whose receptors set the body's sensitivity
ONE_CELL_MG = 1e-6  # about the mass of a cell; there is never less

STAGES = (
    "healthy",
    "compensatory hyperinsulinaemia",
    "impaired glucose tolerance",
    "overt type 2 diabetes",
    "diabetes with a long glucose exposure",
)


@dataclass(frozen=True)
class Constant:
    """One number of the body. status: measured, derived or assumption; source, identifier: where it was read."""

    symbol: str
    value: float
    unit: str
    meaning: str
    status: str
    source: str
    identifier: str
    note: str = ""


@lru_cache
def constants(file: str = "body.toml") -> Mapping[str, Constant]:
    """Every number of `data/body.toml`, or of another such file beside it, by its symbol."""
    data = tomllib.loads(files("trafficking").joinpath("data", file).read_text(encoding="utf-8"))
    found = {}
    for symbol, entry in data["values"].items():
        source = data["sources"][entry["source"]]
        rest = entry | {"source": source["citation"], "identifier": source["id"]}
        found[symbol] = Constant(symbol=symbol, **rest)
    return found


def constant(symbol: str) -> float:
    """The value of one constant."""
    return constants()[symbol].value


@dataclass(frozen=True)
class Topp:
    """The constants of the three equations; see `data/body.toml` for units and source."""

    glucose_input: float
    effectiveness: float
    secretion: float
    half_secretion: float
    clearance: float
    death: float
    replication: float
    toxicity: float

    @classmethod
    def published(cls) -> Topp:
        """The constants as printed."""
        return cls(**{name: constant(name) for name in cls.__dataclass_fields__})

    def secretory_drive(self, glucose: float) -> float:
        """Insulin from a mg of beta cells, uU/mL per day, at this glucose, mg/dL."""
        return self.secretion * glucose * glucose / (self.half_secretion + glucose * glucose)


class Levels(NamedTuple):
    """glucose: mg/dL. insulin: in plasma, uU/mL. beta: beta-cell mass, mg."""

    glucose: float
    insulin: float
    beta: float


HEALTHY = Levels(100.0, 10.0, 300.0)  # where the published equations rest; a test proves it


def flow(topp: Topp, now: Levels, sensitivity: float) -> Levels:
    """What the three published equations change per day (Topp et al. 2000).

    Args:
        sensitivity: of glucose disposal to insulin, mL/uU per day.
    """
    glucose, insulin, beta = now
    return Levels(
        topp.glucose_input - (topp.effectiveness + sensitivity * insulin) * glucose,
        beta * topp.secretory_drive(glucose) - topp.clearance * insulin,
        beta * (-topp.death + topp.replication * glucose - topp.toxicity * glucose * glucose),
    )


def steady_states(topp: Topp, sensitivity: float) -> tuple[Levels, ...]:
    """Where the three equations rest with beta cells present, the stable one first; none if they cannot.

    Beta-cell mass rests where replication equals death: two glucose levels, the lower one stable, as long as the death
    rate is below replication^2 / (4 toxicity) = 0.0735 per day, 22.5 % above the healthy one.
    """
    inner = topp.replication**2 - 4.0 * topp.toxicity * topp.death
    if inner < 0.0:
        return ()
    found = []
    for sign in (-1.0, 1.0):
        glucose = (topp.replication + sign * math.sqrt(inner)) / (2.0 * topp.toxicity)
        insulin = (topp.glucose_input / glucose - topp.effectiveness) / sensitivity
        if insulin > 0.0:
            found.append(Levels(glucose, insulin, topp.clearance * insulin / topp.secretory_drive(glucose)))
    return tuple(found)


def balance(topp: Topp, beta: float, sensitivity: float, clearance: float | None = None) -> Levels:
    """Glucose and insulin once they have settled around `beta` mg of beta cells.

    Insulin is beta * drive(G) / clearance; put into the glucose equation this leaves one unknown, and what is used up
    rises with it all along, so that there is one answer. Newton's steps, kept between zero and glucose without insulin.

    Args:
        sensitivity: mL/uU per day. clearance: of insulin, per day; default: the published one.
    """
    clearance = topp.clearance if clearance is None else clearance
    strength = sensitivity * beta * topp.secretion / clearance
    low, high = 0.0, topp.glucose_input / topp.effectiveness
    glucose = min(HEALTHY.glucose, high)
    for _ in range(100):
        square = glucose * glucose
        below = topp.half_secretion + square
        excess = topp.effectiveness * glucose + strength * glucose * square / below - topp.glucose_input
        if excess > 0.0:
            high = glucose
        else:
            low = glucose
        slope = topp.effectiveness + strength * square * (3.0 * topp.half_secretion + square) / (below * below)
        step = excess / slope
        if abs(step) <= 1e-12 * glucose:
            break
        inside = low < glucose - step < high
        glucose = glucose - step if inside else 0.5 * (low + high)
    return Levels(glucose, beta * topp.secretory_drive(glucose) / clearance, beta)


@dataclass(frozen=True)
class Exhaustion:
    """Slow wear of beta cells that secrete more than `threshold` times the healthy insulin (an assumption).

    dX/dt = wear * max(load - threshold, 0) - X / recovery, and the death rate is (1 + X) times the healthy one; X is
    the wear so far. The load is insulin secreted over that of the healthy body, as if mass beyond the healthy one were
    larger cells and not more; of fewer cells each carries more. Were it insulin alone, failing cells would be relieved,
    and would never fail. What a treatment keeps from being secreted is no load.

    wear_per_year: gain of X per unit of load above the threshold. recovery_years: time in which X fades.
    """

    threshold: float
    wear_per_year: float
    recovery_years: float

    @classmethod
    def assumed(cls) -> Exhaustion:
        """With the numbers of `data/body.toml`, none of which has a source."""
        return cls(constant("threshold"), constant("wear"), constant("recovery"))


@dataclass(frozen=True)
class Growth:
    """What moves beta-cell mass: Topp's equation, and its limits where they are switched on.

    cap_mg: replication is multiplied by (1 - beta / cap), over the same at the healthy mass, so that a healthy body
    stays as it is; no number below the healthy mass makes sense. exhaustion: see there; None switches it off.
    """

    topp: Topp
    cap_mg: float = math.inf
    exhaustion: Exhaustion | None = None

    def rate(self, glucose: float, beta: float, wear: float = 0.0) -> float:
        """Growth of beta-cell mass, per day and mg, at `glucose` mg/dL; wear: see `Exhaustion`."""
        room = (1.0 - beta / self.cap_mg) / (1.0 - HEALTHY.beta / self.cap_mg)
        renewal = self.topp.replication * glucose * max(room, 0.0)
        return renewal - self.topp.death * (1.0 + wear) - self.topp.toxicity * glucose * glucose

    def wear_rate(self, now: Levels, wear: float, secretion: float = 1.0) -> float:
        """What the wear gains per day; secretion: of a beta cell over what its glucose asks for, from a treatment."""
        if self.exhaustion is None:
            return 0.0
        of_each = secretion * self.topp.secretory_drive(now.glucose) / self.topp.secretory_drive(HEALTHY.glucose)
        load = of_each * max(now.beta / HEALTHY.beta, 1.0)
        gain = self.exhaustion.wear_per_year * max(load - self.exhaustion.threshold, 0.0)
        return (gain - wear / self.exhaustion.recovery_years) / YEAR_D

    def advance(
        self,
        beta: float,
        wear: float,
        days: float,
        sensitivity: float,
        *,
        clearance: float | None = None,
        secretion: float = 1.0,
    ) -> tuple[float, float]:
        """Beta-cell mass, mg, and wear after some days at one sensitivity: one Runge-Kutta step of fourth order.

        Args:
            clearance: of insulin, per day; default: the published one. secretion: see `wear_rate`.
        """
        fading = (self.topp.clearance if clearance is None else clearance) / secretion

        def slope(log_beta: float, x: float) -> tuple[float, float]:
            now = balance(self.topp, math.exp(log_beta), sensitivity, fading)
            return self.rate(now.glucose, now.beta, x), self.wear_rate(now, x, secretion)

        b, x = math.log(beta), wear
        k1 = slope(b, x)
        k2 = slope(b + 0.5 * days * k1[0], x + 0.5 * days * k1[1])
        k3 = slope(b + 0.5 * days * k2[0], x + 0.5 * days * k2[1])
        k4 = slope(b + days * k3[0], x + days * k3[1])
        b += days / 6.0 * (k1[0] + 2.0 * (k2[0] + k3[0]) + k4[0])
        x += days / 6.0 * (k1[1] + 2.0 * (k2[1] + k3[1]) + k4[1])
        return max(math.exp(b), ONE_CELL_MG), x


@dataclass(frozen=True)
class GlucoseToxicity:
    """Days of high glucose take sensitivity away beyond what receptors do (form: an assumption).

    The share lost moves towards most * x^2 / (x^2 + half^2), x the glucose above the healthy level: were it at first in
    proportion to x, what was measured would let a healthy body run away at the first mg/dL.

    most: share that can be lost. half: mg/dL. days: in which the loss follows.
    """

    most: float
    half: float
    days: float

    def advance(self, loss: float, glucose: float, days: float) -> float:
        """The share of sensitivity lost after some days at one glucose, mg/dL; exact for that."""
        above = max(glucose - HEALTHY.glucose, 0.0)
        target = self.most * above * above / (above * above + self.half * self.half)
        return target + (loss - target) * math.exp(-days / self.days)


# -- from receptors to sensitivity -------------------------------------------------------------------------------------


def strength(surface: float, activity: float, power: float) -> float:
    """r^q a: what is left of an organ's response to insulin.

    Args:
        surface: receptors at the surface over those of the lean body, r. activity: of what follows the receptor, a.
        power: q; 1 for a response in proportion, less where there are receptors to spare.
    """
    return activity * surface**power


def shared(responses: Mapping[str, float], organs: Iterable[str] = USERS) -> float:
    """The response of some organs together: each by its share in the sensitivity of the body."""
    shares = {organ: constant(f"{organ}_share") for organ in organs}
    return sum(share * responses[organ] for organ, share in shares.items()) / sum(shares.values())


def sensitivity(insult: float, response: float) -> float:
    """Sensitivity of glucose disposal, mL/uU per day: 0.72 u r^q a.

    Args:
        insult: u, all that is not the receptor; 1 is healthy, less is resistant. response: `strength` of the organs.
    """
    return constant("sensitivity") * insult * response


def organ_insulin(plasma: float) -> dict[str, float]:
    """The insulin that the receptors of each organ see, in the unit of the plasma insulin given."""
    interstitial, portal, islet = (plasma * constant(name) for name in ("interstitial", "portal", "islet"))
    return {
        "muscle": interstitial,
        "liver": portal,
        "adipose": interstitial,
        "ovary": interstitial,
        "pancreas": islet,
    }


def clearance(topp: Topp, liver_surface: float, hepatic_share: float) -> float:
    """Clearance of insulin, per day: its hepatic share goes with the liver's surface receptors (lean = 1)."""
    return topp.clearance * (1.0 - hepatic_share + hepatic_share * liver_surface)


# -- the check-up ------------------------------------------------------------------------------------------------------


class Checkup(NamedTuple):
    """Fasting levels of one day, and 2-h glucose of a tolerance test where one was done.

    insulin_ratio: fasting insulin over the person's own healthy value. exposure: years times the fasting glucose above
    the diabetic threshold, mM years, since the start.
    """

    glucose_mM: float
    insulin_ratio: float
    two_hours_mM: float | None = None
    exposure: float = 0.0


def finding(seen: Checkup) -> int:
    """The stage, 0 to 4, that one check-up alone suggests; `STAGES` names them.

    Stages 2 and 3 follow the WHO's glucose levels (6.1 mM, as the model's healthy state has 5.55 mM). Stage 4 is a long
    glucose exposure, an index: complications are not simulated.
    """
    two_hours = -math.inf if seen.two_hours_mM is None else seen.two_hours_mM
    if seen.glucose_mM >= constant("diabetic_fasting") or two_hours >= constant("diabetic_two_hours"):
        return 4 if seen.exposure >= constant("lasting_exposure") else 3
    if seen.glucose_mM >= constant("impaired_fasting") or two_hours >= constant("impaired_two_hours"):
        return 2
    return int(seen.insulin_ratio > constant("hyperinsulinaemia"))


def stages(checkups: Iterable[Checkup]) -> list[int]:
    """The stage after each of the yearly check-ups; it changes only as far as two in a row agree, up or down."""
    stage = before = 0
    found = []
    for seen in map(finding, checkups):
        stage = min(max(stage, min(before, seen)), max(before, seen))
        before = seen
        found.append(stage)
    return found


def homa_ir(glucose_mM: float, insulin_uU_per_mL: float) -> float:
    """HOMA-IR of fasting levels (Matthews 1985, PMID 3899825).

    The model's healthy state gives 2.47, so show it over the healthy value, not against clinical limits.
    """
    return glucose_mM * insulin_uU_per_mL / constant("homa")


def matsuda(fasting_glucose: float, fasting_insulin: float, mean_glucose: float, mean_insulin: float) -> float:
    """Matsuda's index of a tolerance test (Matsuda & DeFronzo 1999); mg/dL and uU/mL, means over the test."""
    return constant("matsuda") / math.sqrt(fasting_glucose * fasting_insulin * mean_glucose * mean_insulin)
