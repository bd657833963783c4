"""The map of errors: small whatever the array, coarse enough to give nothing away."""

from __future__ import annotations

import numpy as np
import pytest

from grader.checking import MAP_SIDE, map_of_errors
from grader.verdict import CaseResult, Status, Verdict


def test_letters_say_how_far_off_each_element_is() -> None:
    """Is each element shown as allowed, as a power of ten, or as not finite?"""
    ratio = np.array([[0.0, 1.0, 1.5], [10.0, 11.0, 1e30], [np.nan, np.inf, 0.5]])
    assert map_of_errors(ratio) == ("..1", "129", "xx.")


@pytest.mark.parametrize("shape", [(2000, 3), (3, 2000), (17, 17), (5000,), (1, 1), (16, 16)])
def test_map_is_small_and_shows_the_worst_of_each_block(shape: tuple[int, ...]) -> None:
    """Does one wrong element of a large array still show, on a map of a bounded size?"""
    for place in (0, -1):
        ratio = np.zeros(shape)
        ratio.flat[place] = 1e4
        rows = map_of_errors(ratio)
        assert len(rows) <= MAP_SIDE
        assert {len(row) for row in rows} == {min(MAP_SIDE, shape[-1])}
        assert "".join(rows).replace(".", "") == "4"


def test_other_shapes_have_no_map() -> None:
    """Is there none where it could not be drawn?"""
    assert map_of_errors(np.zeros((2, 2, 2))) == map_of_errors(np.zeros(())) == map_of_errors(np.zeros((0, 3))) == ()


def test_map_survives_the_file() -> None:
    """Is the map the same after writing and reading?"""
    case = CaseResult("c/1", "c", "t", Status.FAIL, 0.0, 1.0, errors=(".1", "x9"))
    verdict = Verdict("a", "s", "", "", "", "", (case,))
    assert Verdict.from_json(verdict.to_json()).cases == (case,)
