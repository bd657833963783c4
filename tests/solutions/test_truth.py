"""Is what we call the truth true?"""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

from solutions.batchnorm import cases, problems, reference, truth
from solutions.batchnorm.draw import Draw
from solutions.batchnorm.problems import Problem

KINDS = {
    "ordinary": lambda: problems.large("truth", "ordinary", 7, 4),
    "large_eps": lambda: problems.unit("truth", "large_eps", 7, 4, 0.5),
    "offset": lambda: problems.large("truth", "offset", 6, 3, offset=1e4),
    "two_rows": lambda: problems.unit("truth", "two_rows", 2, 5, 0.1),
    "one_row": lambda: problems.unit("truth", "one_row", 1, 3, None),
    "constant_column": lambda: problems.constant_column("truth", "constant"),
}
DIGITS = 50
DRAWN = [0.03724801540374756, 0.36245518922805786, 0.6859149932861328]


def exact_forward(problem: Problem) -> mpmath.matrix:
    """Train-mode forward in mpmath, element by element, from the definition."""
    n, d = problem.x.shape
    out = mpmath.matrix(n, d)
    for j in range(d):
        column = [mpmath.mpf(float(v)) for v in problem.x[:, j]]
        mu = mpmath.fsum(column) / n
        var = mpmath.fsum((v - mu) ** 2 for v in column) / n
        for i in range(n):
            x_hat = (column[i] - mu) / mpmath.sqrt(var + mpmath.mpf(problem.eps_value))
            out[i, j] = mpmath.mpf(float(problem.gamma[j])) * x_hat + mpmath.mpf(float(problem.beta[j]))
    return out


def exact_dx(problem: Problem) -> mpmath.matrix:
    """dx from the Jacobian of a column, written out from the quotient rule (no closed form of dx is used)."""
    n, d = problem.x.shape
    dx = mpmath.matrix(n, d)
    for j in range(d):
        column = [mpmath.mpf(float(v)) for v in problem.x[:, j]]
        mu = mpmath.fsum(column) / n
        var = mpmath.fsum((v - mu) ** 2 for v in column) / n
        std = mpmath.sqrt(var + mpmath.mpf(problem.eps_value))
        for k in range(n):
            # d std / d x_k = (x_k - mu) / (n std)
            total = mpmath.mpf(0)
            for i in range(n):
                centred = (1 if i == k else 0) - mpmath.mpf(1) / n
                d_hat = centred / std - (column[i] - mu) / std**2 * (column[k] - mu) / (n * std)
                total += mpmath.mpf(float(problem.dout[i, j])) * mpmath.mpf(float(problem.gamma[j])) * d_hat
            dx[k, j] = total
    return dx


def distance(found: np.ndarray, exact: mpmath.matrix, scale: np.ndarray) -> float:
    """Worst |found - exact| / scale, in units of the rounding of longdouble."""
    unit = max(float(np.finfo(np.longdouble).eps) / 2, 2.0**-104)  # a pair of doubles tells no more
    worst = 0.0
    for i, j in itertools.product(range(found.shape[0]), range(found.shape[1])):
        got = mpmath.mpf(float(found[i, j])) + mpmath.mpf(float(found[i, j] - np.longdouble(float(found[i, j]))))
        worst = max(worst, float(abs(got - exact[i, j])) / float(scale[i, j]) / unit)
    return worst


@pytest.mark.parametrize("kind", KINDS)
def test_forward_agrees_with_mpmath_at_50_digits(kind: str) -> None:
    """Does extended precision give the out that the definition gives at 50 digits?"""
    problem = KINDS[kind]()
    with mpmath.workdps(DIGITS):
        assert distance(problem.train.out, exact_forward(problem), problem.train.out_scale) < 16


@pytest.mark.parametrize("kind", KINDS)
def test_dx_agrees_with_mpmath_at_50_digits(kind: str) -> None:
    """Is the closed form of dx what the Jacobian of the definition gives?"""
    problem = KINDS[kind]()
    with mpmath.workdps(DIGITS):
        assert distance(problem.gradients.dx, exact_dx(problem), problem.gradients.dx_scale) < 16


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"constant_column"}))
def test_gradients_agree_with_a_complex_step(kind: str) -> None:
    """Do the gradients agree with Im f(x + ih) / h, which has neither cancellation nor a formula of its own?"""
    problem = KINDS[kind]()
    h = 1e-30

    def derivative(name: str, index: tuple[int, ...], size: float) -> float:
        inputs = {key: getattr(problem, key).astype(complex) for key in ("x", "gamma", "beta")}
        inputs[name][index] += 1j * h * size
        out, _ = reference.batchnorm_forward(*inputs.values(), {"mode": "train", "eps": problem.eps_value})
        return float(np.sum(problem.dout * out.imag) / h)

    for part, name in (("dx", "x"), ("dgamma", "gamma"), ("dbeta", "beta")):
        right, scale = getattr(problem.gradients, part), getattr(problem.gradients, f"{part}_scale")
        for index in np.ndindex(right.shape):
            size = float(problem.train.std[index[-1]]) if name == "x" else 1.0
            step = derivative(name, index, size) / size
            assert abs(step - right[index]) <= 1e-13 * scale[index], (part, index)


def test_staged_graph_agrees_with_the_closed_form() -> None:
    """Do the node gradients that students compare with lead to the same dx, and each to the next?"""
    problem = KINDS["large_eps"]()
    nodes = {name: value for name, (value, _) in truth.graph(problem.train, problem.lifted[1], problem.dout).items()}
    train = problem.train
    assert np.allclose((nodes["dx1"] + nodes["dx2"]).astype(float), problem.gradients.dx.astype(float), rtol=1e-13)
    assert np.allclose((nodes["dstd"] / (2 * train.std)).astype(float), nodes["dvar"].astype(float), rtol=1e-15)
    assert np.allclose(nodes["dsq"].sum(axis=0).astype(float), nodes["dvar"].astype(float), rtol=1e-14)
    assert np.allclose((nodes["dxmu1"] + nodes["dxmu2"]).astype(float), nodes["dx1"].astype(float), rtol=1e-15)


def test_every_scale_is_positive_where_an_error_is_possible() -> None:
    """Could a zero scale demand equality of a number that rounding touches?"""
    for make in KINDS.values():
        problem = make()
        for scale in (problem.train.out_scale, problem.gradients.dx_scale, problem.gradients.dgamma_scale):
            assert (scale > 0).all(), problem.label


def test_fixtures_are_reproduced_by_this_machine() -> None:
    """Does this machine's extended precision give the digits that decimal arithmetic gave?"""
    cases.known_answers()


def test_a_wrong_digit_in_a_fixture_is_noticed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Would a machine whose arithmetic is off by one digit in 10^17 be allowed to grade?"""
    source = cases.FIXTURES / "ordinary.npz"
    with np.load(source) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["dx_lo"] = arrays["dx_lo"] + 1e-17
    np.savez(tmp_path / "ordinary.npz", **arrays)
    monkeypatch.setattr(cases, "FIXTURES", tmp_path)
    with pytest.raises(RuntimeError, match="does not reproduce"):
        cases.make_cases("salt")


def test_plain_double_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where longdouble is only a double, are double-precision answers judged all the same?"""
    monkeypatch.setattr(np, "longdouble", np.float64)
    with pytest.raises(truth.NoExtendedPrecision, match="no more digits"):
        truth.require_extended()


def test_drawn_numbers_are_known() -> None:
    """Would the same salt give the same numbers next year, on another machine?"""
    draw = Draw("salt", "label")
    assert draw.uniform(0.0, 1.0, 3).tolist() == DRAWN
    assert Draw("salt", "label").uniform(0.0, 1.0, 3).tolist() == DRAWN
    assert Draw("salt", "other").uniform(0.0, 1.0, 3).tolist() != DRAWN


def test_salt_and_label_do_not_run_into_each_other() -> None:
    """Can two different (salt, label) pairs give one stream?"""
    assert Draw("a/b", "c").normal(2).tolist() != Draw("a", "b/c").normal(2).tolist()


def test_both_signs_occur() -> None:
    """Could a run draw gammas of one sign only and so never see a lost sign?"""
    for number in range(200):
        assert len(set(np.sign(Draw("signs", str(number)).signed(0.5, 2.0, 3)))) == 2
