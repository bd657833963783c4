"""Grade again after a change of cases, limits or the kit, and show what that does before any grade is written.

Everybody is graded with the salt of their last grade, so that a difference comes from the change and not from other
inputs. What was found is staged beside the course; only `write` enters it, in the way every run does.
"""

from __future__ import annotations

import dataclasses
import math
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
from .marks import read_marks
from .nbgrader_app import nbgrader_config
from .options import RunOptions
from .plan import MAX_OUR_FILE, what_changed
from .record import open_recording
from .result import Result
from .run import hand_in_times
from .standings import Standing, late_by, open_gradebook, read_standings, seconds_late
from .submitted import read_submission, submission_id
from .summary import NOT_GRADED
from .verdict import CaseResult, Verdict, versions
from .wording import counted

REGRADE = "grader regrade"
SHOWN = 40  # students in the terminal; a file has them all
NAMED = 6  # students beside a check


@dataclass(frozen=True, slots=True)
class CaseChange:
    """One case before and after; None where it was not there."""

    id: str
    before: CaseResult | None
    after: CaseResult | None

    def __str__(self) -> str:
        return f"{self.id}: {_said(self.before)} → {_said(self.after)}"


def _said(case: CaseResult | None) -> str:
    return f"{case.status} {case.points:g}" if case else "none"


@dataclass(frozen=True, slots=True)
class Change:
    """What grading again does to one student's score, marks by hand and late penalty included.

    `after` is None for a fault of ours.
    """

    student: str
    before: float
    after: float | None
    reasons: tuple[str, ...]
    cases: tuple[CaseChange, ...] = ()

    @property
    def gain(self) -> float:
        return 0.0 if self.after is None else round(self.after - self.before, 9)


class Regrade:
    """Grades of a course that were made again and are not written yet. Made by `open_regrade`."""

    def __init__(self, course: Course, assignment: str, options: RunOptions, staging: Path) -> None:
        self._course = course
        self._assignment = assignment
        self._options = options
        self._staging = staging
        self._inputs = run_inputs(course, assignment, options.limits, options.layers)
        self._history = read_history(course.log, assignment)
        self._rule, self._times = late_rule(nbgrader_config(course)), hand_in_times(course, assignment)
        self._marks = read_marks(course, assignment)
        with open_gradebook(course) as engine:
            self._standings = read_standings(engine, assignment)
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
        line, standing = self._history.grades[result.student], self._standings.get(result.student)
        score = standing.recorded.score if standing else line["points"]
        if result.infra:
            return Change(result.student, score, None, reasons)
        before = self._verdict_before(result.student, line)
        cases = () if before is None else _case_changes(before, result.verdict)
        after = self._score(result, standing) if standing else result.points
        return Change(result.student, score, after, reasons, cases)

    def _score(self, result: Result, standing: Standing) -> float:
        """The score that `write` would leave: marks by hand go before automatic scores, the penalty is made anew."""
        marks, auto = self._marks[result.student].cells.items(), result.scores
        score = math.fsum(dataclasses.replace(mark, auto_score=auto.get(name)).score for name, mark in marks)
        timestamp, extension = self._times(result.student)
        extension = standing.extension if extension is None else extension
        seconds = seconds_late(timestamp or standing.timestamp, standing.duedate, extension)
        penalty = late_by(self._rule, result.student, score, seconds).penalty if seconds > 0 else None
        return max(0.0, score - (penalty or 0.0))

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
        for salt, results in self._by_salt.items():
            with open_recording(
                self._course,
                self._assignment,
                by=REGRADE,
                salt=salt,
                inputs=self._inputs,
                rule=self._rule,
                times=self._times,
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


def report(changes: Sequence[Change], file: Path) -> Iterator[str]:
    """Lines that say which checks end otherwise, who changes, by how much and why; then how many.

    Where these are many students, all of them go into `file`, with the checks of each.
    """
    checks: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        for case in change.cases:
            checks[str(case)].append(change.student)
    for check, students in sorted(checks.items(), key=lambda item: (-len(item[1]), item[0])):
        more = f" and {len(students) - NAMED} more" if len(students) > NAMED else ""
        yield f"{check}   {len(students)}: {', '.join(sorted(students)[:NAMED])}{more}"
    moved = sorted(
        (change for change in changes if change.after is None or change.gain),
        key=lambda change: (change.after is not None, -abs(change.gain), change.student),
    )
    if moved:
        yield "Scores, with marks by hand and late penalties:"
    yield from map(_of_student, moved[:SHOWN])
    if len(moved) > SHOWN:
        write_whole(file, "".join(f"{line}\n" for change in moved for line in (_of_student(change), *_cases(change))))
        yield f"… and {len(moved) - SHOWN} more. Everybody, with the checks of each: {file}"
    yield _numbers(changes)
    if failed := sum(change.after is None for change in changes):
        yield f"{counted(failed, 'keeps its grade', 'keep their grade')}: grading failed"


def _of_student(change: Change) -> str:
    after = NOT_GRADED if change.after is None else f"{change.after:g}  ({change.gain:+g})"
    return f"{change.student}: {change.before:g} → {after}   because of: {', '.join(change.reasons)}"


def _cases(change: Change) -> Iterator[str]:
    return (f"    {case}" for case in change.cases)


def _numbers(changes: Sequence[Change]) -> str:
    gains, losses = (sum(sign * change.gain > 0 for change in changes) for sign in (1, -1))
    failed = sum(change.after is None for change in changes)
    same = len(changes) - gains - losses - failed
    return (
        f"{len(changes)} graded again: {counted(gains, 'gains', 'gain')}, {counted(losses, 'loses', 'lose')}, "
        f"{counted(same, 'keeps its points', 'keep their points')}"
    )
