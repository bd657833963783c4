"""A warm parent for the whole session, and a fresh child of it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox.host import Child, Sandbox

HELPER = '''
"""A released helper module."""
BY_DEFAULT = [1, 2]


def triple(x):
    return 3 * x
'''


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as an assignment releases it: a helper module and a data file."""
    folder = tmp_path_factory.mktemp("released")
    (folder / "helper.py").write_text(HELPER)
    (folder / "numbers.csv").write_text("1,2,3\n")
    return folder


@pytest.fixture(scope="session")
def sandbox(released: Path) -> Iterator[Sandbox]:
    with Sandbox.start(files=released) as sandbox:
        yield sandbox


@pytest.fixture
def child(sandbox: Sandbox) -> Iterator[Child]:
    with sandbox.child() as child:
        yield child
