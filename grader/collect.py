"""LMS downloads -> `course/submitted/`. Every attempt is kept as it came; the latest one is what is graded.

    course/collected/ASSIGNMENT/STUDENT/0001/ASSIGNMENT.ipynb    the bytes that were handed in
    course/collected/ASSIGNMENT/STUDENT/0001/attempt.json        where they came from
    course/submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb         a copy of the latest attempt

Collecting the same download twice changes nothing, and what is interrupted is finished by collecting again.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .archive import MAX_FILE, Item, names_in, read_download
from .course import Course, CourseError
from .files import locked, read_regular_file, write_whole
from .log import Log, sha256
from .naming import Naming, Nobody, Upload, copy_number, is_called_like
from .submitted import read_timestamp

MOST_FILES = 50  # of one student in one download
TIME = "%Y-%m-%d %H:%M:%S.%f UTC"  # as nbgrader writes timestamp.txt

TAKEN, KEPT, KNOWN, REFUSED, LEFT_OUT = "taken", "kept", "known", "refused", "left out"
NOTE = "note"  # on a student, not on a file


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one file of a download; `what` is one of the words above. A note has the student as its `file`."""

    file: str
    what: str
    text: str

    def __str__(self) -> str:
        return "".join(char if char.isprintable() else "�" for char in f"{self.what:9} {self.file}: {self.text}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One notebook that somebody handed in, and what decides whether it is the latest of theirs."""

    sha256: str
    file: str  # its name in the download
    source: str  # of the download, "" for what was found in submitted/
    collected: str = ""  # when; the same for all files of one download
    handed_in: str = ""  # by the LMS, "" where it does not say
    number: int = 0  # of the upload
    largest: int = 0  # number that the student has in the same download
    rank: tuple[int, int, str] = (0, 0, "")  # in the same download: called as it should be, number of the copy, name
    lms_id: str = ""
    doubtful: bool = False  # somebody else's file could have been called like this

    @property
    def order(self) -> tuple[int, str, tuple[int, int, str]]:
        return self.largest, self.handed_in or self.collected, self.rank

    def same_upload(self, other: Attempt) -> bool:
        """True where both are one upload, collected twice. Without numbers only the latest one can tell."""
        return (self.sha256, self.number) == (other.sha256, other.number)


def read_attempts(course: Course, assignment: str, student: str) -> list[Attempt]:
    """Everything a student handed in, in the order it was collected; what a crash left half-written does not count."""
    attempts = []
    for path in sorted((course.collected / assignment / student).glob("[0-9]*/attempt.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        attempts.append(Attempt(**{**data, "rank": tuple(data["rank"])}))
    return attempts


def read_lms_ids(course: Course, assignment: str) -> dict[str, str]:
    """Students whose files an LMS gave with a number of its own, and that number with the LMS in front ("Canvas 7")."""
    found = {}
    for folder in (course.collected / assignment).glob("*"):
        ids = [attempt.lms_id for attempt in read_attempts(course, assignment, folder.name) if attempt.lms_id]
        if ids:
            found[folder.name] = ids[-1]
    return found


def collect(course: Course, assignment: str, source: Path) -> Iterator[Report]:
    """Take in a download (zip or folder) and yield a line for each of its files.

    Raises CourseError where `source` cannot be read at all or a run is busy with this course.
    """
    if not source.exists():
        raise CourseError(f"There is no {source}.")
    try:
        with locked(course.lock):
            yield from _Collection(course, assignment, source).reports()
    except BlockingIOError as error:
        raise CourseError(f"A run is busy in {course.data}. Wait until it has ended.") from error


class _Collection:
    """One download on its way into a course."""

    def __init__(self, course: Course, assignment: str, source: Path) -> None:
        self._course = course
        self._assignment = assignment
        self._source = source
        self._now = datetime.now(UTC).strftime(TIME)
        self._naming = Naming([], assignment)
        self._largest: dict[str, int] = {}  # upload number by student
        self._certain: set[str] = set()  # students of whom this download has a file that can be nobody else's
        self._renamed: dict[str, str] = {}  # lms id -> student, of those collected before
        self._taken: Counter[str] = Counter()
        self._seen: dict[str, None] = {}  # students, in order
        self._new: set[str] = set()

    def reports(self) -> Iterator[Report]:
        """Store attempt by attempt, then bring the latest of each student to `submitted/`."""
        items = read_download(self._source)
        first = next(items, None)  # says what is wrong with the download, before anybody looks at its names
        if first is None:
            raise CourseError(f"{self._source} is empty.")
        self._look_at_names()
        yield self._report(first)
        for item in items:
            yield self._report(item)
        for student in self._seen:
            yield from self._hand_over(student)

    def _look_at_names(self) -> None:
        names = names_in(self._source)
        self._naming = Naming(names, self._assignment)
        self._renamed = {lms_id: student for student, lms_id in read_lms_ids(self._course, self._assignment).items()}
        for name in names:
            try:
                upload = self._upload(name)
            except Nobody:
                continue
            self._largest[upload.student] = max(upload.number, self._largest.get(upload.student, 0))
            if not upload.doubtful:
                self._certain.add(upload.student)

    def _upload(self, parts: tuple[str, ...]) -> Upload:
        upload = self._naming.upload(parts)
        known_as = self._renamed.get(upload.lms_id, upload.student)
        return dataclasses.replace(upload, student=known_as)

    def _report(self, item: Item) -> Report:
        if item.foul:
            return Report(item.name, REFUSED, item.refused)
        try:
            upload = self._upload(item.parts)
        except Nobody as reason:
            return Report(item.name, LEFT_OUT if item.ignored else REFUSED, item.refused or str(reason))
        if upload.lms_id or not item.ignored:
            self._seen[upload.student] = None
        if item.data is None:
            return Report(item.name, LEFT_OUT if item.ignored else REFUSED, item.refused)
        attempts = read_attempts(self._course, self._assignment, upload.student)
        attempt = self._attempt(item, upload)
        latest = max(attempts, key=lambda attempt: attempt.order, default=None)
        if any(old.same_upload(attempt) and (old.number or old.collected == latest.collected) for old in attempts):
            return Report(item.name, KNOWN, f"{upload.student}, collected before")
        if upload.doubtful and self._somebody_else(upload.student, attempts):
            return Report(item.name, REFUSED, f"it may not be {upload.student}'s, who has handed in; rename it")
        self._taken[upload.student] += 1
        if self._taken[upload.student] > MOST_FILES:
            return Report(item.name, REFUSED, f"{upload.student} has more than {MOST_FILES} notebooks in this download")
        number = self._store(upload.student, attempt, item.data)
        self._new.add(upload.student)
        late = "; late, says the LMS, but not when it came (docs/late.md)" if upload.late else ""
        return Report(item.name, TAKEN, f"{upload.student}, attempt {number}{late}")

    def _attempt(self, item: Item, upload: Upload) -> Attempt:
        return Attempt(
            sha256=sha256(item.data or b""),
            file=item.name,
            source=self._source.name,
            collected=self._now,
            handed_in=upload.handed_in.strftime(TIME) if upload.handed_in else "",
            number=upload.number,
            largest=upload.number if upload.of_attempt else self._largest.get(upload.student, 0),
            rank=(
                int(is_called_like(upload.file, self._assignment)),
                copy_number(upload.file, self._assignment),
                upload.file,
            ),
            lms_id=upload.lms_id,
            doubtful=upload.doubtful,
        )

    def _somebody_else(self, student: str, attempts: list[Attempt]) -> bool:
        """True where a student has files that can be nobody else's: then a doubtful one does not count as theirs."""
        by_hand = not attempts and self._current(student)
        return by_hand or student in self._certain or any(not attempt.doubtful for attempt in attempts)

    def _store(self, student: str, attempt: Attempt, data: bytes) -> int:
        """Keep the bytes of an attempt and return its number. It counts from the moment its attempt.json is there."""
        number = 1 + len(read_attempts(self._course, self._assignment, student))
        folder = self._course.collected / self._assignment / student / f"{number:04}"
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{self._assignment}.ipynb", data, durable=True)
        line = {"what": "collected", "assignment": self._assignment, "student": student, "attempt": number}
        Log(self._course.log).append([line | {"sha256": attempt.sha256, "file": attempt.file, "from": attempt.source}])
        text = json.dumps(dataclasses.asdict(attempt), indent=1)
        write_whole(folder / "attempt.json", text, durable=True)
        return number

    def _current(self, student: str) -> bool:
        return os.path.lexists(self._folder(student) / f"{self._assignment}.ipynb")

    def _folder(self, student: str) -> Path:
        return self._course.submitted / student / self._assignment

    def _hand_over(self, student: str) -> Iterator[Report]:
        """Make the latest attempt the one that is graded. What somebody put there by hand stays, or is kept first."""
        folder = self._folder(student)
        folder.mkdir(parents=True, exist_ok=True)  # without a notebook in it the student gets a verdict that says so
        attempts = read_attempts(self._course, self._assignment, student)
        path = folder / f"{self._assignment}.ipynb"
        if self._current(student):
            try:
                there = read_regular_file(path, MAX_FILE + 1)
            except OSError as error:
                yield Report(str(path), REFUSED, f"{error.strerror}; move it away and collect again")
                return
            if sha256(there) not in {attempt.sha256 for attempt in attempts}:
                if student not in self._new:
                    return  # put there by hand, after what was collected
                yield self._keep(student, there)
        if attempts:
            number, latest = max(enumerate(attempts, start=1), key=lambda pair: pair[1].order)
            yield from self._put(student, number, latest)
            if student in self._new and number < len(attempts):
                yield Report(student, NOTE, f"attempt {number} of {len(attempts)} is graded: {latest.file}")
        elif not any(folder.glob("*.ipynb")):
            yield Report(student, NOTE, "handed in no notebook that can be read, and gets 0 points with that reason")

    def _keep(self, student: str, data: bytes) -> Report:
        time = read_timestamp(self._folder(student))
        handed_in = time.strftime(TIME) if time else ""
        found = Attempt(sha256(data), f"{self._assignment}.ipynb", "", handed_in=handed_in)
        number = self._store(student, found, data)
        return Report(str(self._folder(student)), KEPT, f"what was there by hand is attempt {number} of {student}")

    def _put(self, student: str, number: int, latest: Attempt) -> Iterator[Report]:
        folder, kept = self._folder(student), self._course.collected / self._assignment / student / f"{number:04}"
        data = read_regular_file(kept / f"{self._assignment}.ipynb", MAX_FILE + 1)
        path, timestamp = folder / f"{self._assignment}.ipynb", folder / "timestamp.txt"
        if self._current(student) and sha256(read_regular_file(path, MAX_FILE + 1)) == latest.sha256:
            return
        if latest.handed_in:
            write_whole(timestamp, latest.handed_in, durable=True)
        elif timestamp.exists():
            timestamp.unlink()
            yield Report(str(timestamp), LEFT_OUT, f"it was the time of an earlier attempt of {student}")
        write_whole(path, data, durable=True)
