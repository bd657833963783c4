"""Grade a class: map `grade_submission` over worker processes, record in this one, show how it goes."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from .bench import open_bench
from .course import Course, CourseError
from .files import locked
from .grade import Bench, grade_submission, not_graded
from .inputs import run_inputs
from .late import excluded_students, late_rule, read_extensions
from .log import GRADE, Log, read_history
from .nbgrader_app import nbgrader_config
from .plan import Plan, plan_run
from .record import Times, open_recording
from .release import load_release
from .result import Result, result_of
from .sandbox.layers import Layers
from .sandbox.limits import Limits
from .standings import Standing, open_gradebook, read_standings
from .submitted import read_submission, read_timestamp
from .summary import NOT_GRADED, Line, line_of
from .verdict import Verdict


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run of `make grade` was asked for.

    An empty `salt` leaves it to the run: a new one, or that of a run that was cut short. `force` grades everybody.
    """

    salt: str
    layers: Layers
    workers: int
    limits: Limits = field(default_factory=Limits)
    force: bool = False


def grade_class(course: Course, assignment: str, students: Sequence[str], options: RunOptions) -> Iterator[Result]:
    """Yield every student's graded submission as it is done, in no particular order.

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
    with _pool(course, assignment, options, workers) as pool:
        try:
            while rest or waiting:
                while rest and len(waiting) < 4 * workers:  # bounded, so that memory does not grow with the class
                    student = rest[0]
                    future = pool.submit(_grade_one, course.submitted / student / assignment, assignment, student)
                    waiting[future] = rest.popleft()
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    del waiting[future]
                    yield result
        except BrokenProcessPool:
            return list(waiting.values()) or [rest.popleft()]  # never none: the next pool has to have less to do
    return []


def _pool(course: Course, assignment: str, options: RunOptions, workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(course, assignment, options)
    )


_worker = ExitStack()  # of this worker process: keeps its bench open until it ends
_bench: list[Bench] = []
_refused: list[Exception] = []  # why this worker cannot grade: an initializer could only break the pool


def _start_worker(course: Course, assignment: str, options: RunOptions) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
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


def _grade_one(folder: Path, assignment: str, student: str) -> Result:
    if _refused:
        raise _refused[0]
    submission = read_submission(folder, assignment, student)
    return result_of(_bench[0].release, submission, grade_submission(_bench[0], submission))


def grade_and_record(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: RunOptions,
    say: Callable[[str], None] = lambda _: None,
) -> list[Line]:
    """Grade whom the plan says, write everything down as results come in, and return the table's lines, sorted.

    A submission whose grading failed for our own fault is written to no gradebook and keeps its line. Raises
    CourseError where another run is busy with this course.
    """
    try:
        with locked(course.lock):
            return _grade_and_record(course, assignment, students, options, say)
    except BlockingIOError as error:
        raise CourseError(f"Another run is grading in {course.data}. Wait until it has ended.") from error


def _grade_and_record(
    course: Course, assignment: str, students: Sequence[str], options: RunOptions, say: Callable[[str], None]
) -> list[Line]:
    release = load_release(course, assignment)
    config = nbgrader_config(course)
    rule = late_rule(config)
    times = hand_in_times(course, assignment)
    inputs = run_inputs(course, assignment, options.limits, options.layers)
    excluded = excluded_students(config)
    history = read_history(course.log, assignment)
    plan = plan_run(
        course,
        release,
        [student for student in students if student not in excluded],
        history=history,
        standings=_standings(course, assignment),
        inputs=inputs,
        rule=rule,
        times=times,
        salt=options.salt,
        force=options.force,
    )
    say(_announcement(plan, options))
    lines = dict(plan.lines)
    if not plan.nothing_to_do:
        chosen = dataclasses.replace(options, salt=plan.salt)
        with open_recording(
            course,
            assignment,
            by=GRADE,
            salt=plan.salt,
            inputs=inputs,
            rule=rule,
            times=times,
            goes_on=history.interrupted is not None,
        ) as recording:
            for line in plan.enter:
                recording.add_again(line)
            with progress_over(len(plan.grade)) as advance:
                for result in grade_class(course, assignment, plan.grade, chosen):
                    recording.add(result)
                    lines[result.student] = result.line
                    advance()
    elif history.interrupted is not None:  # it was cut short after its last grade
        Log(course.log).append([{"what": "done", "assignment": assignment, "run": history.interrupted.get("n")}])
    standings = _standings(course, assignment)
    return [_with_standing(lines[student], standings) for student in sorted(lines)]


def _announcement(plan: Plan, options: RunOptions) -> str:
    kept = f"; {len(plan.lines)} are graded already" if plan.lines else ""
    if not plan.grade:
        return "Nothing to grade" + (kept or "; nobody handed in") + "."
    reasons = ", ".join(f"{what} of {number}" for what, number in plan.again.items())
    again = f" (changed: {reasons})" if reasons and not options.force else ""
    workers = min(options.workers, len(plan.grade))
    return f"Grading {len(plan.grade)} submissions{again} with {workers} worker{'s' if workers > 1 else ''}{kept} …"


def _standings(course: Course, assignment: str) -> dict[str, Standing]:
    with open_gradebook(course) as engine:
        return read_standings(engine, assignment)


def _with_standing(line: Line, standings: Mapping[str, Standing]) -> Line:
    standing = None if line.status == NOT_GRADED else standings.get(line.student)
    return line if standing is None else dataclasses.replace(line, recorded=standing.recorded)


def graded_lines(course: Course, assignment: str) -> list[Line]:
    """The table's lines of everybody who was graded, from the verdicts and the gradebook as they are."""
    release, standings = load_release(course, assignment), _standings(course, assignment)
    lines = []
    for student in sorted(read_history(course.log, assignment).latest):
        path = course.autograded / student / assignment / "verdict.json"
        lines.append(_with_standing(line_of(release, Verdict.from_json(path.read_text(encoding="utf-8"))), standings))
    return lines


def hand_in_times(course: Course, assignment: str) -> Times:
    """Return a function that says when a student handed in and what extension the course's list gives."""
    extensions = read_extensions(course, assignment)
    return lambda student: (read_timestamp(course.submitted / student / assignment), extensions.get(student))


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
