"""Does the truth have the properties that batch normalisation has on any input?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from solutions.batchnorm import reference, truth

SIZES = st.tuples(st.integers(2, 12), st.integers(1, 5))
NUMBERS = st.floats(-1e3, 1e3).map(lambda v: round(v, 3))
EPS = st.sampled_from([1e-5, 1e-3, 0.5])


@st.composite
def batches(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """x, gamma, beta, dout, eps."""
    n, d = draw(SIZES)
    matrix, vector = hnp.arrays(np.float64, (n, d), elements=NUMBERS), hnp.arrays(np.float64, d, elements=NUMBERS)
    return draw(matrix), draw(vector), draw(vector), draw(matrix), draw(EPS)


def run(x, gamma, beta, dout, eps) -> tuple[truth.Train, truth.Gradients]:
    lifted = [truth.extended(a) for a in (x, gamma, beta)]
    forward = truth.train(*lifted, truth.extended(eps))
    return forward, truth.backward(forward, lifted[1], truth.extended(dout))


@settings(max_examples=60, deadline=None)
@given(batches())
def test_columns_of_dx_sum_to_zero(batch) -> None:
    """Moving a whole column changes nothing, so its gradient must sum to zero."""
    _, right = run(*batch)
    assert (abs(right.dx.sum(axis=0)) <= 1e-17 * right.dx_scale.sum(axis=0)).all()


@settings(max_examples=60, deadline=None)
@given(batches(), st.floats(-1e3, 1e3))
def test_moving_a_column_changes_nothing(batch, shift: float) -> None:
    """BN(x + c) = BN(x)."""
    x, gamma, beta, dout, eps = batch
    first, second = run(x, gamma, beta, dout, eps)[0], run(truth.extended(x) + shift, gamma, beta, dout, eps)[0]
    assert (abs(first.out - second.out) <= 1e-16 * (first.out_scale + second.out_scale)).all()


@settings(max_examples=60, deadline=None)
@given(batches())
def test_zero_dout_gives_zero_gradients(batch) -> None:
    """Nothing in, nothing out."""
    x, gamma, beta, dout, eps = batch
    _, right = run(x, gamma, beta, 0 * dout, eps)
    assert not right.dx.any()
    assert not right.dgamma.any()
    assert not right.dbeta.any()


@settings(max_examples=60, deadline=None)
@given(batches(), st.floats(-3, 3))
def test_gradients_are_linear_in_dout(batch, factor: float) -> None:
    """The chain rule is linear: dx(d1 + c d2) = dx(d1) + c dx(d2)."""
    x, gamma, beta, dout, eps = batch
    other = np.roll(dout, 1, axis=0)
    both = run(x, gamma, beta, dout + factor * other, eps)[1]
    first, second = run(x, gamma, beta, dout, eps)[1], run(x, gamma, beta, other, eps)[1]
    scale = first.dx_scale + abs(factor) * second.dx_scale + both.dx_scale
    # dout + factor * other is rounded to double before it goes in
    assert (abs(both.dx - first.dx - factor * second.dx) <= 1e-15 * scale).all()


@settings(max_examples=60, deadline=None)
@given(batches())
def test_normalised_columns_have_mean_zero_and_variance_below_one(batch) -> None:
    """The mean of x_hat is 0 and its variance is var / (var + eps)."""
    forward, _ = run(*batch)
    n = forward.x_hat.shape[0]
    assert (abs(forward.x_hat.sum(axis=0)) / n <= 1e-17 * forward.x_hat_scale.max(axis=0)).all()
    wanted = forward.var / forward.std**2
    assert (abs((forward.x_hat**2).sum(axis=0) / n - wanted) <= 1e-15 * forward.x_hat_scale.max(axis=0)).all()


@settings(max_examples=60, deadline=None)
@given(batches(), st.permutations(range(12)))
def test_order_of_the_rows_does_not_matter(batch, order: list[int]) -> None:
    """Shuffling a batch shuffles its output and its gradient."""
    x, gamma, beta, dout, eps = batch
    rows = [row for row in order if row < len(x)]
    (first, right), (second, shuffled) = run(x, gamma, beta, dout, eps), run(x[rows], gamma, beta, dout[rows], eps)
    assert (abs(first.out[rows] - second.out) <= 1e-17 * first.out_scale[rows]).all()
    assert (abs(right.dx[rows] - shuffled.dx) <= 1e-17 * right.dx_scale[rows]).all()


@settings(max_examples=60, deadline=None)
@given(batches())
def test_both_backwards_of_the_reference_agree(batch) -> None:
    """Staged and one-expression dx are the same function."""
    x, gamma, beta, dout, eps = batch
    _, cache = reference.batchnorm_forward(x, gamma, beta, {"mode": "train", "eps": eps})
    scale = run(*batch)[1].dx_scale
    staged, alt = (f(dout, cache)[0] for f in (reference.batchnorm_backward, reference.batchnorm_backward_alt))
    assert (abs(staged - alt) <= 1e-14 * scale.astype(float) + 1e-300).all()
