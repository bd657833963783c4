"""The gradebook as it is: read in a few queries, without importing nbgrader (which takes longer than a class to read)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Interval, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from .course import Course, CourseError
from .late import Rule

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row

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


@dataclass(frozen=True, slots=True)
class Late:
    """How late a submission was, and what that took off the `score` it had then (None: nothing)."""

    seconds: float
    score: float
    penalty: float | None


@contextmanager
def open_gradebook(course: Course) -> Iterator[Engine]:
    """Yield the gradebook's database. Raises CourseError, with what to do, where it cannot be read or written."""
    options = {"connect_args": {"timeout": PATIENCE}} if course.db_url.startswith("sqlite") else {}
    engine = create_engine(course.db_url, **options)
    try:
        yield engine
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise CourseError(f"The gradebook {course.gradebook} failed: {reason}. Mend that and run again.") from error
    finally:
        engine.dispose()


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
    """One submission as the gradebook has it, with what decides whether its penalty is up to date."""

    recorded: Recorded
    score: float  # before the penalty
    penalty: float | None
    timestamp: datetime | None
    duedate: datetime | None
    extension: timedelta | None


_OURS = """
    FROM submitted_notebook sn
    JOIN submitted_assignment sa ON sn.assignment_id = sa.id
    JOIN assignment a ON sa.assignment_id = a.id
    JOIN notebook n ON sn.notebook_id = n.id
"""
_COUNTED = "CASE WHEN g.manual_score IS NULL THEN g.auto_score ELSE g.manual_score END"
_STANDINGS = text(
    f"""
    SELECT sa.student_id AS student, sa.timestamp, sa.extension, a.duedate, sn.late_submission_penalty AS penalty,
        COALESCE(SUM(CASE WHEN g.manual_score IS NULL THEN g.auto_score END), 0) AS auto_points,
        COALESCE(SUM(g.manual_score), 0) AS manual_points,
        COALESCE(SUM(g.extra_credit), 0) AS extra_credit,
        COALESCE(SUM({_COUNTED} + COALESCE(g.extra_credit, 0)), 0) AS score,
        COALESCE(SUM(COALESCE(gc.max_score, tc.max_score)), 0) AS max_score,
        SUM(CASE WHEN g.needs_manual_grade THEN 1 ELSE 0 END) AS waiting
    {_OURS}
    LEFT JOIN grade g ON g.notebook_id = sn.id
    LEFT JOIN grade_cells gc ON gc.id = g.cell_id
    LEFT JOIN task_cells tc ON tc.id = g.cell_id
    WHERE a.name = :assignment AND n.name = :assignment
    GROUP BY sn.id, sa.student_id, sa.timestamp, sa.extension, a.duedate, sn.late_submission_penalty
    """
).columns(timestamp=DateTime(), extension=Interval(), duedate=DateTime())


def read_standings(engine: Engine, assignment: str) -> dict[str, Standing]:
    """Everybody's standing in the gradebook, by student. Reads without importing nbgrader."""
    with engine.connect() as book:
        return {row.student: _standing(row) for row in book.execute(_STANDINGS, {"assignment": assignment})}


def _standing(row: Row) -> Standing:
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
    )
    return Standing(recorded, row.score, row.penalty, row.timestamp, row.duedate, row.extension)


_SCORES = text(
    f"SELECT sa.student_id AS student, c.name, g.auto_score AS value {_OURS} JOIN grade g ON g.notebook_id = sn.id"
    " JOIN base_cell c ON c.id = g.cell_id WHERE a.name = :assignment AND n.name = :assignment"
)
_COMMENTS = text(
    f"SELECT sa.student_id AS student, c.name, g.auto_comment AS value {_OURS} JOIN comment g ON g.notebook_id = sn.id"
    " JOIN base_cell c ON c.id = g.cell_id WHERE a.name = :assignment AND n.name = :assignment"
)


def read_automatic(engine: Engine, assignment: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Automatic scores and automatic comments as the gradebook has them: {student: {grade_id: value}} of each."""
    with engine.connect() as book:
        return _by_student(book, _SCORES, assignment), _by_student(book, _COMMENTS, assignment)


def _by_student(book: Connection, query: Any, assignment: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in book.execute(query, {"assignment": assignment}):
        found.setdefault(row.student, {})[row.name] = row.value
    return found
