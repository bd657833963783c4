"""What a page takes from an autograded notebook: answers, written answers, and what the student's cells showed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup
from nbformat import NotebookNode

from ..markup import markdown_html
from ..messages import catalogue, languages
from ..release import is_experiment, is_locked, is_solution, is_test, nbgrader_metadata

# what grading puts in front of the outputs of an experiment
AS_SUBMITTED = frozenset(catalogue(language)("verdict.as_submitted") + "\n" for language in languages())
MAX_TEXT = 1_500  # characters of one printed output
MAX_OUTPUTS = 40  # of the whole notebook
MAX_LINE = 80  # characters of a cell's first line, by which it can be found

_BITMAPS = ("image/png", "image/jpeg")


@dataclass(frozen=True, slots=True)
class Output:
    """One thing a cell showed: an image (`mime`, base64 `data`), or text.

    `line` is the first line of a cell that ended in an error.
    """

    text: str = ""
    mime: str = ""
    data: str = ""
    cut: bool = False
    as_submitted: bool = False
    line: str = ""


def title_of(notebook: NotebookNode, otherwise: str) -> str:
    """The level-1 heading of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return otherwise


def section_headings(notebook: NotebookNode) -> list[tuple[str, NotebookNode]]:
    """(nearest level-2 heading above, cell) for every cell, in order."""
    heading = ""
    placed = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not is_solution(cell):
            headings = [line[3:].strip() for line in cell.source.splitlines() if line.startswith("## ")]
            heading = headings[-1] if headings else heading
        placed.append((heading, cell))
    return placed


def question_headings(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """{grade_id: heading of the question} of the answers in one section, "" where there is none.

    It is the nearest one above: a heading of level 3 to 6, or the bold words that a cell begins with.
    """
    heading = ""
    found = {}
    for cell in cells:
        if is_solution(cell):
            found[grade_id_of(cell)] = heading
        elif cell.cell_type == "markdown":
            headings = _HEADING.findall(cell.source)
            heading = "".join(headings[-1]).strip() if headings else heading
    return found


_HEADING = re.compile(r"^#{3,6} +(.+)|\A\*\*([^*\n]+)\*\*", re.MULTILINE)


def shown_outputs(cell: NotebookNode) -> list[Output]:
    """The outputs of a student's own cell. Locked cells and test cells are the author's and show nothing here."""
    if cell.cell_type != "code" or is_test(cell) or is_locked(cell):
        return []
    submitted = is_experiment(cell)
    line = next((line for line in cell.source.splitlines() if line.strip()), "").strip()[:MAX_LINE]
    return [shown for output in cell.outputs if (shown := _shown(output, submitted, line)) is not None]


def _shown(output: NotebookNode, submitted: bool, line: str) -> Output | None:
    if output.output_type == "stream":
        text = "" if submitted and output.text in AS_SUBMITTED else output.text
    elif output.output_type == "error":
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
    else:
        for mime in _BITMAPS:
            if mime in output.data:
                return Output(mime=mime, data="".join(output.data[mime]), as_submitted=submitted)
        text = output.data.get("text/plain", "")
    text = "".join(text).strip("\n")
    if not text:
        return None
    at = line if output.output_type == "error" else ""
    return Output(text=text[:MAX_TEXT], cut=len(text) > MAX_TEXT, as_submitted=submitted, line=at)


def written_html(cell: NotebookNode) -> Markup:
    """A written answer as safe HTML: Markdown as the notebook shows it, images only where they lie in the cell."""
    return _with_own_images(markdown_html(cell.source, cell.get("attachments"), _TAGS))


def comment_html(text: str) -> Markup:
    """A marker's comment, written in Markdown."""
    return _with_own_images(markdown_html(text, tags=_TAGS))


def _with_own_images(html: Markup) -> Markup:
    return Markup(_IMAGE.sub(_kept_image, html))  # noqa: S704  (safe already; images are taken out or get a text)


_IMAGE = re.compile(r'<img(?:\s+[\w-]+="[^"]*")*\s*/?>')


def _kept_image(found: re.Match[str]) -> str:
    """An image of the cell's own, with an alternative text; "" for one that would have to be fetched."""
    tag = found[0]
    if ' src="' not in tag:
        return ""
    return tag if ' alt="' in tag else tag.replace("<img", '<img alt=""', 1)


# headings would disturb the page's own order of headings; everything that loads or runs is left out
_TAGS = {
    "p", "br", "hr", "em", "strong", "b", "i", "u", "s", "del", "sub", "sup", "code", "pre", "kbd", "blockquote",
    "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "span", "div",
}  # fmt: skip


def grade_id_of(cell: NotebookNode) -> str:
    return nbgrader_metadata(cell).get("grade_id", "")
