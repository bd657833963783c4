"""What does a student see who runs the notebook, before and after filling it in?"""

import re

import checks
import data
import layers
import matplotlib.pyplot as plt
import numpy as np
import plots
import pytest
import training

from solutions.batchnorm import reference
from solutions.batchnorm.variants import one_liner

from . import notebook
from .test_notebook import VISIBLE


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
    assert len(checks) == len(VISIBLE)
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
        assert not [output for output in cell.outputs if output.output_type == "display_data"], cell.id


def test_solved_notebook_is_all_green(solved):
    """Does the reference solution earn every visible point, without a warning?"""
    checks = checks_in(solved)
    assert len(checks) == len(VISIBLE)
    for cell in checks:
        earned, most = notebook.points_of(cell)
        assert earned == most == notebook.graded_as(cell)["points"]
    assert stderr_of(solved) == []


def test_every_table_comes_as_html_too(solved):
    """Does JupyterLab get a real table?"""
    for cell in checks_in(solved):
        assert "<table" in cell.outputs[-1].data["text/html"]


def test_every_experiment_shows_something(solved):
    """Does each picture come with a text, and no experiment stop on a correct solution?"""
    experiments = [cell for cell in solved.cells if "experiment" in cell.metadata.get("tags", [])]
    assert len(experiments) > 15
    pictures = 0
    for cell in experiments:
        assert "Stopped with" not in notebook.text_of(cell), cell.id
        assert "Nothing to show yet" not in notebook.text_of(cell), cell.id
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                pictures += 1
                assert len(output.data["image/png"]) > 5000, cell.id
                assert output.metadata["image/png"]["alt"].strip("[]"), cell.id
    assert pictures >= 11


@pytest.mark.parametrize(
    ("cell_id", "claim"),
    [
        ("experiment-learning-rate", lambda with_, without: with_[3] > 0.9 > without[2] > without[3]),
        (
            "experiment-with-and-without",
            lambda with_, without: with_[1] > without[1] and with_[-1] < without[-1] + 0.01,
        ),
        (
            "experiment-initial-scale",
            lambda with_, without: sum(np.array(with_) > 0.5) == 4 > sum(np.array(without) > 0.5) == 1,
        ),
        (
            "experiment-batch-size",
            lambda with_, without: with_[0] < 0.6 < without[0] and without[-1] < with_[-1] < with_[-2],
        ),
    ],
)
def test_the_sentences_to_check_are_true(solved, cell_id, claim):
    """Do the numbers of an experiment, with a correct layer, bear out the sentence under it?"""
    text = notebook.text_of(next(cell for cell in solved.cells if cell.id == cell_id))
    rows = {name: re.search(rf"^{name} +([\d. ]+)$", text, re.MULTILINE)[1] for name in ("with batch norm", "without")}
    assert claim(*([float(number) for number in row.split()] for row in rows.values()))


def test_the_curve_and_the_landscape_are_as_told(solved):
    """Is the larger error of 6.8 that of batch norm, and the smoother landscape of 6.9 too?"""
    curve = notebook.text_of(next(cell for cell in solved.cells if cell.id == "experiment-curve"))
    with_, without = map(float, re.search(r"with batch norm ([\d.]+), without ([\d.]+)", curve).groups())
    assert with_ > 50 * without
    landscape = notebook.text_of(next(cell for cell in solved.cells if cell.id == "experiment-landscape"))
    rows = [re.findall(rf"^{name} +([\d. ]+)$", landscape, re.MULTILINE) for name in ("with batch norm", "without")]
    for smooth, rough in zip(*rows, strict=True):
        assert 3 * np.mean([float(n) for n in smooth.split()[2:]]) < np.mean([float(n) for n in rough.split()[2:]])


@pytest.mark.parametrize(
    "mine",
    [
        (reference.batchnorm_forward, reference.batchnorm_backward_alt),
        (one_liner.batchnorm_forward, one_liner.batchnorm_backward),
    ],
)
def test_the_curve_does_not_hang_on_the_last_digits(mine, monkeypatch):
    """Does 6.8 come out the same for a right layer that rounds in another way? 6,000 steps blow a difference up."""
    said = []
    monkeypatch.setattr(plots, "show", lambda fig, alt: said.append(alt))
    names = {"checks": checks, "np": np, "plt": plt, "mine": mine}
    names |= vars(data) | vars(layers) | vars(plots) | vars(training)
    exec(cell_of("experiment-curve"), names)  # noqa: S102  our own cell
    plt.close("all")
    with_, without = map(float, re.search(r"with batch norm ([\d.]+), without ([\d.]+)", said[0]).groups())
    assert 0.19 < with_ < 0.21  # one straight line where the left hump should be
    assert without < 0.002


def cell_of(cell_id):
    return next(cell.source for cell in notebook.read().cells if cell.id == cell_id)
