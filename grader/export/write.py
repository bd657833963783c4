"""`grader export`: write a class's grades to one file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..collect import read_lms_ids
from ..course import Course, CourseError
from ..files import replacing
from ..graded import verdict_files
from ..marks import read_marks
from ..release import graded_sections, released_notebook
from ..verdict import Verdict
from ..wording import counted
from . import tables
from .formats import Format
from .roster import Roster, read_roster

NAMED = 20  # people who are merely mentioned; those who lack something are all named


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `left_out` are students with a grade whom the roster does not have.

    `missing` says of everybody who should be in the file and is not why that is, `remarks` what else to know.
    """

    path: Path
    rows: int
    left_out: tuple[str, ...]
    missing: tuple[str, ...]
    remarks: tuple[str, ...]


def export_class(
    course: Course,
    assignment: str,
    form: Format,
    *,
    to: Path | None = None,
    roster: Path | None = None,
    column: str = "",
) -> Exported:
    """Write the grades of a class. `column` is what the LMS calls the assignment, its name in the kit if left out.

    Raises CourseError where nothing is graded, the roster does not serve, or nobody of the class would be in the file.
    """
    grades, damaged = _read(course, assignment)
    heading = column or assignment
    people = _people(course, grades, form, roster)
    if form is Format.CANVAS:
        if people is None:
            raise CourseError(
                "Canvas knows students by its own ids. Export its gradebook (Grades, Export) and pass that file: "
                "--roster FILE, or make export TO=canvas ROSTER=FILE"
            )
        table, head = tables.canvas(grades, people, heading), 2
    elif form is Format.MOODLE:
        table, head = tables.moodle(grades, people, heading), 1
    else:
        table, head = tables.cases(grades), 1
    path = to or course.data / "exports" / f"{assignment}-{form}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        rows = sum(1 for row in table if writer.writerow(row))
        text.detach()  # flushes, and leaves the stream open
    left_out = tuple(sorted(grades.marks.keys() - people.people.keys() - people.doubtful.keys())) if people else ()
    missing = _missing(grades, damaged, people, left_out)
    return Exported(path, rows - head, left_out, missing, _remarks(grades, form, people))


def _people(course: Course, grades: tables.ClassGrades, form: Format, roster: Path | None) -> Roster | None:
    """The roster of those forms that take one; None where none was given, and the ids here are those of the LMS."""
    if form is Format.CASES:
        return None
    if not grades.marks:
        raise CourseError(f"Nobody has a grade for '{grades.assignment}' yet. Run: make grade")
    if roster is None and form is Format.CANVAS:
        return None
    lms_ids = read_lms_ids(course, grades.assignment)
    if roster is None:
        if strangers := sorted(grades.marks.keys() & lms_ids.keys()):
            raise CourseError(
                f"'{strangers[0]}' is what a download of the LMS calls a student, and no user name of Moodle. "
                "Pass a list of the participants: --roster FILE, or make export TO=moodle ROSTER=FILE"
            )
        return None
    people = read_roster(roster, grades.marks, lms_ids)
    if not people.people:
        doubtful = "".join(f" '{student}': {reason}." for student, reason in people.doubtful.items())
        raise CourseError(
            f"Nobody of the class is found in {roster}, so nothing was written. Students are called like "
            f"'{min(grades.marks)}' here; docs/exports.md says what they are found by.{doubtful}"
        )
    return people


class _Verdicts:
    """The verdicts of a class, read anew each time they are gone through: all those of a large one fill the memory.

    `damaged` are the students whose verdict could not be read the last time.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self.damaged: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:
        damaged = []
        for path in self._files:
            try:
                yield Verdict.from_json(path.read_text(encoding="utf-8"))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                damaged.append(path.parent.parent.name)
        self.damaged = tuple(damaged)


def _read(course: Course, assignment: str) -> tuple[tables.ClassGrades, tuple[str, ...]]:
    """The grades, and the students whose verdict cannot be read."""
    verdicts = _Verdicts(verdict_files(course, assignment))
    bonus: dict[str, tuple[str, ...]] = {}
    failed = []
    for verdict in verdicts:
        if verdict.infra:
            failed.append(verdict.student)
        else:
            bonus[verdict.student] = verdict.bonus
    if not bonus and not failed:
        reason = f" The verdicts of {', '.join(verdicts.damaged)} cannot be read." if verdicts.damaged else ""
        raise CourseError(f"No submission of '{assignment}' is graded yet.{reason} Run: make grade")
    marks = {student: mark for student, mark in read_marks(course, assignment).items() if student in bonus}
    sections = dict(graded_sections(released_notebook(course, assignment)))
    return tables.ClassGrades(assignment, verdicts, marks, sections, bonus, tuple(failed)), verdicts.damaged


def _missing(
    grades: tables.ClassGrades, damaged: tuple[str, ...], people: Roster | None, left_out: tuple[str, ...]
) -> tuple[str, ...]:
    lines = []
    if left_out:
        lines.append(f"Not in the roster, so not in the file: {', '.join(left_out)}")
    if people:
        lines += [
            f"Not in the file, since it is not certain who '{who}' is: {why}" for who, why in people.doubtful.items()
        ]
    if damaged:
        lines.append(f"Verdict cannot be read, so not in the file: {', '.join(damaged)}. Run: make grade")
    if grades.failed:
        lines.append(f"Not graded, so without a score: {', '.join(grades.failed)}. Run: make grade")
    return tuple(lines)


def _remarks(grades: tables.ClassGrades, form: Format, people: Roster | None) -> tuple[str, ...]:
    if form is Format.CASES:
        return ()
    remarks = []
    if people and people.others:
        more = f" and {len(people.others) - NAMED} more" if len(people.others) > NAMED else ""
        remarks.append(f"In the roster without a grade here: {'; '.join(people.others[:NAMED])}{more}")
    waiting = sum(marks.waiting > 0 for marks in grades.marks.values())
    if waiting:
        lack = counted(waiting, "score still lacks", "scores still lack")
        remarks.append(f"{lack} answers that a person has to mark. Run: make formgrader")
    review = sum(marks.to_review > 0 for marks in grades.marks.values())
    if review:
        hold = counted(review, "score holds", "scores hold")
        remarks.append(f"{hold} marks by hand for an earlier submission. Look again: make formgrader")
    if any(grades.bonus.values()):
        remarks.append(f"Scores are out of {grades.max_score:g}; bonus points are in them and can make them more.")
    if form is Format.MOODLE and any(marks.score > tables.MOODLE_MAXIMUM for marks in grades.marks.values()):
        remarks.append("Some scores are above 100; Moodle refuses them unless its setting 'unlimitedgrades' is on.")
    return tuple(remarks)
