"""The rules that keep the rooms apart."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.pythonview import INSIDE

from .tiny import ROOT

ENGINE = sorted((ROOT / "grader").rglob("*.py"))
AFTER_GRADING = ("feedback", "report", "export")
GRADING = {"grade", "student", "testcell", "intake", "run", "executors", "cluster", "workbench", "sandbox"}


def imports(path: Path) -> set[str]:
    """Modules a file imports, relative ones as paths from `grader`."""
    found = set()
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: str(path.relative_to(ROOT)))
def test_engine_names_no_assignment(path: Path) -> None:
    """Could another assignment be added without touching the engine?"""
    text = path.read_text(encoding="utf-8").lower().replace("_", "")
    for name in (folder.name for folder in (ROOT / "assignment").iterdir() if folder.is_dir()):
        assert name.replace("_", "") not in text


@pytest.mark.parametrize("name", INSIDE)
def test_inside_of_the_sandbox_imports_nothing_of_the_rest(name: str) -> None:
    """Does what runs beside student code know only itself?"""
    path = ROOT / "grader" / "sandbox" / f"{name}.py"
    ours = {module for module in imports(path) if module.startswith("grader")}
    assert all(module.startswith("grader.sandbox") for module in ours), ours


def test_what_comes_after_grading_runs_nothing() -> None:
    """Do feedback, report and exports read verdicts and nothing else?"""
    for room in AFTER_GRADING:
        for path in (ROOT / "grader" / room).rglob("*.py"):
            used = {module.split(".")[1] for module in imports(path) if module.startswith("grader.")}
            assert not used & GRADING, f"{path} uses {used & GRADING}"


def test_nothing_from_the_sandbox_is_unpickled_or_run() -> None:
    """Is there a way for bytes from the sandbox to become code?"""
    forbidden = {"pickle", "dill", "marshal", "shelve", "cloudpickle"}
    for path in ENGINE:
        assert not forbidden & imports(path), path


def test_product_code_reads_only_the_project() -> None:
    """Does any file of the project name a folder beside it?"""
    here = Path(__file__)
    for path in [*ENGINE, *(ROOT / "solutions").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        assert path == here or "../shared" not in path.read_text(encoding="utf-8")


def test_run_with_nothing_to_do_loads_no_sandbox() -> None:
    """Is the answer to "has anything changed?" there before what grades is loaded, which takes as long again?"""
    code = (
        "import sys, grader.cli, grader.ahead, grader.run; "
        "print([name for name in sys.modules if name in sys.argv[1:]])"
    )
    heavy = ["numpy", "IPython", "grader.grade", "grader.sandbox.host", "grader.sandbox.warm"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_way_to_the_warm_parent_imports_nothing_large() -> None:
    """Is the warm parent on its way before what takes as long to import?"""
    code = (
        "import sys, grader.cli, grader.releasing, grader.language, grader.options, grader.ahead; "
        "print([name for name in sys.modules if name in sys.argv[1:]])"
    )
    large = ["numpy", "nbformat", "sqlalchemy", "jinja2", "grader.run"]
    done = subprocess.run([sys.executable, "-c", code, *large], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
