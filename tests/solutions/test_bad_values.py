"""What if a student's function returns something that nobody expected?"""

from __future__ import annotations

import numpy as np
import pytest

from grader.checking import Case, CaseFailed
from grader.verdict import Status
from solutions.batchnorm import in_process
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import Outcome, grade
from solutions.batchnorm.reading import real_array

RIGHT = in_process.REFERENCE

# what is returned in place of `out`, and what the student is told about it
INSTEAD_OF_OUT = {
    "None": "out is None.",
    "3.5": "out has shape ()",
    "'text'": "out is of type str",
    "True": "out is of type bool",
    "out.tolist()": "out is of type list",
    "out.astype(object)": "out is of type ndarray",
    "out.astype(complex)": "out has complex numbers.",
    "out.astype('U8')": "out is an array of str256",
    "out * np.nan": "= nan; 28 of 28 numbers are not finite.",
    "np.where(out == out.max(), np.inf, out)": "= inf; 1 of 28 numbers are not finite.",
    "out[:-1]": "out has shape (6, 4); (7, 4) is asked for.",
    "out[:, :-1]": "out has shape (7, 3); (7, 4) is asked for.",
    "out.T": "out has shape (4, 7)",
    "out.ravel()": "out has shape (28,)",
    "np.zeros(1_000_000)": "out has shape (1000000,)",
    "(value for value in out)": "out is of type generator",
    "lambda: out": "out is of type function",
    "out > 0": "out is an array of bool",
    "x": "times the tolerance.",
    "x[:]": "times the tolerance.",
}
# what is returned in place of the whole tuple
INSTEAD_OF_PAIR = {
    "None": "batchnorm_forward returned None.",
    "3.5": "batchnorm_forward returned one value of type float",
    "[out, None]": "batchnorm_forward returned one value of type list",
    "(out, None, None)": "batchnorm_forward returned 3 values",
    "()": "batchnorm_forward returned 0 values",
    "{'out': out}": "batchnorm_forward returned one value of type dict",
    "(item for item in (out, None))": "batchnorm_forward returned one value of type generator",
}
LIAR = """
class Liar(np.ndarray):
    shape = (7, 4)
    dtype = np.dtype(float)
    def __array__(self, *args, **kwargs):
        raise RuntimeError
    def __eq__(self, other):
        return True
    def __array_function__(self, *args, **kwargs):
        return True
    def __array_ufunc__(self, *args, **kwargs):
        return 0.0
"""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return make_cases("bad values")


def forward_returning(expression: str, *, extra: str = "") -> str:
    return extra + RIGHT.replace("        return out, (x_hat, gamma, inv_std)", f"        return {expression}")


def ordinary(cases: list[Case], source: str) -> Outcome:
    one = [case for case in cases if case.id == "forward_train_hidden/ordinary"]
    return grade(one, source, fallback="")[one[0].id]


@pytest.mark.parametrize(("expression", "told"), INSTEAD_OF_OUT.items(), ids=INSTEAD_OF_OUT)
def test_wrong_out_has_its_own_short_message(cases: list[Case], expression: str, told: str) -> None:
    """Is it said what came back, in one line, without a traceback of ours?"""
    outcome = ordinary(cases, forward_returning(f"{expression}, (x_hat, gamma, inv_std)"))
    assert outcome.status is Status.FAIL
    assert told in outcome.message
    assert len(outcome.message) < 120
    assert "Traceback" not in outcome.message


@pytest.mark.parametrize(("expression", "told"), INSTEAD_OF_PAIR.items(), ids=INSTEAD_OF_PAIR)
def test_wrong_number_of_values_is_said(cases: list[Case], expression: str, told: str) -> None:
    """Does a forgotten or superfluous return value get a message of its own?"""
    outcome = ordinary(cases, forward_returning(expression))
    assert outcome.status is Status.FAIL
    assert told in outcome.message


def test_subclass_cannot_lie_about_its_numbers(cases: list[Case]) -> None:
    """An ndarray subclass says it has the right shape and equals everything. Is the buffer looked at?"""
    source = forward_returning("np.zeros(3).view(Liar), (x_hat, gamma, inv_std)", extra="import numpy as np\n" + LIAR)
    assert "out has shape (3,)" in ordinary(cases, source).message


def test_reading_takes_the_buffer_of_a_subclass() -> None:
    """Should such an object come through the wire one day: is it asked, or looked at?"""
    names: dict[str, type] = {"np": np}  # type: ignore[dict-item]
    exec(LIAR, names)  # noqa: S102  (the text above)
    array = real_array("out", np.arange(3.0).view(names["Liar"]), (3,))
    assert type(array) is np.ndarray
    assert array.tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(CaseFailed, match=r"shape \(3,\)"):
        real_array("out", np.zeros(3).view(names["Liar"]), (7, 4))


@pytest.mark.parametrize("expression", [*INSTEAD_OF_OUT, "np.zeros((0, 4))", "np.float64(1)"])
def test_no_case_trips_over_a_bad_value(cases: list[Case], expression: str) -> None:
    """Bad values in every place at once: does any case raise anything but its own verdict, or pay for it?"""
    source = f"""
import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    out = x * 1.0
    bn_param["running_mean"] = bn_param["running_var"] = {expression}
    return {expression}, None

def batchnorm_backward(dout, cache):
    x = out = dout
    return {expression}, {expression}, {expression}

batchnorm_backward_alt = batchnorm_backward
"""
    assert sum(outcome.points for outcome in grade(cases, source, fallback="").values()) == 0


@pytest.mark.parametrize("key", ["running_mean", "running_var"])
@pytest.mark.parametrize("expression", ["None", "'a'", "np.ones((2, 2))", "[1.0] * 4", "np.full(4, np.nan)"])
def test_bad_running_statistics_have_a_message(cases: list[Case], key: str, expression: str) -> None:
    """What if bn_param is filled with something else than two vectors?"""
    source = RIGHT.replace(
        "        return out, (x_hat", f'        bn_param["{key}"] = {expression}\n        return out, (x_hat'
    )
    outcome = grade(cases, source, fallback="")["running_stats_hidden/first_call"]
    assert outcome.status is Status.FAIL
    assert key in outcome.message


@pytest.mark.parametrize(
    "returned", ["None", "dx", "(dx, dgamma)", "(dx, dgamma, dbeta, 0)", "(dgamma, dx, dbeta)", "(dx.T, dgamma, dbeta)"]
)
def test_backward_with_other_return_values_is_an_ordinary_failure(cases: list[Case], returned: str) -> None:
    """Wrong number, wrong order, wrong shape out of backward: is each a verdict and not a crash?"""
    source = RIGHT.replace("return dx, dgamma, dbeta", f"return {returned}")
    outcome = grade(cases, source, fallback="")["backward_hidden/dx"]
    assert outcome.status is Status.FAIL
    assert outcome.message


def test_larger_precision_is_welcome(cases: list[Case]) -> None:
    """Is longdouble refused?"""
    source = forward_returning("out.astype(np.longdouble), (x_hat, gamma, inv_std)")
    assert ordinary(cases, source).status is Status.PASS


def test_half_precision_is_not_single(cases: list[Case]) -> None:
    """float16 has three digits. Does it pass where single precision is excused?"""
    source = forward_returning("out.astype(np.float16), (x_hat, gamma, inv_std)")
    assert ordinary(cases, source).status is Status.FAIL


def test_messages_are_plain_text(cases: list[Case]) -> None:
    """Could a type name smuggle markup or a novel into a verdict?"""
    source = "import numpy as np\n" + RIGHT.replace(
        "        return out, (x_hat", "        return type('<b>' + 'x' * 500, (), {})(), (x_hat"
    )
    assert len(ordinary(cases, source).message) < 120


def test_arrays_in_are_not_the_arrays_that_are_judged(cases: list[Case]) -> None:
    """A function fills its x with the answer to something else. Are later cases given other inputs for it?"""
    source = RIGHT.replace("    mode = bn_param", "    x[...] = 1\n    mode = bn_param")
    spoiled = grade(cases, source, fallback="")
    assert spoiled["forward_train_hidden/ordinary"].status is Status.FAIL
    assert all(outcome.status is Status.PASS for outcome in grade(cases, "").values())
    assert np.isfinite([outcome.ratio or 0 for outcome in grade(cases, "").values()]).all()
