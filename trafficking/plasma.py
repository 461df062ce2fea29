"""Plasma insulin within a window: one level on daily means, or the rise and fall of three meals a day."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from trafficking import meals
from trafficking.meals import Fasting, Meal
from trafficking.physiology import DAY_MIN, HEALTHY, NM_PER_UU_PER_ML

BIN_MIN = 10  # between meals insulin moves by a few per cent within it; a test holds its error against the limit


class Stretches(NamedTuple):
    """levels_nM: (n,) plasma insulin, each the mean of a stretch. minutes: how long each lasts."""

    levels_nM: np.ndarray
    minutes: float


class Plasma(Protocol):
    """What makes the insulin of one window after another; saved and taken up between two windows."""

    def window(self, body: Fasting, minutes: float) -> Stretches: ...

    def save(self) -> np.ndarray: ...

    def take_up(self, saved: np.ndarray) -> None: ...


class Steady:
    """Fasting insulin all day: what a day without meals, or a daily mean, is taken for."""

    def window(self, body: Fasting, minutes: float) -> Stretches:
        return Stretches(np.array([body.insulin * NM_PER_UU_PER_ML]), minutes)

    def save(self) -> np.ndarray:
        return np.zeros(0)

    def take_up(self, saved: np.ndarray) -> None:
        pass


class ThreeMeals:
    """Breakfast, lunch and dinner every day, about the fasting level of the body as it is in each window.

    Begins on a morning after some healthy days. Windows of days ask for a body before breakfast; shorter ones also for
    one between meals, whose receptors are then other ones: with lasting resistance by up to 0.3 % at the same hour.
    What organs see is plasma insulin times fixed ratios; after a meal portal insulin rises by more than that.
    """

    def __init__(self) -> None:
        self._now_min = 0.0
        self._state: np.ndarray | None = None
        self._meals = meals.day_of_meals()
        for _ in range(3):  # what is left of dinner in the morning is then the same every day
            self.window(meals.HEALTHY, DAY_MIN)
        self._now_min = 0.0

    def window(self, body: Fasting, minutes: float) -> Stretches:
        minutes = float(round(minutes))  # a third of a day is whole minutes; its parts must not drift from the meals
        course = meals.course(body, minutes, meals=self._eaten(minutes), state=self._state)
        self._state = course.state
        self._now_min += minutes
        steps = round(BIN_MIN / meals.STEP_MIN)
        return Stretches(meals.bins(course.insulin, steps) * NM_PER_UU_PER_ML, float(BIN_MIN))

    def save(self) -> np.ndarray:
        """The minute, and the state of the meal model."""
        assert self._state is not None
        return np.append(self._state, self._now_min)

    def take_up(self, saved: np.ndarray) -> None:
        self._state, self._now_min = saved[:-1].copy(), float(saved[-1])

    def _eaten(self, minutes: float) -> list[Meal]:
        """The meals of the window, since its start; days begin at time 0."""
        end = self._now_min + minutes
        days = range(int(self._now_min // DAY_MIN), int(end // DAY_MIN) + 1)
        all_meals = ((day * DAY_MIN + at_min, grams) for day in days for at_min, grams in self._meals)
        return [Meal(at - self._now_min, grams) for at, grams in all_meals if self._now_min <= at < end]


def healthy_day(kind: str) -> Stretches:
    """A day of the healthy body's plasma insulin; kind: none or three, see `BodyScenario`."""
    if kind == "none":
        return Stretches(np.array([HEALTHY.insulin * NM_PER_UU_PER_ML]), DAY_MIN)
    return ThreeMeals().window(meals.HEALTHY, DAY_MIN)
