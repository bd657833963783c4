"""A process that records the tiny class again and again and is killed, or hits an error, wherever the test wants.

It imports once, then forks a child for each line on its standard input:
    {"root": project, "kill_after": seconds}             SIGKILL to the child's own session after so long
    {"root": project, "step": k, "fault": "crash"}       the k-th step on the disk ends the process at once
    {"root": project, "step": k, "fault": "power"}       so does it, and what no sync had waited for is lost
    {"root": project, "step": k, "fault": "ENOSPC"}      the k-th step fails with this error
    {"root": project}                                    nothing goes wrong
and answers each with {"status": wait status, "seconds": how long, "said": what it said}. Grading itself is replaced by
results that were made beforehand: the first argument is the file with them.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from grader import executors, gradebook, record
from grader.course import CourseError, find_course
from grader.options import RunOptions
from grader.result import Result
from grader.run import grade_and_record
from grader.sandbox.layers import ALL
from grader.summary import write_csv

from . import tiny


class Steps:
    """Counts the steps that change something on the disk, and lets one of them fail."""

    def __init__(self, at: int, fault: str) -> None:
        self.count = 0
        self._at = at
        self._fault = fault
        self.unsynced: set[Path] = set()

    def before(self) -> None:
        self.count += 1
        if self.count != self._at:
            return
        if self._fault == "power":
            for path in self.unsynced:  # the name may have reached the disk before the content
                path.write_bytes(b"")
        if self._fault in ("power", "crash"):
            os._exit(77)
        number = getattr(errno, self._fault)
        raise OSError(number, os.strerror(number))

    def watch(
        self,
        owner: Any,
        name: str,
        after: Callable[..., Any] = lambda *_: None,
        when: Callable[..., Any] = lambda *_: True,
    ) -> None:
        real = getattr(owner, name)

        def step(*args: Any, **kwargs: Any) -> Any:
            if when(*args):
                self.before()
            result = real(*args, **kwargs)
            after(*args)
            return result

        setattr(owner, name, step)


def arm(at: int, fault: str) -> Steps:
    """Make every step on the disk countable: renames, syncs, writes of the log, statements and commits."""
    steps = Steps(at, fault)
    steps.watch(os, "open", when=lambda _, flags, *__: flags & (os.O_WRONLY | os.O_RDWR))
    steps.watch(os, "replace", lambda _, path: steps.unsynced.add(Path(path)))
    steps.watch(os, "write")
    steps.watch(os, "fsync")
    steps.watch(record, "sync_file_system", lambda *_: steps.unsynced.clear())
    steps.watch(gradebook, "_insert")
    steps.watch(gradebook, "_update")
    steps.watch(Connection, "commit")
    return steps


def record_class(root: Path, results: dict[str, Result]) -> None:
    """What `grader grade` does, with results instead of grading."""
    course = find_course(root)

    def ready(_: Any, __: str, students: list[str], *___: Any) -> Iterator[Result]:
        for student in students:
            yield results[student]

    executors.grade_class = ready
    record.BATCH = 3
    lines = grade_and_record(course, tiny.NAME, course.students(tiny.NAME), RunOptions("", ALL, 1))
    write_csv(course.grades_csv, lines)


def child(order: dict[str, Any], results: dict[str, Result], answer: int) -> None:
    os.setsid()
    steps = arm(order["step"], order["fault"]) if "step" in order else arm(0, "crash")
    said = ""
    try:
        record_class(Path(order["root"]), results)
    except (OSError, CourseError) as error:
        said = f"{type(error).__name__}: {error}"
    os.pwrite(answer, json.dumps({"said": said, "steps": steps.count}).encode(), 0)
    os._exit(1 if said else 0)


def main() -> None:
    results = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301  (the test wrote it)
    for line in sys.stdin:
        order = json.loads(line)
        answer = os.memfd_create("answer")
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            child(order, results, answer)
        if "kill_after" in order:
            time.sleep(order["kill_after"])
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                os.kill(pid, signal.SIGKILL)  # it has not begun its session yet
        _, status = os.waitpid(pid, 0)
        said = json.loads(os.pread(answer, 1 << 16, 0) or b"{}")
        os.close(answer)
        print(json.dumps({"status": status, "seconds": time.monotonic() - started, **said}), flush=True)


if __name__ == "__main__":
    main()
