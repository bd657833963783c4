"""The author's proof: the solution earns everything, the untouched release nothing, and nothing leaks."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .course import Course
from .fill import fill, read_solution
from .grade import Workbench, grade_submission
from .leak import check_release
from .releasing import make_release
from .sandbox.host import ALL
from .submitted import Submission
from .verdict import Status, Verdict
from .workbench import open_workbench, solution_module

SALT = "validate"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that has to hold, and whether it does."""

    holds: bool
    text: str


def validate_assignment(course: Course, assignment: str) -> Iterator[Claim]:
    """Yield claim after claim, on a release made afresh in a scratch folder. Nothing of the course is touched."""
    with tempfile.TemporaryDirectory(prefix=".validate-", dir=_scratch_parent(course)) as scratch:
        trial = dataclasses.replace(course, data=Path(scratch))
        make_release(trial, assignment)
        yield from _validate(trial, assignment)


def _scratch_parent(course: Course) -> Path:
    """nbgrader wants all its folders below the project, so the scratch folder lies in course/ too."""
    folder = course.root / "course"
    folder.mkdir(exist_ok=True)
    return folder


def _validate(course: Course, assignment: str) -> Iterator[Claim]:
    problems = check_release(course.release / assignment, course.solutions / assignment, assignment)
    yield Claim(
        not problems, "nothing secret stands in the release" + "".join(f"\n        {line}" for line in problems)
    )
    fixtures = solution_module(course, assignment, "make_fixtures")
    if fixtures is not None:
        differing = [path.name for path in fixtures.differing()]
        yield Claim(not differing, f"the fixtures are reproduced bit for bit {', '.join(differing)}".rstrip())
    with open_workbench(course, assignment, SALT, layers=ALL) as workbench:
        source = read_solution(course.solutions / assignment / "reference.py")
        solved = _grade(workbench, fill(workbench.release.notebook, source))
        yield Claim(solved.all_right, f"the solution earns {_points(solved)}{_lost(solved)}")
        untouched = _grade(workbench, workbench.release.notebook)
        yield Claim(untouched.points == 0, f"the untouched release earns {_points(untouched)}")
        waiting = (Status.NOT_ATTEMPTED, Status.BLOCKED)
        wrong = [case.id for case in untouched.cases if case.status not in waiting]
        yield Claim(not wrong, f"the untouched release is 'not attempted', nowhere wrong {', '.join(wrong)}".rstrip())


def _grade(workbench: Workbench, notebook: nbformat.NotebookNode) -> Verdict:
    return grade_submission(workbench, Submission("solution", nbformat.writes(notebook).encode())).verdict


def _points(verdict: Verdict) -> str:
    points = verdict.points - verdict.bonus_points
    share = 100 * points / verdict.max_points if verdict.max_points else 0
    bonus = f" and {verdict.bonus_points:g} bonus points" if verdict.bonus else ""
    return f"{points:g} of {verdict.max_points:g} autogradable points ({share:g} %){bonus}"


def _lost(verdict: Verdict) -> str:
    lost = [case for case in verdict.cases if case.status is not Status.PASS]
    return "".join(f"\n        {case.id}: {case.status} {case.message}" for case in lost)
