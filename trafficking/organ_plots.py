"""The figure of the organs: what each does with the signal of its receptors, over the years."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from trafficking.physiology import YEAR_D
from trafficking.plots import GRID, INK, MUTED, SMALL, TEXT, plain, titled

_COLOURS = ("#0072b2", "#d55e00", "#009e73")
_DASHES = ("-", "--", ":")
_PANELS = {
    "Muscle": {
        "muscle_glut4": "GLUT4 at the surface",
        "muscle_uptake": "uptake at equal glucose",
        "muscle_glycogen": "glycogen storage",
    },
    "Liver": {
        "liver_output": "glucose output",
        "liver_lipogenesis": "lipogenesis",
        "liver_glycogen": "glycogen storage",
    },
    "Adipose": {
        "adipose_glut4": "GLUT4 at the surface",
        "adipose_lipolysis": "lipolysis",
        "adipose_fatty_acids": "free fatty acids",
    },
    "Ovary": {"ovary_androgen": "androgen"},
    "Pancreas": {"pancreas_secretion": "secretion", "pancreas_capacity": "beta-cell mass"},
    "Sex hormones of men": {"men_testosterone": "testosterone", "men_oestradiol": "oestradiol"},
}


def organs(table: pd.DataFrame, title: str) -> Figure:
    """Six panels of read-outs, healthy = 1.

    Args:
        table: of `readouts.readouts`.
    """
    figure = Figure(figsize=(11.0, 6.6), facecolor="white")
    titled(figure, title)
    panels = np.ravel(figure.subplots(2, 3, sharex=True))
    years = table["time_min"].to_numpy() / 1440.0 / YEAR_D
    for panel, (organ, columns) in zip(panels, _PANELS.items(), strict=True):
        panel.axhline(1.0, color=MUTED, linewidth=0.9)
        for (column, words), colour, dashes in zip(columns.items(), _COLOURS, _DASHES, strict=False):
            panel.plot(years, table[column], color=colour, linestyle=dashes, linewidth=2.0, label=words)
        panel.set_title(organ, fontsize=TEXT, color=INK, loc="left")
        plain(panel)
        panel.grid(color=GRID, linewidth=0.8)
        panel.set_xlim(years[0], years[-1])
        panel.set_ylim(bottom=0.0, top=1.35 * max(float(table[list(columns)].max().max()), 1.0))
        panel.legend(fontsize=SMALL, frameon=False, loc="upper left")
    for panel in panels[3:]:
        panel.set_xlabel("Years", color=INK, fontsize=TEXT)
    for panel in panels[::3]:
        panel.set_ylabel("Relative to healthy", color=INK, fontsize=TEXT - 1.0)
    words = "In the person's own insulin. Directions have sources, sizes are assumptions; not medical advice."
    figure.text(0.02, 0.012, words, fontsize=SMALL, color=MUTED, va="bottom")
    figure.tight_layout(rect=(0.0, 0.035, 1.0, 1.0))
    return figure
