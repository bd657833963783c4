"""A student's folder, read without following what leads out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.files import read_regular_file
from grader.submitted import read_submission


@pytest.mark.parametrize("level", ["assignment", "student"])
def test_folder_that_is_a_link_is_not_followed(tmp_path: Path, level: str) -> None:
    """Can a link in a folder's place hand in somebody else's work, or a secret?"""
    secret = tmp_path / "other" / "tiny"
    secret.mkdir(parents=True)
    (secret / "tiny.ipynb").write_text('{"cells": []}')
    if level == "student":
        (tmp_path / "eve").symlink_to(tmp_path / "other")
    else:
        (tmp_path / "eve").mkdir()
        (tmp_path / "eve" / "tiny").symlink_to(secret)
    submission = read_submission(tmp_path / "eve" / "tiny", "tiny", "eve")
    assert submission.data is None
    assert "is a link" in str(submission.problem)
    assert read_submission(secret, "tiny", "other").data is not None


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 5000])
def test_file_is_read_whole_or_to_the_limit(tmp_path: Path, size: int) -> None:
    """Is a file read to its end, and never beyond what was asked for?"""
    (tmp_path / "file").write_bytes(bytes(range(256)) * 20)
    with (tmp_path / "file").open("r+b") as stream:
        stream.truncate(size)
    data = (tmp_path / "file").read_bytes()
    assert read_regular_file(tmp_path / "file", 1 << 30) == data
    assert read_regular_file(tmp_path / "file", 10) == data[:10]
