"""Small pictures for a student's page, as data: the assignment makes them, a verdict keeps them, the page draws them.

`solutions/NAME/feedback_plots.py` may have a function `make_plots(student, results)`. It is called once per
submission, after everything is judged, with the student's namespace and the results; it costs and earns no points.
What it draws has to come from inputs that the students have anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

MOST_PLOTS = 8  # of one submission
MOST_VALUES = 64  # numbers of a series, nodes or arrows of a graph
MOST_LETTERS = 400  # of a text


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers with a name. None is a value that is missing or not finite."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over intervals, or points joined by lines.

    It is shown in the section of the graded cell `cell`, with `title` above it; `alt` says in words what can be seen.
    `x` are the places of the points, or the edges of the bars (one more than there are bars). The first series is the
    student's; a second one is what is wanted.
    """

    cell: str
    title: str
    alt: str
    bars: bool
    x_label: str
    x: tuple[float, ...]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A box of a graph at a column and a row, from 0. `state`: "right", "wrong" (outlined), or "open" (not known)."""

    name: str
    column: int
    row: int
    state: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes with arrows between them; an arrow is a pair of names. The other fields are those of `Chart`."""

    cell: str
    title: str
    alt: str
    nodes: tuple[Node, ...]
    arrows: tuple[tuple[str, str], ...]


Plot = Chart | Graph


def bounded(plots: Iterable[Plot]) -> tuple[Plot, ...]:
    """What a verdict keeps of them: few, short, and with numbers that JSON can hold, at four digits."""
    return tuple(_bounded(plot) for plot, _ in zip(plots, range(MOST_PLOTS), strict=False))


def _bounded(plot: Plot) -> Plot:
    words = {"title": plot.title[:MOST_LETTERS], "alt": plot.alt[:MOST_LETTERS]}
    if isinstance(plot, Graph):
        return replace(plot, **words, nodes=plot.nodes[:MOST_VALUES], arrows=plot.arrows[:MOST_VALUES])
    series = tuple(Series(each.label, tuple(map(_number, each.values[:MOST_VALUES]))) for each in plot.series[:2])
    return replace(plot, **words, x=tuple(_number(place) or 0.0 for place in plot.x[: MOST_VALUES + 1]), series=series)


def _number(value: Any) -> float | None:
    rounded = math.nan if value is None else float(f"{value:.4g}")
    return rounded if math.isfinite(rounded) else None  # the largest of numbers are infinite at four digits


def plots_from_json(plots: Iterable[dict[str, Any]]) -> tuple[Plot, ...]:
    return tuple(_graph(plot) if "nodes" in plot else _chart(plot) for plot in plots)


def _chart(plot: dict[str, Any]) -> Chart:
    series = tuple(Series(each["label"], tuple(each["values"])) for each in plot["series"])
    return Chart(**{**plot, "x": tuple(plot["x"]), "series": series})


def _graph(plot: dict[str, Any]) -> Graph:
    nodes = tuple(Node(**node) for node in plot["nodes"])
    return Graph(**{**plot, "nodes": nodes, "arrows": tuple((start, end) for start, end in plot["arrows"])})
