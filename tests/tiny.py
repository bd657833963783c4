"""A tiny assignment of its own, so that the engine's tests need no real one (and prove that it knows none)."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.course import Course, find_course

ROOT = Path(__file__).resolve().parent.parent
NAME = "tiny"

HELPER = '''"""Public helper of the tiny assignment."""


def looks_doubled(function):
    """Return True where function(3) is 6."""
    return function(3) == 6
'''

CASES = '''"""Hidden cases of the tiny assignment."""

import numpy as np

from grader.checking import Case, CaseFailed


def make_cases(salt):
    """Three points for values, two for leaving the input alone."""
    x = np.arange(4.0) + len(salt)

    def values(student):
        got = student["double"](x.copy())
        if not isinstance(got, np.ndarray) or got.shape != x.shape:
            raise CaseFailed("double returned something of another shape")
        if not np.array_equal(got, 2 * x):
            raise CaseFailed("double is wrong", hint="What is two times x?", misconception="added", ratio=3.0)

    def input_kept(student):
        given = x.copy()
        student["double"](given)
        if not np.array_equal(given, x):
            raise CaseFailed("double changed its input")

    return [
        Case("double_hidden/values", "double_hidden", 3.0, "values for an array", values),
        Case("double_hidden/input", "double_hidden", 2.0, "the input is left alone", input_kept),
    ]
'''

REFERENCE = '''"""Reference solution of the tiny assignment."""


def double(x):
    """Return twice x."""
    return 2 * x
'''


def marks(grade_id: str, *, points: float | None = None, solution: bool = False, locked: bool = False) -> dict:
    """nbgrader metadata of one cell; with points it is graded."""
    data: dict[str, Any] = {"grade_id": grade_id, "solution": solution, "locked": locked}
    data |= {"grade": points is not None, "schema_version": 3, "task": False}
    return {"nbgrader": data if points is None else {**data, "points": points}}


def source_notebook() -> nbformat.NotebookNode:
    """Setup, one stub, a visible plain test cell, a hidden cell with cases, a written question, an experiment."""
    cells = [
        new_markdown_cell("# Tiny\n\n## 1 · Doubling", id="title"),
        new_code_cell("import numpy as np\nimport tinyhelp", id="setup", metadata=marks("setup", locked=True)),
        new_code_cell(
            'def double(x):\n    raise NotImplementedError("double is not written yet")',
            id="stub",
            metadata=marks("double", solution=True),
        ),
        new_code_cell(
            "assert tinyhelp.looks_doubled(double), 'double(3) should be 6'\nassert (double(np.ones(2)) == 2).all()",
            id="visible",
            metadata=marks("double_visible", points=1, locked=True),
        ),
        new_code_cell(
            "# Hidden tests run when this is graded.",
            id="hidden",
            metadata=marks("double_hidden", points=5, locked=True),
        ),
        new_code_cell("print('long training')", id="training", metadata={"tags": ["experiment"]}),
        new_markdown_cell("## 2 · Words\n\nSay why.", id="words"),
        new_markdown_cell("*Your answer here.*", id="written", metadata=marks("written", points=4, solution=True)),
    ]
    return new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )


def make_project(root: Path) -> Course:
    """Lay out a project folder with the tiny assignment in it."""
    forget()
    source, secret = root / "assignment" / NAME, root / "solutions" / NAME
    source.mkdir(parents=True)
    secret.mkdir(parents=True)
    nbformat.write(source_notebook(), source / f"{NAME}.ipynb")
    (source / "tinyhelp.py").write_text(HELPER)
    (secret / "cases.py").write_text(CASES)
    (secret / "reference.py").write_text(REFERENCE)
    shutil.copy(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    return find_course(root)


def forget() -> None:
    """Forget the modules of the project that was used last: runs import them here, and projects must not mix."""
    for name in [name for name in sys.modules if name.startswith(("solutions", "tinyhelp"))]:
        del sys.modules[name]


def hand_in(course: Course, student: str, notebook: nbformat.NotebookNode | bytes) -> Path:
    """Put a submission where it belongs and return its folder."""
    folder = course.submitted / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    (folder / f"{NAME}.ipynb").write_bytes(data)
    return folder
