"""The table a check returns: one row per thing that was looked at, as plain text and as HTML."""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass

from check_text import say

TINT = {"PASS": "#2e9e4f", "NOT_ATTEMPTED": "#808080"}  # beside the word, never instead of it
OTHER_TINT = "#d1602f"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at.

    `status` is PASS, FAIL, ERROR (your code raised, or what it returned cannot be read), NOT_ATTEMPTED,
    or BLOCKED (an earlier function failed, so this one cannot be reached). `ratio` is the worst error divided
    by what is allowed, `where` the index of the worst element, `got` and `expected` the two numbers there.
    `relative_error` is max |a - b| / max(1e-8, |a| + |b|), known from other courses; it decides nothing.
    """

    name: str
    title: str
    status: str
    points: float
    max_points: float
    message: str = ""
    hint: str = ""
    ratio: float | None = None
    where: str | None = None
    got: str | None = None
    expected: str | None = None
    relative_error: float | None = None

    @property
    def passed(self) -> bool:
        return self.status == "PASS"


class Table:
    """The rows of one check, and the first thing to look at where a row did not pass."""

    def __init__(self, title: str, rows: list[Row], notes: tuple[str, ...] = ()) -> None:
        self.title = title
        self.rows = rows
        self.notes = notes

    @property
    def points(self) -> float:
        return sum(row.points for row in self.rows)

    @property
    def max_points(self) -> float:
        return sum(row.max_points for row in self.rows)

    def __repr__(self) -> str:
        grid = self._grid()
        widths = [max(_width(line[column]) for line in grid) for column in range(len(grid[0]))]
        lines = ["  ".join(_pad(text, width) for text, width in zip(line, widths, strict=True)) for line in grid]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([self._caption(), "", *(line.rstrip() for line in lines), "", *self._advice()])

    def _repr_html_(self) -> str:
        cell = "padding:.25em .7em;text-align:left;vertical-align:top;border-bottom:1px solid #80808066"
        header, *lines = self._grid()
        head = "".join(f'<th scope="col" style="{cell}">{html.escape(text)}</th>' for text in header)
        body = []
        for row, line in zip(self.rows, lines, strict=True):
            status, title, *rest = map(html.escape, line)
            tint = TINT.get(row.status, OTHER_TINT)
            body.append(
                f'<tr><td style="{cell};border-left:.4em solid {tint};font-weight:bold">{status}</td>'
                f'<th scope="row" style="{cell};font-weight:normal">{title}</th>'
                + "".join(f'<td style="{cell};font-family:monospace">{text}</td>' for text in rest)
                + "</tr>"
            )
        advice = "".join(f"<p>{html.escape(line)}</p>" for line in self._advice())
        caption = f'<caption style="text-align:left;font-weight:bold">{html.escape(self._caption())}</caption>'
        return (
            f'<div><table style="border-collapse:collapse;background:transparent">{caption}'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{advice}</div>"
        )

    def _caption(self) -> str:
        if self.max_points == 0:
            return self.title
        return say("table.caption", title=self.title, points=f"{self.points:g}", most=f"{self.max_points:g}")

    def _grid(self) -> list[list[str]]:
        """Header and rows as text. A table without points leaves away the columns that it has no use for."""
        grid = [self._header(), *(self._cells(row) for row in self.rows)]
        used = [column for column in range(len(grid[0])) if self.max_points or any(line[column] for line in grid[1:])]
        return [[line[column] for column in used] for line in grid]

    @staticmethod
    def _header() -> list[str]:
        return [say(f"table.{key}") for key in ("status", "check", "expected", "got", "where", "ratio", "points")]

    @staticmethod
    def _cells(row: Row) -> list[str]:
        ratio = "" if row.ratio is None else times(row.ratio)
        points = f"{row.points:g}/{row.max_points:g}" if row.max_points else ""
        words = (row.expected or "", row.got or "", row.where or "", ratio, points)
        return [row.status.replace("_", " "), row.title, *words]

    def _advice(self) -> list[str]:
        """What to look at first: one message and one question; then what is worth knowing."""
        lines = []
        first = next((row for row in self.rows if not row.passed), None)
        if first is not None:
            lines.append(say("table.first", check=first.title, message=first.message))
            if first.hint:
                lines.append(say("table.think", question=first.hint))
        lines += [
            say("table.note", check=row.title, message=row.message) for row in self.rows if row.passed and row.message
        ]
        known = [row.relative_error for row in self.rows if row.relative_error is not None]
        if known:
            lines.append(say("table.relative_error", error=f"{max(known):.1e}"))
        return lines + list(self.notes)


def times(ratio: float) -> str:
    """A ratio of error to tolerance as people say it: 0, 0.3, 40, 4e6."""
    if ratio == 0 or 10 <= ratio < 1000:
        return f"{ratio:.0f}"
    if 0.01 <= ratio < 10:
        return f"{ratio:.2g}"
    digit, power = f"{ratio:.0e}".split("e")
    return f"{digit}e{int(power)}"


def _width(text: str) -> int:
    """Columns that a text takes in a fixed-width font (Korean and Chinese letters take two)."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
