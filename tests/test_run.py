"""A class over worker processes: one that dies takes nobody along, one whose parent dies does not stay."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from grader import run as run_module
from grader.course import Course, CourseError
from grader.executors import grade_class
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox.layers import ALL

from . import tiny
from .processes import alive, children, comes_true
from .test_course_run import GRADER, run

CALL = 'got = student["double"](x.copy())'
DEADLY = f"{CALL}\n        if got is None:\n            import os\n            os._exit(3)"


@pytest.fixture
def class_with_a_killer(fresh_course: Course) -> Course:
    """Seven students, and cases that kill the worker process (not the sandbox) when they meet the one called `bad`."""
    cases = fresh_course.solutions / tiny.NAME / "cases.py"
    cases.write_text(cases.read_text().replace(CALL, DEADLY))
    make_release(fresh_course, tiny.NAME)
    notebook = load_release(fresh_course, tiny.NAME).notebook
    for student in ("a", "b", "c", "d", "e", "f"):
        tiny.hand_in(fresh_course, student, fill(notebook, tiny.REFERENCE))
    tiny.hand_in(fresh_course, "bad", fill(notebook, "def double(x):\n    return None"))
    return fresh_course


def test_worker_that_dies_takes_nobody_along(class_with_a_killer: Course) -> None:
    """Is everybody else graded, once, where one submission ends the process that grades it?"""
    course = class_with_a_killer
    lines = grade_and_record(course, tiny.NAME, course.students(tiny.NAME), RunOptions("", ALL, 2))
    assert {line.student: line.status for line in lines} == {
        **dict.fromkeys("abcdef", "graded"),
        "bad": run_module.NOT_GRADED,
    }
    assert [line.points for line in lines if line.status == "graded"] == [6.0] * 6
    assert next(line for line in lines if line.student == "bad").recorded is None


def test_cases_that_cannot_be_made_end_the_run_with_the_reason(fresh_course: Course) -> None:
    """Does a mistake of the author's end in its own words, and not in a class that is not graded?"""
    make_release(fresh_course, tiny.NAME)
    tiny.hand_in(fresh_course, "a", b"{}")
    cases = fresh_course.solutions / tiny.NAME / "cases.py"
    cases.write_text(cases.read_text().replace("3.0,", "4.0,"))
    with pytest.raises(CourseError, match="does not fit"):
        list(grade_class(fresh_course, tiny.NAME, ["a"], RunOptions("x", ALL, 1)))


def test_two_runs_at_once_are_refused(fresh_course: Course) -> None:
    """Can two runs write into one gradebook?"""
    from grader.files import locked

    make_release(fresh_course, tiny.NAME)
    tiny.hand_in(fresh_course, "a", b"{}")
    with locked(fresh_course.lock):
        result = run([GRADER, "grade"], fresh_course)
    assert result.returncode == 2
    assert "Another run is grading" in result.stderr


def grading_somebody_slow(course: Course) -> tuple[subprocess.Popen[str], set[int]]:
    """`make grade` while a student's function sleeps: the command, and the processes below it."""
    make_release(course, tiny.NAME)
    notebook = load_release(course, tiny.NAME).notebook
    tiny.hand_in(course, "slow", fill(notebook, "import time\n\n\ndef double(x):\n    time.sleep(60)"))
    command = subprocess.Popen(
        [GRADER, "grade"],
        cwd=course.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background: it is ignored there
    )
    # a worker; bubblewrap twice, the warm parent, its twin, and the student's process
    assert comes_true(lambda: len(children(command.pid)) >= 6, 60)
    return command, children(command.pid)


def test_nothing_stays_when_only_the_parent_is_killed(fresh_course: Course) -> None:
    """Do workers and sandboxes end by themselves where the command that started them is killed?"""
    command, below = grading_somebody_slow(fresh_course)
    os.kill(command.pid, signal.SIGKILL)
    command.communicate()
    assert comes_true(lambda: not any(map(alive, below)))


def test_ctrl_c_ends_at_once_and_says_what_is_kept(fresh_course: Course) -> None:
    """Does Ctrl-C, which every process of the command gets, end in a sentence and not in tracebacks?"""
    command, below = grading_somebody_slow(fresh_course)
    os.killpg(command.pid, signal.SIGINT)
    said, _ = command.communicate(timeout=30)
    assert not (fresh_course.autograded / "slow").exists()  # it did not wait until the function had to be stopped
    assert command.returncode == 130
    assert "Stopped. Graded work is kept; the next run goes on." in said
    assert "Traceback" not in said
    assert comes_true(lambda: not any(map(alive, below)))
