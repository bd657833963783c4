"""Grade again after a change of cases, limits or the kit, and show what that does before any grade is written.

Everybody is graded with the salt of their last grade, so that a difference comes from the change and not from other
inputs. What was found is staged beside the course; only `write` enters it, in the way every run does.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .course import Course, CourseError
from .executors import grade_class
from .files import locked, read_regular_file, write_whole
from .inputs import run_inputs
from .late import late_rule, left_out
from .log import read_history, sha256
from .nbgrader_app import nbgrader_config
from .options import RunOptions
from .plan import MAX_OUR_FILE, what_changed
from .record import open_recording
from .result import Result
from .run import hand_in_times
from .submitted import read_submission, submission_id
from .summary import NOT_GRADED
from .verdict import CaseResult, Verdict, versions

REGRADE = "grader regrade"


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case before and after; None where it was not there."""

    id: str
    before: CaseResult | None
    after: CaseResult | None

    def __str__(self) -> str:
        def said(case: CaseResult | None) -> str:
            return f"{case.status} {case.points:g}" if case else "none"

        return f"{self.id}: {said(self.before)} → {said(self.after)}"


@dataclass(frozen=True, slots=True)
class Change:
    """What grading again does to one student, in points of the automatic score. `after` is None for a fault of ours."""

    student: str
    before: float
    after: float | None
    reasons: tuple[str, ...]
    cases: tuple[CaseChange, ...] = ()

    @property
    def gain(self) -> float:
        return 0.0 if self.after is None else round(self.after - self.before, 9)

    @property
    def matters(self) -> bool:
        return self.after is None or bool(self.gain or self.cases)


class Regrade:
    """Grades of a course that were made again and are not written yet. Made by `open_regrade`."""

    def __init__(self, course: Course, assignment: str, options: RunOptions, staging: Path) -> None:
        self._course = course
        self._assignment = assignment
        self._options = options
        self._staging = staging
        self._inputs = run_inputs(course, assignment, options.limits, options.layers)
        self._history = read_history(course.log, assignment)
        self._by_salt: dict[str, list[Result]] = defaultdict(list)

    def stale(self) -> dict[str, tuple[str, ...]]:
        """Students whose grade depends on something that has changed, and on what; all of them with `force`."""
        found = {}
        for student in sorted({*self._course.students(self._assignment)} - left_out(self._course)):
            line = self._history.grades.get(student)
            if line is None:
                continue  # never graded: `make grade` does that
            reasons = self._reasons(student, line)
            if reasons or self._options.force:
                found[student] = reasons or ("asked for",)
        return found

    def _reasons(self, student: str, line: dict[str, Any]) -> tuple[str, ...]:
        reasons = what_changed(self._history.inputs(line), self._inputs)
        folder = self._course.submitted / student / self._assignment
        if submission_id(read_submission(folder, self._assignment, student)) != line.get("submission"):
            reasons.append("submission")
        before = self._history.runs.get(line.get("run", 0), {}).get("versions", {})
        reasons += [f"environment ({what})" for what in what_changed(before, versions()) if what != "grader"]
        return tuple(reasons)

    def changes(self) -> Iterator[Change]:
        """Grade again whoever is stale and yield what that does, a student at a time."""
        stale = self.stale()
        groups = defaultdict(list)
        for student in stale:
            groups[self._history.salt(self._history.grades[student])].append(student)
        for salt, students in groups.items():
            options = dataclasses.replace(self._options, salt=salt)
            for result in grade_class(self._course, self._assignment, students, options):
                change = self._compare(result, stale[result.student])
                self._stage(salt, result)
                yield change

    def _compare(self, result: Result, reasons: tuple[str, ...]) -> Change:
        line = self._history.grades[result.student]
        if result.infra:
            return Change(result.student, line["points"], None, reasons)
        before = self._verdict_before(result.student, line)
        cases = () if before is None else _case_changes(before, result.verdict)
        return Change(result.student, line["points"], result.points, reasons, cases)

    def _verdict_before(self, student: str, line: dict[str, Any]) -> Verdict | None:
        """The verdict that the log names, None where it is not there any more."""
        path = self._course.verdict(student, self._assignment)
        try:
            text = read_regular_file(path, MAX_OUR_FILE)
            return Verdict.from_json(text.decode()) if sha256(text) == line["verdict"] else None
        except (OSError, ValueError):
            return None

    def _stage(self, salt: str, result: Result) -> None:
        """Put the large parts of a result aside, so that memory does not grow with the class."""
        if result.infra:
            return  # a fault of ours changes no grade, and does not replace the verdict there is
        write_whole(self._staging / result.student, result.notebook_file)
        self._by_salt[salt].append(dataclasses.replace(result, notebook_file=b""))

    def write(self) -> int:
        """Enter everything that `changes` found and return the number of grades written."""
        rule, times = late_rule(nbgrader_config(self._course)), hand_in_times(self._course, self._assignment)
        for salt, results in self._by_salt.items():
            with open_recording(
                self._course,
                self._assignment,
                by=REGRADE,
                salt=salt,
                inputs=self._inputs,
                rule=rule,
                times=times,
                graded=self._history.grades,
            ) as recording:
                for result in results:
                    notebook = (self._staging / result.student).read_bytes()
                    recording.add(dataclasses.replace(result, notebook_file=notebook))
        return sum(map(len, self._by_salt.values()))


@contextmanager
def open_regrade(course: Course, assignment: str, options: RunOptions) -> Iterator[Regrade]:
    """Yield a regrade of a course that nobody else writes to meanwhile."""
    try:
        with (
            locked(course.lock),
            tempfile.TemporaryDirectory(prefix=".regrade-", dir=course.data) as staging,
        ):
            yield Regrade(course, assignment, options, Path(staging))
    except BlockingIOError as error:
        raise CourseError(f"Another run is busy in {course.data}. Wait until it has ended.") from error


def _case_changes(before: Verdict, after: Verdict) -> tuple[CaseChange, ...]:
    old, new = ({case.id: case for case in verdict.cases} for verdict in (before, after))
    return tuple(
        CaseChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if _outcome(old.get(name)) != _outcome(new.get(name))
    )


def _outcome(case: CaseResult | None) -> tuple[Any, ...] | None:
    return None if case is None else (case.status, case.points, case.max_points)


def report(changes: Sequence[Change]) -> Iterator[str]:
    """Lines that say who changes, by how much and why; then how many."""
    for change in sorted(changes, key=lambda change: (-abs(change.gain), change.student)):
        if not change.matters:
            continue
        after = NOT_GRADED if change.after is None else f"{change.after:g}  ({change.gain:+g})"
        yield f"{change.student}: {change.before:g} → {after}   because of: {', '.join(change.reasons)}"
        yield from (f"    {case}" for case in change.cases)
    gains, losses = (sum(sign * change.gain > 0 for change in changes) for sign in (1, -1))
    failed = sum(change.after is None for change in changes)
    same = len(changes) - gains - losses - failed
    yield f"{len(changes)} graded again: {gains} gain, {losses} lose, {same} keep their points"
    if failed:
        yield f"{failed} could not be graded and keep their grade"
