"""What student code says about itself on its way into the results."""

from __future__ import annotations

import builtins

import pytest

from grader.checking import StudentError
from grader.outputs import letters
from grader.sandbox.errors import RemoteError
from grader.sandbox.limits import Limits
from grader.sandbox.wire import Handle
from grader.student import MAX_TOLD, StudentCode

CELLS = ["def double(x):\n\n    return x['nothing']\n"]


def code() -> StudentCode:
    return StudentCode(None, CELLS, Limits())


def test_honest_error_is_told_with_its_line() -> None:
    """Does a student read what went wrong, and where?"""
    error = code()._raised("double", RemoteError("IndexError", "no such index", "return x['nothing']", 2))
    assert error.message == "double raised IndexError: no such index, at: return x['nothing']"
    assert error.exception == "IndexError"


def test_line_that_is_not_in_the_notebook_is_not_told() -> None:
    """Can the line that an error is said to come from carry something else out?"""
    error = code()._raised("double", RemoteError("IndexError", "no such index", "hidden input 7f3a", 2))
    assert error.message == "double raised IndexError: no such index"


def test_error_without_a_line_names_none() -> None:
    """Is nothing said where no line of the student's is known?"""
    error = code()._raised("double", RemoteError("MemoryError", "too much", None))
    assert error.message == "double raised MemoryError: too much"


def test_text_that_may_not_be_told_leaves_type_and_line() -> None:
    """Does a student whose errors differ from case to case read the type and the line of each, and no stray '…'?"""
    student = code()
    line = "return x['nothing']"
    for number in range(40):
        error = student._raised("double", RemoteError("ValueError", f"shapes ({number},4) (4,{number})" * 3, line))
    assert error.message == f"double raised ValueError, at: {line}"
    assert student._raised("double", RemoteError("ValueError", "", None)).message == "double raised ValueError"


def test_same_error_in_every_case_is_told_every_time() -> None:
    """Is one mistake explained in each case that it touches?"""
    student = code()
    told = {student._raised("double", RemoteError("TypeError", "unsupported", None)).message for _ in range(200)}
    assert told == {"double raised TypeError: unsupported"}


def test_submission_says_only_so_much_in_its_own_words() -> None:
    """How much of the hidden inputs can come out in messages, class names and names of types?"""
    student = code()
    texts = []
    for number in range(300):
        error = student._raised("double", RemoteError(f"E{number:x}" * 20, f"{number:x}z" * 80, None))
        (handle,) = student._named((Handle(1, f"t{number}" * 40),))
        texts += [error.message, error.exception, handle.type_name]
    own = {text for text in texts if text not in ("…", "double raised …")}
    assert sum(map(len, own)) < 3 * MAX_TOLD


@pytest.mark.parametrize("name", ["ValueError", "KeyError", "OSError", "ZeroDivisionError", "NotImplementedError"])
def test_error_can_be_caught_by_the_name_that_python_gives_it(name: str) -> None:
    """Does a test cell that says `except ValueError` catch the student's ValueError, and is it still the student's?"""
    error = code()._raised("double", RemoteError(name, "no"))
    assert isinstance(error, getattr(builtins, name))
    assert isinstance(error, StudentError)
    assert error.exception == name


@pytest.mark.parametrize(
    "name",
    [
        "print",
        "SystemExit",
        "KeyboardInterrupt",
        "UnicodeError",
        "StopIteration",
        "StopAsyncIteration",
        "Own",
        "__import__",
    ],
)
def test_other_names_make_no_other_class(name: str) -> None:
    """Can a student's exception become something that ends the run or a test's loop, or that cannot be made?"""
    assert type(code()._raised("double", RemoteError(name, "no"))) is StudentError


def test_outputs_of_all_cells_keep_to_the_limit_out_here_too() -> None:
    """A process that was taken over answers as it likes: what is the most that its cells leave with the grader?"""
    flood = {"output_type": "stream", "name": "stdout", "text": "a" * 90_000}
    student = StudentCode(None, CELLS, Limits(submission_output_bytes=1_000_000))
    shown = [student._shown([flood]) for _ in range(100)]
    assert shown[0][0].text == flood["text"]
    assert "output of the whole notebook" in shown[-1][0].evalue
    assert sum(letters(output) for outputs in shown for output in outputs) < 1_050_000
