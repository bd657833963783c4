"""The roster: a CSV file that says who a student id of the course is in the LMS.

Any export of the LMS will do (Canvas: the gradebook's; Moodle: the participants', the grades', or an assignment's
grading worksheet), or a file of one's own with a column `student`. A row belongs to the student whom the LMS gave its
number in a download, whose id stands in one of its id columns, or who alone is called like it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..course import CourseError

# columns that may hold the id a student's folder is called by, as LMS exports call them; the first that fits is taken
ID_COLUMNS = (
    "student", "sis login id", "sis user id", "id", "username", "id number", "email address", "email", "login", "netid",
)  # fmt: skip
IDENTIFIER = "identifier"  # of Moodle's grading worksheet: "Participant 12345", the number that a download has, too
NAMES = ("student", "student name", "full name", "name")
FIRST_NAMES = ("first name", "firstname", "given name")
LAST_NAMES = ("surname", "last name", "lastname", "family name")
_DROPPED = re.compile(r"[\x00-\x1f&<>\"`|':\\/]")  # by Moodle, from a name that becomes a folder's

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Roster:
    """Rows by student id, columns by their name in small letters.

    `doubtful` are students who may be one of several people, with the reason; they have no row. `others` are the names
    of people who are nobody's row: they have nothing graded here.
    """

    people: dict[str, Row]
    columns: tuple[str, ...]
    doubtful: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def of(self, student: str, *columns: str) -> str:
        """The first of `columns` that is filled in for a student, "" where none is."""
        return _first(self.people.get(student, {}), *columns)

    def name_of(self, student: str) -> str:
        """The name of a student, "Surname, First name" where the roster has both apart; "" where it has none."""
        return _name(self.people.get(student, {}))


def read_roster(path: Path, students: Iterable[str], lms_ids: Mapping[str, str] | None = None) -> Roster:
    """Read a roster and find `students` in it. `lms_ids` are those that a download gave them ("Canvas 1001").

    Raises CourseError where the file cannot serve as a roster.
    """
    rows = _rows(path)
    columns = tuple(rows[0]) if rows else ()
    if not any(column in columns for column in (*ID_COLUMNS, IDENTIFIER)):
        raise CourseError(
            f"{path} has no column with ids. It has: {', '.join(columns)}. "
            f"One of these is needed: {', '.join((*ID_COLUMNS, IDENTIFIER))}."
        )
    search = _Search(path, rows, columns)
    certain: dict[int, list[str]] = defaultdict(list)  # students by row
    by_name: dict[int, list[str]] = defaultdict(list)
    doubtful: dict[str, str] = {}
    for student in students:
        lms_id = (lms_ids or {}).get(student, "")
        if (row := search.by_id(student, lms_id)) is not None:
            certain[row].append(student)
        elif len(hits := search.by_name(student, lms_id)) > 1:
            doubtful[student] = f"{len(hits)} people of the roster are called so"
        elif hits:
            by_name[hits[0]].append(student)
    people: dict[str, Row] = {}
    for row in sorted(certain.keys() | by_name.keys()):
        everybody = certain[row] + by_name[row]
        owner = certain[row] or by_name[row]
        if len(owner) == 1:
            people[owner[0]] = rows[row]
        for student in everybody:
            if student not in people:
                others = ", ".join(f"'{other}'" for other in everybody if other != student)
                doubtful[student] = f"the same row of the roster fits {others}"
    taken = certain.keys() | by_name.keys()
    rest = [row for number, row in enumerate(rows) if number not in taken and search.is_person(row)]
    return Roster(people, columns, doubtful, tuple(_name(row) or search.id_of(row) for row in rest))


class _Search:
    """The rows of a roster by what a student may be found by."""

    def __init__(self, path: Path, rows: list[Row], columns: tuple[str, ...]) -> None:
        self._path = path
        self._columns = [column for column in ID_COLUMNS if column in columns]
        self._by_column: dict[str, dict[str, list[int]]] = {column: defaultdict(list) for column in self._columns}
        self._by_identifier: dict[str, list[int]] = defaultdict(list)
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            for column in self._columns:
                self._by_column[column][row.get(column, "")].append(number)
            if found := re.search(r"[0-9]+$", row.get(IDENTIFIER, "")):
                self._by_identifier[found[0]].append(number)
            for name in _names(row):
                self._by_name[name].append(number)

    def by_id(self, student: str, lms_id: str) -> int | None:
        """The row of a student's number or id, None where there is none. Raises CourseError where there are several."""
        lms, _, number = lms_id.partition(" ")
        places = [index.get(student, []) for index in self._by_column.values()]
        if lms == "Canvas" and "id" in self._by_column:
            places.insert(0, self._by_column["id"].get(number, []))
        elif lms == "Moodle":
            places.insert(0, self._by_identifier.get(number, []))
        hits = next(filter(None, places), [])
        if len(hits) > 1:
            raise CourseError(f"{self._path} has {len(hits)} rows for '{student}'. One is needed.")
        return hits[0] if hits else None

    def by_name(self, student: str, lms_id: str) -> list[int]:
        """The rows of people called like a student. Canvas' downloads have no names that a person would write."""
        lms, _, number = lms_id.partition(" ")
        return [] if lms == "Canvas" else self._by_name.get(_plain(student.removesuffix(f"_{number}")), [])

    def id_of(self, row: Row) -> str:
        return _first(row, *self._columns, IDENTIFIER)

    def is_person(self, row: Row) -> bool:
        """False for a row without any id, as Canvas has one with the points possible."""
        columns = [column for column in self._columns if column != "student"] or self._columns  # Canvas' are names
        return bool(_first(row, *columns, IDENTIFIER))


def _first(row: Row, *columns: str) -> str:
    return next((row[column] for column in columns if row.get(column)), "")


def _name(row: Row) -> str:
    first, last = _first(row, *FIRST_NAMES), _first(row, *LAST_NAMES)
    return _first(row, *NAMES) or (f"{last}, {first}" if first and last else first or last)


def _names(row: Row) -> set[str]:
    """All that an LMS may call the person of a row, by a setting of its own: "First Last", "Last First"."""
    first, last = _first(row, *FIRST_NAMES), _first(row, *LAST_NAMES)
    names = (_first(row, *NAMES), f"{first} {last}", f"{last} {first}")
    return {plain for name in names if (plain := _plain(name))}


def _plain(name: str) -> str:
    """A name as it can be compared: Moodle drops some characters where it becomes the name of a folder."""
    return " ".join(_DROPPED.sub("", unicodedata.normalize("NFC", name)).replace("_", " ").split()).casefold()


def _rows(path: Path) -> list[Row]:
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
