"""The bundled sample class: who hands in what. A fresh clone grades these, so that there is something to see.

Each entry builds one submission from the released notebook: from the reference, from a wrong solution of `mutants/`, or
by breaking a notebook the way students and their tools do.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from grader.fill import fill

HERE = Path(__file__).resolve().parent
REFERENCE = (HERE / "reference.py").read_text(encoding="utf-8")

ONE_LINE_STYLE = """
def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    zeros = np.zeros(x.shape[1], x.dtype)
    mean, var = (bn_param.get(key, zeros) for key in ("running_mean", "running_var"))
    if mode == "test":
        return gamma * (x - mean) / np.sqrt(var + eps) + beta, None
    if mode != "train":
        raise ValueError("mode is neither train nor test")
    mu, v = np.einsum("nd->d", x) / len(x), ((x - x.mean(axis=0)) ** 2).mean(axis=0)
    bn_param.update(running_mean=momentum * mean + (1 - momentum) * mu, running_var=momentum * var + (1 - momentum) * v)
    inv = (v + eps) ** -0.5
    return gamma * (x - mu) * inv + beta, {"x_hat": (x - mu) * inv, "inv": inv, "gamma": gamma}


def batchnorm_backward(dout, cache):
    x_hat, inv, gamma = cache["x_hat"], cache["inv"], cache["gamma"]
    dbeta, dgamma = dout.sum(axis=0), (dout * x_hat).sum(axis=0)
    return gamma * inv * (dout - (dbeta + x_hat * dgamma) / len(dout)), dgamma, dbeta


batchnorm_backward_alt = batchnorm_backward
"""

Builder = Callable[[NotebookNode], NotebookNode | bytes]


WRITTEN = {
    "written_init_scale": "With small weights every layer makes the activations smaller, until almost nothing arrives "
    "at the end. Batch norm divides by the spread of its batch, so ten times larger weights give the same output.",
    "written_batch_size": "With two examples in a batch, each feature becomes about -1 and 1, whatever the values "
    "were. For the largest batches there are fewer steps in as many epochs, so that is not batch norm's fault.",
    "written_test_mode": "A single picture at test time has no batch to be normalised with: with its own mean it "
    "becomes exactly beta. So training keeps running averages, and test mode uses those.",
    "written_why_it_works": "The paper says that the inputs of a layer move less. In 6.9 they moved more, because of "
    "the noise, and it still trained well; but the loss along a step was smoother. So I believe the second one.",
}


def solved(notebook: NotebookNode) -> NotebookNode:
    """Everything right, and an answer in words that waits for a marker."""
    filled = fill(notebook, REFERENCE)
    for name, cell in answers(filled).items():
        cell.source = WRITTEN.get(name, cell.source)
    return filled


def solved_in_one_line_style(notebook: NotebookNode) -> NotebookNode:
    return fill(notebook, ONE_LINE_STYLE, fallback=REFERENCE)


def untouched(notebook: NotebookNode) -> NotebookNode:
    return notebook


def mistake(name: str) -> Builder:
    """The reference with one mistake in it."""
    source = (HERE / "mutants" / f"{name}.py").read_text(encoding="utf-8")
    return lambda notebook: fill(notebook, source, fallback=REFERENCE)


def half_done(notebook: NotebookNode) -> NotebookNode:
    """Forward is written, both backwards are still stubs."""
    filled, stubs = solved(notebook), answers(notebook)
    for name in ("batchnorm_backward", "batchnorm_backward_alt"):
        answers(filled)[name].source = stubs[name].source
    return filled


def answers(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Answer cells by grade_id."""
    marked = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    return {name: cell for name, cell in marked.items() if name and cell.metadata.nbgrader.get("solution")}


def syntax_error(notebook: NotebookNode) -> NotebookNode:
    """A slip of the keyboard in backward, as found in real code."""
    filled = solved(notebook)
    cell = answers(filled)["batchnorm_backward"]
    cell.source = cell.source.replace("dout", "dou t", 3)
    return filled


def endless_loop(notebook: NotebookNode) -> NotebookNode:
    """Everything is right, and a cell at the end never stops."""
    filled = solved(notebook)
    filled.cells.append(new_code_cell("step = 0\nwhile step < 100:\n    loss = step ** 2", id="training"))
    return filled


def memory_hog(notebook: NotebookNode) -> NotebookNode:
    """Backward builds an N x N x huge array on the way."""
    filled = solved(notebook)
    cell = answers(filled)["batchnorm_backward"]
    cell.source += "\n\n\ndef batchnorm_backward(dout, cache):\n    return np.ones((1 << 20, 1 << 14)) @ dout\n"
    return filled


def deleted_cells(notebook: NotebookNode) -> NotebookNode:
    """Two graded cells were deleted by accident."""
    filled = solved(notebook)
    gone = {"running_stats_hidden", "backward_visible"}
    filled.cells = [cell for cell in filled.cells if cell.metadata.get("nbgrader", {}).get("grade_id") not in gone]
    return filled


def duplicated_cell(notebook: NotebookNode) -> NotebookNode:
    """The answer cell was copied, ids and all; the first copy is an early attempt."""
    filled = solved(notebook)
    cell = answers(filled)["batchnorm_backward_alt"]
    early = copy.deepcopy(cell)
    early.source = "def batchnorm_backward_alt(dout, cache):\n    return dout, dout.sum(axis=0), dout.sum(axis=0)"
    filled.cells.insert(filled.cells.index(cell), early)
    return filled


def without_metadata(notebook: NotebookNode) -> NotebookNode:
    """Saved by a tool that keeps neither cell ids nor nbgrader's metadata."""
    filled = solved(notebook)
    for cell in filled.cells:
        cell.metadata = NotebookNode()
        cell.pop("id", None)
    return filled


def not_json(notebook: NotebookNode) -> bytes:
    """The code was pasted into a text file that was then called .ipynb."""
    return REFERENCE.split('"""', 2)[-1].encode()


def empty(notebook: NotebookNode) -> bytes:
    return b""


CLASS: tuple[Builder, ...] = (
    solved,
    solved_in_one_line_style,
    untouched,
    half_done,
    mistake("test_no_eps"),
    mistake("eps_outside_root"),
    mistake("momentum_swapped"),
    mistake("variance_path_missing"),
    mistake("dgamma_keepdims"),
    mistake("no_update"),
    mistake("normalises_in_place"),
    mistake("swapped_and_eps_in_running_var"),
    syntax_error,
    endless_loop,
    memory_hog,
    deleted_cells,
    duplicated_cell,
    without_metadata,
    not_json,
    empty,
)


def make_submissions(notebook: NotebookNode, *, endless: bool = True) -> dict[str, bytes]:
    """Return {student id: bytes of the submitted notebook}, built from the released one.

    Without `endless`, the one that never stops is left out, for those who measure.
    """
    submissions = {}
    for number, build in enumerate((build for build in CLASS if endless or build is not endless_loop), start=1):
        made = build(nbformat.from_dict(notebook))
        submissions[f"s{number:02}"] = made if isinstance(made, bytes) else json.dumps(made, indent=1).encode()
    return submissions
