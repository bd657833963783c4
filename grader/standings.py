"""The gradebook as it is, read in a few queries. nbgrader itself, which takes longer to import, is not needed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Interval, create_engine, text
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from .course import Course, CourseError
from .late import Rule

if TYPE_CHECKING:
    from sqlalchemy import Engine, Row

PATIENCE = 30.0  # seconds to wait while the formgrader writes


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the gradebook holds for a submission, in points."""

    student: str
    auto_points: float
    manual_points: float
    extra_credit: float
    late_penalty: float
    score: float
    max_score: float
    needs_marking: int  # graded cells that wait for the formgrader
    to_review: int = 0  # marks by hand that are for an earlier submission


@dataclass(frozen=True, slots=True)
class Late:
    """How late a submission was, and what that took off the `score` it had then (None: nothing)."""

    seconds: float
    score: float
    penalty: float | None


@dataclass(frozen=True, slots=True)
class Entered:
    """What was entered for a submission besides its scores. Times are UTC; `late` is None where it was in time."""

    timestamp: datetime | None
    extension: timedelta | None
    late: Late | None

    def to_log(self) -> dict[str, Any]:
        """The same as a line of the log has it, in seconds and points."""
        late = self.late
        return {
            "handed_in": self.timestamp.isoformat() if self.timestamp else None,
            "extension": self.extension.total_seconds() if self.extension else None,
            "late": [late.seconds, late.score, late.penalty] if late else None,
        }


@contextmanager
def open_gradebook(course: Course) -> Iterator[Engine]:
    """Yield the gradebook's database. Raises CourseError, with what to do, where it cannot be read or written."""
    options = {"connect_args": {"timeout": PATIENCE}} if course.db_url.startswith("sqlite") else {}
    try:
        engine = create_engine(course.db_url, **options)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise CourseError(
            f"{course.db_url_file} cannot be used: {error}. It has to read postgresql+psycopg://USER@HOST/NAME, "
            "and its driver comes with: make setup-cluster"
        ) from error
    try:
        yield engine
    except SQLAlchemyError as error:
        raise CourseError(gradebook_failed(course.gradebook_name, error)) from error
    finally:
        engine.dispose()


def gradebook_failed(name: str, error: SQLAlchemyError) -> str:
    """What a gradebook that cannot be read or written is answered with; `name` says which one, "" where unknown."""
    reason = getattr(error, "orig", None) or error
    remedy = "Mend that and run again."
    if type(error) is DatabaseError:  # SQLite's word for a damaged file; busy or full ones are of its subclasses
        remedy = "Put the newest sound copy of course/backups/ in its place, then: make grade verify"
    return f"The gradebook {name and name + ' '}failed: {reason}. {remedy}"


def seconds_late(timestamp: datetime | None, duedate: datetime | None, extension: timedelta | None) -> float:
    """Seconds past the due date and the student's extension; 0 where either time is not known."""
    if timestamp is None or duedate is None:
        return 0.0
    return max(0.0, (timestamp - duedate - (extension or timedelta())).total_seconds())


def late_by(rule: Rule, student: str, score: float, seconds: float) -> Late:
    """Ask the rule, and hold its answer to nbgrader's bounds: between nothing and the score."""
    penalty = rule(student, score, seconds)
    return Late(seconds, score, None if penalty is None else min(max(0, penalty), score))


@dataclass(frozen=True, slots=True)
class Standing:
    """One submission as the gradebook has it, with what decides whether its penalty is up to date.

    `by_hand` is what a person added to the automatic points of a cell, or took off: (grade_id, points) each.
    """

    recorded: Recorded
    score: float  # before the penalty
    penalty: float | None
    timestamp: datetime | None
    duedate: datetime | None
    extension: timedelta | None
    by_hand: tuple[tuple[str, float], ...] = ()

    @property
    def seconds_late(self) -> float:
        return seconds_late(self.timestamp, self.duedate, self.extension)

    @property
    def entered(self) -> Entered:
        late = Late(self.seconds_late, self.score, self.penalty) if self.seconds_late > 0 else None
        return Entered(self.timestamp, self.extension, late)


_OURS = """
    FROM submitted_notebook sn
    JOIN submitted_assignment sa ON sn.assignment_id = sa.id
    JOIN assignment a ON sa.assignment_id = a.id
    JOIN notebook n ON sn.notebook_id = n.id
"""
_COUNTED = "CASE WHEN g.manual_score IS NULL THEN g.auto_score ELSE g.manual_score END"
_OF = """
    WHERE a.name = :assignment AND n.name = :assignment
        AND (CAST(:student AS TEXT) IS NULL OR sa.student_id = :student)
"""
_STANDINGS = text(
    f"""
    SELECT sa.student_id AS student, sa.timestamp, sa.extension, a.duedate, sn.late_submission_penalty AS penalty,
        COALESCE(SUM(CASE WHEN g.manual_score IS NULL THEN g.auto_score END), 0) AS auto_points,
        COALESCE(SUM(g.manual_score), 0) AS manual_points,
        COALESCE(SUM(g.extra_credit), 0) AS extra_credit,
        COALESCE(SUM({_COUNTED} + COALESCE(g.extra_credit, 0)), 0) AS score,
        COALESCE(SUM(COALESCE(gc.max_score, tc.max_score)), 0) AS max_score,
        COUNT(g.manual_score) + COUNT(g.extra_credit) AS by_hand,
        SUM(CASE WHEN g.needs_manual_grade AND g.manual_score IS NULL THEN 1 ELSE 0 END) AS waiting,
        SUM(CASE WHEN g.needs_manual_grade AND g.manual_score IS NOT NULL THEN 1 ELSE 0 END) AS to_review
    {_OURS}
    LEFT JOIN grade g ON g.notebook_id = sn.id
    LEFT JOIN grade_cells gc ON gc.id = g.cell_id
    LEFT JOIN task_cells tc ON tc.id = g.cell_id
    {_OF}
    GROUP BY sn.id, sa.student_id, sa.timestamp, sa.extension, a.duedate, sn.late_submission_penalty
    """
).columns(timestamp=DateTime(), extension=Interval(), duedate=DateTime())


_BY_HAND = text(
    f"""
    SELECT sa.student_id AS student, c.name,
        COALESCE({_COUNTED}, 0) + COALESCE(g.extra_credit, 0) - COALESCE(g.auto_score, 0) AS change
    {_OURS}
    JOIN grade g ON g.notebook_id = sn.id
    JOIN base_cell c ON c.id = g.cell_id
    {_OF} AND (g.manual_score IS NOT NULL OR g.extra_credit IS NOT NULL)
    """
)


def read_standings(engine: Engine, assignment: str, student: str | None = None) -> dict[str, Standing]:
    """Standings in the gradebook by student: everybody's, or one student's."""
    names = {"assignment": assignment, "student": student}
    with engine.connect() as book:
        rows = book.execute(_STANDINGS, names).all()
        marked: dict[str, list[tuple[str, float]]] = {}
        for mark in book.execute(_BY_HAND, names) if any(row.by_hand for row in rows) else ():
            marked.setdefault(mark.student, []).append((sys.intern(mark.name), mark.change))
        return {row.student: _standing(row, tuple(marked.get(row.student, ()))) for row in rows}


def read_students(engine: Engine) -> list[str]:
    """Everybody in the gradebook, sorted: who handed in anything, and whom a class list was imported for."""
    with engine.connect() as book:
        return sorted(book.scalars(text("SELECT id FROM student")))


def _standing(row: Row, by_hand: tuple[tuple[str, float], ...]) -> Standing:
    penalty = row.penalty or 0.0
    recorded = Recorded(
        student=row.student,
        auto_points=row.auto_points,
        manual_points=row.manual_points,
        extra_credit=row.extra_credit,
        late_penalty=penalty,
        score=max(0.0, row.score - penalty),
        max_score=row.max_score,
        needs_marking=row.waiting or 0,
        to_review=row.to_review or 0,
    )
    return Standing(recorded, row.score, row.penalty, row.timestamp, row.duedate, row.extension, by_hand)


_AUTOMATIC = {
    "auto_score": "JOIN grade g ON g.notebook_id = sn.id JOIN base_cell c ON c.id = g.cell_id",
    "auto_comment": "JOIN comment g ON g.notebook_id = sn.id JOIN base_cell c ON c.id = g.cell_id",
}


def read_automatic(engine: Engine, assignment: str, what: str) -> dict[str, dict[str, Any]]:
    """Every "auto_score" or "auto_comment" of the gradebook: {student: {grade_id: value}}."""
    query = text(f"SELECT sa.student_id AS student, c.name, g.{what} AS value {_OURS} {_AUTOMATIC[what]} {_OF}")
    found: dict[str, dict[str, Any]] = {}
    with engine.connect() as book:
        for row in book.execute(query, {"assignment": assignment, "student": None}):
            found.setdefault(row.student, {})[row.name] = row.value
    return found


def read_max_scores(engine: Engine, assignment: str) -> dict[str, float]:
    """What each graded cell is worth in the gradebook, by grade_id."""
    query = text(
        "SELECT c.name, COALESCE(gc.max_score, tc.max_score) AS points FROM base_cell c"
        " JOIN notebook n ON c.notebook_id = n.id JOIN assignment a ON n.assignment_id = a.id"
        " LEFT JOIN grade_cells gc ON gc.id = c.id LEFT JOIN task_cells tc ON tc.id = c.id"
        " WHERE a.name = :assignment AND n.name = :assignment AND c.type IN ('GradeCell', 'TaskCell')"
    )
    with engine.connect() as book:
        return {row.name: row.points for row in book.execute(query, {"assignment": assignment})}
