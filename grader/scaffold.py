"""`grader new NAME`: the smallest assignment that works, to be made into a real one."""

from __future__ import annotations

import keyword
from importlib import resources
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .course import Course, CourseError

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def new_assignment(course: Course, name: str) -> list[Path]:
    """Write a public and a secret folder for the assignment `name`; return the files.

    `name` becomes the name of the function that students write. Raises CourseError where it is no Python name, is
    taken, or is that of the folder's helper module.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii() or name.startswith("_"):
        raise CourseError(f"'{name}' cannot be a name: use letters, digits and _, as for a Python function.")
    public, secret = course.sources / name, course.solutions / name
    for folder in (public, secret):
        if folder.exists():
            raise CourseError(f"{folder} is there already. Choose another name, or remove it first.")
        folder.mkdir(parents=True)
    helper = f"{name}_helper"
    notebook = public / f"{name}.ipynb"
    nbformat.write(_notebook(name, helper), notebook)
    files = {
        public / f"{helper}.py": "helper.py.txt",
        secret / "reference.py": "reference.py.txt",
        secret / "cases.py": "cases.py.txt",
    }
    for path, template in files.items():
        text = resources.files(__package__).joinpath("template", template).read_text(encoding="utf-8")
        path.write_text(text.replace("FUNCTION", name), encoding="utf-8")
    return [notebook, *files]


def _marks(grade_id: str, **fields: object) -> dict:
    data = {
        "grade_id": grade_id,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        "schema_version": 3,
    }
    return {"nbgrader": {**data, **fields}}


def _notebook(name: str, helper: str) -> nbformat.NotebookNode:
    stub = f'def {name}(x):\n    """Return twice x, an array of the same shape. x is left unchanged."""\n'
    stub += f'    raise NotImplementedError("{name} is not written yet")'
    hidden = "# Hidden tests, 5 points, run after you hand in. They look at other inputs."
    cells = [
        new_markdown_cell(f"# {name}", id="title"),
        new_markdown_cell("## 1 · The function\n\nRun the next cell, then write the function below it.", id="section"),
        new_code_cell(f"import {helper}\nimport numpy as np", id="setup", metadata=_marks("setup", locked=True)),
        new_code_cell(stub, id="answer", metadata=_marks(name, solution=True)),
        new_code_cell(
            f"x = {helper}.example()\nassert {name}(x).shape == x.shape, 'the result should have the shape of x'",
            id="visible",
            metadata=_marks("visible", grade=True, locked=True, points=1),
        ),
        new_code_cell(hidden, id="hidden", metadata=_marks("hidden", grade=True, locked=True, points=5)),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
