"""Intake: what students do to notebooks, and what is graded then."""

from __future__ import annotations

import copy
import json
import tracemalloc

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from grader import read_notebook
from grader.intake import take_in
from grader.release import Release

ANSWER = "def double(x):\n    return 2 * x"


def solved(release: Release) -> NotebookNode:
    notebook = copy.deepcopy(release.notebook)
    cell_of(notebook, "double").source = ANSWER
    return notebook


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def handed_in(release: Release, notebook: NotebookNode | dict):
    return take_in(release, json.dumps(notebook).encode())


def ids(notebook: NotebookNode) -> list[str]:
    return [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]


def test_honest_submission_needs_no_repair(release: Release) -> None:
    """Does a plain submission come through as it is?"""
    intake = handed_in(release, solved(release))
    assert intake.repairs == ()
    assert intake.problem == ""
    assert cell_of(intake.notebook, "double").source == ANSWER
    assert ids(intake.notebook) == ids(release.notebook)


def test_deleted_test_cell_is_put_back(release: Release) -> None:
    """Can deleting a test cell save anybody from it?"""
    notebook = solved(release)
    notebook.cells.remove(cell_of(notebook, "double_hidden"))
    intake = handed_in(release, notebook)
    assert ids(intake.notebook) == ids(release.notebook)
    assert intake.repairs == ("The locked cell 'double_hidden' was missing; it was put back.",)


def test_edited_locked_cell_is_replaced_by_the_released_text(release: Release) -> None:
    """Does an edited test count?"""
    notebook = solved(release)
    cell_of(notebook, "double_visible").source = "pass"
    intake = handed_in(release, notebook)
    assert cell_of(intake.notebook, "double_visible").source == cell_of(release.notebook, "double_visible").source
    assert intake.repairs == ("The locked cell 'double_visible' had been edited; the released text was used.",)


def test_duplicated_answer_cell_takes_the_last_attempt(release: Release) -> None:
    """Which of two answers is graded, and does the student learn it?"""
    notebook = solved(release)
    first = copy.deepcopy(cell_of(notebook, "double"))
    first.source, first.id = "def double(x):\n    return x", "first"
    notebook.cells.insert(notebook.cells.index(cell_of(notebook, "double")), first)
    intake = handed_in(release, notebook)
    assert cell_of(intake.notebook, "double").source == ANSWER
    assert "2 cells define double; the last one was graded." in intake.repairs
    sources = [cell.source for cell in intake.notebook.cells]
    assert sources.index(first.source) < sources.index(ANSWER), "the earlier attempt must not run after the answer"


def test_answer_in_an_unmarked_cell_is_found_and_the_stub_does_not_undo_it(release: Release) -> None:
    """Is an answer found that was written into a new cell below the untouched stub?"""
    notebook = copy.deepcopy(release.notebook)
    notebook.cells.append(new_code_cell(ANSWER))
    intake = handed_in(release, notebook)
    assert cell_of(intake.notebook, "double").source == ANSWER
    assert not any("NotImplementedError" in cell.source for cell in intake.notebook.cells)


def test_submission_without_any_metadata_is_matched_by_content(release: Release) -> None:
    """Is a correct notebook graded that lost its metadata and ids on the way?"""
    notebook = solved(release)
    for cell in notebook.cells:
        cell.metadata = {}
        del cell["id"]
    notebook.cells[-1].source = "Because."
    intake = handed_in(release, notebook)
    assert cell_of(intake.notebook, "double").source == ANSWER
    assert cell_of(intake.notebook, "written").source == "Because."
    assert ids(intake.notebook) == ids(release.notebook)
    assert any("had lost its mark" in line for line in intake.repairs)


def test_answer_turned_into_markdown_is_read_as_code(release: Release) -> None:
    """Does a wrong cell type cost the answer?"""
    notebook = solved(release)
    cell = cell_of(notebook, "double")
    cell.cell_type = "markdown"
    del cell["outputs"]
    intake = handed_in(release, notebook)
    assert cell_of(intake.notebook, "double").cell_type == "code"
    assert cell_of(intake.notebook, "double").source == ANSWER


def test_student_metadata_never_survives(release: Release) -> None:
    """Can forged points, tags or ids reach the graded notebook?"""
    notebook = solved(release)
    cell = cell_of(notebook, "double")
    cell.metadata["tags"] = ["experiment", "skip-execution"]
    cell.metadata["nbgrader"]["points"] = 1000
    extra = new_code_cell("x = 1", metadata={"nbgrader": {"grade": True, "grade_id": "bonus", "points": 99}})
    notebook.cells.append(extra)
    intake = handed_in(release, notebook)
    assert cell_of(intake.notebook, "double").metadata == cell_of(release.notebook, "double").metadata
    assert intake.notebook.cells[-1].source == "x = 1"
    assert intake.notebook.cells[-1].metadata == {}


def test_extra_cells_stay_where_they_were(release: Release) -> None:
    """Does a helper cell run before the cell that needs it?"""
    notebook = solved(release)
    at = notebook.cells.index(cell_of(notebook, "double"))
    notebook.cells.insert(at, new_code_cell("factor = 2"))
    intake = handed_in(release, notebook)
    sources = [cell.source for cell in intake.notebook.cells]
    assert sources.index("factor = 2") == sources.index(ANSWER) - 1


def test_written_answer_is_taken_over(release: Release) -> None:
    """Does the marker see what the student wrote?"""
    notebook = solved(release)
    cell_of(notebook, "written").source = "Because."
    assert cell_of(handed_in(release, notebook).notebook, "written").source == "Because."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"import numpy as np\n", "not JSON"),
        (b"<!doctype html><html></html>", "web page"),
        (b'{"cells": 3}', "no notebook cells"),
        (b"[1, 2]", "not a Jupyter notebook"),
        (b'{"cells": [\n<<<<<<< HEAD\n', "conflict markers"),
        (b"[" * 100_000, "not JSON"),
        (b'{"worksheets": 5}', "old format"),
        (b"\xff\xfe\x00\x01", "not JSON"),
    ],
)
def test_unreadable_bytes_get_a_sentence_for_the_student(release: Release, data: bytes, said: str) -> None:
    """Is everything that is no notebook refused with what to hand in again?"""
    intake = take_in(release, data)
    assert said in intake.problem
    assert ids(intake.notebook) == ids(release.notebook)


def test_format_3_and_single_line_json_and_bom_are_read(release: Release) -> None:
    """Do old and oddly written files count?"""
    old = nbformat.convert(solved(release), 3)
    intake = take_in(release, b"\xef\xbb\xbf" + nbformat.v3.writes_json(old).encode())
    assert cell_of(intake.notebook, "double").source == ANSWER
    assert any("format 3" in line for line in intake.repairs)


def test_hostile_cells_do_not_stop_intake(release: Release) -> None:
    """Does any JSON in a cell's place crash the trusted side?"""
    deep: dict = {}
    for _ in range(700):  # json reads a thousand levels
        deep = {"a": deep}
    junk = [
        *(None, 3, [], {"cell_type": {}}),
        {"cell_type": "code", "source": {"a": 1}, "metadata": 7, "outputs": "x"},
        {"cell_type": "code", "source": [1, "a\ud800"], "metadata": {"nbgrader": {"grade_id": {"x": 1}}}},
        {"cell_type": "markdown", "source": "x", "attachments": deep, "metadata": deep},
    ]
    intake = handed_in(release, {"cells": [*junk, *solved(release).cells], "metadata": {"kernelspec": []}})
    assert cell_of(intake.notebook, "double").source == ANSWER
    nbformat.validate(intake.notebook)


def test_attachments_and_outputs_of_other_cells_are_left_out(release: Release) -> None:
    """Can a cell bring along what nobody looks at: attachments of raw cells, outputs of cells that are run?"""
    notebook = solved(release)
    half = {"\ud800": {"image/svg+xml": "\ud800"}}
    notebook.cells.append({"cell_type": "raw", "source": "x", "metadata": {}, "attachments": half})
    cell_of(notebook, "double")["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<script>"}}]
    intake = handed_in(release, notebook)
    assert not any("attachments" in cell for cell in intake.notebook.cells)
    assert cell_of(intake.notebook, "double").outputs == []
    json.dumps(intake.notebook, ensure_ascii=False).encode()


def test_codes_that_hide_code_are_taken_out(release: Release) -> None:
    """Can code be written so that a marker reads something else than what runs, or a terminal obeys it?"""
    notebook = solved(release)
    cell_of(notebook, "double").source = ANSWER + "\n# \x1b[2J\x9b31m\u202e\x00 done\t.\n"
    assert cell_of(handed_in(release, notebook).notebook, "double").source == ANSWER + "\n# [2J31m done\t.\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"cells": [], "x": [' + b"[]," * 1_100_000 + b"1]}", "far more data"),
        (b'{"cells": [], "x": [' + b'{"":1},' * 1_100_000 + b"1]}", "far more data"),
        (json.dumps({"cells": [{"cell_type": "code", "source": "ab\n" * 300_000}] * 3}).encode(), "300,000 characters"),
        (b" " * (33 << 20), "MB"),
    ],
    ids=["lists", "objects", "text", "bytes"],
)
def test_file_that_costs_too_much_is_not_read(release: Release, data: bytes, said: str) -> None:
    """Can a file make the grader need gigabytes, or minutes?"""
    assert said in take_in(release, data).problem


def in_format_3(cells: str) -> bytes:
    return b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [%s]}]}' % cells.encode()


def test_format_3_is_counted_before_it_is_converted(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Can the conversion of what is too much, or of what nobody reads, take minutes and gigabytes?"""
    converted = []
    monkeypatch.setattr(read_notebook, "upgrade_cell", converted.append)
    assert "20000 cells" in take_in(release, in_format_3(",".join(['{"cell_type": "code"}'] * 20_000))).problem
    assert converted == []
    monkeypatch.undo()
    tracemalloc.start()
    try:
        outputs = [{}] * 20_000  # each is an error of its own to a validator
        said = take_in(release, in_format_3(json.dumps({"cell_type": "code", "outputs": outputs}))).problem
        assert tracemalloc.get_traced_memory()[1] < 30 << 20
    finally:
        tracemalloc.stop()
    assert "damaged" in said


def test_outputs_of_format_3_are_converted(release: Release) -> None:
    """Are the outputs of an old notebook's experiment shown like those of a new one?"""
    image = {"output_type": "display_data", "png": "AAAA", "text": ["a\n"], "metadata": {}}
    shown = {"output_type": "pyout", "prompt_number": 3, "text": "4", "metadata": {}}
    cell = {"cell_type": "code", "input": ["x = 1\n", "x"], "collapsed": False, "language": "python"}
    cell["outputs"] = [image, shown, {"output_type": "stream", "stream": "stderr", "text": "e"}]
    (read,), _ = read_notebook.read_cells(in_format_3(json.dumps(cell)))
    assert read.source == "x = 1\nx"
    assert [dict(output.get("data", output)) for output in read.outputs] == [
        {"image/png": "AAAA", "text/plain": ["a\n"]},
        {"text/plain": "4"},
        {"output_type": "stream", "name": "stderr", "text": "e"},
    ]


def test_heading_of_format_3_has_six_levels_at_most(release: Release) -> None:
    """Can a heading of level one billion make the converter fill the memory?"""
    old = nbformat.convert(solved(release), 3)
    old.worksheets[0].cells.append({"cell_type": "heading", "level": 10**6, "source": "deep", "metadata": {}})
    intake = take_in(release, json.dumps(old).encode())
    assert cell_of(intake.notebook, "double").source == ANSWER
    assert intake.notebook.cells[-1].source == "###### deep"
