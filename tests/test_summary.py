"""The table that a run ends with, and grades.csv."""

from __future__ import annotations

import pytest

from grader.release import Release
from grader.summary import line_of, status_of
from grader.verdict import CaseResult, Status, Verdict
from tests import tiny

NOT_DEFINED = CaseResult("double_hidden/a", "double_hidden", "t", Status.ERROR, 0, 5, "`double` is not defined.")


def first_thing(release: Release, *cases: CaseResult, **hindrances: str) -> str:
    return line_of(release, Verdict(tiny.NAME, "s", "", "", "", "", cases, hindrances=hindrances)).first_thing


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ((Status.NOT_ATTEMPTED, Status.NOT_ATTEMPTED), "not attempted"),
        ((Status.NOT_ATTEMPTED, Status.BLOCKED), "not attempted"),
        ((Status.FAIL, Status.BLOCKED), "graded"),
        ((Status.PASS, Status.NOT_ATTEMPTED), "graded"),
    ],
)
def test_what_waits_for_an_answer_is_not_attempted_either(statuses: tuple[Status, ...], said: str) -> None:
    """Does the table say of an untouched notebook what `grader validate` says of it?"""
    cases = tuple(CaseResult(f"c/{status}", "c", "t", status, 0, 1) for status in statuses)
    assert status_of(Verdict(tiny.NAME, "s", "", "", "", "", cases)) == said


def test_answer_that_cannot_run_is_the_first_thing_to_look_at(release: Release) -> None:
    """Does the table name the syntax error, and not that a name is missing because of it?"""
    assert first_thing(release, NOT_DEFINED, double="not valid Python") == "not valid Python"
    assert first_thing(release, NOT_DEFINED, written="was missing") == "`double` is not defined."
    right = CaseResult("double_hidden/a", "double_hidden", "t", Status.PASS, 5, 5)
    assert first_thing(release, right, double="holds conflict markers") == ""


def test_limit_that_cost_nothing_is_told_beside_its_status(release: Release) -> None:
    """Does 'hit a limit' of a student with every point say which?"""
    right = CaseResult("double_hidden/a", "double_hidden", "t", Status.PASS, 5, 5)
    stopped = Verdict(tiny.NAME, "s", "", "", "", "", (right,), limits_hit=("It did not finish.",))
    line = line_of(release, stopped)
    assert (line.status, line.first_thing) == ("hit a limit", "It did not finish.")
