"""Can pictures be read by those who do not see them, and do they show something?"""

import io
import re
import tomllib
import xml.etree.ElementTree as ElementTree

import check_text
import checks
import matplotlib
import numpy as np
import plots
import pytest

from solutions.batchnorm import reference

from . import notebook

matplotlib.use("agg")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def shown(monkeypatch):
    """What was sent to the notebook: (bundle, metadata) pairs."""
    import IPython.display

    sent = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, metadata, raw: sent.append((bundle, metadata)))
    return sent


def colours(png):
    import matplotlib.image

    return np.unique(matplotlib.image.imread(io.BytesIO(png)).reshape(-1, 4), axis=0)


def test_graph_is_valid_svg_with_title_and_text():
    """Does the drawing parse, name itself, and hold every node with an arrow for each thing it is made from?"""
    root = ElementTree.fromstring(plots.ComputationGraph()._repr_svg_())  # noqa: S314  we made it ourselves
    assert root.get("role") == "img"
    title, text = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert {title.get("id"), text.get("id")} == set(root.get("aria-labelledby").split())
    drawn = {element.text for element in root.iter(f"{SVG}text")}
    assert {name for name, *_ in plots.NODES} <= drawn
    arrows = list(root.iter(f"{SVG}line"))
    assert len(arrows) == sum(len(origin) for *_, origin in plots.NODES)


def test_graph_as_text_says_what_is_made_from_what():
    """Is the same to be read where no picture is shown?"""
    text = repr(plots.ComputationGraph())
    assert "x_hat   (N, D)  from xmu, inv_std" in text
    assert len(text.splitlines()) == 1 + len(plots.NODES)


def test_graph_has_the_nodes_of_the_check():
    """Are the nodes of the picture those whose gradients the scratch cell compares?"""
    names = {name for name, *_ in plots.NODES}
    assert names - {"x"} <= {name.rstrip("12").removeprefix("d") for name in checks.NODES} | {"out"}


def test_a_line_chart_comes_with_text_and_numbers(shown, capsys):
    """Are there an image that is not empty, a text for it, and the numbers themselves?"""
    plots.lines([1, 2, 4], {"with": [0.5, 0.75, None], "without": [0.1, 0.2, 0.3]}, "rate", "accuracy", log_x=True)
    ((bundle, metadata),) = shown
    assert "accuracy against rate: with; without" in metadata["image/png"]["alt"]
    assert metadata["image/png"]["alt"] in bundle["text/plain"]
    assert len(colours(bundle["image/png"])) > 10
    assert "0.75" in capsys.readouterr().out


def test_numbers_stand_in_columns_however_long_they_are():
    """Can a small number be read below a large one, and may a training that exploded end early?"""
    table = plots.table_of([1, 2, 3], {"with": [3.8e-9, 0.5, 12], "without": [0.25, None]}, "layer")
    assert table.splitlines() == [
        "layer          1    2   3",
        "with     3.8e-09  0.5  12",
        "without     0.25",
    ]


def test_heat_map_names_the_wrong_column(shown, capsys):
    """Does a mistake in one column show as one column, in words as well?"""

    def backward(dout, cache):
        dx, dgamma, dbeta = reference.batchnorm_backward(dout, cache)
        dx[:, 1] *= 1.01
        return dx, dgamma, dbeta

    plots.heat_map(reference.batchnorm_forward, backward)
    assert "5 of 15 elements of dx are wrong; wholly wrong rows: [], columns: [1]." in capsys.readouterr().out
    assert len(shown) == 1


def test_heat_map_marks_what_is_right_and_says_how_wrong_the_rest_is(monkeypatch):
    """Is a right element ticked, and a wrong one crossed with its error beside it?"""
    figures = []
    monkeypatch.setattr(plots, "show", lambda fig, alt: figures.append(fig))

    def backward(dout, cache):
        dx, dgamma, dbeta = reference.batchnorm_backward(dout, cache)
        dx[2], dx[3, 1] = 1.0, np.nan
        return dx, dgamma, dbeta

    plots.heat_map(reference.batchnorm_forward, backward)
    words = np.array([text.get_text() for text in figures[0].axes[0].texts]).reshape(5, 3)
    assert set(words[[0, 1, 4]].flat) == {"✓"}
    assert all(re.fullmatch(r"✗ \de\d+", word) for word in words[2])
    assert list(words[3]) == ["✓", "✗", "✓"]


@pytest.mark.parametrize("language", ["ko", "zh"])
def test_heat_map_needs_no_glyphs_of_its_language(shown, monkeypatch, language):
    """Is nothing drawn that the font of Matplotlib lacks? It would warn, and draw boxes."""
    path = notebook.ROOM / "translations" / f"{language}.toml"
    monkeypatch.setattr(check_text, "TEXT", tomllib.loads(path.read_text(encoding="utf-8"))["texts"])
    plots.heat_map(reference.batchnorm_forward, reference.batchnorm_backward)
    ((_, metadata),) = shown
    assert not metadata["image/png"]["alt"].isascii()


def test_the_legend_lies_beside_the_lines(monkeypatch):
    """Is no part of a line hidden, wherever the lines run?"""
    figures = []
    monkeypatch.setattr(plots, "show", lambda fig, alt: figures.append(fig))
    plots.lines([1, 2], {"falls": [1, 0], "rises": [0, 1], "stays": [0.5, 0.5]}, "x", "y")
    figures[0].draw_without_rendering()
    (axis,), (legend,) = figures[0].axes, figures[0].legends
    assert axis.get_legend() is None
    assert not axis.get_window_extent().overlaps(legend.get_window_extent())


def test_heat_map_waits_for_a_function(shown, capsys):
    """Does it say in a friendly way that there is nothing to draw yet?"""

    def not_yet(*_):
        raise NotImplementedError

    plots.heat_map(reference.batchnorm_forward, not_yet)
    assert "batchnorm_backward is not written yet" in capsys.readouterr().out
    assert shown == []
