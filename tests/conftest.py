"""Fixtures shared by the engine's tests: a released tiny assignment, made once per test process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.release import Release, load_release
from grader.releasing import make_release

from . import tiny


@pytest.fixture(scope="session")
def tiny_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A project folder with the tiny assignment, released. Shared: tests that write use `fresh_course`."""
    course = tiny.make_project(tmp_path_factory.mktemp("project"))
    make_release(course, tiny.NAME)
    return course


@pytest.fixture(scope="session")
def release(tiny_course: Course) -> Release:
    return load_release(tiny_course, tiny.NAME)


@pytest.fixture
def fresh_course(tmp_path: Path) -> Iterator[Course]:
    """A project of its own, not yet released. Its solutions are forgotten again, so that projects do not mix."""
    yield tiny.make_project(tmp_path)
    tiny.forget()
