"""Bitmaps of a student's that are passed on: they are what they say, and no browser needs gigabytes for one."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Any

MAX_IMAGE = 4 << 20  # base64 characters of one image
MAX_PIXELS = 50_000_000  # of one image; some kilobytes can unpack to more than a browser can hold

BITMAPS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}  # MIME type -> how such a file begins

_URL = re.compile(r"data:(image/(?:png|jpeg));base64,")


def safe_bitmap(value: Any, mime: str) -> str | None:
    """The base64 text of an image of this MIME type and of a size to show, else None."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str) or len(value) > MAX_IMAGE:
        return None
    compact = "".join(value.split())
    try:
        image = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        return None
    return compact if image.startswith(BITMAPS[mime]) and _PIXELS[mime](image) <= MAX_PIXELS else None


def is_bitmap(url: str) -> bool:
    """True for a data URL that holds such an image."""
    found = _URL.match(url)
    return found is not None and safe_bitmap(url[found.end() :], found[1]) is not None


def _pixels_of_png(image: bytes) -> float:
    """Width times height, as the header says. Readers look for it elsewhere too: then it is as large as can be."""
    if image[12:16] != b"IHDR" or len(image) < 24:
        return math.inf
    width, height = struct.unpack(">II", image[16:24])
    return width * height


def _pixels_of_jpeg(image: bytes) -> float:
    """Width times height, as the frame header says.

    One whose header is not found is as large as can be: there are readers who skip what stands in front of it.
    """
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        marker, length, height, width = image[at + 1], *struct.unpack(">HxHH", image[at + 2 : at + 9])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return width * height
        if not 0xDB <= marker <= 0xFE and marker not in (0xC4, 0xCC):
            break  # it has no length, or none that everybody reads alike
        at += 2 + length
    return math.inf


_PIXELS = {"image/png": _pixels_of_png, "image/jpeg": _pixels_of_jpeg}
