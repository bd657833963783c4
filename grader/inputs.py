"""What a grade depends on, as fingerprints: equal fingerprints, equal grade. Whoever has them need not grade again."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from pathlib import Path

from . import __version__
from .course import Course
from .files import folder_digest
from .sandbox.layers import Layers
from .sandbox.limits import Limits


def run_inputs(course: Course, assignment: str, limits: Limits, layers: Layers) -> dict[str, str]:
    """Fingerprints of everything but the submission and the salt that decides a grade, by what they stand for."""
    return {
        "release": folder_digest(course.sources / assignment),
        "cases": cases_digest(course.solutions / assignment),
        "limits": _short(dataclasses.asdict(limits)),
        "protection": _short(dataclasses.asdict(layers)),
        "engine": __version__,
    }


def _short(value: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def cases_digest(folder: Path) -> str:
    """sha256 over cases.py, the modules beside it that it leads to, and the data files of the folder."""
    modules = _imported(folder, "cases")
    data = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".md")]
    data = [path for path in data if "__pycache__" not in path.parts]  # where a worker may be writing just now
    digest = hashlib.sha256()
    for path in sorted([*modules, *data]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _imported(folder: Path, start: str) -> set[Path]:
    """The modules of one folder that `start` leads to. A name that is imported and is a file there counts as one."""
    found: set[Path] = set()
    names = {start}
    while names:
        path = folder / f"{names.pop()}.py"
        if path in found or not path.is_file():
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
            if isinstance(node, ast.ImportFrom):
                names.update((node.module or "").split("."))
            if isinstance(node, ast.Import | ast.ImportFrom):
                names.update(part for alias in node.names for part in alias.name.split("."))
    return found
