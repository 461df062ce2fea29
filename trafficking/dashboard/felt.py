"""What this cell would feel: the signal that a dose would give now, over what it gave at the start."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import anywidget
import numpy as np
import traitlets

from trafficking.response import activity_over_time
from trafficking.scenario import Scenario
from trafficking.sensing import Sense, affinity_nM

from . import words
from .scenes import Moment

_STATIC = files("trafficking.dashboard") / "static"

DOSES_NM = np.logspace(-3.0, 3.0, 61)  # as the insulin slider has them


class Felt(anywidget.AnyWidget):
    """Two curves of signal against insulin. `curves` holds float32: start, now (each as long as `doses`).

    `view`: dose and signal of now, both doses of the half signal, what to say; empty where no signal is defined.
    """

    _esm = (_STATIC / "felt.js").read_text(encoding="utf-8")

    doses = traitlets.List(DOSES_NM.tolist(), help="nM").tag(sync=True)
    curves = traitlets.Bytes(b"").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def show(self, moment: Moment, scenario: Scenario) -> None:
        """Draws what the cell of this moment would feel."""
        seen = Feeling.of(moment, scenario)
        with self.hold_sync():
            self.curves = b"" if seen is None else seen.curves
            self.view = {"words": words.NO_SIGNAL} if seen is None else seen.view


@dataclass(frozen=True)
class Feeling:
    """The cell at the start and now, and the insulin around it."""

    start: Sense
    now: Sense
    insulin_nM: float

    @classmethod
    def of(cls, moment: Moment, scenario: Scenario) -> Feeling | None:
        """None where the itinerary has no one K_D, or the cell no receptors to begin with."""
        itinerary, law = scenario.itinerary, scenario.signal_law
        affinity = affinity_nM(itinerary)
        membrane = itinerary.mask("membrane")
        counts = moment.recorded["counts"] / moment.copy_number
        surface, bound = counts @ membrane, counts @ (membrane & itinerary.bound)
        if math.isnan(affinity) or surface[0] <= 0.0:
            return None
        activity = np.full(len(bound), law.activity)
        if law.most > 0.0:
            activity = activity_over_time(moment.recorded["time_min"], bound, law)
        start, now = (Sense(float(surface[i]), affinity, law, float(activity[i])) for i in (0, -1))
        return cls(start, now, moment.insulin_nM)

    @cached_property
    def half(self) -> tuple[float, float, float]:
        """Half of the largest signal of the start, and the doses that give it: at the start, and now (or infinite)."""
        signal = 0.5 * self.start.most
        return signal, self.start.dose_nM(signal), self.now.dose_nM(signal)

    @property
    def words(self) -> str:
        _, before, after = self.half
        return words.felt(
            before, after, most=self.now.most / self.start.most, left=self.now.surface / self.start.surface
        )

    @property
    def curves(self) -> bytes:
        full = self.start.most
        return (
            np.concatenate([sense.signal(DOSES_NM) / full for sense in (self.start, self.now)]).astype("<f4").tobytes()
        )

    @property
    def view(self) -> dict:
        """What the plot needs besides its curves; signals over the largest of the start."""
        full = self.start.most
        _, before, after = self.half
        return {
            "insulin_nM": self.insulin_nM,
            "signal": float(self.now.signal(self.insulin_nM)) / full,
            "before_nM": before,
            "after_nM": after if math.isfinite(after) else None,
            "words": words.unbroken(self.words),
        }
