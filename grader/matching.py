"""One submission laid over the release: which submitted cell stands for which released one.

Locked cells come from the release, answers and extra cells from the student, in the order of the release. A cell is
recognised by its grade_id, then by its cell id or text, then by what it defines, how alike it is, or where it stands.
Every difference that had to be put right is one line in `repairs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import nbformat
from nbformat import NotebookNode
from rapidfuzz import fuzz

from .answer_text import hindrances
from .messages import say
from .read_notebook import SubmittedCell, defined_names, squeeze
from .release import Release, is_experiment, is_locked, is_solution, is_test, nbgrader_metadata

# How alike a cell without marks has to be to count as an edited copy of a released one, of 100. A changed line in ten
# leaves about 90. Two released cells of the shipped notebook have up to 93, but copies without a change are taken
# first, and a mix-up of the rest costs nobody a point: locked text and points come from the release.
EDITED = 85.0


class Matching:
    """Call `result` once."""

    def __init__(self, release: Release, cells: list[SubmittedCell]) -> None:
        self._targets = release.notebook.cells
        self._release = release
        self._cells = cells
        self._repairs: list[str] = []
        self._matched: dict[int, SubmittedCell] = {}  # index in the release -> the cell that stands for it
        self._answers: dict[int, SubmittedCell] = {}  # index in the release -> the cell whose text is taken
        self._before: dict[int, list[SubmittedCell]] = {}  # earlier attempts at the same answer, shown in front of it
        self._after: dict[int, SubmittedCell] = {}  # an edited locked cell, run behind the released one
        self._answered_in: dict[int, str] = {}  # index of a stub -> grade_id of the cell that also answers it
        self._by_id: dict[str | None, list[SubmittedCell]] = {}
        self._by_text: dict[str, list[SubmittedCell]] = {}
        for cell in cells:
            if cell.cell_id is not None:
                self._by_id.setdefault(cell.cell_id, []).append(cell)
            if cell.squeezed:
                self._by_text.setdefault(cell.squeezed, []).append(cell)
        stubs = (cell for cell in self._targets if is_solution(cell) and cell.cell_type == "code")
        self._stub_names = frozenset(name for cell in stubs for name in defined_names(cell.source))

    def result(self) -> tuple[NotebookNode, list[str]]:
        """The notebook to grade, and what was put right."""
        targets = list(enumerate(self._targets))
        locked = [pair for pair in targets if is_locked(pair[1])]
        code = [pair for pair in targets if is_solution(pair[1]) and pair[1].cell_type == "code"]
        plain = [pair for pair in targets if not is_locked(pair[1]) and not is_solution(pair[1])]
        written = [pair for pair in targets if is_solution(pair[1]) and pair[1].cell_type != "code"]
        steps = (
            (locked, self._match_locked),
            (code, self._match_code_answer),
            (plain, self._match_plain),
            (locked, self._match_edited_locked),
            (written, self._match_written_answer),
            (plain, self._match_edited_plain),
            (written, self._find_written_answer),
        )
        for pairs, step in steps:
            for index, target in pairs:
                step(index, target)
        self._look_at_order()
        return self._assemble(), self._repairs

    def _free(self) -> Iterable[SubmittedCell]:
        return (cell for cell in self._cells if not cell.placed)

    def _say(self, key: str, **fields: object) -> None:
        self._repairs.append(say(key, **fields))

    def _same_id(self, target: NotebookNode) -> list[SubmittedCell]:
        return [cell for cell in self._by_id.get(target.get("id"), ()) if not cell.placed]

    def _same(self, target: NotebookNode) -> list[SubmittedCell]:
        """Free cells with the target's cell id, else with its text."""
        text = squeeze(target.source)
        return self._same_id(target) or [cell for cell in self._by_text.get(text, ()) if not cell.placed]

    def _most_alike(self, target: NotebookNode, *, code: bool) -> SubmittedCell | None:
        """The free cell of that kind that is most like the target, None where none is an edited copy of it."""
        best, highest, text = None, EDITED, squeeze(target.source)
        for cell in self._free():
            if (cell.cell_type == "code") == code:
                alike = fuzz.ratio(text, cell.squeezed, score_cutoff=highest)
                if alike >= highest and text:
                    best, highest = cell, alike
        return best

    # -- locked cells ----------------------------------------------------------------------------------------------

    def _match_locked(self, index: int, target: NotebookNode) -> None:
        """Drop the submission's copies of a locked cell; say so where they differ from the release."""
        grade_id, text = nbgrader_metadata(target)["grade_id"], squeeze(target.source)
        same = [cell for cell in self._cells if cell.grade_id == grade_id] or self._same(target)
        if not same:
            return
        if len(same) > 1:
            self._say("repaired.locked_copies", id=grade_id, count=len(same))
        self._matched[index] = same[0]
        for cell in same:
            if cell.squeezed != text and cell.defines(self._stub_names):
                cell.grade_id = None  # an answer written over a locked cell: it is found as an answer below
                continue
            cell.placed = True
            if cell.squeezed != text:
                self._take_edited(index, target, cell)
            elif cell.cell_type != target.cell_type:
                self._say("repaired.locked_type", id=grade_id, kind=cell.cell_type)

    def _match_edited_locked(self, index: int, target: NotebookNode) -> None:
        """A locked cell that lost its marks and was edited; what is not found at all is put back."""
        if index in self._matched:
            return
        edited = self._most_alike(target, code=target.cell_type == "code")
        if edited is None or edited.defines(self._stub_names):
            self._say("repaired.locked_missing", id=nbgrader_metadata(target)["grade_id"])
            return
        edited.placed = True
        self._matched[index] = edited
        self._take_edited(index, target, edited)

    def _take_edited(self, index: int, target: NotebookNode, cell: SubmittedCell) -> None:
        """The released text counts. Where nothing is graded in a cell, the student's text may run behind it: imports
        that were added to the first cell are needed by the answers."""
        grade_id = nbgrader_metadata(target)["grade_id"]
        if target.cell_type == "code" == cell.cell_type and not is_test(target):
            self._after[index] = cell
            self._say("repaired.locked_edited_runs", id=grade_id)
        else:
            self._say("repaired.locked_edited", id=grade_id)

    # -- answers in code -------------------------------------------------------------------------------------------

    def _match_code_answer(self, index: int, target: NotebookNode) -> None:
        """The last cell that defines the asked function is the answer; a cell may answer more than one stub."""
        grade_id, names, untouched = _describe(target)
        marked = [cell for cell in self._cells if cell.grade_id == grade_id]
        for cell in marked:
            if (kind := _made_code(cell)) is not None:
                self._say("repaired.cell_read_as_code", id=grade_id, kind=kind)
        defining = [cell for cell in self._cells if cell.defines(names)] or self._defined_in_text(grade_id, names)
        changed = [cell for cell in defining if cell.squeezed != untouched]
        if not marked:
            self._say("repaired.mark_lost" if defining else "repaired.answer_missing", id=grade_id)
        chosen = (changed or defining or marked or self._same(target) or [None])[-1]
        if chosen is None:
            return
        if len(changed) > 1:
            self._say("repaired.several_define", count=len(changed), names=", ".join(sorted(names)))
        self._take_answer(index, grade_id, chosen)
        self._put_aside(index, grade_id, chosen, marked, changed)
        for cell in [*marked, *defining]:
            if cell.squeezed == untouched:
                cell.placed = True  # a second copy of the stub would undo the answer
        if chosen.squeezed != untouched:
            self._repairs += hindrances(grade_id, chosen.source, names, chosen.names)

    def _defined_in_text(self, grade_id: str, names: frozenset[str]) -> list[SubmittedCell]:
        """An answer in a text cell without its mark."""
        found = [cell for cell in self._free() if cell.cell_type != "code" and names & cell.names]
        for cell in found[-1:]:
            self._say("repaired.text_read_as_code", id=grade_id, kind=_made_code(cell))
        return found[-1:]

    def _take_answer(self, index: int, grade_id: str, chosen: SubmittedCell) -> None:
        if chosen.placed and chosen in self._answers.values():
            first = next(at for at, cell in self._answers.items() if cell is chosen)
            self._answered_in[index] = nbgrader_metadata(self._targets[first])["grade_id"]
            return
        chosen.placed = True
        self._matched[index] = self._answers[index] = chosen
        rest = list(self._continuations(chosen, grade_id))
        if rest:
            chosen.extend(rest)
            self._say("repaired.split", id=grade_id, count=len(rest) + 1)

    def _continuations(self, chosen: SubmittedCell, grade_id: str) -> Iterator[SubmittedCell]:
        """Cells right below an answer that begin inside of its function: a split that cannot run apart."""
        for cell in self._cells[self._cells.index(chosen) + 1 :]:
            inside = cell.source.lstrip("\n")[:1] in (" ", "\t")
            if cell.placed or cell.cell_type != "code" or cell.grade_id not in (None, grade_id) or not inside:
                return
            cell.placed = True
            yield cell

    def _put_aside(
        self,
        index: int,
        grade_id: str,
        chosen: SubmittedCell,
        marked: list[SubmittedCell],
        changed: list[SubmittedCell],
    ) -> None:
        """Earlier attempts go in front of the answer, so that none runs after it and undoes it."""
        at = self._cells.index(chosen)
        untouched = squeeze(self._targets[index].source)
        for cell in self._cells[:at]:
            mine = cell.grade_id in (None, grade_id) and (cell in marked or cell in changed)
            if mine and not cell.placed and cell.squeezed != untouched:
                cell.placed = True
                self._before.setdefault(index, []).append(cell)

    # -- cells that nobody grades ----------------------------------------------------------------------------------

    def _match_plain(self, index: int, target: NotebookNode) -> None:
        """The student's version where one is recognised; what was deleted stays away."""
        for cell in self._same(target)[:1]:
            self._take_plain(index, cell)

    def _match_edited_plain(self, index: int, target: NotebookNode) -> None:
        if index not in self._matched and (cell := self._most_alike(target, code=target.cell_type == "code")):
            self._take_plain(index, cell)

    def _take_plain(self, index: int, cell: SubmittedCell) -> None:
        cell.placed = True
        self._matched[index] = self._answers[index] = cell

    # -- answers in words ------------------------------------------------------------------------------------------

    def _match_written_answer(self, index: int, target: NotebookNode) -> None:
        """By mark or cell id; also where question and answer had become one cell."""
        grade_id, _, untouched = _describe(target)
        marked = [cell for cell in self._free() if cell.grade_id == grade_id] or self._same_id(target)
        changed = [cell for cell in marked if cell.squeezed != untouched]
        if len(changed) > 1:
            self._say("repaired.written_copies", id=grade_id, count=len(changed))
        for cell in marked:
            cell.placed = cell.squeezed == untouched
        if changed:
            self._take_text(index, grade_id, changed[-1:])
        elif marked and not self._take_merged(index, grade_id):
            self._take_text(index, grade_id, marked[-1:])

    def _find_written_answer(self, index: int, target: NotebookNode) -> None:
        """An answer without its mark: the text that stands where it should, or in one cell with its question."""
        if index in self._answers:
            return
        grade_id, _, untouched = _describe(target)
        here = self._texts_below_neighbour(index)
        changed = [cell for cell in here if cell.squeezed != untouched]
        if changed:
            for cell in here:
                cell.placed = True
            self._take_text(index, grade_id, changed)
            self._say("repaired.written_mark_lost", id=grade_id)
        elif not self._take_merged(index, grade_id):
            left = here or [cell for cell in self._free() if cell.squeezed == untouched]
            if left:
                self._take_text(index, grade_id, left[:1])
            else:
                self._say("repaired.answer_missing", id=grade_id)

    def _take_text(self, index: int, grade_id: str, cells: list[SubmittedCell]) -> None:
        first = cells[0]
        if first.cell_type == "code":
            self._say("repaired.written_in_code", id=grade_id)
        first.placed = True
        first.extend(cells[1:])
        self._matched[index] = self._answers[index] = first

    def _take_merged(self, index: int, grade_id: str) -> bool:
        merged = self._below_question_in_one_cell(index)
        if merged is not None:
            self._answers[index] = merged
            self._say("repaired.written_merged", id=grade_id)
        return merged is not None

    def _texts_below_neighbour(self, index: int) -> list[SubmittedCell]:
        """Free text cells right below the cell that stands for the nearest one above in the release."""
        above = max((at for at in self._matched if at < index), default=None)
        if above is None:
            return []
        found = []
        for cell in self._cells[self._cells.index(self._matched[above]) + 1 :]:
            if cell.placed or cell.cell_type == "code":
                break
            found.append(cell)
        return found

    def _below_question_in_one_cell(self, index: int) -> SubmittedCell | None:
        """What a cell says beyond the question above the answer, where it begins with that question."""
        question = squeeze(self._targets[index - 1].source) if index else ""
        if not question or is_solution(self._targets[index - 1]):
            return None
        for cell in self._cells:
            rest = cell.squeezed[len(question) :].strip() if cell.squeezed.startswith(question) else ""
            if rest and cell.cell_type != "code" and rest != squeeze(self._targets[index].source):
                return SubmittedCell("markdown", rest, None, None)
        return None

    # -- the notebook ----------------------------------------------------------------------------------------------

    def _look_at_order(self) -> None:
        position = {id(cell): number for number, cell in enumerate(self._cells)}
        order = [position[id(cell)] for _, cell in sorted(self._matched.items()) if id(cell) in position]
        if order != sorted(order):
            self._say("repaired.order")

    def _assemble(self) -> NotebookNode:
        position = {id(cell): index for index, cell in self._matched.items()}
        extras: dict[int, list[SubmittedCell]] = {}
        anchor = -1
        for cell in self._cells:
            if id(cell) in position:
                anchor = position[id(cell)]
            elif not cell.placed:
                extras.setdefault(anchor, []).append(cell)
        notebook = nbformat.from_dict({**self._release.notebook, "cells": []})
        notebook.cells.extend(_extra_cell(cell) for cell in extras.get(-1, []))
        for index, target in enumerate(self._targets):
            notebook.cells.extend(_extra_cell(cell) for cell in self._before.get(index, []))
            notebook.cells.extend(self._released_cell(index, target))
            notebook.cells.extend(_extra_cell(cell) for cell in extras.get(index, []))
        _number(notebook)
        return notebook

    def _released_cell(self, index: int, target: NotebookNode) -> Iterator[NotebookNode]:
        """The cell that stands in the graded notebook for a released one, if any does."""
        cell = nbformat.from_dict(target)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        answer = self._answers.get(index)
        if is_locked(target):
            yield cell
            if index in self._after:
                yield _extra_cell(self._after[index])
        elif answer is not None:
            cell.source = answer.source
            if is_experiment(cell):
                cell.outputs = list(answer.outputs)
            elif cell.cell_type == "markdown" and answer.attachments:
                cell.attachments = answer.attachments
            yield cell
        elif index in self._answered_in:
            cell.source = "# " + say("repaired.answered_in", id=self._answered_in[index])
            yield cell
        elif is_solution(target):
            yield cell


def _made_code(cell: SubmittedCell) -> str | None:
    """Make a cell one of code; return what it was, None where it was code."""
    before, cell.cell_type = cell.cell_type, "code"
    return None if before == "code" else before


def _number(notebook: NotebookNode) -> None:
    """Give added cells an id where the released notebook is of a format that has ids, and none where it is not."""
    has_ids = (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    for number, cell in enumerate(notebook.cells):
        if not has_ids:
            cell.pop("id", None)
        elif not cell.get("id"):
            cell.id = f"submitted-{number}"


def _describe(target: NotebookNode) -> tuple[str, frozenset[str], str]:
    """grade_id, defined names and text of a released answer cell."""
    return nbgrader_metadata(target)["grade_id"], defined_names(target.source), squeeze(target.source)


def _extra_cell(cell: SubmittedCell) -> NotebookNode:
    """A cell the student added. It keeps its text and loses all metadata, so that none of it can mean anything."""
    node = NotebookNode(id="", cell_type=cell.cell_type, metadata=NotebookNode(), source=cell.source)
    if cell.cell_type == "code":
        node.update(outputs=[], execution_count=None)
    elif cell.cell_type == "markdown" and cell.attachments:
        node.attachments = cell.attachments
    return node
