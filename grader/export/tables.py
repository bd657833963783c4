"""The rows of each export: pure functions from what is known of a class to a table of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..course import CourseError
from ..marks import Marks
from ..summary import harmless
from ..verdict import Verdict
from .roster import Roster

Table = list[list[str]]

CANVAS_IDS = ("id", "sis user id", "sis login id")
MOODLE_IDS = ("Username", "ID number", "Email address")
MOODLE_MAXIMUM = 100.0  # Moodle refuses an import with a greater grade unless its 'unlimitedgrades' is set


@dataclass(frozen=True, slots=True)
class ClassGrades:
    """What the exports are made from. `verdicts` may be gone through more than once, `marks` has those with a grade.

    `bonus` names the bonus cells of each student who was graded; a fault of the grader, in `failed`, gives no grade.
    """

    assignment: str
    verdicts: Iterable[Verdict]
    marks: dict[str, Marks]
    sections: dict[str, str]
    bonus: dict[str, tuple[str, ...]]
    failed: tuple[str, ...]

    @property
    def max_score(self) -> float:
        """What scores are out of; with a bonus they can be more."""
        return max((marks.out_of(self.bonus[student]) for student, marks in self.marks.items()), default=0.0)


def number(value: float) -> str:
    """A number as every LMS reads it: a point, two digits behind it at most, as Canvas keeps them."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def canvas(grades: ClassGrades, roster: Roster, column: str) -> Table:
    """Canvas gradebook import: Student, ID, SIS User ID, SIS Login ID, Section, then the assignment.

    `column` is the assignment's heading; "Name (12345)" names the existing assignment 12345. The second row says how
    many points are possible. Only students of the roster are in it: Canvas would take anybody else for a new name.
    Raises CourseError where the roster is none of Canvas.
    """
    if not any(column in roster.columns for column in CANVAS_IDS):
        raise CourseError(
            f"The roster has no Canvas ids, but the columns {', '.join(roster.columns)}. It needs ID, SIS User ID or "
            "SIS Login ID: use the file that Canvas exports (Grades, Export)."
        )
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column]
    possible = ["    Points Possible", "", "", "", "", number(grades.max_score)]
    rows = []
    for student in _known(grades, roster):
        ids = [roster.of(student, column) for column in CANVAS_IDS]
        if not any(ids):
            raise CourseError(
                f"The roster has no Canvas id for '{student}'. It needs ID, SIS User ID or SIS Login ID: "
                "use the file that Canvas exports (Grades, Export)."
            )
        fields = [roster.name_of(student) or student, *ids, roster.of(student, "section")]
        rows.append([*map(harmless, fields), number(grades.marks[student].score)])
    return [[harmless(cell) for cell in head], possible, *rows]


def moodle(grades: ClassGrades, roster: Roster | None, column: str) -> Table:
    """Moodle grade import: columns that identify the user, then the grade item.

    Of Username, ID number and Email address those are there that the roster fills for everybody; without a roster the
    student's id is taken for the user name. On import, map one of them to the user and `column` to the grade item.
    Raises CourseError where the roster fills none of them.
    """
    if roster is None:
        names, students = ["Username"], sorted(grades.marks)
        identities = {student: [student] for student in students}
    else:
        students = _known(grades, roster)
        names = [name for name in MOODLE_IDS if all(_moodle_id(roster, student, name) for student in students)]
        identities = {student: [_moodle_id(roster, student, name) for name in names] for student in students}
        if not names:
            raise CourseError(
                f"The roster fills none of these columns for everybody: {', '.join(MOODLE_IDS)}. Moodle's import "
                "needs one of them: use the list of participants, or a grading worksheet that shows one."
            )
    rows = [[*map(harmless, identities[student]), number(grades.marks[student].score)] for student in students]
    return [[*names, harmless(column)], *rows]


def _moodle_id(roster: Roster, student: str, name: str) -> str:
    return roster.of(student, *{"Email address": ("email address", "email")}.get(name, (name.lower(),)))


def cases(grades: ClassGrades) -> Iterator[list[str]]:
    """One row per student and check, for a spreadsheet or a data frame; nothing in it is rounded.

    Yielded one by one: a class of 10,000 has a million of them.
    """
    yield [
        "student", "section", "cell", "case", "title", "status", "points", "max_points", "times_tolerance",
        "misconception", "message",
    ]  # fmt: skip
    for verdict in grades.verdicts:
        for case in verdict.cases:
            section = grades.sections.get(case.cell, "")
            words = [verdict.student, section, case.cell, case.id, case.title, case.status.value]
            numbers = [repr(case.points), repr(case.max_points), "" if case.ratio is None else repr(case.ratio)]
            yield [*map(harmless, words), *numbers, harmless(case.misconception or ""), harmless(case.message)]


def _known(grades: ClassGrades, roster: Roster) -> Sequence[str]:
    return [student for student in sorted(grades.marks) if student in roster.people]
