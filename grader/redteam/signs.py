"""Signs of success in what is written about a submission: files, tables and pages.

Each function looks at one thing and returns sentences that say what was found; nothing found, no sentences.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser

from PIL import Image

# What student code is given at run time it can also say in an error message. A run may give away this much, no more.
HIDDEN_INPUT = re.compile(r"hidden-input-([0-9a-f]+)")
MOST_HIDDEN_DIGITS = 2_000  # hexadecimal, over a whole submission: about 125 numbers

# An attack that gets through a wall says so itself. It joins the word at run time, so that its source is no sign.
BREACH = re.compile(r"breached: ([^\n\"\\<]{0,80})")

MOST_VERDICT_BYTES = 1 << 20
MOST_NOTEBOOK_BYTES = 40 << 20
MOST_PIXELS = 100_000_000


def hidden_inputs(texts: Mapping[str, bytes]) -> list[str]:
    """Inputs of hidden cases that came out, as the attacks spell them: `hidden-input-` and hexadecimal digits."""
    digits: set[str] = set()
    for data in texts.values():
        digits.update(HIDDEN_INPUT.findall(data.decode("utf-8", "replace")))
    total = sum(map(len, digits))
    return [f"{total // 2} bytes of hidden inputs came out"] if total > MOST_HIDDEN_DIGITS else []


def breaches(data: bytes) -> list[str]:
    return [f"it got {what.strip()}" for what in sorted(set(BREACH.findall(data.decode("utf-8", "replace"))))[:5]]


# -- files ---------------------------------------------------------------------------------------------------------

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
SAFE_MIMES = {"text/plain", "text/html", "image/png", "image/jpeg"}


def control_characters(name: str, text: str) -> list[str]:
    """What a terminal would obey, or show in another order than it stands."""
    found = CONTROLS.search(text)
    return [f"{name} holds the control character {found[0]!r}"] if found else []


def in_csv(name: str, text: str) -> list[str]:
    """Fields that a spreadsheet would run, whichever separator it splits the lines at."""
    signs = control_characters(name, text.replace("\r\n", "\n"))
    for part in re.split(r"[;,\t\r\n]", text):
        field = part.strip('"')
        if field[:1] in tuple("=+-@＝＋－＠") and not NUMBER.fullmatch(field):
            signs.append(f"a spreadsheet would run {field[:40]!r} in {name}")
    return signs


def in_verdict(name: str, data: bytes) -> list[str]:
    signs = [f"{name} has {len(data)} bytes"] if len(data) > MOST_VERDICT_BYTES else []
    for text in _strings(json.loads(data)):
        signs += control_characters(name, text)
    return signs


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def in_notebook(name: str, data: bytes) -> list[str]:
    """Outputs and attachments of a graded notebook that are more than text and bitmaps."""
    signs = [f"{name} has {len(data)} bytes"] if len(data) > MOST_NOTEBOOK_BYTES else []
    for cell in json.loads(data)["cells"]:
        bundles = [output["data"] for output in cell.get("outputs", ()) if "data" in output]
        kinds = {mime for bundle in bundles for mime in bundle} - SAFE_MIMES
        kinds |= {mime for bundle in cell.get("attachments", {}).values() for mime in bundle} - SAFE_MIMES
        signs += [f"{name} holds {kind}" for kind in sorted(kinds)]
        for text in (_text(bundle["text/html"]) for bundle in bundles if "text/html" in bundle):
            signs += [f"an output of {name} holds {thing}" for thing in active_content(text)]
            signs += [f"an output of {name} holds <svg>"] * ("<svg" in text.lower())
        for bundle in (*bundles, *cell.get("attachments", {}).values()):
            signs += [f"a picture of {name} {large}" for large in _too_large(bundle)]
        for text in _strings(cell.get("outputs", [])):
            signs += control_characters(name, text)
    return signs


def _too_large(bundle: Mapping[str, str | list[str]]) -> Iterable[str]:
    """What Pillow, which finds the header of a picture wherever it stands, says about those with too many pixels."""
    for mime in bundle.keys() & {"image/png", "image/jpeg"}:
        try:
            with Image.open(io.BytesIO(base64.b64decode(_text(bundle[mime])))) as picture:
                if math.prod(picture.size) > MOST_PIXELS:
                    yield f"is {picture.width} by {picture.height}"
        except Image.DecompressionBombError as error:
            yield str(error)
        except (OSError, ValueError, SyntaxError, struct.error):
            continue  # nobody can open it


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


# -- pages ---------------------------------------------------------------------------------------------------------

ACTIVE_TAGS = {
    "applet", "base", "button", "embed", "form", "frame", "iframe", "input", "link", "math", "meta", "noscript",
    "object", "script", "style", "svg", "template", "textarea",
}  # fmt: skip
DRAWN = {"circle", "defs", "g", "line", "marker", "path", "rect", "text", "title", "tspan"}  # in our own pictures
PICTURE_ATTRIBUTES = {"aria-label", "role", "viewbox", "width"}
URLS = {"action", "background", "cite", "data", "formaction", "href", "poster", "src", "srcset", "xlink:href"}
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=]*")


class _Page(HTMLParser):
    """Counts what in a page can act: scripts, frames, forms, handlers, addresses that run or fetch something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: Counter[str] = Counter()
        self._drawing = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg" and ("role", "img") in attrs and {name for name, _ in attrs} <= PICTURE_ATTRIBUTES:
            self._drawing = True
        elif tag in ACTIVE_TAGS or (self._drawing and tag not in DRAWN):
            self.found[f"<{tag}>"] += 1
        for name, value in attrs:
            if self._drawing and name in (*URLS, "style"):
                self.found[f"{tag} {name} in a picture"] += 1
            url = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on"):
                self.found[f"{tag} {name}"] += 1
            elif name == "style" and re.search(r"position|url\(|expression|behavior", url):
                self.found[f"{tag} style={url[:40]}"] += 1
            elif name in URLS and url.startswith(("javascript:", "vbscript:", "data:")) and not PICTURE.match(url):
                self.found[f"{tag} {name}={url[:20]}"] += 1
            elif name in URLS and tag != "a" and url.startswith(("http:", "https:", "//")):
                self.found[f"{tag} {name}={url[:60]}"] += 1

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self._drawing = self._drawing and tag != "svg"


def active_content(page: str, usual: Counter[str] | None = None) -> list[str]:
    """What in a page can act, less what is `usual` (the page of the untouched release)."""
    reader = _Page()
    reader.feed(page)
    return sorted(reader.found - (usual or Counter()))


def count_active(page: str) -> Counter[str]:
    reader = _Page()
    reader.feed(page)
    return reader.found
