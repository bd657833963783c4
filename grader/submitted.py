"""What lies in a student's folder under `course/submitted/`: the notebook's bytes and the time it was handed in."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dateutil import parser, tz

from .files import read_regular_file
from .messages import ENGLISH, Message, speaking

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
MAX_BYTES = 32 << 20  # of a submitted notebook; plots included, real ones stay below 20 MB


@dataclass(frozen=True, slots=True)
class Submission:
    """What one student handed in. `data` are the bytes of the notebook as submitted, None where there is none."""

    student: str
    data: bytes | None
    problem: Message | None = None  # why the file was not read, where it was not


def read_submission(folder: Path, assignment: str, student: str) -> Submission:
    """Read what a student handed in. Links, special files and over-large files are refused, not followed.

    Where the expected file name is missing and there is exactly one notebook, that one is taken.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        return Submission(student, None, problem=Message("unreadable.folder_link"))
    path = folder / f"{assignment}.ipynb"
    if not os.path.lexists(path):
        others = sorted(folder.glob("*.ipynb"))
        if len(others) != 1:
            key = "unreadable.several_notebooks" if others else "unreadable.no_notebook"
            return Submission(student, None, problem=Message(key, {"name": f"{assignment}.ipynb"}))
        path = others[0]
    try:
        data = read_regular_file(path, MAX_BYTES + 1)
    except OSError as error:
        return Submission(student, None, problem=Message("unreadable.file", {"reason": str(error.strerror)}))
    return Submission(student, data)


def submission_id(submission: Submission) -> str:
    """What tells a submission from any other of the student's: the sha256 of its bytes, or why there are none."""
    if submission.data is None:
        with speaking(ENGLISH):  # the log of a course compares it
            return f"none: {submission.problem or ''}"
    return hashlib.sha256(submission.data).hexdigest()


def read_timestamp(folder: Path) -> datetime | None:
    """The hand-in time (UTC) that lies beside a submission, None where there is none that can be read."""
    try:
        return parse_time(read_regular_file(folder / "timestamp.txt", 200).decode().strip())
    except Exception:  # the text may be anything; the parsers of times and zones warn and raise as they please
        return None


@functools.lru_cache(maxsize=1000)  # the plan asks for everybody's, and so does who looks for those that are none
def parse_time(text: str) -> datetime | None:
    """A time as nbgrader reads it: "2025-11-30 12:00:00 UTC", a zone by its name, or none (UTC). The result is in UTC.

    A number for a zone counts seconds, as in nbgrader ("+0900" is fifteen minutes there), so that both roads find the
    same lateness. Raises ValueError or OverflowError for what is no time.
    """
    if not text:
        return None
    words = text.split(" ")
    if len(words) == 3:
        if not _ZONE.fullmatch(words[2]):
            raise ValueError(f"{words[2]!r} is no name of a time zone")  # gettz would look for a file of that name
        zone = int(words[2]) if words[2].lstrip("+-").isdecimal() else tz.gettz(words[2])
        time = parser.parse(f"{words[0]} {words[1]} ZONE", tzinfos={"ZONE": zone})
    else:
        time = parser.parse(text)
    if time.tzinfo is not None:
        time = (time - time.utcoffset()).replace(tzinfo=None)
    return time
