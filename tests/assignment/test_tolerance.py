"""Is the one rule by which numbers are judged what its docstring says?"""

import checks
import numpy as np
import pytest
import tolerance

U = 2.0**-53


def test_an_error_is_measured_in_units_of_what_rounding_can_do():
    """Is the allowance 16 (sqrt(N) + 1) roundings of the scale?"""
    assert tolerance.rounding_constant(9) == 64.0
    ratio = tolerance.times_tolerance(np.array([1.0 + 64 * U]), np.array([1.0]), np.array([2.0]), 9)
    assert ratio[0] == pytest.approx(0.5)


def test_single_precision_allows_more():
    """Does the unit follow the dtype?"""
    double, single = (tolerance.times_tolerance(1.0 + 1e-6, 1.0, 1.0, 4, dtype) for dtype in (np.float64, np.float32))
    assert single < 1.0 < double
    assert double / single == pytest.approx(2.0**29)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_infinitely_wrong(bad):
    """Can NaN, which compares as neither larger nor smaller, slip through?"""
    assert tolerance.times_tolerance(np.array([bad, 1.0]), np.ones(2), np.ones(2), 4).tolist() == [np.inf, 0.0]


def test_zero_scale_demands_equality():
    """Is an answer that cannot be rounded, such as a gradient of a zero dout, held to be exact?"""
    assert tolerance.times_tolerance(np.array([0.0, 1e-300]), np.zeros(2), np.zeros(2), 4).tolist() == [0.0, np.inf]


def test_there_is_one_rule():
    """Do the checks, and the hidden tests which import it from there, use this function and no other?"""
    assert checks.times_tolerance is tolerance.times_tolerance
    assert checks.rounding_constant is tolerance.rounding_constant
