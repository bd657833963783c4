"""One submission laid over the release: which submitted cell stands for which released one.

Locked cells come from the release, answers and extra cells from the student, in the order of the release. A cell is
recognised by its grade_id, then by its cell id or text, then by what it defines, how alike it is, or where it stands.
Every difference that had to be put right is one line in `repairs`; what nobody could put right is in `hindrances`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import Any

import nbformat
from nbformat import NotebookNode
from rapidfuzz import fuzz

from .answer_text import hindrances
from .messages import say
from .read_notebook import SubmittedCell
from .release import Release, ReleasedCell

# How alike a cell without marks has to be to count as an edited copy of a released one, of 100. A changed line in ten
# leaves about 90. Two released cells of the shipped notebook have up to 93, but copies without a change are taken
# first, and a mix-up of the rest costs nobody a point: locked text and points come from the release.
EDITED = 85.0


class Matching:
    """Call `result` once."""

    def __init__(self, release: Release, cells: list[SubmittedCell]) -> None:
        self._targets = release.cells
        self._release = release
        self._cells = cells
        self._at = {cell: number for number, cell in enumerate(cells)}
        self._repairs: list[str] = []
        self._hindrances: dict[str, str] = {}  # grade_id of an answer -> what keeps it from running
        self._matched: dict[int, SubmittedCell] = {}  # index in the release -> the cell that stands for it
        self._answers: dict[int, SubmittedCell] = {}  # index in the release -> the cell whose text is taken
        self._before: dict[int, list[SubmittedCell]] = {}  # earlier attempts at the same answer, shown in front of it
        self._after: dict[int, SubmittedCell] = {}  # an edited locked cell, run behind the released one
        self._answered_in: dict[int, str] = {}  # index of a stub -> grade_id of the cell that also answers it
        for cell in cells:
            if (released := release.by_source.get(cell.source)) is not None:  # as most are
                cell.squeezed, cell.names = released.text, released.names
        self._by_grade_id = _grouped(cells, attrgetter("grade_id"))
        self._by_id = _grouped(cells, attrgetter("cell_id"))
        self._by_text = _grouped(cells, attrgetter("squeezed"))
        self._defining = self._which_define()

    def result(self) -> tuple[NotebookNode, list[str], dict[str, str]]:
        """The notebook to grade, what was put right, and by grade_id what keeps answers from running."""
        targets = list(enumerate(self._targets))
        locked = [pair for pair in targets if pair[1].is_locked]
        code = [pair for pair in targets if pair[1].is_solution and pair[1].is_code]
        plain = [pair for pair in targets if not pair[1].is_locked and not pair[1].is_solution]
        written = [pair for pair in targets if pair[1].is_solution and not pair[1].is_code]
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
        return self._assemble(), self._repairs, self._hindrances

    def _free(self) -> Iterable[SubmittedCell]:
        return (cell for cell in self._cells if not cell.placed)

    def _say(self, key: str, **fields: object) -> None:
        self._repairs.append(say(key, **fields))

    def _which_define(self) -> list[SubmittedCell]:
        return [cell for cell in self._cells if not cell.names.isdisjoint(self._release.stub_names)]

    def _marked(self, grade_id: str) -> list[SubmittedCell]:
        return [cell for cell in self._by_grade_id.get(grade_id, ()) if cell.grade_id is not None]

    def _same_id(self, target: ReleasedCell) -> list[SubmittedCell]:
        return [cell for cell in self._by_id.get(target.cell_id, ()) if not cell.placed]

    def _same(self, target: ReleasedCell) -> list[SubmittedCell]:
        """Free cells with the target's cell id, else with its text."""
        return self._same_id(target) or [cell for cell in self._by_text.get(target.text, ()) if not cell.placed]

    def _most_alike(self, target: ReleasedCell) -> SubmittedCell | None:
        """The free cell of its kind that is most like the target, None where none is an edited copy of it."""
        best, highest = None, EDITED
        for cell in self._free():
            if (cell.cell_type == "code") == target.is_code:
                alike = fuzz.ratio(target.text, cell.squeezed, score_cutoff=highest)
                if alike >= highest and target.text:
                    best, highest = cell, alike
        return best

    # -- locked cells ----------------------------------------------------------------------------------------------

    def _match_locked(self, index: int, target: ReleasedCell) -> None:
        """Drop the submission's copies of a locked cell; say so where they differ from the release."""
        same = self._marked(target.grade_id) or self._same(target)
        if not same:
            return
        if len(same) > 1:
            self._say("repaired.locked_copies", id=target.grade_id, count=len(same))
        self._matched[index] = same[0]
        for cell in same:
            if cell.squeezed != target.text and cell.defines(self._release.stub_names):
                cell.grade_id = None  # an answer written over a locked cell: it is found as an answer below
                continue
            cell.placed = True
            if cell.squeezed != target.text:
                self._take_edited(index, target, cell)
            elif cell.cell_type != target.node.cell_type:
                self._say("repaired.locked_type", id=target.grade_id, kind=cell.cell_type)

    def _match_edited_locked(self, index: int, target: ReleasedCell) -> None:
        """A locked cell that lost its marks and was edited; what is not found at all is put back."""
        if index in self._matched:
            return
        edited = self._most_alike(target)
        if edited is None or edited.defines(self._release.stub_names):
            self._say("repaired.locked_missing", id=target.grade_id)
            return
        edited.placed = True
        self._matched[index] = edited
        self._take_edited(index, target, edited)

    def _take_edited(self, index: int, target: ReleasedCell, cell: SubmittedCell) -> None:
        """The released text counts. Where nothing is graded in a cell, the student's text may run behind it: imports
        that were added to the first cell are needed by the answers."""
        if target.is_code and cell.cell_type == "code" and not target.is_test:
            self._after[index] = cell
            self._say("repaired.locked_edited_runs", id=target.grade_id)
        else:
            self._say("repaired.locked_edited", id=target.grade_id)

    # -- answers in code -------------------------------------------------------------------------------------------

    def _match_code_answer(self, index: int, target: ReleasedCell) -> None:
        """The last cell that defines the asked function is the answer; a cell may answer more than one stub."""
        grade_id, names, untouched = target.grade_id, target.names, target.text
        marked = self._marked(grade_id)
        for cell in marked:
            if (kind := _made_code(cell)) is not None:
                self._say("repaired.cell_read_as_code", id=grade_id, kind=kind)
        defining = [cell for cell in self._defining if cell.defines(names)] or self._defined_in_text(grade_id, names)
        changed = [cell for cell in defining if cell.squeezed != untouched]
        chosen = (changed or defining or marked or self._same(target) or [None])[-1]
        if chosen is None:
            self._hindrances[grade_id] = say("answer.missing", id=grade_id)
            return
        if not marked:
            self._say("repaired.mark_lost", id=grade_id)
        if len(changed) > 1:
            self._say("repaired.several_define", count=len(changed), names=", ".join(sorted(names)))
        self._take_answer(index, grade_id, chosen)
        self._put_aside(index, target, chosen, marked, changed)
        for cell in [*marked, *defining]:
            if cell.squeezed == untouched:
                cell.placed = True  # a second copy of the stub would undo the answer
        if chosen.squeezed != untouched:
            found = hindrances(grade_id, chosen.source, names, chosen.names)
            if found:
                self._hindrances[grade_id] = " ".join(found)

    def _defined_in_text(self, grade_id: str, names: frozenset[str]) -> list[SubmittedCell]:
        """An answer in a text cell without its mark."""
        found = [cell for cell in self._defining if cell.cell_type != "code" and not cell.placed and names & cell.names]
        for cell in found[-1:]:
            self._say("repaired.text_read_as_code", id=grade_id, kind=_made_code(cell))
        return found[-1:]

    def _take_answer(self, index: int, grade_id: str, chosen: SubmittedCell) -> None:
        if chosen.placed and chosen in self._answers.values():
            first = next(at for at, cell in self._answers.items() if cell is chosen)
            self._answered_in[index] = self._targets[first].grade_id
            return
        chosen.placed = True
        self._matched[index] = self._answers[index] = chosen
        rest = list(self._continuations(chosen, grade_id))
        if rest:
            chosen.extend(rest)
            self._defining = self._which_define()
            self._say("repaired.split", id=grade_id, count=len(rest) + 1)

    def _continuations(self, chosen: SubmittedCell, grade_id: str) -> Iterator[SubmittedCell]:
        """Cells right below an answer that begin inside of its function: a split that cannot run apart."""
        for cell in islice(self._cells, self._at[chosen] + 1, None):
            inside = cell.source.lstrip("\n")[:1] in (" ", "\t")
            if cell.placed or cell.cell_type != "code" or cell.grade_id not in (None, grade_id) or not inside:
                return
            cell.placed = True
            yield cell

    def _put_aside(
        self,
        index: int,
        target: ReleasedCell,
        chosen: SubmittedCell,
        marked: list[SubmittedCell],
        changed: list[SubmittedCell],
    ) -> None:
        """Earlier attempts go in front of the answer, so that none runs after it and undoes it."""
        earlier = [cell for cell in {*marked, *changed} if self._at[cell] < self._at[chosen]]
        for cell in sorted(earlier, key=self._at.__getitem__):
            mine = cell.grade_id in (None, target.grade_id)
            if mine and not cell.placed and cell.squeezed != target.text:
                cell.placed = True
                self._before.setdefault(index, []).append(cell)

    # -- cells that nobody grades ----------------------------------------------------------------------------------

    def _match_plain(self, index: int, target: ReleasedCell) -> None:
        """The student's version where one is recognised; what was deleted stays away."""
        for cell in self._same(target)[:1]:
            self._take_plain(index, cell)

    def _match_edited_plain(self, index: int, target: ReleasedCell) -> None:
        if index not in self._matched and (cell := self._most_alike(target)):
            self._take_plain(index, cell)

    def _take_plain(self, index: int, cell: SubmittedCell) -> None:
        cell.placed = True
        self._matched[index] = self._answers[index] = cell

    # -- answers in words ------------------------------------------------------------------------------------------

    def _match_written_answer(self, index: int, target: ReleasedCell) -> None:
        """By mark or cell id; also where question and answer had become one cell."""
        grade_id, untouched = target.grade_id, target.text
        marked = [cell for cell in self._marked(grade_id) if not cell.placed] or self._same_id(target)
        changed = [cell for cell in marked if cell.squeezed != untouched]
        if len(changed) > 1:
            self._say("repaired.written_copies", id=grade_id, count=len(changed))
        for cell in marked:
            cell.placed = cell.squeezed == untouched
        if changed:
            self._take_text(index, grade_id, changed[-1:])
        elif marked and not self._take_merged(index, grade_id):
            self._take_text(index, grade_id, marked[-1:])

    def _find_written_answer(self, index: int, target: ReleasedCell) -> None:
        """An answer without its mark: the text that stands where it should, or in one cell with its question."""
        if index in self._answers:
            return
        grade_id, untouched = target.grade_id, target.text
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
                self._hindrances[grade_id] = say("answer.missing", id=grade_id)

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
        for cell in islice(self._cells, self._at[self._matched[above]] + 1, None):
            if cell.placed or cell.cell_type == "code":
                break
            found.append(cell)
        return found

    def _below_question_in_one_cell(self, index: int) -> SubmittedCell | None:
        """What a cell says beyond the question above the answer, where it begins with that question."""
        question = self._targets[index - 1].text if index else ""
        if not question or self._targets[index - 1].is_solution:
            return None
        for cell in self._cells:
            rest = cell.squeezed[len(question) :].strip() if cell.squeezed.startswith(question) else ""
            if rest and cell.cell_type != "code" and rest != self._targets[index].text:
                return SubmittedCell("markdown", rest, None, None)
        return None

    # -- the notebook ----------------------------------------------------------------------------------------------

    def _look_at_order(self) -> None:
        order = [self._at[cell] for _, cell in sorted(self._matched.items())]
        if order != sorted(order):
            self._say("repaired.order")

    def _assemble(self) -> NotebookNode:
        position = {cell: index for index, cell in self._matched.items()}
        extras: dict[int, list[SubmittedCell]] = {}
        anchor = -1
        for cell in self._cells:
            if cell in position:
                anchor = position[cell]
            elif not cell.placed:
                extras.setdefault(anchor, []).append(cell)
        notebook = nbformat.from_dict(self._release.notebook | {"cells": []})
        notebook["cells"] = cells = [*map(_extra_cell, extras.get(-1, ()))]
        for index, target in enumerate(self._targets):
            cells += map(_extra_cell, self._before.get(index, ()))
            cells += self._released_cell(index, target)
            cells += map(_extra_cell, extras.get(index, ()))
        _number(notebook)
        return notebook

    def _released_cell(self, index: int, target: ReleasedCell) -> Iterator[NotebookNode]:
        """The cell that stands in the graded notebook for a released one, if any does."""
        answer = self._answers.get(index)
        if target.is_locked:
            yield target.copy()
            if index in self._after:
                yield _extra_cell(self._after[index])
        elif answer is not None:
            taken: dict[str, Any] = {"source": answer.source}
            if target.is_experiment:
                taken["outputs"] = list(answer.outputs)
            elif target.node.cell_type == "markdown" and answer.attachments:
                taken["attachments"] = answer.attachments
            yield target.copy(**taken)
        elif index in self._answered_in:
            yield target.copy(source="# " + say("repaired.answered_in", id=self._answered_in[index]))
        elif target.is_solution:
            yield target.copy()


def _grouped(cells: list[SubmittedCell], key: Callable[[SubmittedCell], str | None]) -> dict[str, list[SubmittedCell]]:
    """Cells by something they have, in their order, without those that lack it."""
    groups: dict[str, list[SubmittedCell]] = {}
    for cell in cells:
        if value := key(cell):
            groups.setdefault(value, []).append(cell)
    return groups


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


def _extra_cell(cell: SubmittedCell) -> NotebookNode:
    """A cell the student added. It keeps its text and loses all metadata, so that none of it can mean anything."""
    node = NotebookNode(id="", cell_type=cell.cell_type, metadata=NotebookNode(), source=cell.source)
    if cell.cell_type == "code":
        node.update(outputs=[], execution_count=None)
    elif cell.cell_type == "markdown" and cell.attachments:
        node.attachments = cell.attachments
    return node
