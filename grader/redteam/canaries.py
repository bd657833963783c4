"""Secrets without a meaning, planted wherever student code has no business, and recognised wherever they turn up."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..course import Course

NEIGHBOUR = "neighbour"  # the student whose work nobody else should see
COPIES = 1_000  # in the grader's memory


@dataclass(frozen=True, slots=True)
class Canaries:
    """One secret for each place."""

    tokens: dict[str, str] = field(default_factory=dict)

    def plant(self, place: str) -> str:
        return self.tokens.setdefault(place, f"canary-{secrets.token_hex(12)}")

    def found_in(self, name: str, data: bytes) -> list[str]:
        return [
            f"a secret of the {place} is in {name}" for place, token in self.tokens.items() if token.encode() in data
        ]


@contextmanager
def planted(course: Course, assignment: str) -> Iterator[Canaries]:
    """Plant a secret in the files of `course`, in this process and in another one's command line."""
    canaries = Canaries()
    _in_files(course, assignment, canaries)
    _in_gradebook(course, canaries)
    os.environ["REDTEAM_SECRET"] = canaries.plant("environment")
    kept = [canaries.plant("grader's memory").encode() for _ in range(COPIES)]
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", canaries.plant("command lines")]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            yield canaries
            process.stdin.close()
    finally:
        del os.environ["REDTEAM_SECRET"], kept


def _in_files(course: Course, assignment: str, canaries: Canaries) -> None:
    secret = course.solutions / assignment
    (secret / "secret.txt").write_text(canaries.plant("solutions"))
    (secret / "secret.ipynb").write_text(_notebook(canaries.plant("solutions")))
    with (secret / "cases.py").open("a") as cases:
        cases.write(f"\nSECRET = '{canaries.plant('hidden cases')}'\n")
    (secret / "fixtures").mkdir(exist_ok=True)
    (secret / "fixtures" / "secret.npy").write_text(canaries.plant("fixtures"))
    folder = course.submitted / NEIGHBOUR / assignment
    folder.mkdir(parents=True)
    (folder / f"{assignment}.ipynb").write_text(_notebook(canaries.plant("other submissions")))


def _notebook(text: str) -> str:
    return json.dumps({"cells": [{"cell_type": "markdown", "source": text, "metadata": {}}]})


def _in_gradebook(course: Course, canaries: Canaries) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, "course") as book:
        book.update_or_create_student(NEIGHBOUR, first_name=canaries.plant("gradebook"))
