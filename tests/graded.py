"""A small graded class of the tiny assignment, for the tests of what comes after grading."""

from __future__ import annotations

import copy
import json

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from grader.course import Course
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox.host import ALL

from . import tiny

SALT = "0123456789abcdef"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

PLOTS = '''"""Pictures of the tiny assignment: what double makes of 0 to 4, twice, and the graph of one doubling."""

from grader.plots import Chart, Graph, Node, Series


def make_plots(student, results):
    places = tuple(map(float, range(5)))
    got = tuple(float(student["double"](place)) for place in places)
    series = Series("yours", got), Series("wanted <b>", tuple(2 * place for place in places))
    yield Chart("double_hidden", "Doubling", "A line with <b>", False, "x", places, series)
    yield Chart("double_visible", "Bars", "Four bars", True, "x", places, (Series("yours", got[1:]),))
    nodes = Node("x", 0, 0, "open"), Node("y", 1, 0, "wrong" if got[1] != 2 else "right")
    yield Graph("double_hidden", "Graph", "y comes from x", nodes, (("x", "y"),))
'''

WRONG = "def double(x):\n    y = x\n    y = y + 2\n    return y"
RAISES = "def double(x):\n    half = x / 2\n    return half * fourr"
HOSTILE = "def double(x):\n    return '<script>alert(1)</script>' # </code></pre><script>alert(2)</script>"


def submissions(notebook: NotebookNode) -> dict[str, NotebookNode | bytes]:
    """Who hands in what: right, wrong, raising, hostile, noisy, nothing, no notebook, and ids that are awkward."""
    written = fill(notebook, tiny.REFERENCE)
    written.cells[-1].source = (
        "Because *two* is two.\n\n<script>alert(3)</script>\n\n# A heading\n\n[click](javascript:alert(4)) "
        "![pixel](http://example.org/spy.png) <img src=x onerror=alert(5)>"
    )
    noisy = fill(notebook, WRONG)
    noisy.cells[5].outputs = [new_output("display_data", {"image/png": DOT, "text/plain": "<Figure>"})]
    noisy.cells.insert(3, new_code_cell("for i in range(30000):\n    print(i, end=' ')"))
    moved = copy.deepcopy(notebook)
    moved.cells.insert(0, moved.cells.pop(2))
    return {
        "right": fill(notebook, tiny.REFERENCE),
        "wrong": fill(notebook, WRONG),
        "wrong-too": fill(notebook, WRONG.replace("y", "value")),
        "raises": fill(notebook, RAISES),
        "hostile": fill(notebook, HOSTILE),
        "written": written,
        "noisy": noisy,
        "moved": moved,
        "untouched": notebook,
        "no-json": b"PK\x03\x04",
        "=1+1": fill(notebook, tiny.REFERENCE),
        "학생일": fill(notebook, tiny.REFERENCE),
    }


def graded_course(course: Course) -> Course:
    """Release, hand in, grade and mark: the answer of `written` gets 3.5 of 4 and a comment, `wrong` is late."""
    (course.solutions / tiny.NAME / "feedback_plots.py").write_text(PLOTS)
    make_release(course, tiny.NAME)
    class_ = submissions(load_release(course, tiny.NAME).notebook)
    for student, notebook in class_.items():
        tiny.hand_in(course, student, notebook)
    grade_and_record(course, tiny.NAME, sorted(class_), RunOptions(salt=SALT, layers=ALL, workers=2))
    mark_by_hand(course)
    return course


def mark_by_hand(course: Course) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        grade = book.find_grade("written", tiny.NAME, tiny.NAME, "written")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 3.5, 0.25, False
        book.find_comment(
            "written", tiny.NAME, tiny.NAME, "written"
        ).manual_comment = "Good, but **why**? <script>alert(6)</script>"
        book.find_submission_notebook(tiny.NAME, tiny.NAME, "wrong").late_submission_penalty = 1.5
        book.db.commit()


def verdict_file(course: Course, student: str):
    return course.autograded / student / tiny.NAME / "verdict.json"


def make_infra(course: Course, student: str) -> None:
    """Make the verdict of `student` one in which the grader failed."""
    path = verdict_file(course, student)
    data = json.loads(path.read_text())
    for case in data["cases"]:
        case.update(status="INFRA", points=0.0, message="The grader failed, not the submission: no sandbox")
    path.write_text(json.dumps(data))
