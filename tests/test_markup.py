"""HTML and Markdown of a student's on somebody else's screen."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import numpy as np
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_notebook

from grader.course import Course
from grader.markup import clean_html, markdown_html
from grader.nbgrader_app import nbgrader_config

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 2, 2) + b"0" * 20).decode()
FORMGRADER = "nbgrader/server_extensions/formgrader/templates"

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "<svg onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<b style='position:fixed' onclick=alert(1)>100 points</b>",
    '```mermaid\n%%{init: {"securityLevel": "loose"}}%%\n</pre><script>alert(1)</script>\n```',
    "![a](attachment:a.svg)",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_markdown_runs_nothing(text: str) -> None:
    """Can Markdown run a script, cover the page, or load an active picture?"""
    attached = {"a.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}}
    page = markdown_html(text, attached)
    assert "<script" not in page
    assert not any(
        word in page for word in ("onerror", "onload", "onclick", "style=", "javascript:", "<iframe", "svg+xml")
    )


def test_formulas_and_comparisons_stay_readable() -> None:
    """Does `a < b` survive, in a formula and in a sentence?"""
    page = markdown_html("If $a < b$ and $$x_i < y$$ then a < b, **always**.")
    assert page == "<p>If $a &lt; b$ and $$x_i &lt; y$$ then a &lt; b, <strong>always</strong>.</p>\n"


def test_own_pictures_stay_and_others_are_not_fetched() -> None:
    """Are pictures shown that lie in the notebook, and no others asked for?"""
    assert f"data:image/png;base64,{PNG}" in markdown_html("![x](attachment:a.png)", {"a.png": {"image/png": PNG}})
    assert "http" not in markdown_html("![x](http://elsewhere.example/pixel.png)")
    assert clean_html('<img src="http://elsewhere.example/pixel.png" alt="x">') == '<img alt="x">'


def test_pictures_in_addresses_have_a_size_to_show() -> None:
    """Can some kilobytes in a text fill the browser of whoever reads it?"""
    huge = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 100_000, 100_000)).decode()
    for kind, picture in (("png", huge), ("jpeg", huge), ("jpeg", PNG), ("png", "AAAA")):
        url = f"data:image/{kind};base64,{picture}"
        assert clean_html(f'<img src="{url}" alt="x">') == '<img alt="x">'
        assert "data:" not in markdown_html(f"![x]({url})")
        assert "data:" not in markdown_html("![x](attachment:a)", {"a": {f"image/{kind}": picture}})
    assert PNG in (clean_html(f'<img src="data:image/png;base64,{PNG}">') or "")
    assert PNG in markdown_html(f"![x](data:image/png;base64,{PNG})")


def test_large_pictures_of_a_cell_are_shown() -> None:
    """Is a photograph taken for HTML with too many attributes, since its base64 is full of slashes?"""
    photograph = base64.b64encode(base64.b64decode(PNG) + np.random.default_rng(1).bytes(2 << 20)).decode()
    page = markdown_html("**See** ![drawing](attachment:a.png)", {"a.png": {"image/png": photograph}})
    assert "<strong>See</strong>" in page
    assert f'src="data:image/png;base64,{photograph}"' in page


def test_attachments_are_shown_once() -> None:
    """Can a thousand mentions of one picture make a page of gigabytes?"""
    page = markdown_html(
        "![first](attachment:a) ![again](attachment:a) ![b](attachment:b)", {name: {"image/png": PNG} for name in "ab"}
    )
    assert page.count(PNG) == 2
    assert '<img alt="again">' in page


def test_a_missing_attachment_does_not_stop_the_page() -> None:
    """Can one student's cell keep a page from being made?"""
    assert 'alt="drawing"' in markdown_html("![drawing](attachment:gone.png)")


@pytest.mark.parametrize(
    "html",
    [
        "".join(f"<b id={number}><p>x" for number in range(7_000)),
        "<div>" * 20_000,
        "<b>" * 30 + "<p>x" * 4_900,
        "<p " + " ".join(f"a{number}" for number in range(9_000)) + ">",
        "<p/" + "/".join(f"a{number}" for number in range(9_000)) + ">",
        "<p " + "".join(f"a{number}='>'" for number in range(9_000)) + ">",
    ],
    ids=["repeated", "deep", "both", "attributes", "attributes between slashes", "attributes in quotes"],
)
def test_html_that_costs_too_much_is_not_taken_apart(html: str) -> None:
    """Would sanitising a hundred kilobytes take minutes and gigabytes?"""
    assert clean_html(html) is None


@pytest.mark.parametrize("text", ["\\\\[" * 5_000, "\\begin{a}" * 1_000, "$a " * 300, "x" * 30_000])
def test_markdown_that_costs_too_much_is_shown_as_text(text: str) -> None:
    """Would a page with this in it take minutes to make?"""
    assert markdown_html(text) == f"<pre>{text[:20_000]}</pre>"


def test_large_tables_are_no_attack() -> None:
    """Is an honest table of sixty rows and twenty columns kept?"""
    table = "<table>" + "<tr>" + "<td>1.0</td>" * 20 + "</tr>" * 60 + "</table>"
    assert "<td>" in (clean_html(table) or "")


def test_page_of_the_formgrader_uses_it(tiny_course: Course, tmp_path: Path) -> None:
    """Is a script gone where the marker reads answers, beside the marker's own rights on the server?"""
    import nbgrader

    config = nbgrader_config(tiny_course)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(Path(nbgrader.__file__).parents[1] / FORMGRADER)]
    marks = {"nbgrader": {"grade": True, "solution": True, "grade_id": "w", "points": 1, "schema_version": 3}}
    cells = [
        new_markdown_cell("**here** <script>evil()</script>", metadata=marks),
        new_markdown_cell("<img src=x onerror=evil()>"),
    ]
    resources = dict.fromkeys(
        ("base_url", "notebook_path", "submission_id", "notebook_id", "assignment_id", "student"), ""
    )
    page, _ = HTMLExporter(config=config).from_notebook_node(
        new_notebook(cells=cells), resources={**resources, "index": 0, "total": 1}
    )
    assert "<strong>here</strong>" in page
    assert "evil" not in page
