"""Does what students get run with the oldest and with the newest NumPy that its requirements allow?

The packages are installed from the registry into folders of their own, kept in pytest's cache; where the registry
cannot be reached the tests are skipped and say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.course import find_course
from grader.fill import fill
from grader.release import load_release
from grader.releasing import STUDENT_REQUIREMENTS, make_release, pack_release

from . import notebook

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
FIRST_WHEELS = {(3, 11): "1.26", (3, 12): "1.26", (3, 13): "2.1"}  # the oldest NumPy there is for this Python
OLDEST = FIRST_WHEELS.get(sys.version_info[:2], "2.1")
PACKAGES = {
    "oldest": (f"numpy=={OLDEST}.0", "matplotlib==3.9.*", "ipython"),
    "newest": ("numpy", "matplotlib", "ipython"),
}
UNREACHABLE = re.compile(r"connection|timed out|name resolution|proxy|no such host|network is unreachable", re.I)

RUNNER = """
import json
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
import numpy
shell, seen = InteractiveShell.instance(), {"numpy": numpy.__version__, "numpy_from": numpy.__file__, "cells": []}
for cell in json.loads(Path("filled.json").read_text()):
    run = shell.run_cell(cell)
    table = run.result
    points = [table.points, table.max_points] if hasattr(table, "max_points") else None
    seen["cells"].append([run.success, points])
Path("seen.json").write_text(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nbformat.NotebookNode]:
    """The zip that students get, and the released notebook filled in with the solution."""
    root = tmp_path_factory.mktemp("handed-out")
    for folder in ("assignment", "solutions"):
        (root / folder).symlink_to(ROOT / folder)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = find_course(root)
    make_release(course, "batchnorm")
    release = load_release(course, "batchnorm")
    return pack_release(course, "batchnorm"), fill(release.notebook, notebook.REFERENCE.read_text(encoding="utf-8"))


def installed(which: str, config: pytest.Config) -> Path:
    """The folder with these packages, filled on the first run. Skips where the registry cannot be reached."""
    python = f"{sys.version_info.major}{sys.version_info.minor}"
    folder = config.cache.mkdir(f"packages-{which}-{python}")
    if (folder / "complete").exists():
        return folder
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *PACKAGES[which]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"the package registry cannot be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    (folder / "complete").touch()
    return folder


def test_the_oldest_is_what_students_are_told() -> None:
    """Is the lower bound that is tested the one in the file that students install from?"""
    assert "numpy>=1.26\n" in STUDENT_REQUIREMENTS
    assert "matplotlib>=3.9\n" in STUDENT_REQUIREMENTS


@pytest.mark.timeout(900)  # the first run installs packages
@pytest.mark.parametrize("which", PACKAGES)
def test_sections_0_to_5_run_and_are_green(
    which: str, handed_out: tuple[Path, nbformat.NotebookNode], pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """From the zip alone: does every cell of sections 0 to 5 run, without a warning, and earn every visible point?"""
    packages = installed(which, pytestconfig)
    archive, filled = handed_out
    zipfile.ZipFile(archive).extractall(tmp_path)
    end = next(number for number, cell in enumerate(filled.cells) if cell.source.startswith("## 6 "))
    cells = [cell for cell in filled.cells[:end] if cell.cell_type == "code"]
    (tmp_path / "filled.json").write_text(json.dumps([cell.source for cell in cells]))
    (tmp_path / "run.py").write_text(RUNNER)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(packages), "MPLBACKEND": "Agg"}
    command = [sys.executable, "-S", "-W", "default", "run.py"]  # -S: nothing but the packages above
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert str(packages) in seen["numpy_from"]
    if which == "oldest":
        assert seen["numpy"] == f"{OLDEST}.0"
    assert all(success for success, _ in seen["cells"]), done.stdout
    assert [points for _, points in seen["cells"] if points] == [[0, 0], [6, 6], [4, 4], [3, 3], [8, 8], [3, 3]]
    assert not [line for line in done.stderr.splitlines() if "Warning" in line and str(packages) not in line]
