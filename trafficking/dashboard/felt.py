"""What this cell would feel: the signal that a dose would give now, over what it gives at the level that is 100 %."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import anywidget
import numpy as np
import traitlets

from trafficking import results
from trafficking.response import activity_over_time
from trafficking.scenario import Scenario
from trafficking.sensing import Sense, affinity_nM

from . import words
from .picture import base
from .scenes import Moment

_STATIC = files("trafficking.dashboard") / "static"

DOSES_NM = np.logspace(-3.0, 3.0, 61)  # as the insulin slider has them


class Felt(anywidget.AnyWidget):
    """Two curves of signal against insulin. `curves` holds float32: at 100 %, now (each as long as `doses`).

    `view`: current dose and signal, both doses of the half signal, the end of the scale and its rungs, what to say and
    what 100 % is; `words` alone where no signal is defined.
    """

    _esm = (_STATIC / "felt.js").read_text(encoding="utf-8")

    doses = traitlets.List(DOSES_NM.tolist(), help="nM").tag(sync=True)
    curves = traitlets.Bytes(b"").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)

    def show(self, moment: Moment, scenario: Scenario) -> None:
        """Draws what the cell of this moment would feel."""
        seen = Feeling.of_moment(moment, scenario)
        with self.hold_sync():
            self.curves = b"" if seen is None else seen.curves
            self.view = {"words": words.NO_SIGNAL} if seen is None else seen.view


@dataclass(frozen=True)
class Feeling:
    """The cell at the level that is 100 % and now, and the insulin around it.

    of: what is 100 %, as the sentence on top names it.
    """

    usual: Sense
    now: Sense
    insulin_nM: float
    of: str

    @classmethod
    def of_moment(cls, moment: Moment, scenario: Scenario) -> Feeling | None:
        """None where the itinerary has no one K_D, or the cell at 100 % has no signal."""
        itinerary, law = scenario.itinerary, scenario.signal_law
        affinity = affinity_nM(itinerary)
        if math.isnan(affinity):
            return None
        membrane = itinerary.mask("membrane")
        counts = moment.recorded["counts"] / moment.copy_number
        surface, bound = counts @ membrane, counts @ (membrane & itinerary.bound)
        activity = np.full(len(bound), law.activity)
        if law.most > 0.0:
            activity = activity_over_time(moment.recorded["time_min"], bound, law)
        whole = base(scenario, results.reference(scenario, moment.copy_number)) / moment.copy_number
        held = scenario.reference_counts @ (membrane & itinerary.bound) / scenario.receptors
        at_rest = activity_over_time(np.zeros(1), np.array([held]), law)
        usual = Sense(whole, affinity, law, float(at_rest[0]))
        if usual.most <= 0.0:
            return None
        now = Sense(float(surface[-1]), affinity, law, float(activity[-1]))
        return cls(usual, now, moment.insulin_nM, words.REFERENCES[scenario.reference])

    @cached_property
    def half(self) -> tuple[float, float, float]:
        """Half of the largest signal at 100 %, and the doses that give it: there, and now (or infinite)."""
        signal = 0.5 * self.usual.most
        return signal, self.usual.dose_nM(signal), self.now.dose_nM(signal)

    @property
    def most(self) -> float:
        """The largest signal now over that at 100 %."""
        return self.now.most / self.usual.most

    @property
    def words(self) -> str:
        _, before, after = self.half
        left = self.now.surface / self.usual.surface
        return words.felt(before, after, most=self.most, left=left, of=self.of)

    @property
    def curves(self) -> bytes:
        shares = [sense.signal(DOSES_NM) / self.usual.most for sense in (self.usual, self.now)]
        return np.concatenate(shares).astype("<f4").tobytes()

    @property
    def rungs(self) -> list[float]:
        """Where the scale has a line: at every half of 100 %, or fewer where there would be many."""
        step = next((step for step in (0.5, 1.0, 2.0, 5.0) if self.top / step <= 4.5), self.top / 4.0)
        return np.arange(0.0, self.top, step).tolist()

    @property
    def top(self) -> float:
        """The end of the scale: above all that is drawn, in steps, so that it stands still while a signal moves."""
        return max(1.12, 0.2 * math.ceil(5.2 * self.most))

    @property
    def view(self) -> dict:
        """What the plot needs besides its curves; signals over the largest at 100 %."""
        _, before, after = self.half
        return {
            "insulin_nM": self.insulin_nM,
            "signal": float(self.now.signal(self.insulin_nM)) / self.usual.most,
            "before_nM": before,
            "after_nM": after if math.isfinite(after) else None,
            "top": self.top,
            "rungs": self.rungs,
            "of": self.of,
            "words": words.unbroken(self.words),
        }
