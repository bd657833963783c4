"""Where the parts of a picture lie on the page: plots (grader.plots) to SVG coordinates, in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..plots import Chart, Graph, Node, Plot

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 328, 8, 148
STEP_X, STEP_Y, BOX_X, BOX_Y = 92, 74, 70, 38  # of a graph


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Axes:
    """A chart. `bars` are (x, y, width, height); `line` and `wanted` SVG paths, `points` (x, y)."""

    chart: Chart
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    bars: tuple[tuple[float, float, float, float], ...]
    line: str
    points: tuple[tuple[float, float], ...]
    wanted: str
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Box:
    node: Node
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Boxes:
    """A graph. `lines` are (x1, y1, x2, y2), from the border of one box to the border of another."""

    graph: Graph
    boxes: tuple[Box, ...]
    lines: tuple[tuple[float, float, float, float], ...]
    width: int
    height: int
    box_x: int = BOX_X
    box_y: int = BOX_Y


Drawing = Axes | Boxes


def drawn(plot: Plot) -> Drawing:
    return _boxes(plot) if isinstance(plot, Graph) else _axes(plot)


def _axes(chart: Chart) -> Axes:
    low, high = _limits(chart)
    first, last = chart.x[0], chart.x[-1]

    def across(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - first) / ((last - first) or 1.0), 1)

    def up(value: float) -> float:
        inside = min(max(value, low), high)  # what lies beyond is drawn at the edge
        return round(BOTTOM - (BOTTOM - TOP) * (inside - low) / (high - low), 1)

    own, others = chart.series[0].values, chart.series[1].values if len(chart.series) > 1 else ()
    steps = list(zip(chart.x, chart.x[1:], strict=False))
    bars, line, wanted = [], "", ""
    points: list[tuple[float, float]] = []
    if chart.bars:
        for (start, end), value in zip(steps, own, strict=False):
            if value:
                top = up(value)
                width = round(max(across(end) - across(start) - 1, 1), 1)
                bars.append((across(start), top, width, round(up(0.0) - top, 1)))
        tops = zip(steps, others, strict=False)
        corners = [point for (start, end), value in tops for point in ((start, value), (end, value))]
        wanted = _path([None if y is None else (across(x), up(y)) for x, y in corners])
    else:
        places = [None if y is None else (across(x), up(y)) for x, y in zip(chart.x, own, strict=False)]
        points, line = [place for place in places if place], _path(places)
        wanted = _path([None if y is None else (across(x), up(y)) for x, y in zip(chart.x, others, strict=False)])
    x_ticks = tuple(Tick(across(value), _text(value)) for value in nice_numbers(first, last))
    y_ticks = tuple(Tick(up(value), _text(value)) for value in nice_numbers(low, high))
    return Axes(chart, x_ticks, y_ticks, tuple(bars), line, tuple(points), wanted)


def _limits(chart: Chart) -> tuple[float, float]:
    """All of what is wanted, and zero; of the student's numbers, what lies at most one such height beyond."""
    own = [value for value in chart.series[0].values if value is not None]
    wanted = [value for value in chart.series[-1].values if value is not None]
    low, high = min([0.0, *wanted]), max([0.0, *wanted])
    size = (high - low) or 1.0
    low, high = max(min([low, *own]), low - size), min(max([high, *own]), high + size)
    return low, high if high > low else low + 1.0


def nice_numbers(low: float, high: float) -> list[float]:
    """Three to six round numbers between low and high, for an axis."""
    rough = (high - low) / 3
    if not (math.isfinite(rough) and rough > 0):
        return [low]
    unit = 10.0 ** math.floor(math.log10(rough))
    step = max(factor * unit for factor in (1, 2, 5) if factor * unit <= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _text(value: float) -> str:
    return f"{value:.3g}".replace("-", "−").replace("e+0", "e") if value else "0"


def _path(places: list[tuple[float, float] | None]) -> str:
    """An SVG path through the places; None is a gap."""
    parts, pen_down = [], False
    for place in places:
        if place is not None:
            parts.append(f"{'L' if pen_down else 'M'}{place[0]:g} {place[1]:g}")
        pen_down = place is not None
    return "".join(parts)


def _boxes(graph: Graph) -> Boxes:
    boxes = {node.name: Box(node, 8 + node.column * STEP_X, 8 + node.row * STEP_Y) for node in graph.nodes}
    lines = [_arrow(boxes[start], boxes[end]) for start, end in graph.arrows if start in boxes and end in boxes]
    width = 16 + max((node.column for node in graph.nodes), default=0) * STEP_X + BOX_X
    height = 16 + max((node.row for node in graph.nodes), default=0) * STEP_Y + BOX_Y
    return Boxes(graph, tuple(boxes.values()), tuple(lines), width, height)


def _arrow(start: Box, end: Box) -> tuple[float, float, float, float]:
    """From border to border along the line between the middles."""
    x, y, dx, dy = start.x + BOX_X / 2, start.y + BOX_Y / 2, end.x - start.x, end.y - start.y
    share = min(BOX_X / 2 / max(abs(dx), 1e-9), BOX_Y / 2 / max(abs(dy), 1e-9), 0.5)
    ends = (x + share * dx, y + share * dy, x + (1 - share) * dx, y + (1 - share) * dy)
    return tuple(round(value, 1) for value in ends)  # type: ignore[return-value]
