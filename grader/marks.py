"""What the gradebook holds for a class, read in three queries: scores, manual marks, comments, penalties.

Feedback, report and exports read this and verdicts, and write neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from .course import Course


@dataclass(frozen=True, slots=True)
class CellMark:
    """One graded cell in the gradebook, in points. `waiting` is True until a person has marked it."""

    auto_score: float | None
    manual_score: float | None
    extra_credit: float
    max_score: float
    waiting: bool

    @property
    def score(self) -> float:
        """Points that count: a manual score replaces the automatic one, extra credit comes on top."""
        counted = self.auto_score if self.manual_score is None else self.manual_score
        return (counted or 0.0) + self.extra_credit


@dataclass(frozen=True, slots=True)
class Marks:
    """One submission in the gradebook: `cells` and `comments` by grade_id, points before and after the penalty."""

    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    timestamp: datetime | None = None
    late_penalty: float = 0.0
    cells: dict[str, CellMark] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    @property
    def raw_score(self) -> float:
        return math.fsum(cell.score for cell in self.cells.values())

    @property
    def score(self) -> float:
        """Points after the late penalty, as nbgrader's own exporter counts them."""
        return max(0.0, self.raw_score - self.late_penalty)

    @property
    def max_score(self) -> float:
        return math.fsum(cell.max_score for cell in self.cells.values())

    @property
    def waiting(self) -> int:
        """Graded cells that nobody has marked yet."""
        return sum(cell.waiting for cell in self.cells.values())


def read_marks(course: Course, assignment: str, student: str | None = None) -> dict[str, Marks]:
    """Return the marks of everybody with a submission in the gradebook, by student id; of one student where named.

    A class without a gradebook has no marks.
    """
    return marks_of(course.db_url, assignment, student) if course.gradebook.is_file() else {}


def marks_of(db_url: str, assignment: str, student: str | None = None) -> dict[str, Marks]:
    """The same for the gradebook at `db_url`, which has to exist."""
    from sqlalchemy import create_engine

    engine = create_engine(db_url)  # not nbgrader's Gradebook, which writes to what it opens
    with engine.connect() as book:
        marks = {row.id: _marks(row) for row in book.execute(_submissions(assignment, student))}
        for row in book.execute(_grades(assignment, student)):
            marks[row.student].cells[row.name] = CellMark(
                auto_score=row.auto_score,
                manual_score=row.manual_score,
                extra_credit=row.extra_credit or 0.0,
                max_score=row.max_score,
                waiting=bool(row.needs_manual_grade),
            )
        for row in book.execute(_comments(assignment, student)):
            text = row.manual_comment if row.manual_comment is not None else row.auto_comment
            if text:
                marks[row.student].comments[row.name] = text
    engine.dispose()
    return marks


def _marks(row) -> Marks:
    return Marks(
        student=row.id,
        first_name=row.first_name or "",
        last_name=row.last_name or "",
        email=row.email or "",
        timestamp=row.timestamp,
        late_penalty=row.penalty or 0.0,
    )


def _of_assignment(query, assignment: str, student: str | None):
    from nbgrader import api

    query = query.where(api.Assignment.name == assignment).order_by(api.SubmittedAssignment.student_id)
    return query if student is None else query.where(api.SubmittedAssignment.student_id == student)


def _submissions(assignment: str, student: str | None):
    from nbgrader import api
    from sqlalchemy import func, select

    query = (
        select(
            api.Student.id, api.Student.first_name, api.Student.last_name, api.Student.email,
            api.SubmittedAssignment.timestamp, func.sum(api.SubmittedNotebook.late_submission_penalty).label("penalty"),
        )
        .select_from(api.SubmittedAssignment)
        .join(api.Assignment, api.SubmittedAssignment.assignment_id == api.Assignment.id)
        .join(api.Student, api.SubmittedAssignment.student_id == api.Student.id)
        .join(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .group_by(api.SubmittedAssignment.id)
    )  # fmt: skip
    return _of_assignment(query, assignment, student)


def _grades(assignment: str, student: str | None):
    from nbgrader import api
    from sqlalchemy import select
    from sqlalchemy.orm import with_polymorphic

    cells = with_polymorphic(api.BaseCell, [api.GradeCell, api.TaskCell])
    query = (
        select(
            api.SubmittedAssignment.student_id.label("student"), cells.name, api.Grade.auto_score,
            api.Grade.manual_score, api.Grade.extra_credit, api.Grade.needs_manual_grade,
            _either(cells.GradeCell.max_score, cells.TaskCell.max_score).label("max_score"),
        )
        .select_from(api.Grade)
        .join(cells, api.Grade.cell_id == cells.id)
    )  # fmt: skip
    return _of_assignment(_from_submission(query, api.Grade), assignment, student)


def _comments(assignment: str, student: str | None):
    from nbgrader import api
    from sqlalchemy import select

    query = (
        select(
            api.SubmittedAssignment.student_id.label("student"), api.BaseCell.name, api.Comment.auto_comment,
            api.Comment.manual_comment,
        )
        .select_from(api.Comment)
        .join(api.BaseCell, api.Comment.cell_id == api.BaseCell.id)
    )  # fmt: skip
    return _of_assignment(_from_submission(query, api.Comment), assignment, student)


def _from_submission(query, entry):
    """Join a grade or a comment to the submission it belongs to."""
    from nbgrader import api

    return (
        query.join(api.SubmittedNotebook, entry.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
        .join(api.Assignment, api.SubmittedAssignment.assignment_id == api.Assignment.id)
    )


def _either(first, second):
    from sqlalchemy import func

    return func.coalesce(first, second)
