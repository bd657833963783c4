"""Does the effort for a student stay what it is when the class grows? Claims about work done, not about seconds."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from grader.course import Course
from grader.gradebook import Entry, GradeRecorder
from grader.releasing import make_release
from grader.standings import open_gradebook
from grader.verdict import CaseResult, Status, Verdict

from . import tiny

pytestmark = pytest.mark.long

TABLES = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")


def plan_of(book: Connection, sql: str, values: Any) -> list[str]:
    """SQLite's words for how it finds the rows of a statement."""
    values = values[0] if isinstance(values, list) else values
    return [str(step[-1]) for step in book.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]


def test_recording_a_batch_reads_no_whole_table(fresh_course: Course) -> None:
    """Does a batch look up its own rows alone, however many others there are?"""
    make_release(fresh_course, tiny.NAME)
    scores = {"double_visible": 1.0, "double_hidden": 5.0, "written": None}
    entries = [Entry(f"s{number:02}", scores, ["double"]) for number in range(40)]
    seen: list[tuple[str, Any]] = []
    with open_gradebook(fresh_course) as engine:
        recorder = GradeRecorder(engine, tiny.NAME, lambda *_: None)
        recorder.record(entries)
        event.listen(engine, "before_cursor_execute", lambda *said: seen.append((said[2], said[3])))
        recorder.record([Entry(entry.student, {**scores, "written": 0.0}, []) for entry in entries])
        looked_up = [(sql, values) for sql, values in seen if sql.split()[0] in ("SELECT", "UPDATE")]
        with engine.connect() as book:
            steps = [step for sql, values in looked_up for step in plan_of(book, sql, values)]
    assert any("grade" in step for step in steps)
    assert not [step for step in steps if step.startswith("SCAN") and step.split()[1] in TABLES]


def test_rows_of_a_batch_lie_together(fresh_course: Course) -> None:
    """Do new ids follow each other in the order of their rows, as long as nbgrader's and each one different?"""
    make_release(fresh_course, tiny.NAME)
    entries = [Entry(f"s{number:02}", {}, []) for number in range(40)]
    with open_gradebook(fresh_course) as engine:
        GradeRecorder(engine, tiny.NAME, lambda *_: None).record(entries)
        with engine.connect() as book:
            found = {name: list(book.scalars(text(f"SELECT id FROM {name} ORDER BY rowid"))) for name in TABLES[1:]}  # noqa: S608
    for ids in found.values():
        assert ids == sorted(set(ids))
        assert {len(row) for row in ids} == {32}


def test_verdicts_of_a_class_share_their_texts() -> None:
    """Does the memory for a verdict that is read back leave out what all the others hold too?"""
    case = CaseResult("a/b", "a", "what is checked", Status.FAIL, 0.0, 1.0, "It is wrong.", hint="Is it?")
    texts = [Verdict("x", student, "", "", "", "", (case,)).to_json() for student in ("s01", "s02")]
    first, second = (Verdict.from_json(text).cases[0] for text in texts)
    assert first == second == case
    assert all(getattr(first, name) is getattr(second, name) for name in ("id", "cell", "title", "message", "hint"))


def test_simulation_of_the_docs_runs() -> None:
    """Does the command of docs/scale.md time every stage?"""
    page = (tiny.ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "$ .venv/bin/python tools/simulate_scale.py 1000" in page
    command = [sys.executable, "tools/simulate_scale.py", "20"]
    done = subprocess.run(command, cwd=tiny.ROOT, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    for stage in ("recording", "second run, no change", "export cases", "verify", "report", "gradebook"):
        assert f"\n{stage}" in done.stdout
