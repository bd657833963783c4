"""Writes results down: files, then the gradebook, then the log. Every step can be cut short, and the next run goes on.

The order is what makes each grade count exactly once. A submission's files are written first; then its rows, a batch in
one transaction; then its line in the log. Whatever has no line is graded again, from the same salt and so with the same
result, and entering that a second time changes nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .backup import back_up_gradebook
from .course import Course
from .files import sync_file_system, write_whole
from .gradebook import Entry, GradeRecorder
from .late import Rule
from .log import Log, sha256
from .standings import open_gradebook, read_max_scores
from .summary import row_of
from .verdict import versions

if TYPE_CHECKING:
    from .result import Result

BATCH = 32  # submissions in one transaction
SECONDS = 1.0  # a batch that began longer ago is written at the next result, full or not

Graded = Mapping[str, Mapping[str, Any]]  # student -> the log's line of the last grade
Times = Callable[[str], tuple[datetime | None, timedelta | None]]  # student -> hand-in time (UTC), extension


class Recording:
    """Takes the results of one run, in any order, and writes them down. Call `flush` after the last one."""

    def __init__(
        self, course: Course, assignment: str, run: int, recorder: GradeRecorder, times: Times, graded: Graded
    ) -> None:
        self._course = course
        self._assignment = assignment
        self._run = run  # number of the run's line in the log
        self._recorder = recorder
        self._times = times
        self._graded = graded
        self._waiting: list[tuple[Entry | None, dict[str, Any]]] = []  # what to enter, and its line in the log
        self._since = 0.0
        self.seconds: Counter[str] = Counter()  # what writing took, by where it went

    def add(self, result: Result) -> None:
        """Write the files of one result; its grade is entered with its batch. A fault of ours is no grade."""
        with self._clock("files"):
            line = self._write_files(result)
        entry = None
        if not result.infra:
            seen = self._graded.get(result.student, {}).get("submission") == result.submission
            entry = Entry(result.student, result.scores, result.untouched, *self._times(result.student), seen)
        self._add(entry, line)

    def add_again(self, line: Mapping[str, Any]) -> None:
        """Enter a grade of the log again: its rows were lost, or how late it is has changed."""
        entry = Entry(line["student"], line["auto"], line["untouched"], *self._times(line["student"]), seen=True)
        self._add(entry, {key: value for key, value in line.items() if key not in ("n", "time", "prev")})

    def flush(self) -> None:
        """Enter what waits into the gradebook, then into the log; files first have to be on the disk."""
        if not self._waiting:
            return
        with self._clock("files"):
            sync_file_system(self._course.data)
        entries = [entry for entry, _ in self._waiting if entry is not None]
        with self._clock("gradebook"):
            entered = self._recorder.record(entries) if entries else {}
        lines = [
            line if entry is None else {**line, **entered[entry.student].to_log()} for entry, line in self._waiting
        ]
        with self._clock("log"):
            Log(self._course.log).append(lines)
        self._waiting.clear()

    @contextmanager
    def _clock(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[what] += time.monotonic() - started

    def _add(self, entry: Entry | None, line: dict[str, Any]) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append((entry, line))
        if len(self._waiting) >= BATCH or time.monotonic() - self._since > SECONDS:
            self.flush()

    def _write_files(self, result: Result) -> dict[str, Any]:
        folder = self._course.autograded / result.student / self._assignment
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{self._assignment}.ipynb", result.notebook_file)
        write_whole(folder / "verdict.json", result.verdict_file)
        return {**log_line(self._assignment, self._run, result), "notebook": sha256(result.notebook_file)}


def run_line(
    assignment: str, by: str, salt: str, inputs: Mapping[str, str], max_scores: Mapping[str, float]
) -> dict[str, Any]:
    about = {"by": by, "salt": salt, "inputs": inputs, "versions": versions(), "max": max_scores}
    return {"what": "run", "assignment": assignment, **about}


def log_line(assignment: str, run: int, result: Result) -> dict[str, Any]:
    """What the log says about a result, as far as it is known before the gradebook has it."""
    line = {
        "what": "not graded" if result.infra else "grade",
        "assignment": assignment,
        "student": result.student,
        "run": run,
        "submission": result.submission,
        "verdict": sha256(result.verdict_file),
        "row": row_of(result.line),
    }
    if not result.infra:
        line |= {"points": result.points, "auto": result.scores, "untouched": result.untouched}
    return line


@contextmanager
def open_recording(
    course: Course,
    assignment: str,
    *,
    by: str,
    salt: str,
    inputs: Mapping[str, str],
    rule: Rule,
    times: Times,
    graded: Graded,
    goes_on: bool = False,
) -> Iterator[Recording]:
    """Begin a run in the log, yield what takes its results, and end the run where nothing went wrong.

    A copy of the gradebook as it was is kept first, unless this run `goes_on` with one that was cut short.
    """
    if not goes_on:
        back_up_gradebook(course)
    log = Log(course.log)
    with open_gradebook(course) as engine:
        recorder = GradeRecorder(engine, assignment, rule)
        (run,) = log.append([run_line(assignment, by, salt, inputs, read_max_scores(engine, assignment))])
        recording = Recording(course, assignment, run, recorder, times, graded)
        yield recording
        recording.flush()
    seconds = {name: round(value, 4) for name, value in recording.seconds.items()}
    log.append([{"what": "done", "assignment": assignment, "run": run, "seconds": seconds}])
