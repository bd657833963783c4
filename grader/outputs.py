"""Outputs that came out of a submission, made safe to show: nothing in them runs, and none is too large.

Plain text loses control characters, HTML goes through nh3, bitmaps have to be bitmaps of a size to show; every other
kind (SVG, Markdown, LaTeX, JavaScript, widgets) is dropped in favour of its plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode

from .bitmaps import BITMAPS, safe_bitmap
from .markup import clean_html

MAX_OUTPUTS = 100  # per cell
MAX_CHARACTERS = 100_000  # of text per output
MAX_HTML = 500_000  # of HTML in the outputs of one cell: sanitising a megabyte takes half a second

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain_text(value: Any, limit: int = MAX_CHARACTERS) -> str:
    """Text without terminal escapes and control characters (tab and newline stay), at most `limit` long."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    if len(value) <= limit and value.replace("\n", "").isprintable():
        return value  # there is nothing to take out
    text = value[: 2 * limit].encode("utf-8", errors="replace").decode("utf-8").replace("\r\n", "\n")
    text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    return text if len(text) <= limit else text[:limit] + "\n… (cut)"


def safe_outputs(raw: Iterable[Any]) -> list[NotebookNode]:
    """Turn what the sandbox or a submitted file calls outputs into nbformat outputs that are safe to render."""
    safe, html = [], 0
    for output in [output for output in list(raw)[:MAX_OUTPUTS] if isinstance(output, dict)]:
        data = output.get("data")
        html += len(plain_text(data.get("text/html"))) if isinstance(data, dict) else 0
        if (node := _safe_output(output, html <= MAX_HTML)) is not None:
            safe.append(node)
    return safe


def letters(output: NotebookNode) -> int:
    """How many characters an output from `safe_outputs` holds."""
    return sum(map(_letters, output.values()))


def _letters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_letters, parts))


def _safe_output(output: dict[str, Any], with_html: bool) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return NotebookNode(output_type="stream", name=name, text=plain_text(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        return NotebookNode(
            output_type="error",
            ename=plain_text(output.get("ename"), 200),
            evalue=plain_text(output.get("evalue"), 2_000),
            traceback=[plain_text(line, 2_000) for line in lines[:100]] if isinstance(lines, list) else [],
        )
    if kind in ("display_data", "execute_result"):
        data = _safe_data(output.get("data"), with_html)
        if not data:
            return None
        node = NotebookNode(output_type=kind, data=NotebookNode(data), metadata=NotebookNode())
        if kind == "execute_result":
            node.execution_count = None
        return node
    return None


def _safe_data(data: Any, with_html: bool) -> dict[str, str]:
    if not isinstance(data, dict):
        return {}
    safe = {}
    for mime in BITMAPS:
        if (image := safe_bitmap(data.get(mime), mime)) is not None:
            safe[mime] = image
    html = None if safe or not with_html else clean_html(plain_text(data.get("text/html")))
    if html:
        safe["text/html"] = html
    if isinstance(data.get("text/plain"), str | list):
        safe["text/plain"] = plain_text(data["text/plain"])
    return safe


def safe_attachments(raw: Any) -> dict[str, dict[str, str]]:
    """Bitmaps attached to a Markdown cell, by file name; everything else about attachments is dropped."""
    safe: dict[str, dict[str, str]] = {}
    if isinstance(raw, dict):
        for name, bundle in list(raw.items())[:MAX_OUTPUTS]:
            if isinstance(name, str) and isinstance(bundle, dict):
                data = {mime: image for mime, image in _safe_data(bundle, False).items() if mime in BITMAPS}
                if data:
                    safe[plain_text(name, 200)] = data
    return safe
