"""A graded class, made once."""

from __future__ import annotations

import pytest

from grader.course import Course
from tests import graded, tiny


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The small class; the grader failed for `moved`."""
    course = graded.graded_course(tiny.make_project(tmp_path_factory.mktemp("export")))
    graded.make_infra(course, "moved")
    return course
