"""Grade a class: have an executor grade whom the plan says, record what comes back, show how it goes."""

from __future__ import annotations

import dataclasses
import gc
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from .course import Course, CourseError
from .files import locked
from .inputs import run_inputs
from .late import excluded_students, late_rule, left_out, read_extensions
from .log import GRADE, Log, read_history
from .nbgrader_app import nbgrader_config
from .options import RunOptions
from .plan import OF_THE_STUDENT, Plan, plan_run
from .record import Times, open_recording
from .release import Release, load_release
from .standings import Standing, open_gradebook, read_standings
from .submitted import read_timestamp
from .summary import NOT_GRADED, Line, headings_of, line_of, line_of_row, row_of, with_marks
from .verdict import Verdict
from .wording import counted

if TYPE_CHECKING:
    from .sandbox.warm import WarmProcess


def grade_and_record(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: RunOptions,
    say: Callable[[str], None] = lambda _: None,
    warm: WarmProcess | None = None,
) -> list[Line]:
    """Grade whom the plan says, write everything down as results come in, and return the table's lines, sorted.

    `warm` is a warm parent that was started before (grader.ahead); without one, it is started when it is needed.

    A submission whose grading failed for our own fault is written to no gradebook and keeps its line. Raises
    CourseError where another run is busy with this course.
    """
    try:
        with locked(course.lock):
            return _grade_and_record(course, assignment, students, options, say, warm)
    except KeyboardInterrupt:
        say("Stopped. Graded work is kept; the next run goes on.")
        raise
    except BlockingIOError as error:
        raise CourseError(f"Another run is grading in {course.data}. Wait until it has ended.") from error


def _grade_and_record(
    course: Course,
    assignment: str,
    students: Sequence[str],
    options: RunOptions,
    say: Callable[[str], None],
    warm: WarmProcess | None,
) -> list[Line]:
    release = load_release(course, assignment)
    config = nbgrader_config(course)
    rule = late_rule(config)
    times = hand_in_times(course, assignment)
    inputs = run_inputs(course, assignment, options.limits, options.layers)
    excluded = excluded_students(config)
    history = read_history(course.log, assignment)
    if history.first_break:
        say(f"{course.log} was changed: {history.first_break}. This run goes on; what it means: make verify")
    standings = _standings(course, assignment)
    plan = plan_run(
        course,
        release,
        [student for student in students if student not in excluded],
        history=history,
        standings=standings,
        inputs=inputs,
        rule=rule,
        times=times,
        salt=options.salt,
        force=options.force,
    )
    for sentence in _announcement(plan, options, len(excluded.intersection(students))):
        say(sentence)
    rows: dict[str, str] = {}  # as the log has them, a tenth of the memory of lines while others are graded
    if not plan.nothing_to_do:
        from .executors import grade_class  # and with it the sandbox and NumPy

        gc.set_threshold(700, 10, 10)  # as Python begins, and grader.__main__ does not: a run's memory should not grow
        if course.database:
            say("The gradebook is on a server: its administrator makes the backups, this run makes none.")
        chosen = dataclasses.replace(options, salt=plan.salt)
        with open_recording(
            course,
            assignment,
            by=GRADE,
            salt=plan.salt,
            inputs=inputs,
            rule=rule,
            times=times,
            graded=history.grades,
            goes_on=history.interrupted is not None,
        ) as recording:
            for line in plan.enter:
                recording.add_again(line)
            with progress_over(len(plan.grade)) as advance:
                for result in grade_class(course, assignment, plan.grade, chosen, warm):
                    recording.add(result)
                    rows[result.student] = json.dumps([result.points, row_of(result.line)])
                    advance()
        standings = _standings(course, assignment)
    elif history.interrupted is not None:  # it was cut short after its last grade
        Log(course.log).append([{"what": "done", "assignment": assignment, "run": history.interrupted.get("n")}])
    lines, headings = dict(plan.lines), headings_of(release)
    for student, row in rows.items():
        points, columns = json.loads(row)
        lines[student] = line_of_row(student, points, headings, columns)
    return [_with_standing(lines[student], standings, release) for student in sorted(lines)]


def _announcement(plan: Plan, options: RunOptions, excluded: int) -> Iterator[str]:
    kept = f"; {counted(len(plan.lines), 'is', 'are')} graded already" if plan.lines else ""
    kept += f"; {excluded} left out (nbgrader_config.py)" if excluded else ""
    if not plan.grade:
        yield "Nothing to grade" + (kept or "; nobody handed in") + "."
        return
    reasons = ", ".join(f"{what} of {number}" for what, number in plan.again.items())
    again = f" (changed: {reasons})" if reasons and not options.force else ""
    workers = min(options.workers, len(plan.grade))
    who = f"the workers of {options.scheduler}" if options.scheduler else counted(workers, "worker")
    yield f"Grading {counted(len(plan.grade), 'submission')}{again} with {who}{kept} …"
    if again and not OF_THE_STUDENT.issuperset(plan.again):
        yield "New grades are written at once. To see first who changes, stop this (Ctrl-C) and run: make regrade"


def _standings(course: Course, assignment: str) -> dict[str, Standing]:
    with open_gradebook(course) as engine:
        return read_standings(engine, assignment)


def _with_standing(line: Line, standings: Mapping[str, Standing], release: Release) -> Line:
    """The line with what the gradebook has. The gradebook knows no bonus: its maximum is that of all cells."""
    standing = None if line.status == NOT_GRADED else standings.get(line.student)
    if standing is None:
        return line
    possible = standing.recorded.max_score - math.fsum(release.bonus.values())
    recorded = dataclasses.replace(standing.recorded, max_score=possible)
    return dataclasses.replace(with_marks(line, release, standing.by_hand), recorded=recorded)


def graded_lines(course: Course, assignment: str) -> list[Line]:
    """The table's lines of everybody who was graded, from the verdicts and the gradebook as they are."""
    release, standings = load_release(course, assignment), _standings(course, assignment)
    lines = []
    for student in sorted(read_history(course.log, assignment).latest.keys() - left_out(course)):
        path = course.verdict(student, assignment)
        line = line_of(release, Verdict.from_json(path.read_text(encoding="utf-8")))
        lines.append(_with_standing(line, standings, release))
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
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # no refreshing from a thread: workers are forked meanwhile
    with Bar(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("grading", total=total)
        bar.refresh()
        yield lambda: bar.update(task, advance=1, refresh=True)
