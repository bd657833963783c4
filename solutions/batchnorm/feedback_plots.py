"""Pictures for the student's page: what the functions do to public inputs, and where the backward graph goes wrong.

    histograms    a feature before and after train mode, beside what is wanted
    curves        running_mean and running_var, call by call with one batch, beside the closed form (1 - m^t) b
    graph         the graph of section 4, the first node with a wrong gradient outlined

Nothing hidden is in them: the inputs are drawn here with a fixed seed or lie in the public fixtures, and the graph
says no more than the names of the mistakes say.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import checks
import numpy as np
from check_answer import numbers, require_shape
from check_call import Problem
from plots import NODES

from grader.checking import CaseFailed, Student
from grader.plots import Chart, Graph, Node, Plot, Series
from grader.verdict import CaseResult, Status
from solutions.batchnorm.reading import say

PEOPLE = 300
EDGES = np.linspace(-2.0, 4.0, 19)  # of the standardised feature: exponential, so it begins at -1
MOMENTUM = 0.7
CALLS = 10
BATCH = np.arange(1.0, 6.0)[:, np.newaxis] / 2.0  # mean 1.5, variance 0.5: a start at 1, a root, N - 1 all show
EPS = 0.1
BACKWARD = ("out", "beta", "gamma", "x_hat", "inv_std", "std", "var", "sq", "xmu", "mu", "x")  # the way back
FIRST_NODE = {
    "dout-ignored": "out",
    "dx-gamma-missing": "x_hat",
    "variance-sum-missing": "inv_std",
    "backward-eps-omitted": "std",
    "backward-eps-outside": "std",
    "backward-eps-hard-coded": "std",
    "dx-std-missing": "std",
    "dx-std-squared": "std",
    "dstd-divided-once": "std",
    "variance-path-sign": "std",
    "variance-path-missing": "var",
    "only-direct-path": "var",
    "variance-path-doubled": "var",
    "dx-sum-not-mean": "sq",
    "dx-divides-by-columns": "sq",
    "dx-ddof-one": "sq",
    "variance-path-sum": "sq",
    "variance-path-ddof-one": "sq",
    "variance-path-halved": "xmu",
    "n-times-dout-missing": "xmu",
    "mean-path-missing": "mu",
    "mean-path-sign": "mu",
    "mean-path-sum": "x",
    "dx-times-n": "x",
}
"""The node at which a mistake in dx comes in, on the way back."""


def make_plots(student: Student, results: Sequence[CaseResult]) -> Iterator[Plot]:
    """The pictures of one submission, as far as its functions get."""
    try:
        yield from histograms(student)
        yield from running_curves(student)
    except (CaseFailed, Problem):
        pass  # train mode raises, or returns something else: the page says so in words
    judged = [each for each in results if each.cell in ("backward_visible", "backward_hidden")]
    if not all(each.status is Status.PASS for each in judged):
        yield from backward_graph(own_nodes(student), results)


def histograms(student: Student) -> Iterator[Chart]:
    """One skewed feature before and after: wanted is mean 0 and spread 1, in a histogram of the same shape."""
    feature, edges, bars_before, moments = _skewed_feature()
    result = student["batchnorm_forward"](feature.copy(), np.ones(1), np.zeros(1), {"mode": "train"})
    out = result[0] if isinstance(result, tuple | list) and result else result
    found = numbers("out", out, feature.shape).astype(float)
    cell, bars, label = "forward_train_visible", True, say("plot_x")
    before = Series(label, bars_before)
    yield Chart(cell, say("plot_before"), say("plot_before_alt", **moments), bars, label, edges, (before,))
    yield Chart(
        cell, say("plot_after"), say("plot_after_alt", **_moments(found)), bars, "out",
        tuple(EDGES), (Series(say("plot_yours"), _counts(found)), Series(say("plot_wanted"), bars_before)),
    )  # fmt: skip


@functools.cache
def _skewed_feature() -> tuple[np.ndarray, tuple[float, ...], tuple[float, ...], dict[str, str]]:
    """The feature, the edges of its bars, their heights, and its mean and spread in words: the same for everybody."""
    feature = np.random.default_rng(1).exponential(30_000.0, (PEOPLE, 1))
    mean, std = feature.mean(), feature.std()
    return feature, tuple(EDGES * std + mean), _counts((feature - mean) / std), _moments(feature)


def _counts(values: np.ndarray) -> tuple[float, ...]:
    """How many values lie between two EDGES; those beyond count at the ends, those that are no number nowhere."""
    inside = np.clip(values[np.isfinite(values)], EDGES[0], EDGES[-1])
    return tuple(float(count) for count in np.histogram(inside, EDGES)[0])


def _moments(values: np.ndarray) -> dict[str, str]:
    with np.errstate(all="ignore"):
        return {"mean": _short(values.mean()), "std": _short(values.std())}


def _short(value: Any) -> str:
    return "0" if abs(value) < 5e-4 else f"{value:.3g}" if abs(value) < 1e3 else f"{value:.0f}"[:12]


def running_curves(student: Student) -> Iterator[Chart]:
    """Both running values of one feature through CALLS train calls with the same batch, in units of the batch's."""
    x, gamma, beta = BATCH, np.ones(1), np.zeros(1)
    batch = {"running_mean": x.mean(), "running_var": x.var()}
    seen: dict[str, list[float]] = {key: [0.0] for key in batch}
    bn_param: dict[str, Any] = {"eps": EPS, "momentum": MOMENTUM}
    for _ in range(CALLS):
        bn_param["mode"] = "train"
        student["batchnorm_forward"](x.copy(), gamma.copy(), beta.copy(), bn_param)
        for key, of_batch in batch.items():
            seen[key].append(float(numbers(key, bn_param.get(key, np.zeros(1)), (1,))[0]) / float(of_batch))
    calls = tuple(float(call) for call in range(CALLS + 1))
    wanted = tuple(1.0 - MOMENTUM**call for call in calls)
    for key, shares in seen.items():
        alt = say("plot_running_alt", name=key, calls=CALLS, got=_short(shares[-1]), wanted=_short(wanted[-1]))
        series = (Series(say("plot_yours"), tuple(shares)), Series(say("plot_closed_form"), wanted))
        title = say("plot_running", name=key, momentum=MOMENTUM)
        yield Chart("running_stats_visible", title, alt, False, say("plot_calls"), calls, series)


@dataclass(frozen=True)
class Nodes:
    """What is known about the gradients at the nodes. `first` is the first wrong one on the way back, "" if unknown."""

    right: frozenset[str]
    first: str


def own_nodes(student: Student) -> Nodes | None:
    """From the student's own `grads` of section 4, on the public example. None where nothing is filled in."""
    try:
        grads = student["grads"]
    except CaseFailed:
        return None
    if not isinstance(grads, dict) or not any(grads.get(name) is not None for name in checks.NODES):
        return None
    states = {name: _is_right(name, grads.get(name)) for name in checks.NODES}
    first = next((_node(name) for name, right in states.items() if right is False), "")
    boxes = {_node(name) for name in states}
    right = {box for box in boxes if all(states[name] for name in states if _node(name) == box)}
    return Nodes(frozenset(right | {"out"}), first) if first else None


def _node(gradient: str) -> str:
    """`dxmu1` belongs to `xmu`."""
    return gradient.removeprefix("d").rstrip("12")


def _is_right(name: str, value: Any) -> bool | None:
    """None where the gradient is not filled in."""
    if value is None:
        return None
    example = checks.public("backward")
    expected, scale = getattr(example, name), getattr(example, f"{name}_scale")
    try:
        require_shape(name, value, expected.shape)
    except Problem:
        return False
    return bool(np.all(checks.times_tolerance(value, expected, scale, n=len(example.x)) <= 1.0))


def nodes_of(results: Sequence[CaseResult]) -> Nodes | None:
    """From what the hidden tests found.

    None where they do not tell: backward is right there or no numbers could be compared, the forward pass in front of
    it is wrong, or nothing but dx is wrong and its mistake has no name.
    """
    found = {part: _case(results, f"backward_hidden/{part}") for part in ("dbeta", "dgamma", "dx")}
    wrong = {part: case for part, case in found.items() if case is not None and case.status is Status.FAIL}
    right = {_node(part) for part, case in found.items() if case is not None and case.status is Status.PASS}
    forward = _case(results, "forward_train_hidden/ordinary")
    if forward is None or forward.status is not Status.PASS or any(case.ratio is None for case in wrong.values()):
        return None
    known = [_first_node(case.misconception or "") if part == "dx" else _node(part) for part, case in wrong.items()]
    first = min(filter(None, known), key=BACKWARD.index, default="")
    if not first:
        return None
    before = BACKWARD[3 : max(BACKWARD.index(first), 3)] if "x" not in right and first != "x" else ()
    everything = BACKWARD if "x" in right else ()
    return Nodes(frozenset({"out", *right, *before, *everything}) - {first, *map(_node, wrong)}, first)


def _first_node(misconception: str) -> str:
    """Where a mistake in dx comes in: "a+b" is both, "a|b" either. "" where no node, or more than one, is told."""
    nodes = [{FIRST_NODE.get(name, "") for name in names.split("+")} for names in misconception.split("|")]
    firsts = {min(each, key=BACKWARD.index) if "" not in each else "" for each in nodes}
    return firsts.pop() if len(firsts) == 1 else ""


def _case(results: Sequence[CaseResult], name: str) -> CaseResult | None:
    return next((each for each in results if each.id == name), None)


def backward_graph(own: Nodes | None, results: Sequence[CaseResult]) -> Iterator[Graph]:
    nodes = own or nodes_of(results)
    if nodes is None:
        return
    alt = say("plot_graph_own_alt" if own else "plot_graph_alt", node=nodes.first)
    boxes = tuple(
        Node(name, column, row, "wrong" if name == nodes.first else "right" if name in nodes.right else "open")
        for name, column, row, _, _ in NODES
    )
    arrows = tuple((start, name) for name, _, _, _, origin in NODES for start in origin)
    yield Graph("backward_visible", say("plot_graph"), alt, boxes, arrows)
