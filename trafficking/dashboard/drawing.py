"""An itinerary as a picture of a cell: a box for each state in its compartment, a curve for each arrow.

Any itinerary can be drawn. Boxes stand in rows from the membrane down; each curve is bent until it passes no other box
and its label hides nothing. All lengths are in the units of the picture, whose width is `WIDTH`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trafficking.itinerary import Itinerary, State, Transition

WIDTH = 1200.0
BOX = (176.0, 54.0)
LABEL = (104.0, 34.0)
_GAP = 30.0  # between boxes, and from a box to the edge of its compartment
_ROW = 150.0  # between two rows of compartments: room for arrows and their labels
_SIDE = 22.0  # from the picture's edge
_BENDS = (0.0, 0.14, -0.14, 0.26, -0.26, 0.4, -0.4, 0.56, -0.56, 0.75, -0.75, 1.0, -1.0, 1.3, -1.3)
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)  # along a curve, where its label may sit
_STEPS = 40
_SLOTS = (0.0, 0.3, -0.3)  # along the side of a box, where an arrow may leave or enter

# Compartments in rows, each with the share of the width that it has.
_ROWS = (
    (("membrane", 1.0),),
    (("recycling", 0.3), ("early_endosome", 0.7)),
    (("biosynthetic", 0.3), ("lysosome", 0.4), ("out", 0.3)),
)
NAMES = {
    "membrane": "Cell surface",
    "early_endosome": "Early endosome",
    "recycling": "Recycling endosome",
    "lysosome": "Lysosome",
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
    source: str | None
    target: str


@dataclass(frozen=True)
class Drawing:
    """The whole picture; areas, boxes as `itinerary.states`, curves as `itinerary.transitions`."""

    height: float
    areas: tuple[Area, ...]
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def words(name: str) -> str:
    """A state or an arrow as people say it."""
    return name.replace("_", " ")


def draw(itinerary: Itinerary) -> Drawing:
    """The picture of an itinerary, the same each time."""
    areas, boxes, height = _placed(itinerary.states)
    curves = _routed(itinerary.transitions, boxes, height)
    return Drawing(height, areas, boxes, curves)


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
            if name == "out" or (len(here) == 1 and name != "membrane"):
                width = min(width, room * share + 0.1)
            height = _fill(inside, left, top, width, spots)
            areas.append(Area(name, NAMES[name], left, top, width, height))
            deepest = max(deepest, height)
            left += width + _GAP
        top += deepest + _ROW
    boxes = tuple(Box(s.name, words(s.name), s.compartment, s.bound, *spots[s.name]) for s in states)
    return tuple(areas), boxes, top - _ROW + _SIDE


def _fill(inside: Sequence[State], left: float, top: float, width: float, spots: dict[str, tuple[float, float]]) -> float:
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
    """What is drawn already, and how much a new curve or label would hide of it."""

    def __init__(self, boxes: Sequence[Box], height: float) -> None:
        self.centres = np.array([[box.x, box.y] for box in boxes])
        self.names = [box.name for box in boxes]
        self.height = height
        self.labels = np.zeros((0, 2))
        self.curves = np.zeros((0, 2))
        self.ends = np.zeros((0, 2))

    def hidden_boxes(self, path: np.ndarray, own: set[str]) -> int:
        """Points of a path that lie in the boxes of other states."""
        far = np.abs(path[:, None, :] - self.centres[None]) - (np.array(BOX) / 2 + 9.0)
        inside = (far < 0.0).all(axis=2)
        others = np.array([name not in own for name in self.names])
        return int(inside[:, others].sum()) + int((inside[4:-4] & ~others).sum())

    def cost(self, path: np.ndarray, own: set[str]) -> float:
        outside = (path < 6.0).any(axis=1) | (path[:, 0] > WIDTH - 6.0) | (path[:, 1] > self.height - 6.0)
        near = _near(path[6:-6], self.curves, 12.0)
        crossed = self._crossed(path)
        meets = _near(path[[0, -1]], self.ends, 16.0)
        return 40.0 * self.hidden_boxes(path, own) + 60.0 * outside.sum() + 1.6 * near + 6.0 * crossed + 25.0 * meets

    def _crossed(self, path: np.ndarray) -> int:
        if not len(self.labels):
            return 0
        far = np.abs(path[:, None, :] - self.labels[None]) - np.array(LABEL) / 2
        return int((far < 0.0).all(axis=2).sum())

    def label_cost(self, spot: np.ndarray, path: np.ndarray) -> float:
        over_boxes = (np.abs(self.centres - spot) < (np.array(BOX) + np.array(LABEL)) / 2 + 3.0).all(axis=1).sum()
        over_labels = 0
        if len(self.labels):
            over_labels = (np.abs(self.labels - spot) < np.array(LABEL) + 3.0).all(axis=1).sum()
        over_curves = (np.abs(self.curves - spot) < np.array(LABEL) / 2).all(axis=1).sum() if len(self.curves) else 0
        edge = np.array([WIDTH, self.height]) - np.array(LABEL) / 2
        outside = bool((spot < np.array(LABEL) / 2).any() or (spot > edge).any())
        return 60.0 * over_boxes + 50.0 * over_labels + 2.0 * over_curves + 100.0 * outside

    def add(self, path: np.ndarray, label: np.ndarray) -> None:
        self.curves = np.vstack([self.curves, path])
        self.ends = np.vstack([self.ends, path[[0, -1]]])
        self.labels = np.vstack([self.labels, label])


def _near(path: np.ndarray, others: np.ndarray, distance: float) -> int:
    """Points of a path that come close to points drawn already."""
    if not len(others):
        return 0
    return int((np.abs(path[:, None, :] - others[None]).max(axis=2) < distance).any(axis=1).sum())


def _routed(arrows: Sequence[Transition], boxes: Sequence[Box], height: float) -> tuple[Curve, ...]:
    spots = {box.name: np.array([box.x, box.y]) for box in boxes}
    taken = _Taken(boxes, height)
    # Short arrows first: they have the fewest ways.
    order = sorted(range(len(arrows)), key=lambda i: (_length(arrows[i], spots), i))
    found: dict[int, Curve] = {}
    for i in order:
        arrow = arrows[i]
        points, label = _best(arrow, spots, taken)
        taken.add(_path(*points), label)
        ends = tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)
        spot = (round(float(label[0]), 1), round(float(label[1]), 1))
        found[i] = Curve(arrow.name, words(arrow.name), ends, spot, arrow.source, arrow.target)  # type: ignore[arg-type]
    return tuple(found[i] for i in range(len(arrows)))


def _length(arrow: Transition, spots: dict[str, np.ndarray]) -> float:
    if arrow.source is None:
        return 0.0
    return float(np.linalg.norm(spots[arrow.target] - spots[arrow.source]))


def _best(
    arrow: Transition, spots: dict[str, np.ndarray], taken: _Taken
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    best, chosen = math.inf, None
    own = {arrow.target} if arrow.source is None else {arrow.source, arrow.target}
    for points, strain in _ways(arrow, spots):
        path = _path(*points)
        cost = taken.cost(path, own) + strain
        if cost >= best:
            continue
        label, extra = min(
            ((spot, taken.label_cost(spot, path) + 4.0 * abs(t - 0.5)) for t in _PLACES for spot in [_at(*points, t)]),
            key=lambda pair: pair[1],
        )
        if cost + extra < best:
            best, chosen = cost + extra, (points, label)
    assert chosen is not None  # the first way is always taken
    return chosen


def _ways(arrow: Transition, spots: dict[str, np.ndarray]):  # type: ignore[no-untyped-def]
    """Curves that an arrow may take, each with how far it is from straight."""
    end = spots[arrow.target]
    if arrow.source is None:
        for slot in (*_SLOTS, 0.42, -0.42):
            foot = end + np.array([slot * BOX[0], 0.0])
            for start in (foot + np.array([0.0, 128.0]), foot + np.array([-190.0, 60.0]), foot + np.array([190.0, 60.0])):
                yield (start, (start + foot) / 2, _leave(end, foot - end, start)), 3.0 * abs(slot)
        return
    begin = spots[arrow.source]
    across = end - begin
    normal = np.array([-across[1], across[0]])
    for bend in _BENDS:
        for out in _SLOTS:
            for into in _SLOTS:
                shift_out, shift_in = np.array([out * BOX[0], 0.0]), np.array([into * BOX[0], 0.0])
                control = (begin + shift_out + end + shift_in) / 2 + 2.0 * bend * normal * 0.5
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


def _at(start: np.ndarray, control: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def _path(start: np.ndarray, control: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n, 2) points along a curve."""
    t = np.linspace(0.0, 1.0, _STEPS)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
