"""Parity: nbgrader's own test notebooks get the grades that plain nbgrader gives, but where its rule fails.

Both roads are real: plain `nbgrader autograde` with its own defaults and a kernel for each notebook, and the kit. The
notebooks are those that nbgrader installs for its own tests, and some made from them. Every difference is listed below,
with its reason; a difference that is not listed, or is gone, fails.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbformat import NotebookNode

from grader.course import Course, find_course
from grader.options import RunOptions
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox.layers import ALL
from grader.standings import open_gradebook, read_automatic

from .breakages import answer
from .test_course_run import NBGRADER, run
from .tiny import ROOT

pytestmark = pytest.mark.long

FILES = Path(nbgrader.__file__).parent / "tests" / "apps" / "files"
ANSWER_TYPE = FILES.parent.parent / "preprocessors" / "files" / "submitted-answer-cell-type-changed.ipynb"

WARNS = "\n    import sys\n    print('n is large', file=sys.stderr)\n"
EQUALS_EVERYTHING = """
class Everything(list):
    def __eq__(self, other):
        return True


def squares(n):
    return Everything()
"""

DOUBLED = "zz doubled"  # comes last: plain nbgrader ends its run there, and grades nobody after it

# (assignment, student, cell): (plain nbgrader, the kit), and why they differ
DIFFERENCES = {
    # Text on stderr counts as an error of the test cell.
    ("squares", "warns", "correct_squares"): (0.0, 1.0),
    ("squares", "warns", "correct_sum_of_squares"): (0.0, 0.5),
    # The test compares inside the student's process, so the student says what is equal.
    ("squares", "equals everything", "correct_squares"): (1.0, 0.0),
    # A graded cell that was copied by accident: the submission is not graded at all.
    ("squares", DOUBLED, "correct_squares"): (None, 1.0),
    ("squares", DOUBLED, "squares_invalid_input"): (None, 1.0),
    ("squares", DOUBLED, "correct_sum_of_squares"): (None, 0.5),
    # A graded cell that was deleted by accident: the answer is right and earns nothing.
    ("squares", "deleted", "correct_squares"): (None, 1.0),
    # An answer cell of another type: again the submission is not graded at all.
    ("ps1", "answer is text", "foo"): (None, 1.0),
    ("ps1", "answer is text", "bar"): (None, 0.0),
    ("ps1", "answer is text", "baz"): (None, 0.0),
    ("ps1", "answer is text", "quux"): (None, 0.0),
}
# This test takes the student's `squares` away and looks whether `sum_of_squares` misses it. Trusted tests work outside
# of the student's process and cannot change names in it, so such a test cannot be written for the kit.
NOT_FOR_THE_KIT = "sum_of_squares_uses_squares"


# nbgrader starts `alembic` by name when it makes a gradebook; all else is as nbgrader has it
PLAIN_CONFIG = """
import os, sys
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
c = get_config()
c.CourseDirectory.root = {root!r}
"""


def solved_squares(source: str = "") -> NotebookNode:
    notebook = nbformat.read(FILES / "test.ipynb", as_version=4)
    if source:
        answer(notebook, "squares").source = source
    return notebook


def submissions() -> dict[str, dict[str, NotebookNode]]:
    """{assignment: {student: notebook}}."""
    ps1 = {
        "unchanged": FILES / "submitted-unchanged.ipynb",
        "changed": FILES / "submitted-changed.ipynb",
        "cheat": FILES / "submitted-cheat-attempt.ipynb",
        "other cheat": FILES / "submitted-cheat-attempt-alternative.ipynb",
        "locked changed": FILES / "submitted-locked-cell-changed.ipynb",
        "test changed": FILES / "submitted-grade-cell-changed.ipynb",
        "answer is text": ANSWER_TYPE,
    }
    plain = answer(solved_squares(), "squares").source
    doubled, deleted = solved_squares(), solved_squares()
    doubled.cells.append(copy.deepcopy(answer(doubled, "correct_squares")))
    deleted.cells.remove(answer(deleted, "correct_squares"))
    squares = {
        "solved": solved_squares(),
        "wrong": solved_squares("def squares(n):\n    return [i for i in range(1, n + 1)]"),
        "warns": solved_squares(plain.replace("    return", f"{WARNS}    return")),
        "equals everything": solved_squares(EQUALS_EVERYTHING),
        DOUBLED: doubled,
        "deleted": deleted,
    }
    return {"ps1": {name: nbformat.read(path, as_version=4) for name, path in ps1.items()}, "squares": squares}


def write(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[tuple[str, str, str], float | None]]:
    """Automatic scores by road: {"plain" or "kit": {(assignment, student, cell): score}}."""
    plain = tmp_path_factory.mktemp("plain")
    kit = tmp_path_factory.mktemp("kit")
    write(nbformat.read(FILES / "submitted-unchanged.ipynb", as_version=4), plain / "source" / "ps1" / "ps1.ipynb")
    write(solved_squares(), plain / "source" / "squares" / "squares.ipynb")
    (plain / "nbgrader_config.py").write_text(PLAIN_CONFIG.format(root=str(plain)))
    (kit / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text(encoding="utf-8"))
    found: dict[str, dict[tuple[str, str, str], float | None]] = {"plain": {}, "kit": {}}
    handed_in = submissions()
    for assignment, students in handed_in.items():
        here = Course(plain, plain)
        assert run([NBGRADER, "generate_assignment", assignment], here).returncode == 0
        released = plain / "release" / assignment / f"{assignment}.ipynb"
        write(nbformat.read(released, as_version=4), kit / "assignment" / assignment / f"{assignment}.ipynb")
        for student, notebook in students.items():
            for submitted in (plain / "submitted", kit / "course" / "submitted"):
                write(notebook, submitted / student / assignment / f"{assignment}.ipynb")
        run([NBGRADER, "autograde", assignment], here)  # it says 1 where it did not grade everybody
        course = find_course(kit)
        make_release(course, assignment)
        grade_and_record(course, assignment, course.students(assignment), RunOptions("", ALL, 2))
        found["plain"] |= automatic(Course(plain, plain), assignment)
        found["kit"] |= automatic(course, assignment)
    return found


def automatic(course: Course, assignment: str) -> dict[tuple[str, str, str], float | None]:
    with open_gradebook(course) as engine:
        by_student = read_automatic(engine, assignment, "auto_score")
    return {
        (assignment, student, cell): score for student, cells in by_student.items() for cell, score in cells.items()
    }


def test_both_roads_grade_every_cell_of_every_notebook(scores) -> None:
    """Is the same compared on both sides?"""
    assert scores["plain"].keys() == scores["kit"].keys()
    assert len(scores["kit"]) == 7 * 4 + 6 * 6


def test_grades_are_equal_but_where_nbgraders_rule_fails(scores) -> None:
    """Is every other grade the same, whether earned by tests, by an untouched answer, or left to the marker?"""
    differing = {
        key: (score, scores["kit"][key])
        for key, score in scores["plain"].items()
        if score != scores["kit"][key] and key[2] != NOT_FOR_THE_KIT and key not in DIFFERENCES
    }
    assert differing == {}


@pytest.mark.parametrize("key", DIFFERENCES, ids=" ".join)
def test_documented_difference(scores, key: tuple[str, str, str]) -> None:
    """Does nbgrader still fail as documented, and is the kit right?"""
    assert (scores["plain"][key], scores["kit"][key]) == DIFFERENCES[key]


def test_test_that_reaches_into_the_students_names_earns_nothing_here(scores) -> None:
    """Is the one kind of test that nbgrader has and the kit has not still what the documentation says?"""
    assert scores["plain"]["squares", "solved", NOT_FOR_THE_KIT] == 0.5
    assert scores["kit"]["squares", "solved", NOT_FOR_THE_KIT] == 0.0
