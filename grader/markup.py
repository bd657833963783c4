"""HTML and Markdown that a student wrote, made safe to show: text stays, whatever runs, loads or covers a page goes.

What decides is nh3. Around it stand bounds, because parsers of HTML and Markdown can be kept busy for hours, or
made to fill the memory, by a few kilobytes: what could do that is shown as the text it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from html import escape
from typing import Any

import nh3
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from .bitmaps import BITMAPS, is_bitmap

Attachments = dict[str, dict[str, str]]  # file name -> MIME type -> base64

TAGS = {
    "p", "br", "hr", "em", "strong", "b", "i", "u", "s", "del", "sub", "sup", "code", "pre", "kbd", "blockquote",
    "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "span", "div",
    "h1", "h2", "h3", "h4", "h5", "h6", "details", "summary", "small", "center", "caption", "abbr",
}  # fmt: skip
ATTRIBUTES = {"alt", "title", "rel", "colspan", "rowspan", "align", "open", "start"}

MAX_TAGS = 5_000  # opening and closing ones; a table of 60 rows and 20 columns has 2,700
MAX_REPEATED = 100_000  # formatting tags times all tags: 9,600 times 19,200 took 72 s and 8 GB, this takes 0.04 s
MAX_WORDS = 8_000  # each could be an attribute, which is compared with all of its tag: 25,000 take 0.3 s, these 0.04 s
MAX_MARKDOWN = 20_000  # characters of one text
MAX_FORMULAS = 200  # openings of formulas in one text; the search for their ends takes 20 ns for each and character

_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.IGNORECASE)
_WORD = re.compile(r"[\s/\"']+")  # what stands in front of an attribute
_FORMULA = re.compile(r"\\\\[\[(]|\\begin\{|\$")
_LINK = re.compile(r"(?:https?://|mailto:|#)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean_html(html: str, tags: set[str] = TAGS, pictures: Mapping[str, str] | None = None) -> str | None:
    """HTML in which nothing runs or loads, None where taking it apart would cost too much.

    Pictures have to lie in the HTML itself: one from elsewhere tells its owner who opened the page, and when.
    `pictures` are URLs to put in place of others, so that the bounds above are not for what those pictures are made of.
    """
    all_tags = html.count("<")
    if all_tags > MAX_TAGS or all_tags * len(_FORMATTING.findall(html)) > MAX_REPEATED:
        return None
    if len(_WORD.findall(html)) > MAX_WORDS:
        return None
    allowed = functools.partial(_attribute, pictures or {})
    return nh3.clean(html, tags=tags, attribute_filter=allowed, url_schemes={"http", "https", "mailto", "data"})


def _attribute(pictures: Mapping[str, str], tag: str, name: str, value: str) -> str | None:
    if name == "src":
        url = pictures.get(value, value)
        return url if tag == "img" and is_bitmap(url) else None
    if name == "href":
        return value if _LINK.match(value) else None
    return value if name in ATTRIBUTES else None


def markdown_html(source: str, attachments: Attachments | None = None, tags: set[str] = TAGS) -> Markup:
    """Markdown with formulas as safe HTML; pictures only where they lie in the cell, each attachment once."""
    # imported here: it takes longer than grading a class that has not changed, which needs only `clean_html`
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    source = _CONTROLS.sub("", source)
    if len(source) <= MAX_MARKDOWN and len(_FORMULA.findall(source)) <= MAX_FORMULAS:
        attached = _Attached(attachments or {})
        renderer = IPythonRenderer(escape=False, attachments=attached, exclude_anchor_links=True)
        html = MarkdownWithMath(renderer=renderer).render(source)
        if (safe := clean_html(html, tags, attached.pictures)) is not None:
            return Markup(safe)  # noqa: S704  (nh3 let only the tags and attributes above through)
    return Markup(f"<pre>{escape(source[:MAX_MARKDOWN])}</pre>")  # noqa: S704  (escaped)


class _Attached(dict[str, Any]):
    """A cell's attachments as Markdown sees them: a short name in place of each picture.

    `pictures` has what the names stand for. One that is not there, or that is shown a second time (20 characters of
    text would be megabytes of HTML), is shown by its alternative text instead of stopping the page.
    """

    def __init__(self, attachments: Attachments) -> None:
        super().__init__(attachments)
        self.pictures: dict[str, str] = {}

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> dict[str, str]:
        bundle, short = self.pop(name, None), ""
        if isinstance(bundle, dict) and (mime := next((mime for mime in BITMAPS if mime in bundle), "")):
            short = f"{len(self.pictures)}"
            self.pictures[f"data:image/png;base64,{short}"] = f"data:{mime};base64,{bundle[mime]}"
        return {"image/png": short}


@pass_context
def markdown2html(context: Context, source: str) -> Markup:
    """nbconvert's filter of this name, with safe output: nbgrader_config.py puts it in place for the formgrader."""
    return markdown_html(source, context.get("cell", {}).get("attachments"))
