"""From insulin on an organ's receptors to what it does: the signal, what it holds back, and what fat sends out.

The chain: bound surface receptors give a signal S = a b / (b + half); IRS-1 and PI3K pass on the share g of it. GLUT4
at the surface goes as basal + (1 - basal) g S, lipolysis and the liver's output as 1 - g S. Free fatty acids follow
lipolysis and, weakly, the mass of visceral fat; those above the healthy level take response from muscle and liver, as
lipid infusions do (Belfort 2005). In a healthy body every ratio here is 1 and nothing is taken. Constants, sources and
evidence grades: `data/readouts.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar

import numpy as np

from trafficking.physiology import HEALTHY, NM_PER_UU_PER_ML, organ_insulin

HEALTHY_NM = organ_insulin(HEALTHY.insulin * NM_PER_UU_PER_ML)  # that organs see while fasting

Number = TypeVar("Number", float, np.ndarray)


@lru_cache
def data() -> dict[str, Any]:
    """All of `data/readouts.toml`."""
    return tomllib.loads(files("trafficking").joinpath("data", "readouts.toml").read_text(encoding="utf-8"))


def constants() -> Mapping[str, Mapping[str, Any]]:
    """value, status, meaning and source of every constant."""
    return data()["values"]


def value(name: str) -> float:
    """The value of one constant."""
    return data()["values"][name]["value"]


def signal(insulin_nM: Number, surface: Number | float, activity: Number | float) -> Number:
    """S of an organ: a b / (b + half), with b the bound surface receptors over R0.

    Args:
        insulin_nM: that the organ sees. surface: over the lean body's. activity: a, 1 = healthy.
    """
    bound = value("surface_share") * surface * (insulin_nM / (insulin_nM + value("affinity_nM")))
    return activity * bound / (bound + value("half_signal"))


def glut4(passed_on: Number) -> Number:
    """GLUT4 at the surface over all of it, at this g S."""
    return value("basal") + (1.0 - value("basal")) * passed_on


def held_back(passed_on: Number, healthy: float) -> Number:
    """What insulin has not suppressed at this g S, over the same in the healthy body."""
    return (1.0 - passed_on) / (1.0 - healthy)


def fatty_acids(lipolysis: Number, visceral_fat: Number) -> Number:
    """Free fatty acids in plasma over the healthy body's; both arguments are over healthy, too."""
    return lipolysis * visceral_fat ** value("fat_on_acids")


def lipid_loss(acids: Number) -> Number:
    """The share of their response that muscle and liver lose to free fatty acids, given over the healthy body's.

    Of plasma free fatty acids 1.6, 2.8 and 3.8 times the basal ones this makes 22, 31 and 34 %; 22, 30 and 34 % of the
    glucose disposal in a clamp were lost (Belfort 2005, diabetesjournals.org 54/6/1640).
    """
    above = np.maximum(acids - 1.0, 0.0)
    return value("lipid_most") * above / (above + value("lipid_half"))
