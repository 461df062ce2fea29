"""The pages of the dashboard, in the order of their names at the top. Live is always there; others come when asked for.

A page is a module with a component `View(desk)`. What it must find again when the reader comes back lives in an object
of its own, kept by `desk.keep`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import solara

from . import body, compare, data, dose_response, experiments, exposure, model


@dataclass(frozen=True)
class Place:
    """A page: the last part of its address, its name, and what it shows; `view` is None for Live."""

    path: str
    name: str
    view: Callable[..., solara.Element] | None = None


PLACES = (
    Place("", "Live"),
    Place("compare", "Compare", compare.View),
    Place("dose-response", "Dose-response", dose_response.View),
    Place("body", "Body", body.View),
    Place("experiments", "Experiments", experiments.View),
    Place("exposure", "Exposure", exposure.View),
    Place("model", "Model", model.View),
    Place("data", "Data", data.View),
)
