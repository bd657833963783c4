"""Put functions from a Python file into the stub cells of a release: solved notebooks, wrong ones, sample ones."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from .course import CourseError, read_text
from .intake import defined_names
from .release import is_solution


def read_solution(path: Path) -> str:
    """Python source to fill in. Raises CourseError where it is missing or no UTF-8, SyntaxError that names the file."""
    if not path.is_file():
        raise CourseError(f"{Path(*path.parts[-3:])} is missing. Write it (docs/authoring.md) and run again.")
    source = read_text(path)
    ast.parse(source, str(path))
    return source


def fill(notebook: NotebookNode, source: str, *, fallback: str = "") -> NotebookNode:
    """Return a copy of a released notebook with its stubs answered from Python source.

    Each top-level function named like a stub goes into that stub's cell, with the comments right above it. All else
    at top level (imports, helpers, classes) goes into one extra cell in front of the first stub. Functions that
    `source` lacks are taken from `fallback`, and where that lacks them too the stub stays as released.
    """
    filled = nbformat.from_dict(notebook)
    stubs = {
        name: cell
        for cell in filled.cells
        if cell.cell_type == "code" and is_solution(cell)
        for name in defined_names(cell.source)
    }
    functions, rest = split_source(source, frozenset(stubs))
    spare, spare_rest = split_source(fallback, frozenset(stubs))
    missing = stubs.keys() - functions.keys()
    for name, cell in stubs.items():
        if text := functions.get(name) or spare.get(name):
            cell.source = text
    extra = [text for text in (spare_rest if missing & spare.keys() else "", rest) if text]
    if extra:
        first = min((filled.cells.index(cell) for cell in stubs.values()), default=0)
        filled.cells[first:first] = [new_code_cell(text) for text in dict.fromkeys(extra)]
    return filled


def split_source(source: str, names: frozenset[str]) -> tuple[dict[str, str], str]:
    """Return ({stub name: its text}, everything else but the module docstring)."""
    lines = source.splitlines()
    body = ast.parse(source).body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    functions: dict[str, str] = {}
    rest: list[str] = []
    for node in body:
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(item.lineno for item in decorators)]) - 1
        while start > 0 and lines[start - 1].startswith("#"):
            start -= 1
        text = "\n".join(lines[start : node.end_lineno])
        bound = _bound_name(node)
        if bound in names:
            functions[bound] = text
        else:
            rest.append(text)
    return functions, "\n\n".join(rest)


def _bound_name(node: ast.stmt) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""
