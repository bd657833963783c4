"""The warm parent that a command starts before the rest of itself is imported."""

from __future__ import annotations

import dataclasses
import json
import signal

import pytest

from grader.ahead import warm_ahead
from grader.course import Course
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox import warm as warm_module
from grader.sandbox.layers import ALL

from . import tiny
from .processes import alive, children, comes_true

OPTIONS = RunOptions("", ALL, 1)


@pytest.fixture
def class_of_one(fresh_course: Course) -> Course:
    make_release(fresh_course, tiny.NAME)
    tiny.hand_in(fresh_course, "a", fill(load_release(fresh_course, tiny.NAME).notebook, tiny.REFERENCE))
    return fresh_course


def graded(course: Course, student: str) -> None:
    verdict = course.verdict(student, tiny.NAME)
    verdict.parent.mkdir(parents=True)
    verdict.write_text(json.dumps({}))


def test_started_where_somebody_is_new_or_all_are_asked_for(class_of_one: Course) -> None:
    """Is there a warm parent exactly where it is plain that there is somebody to grade on this machine?"""
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm:
        assert warm is not None
    elsewhere = dataclasses.replace(OPTIONS, scheduler="tcp://127.0.0.1:8786")
    with warm_ahead(class_of_one, tiny.NAME, elsewhere) as warm:
        assert warm is None
    graded(class_of_one, "a")
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm:
        assert warm is None
    with warm_ahead(class_of_one, tiny.NAME, dataclasses.replace(OPTIONS, force=True)) as warm:
        assert warm is not None


def test_who_is_left_out_is_not_waited_for(class_of_one: Course) -> None:
    """Does a student who is never graded start a warm parent in each run?"""
    tiny.hand_in(class_of_one, "out", b"{}")
    graded(class_of_one, "a")
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm:
        assert warm is not None
    with (class_of_one.root / "nbgrader_config.py").open("a") as config:
        config.write("\nc.CourseDirectory.student_id_exclude = 'out'\n")
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm:
        assert warm is None


def test_a_run_grades_with_it(class_of_one: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the run take it, instead of starting another?"""
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm:

        def another(*_: object) -> None:
            raise AssertionError("a second warm parent was started")

        monkeypatch.setattr(warm_module.WarmProcess, "_launch", another)
        lines = grade_and_record(class_of_one, tiny.NAME, ["a"], OPTIONS, warm=warm)
    assert [line.points for line in lines] == [6.0]


def test_one_that_is_not_needed_ends_at_once(class_of_one: Course) -> None:
    """Where the run ends before it is warm: is it ended in the middle of its imports, and all of it?"""
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm:
        assert warm is not None
        assert warm._process is not None
        below = children(warm._process.pid)
    assert warm._process.returncode == -signal.SIGKILL
    assert comes_true(lambda: not any(map(alive, below)))


def test_it_imports_the_released_modules(class_of_one: Course) -> None:
    """Where one of them cannot be imported: does the run say so, with the module's own words?"""
    released = class_of_one.release / tiny.NAME
    (released / "broken_helper.py").write_text("raise RuntimeError('no such luck')\n")
    with warm_ahead(class_of_one, tiny.NAME, OPTIONS) as warm, pytest.raises(Exception, match="no such luck"):
        grade_and_record(class_of_one, tiny.NAME, ["a"], OPTIONS, warm=warm)
