"""Time the feedback pages of the class in course/: ours, and nbgrader's own template, in one run.

    python tools/bench_feedback.py [ASSIGNMENT] [--root DIR]

Prints milliseconds per student, wall and CPU. Pages are written to a scratch folder.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from grader.course import Course, active_course
from grader.feedback.write import graded_students, write_feedback


def nbgraders_own(course: Course, assignment: str, folder: Path, student: str = "*") -> None:
    """Make the pages with nbgrader's converter and template as they come: one converter for the whole class."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from grader.nbgrader_app import nbgrader_config

    config = Config(nbgrader_config(course))
    del config.GenerateFeedback
    config.CourseDirectory.feedback_directory = str(folder.relative_to(course.root))
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.student_id = student
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    converter = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config)
    converter.force = True
    converter.start()


def timed(work: Callable[[], object], students: int) -> str:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return f"{1000 * wall / students:8.1f} ms per student, {1000 * cpu / students:8.1f} ms of CPU"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignment", nargs="?")
    parser.add_argument("--root", type=Path, default=Path())
    options = parser.parse_args()
    course = active_course(options.root)
    assignment = options.assignment or course.assignments()[0]
    students = graded_students(course, assignment)
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=course.root / "course") as scratch:
        folder = Path(scratch)
        ours = _moved(course, folder / "ours")
        list(write_feedback(ours, assignment, students[:1]))  # imports and templates, once
        nbgraders_own(course, assignment, folder / "warm", students[0])
        print(f"{len(students)} students")
        print("nbgrader:", timed(lambda: nbgraders_own(course, assignment, folder / "nbgrader"), len(students)))
        print("ours:    ", timed(lambda: list(write_feedback(ours, assignment, students)), len(students)))


def _moved(course: Course, folder: Path) -> Course:
    """The same class with an empty folder in front: only the pages go elsewhere."""
    folder.mkdir(parents=True)
    (folder / "autograded").symlink_to(course.autograded)
    (folder / "gradebook.db").symlink_to(course.gradebook)
    return dataclasses.replace(course, data=folder)


if __name__ == "__main__":
    main()
