"""An itinerary as a picture of a cell: a box for each state in its compartment, a curve for each arrow.

Any itinerary can be drawn. Boxes stand in rows from the membrane down; each curve is bent until it passes no other box
and its label hides nothing. All lengths are in the units of the picture, whose width is `WIDTH`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trafficking.itinerary import Itinerary, State

WIDTH = 1200.0
BOX = (190.0, 54.0)
LABEL = (104.0, 34.0)
_NUCLEUS = State("nucleus ", "nucleus")  # the blank: no state can be called so
_GAP = 30.0  # between boxes, and from a box to the edge of its compartment
_ROW = 150.0  # between two rows of compartments: room for arrows and their labels
_SIDE = 22.0  # from the picture's edge
_BENDS = (0.0, 0.14, -0.14, 0.26, -0.26, 0.4, -0.4, 0.56, -0.56, 0.75, -0.75, 1.0, -1.0, 1.3, -1.3)
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)  # along a curve, where its label may sit
_ALONG = np.linspace(0.0, 1.0, 40)
_FEW = 40  # arrows; more are drawn with fewer ways tried
_TRIED = 30  # of the ways for a curve, with its label
_SLOTS = (0.0, 0.3, -0.3)  # along the side of a box, where an arrow may leave or enter

# Compartments in rows, each with the share of the width that it has.
_ROWS = (
    (("membrane", 1.0),),
    (("recycling", 0.3), ("early_endosome", 0.7)),
    (("nucleus", 0.22), ("biosynthetic", 0.25), ("lysosome", 0.36), ("out", 0.28)),
)
NAMES = {
    "membrane": "Cell surface",
    "early_endosome": "Early endosome",
    "recycling": "Recycling endosome",
    "lysosome": "Lysosome",
    "nucleus": "Nucleus",
    "biosynthetic": "On the way to the surface",
    "out": "Degraded",
}


@dataclass(frozen=True)
class Area:
    """A compartment: its name and the rectangle that it has."""

    compartment: str
    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Box:
    """A state: where its box has its centre."""

    name: str
    words: str
    compartment: str
    bound: bool
    x: float
    y: float


@dataclass(frozen=True)
class Curve:
    """An arrow: a quadratic curve (start, control, end) and the centre of its label."""

    name: str
    words: str
    points: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    label: tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """The whole picture: boxes as `itinerary.states`, curves as `itinerary.transitions`.

    nucleus: the centre of the place where receptors are made; None where none are.
    """

    height: float
    areas: tuple[Area, ...]
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]
    nucleus: tuple[float, float] | None


Ends = tuple[str, str | None, str]  # of an arrow: its name, source and target


def words(name: str) -> str:
    """A state or an arrow as people say it."""
    return name.replace("_", " ")


def draw(itinerary: Itinerary) -> Drawing:
    """The picture of an itinerary, the same each time and whatever its rates."""
    return _drawn(itinerary.states, tuple((arrow.name, arrow.source, arrow.target) for arrow in itinerary.transitions))


@lru_cache(maxsize=32)
def _drawn(states: tuple[State, ...], arrows: tuple[Ends, ...]) -> Drawing:
    made = [_NUCLEUS] if any(source is None for _, source, _ in arrows) else []
    areas, boxes, height = _placed([*states, *made])
    curves = _routed([(name, source or _NUCLEUS.name, target) for name, source, target in arrows], boxes, height)
    where = (boxes[-1].x, boxes[-1].y) if made else None
    return Drawing(height, areas, boxes[: len(states)], curves, where)


# -- boxes -------------------------------------------------------------------------------------------------------------


def _placed(states: Sequence[State]) -> tuple[tuple[Area, ...], tuple[Box, ...], float]:
    areas: list[Area] = []
    spots: dict[str, tuple[float, float]] = {}
    top = _SIDE
    for row in _ROWS:
        here = [(name, share, [s for s in states if s.compartment == name]) for name, share in row]
        here = [(name, share, inside) for name, share, inside in here if inside]
        if not here:
            continue
        whole = sum(share for _, share, _ in here)
        left, deepest = _SIDE, 0.0
        room = WIDTH - 2 * _SIDE - _GAP * (len(here) - 1)
        for name, share, inside in here:
            width = room * share / whole
            height = _fill(inside, left, top, width, spots)
            areas.append(Area(name, NAMES[name], left, top, width, height))
            deepest = max(deepest, height)
            left += width + _GAP
        top += deepest + _ROW
    boxes = tuple(Box(s.name, words(s.name), s.compartment, s.bound, *spots[s.name]) for s in states)
    return tuple(areas), boxes, top - _ROW + _SIDE


def _fill(
    inside: Sequence[State], left: float, top: float, width: float, spots: dict[str, tuple[float, float]]
) -> float:
    """Places the boxes of one compartment, free receptors first; its height."""
    ordered = sorted(inside, key=lambda state: state.bound)
    fitting = max(int((width - _GAP) // (BOX[0] + _GAP)), 1)
    columns = min(len(ordered), fitting)
    rows = math.ceil(len(ordered) / columns)
    for i, state in enumerate(ordered):
        row, column = divmod(i, columns)
        spots[state.name] = (
            left + width * (column + 0.5) / columns,
            top + 34.0 + BOX[1] / 2 + row * (BOX[1] + _GAP),
        )
    return 34.0 + rows * (BOX[1] + _GAP) - _GAP + 18.0


# -- curves ------------------------------------------------------------------------------------------------------------


class _Taken:
    """What is drawn already, and how much new curves or a label would hide of it."""

    def __init__(self, boxes: Sequence[Box], height: float) -> None:
        self.centres = np.array([[box.x, box.y] for box in boxes])
        self.names = [box.name for box in boxes]
        self.height = height
        self.labels = np.zeros((0, 2))
        self.curves = np.zeros((0, 2))
        self.ends = np.zeros((0, 2))

    def costs(self, paths: np.ndarray, own: set[str]) -> np.ndarray:
        """(m,) for (m, n, 2) points along curves between the boxes in `own`."""
        others = np.array([name not in own for name in self.names])
        inside = (np.abs(paths[:, :, None] - self.centres) < np.array(BOX) / 2 + 9.0).all(axis=3)
        hidden = inside[:, :, others].sum(axis=(1, 2)) + inside[:, 4:-4, ~others].sum(axis=(1, 2))
        low, high = paths < 6.0, paths > np.array([WIDTH, self.height]) - 6.0
        outside = (low | high).any(axis=2).sum(axis=1)
        near = _near(paths[:, 6:-6:2], self.curves, 12.0)
        meets = _near(paths[:, [0, -1]], self.ends, 16.0)
        crossed = (np.abs(paths[:, ::2, None] - self.labels) < np.array(LABEL) / 2).all(axis=3).sum(axis=(1, 2))
        return 40.0 * hidden + 60.0 * outside + 3.2 * near + 12.0 * crossed + 25.0 * meets

    def label_costs(self, spots: np.ndarray) -> np.ndarray:
        """(k,) for the (k, 2) centres of a label."""
        half = np.array(LABEL) / 2
        over_boxes = (np.abs(spots[:, None] - self.centres) < np.array(BOX) / 2 + half + 3.0).all(axis=2).sum(axis=1)
        over_labels = (np.abs(spots[:, None] - self.labels) < 2.0 * half + 3.0).all(axis=2).sum(axis=1)
        over_curves = (np.abs(spots[:, None] - self.curves) < half).all(axis=2).sum(axis=1)
        outside = ((spots < half) | (spots > np.array([WIDTH, self.height]) - half)).any(axis=1)
        return 60.0 * over_boxes + 50.0 * over_labels + 2.0 * over_curves + 100.0 * outside

    def add(self, path: np.ndarray, label: np.ndarray) -> None:
        self.curves = np.vstack([self.curves, path])
        self.ends = np.vstack([self.ends, path[[0, -1]]])
        self.labels = np.vstack([self.labels, label])


def _near(paths: np.ndarray, others: np.ndarray, distance: float) -> np.ndarray:
    """(m,) points of each of (m, n, 2) paths that come close to (k, 2) points drawn already."""
    return (np.abs(paths[:, :, None] - others) < distance).all(axis=3).any(axis=2).sum(axis=1)


def _routed(arrows: Sequence[tuple[str, str, str]], boxes: Sequence[Box], height: float) -> tuple[Curve, ...]:
    spots = {box.name: np.array([box.x, box.y]) for box in boxes}
    taken = _Taken(boxes, height)
    few = len(arrows) <= _FEW
    # Short arrows first: they have the fewest ways.
    order = sorted(range(len(arrows)), key=lambda i: (np.linalg.norm(spots[arrows[i][2]] - spots[arrows[i][1]]), i))
    found: dict[int, Curve] = {}
    for i in order:
        name, source, target = arrows[i]
        points, label = _best(spots[source], spots[target], {source, target}, taken, few)
        taken.add(_path(points[None])[0], label)
        start, control, end, spot = ((round(float(x), 1), round(float(y), 1)) for x, y in (*points, label))
        found[i] = Curve(name, words(name), (start, control, end), spot)
    return tuple(found[i] for i in range(len(arrows)))


def _best(begin: np.ndarray, end: np.ndarray, own: set[str], taken: _Taken, few: bool) -> tuple[np.ndarray, np.ndarray]:
    """Start, control and end (3, 2), and the centre of the label (2,)."""
    ways = list(_ways(begin, end, few))
    points = np.array([way for way, _ in ways])
    costs = taken.costs(_path(points), own) + np.array([strain for _, strain in ways])
    best, chosen = math.inf, (points[0], points[0, 1])
    for i in np.argsort(costs, kind="stable")[:_TRIED]:
        labels = _path(points[i][None], np.array(_PLACES))[0]
        extra = taken.label_costs(labels) + 4.0 * np.abs(np.array(_PLACES) - 0.5)
        place = int(np.argmin(extra))
        if costs[i] + extra[place] < best:
            best, chosen = costs[i] + extra[place], (points[i], labels[place])
    return chosen


def _ways(begin: np.ndarray, end: np.ndarray, few: bool) -> Iterator[tuple[tuple[np.ndarray, ...], float]]:
    """Curves that an arrow may take, each with how far it is from straight; not all of them where arrows are many."""
    normal = np.array([begin[1] - end[1], end[0] - begin[0]])
    slots = _SLOTS if few else _SLOTS[:1]
    for bend in _BENDS if few else _BENDS[:7]:
        for out in slots:
            for into in slots:
                shift_out, shift_in = np.array([out * BOX[0], 0.0]), np.array([into * BOX[0], 0.0])
                control = (begin + shift_out + end + shift_in) / 2 + bend * normal
                points = _leave(begin, shift_out, control), control, _leave(end, shift_in, control)
                yield points, 14.0 * abs(bend) + 4.0 * (abs(out) + abs(into)) + 4.0 * abs(out - into)


def _leave(centre: np.ndarray, shift: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Where the line from a point in a box, `shift` from its centre, to another point leaves the box."""
    from_here = centre + shift
    way = towards - from_here
    half = np.array(BOX) / 2
    shares = [
        (math.copysign(half[axis], way[axis]) - shift[axis]) / way[axis] for axis in (0, 1) if abs(way[axis]) > 1e-9
    ]
    return from_here + way * min(shares, default=0.0)


def _path(points: np.ndarray, shares: np.ndarray = _ALONG) -> np.ndarray:
    """(m, n, 2) points at (n,) shares along the curves of (m, 3, 2) starts, controls and ends."""
    t = shares[None, :, None]
    start, control, end = (points[:, i, None] for i in range(3))
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
