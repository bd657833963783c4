"""Who grades a class: worker processes on this machine, or the workers of a cluster.

An executor takes students and yields the graded submission of each as it is done, every one exactly once, in no
particular order, with a bounded number of them in memory. It writes nothing; grader.run does.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from multiprocessing.util import Finalize

from .bench import open_bench
from .course import Course
from .grade import Bench, Submission, grade_submission, not_graded
from .release import load_release
from .result import Result, result_of
from .sandbox.layers import Layers
from .sandbox.limits import Limits
from .submitted import read_submission


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run of `make grade` was asked for.

    An empty `salt` leaves it to the run: a new one, or that of a run that was cut short. `force` grades everybody.
    `scheduler` is the address of a Dask scheduler; an empty one stands for worker processes here.
    """

    salt: str
    layers: Layers
    workers: int
    limits: Limits = field(default_factory=Limits)
    force: bool = False
    scheduler: str = ""


def grade_class(course: Course, assignment: str, students: Sequence[str], options: RunOptions) -> Iterator[Result]:
    """Yield every student's graded submission, by the executor that the options ask for."""
    if options.scheduler:
        from .cluster import grade_on_cluster

        return grade_on_cluster(course, assignment, students, options)
    return grade_in_processes(course, assignment, students, options)


def grade_in_processes(
    course: Course, assignment: str, students: Sequence[str], options: RunOptions
) -> Iterator[Result]:
    """Yield every student's graded submission, made by `options.workers` processes.

    A worker process that dies takes nobody along: what was being graded then is tried once more, each alone, and who
    ends a process again is not graded.
    """
    rest, suspects = deque(students), []
    while rest:
        suspects += yield from _grade_in_one_pool(course, assignment, rest, options)
    release = load_release(course, assignment) if suspects else None
    for student in suspects:
        alone = deque([student])
        if (yield from _grade_in_one_pool(course, assignment, alone, options)):
            submission = read_submission(course.submitted / student / assignment, assignment, student)
            reason = "the process that graded it ended twice"
            yield result_of(release, submission, not_graded(release, submission, reason))


def _grade_in_one_pool(
    course: Course, assignment: str, rest: deque[str], options: RunOptions
) -> Generator[Result, None, list[str]]:
    """Grade from the front of `rest` until it is empty or a worker dies; return who was being graded then."""
    waiting: dict[Future[Result], str] = {}
    workers = min(options.workers, len(rest))
    with open_pool(course, assignment, options, workers) as pool:
        try:
            while rest or waiting:
                while rest and len(waiting) < 4 * workers:  # bounded, so that memory does not grow with the class
                    student = rest[0]
                    future = pool.submit(_read_and_grade, course, assignment, student)
                    waiting[future] = rest.popleft()
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    del waiting[future]
                    yield result
        except BrokenProcessPool:
            return list(waiting.values()) or [rest.popleft()]  # never none: the next pool has to have less to do
    return []


def open_pool(course: Course, assignment: str, options: RunOptions, workers: int) -> ProcessPoolExecutor:
    """Processes that grade with a sandbox each. They end with their parent, however it ends."""
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(course, assignment, options)
    )


_worker = ExitStack()  # of this worker process: keeps its bench open until it ends
_bench: list[Bench] = []
_refused: list[Exception] = []  # why this worker cannot grade: an initializer could only break the pool


def _start_worker(course: Course, assignment: str, options: RunOptions) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Finalize(None, _worker.close, exitpriority=0)  # a process of a pool runs no atexit; the sandbox is to end in order
    try:
        bench = _worker.enter_context(
            open_bench(course, assignment, options.salt, layers=options.layers, limits=options.limits)
        )
        bench.sandbox.child().kill()  # the layers are all there, or this raises
        _bench[:] = [bench]
    except Exception as error:  # no sandbox, or cases that cannot be made: the run ends with this reason
        _refused[:] = [error]


def _end_with_parent() -> None:
    """A worker whose parent was killed has nobody to tell; its sandbox ends with it."""
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _read_and_grade(course: Course, assignment: str, student: str) -> Result:
    return grade_one(read_submission(course.submitted / student / assignment, assignment, student))


def grade_one(submission: Submission) -> Result:
    """Grade a submission in a process of `open_pool`. Raises what kept the process from being ready."""
    if _refused:
        raise _refused[0]
    return result_of(_bench[0].release, submission, grade_submission(_bench[0], submission))
