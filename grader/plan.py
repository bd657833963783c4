"""What a run has to do: whom to grade, whose grade to enter again, and who can stay as they are.

A grade stays where nothing it depends on has changed: the submission, what it is graded with (grader.inputs), and the
files it left, all compared by their sha256 with the line that the log has for it.
"""

from __future__ import annotations

import math
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .course import Course
from .files import read_regular_file
from .late import Rule
from .log import History, sha256
from .record import Times
from .release import Release
from .standings import Standing, late_by
from .submitted import read_submission, submission_id
from .summary import Line, headings_of, line_of_row

SUBMISSION, NOT_GRADED_YET = "submission", "was not graded"
OF_THE_STUDENT = frozenset((SUBMISSION, NOT_GRADED_YET))  # reasons to grade again that `grader regrade` is not for
MAX_OUR_FILE = 256 << 20  # bytes of a verdict or an autograded notebook


@dataclass(slots=True)
class Plan:
    """`lines` has the table's rows of those who are not graded again."""

    salt: str
    grade: list[str] = field(default_factory=list)
    enter: list[Mapping[str, Any]] = field(default_factory=list)  # lines of the log
    lines: dict[str, Line] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)  # of those to grade: for how many this has changed

    @property
    def nothing_to_do(self) -> bool:
        return not self.grade and not self.enter


def choose_salt(history: History, salt: str) -> str:
    """The salt that was asked for, else that of a run that was cut short, else a new one."""
    return salt or (history.interrupted or {}).get("salt", "") or secrets.token_hex(16)


def plan_run(
    course: Course,
    release: Release,
    students: Sequence[str],
    *,
    history: History,
    standings: Mapping[str, Standing],
    inputs: Mapping[str, str],
    rule: Rule,
    times: Times,
    salt: str = "",
    force: bool = False,
) -> Plan:
    """Compare what is there with what the log says. A `salt` that was asked for has to be the one of the grade."""
    plan = Plan(choose_salt(history, salt))
    headings = headings_of(release)
    for student in students:
        line = history.latest.get(student)
        row = None
        changed = [] if line is None else _changed(line, history, inputs, salt)
        if line is not None and line["what"] == "grade" and not changed and not force:
            row = _row(course, release.assignment, student, line, headings)
        if line is None or row is None:
            plan.grade.append(student)
            if line is not None:
                other = SUBMISSION if line["what"] == "grade" else NOT_GRADED_YET
                plan.again.update(changed or [other])
            continue
        plan.lines[student] = row
        if not _entered(line, standings.get(student), rule, times):
            plan.enter.append(line)
    return plan


def what_changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of what a grade was made with and would not be made with now."""
    return [name for name in now if before.get(name) != now[name]]


def _changed(line: Mapping[str, Any], history: History, inputs: Mapping[str, str], salt: str) -> list[str]:
    """The same for one line of the log; and "salt" where another one was asked for."""
    other_salt = ["salt"] if salt and history.salt(line) != salt else []
    return what_changed(history.inputs(line), inputs) + other_salt


def _row(course: Course, assignment: str, student: str, line: Mapping[str, Any], headings: list[str]) -> Line | None:
    """The student's row in the table, None where the grade has to be made again."""
    if not _graded_as_logged(course, assignment, student, line):
        return None
    try:
        return line_of_row(student, line["points"], headings, line["row"])
    except (KeyError, TypeError, ValueError):
        return None  # somebody changed the log; `grader verify` says where


def _graded_as_logged(course: Course, assignment: str, student: str, line: Mapping[str, Any]) -> bool:
    """True where submission and files are the ones that the log names."""
    submission = read_submission(course.submitted / student / assignment, assignment, student)
    if submission_id(submission) != line.get("submission"):
        return False
    folder = course.autograded / student / assignment
    notebook = line.get("notebook")  # nbgrader's own autograde writes it after the line
    if notebook is not None and _file_sha256(folder / f"{assignment}.ipynb") != notebook:
        return False
    return _file_sha256(folder / "verdict.json") == line.get("verdict")


def _file_sha256(path: Path) -> str:
    try:
        return sha256(read_regular_file(path, MAX_OUR_FILE))
    except OSError:
        return ""


def _entered(line: Mapping[str, Any], standing: Standing | None, rule: Rule, times: Times) -> bool:
    """True where the gradebook has the submission, with the hand-in time, extension and penalty it should have."""
    if standing is None:
        return False
    timestamp, extension = times(line["student"])
    if (timestamp or standing.timestamp) != standing.timestamp:
        return False
    if (standing.extension if extension is None else extension) != standing.extension:
        return False
    logged = line.get("late")
    if standing.seconds_late <= 0 or logged is None:
        return standing.seconds_late <= 0 and logged is None
    now = late_by(rule, line["student"], standing.score, standing.seconds_late)
    return all(map(_same, logged, (now.seconds, now.score, now.penalty)))


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)
