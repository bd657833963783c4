"""Grade a class: map `grade_submission` over worker processes, record in this one, show how it goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from .bench import open_bench
from .course import Course
from .files import read_regular_file, write_whole
from .grade import Bench, GradedSubmission, Submission, grade_submission
from .gradebook import GradeRecorder
from .intake import MAX_BYTES
from .release import load_release
from .sandbox.errors import SandboxUnavailable
from .sandbox.layers import Layers
from .summary import Line, line_of


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run of `make grade` was asked for."""

    salt: str
    layers: Layers
    workers: int


def read_timestamp(folder: Path) -> str | None:
    """The hand-in time that nbgrader's collect left beside a submission, None where there is none that can be read."""
    from nbgrader.utils import parse_utc

    try:
        text = read_regular_file(folder / "timestamp.txt", 200).decode().strip()
        parse_utc(text)
    except (OSError, ValueError):
        return None
    return text or None


def read_submission(folder: Path, assignment: str, student: str) -> Submission:
    """Read what a student handed in. Links, special files and over-large files are refused, not followed.

    Where the expected file name is missing and there is exactly one notebook, that one is taken.
    """
    path = folder / f"{assignment}.ipynb"
    if not os.path.lexists(path):
        others = sorted(folder.glob("*.ipynb"))
        if len(others) != 1:
            there = "several notebooks" if others else "no notebook"
            return Submission(
                student, None, problem=f"The folder holds {there}; hand in one file called {assignment}.ipynb."
            )
        path = others[0]
    try:
        data = read_regular_file(path, MAX_BYTES + 1)
    except OSError as error:
        return Submission(student, None, problem=f"The file could not be read: {error.strerror}.")
    return Submission(student, data)


def grade_class(
    course: Course, assignment: str, students: list[str], options: RunOptions
) -> Iterator[GradedSubmission]:
    """Yield every student's graded submission as it is done, in no particular order.

    A worker process that dies takes nobody along: what it worked on is tried once more, alone.
    """
    jobs = {student: course.submitted / student / assignment for student in students}
    again: list[str] = []
    with _pool(course, assignment, options, min(options.workers, max(1, len(jobs)))) as pool:
        waiting: dict[Future[GradedSubmission], str] = {}
        queue = iter(jobs)
        try:
            while True:
                for student in queue:
                    waiting[pool.submit(_grade_one, jobs[student], assignment, student)] = student
                    if len(waiting) >= 4 * options.workers:  # bounded, so that memory does not grow with the class
                        break
                if not waiting:
                    break
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    student = waiting.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        again.append(student)
        except BrokenProcessPool:
            pass
        again.extend(waiting.values())
        again.extend(queue)
    for student in again:
        with _pool(course, assignment, options, 1) as pool:
            yield pool.submit(_grade_one, jobs[student], assignment, student).result()


def _pool(course: Course, assignment: str, options: RunOptions, workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(course, assignment, options)
    )


_worker = ExitStack()  # of this worker process: keeps its bench open until it ends
_bench: list[Bench] = []


_refused: list[SandboxUnavailable] = []  # why this worker cannot grade: an initializer could only break the pool


def _start_worker(course: Course, assignment: str, options: RunOptions) -> None:
    try:
        bench = _worker.enter_context(open_bench(course, assignment, options.salt, layers=options.layers))
        bench.sandbox.child().kill()  # the layers are all there, or this raises
        _bench[:] = [bench]
    except SandboxUnavailable as error:
        _refused[:] = [error]


def _grade_one(folder: Path, assignment: str, student: str) -> GradedSubmission:
    if _refused:
        raise _refused[0]
    return grade_submission(_bench[0], read_submission(folder, assignment, student))


def write_graded(course: Course, graded: GradedSubmission) -> Path:
    """Write the autograded notebook and `verdict.json` beside it. Each file appears whole or not at all."""
    verdict = graded.verdict
    folder = course.autograded / verdict.student / verdict.assignment
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{verdict.assignment}.ipynb", nbformat.writes(graded.notebook))
    write_whole(folder / "verdict.json", verdict.to_json())
    return folder


def grade_and_record(course: Course, assignment: str, students: list[str], options: RunOptions) -> list[Line]:
    """Grade a class, write notebooks, verdicts and gradebook as results come in, and return the table's lines, sorted.

    A submission whose grading failed for our own fault is written to no gradebook and keeps its line.
    """
    release = load_release(course, assignment)
    lines = []
    results = grade_class(course, assignment, students, options)
    first = next(results, None)  # workers start and grade while this process imports nbgrader
    with GradeRecorder(course, assignment) as recorder, progress_over(len(students)) as advance:
        for graded in chain(() if first is None else (first,), results):
            verdict = graded.verdict
            write_graded(course, graded)
            folder = course.submitted / verdict.student / assignment
            recorded = None if verdict.infra else recorder.record(graded, read_timestamp(folder))
            lines.append(line_of(release, verdict, recorded))
            advance()
    return sorted(lines, key=lambda line: line.verdict.student)


@contextmanager
def progress_over(total: int) -> Iterator[Callable[[], None]]:
    """Yield a function to call once per submission: a bar with ETA on a terminal, a line per tenth elsewhere."""
    if not sys.stderr.isatty():
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            if done % max(1, total // 10) == 0 or done == total:
                print(f"graded {done} of {total}", file=sys.stderr, flush=True)

        yield count
        return
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading", total=total)
        yield lambda: bar.advance(task)
