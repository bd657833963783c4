"""Submitted bytes -> cells, leniently: whatever tools make of a notebook, and no more than a notebook can be.

Nothing in the file is believed: not its metadata, points, ids or cell types. They only help to find the answers.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nbformat import NotebookNode
from nbformat.v4.convert import upgrade_cell

from .messages import say
from .outputs import MAX_OUTPUTS, safe_attachments
from .submitted import MAX_BYTES

MAX_MARKS = 2_000_000  # commas and brackets in it; the value behind each takes up to 120 bytes of memory
MAX_CELLS = 2_000
MAX_SOURCE = 1 << 20  # characters of one cell
MAX_SOURCES = 300_000  # characters of all cells; real notebooks have a sixth, and a page highlights 15,000 a second

# codes that a terminal obeys, and marks that show code in another order than it runs in
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DEFINES = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)", re.MULTILINE)


class Unreadable(Exception):
    """The submitted bytes are no notebook; the message tells the student what to hand in again."""


@dataclass(eq=False)
class SubmittedCell:
    """What is taken over from one cell of a submission: text, and outputs as far as they are shown again.

    `attachments` are safe to show (outputs.safe_attachments), `outputs` are as submitted.
    """

    cell_type: str
    source: str
    grade_id: str | None
    cell_id: str | None
    outputs: list[Any] = field(default_factory=list)
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)
    placed: bool = False

    @cached_property
    def squeezed(self) -> str:
        return squeeze(self.source)

    @cached_property
    def names(self) -> frozenset[str]:
        return defined_names(self.source)

    def defines(self, names: frozenset[str]) -> bool:
        return self.cell_type == "code" and bool(names & self.names)

    def extend(self, others: Iterable[SubmittedCell]) -> None:
        """Append the text of other cells, as if they had never been split off."""
        between = "\n" if self.cell_type == "code" else "\n\n"
        self.source = between.join([self.source, *(other.source for other in others)])
        self.__dict__.pop("squeezed", None)
        self.__dict__.pop("names", None)


def defined_names(source: str) -> frozenset[str]:
    """Names that a cell defines at its top level. A pattern, not a parse: cells with magics or errors count too."""
    return frozenset(name for pair in _DEFINES.findall(source) for name in pair if name)


def squeeze(source: str) -> str:
    """Source without the blanks that editors add or take away."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def read_cells(data: bytes) -> tuple[list[SubmittedCell], list[str]]:
    """Parse submitted bytes into cells, leniently. Raises Unreadable with a sentence for the student."""
    if len(data) > MAX_BYTES:
        raise Unreadable(say("unreadable.too_large", size=len(data) >> 20, most=MAX_BYTES >> 20))
    if not data.strip():
        raise Unreadable(say("unreadable.empty"))
    text, notes = _decode(data)
    if len(text) > MAX_MARKS < sum(map(text.count, ",[{")):
        raise Unreadable(say("unreadable.too_much"))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(_not_json(text)) from None
    if not isinstance(content, dict):
        raise Unreadable(say("unreadable.other_json"))
    if "worksheets" in content and "cells" not in content:
        raw_cells = _from_version_3(content["worksheets"])
        notes.append(say("repaired.format_3"))
    else:
        raw_cells = _few(content.get("cells"))
    cells = [cell for cell in map(_read_cell, raw_cells) if cell is not None]
    if sum(len(cell.source) for cell in cells) > MAX_SOURCES:
        raise Unreadable(say("unreadable.too_long", most=f"{MAX_SOURCES:,}"))
    language = _language(content)
    if language not in ("", "python"):
        notes.append(say("repaired.other_kernel", language=language[:40]))
    return cells, notes


def _decode(data: bytes) -> tuple[str, list[str]]:
    """Text of the file, and what had to be said about its encoding. UTF-8, or UTF-16 where it begins with its mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), [say("repaired.utf_16")]
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace"), [say("repaired.not_utf_8")]


def _not_json(text: str) -> str:
    if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE):
        return say("unreadable.conflict")
    if text.lstrip()[:1] == "<":
        return say("unreadable.web_page")
    return say("unreadable.not_json")


def _few(raw_cells: Any) -> list[Any]:
    if not isinstance(raw_cells, list):
        raise Unreadable(say("unreadable.no_cells"))
    if len(raw_cells) > MAX_CELLS:
        raise Unreadable(say("unreadable.too_many_cells", count=len(raw_cells), most=MAX_CELLS))
    return raw_cells


def _from_version_3(worksheets: Any) -> list[Any]:
    """The cells of a notebook of format 3 (or 2), in format 4.

    Each is converted by itself, and only what is read of it. `nbformat.convert` also validates the whole: a megabyte of
    empty outputs took it five minutes and 12 GB.
    """
    try:
        cells = [cell for sheet in worksheets for cell in sheet["cells"]]
    except (TypeError, LookupError):
        raise Unreadable(say("unreadable.damaged")) from None
    try:
        return [_upgraded(cell) for cell in _few(cells)]
    except Unreadable:
        raise
    except Exception as error:  # the converter meets arbitrary data and promises no exception type
        raise Unreadable(say("unreadable.damaged")) from error


def _upgraded(cell: dict[str, Any]) -> NotebookNode:
    kept = {key: cell[key] for key in ("cell_type", "source", "input", "metadata") if key in cell}
    node = NotebookNode(kept, outputs=[NotebookNode(output) for output in cell.get("outputs", [])[:MAX_OUTPUTS]])
    if node.cell_type == "heading":  # the converter writes that many number signs
        node.level = min(int(cell.get("level", 1)), 6)
    return upgrade_cell(node)


def _language(content: dict[str, Any]) -> str:
    metadata = content.get("metadata")
    kernelspec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernelspec.get("language", "") if isinstance(kernelspec, dict) else ""
    return language.lower() if isinstance(language, str) else ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join([part for part in value if isinstance(part, str)])
    if not isinstance(value, str):
        return ""
    text = value[:MAX_SOURCE].replace("\r\n", "\n").replace("\r", "\n")
    if text.replace("\n", "").isprintable():
        return text  # there is nothing to take out
    return _HIDDEN.sub("", text).encode("utf-8", errors="replace").decode("utf-8")  # no lone surrogates: unwritable


def _read_cell(raw: Any) -> SubmittedCell | None:
    if not isinstance(raw, dict):
        return None
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    marks = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    grade_id, cell_id = marks.get("grade_id"), raw.get("id")
    outputs = raw.get("outputs")
    return SubmittedCell(
        cell_type=raw["cell_type"] if raw.get("cell_type") in ("code", "markdown", "raw") else "raw",
        source=_text(raw.get("source")),
        grade_id=grade_id if isinstance(grade_id, str) else None,
        cell_id=cell_id if isinstance(cell_id, str) else None,
        outputs=outputs if isinstance(outputs, list) else [],
        attachments=safe_attachments(raw.get("attachments")),
    )
