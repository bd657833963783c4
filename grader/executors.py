"""Who grades a class: worker processes on this machine, or the workers of a cluster.

An executor takes students and yields the graded submission of each as it is done, every one exactly once, in no
particular order, with a bounded number of them in memory. It writes nothing; grader.run does.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any

from .course import Course
from .grade import Workbench, not_graded
from .options import RunOptions
from .result import Result, graded_result, result_of
from .sandbox.warm import WarmProcess
from .submitted import Submission, read_submission
from .workbench import open_workbench

GIVEN = 2  # submissions that a worker has at a time, so that it need not wait for the next
END_SECONDS = 10.0
NO_MORE = None  # stands where an item could

OpenWorkbench = Callable[[], AbstractContextManager[Workbench]]


def grade_class(
    course: Course, assignment: str, students: Sequence[str], options: RunOptions, warm: WarmProcess | None = None
) -> Iterator[Result]:
    """Yield every student's graded submission, by the executor that the options ask for."""
    if options.scheduler:
        from .cluster import grade_on_cluster

        return grade_on_cluster(course, assignment, students, options)
    return grade_in_processes(course, assignment, students, options, warm)


def grade_in_processes(
    course: Course, assignment: str, students: Sequence[str], options: RunOptions, warm: WarmProcess | None = None
) -> Iterator[Result]:
    """Yield every student's graded submission, made by `options.workers` processes.

    What a run grades with is made once, here; workers are forked and share it. A worker that dies takes nobody along:
    what it was grading is tried once more, alone, and who ends a worker again is not graded.
    """

    def read(student: str) -> Submission:
        return read_submission(course.submitted / student / assignment, assignment, student)

    if not students:
        return
    with _tried_workbench(course, assignment, options, warm) as workbench:
        gc.freeze()  # what is there stays: to look through it again and again would copy it in every worker
        for suspect in (yield from _grade_all(workbench, read, students, options.workers)):
            if (yield from _grade_all(workbench, read, [suspect], 1)):
                submission = read(suspect)
                reason = "the process that graded it ended twice"
                yield result_of(workbench.release, submission, not_graded(workbench.release, submission, reason))


def _grade_all(
    workbench: Workbench, read: Callable[[str], Submission], students: Iterable[str], count: int
) -> Generator[Result, None, list[str]]:
    """Grade with up to `count` workers; return whom a worker was grading when it died."""
    rest, suspects, workers = deque(students), [], list[Worker]()
    try:
        while rest or workers:
            while len(workers) < min(count, len(rest)):
                workers.append(Worker.forked(workbench, read))
            for worker in workers:
                while rest and len(worker.given) < GIVEN:
                    worker.give(rest.popleft())
            ready = wait_for([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                try:
                    result = worker.take()
                except EOFError:
                    workers.remove(worker)
                    first, *others = worker.close()
                    suspects.append(first)
                    rest.extendleft(others)
                else:
                    yield result
            for worker in [worker for worker in workers if not rest and not worker.given]:
                workers.remove(worker)
                worker.close()
    finally:
        for worker in workers:
            worker.close()
    return suspects


class Worker:
    """A process that grades one item after the other, in their order. It ends with its parent, however that ends.

    An item is a submission, or whatever the worker can make one of.
    """

    def __init__(self, method: str, open_one: OpenWorkbench, read: Callable[[Any], Submission]) -> None:
        context = get_context(method)
        self.connection, theirs = context.Pipe()
        self.given: deque[Any] = deque()  # what it has not answered yet
        self._process = context.Process(target=_work, args=(theirs, open_one, read), daemon=True)
        self._process.start()
        theirs.close()

    @classmethod
    def forked(cls, workbench: Workbench, read: Callable[[Any], Submission]) -> Worker:
        """One that shares the workbench of this process, which must have no other threads."""
        return cls("fork", partial(_forked_workbench, workbench), read)

    @classmethod
    def spawned(cls, course: Course, assignment: str, options: RunOptions) -> Worker:
        """One with a workbench of its own, for submissions. Its first answer raises what keeps it from having one."""
        return cls("spawn", partial(_tried_workbench, course, assignment, options), _as_it_is)

    def give(self, item: Any) -> None:
        self.given.append(item)
        with suppress(OSError):  # it has died; `take` says so
            self.connection.send(item)

    def take(self) -> Result:
        """The result of the item that was given first. Raises EOFError where the process died of it."""
        try:
            answer = self.connection.recv()
        except OSError:
            raise EOFError from None
        if isinstance(answer, Exception):
            raise answer
        self.given.popleft()
        return answer

    def close(self) -> list[Any]:
        """End the process, at once where it is busy; return the items that it has not answered."""
        if self.connection.closed:
            return list(self.given)
        with suppress(OSError):
            self.connection.send(NO_MORE)
        self._process.join(0 if self.given else END_SECONDS)
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()
        return list(self.given)


def _work(connection: Connection, open_one: OpenWorkbench, read: Callable[[Any], Submission]) -> None:
    """Answer every item until there are no more. An exception is an answer too: the run ends with this reason."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with open_one() as workbench:
            while (item := connection.recv()) is not NO_MORE:
                connection.send(graded_result(workbench, read(item)))
    except Exception as error:
        connection.send(error)


@contextmanager
def _forked_workbench(workbench: Workbench) -> Iterator[Workbench]:
    gc.set_threshold(20_000)  # a submission makes many objects and few cycles
    workbench.sandbox.have_twin()
    with workbench.sandbox:
        yield workbench


@contextmanager
def _tried_workbench(
    course: Course, assignment: str, options: RunOptions, warm: WarmProcess | None = None
) -> Iterator[Workbench]:
    opened = open_workbench(course, assignment, options.salt, layers=options.layers, limits=options.limits, warm=warm)
    with opened as workbench:
        workbench.sandbox.child().kill()  # the layers are all there, or this raises
        yield workbench


def _as_it_is(submission: Submission) -> Submission:
    return submission


def _end_with_parent() -> None:
    """A worker whose parent was killed has nobody to tell; its sandbox ends with it."""
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
