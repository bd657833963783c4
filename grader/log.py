"""The course's log: one line for each thing done to grades, each line chained to the one before it by its sha256.

A line is JSON with `n` (its number), `time` (UTC), `what`, `prev` (sha256 of the line before, without its line end) and
what belongs to it:

    run         a run begins: what it grades with, from which salt, by which command and version
    grade       a grade was written: of whom, from which verdict, which scores, how late
    not graded  the grader failed, no grade was written
    done        the run came to its end
    collected   a submission was taken in
    recovered   a half-written line, left by a crash, was cut off

A grade's line is written last, after its verdict and its rows in the gradebook. So it is also the record that the grade
is complete: what has no line is graded again. A change of any line breaks the chain at the next one; the last line's
sha256, the head, is printed by each run, and whoever keeps it can tell whether the log was rewritten as a whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .files import sync_folder

FIRST = "0" * 64  # `prev` of the first line
LONGEST_LINE = 1 << 20  # bytes; a grade's line has about a thousand

GRADE = "grader grade"  # the command whose runs are taken up again when they were cut short

Line = dict[str, Any]


class Log:
    """`course/log.jsonl`, open for appending. Several processes may append; each append takes the file's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, lines: Sequence[Line]) -> list[int]:
        """Append lines and wait until they are on the disk: all of them or none. Return their numbers."""
        is_new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            last, torn = _tail(descriptor)
            if torn:
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - len(torn))
                lines = [{"what": "recovered", "bytes": len(torn), "sha256": sha256(torn)}, *lines]
            encoded, numbers = _chained(lines, last)
            _write_all(descriptor, encoded, self._path)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self._path.parent)
        return numbers[1:] if torn else numbers

    def head(self) -> str:
        """sha256 of the last line, "" for a log without lines."""
        if not self._path.is_file():
            return ""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            last, _ = _tail(descriptor)
        finally:
            os.close(descriptor)
        return sha256(last) if last else ""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _tail(descriptor: int) -> tuple[bytes, bytes]:
    """The last whole line, and what follows it without a line end (a write that a crash cut short)."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * LONGEST_LINE)
    whole, _, torn = os.pread(descriptor, size - start, start).rpartition(b"\n")
    return whole.rpartition(b"\n")[2], torn


def _chained(lines: Sequence[Line], last: bytes) -> tuple[bytes, list[int]]:
    number = _number(last)
    before = sha256(last) if last else FIRST
    now = datetime.now(UTC).isoformat(timespec="seconds")
    encoded, numbers = [], []
    for line in lines:
        number += 1
        text = json.dumps({"n": number, "time": now, **line, "prev": before}, separators=(",", ":"), allow_nan=False)
        encoded.append(text.encode())
        numbers.append(number)
        before = sha256(encoded[-1])
    return b"".join(line + b"\n" for line in encoded), numbers


def _number(line: bytes) -> int:
    if not line:
        return 0
    try:
        return int(json.loads(line)["n"])
    except (ValueError, KeyError, TypeError):
        return 0  # somebody wrote into the log; `grader verify` says where


def _write_all(descriptor: int, data: bytes, path: Path) -> None:
    """Write and sync; where that fails, leave the file as it was."""
    size = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fsync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, size)
        error.filename = str(path)
        raise


def read_lines(path: Path) -> Iterator[tuple[bytes, Line]]:
    """Yield every line as bytes and as JSON; one that is no JSON object is yielded as an empty dictionary."""
    if not path.is_file():
        return
    with path.open("rb") as stream:
        for raw in stream:
            if not raw.endswith(b"\n"):
                return  # cut short by a crash: it was never promised to anybody
            try:
                line = json.loads(raw)
            except ValueError:
                line = {}
            yield raw[:-1], line if isinstance(line, dict) else {}


class Chain:
    """Follows a log from its first line on, and notes the lines that do not follow the one before.

    What comes after such a line is compared with it, so that one line that is gone is one break.
    """

    def __init__(self) -> None:
        self.breaks: list[str] = []
        self._place = 0
        self._before, self._next = FIRST, 1

    def follow(self, raw: bytes, line: Line) -> None:
        """Compare the next line, as `read_lines` yields it, with those before."""
        self._place += 1
        if not line:
            self.breaks.append(f"line {self._place} of the log is no line of the kit")
        elif line.get("prev") != self._before:
            self.breaks.append(
                f"line {self._place} of the log does not follow the line before it: something there was changed"
            )
        elif line.get("n") != self._next:
            self.breaks.append(f"line {self._place} of the log calls itself {line.get('n')}")
        self._before, self._next = sha256(raw), _number(raw) + 1


def broken_links(path: Path) -> list[str]:
    """Say where the chain is broken. An empty list: every line is as it was written, in its place."""
    chain = Chain()
    for raw, line in read_lines(path):
        chain.follow(raw, line)
    return chain.breaks


class LastLines(Mapping[str, Line]):
    """The last line of each student. Kept as the log has it, a fifth of the memory, and read when it is asked for."""

    def __init__(self) -> None:
        self._lines: dict[str, bytes] = {}

    def put(self, student: str, raw: bytes) -> None:
        self._lines[student] = raw

    def __getitem__(self, student: str) -> Line:
        return json.loads(self._lines[student])

    def __contains__(self, student: object) -> bool:
        return student in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@dataclass(slots=True)
class History:
    """What the log says about one assignment."""

    runs: dict[int, Line] = field(default_factory=dict)  # by number
    grades: LastLines = field(default_factory=LastLines)  # the last grade written
    latest: LastLines = field(default_factory=LastLines)  # the last of `grade` and `not graded`
    interrupted: Line | None = None  # the last run of `grader grade`, where it did not come to its end
    first_break: str = ""  # where the chain is broken, "" where it is whole

    def inputs(self, grade: Line) -> dict[str, str]:
        """What a grade was made with, besides the submission."""
        return self.runs.get(grade.get("run", 0), {}).get("inputs", {})

    def salt(self, grade: Line) -> str:
        return self.runs.get(grade.get("run", 0), {}).get("salt", "")


def read_history(path: Path, assignment: str) -> History:
    history, chain = History(), Chain()
    for raw, line in read_lines(path):
        chain.follow(raw, line)
        what = line.get("what")
        if line.get("assignment") != assignment:
            continue
        if what == "run":
            history.runs[line.get("n", 0)] = line
            if line.get("by") == GRADE:
                history.interrupted = line
        elif what == "done":
            history.interrupted = None
        elif what in ("grade", "not graded"):
            history.latest.put(line.get("student", ""), raw)
            if what == "grade":
                history.grades.put(line.get("student", ""), raw)
    history.first_break = next(iter(chain.breaks), "")
    return history
