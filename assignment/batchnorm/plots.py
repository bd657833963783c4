"""Pictures of the notebook: shown with a text for those who do not see them. Matplotlib is imported when needed."""

import io
import itertools

import numpy as np
from check_backward import gradient_ratios
from check_call import Problem
from check_table import times
from check_text import say

# node, column, row, shape, what it is made from: the forward pass of section 4 from left to right
NODES = (
    ("x", 0, 1, "(N, D)", ()),
    ("mu", 1, 0, "(D,)", ("x",)),
    ("xmu", 2, 1, "(N, D)", ("x", "mu")),
    ("sq", 3, 0, "(N, D)", ("xmu",)),
    ("var", 4, 0, "(D,)", ("sq",)),
    ("std", 5, 0, "(D,)", ("var",)),
    ("inv_std", 6, 0, "(D,)", ("std",)),
    ("x_hat", 7, 1, "(N, D)", ("xmu", "inv_std")),
    ("out", 8, 1, "(N, D)", ("x_hat", "gamma", "beta")),
    ("gamma", 7, 2, "(D,)", ()),
    ("beta", 8, 2, "(D,)", ()),
)
STYLES = ("o-", "s--", "^:", "D-.", "v-", "x--")  # marker and line: colour is never the only difference
STEP_X, STEP_Y, WIDTH, HEIGHT = 96, 92, 68, 44


def show(fig, alt):
    """Show a Matplotlib figure with a text that says what can be seen in it, and close it."""
    import matplotlib.pyplot as plt
    from IPython.display import display

    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=100)
    plt.close(fig)
    bundle = {"image/png": file.getvalue(), "text/plain": f"[{alt}]"}
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)


def lines(x, series, xlabel, ylabel, *, log_x=False, log_y=False, title=""):
    """Draw each series {label: values} against x, tell them apart by marker too, and say all numbers as text.

    A value None is left out. `log_x`, `log_y` choose logarithmic axes.
    """
    import matplotlib.pyplot as plt

    fig, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for (label, values), style in zip(series.items(), STYLES, strict=False):
        points = [(a, b) for a, b in zip(x, values, strict=False) if b is not None]
        few = len(points) <= 15
        axis.plot(*zip(*points, strict=True), style if few else style[1:], label=label, markersize=6)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if log_x:
        axis.set_xscale("log")
    if log_y:
        axis.set_yscale("log")
    axis.grid(alpha=0.3)
    fig.legend(loc="outside right upper")  # beside the lines: within, it would lie on some of them
    show(fig, say("lines.alt", xlabel=xlabel, ylabel=ylabel, labels="; ".join(series)))
    if len(x) <= 15:
        print(table_of(x, series, xlabel))


def table_of(x, series, xlabel):
    """The numbers behind a picture, one series a line."""

    def aligned(words, side):
        width = max(map(len, words))
        return [f"{word:{side}{width}s}" for word in words]

    columns = [aligned([xlabel, *series], "<")]
    for values in itertools.zip_longest(x, *series.values()):
        columns.append(aligned(["" if value is None else f"{value:.4g}" for value in values], ">"))
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


class ComputationGraph:
    """The computation graph of section 4, drawn as SVG; as text, one node a line."""

    def __repr__(self):
        lines = [f"{name:8s}{shape:8s}" + (say("graph.from", nodes=", ".join(origin)) if origin else say("graph.given"))
                 for name, _, _, shape, origin in NODES]  # fmt: skip
        return "\n".join([say("graph.title"), *(line.rstrip() for line in lines)])

    def _repr_svg_(self):
        place = {name: (30 + column * STEP_X, 24 + row * STEP_Y) for name, column, row, _, _ in NODES}
        width, height = 30 + 9 * STEP_X, 24 + 2 * STEP_Y + HEIGHT + 44
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-labelledby="graph-title graph-text" font-family="sans-serif">',
            f'<title id="graph-title">{say("graph.title")}</title><desc id="graph-text">{self!r}</desc>',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 L8 4 L0 8 z" fill="#444"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',  # a card of its own: readable on any page
        ]
        parts += [arrow(place[start], place[name]) for name, _, _, _, origin in NODES for start in origin]
        parts += [box(name, shape, *place[name], learned=name in ("gamma", "beta")) for name, _, _, shape, _ in NODES]
        text = say("graph.backward")
        parts.append(
            f'<text x="{width / 2}" y="{height - 14}" font-size="13" text-anchor="middle" fill="#333">{text}</text>'
        )
        return "".join([*parts, "</svg>"])


def arrow(start, end):
    """A line from the border of one box to the border of another."""
    (x0, y0), (x1, y1) = ((x + WIDTH / 2, y + HEIGHT / 2) for x, y in (start, end))
    share = min(WIDTH / 2 / max(abs(x1 - x0), 1e-9), HEIGHT / 2 / max(abs(y1 - y0), 1e-9))
    dx, dy = (x1 - x0) * share, (y1 - y0) * share
    return (
        f'<line x1="{x0 + dx:.1f}" y1="{y0 + dy:.1f}" x2="{x1 - dx:.1f}" y2="{y1 - dy:.1f}" '
        'stroke="#444" stroke-width="1.5" marker-end="url(#tip)"/>'
    )


def box(name, shape, x, y, learned):
    """A node with its name and shape; what is learned has round corners and another colour."""
    fill, radius = ("#fdf0dc", 18) if learned else ("#e7f0fa", 4)
    middle = x + WIDTH / 2
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="{radius}" fill="{fill}" stroke="#555"/>'
        f'<text x="{middle}" y="{y + 19}" font-size="14" text-anchor="middle" fill="#111">{name}</text>'
        f'<text x="{middle}" y="{y + 36}" font-size="11" text-anchor="middle" fill="#444">{shape}</text>'
    )


def heat_map(batchnorm_forward, batchnorm_backward):
    """Show where dx is wrong in the public example of section 4: a tick, or how many times the tolerance it misses.

    What is written into the picture is the same in all languages: not every machine has Korean or Chinese glyphs.
    """
    import matplotlib.pyplot as plt

    try:
        ratios = gradient_ratios(batchnorm_forward, batchnorm_backward)
    except Problem as problem:
        print(say("waits", message=problem.message.rstrip(".。")))
        return
    powers = np.log10(np.clip(np.nan_to_num(ratios, posinf=1e18), 1e-3, 1e18))
    fig, axis = plt.subplots(figsize=(5.5, 4), layout="constrained")
    image = axis.imshow(powers, aspect="auto", cmap="cividis", vmin=-3, vmax=max(3.0, powers.max()))
    wrong = ratios > 1.0
    for (row, column), ratio in np.ndenumerate(ratios):
        word = "✓" if not wrong[row, column] else f"✗ {times(ratio)}" if np.isfinite(ratio) else "✗"
        axis.text(column, row, word, ha="center", va="center", color="black", fontsize=9, family="DejaVu Sans",
                  bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5})  # fmt: skip
    axis.set(xticks=range(powers.shape[1]), yticks=range(powers.shape[0]), title="dx[i, j]", xlabel="j")
    axis.set_ylabel("i", rotation="horizontal", labelpad=10)
    fig.colorbar(image, label="log10(|error| / tolerance)")
    rows, columns = np.flatnonzero(wrong.all(axis=1)), np.flatnonzero(wrong.all(axis=0))
    message = say(
        "heat.summary",
        wrong=int(wrong.sum()),
        all=wrong.size,
        rows=list(map(int, rows)),
        columns=list(map(int, columns)),
    )
    show(fig, message)
    print(message)
