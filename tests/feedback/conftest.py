"""A graded class with its pages, made once."""

from __future__ import annotations

import pytest

from grader.course import Course
from grader.feedback.write import write_feedback
from tests import graded, tiny


@pytest.fixture(scope="session")
def class_with_pages(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The small class, graded, with the page of each student written."""
    course = graded.graded_course(tiny.make_project(tmp_path_factory.mktemp("feedback")))
    problems = [written for written in write_feedback(course, tiny.NAME) if written.problem]
    assert not problems
    return course


@pytest.fixture(scope="session")
def pages(class_with_pages: Course) -> dict[str, str]:
    """HTML by student."""
    return {
        path.parent.parent.name: path.read_text(encoding="utf-8")
        for path in class_with_pages.feedback.glob(f"*/{tiny.NAME}/{tiny.NAME}.html")
    }
