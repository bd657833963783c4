"""`grader export`: write a class's grades to one file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat.v4

from ..course import Course, CourseError
from ..files import replacing
from ..marks import read_marks
from ..release import graded_sections
from ..verdict import Verdict
from . import tables
from .formats import Format
from .roster import read_roster


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `left_out` are students with a grade that are not in the file, `remarks` what to know."""

    path: Path
    rows: int
    left_out: tuple[str, ...]
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

    Raises CourseError where nothing is graded, or the roster does not serve.
    """
    grades = _read(course, assignment)
    heading = column or assignment
    people = read_roster(roster, grades.marks) if roster else None
    if form is Format.CANVAS:
        if people is None:
            raise CourseError(
                "Canvas knows students by its own ids. Export its gradebook (Grades, Export) and pass that file: "
                "--roster FILE"
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
    left_out = _left_out(grades, form, people)
    return Exported(path, rows - head, left_out, _remarks(grades, form))


class _Verdicts:
    """The verdicts of a class, read anew each time they are gone through: all those of a large one fill the memory."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    def __iter__(self) -> Iterator[Verdict]:
        return (Verdict.from_json(path.read_text(encoding="utf-8")) for path in self._files)


def _read(course: Course, assignment: str) -> tables.ClassGrades:
    verdicts = _Verdicts(sorted(course.autograded.glob(f"*/{assignment}/verdict.json")))
    bonus: dict[str, tuple[str, ...]] = {}
    failed = []
    for verdict in verdicts:
        if verdict.infra:
            failed.append(verdict.student)
        else:
            bonus[verdict.student] = verdict.bonus
    if not bonus and not failed:
        raise CourseError(f"No submission of '{assignment}' is graded yet. Run: make grade")
    marks = {student: mark for student, mark in read_marks(course, assignment).items() if student in bonus}
    release = course.release / assignment / f"{assignment}.ipynb"
    sections = dict(graded_sections(nbformat.v4.reads(release.read_text(encoding="utf-8"))))
    return tables.ClassGrades(assignment, verdicts, marks, sections, bonus, tuple(failed))


def _left_out(grades: tables.ClassGrades, form: Format, people) -> tuple[str, ...]:
    if form is Format.CASES or people is None:
        return ()
    return tuple(sorted(grades.marks.keys() - people.people.keys()))


def _remarks(grades: tables.ClassGrades, form: Format) -> tuple[str, ...]:
    remarks = []
    if grades.failed:
        remarks.append(f"Not graded, so without a score: {', '.join(grades.failed)}. Run: make grade")
    if form is Format.CASES:
        return tuple(remarks)
    waiting = sum(marks.waiting > 0 for marks in grades.marks.values())
    if waiting:
        remarks.append(f"{waiting} scores still lack answers that a person has to mark. Run: make formgrader")
    if any(grades.bonus.values()):
        remarks.append(f"Scores are out of {grades.max_score:g}; bonus points are in them and can make them more.")
    if form is Format.MOODLE and any(marks.score > tables.MOODLE_MAXIMUM for marks in grades.marks.values()):
        remarks.append("Some scores are above 100; Moodle refuses them unless its setting 'unlimitedgrades' is on.")
    return tuple(remarks)
