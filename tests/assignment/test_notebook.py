"""Is the source notebook a sound nbgrader assignment with the points that were agreed?"""

import re

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from . import notebook

POINTS = {
    "forward_train_visible": 6,
    "forward_train_hidden": 9,
    "running_stats_visible": 4,
    "running_stats_hidden": 8,
    "test_mode_visible": 3,
    "test_mode_hidden": 8,
    "backward_visible": 8,
    "backward_hidden": 14,
    "backward_alt_visible": 3,
    "backward_alt_hidden": 9,
    "experiments_visible": 4,
    "written_init_scale": 5,
    "written_batch_size": 5,
    "written_test_mode": 5,
    "written_why_it_works": 5,
    "short_answers_hidden": 4,
    "bonus_layernorm": 3,
    "bonus_spatial": 3,
    "bonus_folding": 2,
    "bonus_bug_hunt": 2,
}
VISIBLE = [name for name in POINTS if name.endswith("_visible")]
HIDDEN = [name for name in POINTS if name.endswith("_hidden") or name.startswith("bonus_")]
STUBS = [
    "batchnorm_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "steps_to_reach",
    "warm_up",
    "short_answers",
    "layernorm_forward",
    "layernorm_backward",
    "spatial_batchnorm_forward",
    "spatial_batchnorm_backward",
    "fold_batchnorm",
    "bug_hunt",
]


@pytest.fixture(scope="module")
def source() -> nbformat.NotebookNode:
    return notebook.read()


def cells_with(source, **wanted):
    return [cell for cell in source.cells if all(notebook.graded_as(cell).get(k) == v for k, v in wanted.items())]


def test_notebook_is_valid_nbformat_with_cell_ids(source):
    """Does it open without repair in any Jupyter?"""
    nbformat.validate(source)
    assert (source.nbformat, source.nbformat_minor) == (4, 5)
    assert source.metadata.kernelspec.name == "python3"
    assert source.metadata.language_info.name == "python"
    assert len({cell.id for cell in source.cells}) == len(source.cells)


def test_nbgrader_accepts_the_metadata(source):
    """Does nbgrader's own validator take every cell?"""
    MetadataValidator().validate_nb(source)
    assert all(notebook.graded_as(cell)["schema_version"] == 3 for cell in source.cells if notebook.graded_as(cell))


def test_points_are_those_agreed(source):
    """Does each graded cell carry the points that its cases add up to?"""
    graded = {
        notebook.graded_as(cell)["grade_id"]: notebook.graded_as(cell)["points"]
        for cell in cells_with(source, grade=True)
    }
    assert graded == POINTS
    assert sum(POINTS.values()) == 110
    bonus = {name for name in POINTS if name.startswith("bonus_")}
    tagged = [cell for cell in source.cells if "bonus" in cell.metadata.get("tags", [])]
    assert {notebook.graded_as(cell)["grade_id"] for cell in tagged} == bonus
    assert sum(POINTS[name] for name in bonus) == 10


def test_autograded_cells_are_locked_and_written_ones_are_not(source):
    """Can a student type into a test, or not into an answer?"""
    for cell in cells_with(source, grade=True, solution=False):
        assert notebook.graded_as(cell)["locked"]
        assert cell.cell_type == "code"
    for cell in cells_with(source, solution=True):
        assert not notebook.graded_as(cell)["locked"]


def test_stubs_define_the_function_they_are_named_after(source):
    """Is each solution cell one function with a docstring that ends in NotImplementedError?"""
    stubs = [cell for cell in cells_with(source, solution=True) if cell.cell_type == "code"]
    assert [notebook.graded_as(cell)["grade_id"] for cell in stubs] == STUBS
    for cell, name in zip(stubs, STUBS, strict=True):
        assert re.match(rf'def {name}\(.*\):\n    """', cell.source)
        assert cell.source.endswith(f'raise NotImplementedError("{name} is not written yet")')


def test_hidden_cells_hold_comments_only(source):
    """Does a hidden cell give away nothing that runs?"""
    hidden = [cell for cell in cells_with(source, grade=True) if notebook.graded_as(cell)["grade_id"] in HIDDEN]
    assert len(hidden) == len(HIDDEN)
    for cell in hidden:
        assert all(line.startswith("# ") for line in cell.source.splitlines())


def test_visible_cells_are_one_call(source):
    """Is each visible check one expression that needs nothing but `checks` and the student's functions?"""
    visible = [cell for cell in cells_with(source, grade=True) if notebook.graded_as(cell)["grade_id"] in VISIBLE]
    assert len(visible) == len(VISIBLE)
    for cell in visible:
        assert re.fullmatch(r"checks\.\w+\(\w+(, \w+)*\)", cell.source)


def test_every_graded_cell_stands_under_a_section(source):
    """Which section's points are these? The nearest level-2 heading above says it."""
    section = None
    for cell in source.cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"## (\d) · (.+)", cell.source)):
            section = heading[1]
        if notebook.graded_as(cell).get("grade"):
            assert section is not None


def test_nothing_was_left_from_a_run(source):
    """Are there no outputs, no execution counts and no paths of somebody's machine?"""
    for cell in source.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
