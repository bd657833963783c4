"""Gradebooks as they were before the last runs, so that no run can cost a mark for good."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from .course import Course
from .files import sync_folder

KEPT = 10


def back_up_gradebook(course: Course) -> Path | None:
    """Copy the gradebook to `course/backups/` while others may use it, keep the newest, return the copy.

    SQLite's own backup, so the copy is whole whatever is being written. None where there is nothing to copy; one on a
    server is for its administrator to back up.
    """
    if course.database or not course.gradebook.is_file():
        return None
    course.backups.mkdir(parents=True, exist_ok=True)
    name = f"gradebook-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.db"
    unfinished = course.backups / f".{name}.tmp"
    try:
        with closing(sqlite3.connect(course.gradebook)) as book, closing(sqlite3.connect(unfinished)) as copy:
            book.backup(copy)
        os.replace(unfinished, course.backups / name)
    except sqlite3.Error as error:
        raise OSError(0, f"the gradebook could not be copied ({error})", str(unfinished)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(course.backups)
    for old in sorted(course.backups.glob("gradebook-*.db"))[:-KEPT]:
        old.unlink()
    return course.backups / name
