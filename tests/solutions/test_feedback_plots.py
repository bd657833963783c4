"""The pictures on the student's page say what is so."""

from __future__ import annotations

from pathlib import Path

import checks
import numpy as np
import pytest

from grader.checking import StudentError
from grader.plots import Chart, Graph
from grader.verdict import CaseResult
from solutions.batchnorm import feedback_plots, in_process
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.misconceptions import BELIEFS
from solutions.batchnorm.steps import BACKWARD

MUTANTS = Path(in_process.__file__).parent / "mutants"


class WithGrads(in_process.LocalStudent):
    """A student who has filled in `grads` in section 4."""

    grads: dict | None = None

    def __getitem__(self, name):
        if name == "grads":
            if self.grads is None:
                raise StudentError("`grads` is not defined.")
            return self.grads
        return super().__getitem__(name)


def plots_of(name: str, grads: dict | None = None):
    """The pictures of a wrong solution ("" for the reference)."""
    return plots_from((MUTANTS / f"{name}.py").read_text() if name else "", grads)


def plots_from(source: str, grads: dict | None = None):
    student = WithGrads(source)
    student.grads = grads
    outcomes = in_process.grade(make_cases("plots"), source)
    results = [
        CaseResult(
            key, key.partition("/")[0], "", each.status, 0.0, 0.0, misconception=each.misconception, ratio=each.ratio
        )
        for key, each in outcomes.items()
    ]
    return list(feedback_plots.make_plots(student, results))


def test_right_solution_lies_on_what_is_wanted() -> None:
    """Do both curves, and both histograms, agree; and is there no graph where nothing is wrong?"""
    before, after, *curves = plots_of("")
    assert before.series[0].values == after.series[0].values == after.series[1].values
    assert len(curves) == 2
    for curve in curves:
        assert curve.series[0].values == pytest.approx(curve.series[1].values, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["momentum_swapped", "no_update", "var_starts_at_one", "std_as_variance", "eps_in_running_var"]
)
def test_wrong_running_values_leave_the_closed_form(name: str) -> None:
    """Does the picture show the mistake?"""
    curves = [plot for plot in plots_of(name) if isinstance(plot, Chart) and not plot.bars]
    assert any(not np.allclose(*(each.values for each in curve.series), atol=1e-9) for curve in curves)


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("variance_path_missing", "var"),
        ("mean_path_missing", "mu"),
        ("dx_gamma_missing", "x_hat"),
        ("dgamma_from_x", "gamma"),
        ("dbeta_mean", "beta"),
        ("variance_path_halved", "xmu"),
        ("variance_path_doubled", "var"),
        ("variance_path_sum", "sq"),
        ("dstd_divided_once", "std"),
        ("mean_path_sum", "x"),
    ],
)
def test_first_bad_node_follows_from_the_mistake(name: str, node: str) -> None:
    """Is the outlined node the one where the mistake comes in, one alone, and named in the words beside it?"""
    (graph,) = [plot for plot in plots_of(name) if isinstance(plot, Graph)]
    assert [each.name for each in graph.nodes if each.state == "wrong"] == [node]
    assert graph.alt.endswith(f"at {node}.")


def test_own_grads_come_first() -> None:
    """Where the nodes of section 4 are filled in, is it their first wrong one, those before it being right?"""
    example = checks.public("backward")
    grads = {name: getattr(example, name) for name in checks.NODES}
    grads["dstd"] = -grads["dstd"]
    grads["dmu"] = None
    (graph,) = [plot for plot in plots_of("mean_path_missing", grads) if isinstance(plot, Graph)]
    states = {each.name: each.state for each in graph.nodes}
    assert states["std"] == "wrong"
    assert states["x_hat"] == states["gamma"] == states["inv_std"] == "right"
    assert states["mu"] == "open"


@pytest.mark.parametrize("grads", ["text", {"dx": "text"}, {"dx": object()}, {7: 7}, {"dx": np.array([object()])}])
def test_grads_of_any_kind_do_no_harm(grads) -> None:
    """Is whatever stands in `grads` either wrong, or nothing?"""
    assert len(plots_of("mean_path_missing", grads)) == 5


def test_every_mistake_in_dx_has_a_node() -> None:
    """Is there a node for each misconception of the backward pass that changes dx?"""
    parts = BACKWARD.keys() - {"dgamma", "dbeta"}
    concerned = {name for name, steps in BELIEFS.items() if steps.keys() & parts}
    assert concerned == set(feedback_plots.FIRST_NODE)
    assert set(feedback_plots.FIRST_NODE.values()) <= set(feedback_plots.BACKWARD)


@pytest.mark.parametrize("line", ["raise KeyError", "return None", "return 1, 2", "return 'text', None", "return ()"])
def test_nothing_is_drawn_of_a_function_that_returns_no_array(line: str) -> None:
    """Are there no pictures where there is nothing to show, and no error of ours?"""
    assert plots_from(f"def batchnorm_forward(x, gamma, beta, bn_param):\n    {line}") == []


def test_out_alone_is_drawn() -> None:
    """Is the slip of returning out without a cache left to its own case?"""
    assert len(plots_of("returns_out_only")) == 4


def graph_of(source: str) -> list[Graph]:
    return [plot for plot in plots_from(source) if isinstance(plot, Graph)]


UNNAMED = in_process.REFERENCE.replace("dvar * 2.0 *", "dvar * 2.5 *")
AXIS_ONE = (MUTANTS / "axis_one.py").read_text()
REORDERED = in_process.REFERENCE.replace("return dx, dgamma, dbeta", "return dgamma, dbeta, dx")


@pytest.mark.parametrize("source", [UNNAMED, AXIS_ONE, REORDERED], ids=["unnamed", "forward is wrong", "order"])
def test_no_graph_where_results_do_not_tell_the_node(source: str) -> None:
    """Is a student ever sent to a node by a guess?"""
    assert graph_of(source) == []


def test_wrong_dgamma_is_told_beside_an_unnamed_dx() -> None:
    """gamma comes before whatever is wrong in dx. Is it outlined where it is seen to be wrong?"""
    (graph,) = graph_of(UNNAMED.replace("dgamma = (dout * x_hat)", "dgamma = (dout * 3 * x_hat)"))
    assert [each.name for each in graph.nodes if each.state == "wrong"] == ["gamma"]


@pytest.mark.parametrize(
    ("misconception", "node"),
    [
        ("mean-path-missing", "mu"),
        ("mean-path-missing+dx-gamma-missing", "x_hat"),
        ("variance-path-sum|dx-ddof-one", "sq"),
        ("variance-path-sum|mean-path-sum", ""),
        ("ddof-one+mean-path-missing", ""),
        ("", ""),
    ],
)
def test_node_of_several_mistakes(misconception: str, node: str) -> None:
    """Of two mistakes the first counts; of two explanations neither, unless they agree."""
    assert feedback_plots._first_node(misconception) == node
