"""A submitted file -> a notebook that can be graded, with a receipt for every repair.

The release says which cells there are and in which order; the student says what the answers are. `read_notebook` makes
cells of the bytes, `matching` lays them over the release.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from .matching import Matching
from .read_notebook import Unreadable, defined_names, read_cells
from .release import Release

__all__ = ["Intake", "bare_release", "defined_names", "take_in"]


@dataclass(frozen=True, slots=True)
class Intake:
    """The notebook to grade. `problem` is not empty where nothing could be read: then it is the bare release.

    `hindrances` says by grade_id what keeps an answer from running, which nobody could put right.
    """

    notebook: NotebookNode
    repairs: tuple[str, ...] = ()
    hindrances: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def take_in(release: Release, data: bytes) -> Intake:
    """Match the submitted bytes to the release and return the notebook to grade. Never raises on bad input."""
    try:
        cells, notes = read_cells(data)
    except Unreadable as reason:
        return Intake(notebook=bare_release(release), problem=str(reason))
    notebook, repairs, hindrances = Matching(release, cells).result()
    return Intake(notebook=notebook, repairs=tuple(notes + repairs), hindrances=hindrances)


def bare_release(release: Release) -> NotebookNode:
    """The release as handed out, outputs cleared: what is graded where a submission cannot be read."""
    notebook = nbformat.from_dict(release.notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook
