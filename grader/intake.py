"""A submitted file -> a notebook that can be graded, with a receipt for every repair.

The release says which cells there are and in which order; the student says what the answers are. Locked cells come
from the release, answers and extra cells from the submission, and each difference that had to be put right is one
line in `Intake.repairs`. Nothing in the submission is believed: not its metadata, points, ids or cell types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import nbformat
from nbformat import NotebookNode

from .release import Release, is_experiment, is_locked, is_solution, nbgrader_metadata

MAX_BYTES = 32 << 20  # of a submitted notebook; plots included, real ones stay below 20 MB
MAX_MARKS = 2_000_000  # commas and brackets in it; the value behind each takes up to 120 bytes of memory
MAX_CELLS = 2_000
MAX_SOURCE = 1 << 20  # characters of one cell
MAX_SOURCES = 2 << 20  # characters of all cells; real notebooks have a twentieth

# codes that a terminal obeys, and marks that show code in another order than it runs in
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DEFINES = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)", re.MULTILINE)


class Unreadable(Exception):
    """The submitted bytes are no notebook; the message tells the student what to hand in again."""


@dataclass(eq=False)
class SubmittedCell:
    """What is taken over from one cell of a submission: text, and outputs as far as they are shown again."""

    cell_type: str
    source: str
    grade_id: str | None
    cell_id: str | None
    outputs: list[Any] = field(default_factory=list)
    attachments: dict[str, Any] = field(default_factory=dict)
    placed: bool = False

    @cached_property
    def squeezed(self) -> str:
        return _squeeze(self.source)

    @cached_property
    def names(self) -> frozenset[str]:
        return defined_names(self.source)

    def defines(self, names: frozenset[str]) -> bool:
        return self.cell_type == "code" and bool(names & self.names)


@dataclass(frozen=True, slots=True)
class Intake:
    """The notebook to grade. `problem` is not empty where nothing could be read: then it is the bare release."""

    notebook: NotebookNode
    repairs: tuple[str, ...] = ()
    problem: str = ""


def defined_names(source: str) -> frozenset[str]:
    """Names that a cell defines at its top level. A pattern, not a parse: cells with magics or errors count too."""
    return frozenset(name for pair in _DEFINES.findall(source) for name in pair if name)


def take_in(release: Release, data: bytes) -> Intake:
    """Match the submitted bytes to the release and return the notebook to grade. Never raises on bad input."""
    try:
        cells, notes = read_cells(data)
    except Unreadable as reason:
        return Intake(notebook=bare_release(release), problem=str(reason))
    notebook, repairs = _Matching(release, cells).result()
    return Intake(notebook=notebook, repairs=tuple(notes + repairs))


def bare_release(release: Release) -> NotebookNode:
    """The release as handed out, outputs cleared: what is graded where a submission cannot be read."""
    notebook = nbformat.from_dict(release.notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def read_cells(data: bytes) -> tuple[list[SubmittedCell], list[str]]:
    """Parse submitted bytes into cells, leniently. Raises Unreadable with a sentence for the student."""
    if len(data) > MAX_BYTES:
        raise Unreadable(
            f"The file has {len(data) >> 20} MB; at most {MAX_BYTES >> 20} are read. "
            "Clear the outputs and hand it in again."
        )
    if not data.strip():
        raise Unreadable("The file is empty. Save the notebook and hand it in again.")
    notes = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
        notes.append("The file is not valid UTF-8; characters that could not be read were replaced.")
    if sum(map(text.count, ",[{")) > MAX_MARKS:
        raise Unreadable("The file holds far more data than a notebook does. Clear the outputs and hand it in again.")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(_not_json(text)) from None
    if not isinstance(content, dict):
        raise Unreadable("The file is JSON but not a Jupyter notebook. Hand in the .ipynb file itself.")
    if "worksheets" in content and "cells" not in content:
        content = _from_version_3(content)
        notes.append("The notebook is of format 3 and was converted to format 4.")
    raw_cells = content.get("cells")
    if not isinstance(raw_cells, list):
        raise Unreadable("The file is JSON but holds no notebook cells. Hand in the .ipynb file itself.")
    if len(raw_cells) > MAX_CELLS:
        raise Unreadable(f"The notebook has {len(raw_cells)} cells; at most {MAX_CELLS} are read.")
    cells = [cell for cell in map(_read_cell, raw_cells) if cell is not None]
    if sum(len(cell.source) for cell in cells) > MAX_SOURCES:
        raise Unreadable(
            f"The cells hold more than {MAX_SOURCES >> 20} million characters of code and text. "
            "Move large data out of them and hand it in again."
        )
    language = _language(content)
    if language not in ("", "python"):
        notes.append(f"The notebook asked for a kernel of language '{language[:40]}'; it was graded as Python.")
    return cells, notes


def _not_json(text: str) -> str:
    if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE):
        return "The file holds git conflict markers (<<<<<<<). Resolve the conflict and hand it in again."
    if text.lstrip()[:1] == "<":
        return "The file is a web page, not a notebook. Download the .ipynb file itself and hand it in again."
    return "The file is not a Jupyter notebook (it is not JSON). Hand in the .ipynb file itself."


def _from_version_3(content: dict[str, Any]) -> NotebookNode:
    try:
        return nbformat.convert(nbformat.from_dict(content), 4)
    except Exception as error:  # the converter meets arbitrary data and promises no exception type
        raise Unreadable(
            "The notebook is of an old format and damaged. Open it, save it, and hand it in again."
        ) from error


def _language(content: dict[str, Any]) -> str:
    metadata = content.get("metadata")
    kernelspec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernelspec.get("language", "") if isinstance(kernelspec, dict) else ""
    return language.lower() if isinstance(language, str) else ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    text = _HIDDEN.sub("", value[:MAX_SOURCE].replace("\r\n", "\n").replace("\r", "\n"))
    return text.encode("utf-8", errors="replace").decode("utf-8")  # lone surrogates would fail when written


def _read_cell(raw: Any) -> SubmittedCell | None:
    if not isinstance(raw, dict):
        return None
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    marks = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    grade_id, cell_id = marks.get("grade_id"), raw.get("id")
    outputs, attachments = raw.get("outputs"), raw.get("attachments")
    return SubmittedCell(
        cell_type=raw["cell_type"] if raw.get("cell_type") in ("code", "markdown", "raw") else "raw",
        source=_text(raw.get("source")),
        grade_id=grade_id if isinstance(grade_id, str) else None,
        cell_id=cell_id if isinstance(cell_id, str) else None,
        outputs=outputs if isinstance(outputs, list) else [],
        attachments=attachments if isinstance(attachments, dict) else {},
    )


def _squeeze(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


class _Matching:
    """One submission laid over the release: which submitted cell stands for which released one."""

    def __init__(self, release: Release, cells: list[SubmittedCell]) -> None:
        self.release = release
        self.cells = cells
        self.repairs: list[str] = []
        self.answers: dict[int, SubmittedCell | None] = {}  # index in the release -> submitted cell
        self.before: dict[int, list[SubmittedCell]] = {}  # earlier attempts at the same answer, shown in front of it
        self.answered_in: dict[int, str] = {}  # index of a stub -> grade_id of the cell that also answers it

    def result(self) -> tuple[NotebookNode, list[str]]:
        targets = self.release.notebook.cells
        for target in targets:
            if is_locked(target):
                self._match_locked(target)
        for index, target in enumerate(targets):
            if is_solution(target) and target.cell_type == "code":
                self._match_code_answer(index, target)
        for index, target in enumerate(targets):
            if not is_locked(target) and not is_solution(target):
                self._match_plain(index, target)
        for index, target in enumerate(targets):
            if is_solution(target) and target.cell_type != "code":
                self._match_written_answer(index, target)
        return self._assemble(), self.repairs

    def _free(self) -> Iterable[SubmittedCell]:
        return (cell for cell in self.cells if not cell.placed)

    def _match_locked(self, target: NotebookNode) -> None:
        """Drop the submission's copies of a locked cell; say so where they differ from the release."""
        grade_id = nbgrader_metadata(target)["grade_id"]
        stub_names = self._stub_names()
        same = [cell for cell in self.cells if cell.grade_id == grade_id]
        if not same:
            same = [
                cell
                for cell in self._free()
                if cell.cell_id == target.get("id") or cell.squeezed == _squeeze(target.source)
            ]
        if not same:
            self.repairs.append(f"The locked cell '{grade_id}' was missing; it was put back.")
            return
        if len(same) > 1:
            self.repairs.append(f"The locked cell '{grade_id}' was there {len(same)} times; the copies were left out.")
        for cell in same:
            if cell.squeezed == _squeeze(target.source):
                cell.placed = True
            elif cell.defines(stub_names):
                cell.grade_id = None  # an answer written over a locked cell: it is found as an answer below
            else:
                cell.placed = True
                self.repairs.append(f"The locked cell '{grade_id}' had been edited; the released text was used.")

    def _stub_names(self) -> frozenset[str]:
        stubs = (cell for cell in self.release.notebook.cells if is_solution(cell) and cell.cell_type == "code")
        return frozenset(name for cell in stubs for name in defined_names(cell.source))

    def _match_code_answer(self, index: int, target: NotebookNode) -> None:
        """The last cell that defines the asked function is the answer; a cell may answer more than one stub."""
        grade_id, names = nbgrader_metadata(target)["grade_id"], defined_names(target.source)
        untouched = _squeeze(target.source)
        marked = [cell for cell in self.cells if cell.grade_id == grade_id]
        for cell in marked:
            if cell.cell_type != "code":
                self.repairs.append(
                    f"The answer cell '{grade_id}' had been turned into {cell.cell_type}; it was read as code."
                )
                cell.cell_type = "code"
        defining = [cell for cell in self.cells if cell.defines(names)]
        changed = [cell for cell in defining if cell.squeezed != untouched]
        if not marked:
            self.repairs.append(
                f"The answer cell '{grade_id}' had lost its mark; it was found by what it defines."
                if defining
                else f"The answer cell '{grade_id}' was missing."
            )
        chosen = (changed or defining or marked or [None])[-1]
        if chosen is None:
            self.answers[index] = None
            return
        if len(changed) > 1:
            self.repairs.append(f"{len(changed)} cells define {', '.join(sorted(names))}; the last one was graded.")
        if chosen.placed and chosen in self.answers.values():
            first = next(at for at, cell in self.answers.items() if cell is chosen)
            self.answered_in[index] = nbgrader_metadata(self.release.notebook.cells[first])["grade_id"]
            self.answers[index] = None
        else:
            chosen.placed = True
            self.answers[index] = chosen
        earlier = [cell for cell in [*marked, *changed] if not cell.placed and cell.squeezed != untouched]
        for cell in {id(cell): cell for cell in earlier}.values():
            if not (cell.grade_id and cell.grade_id != grade_id):
                cell.placed = True
                self.before.setdefault(index, []).append(cell)
        for cell in [*marked, *defining]:
            if cell.squeezed == untouched:
                cell.placed = True  # a second copy of the stub would undo the answer

    def _match_written_answer(self, index: int, target: NotebookNode) -> None:
        grade_id = nbgrader_metadata(target)["grade_id"]
        untouched = _squeeze(target.source)
        marked = [cell for cell in self._free() if cell.grade_id == grade_id] or self._unmarked_written(index, target)
        changed = [cell for cell in marked if cell.squeezed != untouched]
        if not marked:
            self.repairs.append(f"The answer cell '{grade_id}' was missing.")
        if len(changed) > 1:
            self.repairs.append(
                f"The written answer '{grade_id}' was there {len(changed)} times; the last one was taken."
            )
        chosen = (changed or marked or [None])[-1]
        self.answers[index] = chosen
        for cell in marked:
            cell.placed = cell is chosen or cell.squeezed == untouched

    def _unmarked_written(self, index: int, target: NotebookNode) -> list[SubmittedCell]:
        """An answer without its mark: by cell id, by its text, or as the text that follows the question."""
        same_id = [cell for cell in self._free() if cell.cell_id is not None and cell.cell_id == target.get("id")]
        if same_id:
            return same_id
        same_text = [cell for cell in self._free() if cell.squeezed == _squeeze(target.source)]
        question = self.answers.get(index - 1)
        if same_text or question is None:
            return same_text
        after = self.cells[self.cells.index(question) + 1 :]
        following = [cell for cell in after[:1] if not cell.placed and cell.cell_type != "code"]
        if following:
            grade_id = nbgrader_metadata(target)["grade_id"]
            self.repairs.append(f"The written answer '{grade_id}' had lost its mark; it was found below its question.")
        return following

    def _match_plain(self, index: int, target: NotebookNode) -> None:
        """Cells that nobody grades: the student's version where one is recognised, nothing where it was deleted."""
        for cell in self._free():
            if (cell.cell_id is not None and cell.cell_id == target.get("id")) or cell.squeezed == _squeeze(
                target.source
            ):
                cell.placed = True
                self.answers[index] = cell
                return

    def _assemble(self) -> NotebookNode:
        targets = self.release.notebook.cells
        position = {id(cell): index for index, cell in self.answers.items() if cell is not None}
        for cell in self.cells:  # locked copies anchor the extra cells that followed them
            if cell.placed and id(cell) not in position:
                for index, target in enumerate(targets):
                    if cell.grade_id and nbgrader_metadata(target).get("grade_id") == cell.grade_id:
                        position[id(cell)] = index
        extras: dict[int, list[SubmittedCell]] = {}
        anchor = -1
        for cell in self.cells:
            if id(cell) in position:
                anchor = position[id(cell)]
            elif not cell.placed:
                extras.setdefault(anchor, []).append(cell)
        notebook = nbformat.from_dict({**self.release.notebook, "cells": []})
        notebook.cells.extend(_extra_cell(cell) for cell in extras.get(-1, []))
        for index, target in enumerate(targets):
            notebook.cells.extend(_extra_cell(cell) for cell in self.before.get(index, []))
            if (cell := self._released_cell(index, target)) is not None:
                notebook.cells.append(cell)
            notebook.cells.extend(_extra_cell(cell) for cell in extras.get(index, []))
        for number, cell in enumerate(notebook.cells):
            if not cell.id:
                cell.id = f"submitted-{number}"
        return notebook

    def _released_cell(self, index: int, target: NotebookNode) -> NotebookNode | None:
        cell = nbformat.from_dict(target)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if is_locked(target):
            return cell
        answer = self.answers.get(index)
        if answer is not None:
            cell.source = answer.source
            if is_experiment(cell):
                cell.outputs = list(answer.outputs)
            elif cell.cell_type == "markdown" and answer.attachments:
                cell.attachments = answer.attachments
            return cell
        if index in self.answered_in:
            cell.source = f"# Answered in the cell '{self.answered_in[index]}'."
            return cell
        return cell if is_solution(target) else None


def _extra_cell(cell: SubmittedCell) -> NotebookNode:
    """A cell the student added. It keeps its text and loses all metadata, so that none of it can mean anything."""
    node = NotebookNode(id="", cell_type=cell.cell_type, metadata=NotebookNode(), source=cell.source)
    if cell.cell_type == "code":
        node.update(outputs=[], execution_count=None)
    elif cell.cell_type == "markdown" and cell.attachments:
        node.attachments = cell.attachments
    return node
