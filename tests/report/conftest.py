"""A graded class with its report, made once."""

from __future__ import annotations

import pytest

from grader.course import Course
from grader.feedback.write import write_feedback
from grader.report.write import write_report
from tests import graded, tiny


@pytest.fixture(scope="session")
def class_with_report(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The small class; the grader failed for `moved`."""
    course = graded.graded_course(tiny.make_project(tmp_path_factory.mktemp("report")))
    graded.make_infra(course, "moved")
    list(write_feedback(course, tiny.NAME))
    write_report(course, tiny.NAME)
    return course
