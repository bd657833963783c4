"""The source notebook as tests read it: cells by grade id, filled in, run in a real kernel."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOM = Path(__file__).parents[2] / "assignment" / "batchnorm"
REFERENCE = Path(__file__).parents[2] / "solutions" / "batchnorm" / "reference.py"
NAME = "batchnorm.ipynb"


def read() -> nbformat.NotebookNode:
    return nbformat.read(ROOM / NAME, as_version=4)


def graded_as(cell: nbformat.NotebookNode) -> Mapping[str, object]:
    """The nbgrader metadata of a cell, empty where it has none."""
    return cell.metadata.get("nbgrader", {})


def functions_of(path: Path) -> dict[str, str]:
    """Source text of the top-level functions of a Python file."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    return {node.name: ast.get_source_segment(source, node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def filled(answers: Mapping[str, str]) -> nbformat.NotebookNode:
    """The notebook with solution cells replaced by the answers, by grade id."""
    notebook = read()
    for cell in notebook.cells:
        name = graded_as(cell).get("grade_id")
        if cell.cell_type == "code" and graded_as(cell).get("solution") and name in answers:
            cell.source = answers[name]
    return notebook


def run(notebook: nbformat.NotebookNode, folder: Path, copy: bool = True) -> nbformat.NotebookNode:
    """Run a notebook to the end in a folder, into which the helper files are copied first. Raises on an error."""
    for file in ROOM.iterdir():
        if copy and file.is_file() and file.name != NAME:
            shutil.copy(file, folder)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    return client.execute()


def text_of(cell: nbformat.NotebookNode) -> str:
    """Everything a cell printed or returned as plain text."""
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])
    )


def points_of(cell: nbformat.NotebookNode) -> tuple[float, float]:
    """Earned and possible points as the caption of a check's table says them."""
    earned, most = re.search(r": ([\d.]+) of ([\d.]+) points", text_of(cell)).groups()
    return float(earned), float(most)
