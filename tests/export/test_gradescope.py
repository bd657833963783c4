"""The autograder zip, run in a folder laid out like Gradescope's: /autograder with source/, submission/, results/."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.course import Course, CourseError
from grader.export.gradescope import write_zip
from grader.fill import fill
from grader.release import load_release
from tests import graded, tiny

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def autograder(graded_class: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as Gradescope makes it: the zip unpacked to source/, run_autograder copied beside it."""
    root = tmp_path_factory.mktemp("gradescope") / "autograder"
    archive = write_zip(graded_class, tiny.NAME, root.parent / "autograder.zip")
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            place = Path(opened.extract(entry, root / "source"))
            place.chmod(entry.external_attr >> 16)
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "venv").symlink_to(Path(sys.executable).parent.parent)
    (root / "submission").mkdir()
    (root / "results").mkdir()
    (root / "submission_metadata.json").write_text(json.dumps({"users": [{"id": 4711, "name": "R"}]}))
    return root


def run(autograder: Path, data: bytes | None) -> subprocess.CompletedProcess[str]:
    for path in [*(autograder / "submission").iterdir(), *(autograder / "results").iterdir()]:
        path.unlink()
    if data is not None:
        (autograder / "submission" / "homework (3).ipynb").write_bytes(data)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GRADER_ROOT")}
    return subprocess.run(
        [autograder / "run_autograder"], cwd=autograder, text=True, capture_output=True, timeout=200, check=False,
        env=environment,
    )  # fmt: skip


def results(autograder: Path) -> dict:
    return json.loads((autograder / "results" / "results.json").read_text(encoding="utf-8"))


def test_zip_has_both_scripts_at_its_root(graded_class: Course, tmp_path: Path) -> None:
    """Does the archive have what Gradescope asks for, executable, and the same bytes each time?"""
    first = write_zip(graded_class, tiny.NAME, tmp_path / "one.zip")
    second = write_zip(graded_class, tiny.NAME, tmp_path / "two.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        for script in ("setup.sh", "run_autograder"):
            assert stat.S_IMODE(archive.getinfo(script).external_attr >> 16) == 0o755
            assert archive.read(script).startswith(b"#!/usr/bin/env bash\n")
    needed = {"requirements.txt", "grader/grade.py", "solutions/tiny/cases.py", "course/release/tiny/tiny.ipynb"}
    assert needed <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".db") or "/submitted/" in name]


def test_right_answer_gets_its_points(graded_class: Course, autograder: Path) -> None:
    """Is results.json what Gradescope reads, with a visibility for each test?"""
    notebook = fill(load_release(graded_class, tiny.NAME).notebook, tiny.REFERENCE)
    result = run(autograder, json.dumps(notebook).encode())
    assert result.returncode == 0, result.stdout + result.stderr
    found = results(autograder)
    assert found["score"] == 6
    assert found["stdout_visibility"] == "hidden"
    assert [(test["score"], test["max_score"], test["status"], test["visibility"]) for test in found["tests"]] == [
        (1, 1, "passed", "visible"),
        (3, 3, "passed", "after_published"),
        (2, 2, "passed", "after_published"),
    ]
    assert "salt" in result.stdout
    assert "salt" not in json.dumps(found)


def test_wrong_answer_is_explained(graded_class: Course, autograder: Path) -> None:
    """Do message and question reach the test's output, and nothing the student printed the score?"""
    notebook = fill(load_release(graded_class, tiny.NAME).notebook, graded.WRONG + "\nprint('{\"score\": 100}')")
    assert run(autograder, json.dumps(notebook).encode()).returncode == 0
    found = results(autograder)
    assert found["score"] == 2
    assert "What is two times x?" in found["tests"][1]["output"]
    assert found["tests"][1]["output"].startswith("FAIL\n")


@pytest.mark.parametrize(("data", "words"), [(b"no notebook", "not a Jupyter notebook"), (None, "no notebook")])
def test_unreadable_submission_is_zero_with_the_reason(autograder: Path, data: bytes | None, words: str) -> None:
    """Does a wrong file get a result that says so?"""
    assert run(autograder, data).returncode == 0
    found = results(autograder)
    assert found["score"] == 0
    assert words in found["output"]


def test_fault_of_ours_writes_no_result(autograder: Path, graded_class: Course) -> None:
    """Does a grader that cannot work fail loudly, and write no zero?"""
    cases = autograder / "source" / "solutions" / tiny.NAME / "cases.py"
    kept = cases.read_text()
    cases.write_text("raise RuntimeError('broken by the author')")
    try:
        result = run(autograder, json.dumps(load_release(graded_class, tiny.NAME).notebook).encode())
    finally:
        cases.write_text(kept)
    assert result.returncode != 0
    assert not (autograder / "results" / "results.json").exists()


def test_setup_installs_locked_packages_with_a_python_that_fits(autograder: Path, tmp_path: Path) -> None:
    """Does setup.sh run, ask for system packages, and install by hash? The tools it calls are stand-ins here."""
    tools, log = tmp_path / "bin", tmp_path / "log"
    tools.mkdir()
    for name, more in (("apt-get", ""), ("python3", _FAKE_VENV)):
        (tools / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {log}\n{more}')
        (tools / name).chmod(0o755)
    root = tmp_path / "autograder"
    (root / "source").mkdir(parents=True)
    shutil.copy(autograder / "source" / "setup.sh", root / "source" / "setup.sh")
    environment = {**os.environ, "PATH": f"{tools}:/usr/bin:/bin", "LOG": str(log)}
    subprocess.run(
        ["/bin/bash", root / "source" / "setup.sh"], env=environment, check=True, capture_output=True, timeout=60
    )
    lines = log.read_text().splitlines()
    assert lines[0] == "apt-get update"
    assert "bubblewrap" in lines[1]
    assert lines[-1].startswith("venv python -m pip install")
    assert "--require-hashes" in lines[-1]
    assert lines[-1].endswith(f"{root}/source/requirements.txt")


_FAKE_VENV = """
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  printf '#!/bin/bash\\necho "venv python $*" >> "$LOG"\\n' > "$3/bin/python"
  chmod +x "$3/bin/python"
fi
"""


def test_unknown_visibility_and_unreleased_assignment_are_refused(graded_class: Course, tmp_path: Path) -> None:
    """Is a mistake found when the zip is made, and not when students hand in?"""
    with pytest.raises(ValueError, match="after_published"):
        write_zip(graded_class, tiny.NAME, tmp_path / "x.zip", hidden="sometimes")
    with pytest.raises(CourseError, match="make release"):
        write_zip(tiny.make_project(tmp_path / "fresh"), tiny.NAME, tmp_path / "x.zip")
