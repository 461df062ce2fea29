"""The figure of the interventions: the course each takes, with the doubt about its size, beside the untreated one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from trafficking.bands import Band
from trafficking.body import BodyResult
from trafficking.interventions import interventions
from trafficking.physiology import DAY_MIN, HEALTHY, NM_PER_UU_PER_ML, YEAR_D, constant
from trafficking.plots import INK, INSULIN, MUTED, SMALL, TEXT, literal, ruled, titled

_SIZE = (15.0, 12.0)  # inches
_BEFORE_Y = 1.0  # years shown before an intervention begins
_TITLE_LETTERS = 21  # in a line above a panel
_MOST_MM = 14.0  # of glucose that is shown: where beta cells fail a band goes to 30, and would press all others flat
_ROWS = {
    "glucose_mM": ("Fasting glucose\n(mM)", "#d55e00"),
    "insulin_nM": ("Fasting insulin\n(healthy = 1)", INSULIN),
    "sensitivity": ("Insulin sensitivity\n(healthy = 1)", "#0072b2"),
    "visceral_fat": ("Visceral fat\n(healthy = 1)", "#8a6d00"),
    "muscle_mass": ("Muscle mass\n(healthy = 1)", "#117733"),
    "glut4": ("GLUT4 of muscle\n(healthy = 1)", "#882255"),
}


def courses(
    untreated: BodyResult, bands: Mapping[str, Band], *, start_d: float, stop_d: float = float("inf")
) -> Figure:
    """A column for each intervention, a row for each quantity; one axis per row.

    Args:
        bands: by the name of the intervention.
        start_d, stop_d: days on which each begins and stops; a stop after the end of the life is not shown.
    """
    figure = Figure(figsize=_SIZE, facecolor="white")
    scenario = untreated.scenario
    titled(figure, f"Interventions: {scenario.title or scenario.name}", left=0.012)
    panels = figure.subplots(len(_ROWS), len(bands), sharex=True, sharey="row", squeeze=False)
    untreated_years = _years(untreated)
    start_y = start_d / YEAR_D
    dotted = [day / YEAR_D for day in (start_d, stop_d) if day < scenario.duration_d]
    units = {"insulin_nM": HEALTHY.insulin * NM_PER_UU_PER_ML}
    for column, (name, found) in enumerate(bands.items()):
        years = _years(found.middle)  # windows end where something begins, so not where they end untreated
        title = textwrap.fill(interventions()[name].title, _TITLE_LETTERS)
        panels[0, column].set_title(literal(title), fontsize=SMALL + 0.5, color=INK, loc="left")
        for panel, (what, (_, colour)) in zip(panels[:, column], _ROWS.items(), strict=True):
            unit = units.get(what, 1.0)
            low, high = (limit / unit for limit in found.limits(what))
            panel.fill_between(years, low, high, color=colour, alpha=0.25, linewidth=0.0)
            panel.plot(untreated_years, untreated.levels[what] / unit, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
            panel.plot(years, found.middle.levels[what] / unit, color=colour, linewidth=2.0)
            for year in dotted:
                panel.axvline(year, color=MUTED, linewidth=0.9, linestyle=":")
            ruled(panel)
        panels[0, column].axhline(constant("diabetic_fasting"), color=MUTED, linewidth=0.9)
        panels[-1, column].set_xlabel("Years", color=INK, fontsize=TEXT - 1.0)
    panels[0, 0].set_ylim(top=min(panels[0, 0].get_ylim()[1], _MOST_MM))
    panels[0, 0].set_xlim(max(start_y - _BEFORE_Y, 0.0), untreated_years[-1])
    for panel, (words, _) in zip(panels[:, 0], _ROWS.values(), strict=True):
        panel.set_ylabel(words, color=INK, fontsize=TEXT - 1.0)
    figure.text(
        0.012, 0.012, _foot(next(iter(bands.values())).words, stops=len(dotted) > 1), fontsize=SMALL, color=MUTED
    )
    figure.align_ylabels()
    figure.tight_layout(rect=(0.0, 0.035, 1.0, 1.0))
    return figure


def _years(life: BodyResult) -> np.ndarray:
    return life.levels["time_min"].to_numpy() / DAY_MIN / YEAR_D


def _foot(band: str, *, stops: bool) -> str:
    begins = "the intervention begins and stops" if stops else "the intervention begins"
    return (
        f"Line: the middle size of the effect. Band: {band} of that size. "
        f"Dashed: untreated. Dotted: {begins}. Grey: 7.0 mM, diabetes; to {_MOST_MM:g} mM at most.\n"
        "How each acts on the model is in large part an assumption (data/interventions.toml). "
        "A research and teaching model of a person who does not exist; not medical advice."
    )
