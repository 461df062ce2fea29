"""How receptors, insult, fat and treatments act on the body within one window of the loop.

Muscle, liver and fat respond to insulin as r^q a; muscle mass and GLUT4 scale the response of muscle, treatments that
of the liver, and free fatty acids take a share of both. Fat sends out the more of them the weaker the signal of its own
receptors: the acids of one window act in the next, as receptors do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trafficking import physiology, signals
from trafficking.body_forms import BodyScenario
from trafficking.meals import Fasting
from trafficking.physiology import HEALTHY, USERS, Levels

INFLAMED = ("muscle", "adipose")  # inflammation takes activity from these, not from the liver (Hotamisligil 1994)
_LIPIDS_ACT_ON = ("muscle", "liver")


class Slow(NamedTuple):
    """What one window hands to the next. beta: mg. wear, toxicity: see `physiology`. acids: free fatty acids over the
    healthy body's."""

    beta: float = HEALTHY.beta
    wear: float = 0.0
    toxicity: float = 0.0
    acids: float = 1.0


class Coupling(NamedTuple):
    """What receptors, insult and treatments make of the body. sensitivity: mL/uU per day. clearance: per day.
    secretion: of a beta cell, and periphery, liver: responses to insulin, 1 = healthy. gain: u, less toxicity."""

    sensitivity: float
    clearance: float
    secretion: float
    periphery: float
    liver: float
    gain: float

    @property
    def fading(self) -> float:
        """Clearance over secretion: secretion by a share and clearance over it are one thing to the balance."""
        return self.clearance / self.secretion


def coupled(scenario: BodyScenario, surface: Mapping[str, float], slow: Slow, day: float) -> Coupling:
    """What follows from the slow states, the surface receptors of each organ (over lean) and the insult of a day."""
    course = scenario.course_at(day)
    left = 1.0 - scenario.fatty_acids * signals.lipid_loss(slow.acids)
    scale = {"muscle": course["muscle_mass"] * course["glut4"], "liver": course["liver"]}
    responses = {}
    for name in USERS:
        strength = physiology.strength(surface[name], activity(scenario, name, day, course), scenario.power)
        responses[name] = scale.get(name, 1.0) * strength * (left if name in _LIPIDS_ACT_ON else 1.0)
    gain = scenario.insult_at(day) * course["insult"] * (1.0 - slow.toxicity)
    return Coupling(
        sensitivity=physiology.sensitivity(gain, physiology.shared(responses)),
        clearance=physiology.clearance(scenario.growth.topp, surface["liver"], scenario.hepatic_clearance),
        secretion=course["secretion"],
        periphery=gain * physiology.shared(responses, INFLAMED),
        liver=gain * responses["liver"],
        gain=gain,
    )


def activity(scenario: BodyScenario, organ: str, day: float, course: Mapping[str, float]) -> float:
    """a of an organ on a day whose course is given."""
    return scenario.activity_at(day) * course["activity"] if organ in INFLAMED else 1.0


def acids(scenario: BodyScenario, surface: float, gain: float, day: float, insulin: float, healthy: float) -> float:
    """Free fatty acids over the healthy body's.

    Args:
        surface: receptors of fat over lean. insulin, healthy: means that fat sees here and in a healthy body, nM.
    """
    course = scenario.course_at(day)
    now = gain * signals.signal(insulin, surface, activity(scenario, "adipose", day, course))
    lipolysis = signals.held_back(now, signals.signal(healthy, 1.0, 1.0))
    return float(signals.fatty_acids(lipolysis, course["visceral_fat"]))


def between_meals(scenario: BodyScenario, levels: Levels, now: Coupling) -> Fasting:
    """The fasting body, as the minutes after a meal need it."""
    clearance = now.clearance / scenario.growth.topp.clearance
    beta = levels.beta / HEALTHY.beta * now.secretion
    return Fasting(levels.glucose, levels.insulin, beta, clearance, now.periphery, now.liver)
