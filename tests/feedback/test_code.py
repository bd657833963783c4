"""Which of a student's lines a result is about."""

from __future__ import annotations

import tracemalloc

import pytest

from grader.feedback.code import highlighted, lines_quoted, lines_that_set, name_in_question
from grader.messages import languages, say, speaking

SOURCE = """def back(dout, cache):
    dx, dgamma = None, (1 +
        2)
    dx += dout
    cache["running_mean"] = dout
    return dx
"""


@pytest.mark.parametrize(
    ("name", "lines"), [("dx", [2, 3, 4]), ("dgamma", [2, 3]), ("running_mean", [5]), ("dbeta", []), ("dout", [])]
)
def test_lines_that_give_a_name_its_value(name: str, lines: list[int]) -> None:
    """Are assignments, changes in place and keys found, over all lines of a statement?"""
    assert lines_that_set(name, SOURCE) == lines


def test_code_that_cannot_be_read_has_no_such_lines() -> None:
    """Does broken code break nothing?"""
    assert lines_that_set("x", "def f(:\n  x = 1") == []
    assert lines_that_set("x", "x = " + "(" * 5000) == []
    assert lines_that_set("x", "x = '\0'") == []


def test_quoted_line_is_found() -> None:
    """Is the line that an error message quotes found in the code, both ways messages quote?"""
    assert lines_quoted("back raised NameError: no, at: dx += dout", SOURCE) == [4]
    assert lines_quoted("back raised NameError: no (your line: dx += dout)", SOURCE) == [4]
    assert lines_quoted("back raised NameError: no", SOURCE) == []
    assert lines_quoted("back raised NameError: no, at: f(x)", "y = 1\nf(x)") == [2]


@pytest.mark.parametrize("language", languages())
def test_quoted_line_is_found_in_every_language(language: str) -> None:
    """Is the line marked on a Korean or Chinese page, too?"""
    with speaking(language):
        message = say("run.raised_at", name="back", kind="NameError", detail="(no: way) name", line="dx += dout")
    assert lines_quoted(message, SOURCE) == [4]
    assert lines_quoted("back에서 NameError 발생: no (여러분의 코드: dx += dout)", SOURCE) == [4]
    assert lines_quoted("back 抛出了 NameError：no（你的代码行：dx += dout）", SOURCE) == [4]


@pytest.mark.parametrize(
    ("where", "message", "name"),
    [
        ("dx[3, 1]", "", "dx"),
        ("[2, 2]", "dx[2, 2] = 1", "dx"),
        ("running_mean after batch 2 [1]", "x is wrong", "running_mean"),
        (None, "out has shape (3,)", ""),
        (None, "", ""),
    ],
)
def test_name_in_question(where: str | None, message: str, name: str) -> None:
    """Is the array named in front of the index, and nothing else, taken for the name?"""
    assert name_in_question(where, message) == name


def test_highlighting_escapes_and_keeps_lines() -> None:
    """Does each source line stay one line, with its markup as text?"""
    lines = highlighted("x = '<b>'\n\ny = '''<i>\n</i>'''\n# </pre>")
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert not any("<b>" in line.html or "<i>" in line.html or "</pre>" in line.html for line in lines)


def test_highlighting_is_bounded() -> None:
    """Is an endless line or cell cut?"""
    assert len(highlighted("x = 1\n" * 100_000)) <= 400
    assert len(highlighted("y" * 1_000_000)[0].html) < 2_000


def test_statement_of_many_names_and_lines_is_noted_in_little_room() -> None:
    """Can a statement that gives a value to thousands of names over thousands of lines fill the memory?"""
    source = "".join(f"a{number}=" for number in range(3_000)) + "(" + "\n" * 3_000 + "1)"
    tracemalloc.start()
    assert lines_that_set("a2999", source) == [1, 2, 3, 4, 5, 6]
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("target", ["out" + ".b" * 2500, "out" + "[0]" * 2500, "(out" + ".b" * 2500 + ", x)"])
def test_long_chain_of_names_is_no_problem(target: str) -> None:
    """Can an assignment be longer than the stack is deep?"""
    assert lines_that_set("out", f"y = 1\n{target} = 1") in ([2], [])
