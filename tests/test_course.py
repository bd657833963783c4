"""How a class is found: the sample only where nothing at all is submitted, and nothing left out without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import Course, active_course

from . import tiny
from .test_course_run import GRADER, run


def place(course: Course, *paths: str) -> None:
    """Put something at these places of `submitted`; a path that ends with / is an empty folder."""
    for path in paths:
        target = course.submitted / path
        if path.endswith("/"):
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"{}")


def with_other(course: Course) -> Course:
    """A second assignment, so that a folder may hold that one alone."""
    place_of = course.originals / "other"
    place_of.mkdir()
    (place_of / "other.ipynb").write_bytes(b"{}")
    return course


@pytest.mark.parametrize(
    ("path", "found", "wanted"),
    [
        ("kim/tiny.ipynb", "kim/tiny.ipynb", "kim/tiny/tiny.ipynb"),
        ("kim.ipynb", "kim.ipynb", "STUDENT/tiny/tiny.ipynb"),
        ("kim/Tiny/tiny.ipynb", "kim/Tiny/", "kim/tiny/tiny.ipynb"),
        ("kim/tiny", "kim/tiny", "kim/tiny/tiny.ipynb"),
        ("kim/", "kim/", "kim/tiny/tiny.ipynb"),
        ("tiny/kim/tiny.ipynb", "tiny/kim/", "tiny/tiny/tiny.ipynb"),
        (" kim/tiny.ipynb", " kim/tiny.ipynb", "STUDENT/tiny/tiny.ipynb"),
        ("학생/tiny.ipynb", "학생/tiny.ipynb", "학생/tiny/tiny.ipynb"),
    ],
)
def test_what_is_not_in_its_place_is_named_with_its_place(
    fresh_course: Course, path: str, found: str, wanted: str
) -> None:
    """Does an instructor read what to move, and where to?"""
    place(fresh_course, path)
    (sentence,) = fresh_course.misplaced(tiny.NAME)
    assert sentence == f"{found!r} is not where a submission belongs: submitted/{wanted}"
    assert fresh_course.students(tiny.NAME) == []


def test_folder_that_no_student_can_be_called_is_named(fresh_course: Course) -> None:
    """Is a submission under a name that cannot be an id left out aloud, on one line?"""
    place(fresh_course, "kim\u202e\nlee/tiny/tiny.ipynb")
    assert fresh_course.students(tiny.NAME) == []
    assert fresh_course.misplaced(tiny.NAME) == ["'kim\\u202e\\nlee' cannot be a student's id; rename the folder"]


def test_other_assignments_and_hidden_files_are_no_mistakes(fresh_course: Course) -> None:
    """Is who has not handed in this one left in peace, and what an operating system leaves behind?"""
    course = with_other(fresh_course)
    place(course, "kim/tiny/tiny.ipynb", "kim/notes.txt", "lee/other/other.ipynb", ".DS_Store", "lee/.DS_Store")
    assert course.misplaced(tiny.NAME) == []
    assert course.misplaced("other") == ["'kim/' is not where a submission belongs: submitted/kim/other/other.ipynb"]


def test_sample_class_stands_in_only_where_nothing_at_all_is_submitted(fresh_course: Course) -> None:
    """Can anything that was submitted in a wrong place be taken for nothing?"""
    fresh_course.sample().submitted.mkdir(parents=True)
    fresh_course.submitted.mkdir()
    assert active_course(fresh_course.root).is_sample
    place(fresh_course, ".DS_Store", ".ipynb_checkpoints/")
    assert active_course(fresh_course.root).is_sample
    place(fresh_course, "kim/")
    assert not active_course(fresh_course.root).is_sample


def test_where_nothing_is_in_its_place_nothing_is_graded(fresh_course: Course) -> None:
    """Does the command end with the list, instead of grading a class that is not there?"""
    (fresh_course.solutions / tiny.NAME / "sample_class.py").write_text("def make_submissions(notebook):\n    1 / 0\n")
    place(fresh_course, "kim/tiny.ipynb", "lee.ipynb")
    done = run([GRADER, "grade"], fresh_course)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a submission of 'tiny'" in done.stderr
    assert "'kim/tiny.ipynb' is not where a submission belongs: submitted/kim/tiny/tiny.ipynb" in done.stderr
    assert "'lee.ipynb'" in done.stderr
    assert [path.name for path in Path(fresh_course.data).iterdir()] == ["submitted"]


def test_beside_submissions_what_is_misplaced_is_listed(fresh_course: Course) -> None:
    """Does who was left out show in the run that grades the others?"""
    place(fresh_course, "kim/tiny/tiny.ipynb", "lee/Tiny/tiny.ipynb", "park/")
    done = run([GRADER, "grade"], fresh_course)
    assert done.returncode == 0, done.stderr
    assert "left out: 'lee/Tiny/' is not where" in done.stderr
    assert "left out: 'park/' is not where" in done.stderr
    assert "Grading 1 submission with" in done.stdout


def test_nobody_has_handed_in_this_assignment_yet(fresh_course: Course) -> None:
    """Is a class that has handed in another assignment left alone, without the sample in its place?"""
    course = with_other(fresh_course)
    place(course, "lee/other/other.ipynb")
    done = run([GRADER, "grade", tiny.NAME], course)
    assert done.returncode == 0, done.stderr
    assert "Nothing to grade; nobody handed in." in done.stdout
    assert not course.sample().data.exists()
