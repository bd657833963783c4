"""Does each place that docs/sources.md names for something from the source documents exist?"""

import ast
import re
from pathlib import Path

import pytest

from . import notebook

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sources.md"


def rows() -> list[tuple[str, str, list[str]]]:
    """(document, what, places) of each row of the table."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\| (\d{3}) \| (.+) \| (.+) \|", line):
            found.append((match[1], match[2], re.findall(r"`([^`]+)`", match[3])))
    return found


def exists(place: str) -> bool:
    """Is this the id of a cell, a file, or a name defined in a file?"""
    if place.startswith("cell:"):
        return place.removeprefix("cell:") in {cell.id for cell in notebook.read().cells}
    path, _, name = place.partition(":")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return not name or name in {getattr(node, "name", None) for node in tree.body}


def test_every_document_has_rows():
    """Are all five documents accounted for?"""
    assert {document for document, _, _ in rows()} == {"000", "001", "002", "003", "004"}
    assert len(rows()) >= 30


@pytest.mark.parametrize(
    ("document", "what", "places"), [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in rows()]
)
def test_places_exist(document, what, places):
    """Can somebody go to where this is said to be?"""
    assert places
    assert [place for place in places if not exists(place)] == []


@pytest.mark.parametrize("place", ["cell:nowhere", "assignment/batchnorm/none.py", "assignment/batchnorm/data.py:none"])
def test_a_place_that_is_gone_would_be_noticed(place):
    """Does the test above see what is missing?"""
    assert not exists(place)
