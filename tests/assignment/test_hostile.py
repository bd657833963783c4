"""Do the checks stay calm, whatever a student's function does or returns?"""

import tracemalloc
import warnings
from types import SimpleNamespace

import check_answer
import checks
import numpy as np
import own_forward
import pytest
from check_call import Problem
from check_text import TEXT

from solutions.batchnorm import reference


class Rude:
    """An object that raises wherever it is touched."""

    def __array__(self, *_, **__):
        raise RuntimeError("no")

    def __len__(self):
        raise RuntimeError("no")

    def __iter__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


class Liar(np.ndarray):
    """An array that says something else about itself whenever it is asked."""

    @property
    def shape(self):
        return (6, 4)

    def __array_ufunc__(self, *_, **__):
        return np.zeros((6, 4))

    def __array_function__(self, *_, **__):
        return True


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raises(error):
    def function(*_):
        raise error

    return function


def returns(*values):
    return lambda *_: values[0] if len(values) == 1 else values


def yields(*_):
    yield 1


def ragged():
    array = np.empty(2, dtype=object)
    array[:] = [np.zeros(2), np.zeros(3)]
    return array


def recurses(*args):
    return recurses(*args)


HOSTILE = {
    "None": returns(None),
    "a number": returns(3.0),
    "a string": returns("done"),
    "nothing callable": 7,
    "a generator": yields,
    "empty tuple": returns(()),
    "pair of None": returns(None, None),
    "three None": returns(None, None, None),
    "pair of rude objects": returns(Rude(), Rude()),
    "three rude objects": returns(Rude(), Rude(), Rude()),
    "one rude object": returns(Rude()),
    "pair with a ragged array": returns(ragged(), None),
    "three ragged arrays": returns(ragged(), ragged(), ragged()),
    "pair of liars": returns(np.zeros(3).view(Liar), None),
    "three liars": returns(*[np.zeros(3).view(Liar)] * 3),
    "pair with nan": returns(np.full((6, 4), np.nan), None),
    "pair with inf": returns(np.full((6, 4), np.inf), None),
    "pair with text array": returns(np.array([["a"] * 4] * 6), None),
    "pair with dates": returns(np.zeros((6, 4), dtype="M8[s]"), None),
    "pair with bools": returns(np.zeros((6, 4), dtype=bool), None),
    "pair of zeros": returns(np.zeros((6, 4)), None),
    "three zeros": returns(np.zeros((5, 3)), np.zeros(3), np.zeros(3)),
    "pair with huge integers": returns(np.full((6, 4), 10**400, dtype=object), None),
    "pair with empty array": returns(np.zeros((0, 4)), None),
    "pair with scalar array": returns(np.array(1.0), None),
    "pair with nine axes": returns(np.zeros((1,) * 9), None),
    "pair with masked array": returns(np.ma.masked_all((6, 4)), None),
    "pair with matrix of float16": returns(np.zeros((6, 4), dtype=np.float16), None),
    "dict": returns({"out": 1, "cache": 2}),
    "NotImplementedError": raises(NotImplementedError("not written yet")),
    "NotImplemented": returns(NotImplemented),
    "exception that cannot be printed": raises(Unprintable()),
    "SystemExit": raises(SystemExit(0)),
    "StopIteration": raises(StopIteration()),
    "MemoryError": raises(MemoryError()),
    "recursion": recurses,
    "wrong number of arguments": lambda: None,
    "keyboardless exception group": raises(ExceptionGroup("two", [ValueError(1), TypeError(2)])),
}
CHECKS = {
    "forward_train": lambda f: checks.forward_train(f),
    "running_stats": lambda f: checks.running_stats(f),
    "test_mode": lambda f: checks.test_mode(f),
    "backward": lambda f: checks.backward(reference.batchnorm_forward, f),
    "backward, forward too": lambda f: checks.backward(f, f),
    "backward_alt": lambda f: checks.backward_alt(reference.batchnorm_forward, f),
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("function", HOSTILE.values(), ids=HOSTILE)
def test_a_check_never_raises_and_gives_no_points_away(check, function):
    """Does every row come back with a status, a sentence and no points for values?"""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # NumPy may warn about what such arrays hold; students see it, it decides nothing
        table = CHECKS[check](function)
    for row in table.rows:
        assert row.status in {"PASS", "FAIL", "ERROR", "NOT_ATTEMPTED", "BLOCKED"}
        assert row.passed or (row.points == 0 and row.message)
        assert "Traceback" not in row.message
        assert row.ratio is None or np.isfinite(row.ratio)
    assert table.points == 0  # not even for inputs left alone or shapes: nothing was done
    assert "<table" in table._repr_html_()
    assert repr(table)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (HOSTILE["None"], "batchnorm_forward returned None, expected out, cache."),
        (HOSTILE["a number"], "batchnorm_forward returned one float, expected 2 values: out, cache."),
        (HOSTILE["three None"], "batchnorm_forward returned 3 values, expected 2 values: out, cache."),
        (HOSTILE["pair of None"], "out is None."),
        (HOSTILE["a generator"], "batchnorm_forward is a generator."),
        (HOSTILE["nothing callable"], "batchnorm_forward is of type int, not a function."),
        (
            HOSTILE["NotImplementedError"],
            "batchnorm_forward is not written yet: its cell still raises NotImplementedError.",
        ),
        (HOSTILE["pair with empty array"], "out has shape (0, 4), expected (6, 4)."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_came_back_is_named(function, sentence):
    """Is each kind of wrong return named for what it is?"""
    assert checks.forward_train(function).rows[0].message == sentence


NO_NUMBERS = ("None", "a number", "three None", "pair of None", "a generator", "nothing callable")


@pytest.mark.parametrize("answer", NO_NUMBERS)
def test_what_is_no_array_is_not_asked_about_its_numbers(answer):
    """Does the question fit what came back, instead of asking for axes and averages?"""
    (question,) = {row.hint for row in checks.forward_train(HOSTILE[answer]).rows if row.status == "FAIL"}
    assert question.endswith("?")
    assert question not in {TEXT[f"{row}?"] for row in ("out_standardised", "out_affine", "out_shape")}


def test_a_leaked_global_cannot_pass():
    """Does a function that answers with a variable of its notebook, whatever it is asked, fail?"""
    out, cache = reference.batchnorm_forward(np.eye(6, 4), np.ones(4), np.zeros(4), {"mode": "train"})
    table = checks.forward_train(lambda *_: (out, cache))
    assert table.points == 0


def test_what_nobody_thought_of_becomes_a_row():
    """Does an error that arises while an answer is looked at stay inside its row?"""

    def look():
        raise RecursionError

    row = check_answer.judge("dx", 4.0, look)
    assert (row.status, row.points) == ("ERROR", 0.0)
    assert row.message == "What came back could not be read (RecursionError)."


LISTS_THAT_GROW = {
    "numbers and a text": [*[1.0] * 1_000, "x" * 10_000],
    "arrays of numbers and of texts": [np.ones(200_000, np.float16), np.zeros(200_000, "U1")],
    "arrays of different precision": [np.ones(200_000, np.int8), np.ones(200_000, np.longdouble)],
    "spans of time in units without a common one": [np.zeros(2, "m8[3s]"), np.zeros(2, "m8[0s]")],
    "the same list again and again": [[[[[1.0] * 100] * 100] * 100] * 100],
}


@pytest.mark.parametrize("value", LISTS_THAT_GROW.values(), ids=LISTS_THAT_GROW)
def test_a_list_is_made_an_array_only_where_that_is_cheap(value):
    """Can a list of a few megabytes become an array of some gigabytes, in the process that judges it?"""
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match=r"^out is of type list, expected a NumPy array of numbers\.$"):
            check_answer.numbers("out", value, (3, 2))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_list_of_itself_has_an_end():
    """Does looking through lists in lists end where they do not?"""
    value = []
    value.append(value)
    with pytest.raises(Problem, match="out is of type list"):
        check_answer.numbers("out", value, (3, 2))


@pytest.mark.parametrize("value", [[1.0, 2, True], (1.0, np.float32(2), np.bool_(1))])
def test_a_list_of_numbers_has_their_values_and_not_the_form(value):
    """Is the right list told that it is no array, and nothing else?"""
    assert check_answer.numbers("dbeta", value, (3,)).tolist() == [1.0, 2.0, 1.0]
    with pytest.raises(Problem, match=f"dbeta is of type {type(value).__name__}, expected a NumPy array"):
        check_answer.require_shape("dbeta", value, (3,))
    with pytest.raises(Problem, match=r"dbeta has shape \(3,\), expected \(4,\)"):
        check_answer.numbers("dbeta", value, (4,))


def test_an_answer_is_not_stretched_over_the_example():
    """Can a forward pass return, for the differences alone, a column that broadcasting makes into gigabytes?"""
    example = checks.public("backward")
    column = np.ones((200_000, 1, 1), np.float16)
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match=r"^out has shape \(200000, 1, 1\)"):
            own_forward.is_derivative(lambda *_: SimpleNamespace(out=column), example, "dgamma", example.dgamma)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_number_of_steps_that_is_none_is_named_by_its_kind():
    """Is an answer of megabytes written out four times as long to show its beginning?"""
    tracemalloc.start()
    try:
        table = checks.experiments(lambda *_: b"\0" * 10_000_000, returns(None), returns(None))
        assert tracemalloc.get_traced_memory()[1] < 15 << 20
    finally:
        tracemalloc.stop()
    assert table.rows[0].message == "steps_to_reach(0.5, 0.99) = bytes, expected a whole number."


def test_numbers_are_a_copy():
    """Can what is kept of an answer change with the answer?"""
    answer = np.ones(3)
    kept = check_answer.numbers("dbeta", answer, (3,))
    answer[:] = 2.0
    assert kept.tolist() == [1.0, 1.0, 1.0]
