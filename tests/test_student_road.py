"""What students get works without the grader's packages."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from grader.course import find_course
from grader.release import load_release
from grader.releasing import make_release
from grader.sandbox.host import Sandbox

from .tiny import ROOT


@pytest.mark.parametrize("name", find_course(ROOT).assignments())
def test_untouched_release_runs_with_numpy_matplotlib_and_ipython_alone(name: str, tmp_path: Path) -> None:
    """Does every cell run before anything is filled in, where nothing but the students' packages can be imported?"""
    for folder in ("assignment", "solutions"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    course = find_course(tmp_path)
    make_release(course, name)
    release = load_release(course, name)
    with Sandbox.start(files=release.files) as sandbox, sandbox.child() as child:
        assert not child.run_cell("import nbgrader").ok
        for cell in release.notebook.cells:
            if cell.cell_type == "code":
                run = child.run_cell(cell.source)
                assert run.ok, f"{run.error}\n{cell.source}"
    nbformat.validate(release.notebook)
