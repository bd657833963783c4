"""A student's folder, read without following what leads out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

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
