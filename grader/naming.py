"""Who handed in what, told by the names that an LMS gives to the files of a download.

    Canvas    s01_LATE_4711_90210_homework-1.ipynb             name, late or not, id of the user, id of the upload, file
              anon_x7Kp2_90210_homework.ipynb                  the same with anonymous grading
    Moodle    S 01-a_4711_assignsubmission_file/a.ipynb        name, id of the participant; a folder (since 3.1) or,
              S 01-a_4711_assignsubmission_file_a.ipynb        where that was chosen, the beginning of the file's name
    Blackboard
              Homework 1_s01_attempt_2025-11-30-12-00-00_a.ipynb     assignment, user name, time of the attempt, file
    nbgrader  s01+homework+2025-11-30 12:00:00 UTC/…           as the exchange calls the folders it takes in
    plain     s01.ipynb   s01/homework.ipynb   s01/homework/homework.ipynb

Names are data that students have a hand in (their own name, the file's name), so each pattern is read from the side
that they cannot reach, and a name that can be read in two ways is marked.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .course import safe_student_id
from .submitted import parse_time


@dataclass(frozen=True, slots=True)
class Upload:
    """Whose file it is, and what its name says about its place among the student's other files."""

    student: str
    file: str  # what the student called it, as far as the LMS kept that
    lms_id: str = ""  # of the LMS's own, with its name in front
    number: int = 0  # of the upload; a later one has a larger number
    of_attempt: bool = False  # all files of an attempt have the same number, those of another attempt another one
    handed_in: datetime | None = None  # UTC
    late: bool = False  # the LMS says so
    doubtful: bool = False  # somebody else's file could be called like this


class Nobody(Exception):
    """The name of a file names no student; the message says why."""


_MOODLE = re.compile(r"(?P<name>[^_]+)(?:_(?P<id>[0-9]{1,18}))?_assignsubmission_file(?:_(?P<file>.*))?", re.DOTALL)
_CANVAS = re.compile(
    r"(?P<name>.+?)(?P<late>_LATE)?_(?P<id>[0-9]{1,18})_(?P<number>[0-9]{1,18})_(?P<file>.+)", re.DOTALL
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon)_(?P<id>\w+?)_(?P<number>[0-9]{1,18})_(?P<file>.+)", re.DOTALL
)
_BLACKBOARD = re.compile(
    r"(?P<prefix>.+?)_attempt_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)
_EXCHANGE = re.compile(r"(?P<student>[^+]+)\+(?P<assignment>[^+]+)\+(?P<time>[\d :.-]+ [A-Za-z/_]+)(?:\+.*)?")
_COPY = re.compile(r"[-_ ]*\(?(?P<copy>[0-9]{1,9})\)?$")


class Naming:
    """How the files of one download are named, found by looking at all of its `paths` once."""

    def __init__(self, paths: Sequence[tuple[str, ...]], assignment: str) -> None:
        paths = [_normal(path) for path in paths]
        self._assignment = assignment
        self._is_canvas = sum(_canvas(path) is not None for path in paths) * 2 >= len(paths)
        self._wrappers = _wrappers(paths, assignment)
        attempts = [match for path in paths if (match := _attempt(path[self._wrappers :]))]
        most = len(attempts) * 2 > len(paths)
        self._title = _title([match["prefix"].split("_") for match in attempts]) if most else None

    def upload(self, path: tuple[str, ...]) -> Upload:
        """Say who handed in the file at `path`. Raises Nobody where that cannot be told."""
        path = _normal(path)
        upload = _moodle(path) or _exchange(path, self._assignment) or (_canvas(path) if self._is_canvas else None)
        if upload is None and not self._is_canvas:
            upload = _blackboard(path[self._wrappers :], self._title)
        upload = upload or _plain(path[self._wrappers :], self._assignment)
        if not safe_student_id(upload.student):
            raise Nobody(f"{upload.student!a} cannot be a student's id")
        return upload


def _normal(path: tuple[str, ...]) -> tuple[str, ...]:
    """Letters with accents in one form; some systems write them in two parts."""
    return tuple(unicodedata.normalize("NFC", part) for part in path)


def _with_id(name: str, lms_id: str) -> str:
    """A student's id in this course: readable, and never the same for two people of one name."""
    return f"{name.strip()}_{lms_id}" if lms_id else name.strip()


def _moodle(path: tuple[str, ...]) -> Upload | None:
    for part in path:
        if match := _MOODLE.fullmatch(part):
            file = match["file"] if part == path[-1] else path[-1]
            lms_id = f"Moodle {match['id']}" if match["id"] else ""
            return Upload(_with_id(match["name"], match["id"] or ""), file or "", lms_id)
    return None


def _canvas(path: tuple[str, ...]) -> Upload | None:
    for part in path[:2]:  # the second where the zip was unpacked into a folder
        if match := _CANVAS_ANONYMOUS.fullmatch(part) or _CANVAS.fullmatch(part):
            return Upload(
                student=_with_id(match["name"], match["id"]),
                file=match["file"] if part == path[-1] else path[-1],
                lms_id=f"Canvas {match['id']}",
                number=int(match["number"]),
                late=bool(match["late"]),
                # somebody whose name ends in _4711 is taken for user 4711, and a number follows where the file begins
                doubtful=re.match(r"\d+_", match["file"]) is not None,
            )
    return None


def _attempt(path: tuple[str, ...]) -> re.Match[str] | None:
    """Blackboard's name of a file, read up to its first time: what comes behind is the student's."""
    return _BLACKBOARD.fullmatch(path[0]) if path else None


def _title(prefixes: Sequence[list[str]]) -> int | None:
    """How many words, joined by "_", the assignment's title has in front of the user names; None where it is open.

    Titles and user names may both hold a "_"; the title is what all files of a download have in common.
    """
    if all(len(prefix) == 2 for prefix in prefixes):
        return 1
    several = len({tuple(prefix) for prefix in prefixes}) > 1
    return (len(os.path.commonprefix(list(prefixes))) or None) if several else None  # noqa: RUF071  (of lists)


def _blackboard(path: tuple[str, ...], title: int | None) -> Upload | None:
    match = _attempt(path)
    if match is None:
        return None
    words = match["prefix"].split("_")
    if title is None or len(words) <= title:
        raise Nobody(
            f"it is called as Blackboard calls files, but where in {match['prefix']!a} the user name begins "
            "cannot be told; rename it to USERNAME.ipynb"
        )
    # the time is that of a server in a zone that nobody tells: good for the order, not for saying who was late
    number = int(match["time"].replace("-", ""))
    return Upload("_".join(words[title:]), match["file"] or "", number=number, of_attempt=True)


def _exchange(path: tuple[str, ...], assignment: str) -> Upload | None:
    for part in path:
        match = _EXCHANGE.fullmatch(part)
        if match and match["assignment"] == assignment:
            try:
                return Upload(match["student"], path[-1], handed_in=parse_time(match["time"]))
            except (ValueError, OverflowError):
                return None
    return None


def _wrappers(paths: Sequence[tuple[str, ...]], assignment: str) -> int:
    """How many folders at the top hold everything and so name nobody."""
    folders = [path[:-1] for path in paths]
    shared = len(os.path.commonprefix(folders))  # noqa: RUF071  (of tuples it gives a tuple)
    together = all(len(folder) == shared for folder in folders)
    below = {path[shared] for path in paths}
    if shared and (assignment in below or (together and any(is_called_like(name, assignment) for name in below))):
        shared -= 1  # that folder is a student's
    if shared and together and paths[0][shared] == assignment:
        shared -= 1
    return shared


def _plain(path: tuple[str, ...], assignment: str) -> Upload:
    if len(path) > 1:
        return Upload(re.sub(r"\.zip$", "", path[0], flags=re.IGNORECASE), path[-1])
    if is_called_like(path[0], assignment):
        raise Nobody("its name names no student")
    name = stem(path[0])
    for pattern in (rf"{re.escape(assignment)}[-_ ]+(.+)", rf"(.+?)[-_ ]+{re.escape(assignment)}"):
        if match := re.fullmatch(pattern, name, re.IGNORECASE):
            name = match[1]
            break
    return Upload(name, path[0])


def stem(file: str) -> str:
    return re.sub(r"\.ipynb(\.json|\.txt)?$", "", file, flags=re.IGNORECASE)


def copy_number(file: str, assignment: str) -> int:
    """3 for "homework-3.ipynb" or "homework (3).ipynb": LMS and browsers number what has the same name."""
    rest = stem(file)[len(assignment) :]
    match = _COPY.fullmatch(rest) if stem(file).lower().startswith(assignment.lower()) else None
    return int(match["copy"]) if match else 0


def is_called_like(file: str, assignment: str) -> bool:
    """True for the assignment's own file name, numbered or not."""
    return stem(file).lower() == assignment.lower() or copy_number(file, assignment) > 0
