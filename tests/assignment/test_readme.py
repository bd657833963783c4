"""What students are told beside the notebook."""

from __future__ import annotations

from pathlib import Path

from grader.sandbox.limits import MEANING, MIB, Limits

README = Path(__file__).resolve().parents[2] / "assignment" / "batchnorm" / "README.md"


def test_students_read_every_limit_that_their_code_is_graded_with() -> None:
    """Does the list stand in the hand-out, with today's numbers and in the words of the messages?"""
    listed = [line.removeprefix("- ") for line in README.read_text(encoding="utf-8").splitlines()]
    limits = Limits()
    for name, words in MEANING.items():
        value = getattr(limits, name)
        line = f"{value / MIB:g} MiB{words.removeprefix('bytes')}" if name.endswith("_bytes") else f"{value:g} {words}"
        assert line in listed
