"""Figures for print from the tables of a run. Colours are those of Okabe & Ito; no line is told by its colour alone.

Figures are made without pyplot, so that threads, servers and notebooks can draw at the same time.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from trafficking import units
from trafficking.half_times import HalfTimes, Step, clock_words
from trafficking.results import COLUMNS, Result, percent_of
from trafficking.scenario import Scenario
from trafficking.treatments import describe

INK = "#1d2730"
MUTED = "#5d6873"
GRID = "#e4e8eb"
INSULIN = "#6b5b95"
TINT = "#f3f0f8"
SMALL, TEXT, TITLE = 8.5, 10.0, 15.0  # points
SIZE = (11.0, 6.2)  # inches
_CAPTION = 0.3  # inches, the height of its strip
_NAMES_WIDTH = 1.32  # inches, for the names of the curves
_LONGEST = 125  # letters in a line across the figure
_LONGEST_TITLE = 80  # the same, as large as titles are
_MOST_POINTS = 6_000  # of one line; a page has no more
_MOST_EDGES = 150  # beyond them lines as thick as usual would fill the strip


@dataclass(frozen=True)
class Stroke:
    """How the curve of a compartment is drawn."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()


STROKES = {
    "live": Stroke("#59636e", 1.4, (5.0, 2.2)),
    "surface": Stroke("#0072b2", 2.8),
    "early_endosome": Stroke("#d55e00", 1.9, (4.6, 1.6)),
    "lysosome": Stroke("#b8578f", 1.7, (6.0, 1.8, 1.2, 1.8)),
    "recycling": Stroke("#009e73", 1.8, (1.2, 1.4)),
}
_NAMES = {"live": "Total without\nlysosome", "recycling": "Recycling\nendosome", "early_endosome": "Early\nendosome"}


def depletion(result: Result) -> Figure:
    """The two clocks in one figure: the hour after insulin steps up, and the whole run, on one scale.

    Curves are in % of the reference's surface receptors (left) and in receptors (right). Above them stands the insulin.
    Rings are what the scenario expects, where it says so. A short run has one panel.
    """
    scenario, clocks = result.scenario, result.half_times
    step = clocks.step
    start = step.at_min if step else 0.0
    figure = Figure(figsize=SIZE, facecolor="white")
    whole_span = (0.0 - start, scenario.duration_min - start)
    two = whole_span[1] > 180.0
    left, right, bottom, top = 0.075, 0.905, 0.115, 0.715
    strip = (0.742, 0.098)
    if two:
        first_span = (max(-10.0, whole_span[0]), min(60.0, whole_span[1]))
        boxes = [(left, 0.315, first_span, 1.0), (0.505, right - 0.505, whole_span, _scale(whole_span))]
    else:
        boxes = [(left, right - left - _NAMES_WIDTH / SIZE[0], whole_span, 1.0)]
    panels: list[Axes] = []
    for number, (x, width, span, scale) in enumerate(boxes):
        panel = figure.add_axes((x, bottom, width, top - bottom), sharey=panels[0] if panels else None)
        above = figure.add_axes((x, strip[0], width, strip[1]))
        _draw_panel(panel, result, start, span, scale)
        _draw_insulin(above, scenario, start, span, scale, step, words=number == len(boxes) - 1)
        _draw_time_axis(panel, span, scale, step)
        panels.append(panel)
    _draw_scales(panels, result)
    _draw_clocks(panels, result, clocks, start, [scale for *_, scale in boxes])
    _draw_names(panels[0], result, start + boxes[0][2][1])
    heading(figure, result, left)
    remarks = [describe(treatment) for treatment in scenario.treatments]
    remarks += ["Rings: surface as the scenario expects it"] if scenario.expect else []
    remarks += [f"Extrapolated: {sentence}" for sentence in scenario.extrapolated]
    footnote(figure, ". ".join(remarks), left)
    return figure


def render(figure: Figure, kind: str = "png", *, dpi: int = 200, caption: str = "") -> bytes:
    """A figure as a file: png (`dpi` dots per inch), pdf or svg; a caption stands on a strip of its own below it."""
    buffer = io.BytesIO()
    dated: dict[str, dict] = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
    box = None
    if caption:
        width, height = figure.get_size_inches()
        figure.text(0.075, -0.5 * _CAPTION / height, literal(caption), fontsize=SMALL, color=INK, va="center")
        box = Bbox([[0.0, -_CAPTION], [width, height]])
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=dated[kind], bbox_inches=box)
    return buffer.getvalue()


# -- parts of the figure -----------------------------------------------------------------------------------------------


def _draw_panel(panel: Axes, result: Result, start: float, span: tuple[float, float], scale: float) -> None:
    table, whole = result.compartments, _whole(result)
    chosen = _thinned(table["time_min"].to_numpy() - start, span)
    since = (table["time_min"].to_numpy()[chosen] - start) / scale
    for name, stroke in STROKES.items():
        percent = percent_of(table[name].to_numpy()[chosen], whole)
        line = panel.plot(since, percent, color=stroke.colour, linewidth=stroke.width, solid_capstyle="round")[0]
        if stroke.dashes:
            line.set_dashes(stroke.dashes)
            line.set_dash_capstyle("butt")
        line.set_zorder(4 if name == "surface" else 3)
    for expected in result.scenario.expect:
        x = expected.at_min - start
        if span[0] <= x <= span[1]:
            y, colour = expected.surface_percent, STROKES["surface"].colour
            panel.errorbar(x / scale, y, yerr=expected.tolerance, color=colour, elinewidth=1.0, capsize=0, zorder=5)
            panel.plot(x / scale, y, "o", ms=6.5, mfc="white", mec=colour, mew=1.4, zorder=6, clip_on=False)
    panel.set_xlim(span[0] / scale, span[1] / scale)
    panel.grid(color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
    plain(panel)


def _draw_insulin(
    above: Axes,
    scenario: Scenario,
    start: float,
    span: tuple[float, float],
    scale: float,
    step: Step | None,
    words: bool,
) -> None:
    """The strip of insulin; `words` puts its levels beside it."""
    protocol = scenario.protocol
    grid = np.linspace(span[0] + start, span[1] + start, 1_500)
    edges = [edge for edge in protocol.edges if span[0] + start < edge < span[1] + start]
    before = [float(np.nextafter(edge, 0.0)) for edge in edges]
    times = np.unique(np.clip(np.concatenate([grid, edges, before]), 0.0, None))
    insulin = np.array([protocol.value(time) for time in times.tolist()])
    highest, lowest = protocol.max_nM, min((x for x in _levels(scenario) if x > 0.0), default=0.0)
    wide = highest > 50.0 * lowest > 0.0
    if wide:
        above.set_yscale("symlog", linthresh=lowest, linscale=0.4)
    x = (times - start) / scale
    above.fill_between(x, insulin, color=INSULIN, alpha=0.20, linewidth=0.0)
    above.plot(x, insulin, color=INSULIN, linewidth=1.6 if len(edges) < _MOST_EDGES else 0.25)
    above.set_xlim(span[0] / scale, span[1] / scale)
    above.set_ylim(0.0, (highest or 1.0) * (2.0 if wide else 1.12))
    above.set_xticks([])
    above.set_yticks([])
    for side in ("top", "left", "right"):
        above.spines[side].set_visible(False)
    above.spines["bottom"].set_color(GRID)
    if words:
        _draw_dose(above, scenario, span, step)
    else:
        above.set_ylabel("Insulin", rotation=0, ha="right", va="center", color=INSULIN, fontsize=TEXT, labelpad=8)


def _draw_dose(above: Axes, scenario: Scenario, span: tuple[float, float], step: Step | None) -> None:
    """The highest insulin in both units: within its block where that is broad enough, else beside the strip."""
    highest = scenario.protocol.max_nM
    size = f"{units.friendly(highest, 'insulin')}\n{units.activity(highest)} µU/mL" if highest else "none"
    if step is None and highest > scenario.protocol.min_nM:
        size = f"up to\n{size}"
    broad = step is not None and step.until_min - step.at_min > 0.15 * (span[1] - span[0])
    within = broad and step is not None and step.after_nM == highest
    above.annotate(
        size, (0.0 if within else 1.0, 0.5), xycoords=("data" if within else "axes fraction", "axes fraction"),
        xytext=(8, -1), textcoords="offset points", va="center", color=INSULIN, fontsize=SMALL,
        linespacing=1.25, annotation_clip=False,
    )  # fmt: skip


def _draw_time_axis(panel: Axes, span: tuple[float, float], scale: float, step: Step | None) -> None:
    unit = {1.0: "Minutes", 60.0: "Hours", 1440.0: "Days"}[scale]
    after = f" after the step to {units.friendly(step.after_nM, 'insulin')}" if step else ""
    panel.set_xlabel(f"{unit}{after}", color=INK, fontsize=TEXT, labelpad=6)
    width = (span[1] - span[0]) / scale
    sizes = (0.1, 0.2, 0.5, 1, 2, 3, 6, 12, 24) if scale == 60.0 else (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500)
    size = next((size for size in sizes if width / size <= 8.0), width / 8.0)
    first = np.ceil(span[0] / scale / size - 1e-9)
    last = np.floor(span[1] / scale / size + 1e-9)
    panel.xaxis.set_major_locator(FixedLocator((np.arange(first, last + 1) * size).tolist()))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x + 0.0:g}".replace("-", "\N{MINUS SIGN}")))
    if step:
        panel.axvline(0.0, color=INSULIN, linewidth=0.9, zorder=2)
        end = min(step.until_min - step.at_min, span[1]) / scale
        panel.axvspan(0.0, end, color=TINT, zorder=0)


def _draw_scales(panels: Sequence[Axes], result: Result) -> None:
    """One vertical axis for all panels: percent on the left, receptors on the right."""
    whole = _whole(result)
    highest = max(float(result.compartments[name].max()) for name in STROKES)
    rings = [expected.surface_percent + expected.tolerance for expected in result.scenario.expect]
    panels[0].set_ylim(0.0, max(1.08 * percent_of(highest, whole), 105.0, *rings))
    panels[0].yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    words = {"start": "surface at the start"}.get(result.reference.words, f"{result.reference.words} surface")
    what = f"% of {words}" if result.reference.surface else "% of R0"
    panels[0].set_ylabel(literal(f"Receptors, {what}"), color=INK, fontsize=TEXT)
    for panel in panels[1:]:
        panel.tick_params(axis="y", labelleft=False, length=0)
    counts = panels[-1].secondary_yaxis(
        "right" if len(panels) > 1 else 1.0 + _NAMES_WIDTH / _inches(panels[0]),
        functions=(lambda y: np.asarray(y) * (whole / 100.0), lambda n: np.asarray(n) * (100.0 / whole)),
    )
    counts.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    counts.yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    where = "one cell" if result.scenario.cells.number == 1 else "all cells"
    counts.set_ylabel(f"Receptors in {where}", color=INK, fontsize=TEXT)
    counts.tick_params(colors=MUTED, labelsize=SMALL + 0.5, length=3)
    counts.spines["right"].set_color(MUTED)


def _draw_clocks(
    panels: Sequence[Axes], result: Result, clocks: HalfTimes, start: float, scales: Sequence[float]
) -> None:
    """A dot on the curve that each clock is read from, with its half-time."""
    marks = (
        (panels[0], scales[0], "surface", clocks.redistribution_min, "redistribution", (4, -62)),
        (panels[-1], scales[-1], "live", clocks.loss_min, "loss", (20, 18)),
    )
    times, whole = result.compartments["time_min"].to_numpy(), _whole(result)
    for panel, scale, name, half_time, words, offset in marks:
        if half_time is None:
            continue
        level = np.interp(start + half_time, times, result.compartments[name].to_numpy())
        x, y, colour = half_time / scale, percent_of(float(level), whole), STROKES[name].colour
        if y > 0.85 * panel.get_ylim()[1]:
            offset = (offset[0], -26)  # above it there is no room
        panel.plot(x, y, "o", ms=7.5, mfc=colour, mec="white", mew=1.5, zorder=7)
        panel.annotate(
            f"{words}\nhalf-time {clock_words(half_time)}", (x, y), xytext=offset,
            textcoords="offset points", color=colour, fontsize=TEXT, fontweight="bold", va="center", zorder=8,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.9, "shrinkA": 2, "shrinkB": 5},
        )  # fmt: skip


def _draw_names(panel: Axes, result: Result, at_min: float) -> None:
    """The name of each curve where it leaves the panel, moved apart where curves are close."""
    table, whole = result.compartments, _whole(result)
    ends = {
        name: float(percent_of(np.interp(at_min, table["time_min"].to_numpy(), table[name].to_numpy()), whole))
        for name in STROKES
    }
    height = panel.get_ylim()[1]
    names = sorted(ends, key=lambda name: ends[name])
    aside = 1.0 + 0.26 / _inches(panel)
    heights = [0.088 * height if "\n" in _name(name) else 0.05 * height for name in names]
    places = _apart([ends[name] for name in names], heights, 0.0, height)
    for name, place in zip(names, places, strict=True):
        stroke = STROKES[name]
        panel.annotate(
            _name(name), (1.0, ends[name]), xycoords=("axes fraction", "data"), xytext=(aside, place),
            textcoords=("axes fraction", "data"), color=stroke.colour, fontsize=TEXT - 0.5, va="center",
            fontweight="bold" if name == "surface" else "normal", linespacing=1.05, annotation_clip=False,
            # From the middle of its left edge: from the middle of the name a line would cross the name below.
            arrowprops={
                "arrowstyle": "-", "color": stroke.colour, "linewidth": 0.8, "shrinkA": 2, "shrinkB": 1,
                "relpos": (0.0, 0.5),
            },
        )  # fmt: skip


def literal(text: str) -> str:
    """Text for a figure that is to be drawn as it stands: without this a `$` may begin mathematics.

    Whatever a user wrote goes through here, and so do texts into which it is put.
    """
    return text.replace("$", r"\$")


def titled(figure: Figure, text: str, left: float = 0.02) -> None:
    """The title of a figure of several panels."""
    figure.suptitle(literal(text), x=left, ha="left", fontsize=TITLE, fontweight="bold", color=INK)


def heading(figure: Figure, result: Result, left: float) -> None:
    """The title of the scenario, and below it which cell, how large and how simulated."""
    scenario = result.scenario
    title = scenario.title or scenario.name
    points = min(TITLE, TITLE * _LONGEST_TITLE / len(title))
    figure.text(left, 0.945, literal(title), fontsize=points, fontweight="bold", color=INK)
    each = {
        "agents": "every receptor simulated",
        "counts": "random numbers of receptors",
        "mean": "expected numbers",
    }[scenario.resolution]
    cell = scenario.evidence.title or scenario.tissue
    size = scenario.cells.words(scenario.receptors, "without insulin")
    said = [f"{cell[:1].upper()}{cell[1:]}, {size}", each]
    if scenario.resolution != "mean":
        said.append(f"seed {result.seed}")
    text = ", ".join(said)
    figure.text(left, 0.900, literal(text), fontsize=min(TEXT, TEXT * _LONGEST / len(text)), color=MUTED)


def footnote(figure: Figure, text: str, left: float) -> None:
    """A line at the foot, cut to the width of the figure."""
    short = text if len(text) < 150 else f"{text[:147]}..."
    figure.text(left, 0.018, literal(short), fontsize=SMALL, color=MUTED)


# -- small things ------------------------------------------------------------------------------------------------------


def _inches(panel: Axes) -> float:
    return panel.get_position().width * SIZE[0]


def _name(curve: str) -> str:
    return _NAMES.get(curve, COLUMNS[curve].label)


def _whole(result: Result) -> float:
    """Receptors that are 100 %; R0 where the reference has none at the surface."""
    return result.reference.surface or float(result.scenario.receptors * result.scenario.cells.number)


def _levels(scenario: Scenario) -> list[float]:
    return [level for segment in scenario.protocol.segments for level in segment.extremes()]


def _scale(span: tuple[float, float]) -> float:
    """Minutes in the unit of a time axis."""
    return 60.0 if span[1] <= 96 * 60.0 else 1440.0


def _thinned(since: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Indices of the rows within the span and one on either side of it, not more than a page can show."""
    first = max(int(np.searchsorted(since, span[0], side="right")) - 1, 0)
    last = min(int(np.searchsorted(since, span[1])), len(since) - 1)
    return np.unique(np.linspace(first, last, min(last - first + 1, _MOST_POINTS)).round().astype(int))


def _apart(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Places near the `wanted` ones (rising) at which labels of these heights do not overlap, within [low, high]."""
    places: list[float] = []
    floor = low
    for want, height in zip(wanted, heights, strict=True):
        places.append(max(want, floor + 0.5 * height))
        floor = places[-1] + 0.5 * height
    ceiling = high
    for i in reversed(range(len(places))):
        places[i] = min(places[i], ceiling - 0.5 * heights[i])
        ceiling = places[i] - 0.5 * heights[i]
    return places


def plain(panel: Axes) -> None:
    """An axis in the house's way: two spines, muted ticks."""
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(MUTED)
    panel.tick_params(colors=MUTED, labelsize=SMALL + 0.5, length=3)


def ruled(panel: Axes) -> None:
    """`plain`, over a pale grid."""
    plain(panel)
    panel.grid(color=GRID, linewidth=0.8)
    panel.set_axisbelow(True)
