"""The roster: a CSV file that says who a student id of the course is in the LMS.

Any export of the LMS will do (Canvas: the gradebook's; Moodle: the participants' or the grades'), or a file of one's
own with a column `student`. A row belongs to the student whose id stands in one of its id columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..course import CourseError

# columns that may hold the id a student's folder is called by, as LMS exports call them; the first that fits is taken
ID_COLUMNS = (
    "student", "sis login id", "sis user id", "id", "username", "id number", "email address", "email", "login", "netid",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Roster:
    """Rows by student id, columns by their name in small letters."""

    people: dict[str, dict[str, str]]
    columns: tuple[str, ...]

    def of(self, student: str, *columns: str) -> str:
        """The first of `columns` that is filled in for a student, "" where none is."""
        person = self.people.get(student, {})
        return next((person[column] for column in columns if person.get(column)), "")


def read_roster(path: Path, students: Iterable[str]) -> Roster:
    """Read a roster and find `students` in it. Raises CourseError where the file cannot serve as one."""
    rows = _rows(path)
    columns = tuple(rows[0]) if rows else ()
    there = [column for column in ID_COLUMNS if column in columns]
    if not there:
        raise CourseError(
            f"{path} has no column with ids. It has: {', '.join(columns)}. "
            f"One of these is needed: {', '.join(ID_COLUMNS)}."
        )
    people: dict[str, dict[str, str]] = {}
    for student in students:
        found = next((hits for column in there if (hits := [row for row in rows if row[column] == student])), [])
        if len(found) > 1:
            raise CourseError(f"{path} has {len(found)} rows for '{student}'. One is needed.")
        if found:
            people[student] = found[0]
    return Roster(people, columns)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not in UTF-8. Save it as 'CSV UTF-8' and run again.") from error
    except OSError as error:
        raise CourseError(f"The roster {path} cannot be read: {error.strerror}.") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    names = [name.strip().lower() for name in next(reader, [])]
    if len(set(names)) < len([name for name in names if name]):
        raise CourseError(f"{path} has two columns of the same name.")
    return [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in reader if any(row)]
