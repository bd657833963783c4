"""What came out of a submission must be harmless in a browser, a spreadsheet and a terminal."""

from __future__ import annotations

import base64
import csv
import io
import struct

import nbformat
import pytest

from grader.outputs import plain_text, safe_attachments, safe_outputs
from grader.summary import harmless

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 2, 2) + b"0" * 20).decode()


def shown(data: dict) -> dict:
    outputs = safe_outputs([{"output_type": "display_data", "data": data, "metadata": {"evil": 1}}])
    return dict(outputs[0].data) if outputs else {}


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<svg onload=x>",
    ],
)
def test_html_loses_what_runs(html: str) -> None:
    """Can an output run a script in the marker's browser?"""
    clean = shown({"text/html": html}).get("text/html", "")
    assert "alert" not in clean
    assert "onload" not in clean


def test_tables_and_bitmaps_stay() -> None:
    """Does honest output survive?"""
    assert shown({"text/html": "<table><tr><td>1</td></tr></table>"})["text/html"].startswith("<table>")
    assert shown({"image/png": PNG, "text/plain": "<Figure>"}) == {"image/png": PNG, "text/plain": "<Figure>"}


@pytest.mark.parametrize("mime", ["image/svg+xml", "text/markdown", "text/latex", "application/javascript"])
def test_active_kinds_are_dropped_for_their_text(mime: str) -> None:
    """Is a kind that can carry script shown as text only?"""
    assert shown({mime: "<script>", "text/plain": "shown"}) == {"text/plain": "shown"}


def test_bitmap_that_is_none_is_dropped() -> None:
    """Can HTML hide behind image/png?"""
    assert shown({"image/png": base64.b64encode(b"<script>").decode()}) == {}
    assert shown({"image/png": '" onerror="alert(1)'}) == {}


def test_terminal_escapes_are_removed() -> None:
    """Can a print move the instructor's cursor or set the window title?"""
    assert plain_text("a\x1b[31mred\x1b[0m\x1b]0;title\x07b\x9b1m\x00") == "aredb1m"


def test_floods_are_cut() -> None:
    """Is any output bounded?"""
    outputs = safe_outputs([{"output_type": "stream", "text": "x" * 10_000_000}] * 10_000)
    assert len(outputs) == 100
    assert len(outputs[0].text) < 110_000


@pytest.mark.parametrize(
    "junk",
    [
        *(None, 3, "x", [], {}, {"output_type": 5}, {"output_type": "error"}),
        {"output_type": "stream", "text": {"a": 1}},
        {"output_type": "display_data", "data": {"text/plain": 3}},
    ],
)
def test_junk_is_no_crash_and_stays_valid(junk: object) -> None:
    """Does any JSON in an output's place leave a valid notebook?"""
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = safe_outputs([junk])
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))


def test_attachments_are_bitmaps_only() -> None:
    """Can an attachment be anything but a picture?"""
    raw = {"a.png": {"image/png": PNG, "text/html": "<script>"}, "b.svg": {"image/svg+xml": "<svg/>"}, "c": 3}
    assert safe_attachments(raw) == {"a.png": {"image/png": PNG}}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_csv_fields_are_no_formulas(text: str) -> None:
    """Would a spreadsheet compute a student's id?"""
    assert harmless(text) == f"'{text}"


def test_picture_that_unpacks_to_gigabytes_is_dropped() -> None:
    """Can a small picture fill the memory of whoever opens the notebook?"""
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 100_000, 100_000)
    jpeg = b"\xff\xd8\xff\xe0\x00\x04\0\0\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 60_000, 60_000)
    small = b"\xff\xd8\xff\xe0\x00\x04\0\0\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 600, 600)
    late = png[:8] + b"\0\0\0\0abCd\0\0\0\0" + png[8:]  # some readers skip a piece in front of the header
    assert shown({"image/png": base64.b64encode(png).decode()}) == {}
    assert shown({"image/png": base64.b64encode(late).decode()}) == {}
    assert shown({"image/jpeg": base64.b64encode(jpeg).decode()}) == {}
    for between in (b"\xff", b"junk", b"\xff\xd0", b"\xff\xc8\x00\x02"):  # readers skip it
        hidden = jpeg[:2] + between + jpeg[2:] if between[0] == 0xFF else jpeg[:8] + between + jpeg[8:]
        assert shown({"image/jpeg": base64.b64encode(hidden).decode()}) == {}
    as_png = b"IHDR" + struct.pack(">II", 1, 1)  # in a JPEG, where a PNG has its header
    two_faced = b"\xff\xd8\xff\xe0\x00\x20JFIF\x00\x01" + as_png.ljust(24, b"\0") + jpeg[8:]
    assert two_faced[12:16] == b"IHDR"
    assert shown({"image/jpeg": base64.b64encode(two_faced).decode()}) == {}
    assert "image/jpeg" in shown({"image/jpeg": base64.b64encode(small).decode()})


def test_html_that_is_costly_to_take_apart_is_shown_as_text() -> None:
    """Can an output keep the grader busy for minutes?"""
    tangle = "".join(f"<b id={number}><p>x" for number in range(7_000))
    assert shown({"text/html": tangle, "text/plain": "shown"}) == {"text/plain": "shown"}


def test_csv_fields_are_no_formulas_at_other_separators() -> None:
    """Where a spreadsheet splits at semicolons, does a formula begin in the middle of a name?"""
    assert harmless("eve;=1+1") == "eve;'=1+1"
    assert harmless("Anna-Lena; B.") == "Anna-Lena; B."
    assert harmless("x[1, 2] = 3, -1") == "x[1, 2] = 3, -1"


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A1", "+1", "-1", "@x", "＝1"])
@pytest.mark.parametrize("before", ['"', '""', ' "', '" "'])
def test_csv_fields_are_no_formulas_behind_quotes(before: str, formula: str) -> None:
    """Where a spreadsheet splits at semicolons, does a quote in a text become the quote of a field with a formula?"""
    stream = io.StringIO()
    csv.writer(stream).writerow(["bob", harmless(f"x;{before}{formula};y"), harmless(f"{before}{formula}")])
    for separator in ";,\t":
        for field in next(csv.reader([stream.getvalue()], delimiter=separator)):
            assert field.lstrip()[:1] not in ("=", "+", "-", "@", "＝"), field


def test_html_of_a_cell_is_rationed() -> None:
    """Can a hundred outputs, each just below what one may cost, keep the grader busy together?"""
    table = {"output_type": "display_data", "data": {"text/html": "<p>x</p>" * 2_400, "text/plain": "shown"}}
    kinds = [set(output.data) for output in safe_outputs([table] * 100)]
    assert kinds[0] == {"text/html", "text/plain"}
    assert kinds[-1] == {"text/plain"}
    assert sum("text/html" in kind for kind in kinds) * 2_400 * 8 <= 500_000
