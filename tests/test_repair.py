"""Repairs: what tools and hands do to a notebook, what is graded then, and the one line that says so."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from collections.abc import Callable

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.answer_text import hindrances
from grader.intake import Intake, take_in
from grader.release import Release

from .test_intake import cell_of, ids
from .tiny import marks

DOUBLE = "def double(x):\n    return 2 * x"
TRIPLE = "def triple(x):\n    return 3 * x"
ANSWERS = {"double": DOUBLE, "triple": TRIPLE, "written": "Because two is two.", "second": "Because three is three."}


@pytest.fixture(scope="module")
def duo(release: Release) -> Release:
    """The tiny release with a second stub and a second question; both written answers have the same placeholder."""
    notebook = copy.deepcopy(release.notebook)
    at = notebook.cells.index(cell_of(notebook, "double")) + 1
    stub = 'def triple(x):\n    raise NotImplementedError("triple is not written yet")'
    notebook.cells.insert(at, new_code_cell(stub, id="stub2", metadata=marks("triple", solution=True)))
    notebook.cells += [
        new_markdown_cell("## 3 · More words\n\nSay why three.", id="words2"),
        new_markdown_cell("*Your answer here.*", id="written2", metadata=marks("second", points=1, solution=True)),
    ]
    return dataclasses.replace(release, notebook=notebook)


def solved(release: Release) -> NotebookNode:
    notebook = copy.deepcopy(release.notebook)
    for grade_id, text in ANSWERS.items():
        cell_of(notebook, grade_id).source = text
    return notebook


def repaired(release: Release, notebook: NotebookNode) -> Intake:
    """Hand a notebook in and check what holds for each: all released cells once, in order, valid, without forgeries."""
    intake = take_in(release, json.dumps(notebook).encode())
    assert intake.problem == ""
    assert [name for name in ids(intake.notebook) if name] == [name for name in ids(release.notebook) if name]
    nbformat.validate(intake.notebook)
    return intake


def answered(intake: Intake) -> dict[str, str]:
    return {name: cell_of(intake.notebook, name).source for name in ANSWERS}


def unmark(notebook: NotebookNode, *grade_ids: str) -> NotebookNode:
    for cell in notebook.cells:
        if not grade_ids or cell.metadata.get("nbgrader", {}).get("grade_id") in grade_ids:
            cell.metadata, cell.id = {}, ""
    return notebook


def position(notebook: NotebookNode, grade_id: str) -> int:
    return notebook.cells.index(cell_of(notebook, grade_id))


def colab(notebook: NotebookNode) -> NotebookNode:
    notebook.metadata = {"colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU"}
    notebook.nbformat_minor = 0
    for number, cell in enumerate(notebook.cells):
        del cell["id"]
        cell.metadata.update(id=f"Xy{number}", colab={"base_uri": "https://localhost:8080/"}, outputId="a-b")
    return notebook


def vs_code(notebook: NotebookNode) -> NotebookNode:
    notebook.metadata = {"language_info": {"name": "python"}, "vscode": {"interpreter": {"hash": "x"}}}
    for cell in notebook.cells:
        cell.metadata["vscode"] = {"languageId": "python"}
    return notebook


def as_lists(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.source = cell.source.splitlines(keepends=True)
    return notebook


def with_crlf(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    return notebook


def without_kernelspec(notebook: NotebookNode) -> NotebookNode:
    notebook.metadata = {}
    return notebook


def with_huge_outputs(notebook: NotebookNode) -> NotebookNode:
    cell_of(notebook, "double").outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 2_000_000}]
    return notebook


def with_equal_ids(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.id = "same"
    return notebook


@pytest.mark.parametrize(
    "made_by", [colab, vs_code, as_lists, with_crlf, without_kernelspec, with_huge_outputs, with_equal_ids]
)
def test_what_tools_do_needs_no_repair(duo: Release, made_by: Callable[[NotebookNode], NotebookNode]) -> None:
    """Is a notebook that only went through another tool taken as it is, without a word?"""
    intake = repaired(duo, made_by(solved(duo)))
    assert answered(intake) == ANSWERS
    assert intake.repairs == ()


@pytest.mark.parametrize(
    ("encode", "said"),
    [
        (lambda text: text.encode("utf-8-sig"), 0),
        (lambda text: text.replace("\n", "\r\n").encode(), 0),
        (lambda text: text.encode("utf-16"), 1),
        (lambda text: text.replace("Because", "B\u00e9cause").encode("latin-1"), 1),
    ],
    ids=["BOM", "CRLF", "UTF-16", "Latin-1"],
)
def test_encodings_are_read(duo: Release, encode: Callable[[str], bytes], said: int) -> None:
    """Does a file that an editor saved in its own way count, and is the unusual said?"""
    intake = take_in(duo, encode(json.dumps(solved(duo), ensure_ascii=False, indent=1)))
    assert cell_of(intake.notebook, "double").source == DOUBLE
    assert len(intake.repairs) == said


def test_notebook_without_any_marks_loses_no_answer(duo: Release) -> None:
    """Are all answers found, in code and in words, where metadata and ids are gone?"""
    intake = repaired(duo, unmark(solved(duo)))
    assert answered(intake) == ANSWERS
    assert len(intake.repairs) == len(ANSWERS)
    assert all("had lost its mark" in line for line in intake.repairs)


def test_unanswered_question_does_not_take_another_ones_placeholder(duo: Release) -> None:
    """Do equal placeholders stay apart where the marks are gone?"""
    notebook = solved(duo)
    cell_of(notebook, "second").source = "*Your answer here.*"
    assert answered(repaired(duo, unmark(notebook))) == {**ANSWERS, "second": "*Your answer here.*"}
    notebook = solved(duo)
    cell_of(notebook, "written").source = "*Your answer here.*"
    assert answered(repaired(duo, unmark(notebook))) == {**ANSWERS, "written": "*Your answer here.*"}


def test_answer_split_inside_its_function_is_joined(duo: Release) -> None:
    """Does a slip of Ctrl-Shift-Minus cost the answer?"""
    for metadata in ({}, marks("double", solution=True)):
        notebook = solved(duo)
        at = position(notebook, "double")
        cell_of(notebook, "double").source = "def double(x):\n    y = 2 * x"
        notebook.cells.insert(at + 1, new_code_cell("    return y", metadata=metadata))
        intake = repaired(duo, notebook)
        assert answered(intake)["double"] == "def double(x):\n    y = 2 * x\n    return y"
        assert intake.repairs == ("The answer 'double' had been split over 2 cells; they were joined.",)


def test_helper_split_off_keeps_its_place(duo: Release) -> None:
    """Does the half of an answer cell that is no part of the function still run, where it stood?"""
    notebook = solved(duo)
    at = position(notebook, "double")
    notebook.cells.insert(at + 1, new_code_cell("print(double(2))", metadata=marks("double", solution=True)))
    notebook.cells.insert(at, new_code_cell("factor = 2", metadata=marks("double", solution=True)))
    sources = [cell.source for cell in repaired(duo, notebook).notebook.cells]
    assert sources.index("factor = 2") == sources.index(DOUBLE) - 1 == sources.index("print(double(2))") - 2


def test_merged_answers_are_both_found(duo: Release) -> None:
    """Do two answers in one cell count as two?"""
    notebook = solved(duo)
    cell_of(notebook, "double").source = DOUBLE + "\n\n" + TRIPLE
    notebook.cells.remove(cell_of(notebook, "triple"))
    intake = repaired(duo, notebook)
    assert answered(intake)["double"] == DOUBLE + "\n\n" + TRIPLE
    assert "Answered in the cell 'double'" in answered(intake)["triple"]
    assert len(intake.repairs) == 1


def test_answer_merged_with_the_test_below_is_found(duo: Release) -> None:
    """Is the locked test put back where it was swallowed by the answer, or has swallowed it?"""
    for keeper, swallowed in (("triple", "double_visible"), ("double_visible", "triple")):
        notebook = solved(duo)
        test = cell_of(notebook, "double_visible").source
        cell_of(notebook, keeper).source = TRIPLE + "\n\n" + test
        notebook.cells.remove(cell_of(notebook, swallowed))
        intake = repaired(duo, notebook)
        assert answered(intake)["triple"].startswith(TRIPLE)
        assert cell_of(intake.notebook, "double_visible").source == test
        assert intake.repairs


def test_written_answer_merged_with_its_question_is_taken(duo: Release) -> None:
    """Does the marker see an answer that was written into the question's cell?"""
    for delete in (True, False):
        notebook = solved(duo)
        question = notebook.cells[position(notebook, "second") - 1]
        question.source += "\n\n" + ANSWERS["second"]
        if delete:
            notebook.cells.remove(cell_of(notebook, "second"))
        else:
            cell_of(notebook, "second").source = "*Your answer here.*"
        intake = repaired(duo, notebook)
        assert answered(intake) == ANSWERS
        assert len(intake.repairs) == 1
        assert "one cell with its question" in intake.repairs[0]


def test_answer_in_two_text_cells_is_joined(duo: Release) -> None:
    """Is the second paragraph of an unmarked answer lost?"""
    notebook = unmark(solved(duo), "written")
    notebook.cells.insert(position(unmarked := notebook, "second") - 1, new_markdown_cell("And so on."))
    assert answered(repaired(duo, unmarked))["written"] == "Because two is two.\n\nAnd so on."


def test_order_is_put_back(duo: Release) -> None:
    """Is a shuffled notebook graded in the released order, and is it said?"""
    notebook = solved(duo)
    notebook.cells.reverse()
    intake = repaired(duo, notebook)
    assert answered(intake) == ANSWERS
    assert intake.repairs == ("Cells stood in another order than in the released notebook; that order was put back.",)


@pytest.mark.parametrize("marked", [True, False])
def test_cell_types_are_put_right(duo: Release, marked: bool) -> None:
    """Does a wrong cell type cost an answer, in code or in words, with its mark or without?"""
    notebook = solved(duo)
    for grade_id, kind in (("double", "markdown"), ("triple", "raw"), ("double_visible", "markdown")):
        cell = cell_of(notebook, grade_id)
        cell.cell_type = kind
        cell.pop("outputs", None)
        if not marked:
            cell.metadata, cell.id = {}, ""
    if marked:
        cell = cell_of(notebook, "written")
        cell.update(cell_type="code", outputs=[], execution_count=None)
    intake = repaired(duo, notebook)
    assert answered(intake) == ANSWERS
    assert sum("turned into" in line for line in intake.repairs) == (4 if marked else 3)


def test_imports_added_to_the_locked_first_cell_still_run(duo: Release) -> None:
    """Does an answer lose the import that its author put into the locked setup cell?"""
    notebook = solved(duo)
    cell_of(notebook, "setup").source += "\nimport math"
    intake = repaired(duo, notebook)
    at = position(intake.notebook, "setup")
    assert intake.notebook.cells[at].source == cell_of(duo.notebook, "setup").source
    assert intake.notebook.cells[at + 1].source.endswith("import math")
    assert intake.notebook.cells[at + 1].metadata == {}
    assert intake.repairs == (
        "The locked cell 'setup' had been edited; the released text was used, and the edited one runs after it.",
    )


def test_edited_test_without_its_mark_is_known_for_what_it_is(duo: Release) -> None:
    """Does an edited copy of a test run as the student's own code?"""
    notebook = solved(duo)
    cell = cell_of(notebook, "double_visible")
    cell.source = cell.source.replace("should be 6", "should be six")
    intake = repaired(duo, unmark(notebook, "double_visible"))
    assert not any("should be six" in cell.source for cell in intake.notebook.cells)
    assert intake.repairs == ("The locked cell 'double_visible' had been edited; the released text was used.",)


def test_edited_experiment_without_its_mark_is_not_run(duo: Release) -> None:
    """Does a longer training run that lost its tag eat up the time of grading?"""
    notebook = solved(duo)
    cell = next(cell for cell in notebook.cells if "long training" in cell.source)
    cell.source, cell.metadata, cell.id = "print('long  training!')", {}, ""
    graded = repaired(duo, notebook).notebook
    (cell,) = [cell for cell in graded.cells if "training" in cell.source]
    assert cell.source == "print('long  training!')"
    assert cell.metadata.tags == ["experiment"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def double(x):\n    print x\n    return 2 * x", "Python 2"),
        ("def double(x):\n    raise ValueError, 'no'", "Python 2"),
        ("def double(x):\n    try:\n        return 2 * x\n    except E, e:\n        pass", "Python 2"),
        ("def double(x):\n<<<<<<< HEAD\n    return 2 * x\n=======\n    return x\n>>>>>>> theirs", "conflict markers"),
        ("def double(x)\n    return 2 * x", "not valid Python (line 1"),
        ("def double(x):\n    return (2 * x", "not valid Python"),
        ("def double(x, x):\n    return 2 * x", "not valid Python (line 1"),
        ("def duoble(x):\n    return 2 * x", "defines duoble, not double"),
        ("def double(x):\n    return " + "(" * 1000 + "x" + ")" * 1000, "not valid Python"),
    ],
)
def test_what_keeps_an_answer_from_running_is_said(duo: Release, source: str, said: str) -> None:
    """Does the student learn the reason, in a line of its own?"""
    notebook = solved(duo)
    cell_of(notebook, "double").source = source
    intake = repaired(duo, notebook)
    assert answered(intake)["double"] == source
    assert "The answer cell 'double'" in intake.hindrances["double"]
    assert said in intake.hindrances["double"]
    assert intake.repairs == (), "nothing was put right"


@pytest.mark.parametrize(
    "source",
    [
        DOUBLE,
        "%timeit x\ndef double(x):\n    return 2 * x",
        "files = !ls\ndef double(x):\n    return 2 * x",
        "np.add?\ndef double(x):\n    return 2 * x",
        "def double(x):\n    print (x)\n    return 2 * x",
        "double = lambda x: 2 * x",
        "def double(x):\n    return 2 * x\nasync def one(): return 1\nawait one()",
        "def double(x):\n    return '\\d' and 2 * x",
        "class double:\n    def __new__(cls, x):\n        return 2 * x",
    ],
)
def test_answer_that_can_run_is_left_in_peace(duo: Release, source: str) -> None:
    """Is nothing said about an answer that is fine?"""
    notebook = solved(duo)
    cell_of(notebook, "double").source = source
    intake = repaired(duo, notebook)
    assert (intake.repairs, intake.hindrances) == ((), {})


@pytest.mark.parametrize("grade_id", ["double", "written"])
def test_answer_that_is_gone_is_not_called_put_right(duo: Release, grade_id: str) -> None:
    """Does the author of a deleted answer, in code or in words, learn that it is missing, and not that it is mended?"""
    notebook = solved(duo)
    notebook.cells.remove(cell_of(notebook, grade_id))
    intake = repaired(duo, notebook)
    assert intake.hindrances == {grade_id: f"The answer cell '{grade_id}' was missing."}
    assert intake.repairs == ()


def test_stub_left_as_it_was_is_not_called_wrong(duo: Release) -> None:
    """Is an untouched notebook taken without a word?"""
    assert repaired(duo, duo.notebook).repairs == ()


def test_matching_takes_no_time_for_hostile_notebooks(duo: Release) -> None:
    """Can thousands of cells, or long ones, all nearly like a released one, keep the grader busy?"""
    text = duo.notebook.cells[1].source
    for cells in (
        [{"cell_type": "code", "source": text + f"#{n}", "outputs": []} for n in range(1_900)],
        [{"cell_type": "markdown", "source": "x" * 1_000_000}] * 2,
        [{"cell_type": "code", "source": "\n" * 40_000 + "def double(", "outputs": []}],
        [{"cell_type": "code", "source": "print " * 8_000 + "\ndef double(", "outputs": []}],
        [{"cell_type": "code", "source": "def double(x):\n    return " + "-" * 45_000 + "x", "outputs": []}],
    ):
        started = time.process_time()
        take_in(duo, json.dumps({"cells": cells}).encode())
        assert time.process_time() - started < 5  # it takes a twentieth of that; a bad pattern would take hours


def test_reasons_are_looked_for_in_no_more_than_is_reasonable() -> None:
    """Is a very long cell left to the sandbox?"""
    assert hindrances("It", "(" * 60_000, frozenset(), frozenset()) == []
