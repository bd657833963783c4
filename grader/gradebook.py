"""Grades -> nbgrader's gradebook, exactly as `nbgrader autograde` would have entered them.

Rows go into nbgrader's own tables, many submissions in one transaction: a batch is in the gradebook as a whole or not
at all. Manual scores, extra credit and comments of the formgrader are never touched. Entering the same grades again
changes nothing. The tables are read from the database itself: importing nbgrader takes longer than recording a class.

One thing differs: nbgrader has a person look again at every mark when a submission is graded again, we only where
something else was handed in.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Interval, MetaData, Table, and_, bindparam, select

from .course import CourseError
from .late import Rule
from .standings import Entered, late_by, seconds_late

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine, Row

SCHEMA = "e43177bfe90b"  # of nbgrader 0.9.6, as alembic calls it

# (entry of the notebook, None for one that is not graded; grade_id; the cell's row, None where there is none) -> values
ValuesOf = Callable[["Entry | None", str, "Row | None"], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What grading has to say about one submission. Names are grade_ids; a score of None waits for a person."""

    student: str
    scores: Mapping[str, float | None]
    untouched: Sequence[str]  # answers left as released
    timestamp: datetime | None = None  # UTC; None: as the gradebook has it
    extension: timedelta | None = None  # None: as the gradebook has it
    seen: bool = False  # the same submission was graded before: marks that a person gave are for these answers


class GradeRecorder:
    """Writes entries of one assignment into the gradebook of `engine`. One per course: the parent alone writes.

    Raises CourseError where the gradebook does not know the assignment or is of another version of nbgrader.
    """

    def __init__(self, engine: Engine, assignment: str, rule: Rule) -> None:
        self._engine = engine
        self._rule = rule
        self._tables = tables = _tables(engine)
        with engine.connect() as book:
            _check_schema(book, tables["alembic_version"])
            found = book.execute(select(tables["assignment"]).where(tables["assignment"].c.name == assignment)).first()
            if found is None:
                raise CourseError(f"The gradebook does not know '{assignment}'. Run: make release")
            self._assignment, self._duedate = found.id, found.duedate
            notebooks = book.execute(
                select(tables["notebook"]).where(tables["notebook"].c.assignment_id == found.id)
            ).all()
            self._cells = {row.id: self._cells_of(book, row.id) for row in notebooks}
        # nbgrader makes rows for every notebook of an assignment; the one called like the assignment is what we grade
        self._notebook = next(row.id for row in notebooks if row.name == assignment)

    def _cells_of(self, book: Connection, notebook: str) -> dict[str, dict[str, str]]:
        """Cells of a notebook that get a row for each submission: {"grade" or "comment": {row id: grade_id}}."""
        cells = self._tables["base_cell"]
        rows = book.execute(select(cells.c.id, cells.c.name, cells.c.type).where(cells.c.notebook_id == notebook)).all()
        return {
            "grade": {row.id: row.name for row in rows if row.type in ("GradeCell", "TaskCell")},
            "comment": {row.id: row.name for row in rows if row.type in ("SolutionCell", "TaskCell")},
        }

    def record(self, entries: Sequence[Entry]) -> dict[str, Entered]:
        """Enter submissions, all or none, and return what was entered besides the scores, by student."""
        with self._engine.connect() as book:
            if self._engine.dialect.name == "sqlite":
                book.exec_driver_sql("BEGIN IMMEDIATE")  # waits for the formgrader here, not halfway through
            submissions = self._submissions(book, {entry.student: entry for entry in entries})
            rows = self._notebooks(book, {row.id for row in submissions.values()})
            of_submission = {row.assignment_id: row for row in rows if row.notebook_id == self._notebook}
            notebooks = {student: of_submission[row.id] for student, row in submissions.items()}
            by_notebook = {notebooks[entry.student].id: entry for entry in entries}
            scores = self._enter_scores(book, rows, by_notebook)
            self._enter_rows(book, "comment", rows, by_notebook, _comment)
            entered = {
                entry.student: self._entered(submissions[entry.student], scores[notebook])
                for notebook, entry in by_notebook.items()
            }
            self._enter_penalties(book, notebooks, entered)
            book.commit()
        return entered

    def _submissions(self, book: Connection, entries: Mapping[str, Entry]) -> dict[str, Row]:
        """Rows of these students' submissions; students and submissions that are new are added first."""
        students, table = self._tables["student"], self._tables["submitted_assignment"]
        known = set(book.scalars(select(students.c.id).where(students.c.id.in_(entries))))
        _insert(book, students, [{"id": student} for student in entries if student not in known])
        query = select(table).where(table.c.assignment_id == self._assignment, table.c.student_id.in_(entries))
        there = {row.student_id: row for row in book.execute(query)}
        new = [student for student in entries if student not in there]
        _insert(book, table, [_new(assignment_id=self._assignment, student_id=student) for student in new])
        if new:
            there = {row.student_id: row for row in book.execute(query)}
        changed = False
        for student, entry in entries.items():
            given = {"timestamp": entry.timestamp, "extension": entry.extension}
            values = {key: value for key, value in given.items() if value not in (None, getattr(there[student], key))}
            if values:
                book.execute(table.update().where(table.c.id == there[student].id).values(values))
                changed = True
        return {row.student_id: row for row in book.execute(query)} if changed else there

    def _notebooks(self, book: Connection, submissions: Collection[str]) -> Sequence[Row]:
        """Rows of all notebooks of these submissions; those that are new are added first."""
        table = self._tables["submitted_notebook"]
        query = select(table).where(_indexed(table, "notebook_id", self._cells, "assignment_id", submissions))
        rows = book.execute(query).all()
        there = {(row.assignment_id, row.notebook_id) for row in rows}
        wanted = [(submission, notebook) for submission in submissions for notebook in self._cells]
        new = [_new(assignment_id=a, notebook_id=n, flagged=False) for a, n in wanted if (a, n) not in there]
        _insert(book, table, new)
        return book.execute(query).all() if new else rows

    def _enter_scores(
        self, book: Connection, notebooks: Sequence[Row], entries: Mapping[str, Entry]
    ) -> dict[str, float]:
        """Enter automatic scores; return the score of each notebook, manual marks and extra credit included."""
        there = self._enter_rows(book, "grade", notebooks, entries, _score)
        cells = self._cells[self._notebook]["grade"].items()
        return {
            notebook: math.fsum(_counted(entry.scores.get(name), there.get((notebook, cell))) for cell, name in cells)
            for notebook, entry in entries.items()
        }

    def _enter_rows(
        self, book: Connection, kind: str, notebooks: Sequence[Row], entries: Mapping[str, Entry], values_of: ValuesOf
    ) -> dict[tuple[str, str], Row]:
        """Enter what there is to say about each "grade" or "comment"; return the rows there were, by notebook and cell.

        `entries` are by notebook. The cells of other notebooks of the assignment get a row and no more.
        """
        table = self._tables[kind]
        cells = {row.id: self._cells[row.notebook_id][kind] for row in notebooks}
        of_cells = {cell for names in cells.values() for cell in names}
        query = select(table).where(_indexed(table, "cell_id", of_cells, "notebook_id", cells))
        rows = book.execute(query.with_for_update())  # a marker may be at it, on a server
        there = {(row.notebook_id, row.cell_id): row for row in rows}
        new, changed = [], []
        for notebook, names in cells.items():
            entry = entries.get(notebook)
            for cell, name in names.items():
                row = there.get((notebook, cell))
                values = values_of(entry, name, row)
                if row is None:
                    new.append(_new(notebook_id=notebook, cell_id=cell, **values))
                elif entry is not None and any(getattr(row, key) != value for key, value in values.items()):
                    changed.append({"row": row.id, **values})
        _insert(book, table, new)
        _update(book, table, changed)
        return there

    def _entered(self, submission: Row, score: float) -> Entered:
        seconds = seconds_late(submission.timestamp, self._duedate, submission.extension)
        late = late_by(self._rule, submission.student_id, score, seconds) if seconds > 0 else None
        return Entered(submission.timestamp, submission.extension, late)

    def _enter_penalties(self, book: Connection, notebooks: Mapping[str, Row], entered: Mapping[str, Entered]) -> None:
        values = []
        for student, what in entered.items():
            penalty = what.late.penalty if what.late else None
            if notebooks[student].late_submission_penalty != penalty:
                values.append({"row": notebooks[student].id, "late_submission_penalty": penalty})
        _update(book, self._tables["submitted_notebook"], values)


def _score(entry: Entry | None, name: str, row: Row | None) -> dict[str, Any]:
    auto = entry.scores.get(name) if entry else None
    if row is None or row.manual_score is None:
        return {"auto_score": auto, "needs_manual_grade": auto is None}
    review = row.needs_manual_grade if entry and entry.seen else True
    return {"auto_score": auto, "needs_manual_grade": review}


def _counted(auto: float | None, row: Row | None) -> float:
    """Points that a cell's grade counts: a manual score replaces the automatic one."""
    counted = auto if row is None or row.manual_score is None else row.manual_score
    extra = row.extra_credit if row is not None else None
    return 0.0 if counted is None else counted + (extra or 0.0)


def _comment(entry: Entry | None, name: str, _row: Row | None) -> dict[str, Any]:
    return {"auto_comment": "No response." if entry and name in entry.untouched else None}


def _tables(engine: Engine) -> dict[str, Table]:
    meta = MetaData()
    names = ("alembic_version", "assignment", "notebook", "base_cell", "student")
    tables = {name: Table(name, meta, autoload_with=engine) for name in names}
    tables["submitted_assignment"] = Table(  # SQLite keeps a span of time as a date; only the model knows
        "submitted_assignment", meta, Column("extension", Interval()), autoload_with=engine
    )
    for name in ("submitted_notebook", "grade", "comment"):
        tables[name] = Table(name, meta, autoload_with=engine)
    return tables


def _check_schema(book: Connection, versions: Table) -> None:
    version = book.scalar(select(versions.c.version_num))
    if version != SCHEMA:
        raise CourseError(
            f"The gradebook is of another nbgrader (schema {version}). Run: .venv/bin/nbgrader db upgrade"
        )


def _new(**values: Any) -> dict[str, Any]:
    """A row with an id as long as nbgrader's, that grows with time: the rows of a batch lie together in the indices,
    where random ids would have every row touch, and keep a copy of, a page of its own.
    """
    return {"id": f"{time.time_ns():016x}{secrets.token_hex(8)}", **values}


def _indexed(
    table: Table, first: str, values: Collection[str], second: str, others: Collection[str]
) -> ColumnElement[bool]:
    """The rows with these values in two columns, named in the order of nbgrader's index over them.

    The second column alone would do, but every batch would then read the whole table.
    """
    return and_(table.c[first].in_(values), table.c[second].in_(others))


def _insert(book: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        book.execute(table.insert(), rows)


def _update(book: Connection, table: Table, values: list[dict[str, Any]]) -> None:
    """Update rows by id; each of `values` has the id as "row" and the same columns as the others."""
    if values:
        columns = {name: bindparam(name) for name in values[0] if name != "row"}
        book.execute(table.update().where(table.c.id == bindparam("row")).values(columns), values)
