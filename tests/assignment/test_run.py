"""What does a student see who runs the notebook, before and after filling it in?"""

import pytest

from . import notebook


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    return notebook.run(notebook.read(), tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    answers = notebook.functions_of(notebook.REFERENCE)
    return notebook.run(notebook.filled(answers), tmp_path_factory.mktemp("solved"))


def checks_in(ran):
    return [
        cell for cell in ran.cells if cell.cell_type == "code" and cell.source.startswith("checks.") and cell.metadata
    ]


def stderr_of(ran):
    return [output.text for cell in ran.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]


def test_untouched_notebook_runs_to_the_end(untouched):
    """Is nothing red before anything is written, and does every check say that it waits?"""
    checks = checks_in(untouched)
    assert len(checks) == 5
    for cell in checks:
        assert notebook.points_of(cell)[0] == 0
        assert "NOT ATTEMPTED" in notebook.text_of(cell)
        assert "is not written yet" in notebook.text_of(cell)
    assert stderr_of(untouched) == []


def test_first_code_cell_is_a_green_check(untouched):
    """Does the first thing a student runs succeed and say what to do next?"""
    first = next(cell for cell in untouched.cells if cell.cell_type == "code")
    text = notebook.text_of(first)
    assert text.count("PASS") == 3
    assert "write batchnorm_forward" in text
    assert "FAIL" not in text


def test_cells_that_wait_say_for_what(untouched):
    """Does a cell that shows something name the function that is missing?"""
    waiting = [cell for cell in untouched.cells if "checks.when_written()" in cell.source and cell.cell_type == "code"]
    assert waiting
    for cell in waiting:
        assert "is not written yet" in notebook.text_of(cell), cell.id


def test_solved_notebook_is_all_green(solved):
    """Does the reference solution earn every visible point, without a warning?"""
    checks = checks_in(solved)
    assert len(checks) == 5
    for cell in checks:
        earned, most = notebook.points_of(cell)
        assert earned == most == notebook.graded_as(cell)["points"]
    assert stderr_of(solved) == []


def test_every_table_comes_as_html_too(solved):
    """Does JupyterLab get a real table?"""
    for cell in checks_in(solved):
        assert "<table" in cell.outputs[-1].data["text/html"]
