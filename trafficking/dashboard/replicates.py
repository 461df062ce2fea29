"""The band behind the lines: other replicates of the scenario as it is, and where the middle 95 % of them run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trafficking.replicates import replicated
from trafficking.scenario import Scenario

from .budget import Budget
from .jobs import Job, Progress, said
from .picture import curves_of
from .plot import decimate, pack

NUMBER = 20
MIDDLE = (0.025, 0.5, 0.975)
MOST_ROWS = 400  # a band is smooth


def band(scenario: Scenario, *, seed: int, number: int = NUMBER, report: Progress) -> bytes:
    """Quantiles of each line of the plot over replicates 1 to `number`, at `counts`.

    Returns:
        float32 columns: time_min, then low, median and high of each line, in receptors.
    """
    quick = scenario.changed(resolution="counts", follow=0)
    times, lines = np.zeros(0), []
    for replicate in range(1, number + 1):
        times, counts = replicated(quick, [replicate], seed=seed)
        lines.append(curves_of(counts[0], scenario.itinerary))
        report(replicate / number)
    limits = np.quantile(np.array(lines), MIDDLE, axis=0)
    return pack(decimate(times, limits.transpose(1, 0, 2).reshape(-1, len(times)), MOST_ROWS))


class Replicates:
    """The band that one session has asked for. `toggle` asks for it, calls it off, or drops it."""

    def __init__(self, changed: Callable[[], None], budget: Budget | None = None) -> None:
        """changed: called whenever there is something new to show, at most five times a second."""
        self._changed, self.budget = changed, budget
        self._job: Job[bytes] | None = None
        self._scenario: Scenario | None = None

    def close(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = None

    def toggle(self, scenario: Scenario, *, seed: int) -> None:
        if self._of(scenario) is not None:
            return self.close()
        self.close()
        if scenario.cells.number == 1:
            self._scenario = scenario
            self._job = Job(
                lambda report: band(scenario, seed=seed, report=report),
                changed=lambda _: self._changed(),
                needs=["counts"],
                budget=self.budget,
            )

    def look(self, seen: bool) -> None:
        """Whether somebody looks at Live, where the band is."""
        if self._job is not None:
            self._job.left = not seen

    def curves(self, scenario: Scenario) -> bytes:
        """The band of this scenario as the plot takes it; nothing before it is there, or where it was another's."""
        job = self._of(scenario)
        return job.result or b"" if job is not None else b""

    def says(self, scenario: Scenario) -> dict[str, str | bool]:
        """The words of its button, whether that can be pressed, and a sentence beside it."""
        job = self._of(scenario)
        if scenario.cells.number > 1:
            return {"label": f"Band of {NUMBER} replicates", "enabled": False, "words": "A band is of one cell alone."}
        if job is None or job.status == "cancelled":
            return {"label": f"Band of {NUMBER} replicates", "enabled": True, "words": ""}
        if job.status == "failed":
            return {"label": f"Band of {NUMBER} replicates", "enabled": True, "words": f"No band: {job.fault}"}
        if job.status == "done":
            words = f"Band: the middle 95 % of {NUMBER} replicates and their median."
            return {"label": "Drop the band", "enabled": True, "words": words}
        waiting = f"{job.ahead} before you" if job.status == "waiting" else said(job)
        return {"label": "Call the band off", "enabled": True, "words": f"{NUMBER} replicates: {waiting}"}

    def _of(self, scenario: Scenario) -> Job[bytes] | None:
        """The job, if it is for this scenario and was not called off or failed."""
        mine = self._job is not None and self._scenario is scenario
        return self._job if mine else None
