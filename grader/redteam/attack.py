"""One attack, as its file says it (the format stands in the docstring of this package)."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat

from ..intake import defined_names
from ..release import Release, is_solution

KINDS = {"CELL", "ANSWER", "make"}
OPTIONS = {"HONEST", "STUDENT", "NBGRADER"}

DOES_NOTHING = "def ANSWER(*args, **kwargs):\n    return None\n"  # may earn points for what it leaves alone

Notebook = dict[str, Any]  # as JSON has it


@dataclass(frozen=True, slots=True)
class Attack:
    path: Path
    module: ModuleType

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def family(self) -> str:
        return self.path.parent.name

    @property
    def student(self) -> str:
        """Name of the folder that the submission lies in."""
        return getattr(self.module, "STUDENT", self.name)

    @property
    def by_nbgrader(self) -> bool:
        return getattr(self.module, "NBGRADER", False)

    def submission(self, release: Release, folder: Path) -> bytes | None:
        """The bytes to hand in, None where `make` has filled the folder."""
        notebook = _released(release)
        if hasattr(self.module, "CELL"):
            at = next(number for number, cell in enumerate(notebook["cells"]) if _is_stub(cell))
            notebook["cells"].insert(at, code_cell(self.module.CELL))
        elif hasattr(self.module, "ANSWER"):
            answer(notebook, self.module.ANSWER)
        else:
            notebook = self.module.make(notebook, folder)
        return notebook if notebook is None or isinstance(notebook, bytes) else json.dumps(notebook).encode()

    def honest(self, release: Release) -> bytes | None:
        """The same answer without the trick; for an attack that writes no answer there is none."""
        if not hasattr(self.module, "ANSWER"):
            return None
        notebook = _released(release)
        answer(notebook, getattr(self.module, "HONEST", DOES_NOTHING))
        return json.dumps(notebook).encode()


def _released(release: Release) -> Notebook:
    return json.loads(nbformat.writes(release.notebook))


def code_cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def _is_stub(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and is_solution(nbformat.from_dict(cell))


def answer(notebook: Notebook, text: str) -> None:
    """Put `text` into every stub, with the stub's name for the word ANSWER."""
    for cell in filter(_is_stub, notebook["cells"]):
        (name,) = defined_names("".join(cell["source"]))
        cell["source"] = re.sub(r"\bANSWER\b", name, text)


def load_attack(path: Path) -> Attack:
    """Read one attack. Raises ValueError where the file is not as the format wants it."""
    spec = importlib.util.spec_from_file_location(f"attack_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = {name for name in vars(module) if name in KINDS or (name.isupper() and not name.startswith("_"))}
    if len(names & KINDS) != 1 or names - KINDS - OPTIONS:
        raise ValueError(f"{path} has to define one of {sorted(KINDS)}, and of {sorted(OPTIONS)} what it needs.")
    if "Success: " not in (module.__doc__ or ""):
        raise ValueError(f"The docstring of {path} has to say what success would be.")
    return Attack(path, module)


def attack_files(folder: Path) -> list[Path]:
    """Every attack below `folder`, sorted by family and name."""
    return sorted(folder.glob("*/*.py"))
