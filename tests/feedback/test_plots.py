"""Pictures on the page: from the assignment through the verdict to SVG, and never a reason for other points."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.feedback.drawing import BOTTOM, TOP, drawn, nice_numbers
from grader.plots import MOST_PLOTS, Chart, Graph, Node, Series, bounded
from grader.verdict import Verdict
from tests import graded, tiny
from tests.feedback.test_pages import Reader


def chart(*values: float | None, wanted: tuple[float, ...] = (0.0, 1.0, 2.0), bars: bool = False) -> Chart:
    return Chart("cell", "t", "a", bars, "x", (0.0, 1.0, 2.0), (Series("yours", values), Series("wanted", wanted)))


def test_pictures_of_the_assignment_are_on_the_page(pages: dict[str, str]) -> None:
    """Are both charts and the graph there, with words, in the section of their cell, open where something is wrong?"""
    page = pages["wrong"]
    for alt in ("A line with &lt;b&gt;", "Four bars", "y comes from x"):
        assert f'role="img" aria-label="{alt}"' in page
    assert '<rect class="wrong"' in page
    assert "✗ y" in Reader(page).text
    assert re.search(r"<details open>\s*<summary>In pictures", page)
    assert re.search(r"<details>\s*<summary>In pictures", pages["right"])
    assert "✓ y" in Reader(pages["right"]).text


def test_code_that_cannot_be_drawn_costs_nothing(class_with_pages: Course, pages: dict[str, str]) -> None:
    """Has a submission whose function returns text no pictures, and the very results that it had?"""
    verdict = Verdict.from_json(graded.verdict_file(class_with_pages, "hostile").read_text(encoding="utf-8"))
    assert verdict.plots == ()
    assert not verdict.infra
    assert len(verdict.cases) == 3
    assert "<svg" not in pages["hostile"]


def test_verdict_keeps_plots(class_with_pages: Course) -> None:
    """Does a verdict read back what it was written with?"""
    text = graded.verdict_file(class_with_pages, "right").read_text(encoding="utf-8")
    verdict = Verdict.from_json(text)
    assert [type(plot) for plot in verdict.plots] == [Chart, Chart, Graph]
    assert verdict.to_json() == text


def test_what_a_verdict_keeps_is_bounded() -> None:
    """Are endless plots, long series, long words, and numbers that JSON cannot hold cut?"""

    def endless() -> Iterator[Chart]:
        while True:
            yield chart(math.nan, math.inf, 1 / 3, sys.float_info.max)

    kept = bounded(endless())
    assert len(kept) == MOST_PLOTS
    assert kept[0].series[0].values == (None, None, 0.3333, None)  # the largest number, at four digits, is infinite
    (long,) = bounded([Chart("c", "t" * 9_999, "a", True, "x", (0.0,) * 9_999, (Series("s", (1.0,) * 9_999),) * 9)])
    assert (len(long.title), len(long.x), len(long.series), len(long.series[0].values)) == (400, 65, 2, 64)


@pytest.mark.parametrize("bars", [False, True])
@pytest.mark.parametrize("values", [(1e300, -1e300, 5.0), (None, None, None), (0.0, 0.0, 0.0), (-7.0, 1e-300, None)])
def test_any_numbers_stay_inside_the_picture(values: tuple[float | None, ...], bars: bool) -> None:
    """Whatever a student's function gave: does it lie between the axes, and can what is wanted still be read?"""
    axes = drawn(chart(*values, bars=bars))
    heights = [y for _, y in axes.points] + [y for _, y, _, _ in axes.bars]
    assert all(TOP <= y <= BOTTOM for y in heights)
    assert {"0", "2"} <= {tick.text for tick in axes.y_ticks}
    assert "nan" not in axes.line + axes.wanted


def test_gaps_break_the_line() -> None:
    """Is a missing value a gap, and not a line across it?"""
    assert drawn(chart(0.0, None, 2.0)).line.count("M") == 2


def test_axis_has_few_round_numbers() -> None:
    """Do ticks fit any range?"""
    for low, high in [(0.0, 1.0), (-2.0, 4.0), (-1e-9, 3e-9), (-62_000.0, 152_000.0), (0.0, 83.0)]:
        assert 3 <= len(nice_numbers(low, high)) <= 7
    assert nice_numbers(1.0, 1.0) == [1.0]


def test_arrow_to_nowhere_is_left_out() -> None:
    """Is a graph with an unknown name, or a single box, still a graph?"""
    one = Graph("c", "t", "a", (Node("x", 0, 0, "open"),), (("x", "y"),))
    assert drawn(one).lines == ()


def test_assignment_without_pictures(tiny_course: Course) -> None:
    """Is the file optional?"""
    assert not Path(tiny_course.solutions / tiny.NAME / "feedback_plots.py").exists()
