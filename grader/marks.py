"""What the gradebook holds for a class, read in three queries: scores, manual marks, comments, penalties.

Feedback, report and exports read this and verdicts, and write neither.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, create_engine, text

from .course import Course

if TYPE_CHECKING:
    from sqlalchemy import Row


@dataclass(frozen=True, slots=True)
class CellMark:
    """One graded cell in the gradebook, in points.

    `waiting` is True until a person has marked it, `to_review` where something else was handed in since.
    """

    auto_score: float | None
    manual_score: float | None
    extra_credit: float
    max_score: float
    waiting: bool
    to_review: bool = False

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

    def out_of(self, bonus: Container[str]) -> float:
        """What the score is out of: the points of all graded cells but those of the bonus, as verdicts name them."""
        return math.fsum(cell.max_score for name, cell in self.cells.items() if name not in bonus)

    @property
    def waiting(self) -> int:
        """Graded cells that nobody has marked yet."""
        return sum(cell.waiting for cell in self.cells.values())

    @property
    def to_review(self) -> int:
        """Marks by hand that are for an earlier submission."""
        return sum(cell.to_review for cell in self.cells.values())


def read_marks(course: Course, assignment: str, student: str | None = None) -> dict[str, Marks]:
    """Return the marks of everybody with a submission in the gradebook, by student id; of one student where named.

    A class without a gradebook has no marks.
    """
    return marks_of(course.db_url, assignment, student) if course.has_gradebook else {}


def marks_of(db_url: str, assignment: str, student: str | None = None) -> dict[str, Marks]:
    """The same for the gradebook at `db_url`, which has to exist."""
    engine = create_engine(db_url)  # neither imports nbgrader nor writes, as nbgrader's own Gradebook does on opening
    names = {"assignment": assignment, "student": student}
    try:
        with engine.connect() as book:
            marks = {row.student: _marks(row) for row in book.execute(_SUBMISSIONS, names)}
            known: dict[CellMark, CellMark] = {}  # what many students have is kept once: a large class fits into memory
            for row in book.execute(_GRADES, names):
                marked, flagged = row.manual_score is not None, bool(row.needs_manual_grade)
                mark = CellMark(
                    auto_score=row.auto_score,
                    manual_score=row.manual_score,
                    extra_credit=row.extra_credit or 0.0,
                    max_score=row.max_score,
                    waiting=flagged and not marked,
                    to_review=flagged and marked,
                )
                marks[row.student].cells[sys.intern(row.name)] = known.setdefault(mark, mark)
            for row in book.execute(_COMMENTS, names):
                if row.comment:
                    marks[row.student].comments[row.name] = row.comment
    finally:
        engine.dispose()
    return marks


def _marks(row: Row) -> Marks:
    return Marks(
        student=row.student,
        first_name=row.first_name or "",
        last_name=row.last_name or "",
        email=row.email or "",
        timestamp=row.timestamp,
        late_penalty=row.penalty or 0.0,
    )


_OF_ASSIGNMENT = """
    JOIN assignment a ON sa.assignment_id = a.id
    WHERE a.name = :assignment AND (CAST(:student AS TEXT) IS NULL OR sa.student_id = :student)
"""
_SUBMISSIONS = text(
    f"""
    SELECT s.id AS student, s.first_name, s.last_name, s.email, sa.timestamp,
        SUM(sn.late_submission_penalty) AS penalty
    FROM submitted_assignment sa
    JOIN student s ON sa.student_id = s.id
    JOIN submitted_notebook sn ON sn.assignment_id = sa.id
    {_OF_ASSIGNMENT}
    GROUP BY sa.id, s.id, s.first_name, s.last_name, s.email, sa.timestamp
    ORDER BY s.id
    """  # noqa: S608  (nobody's value stands in the text)
).columns(timestamp=DateTime())

_OF_SUBMISSION = f"""
    JOIN submitted_notebook sn ON entry.notebook_id = sn.id
    JOIN submitted_assignment sa ON sn.assignment_id = sa.id
    JOIN base_cell c ON entry.cell_id = c.id
    LEFT JOIN grade_cells gc ON gc.id = c.id
    LEFT JOIN task_cells tc ON tc.id = c.id
    {_OF_ASSIGNMENT}
"""
_GRADES = text(
    f"""
    SELECT sa.student_id AS student, c.name, entry.auto_score, entry.manual_score, entry.extra_credit,
        entry.needs_manual_grade, COALESCE(gc.max_score, tc.max_score) AS max_score
    FROM grade entry {_OF_SUBMISSION}
    """  # noqa: S608
)
_COMMENTS = text(
    f"""
    SELECT sa.student_id AS student, c.name, COALESCE(entry.manual_comment, entry.auto_comment) AS comment
    FROM comment entry {_OF_SUBMISSION}
    """  # noqa: S608
)
