"""The log: every line follows the one before, and what was changed is found."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from grader import log as log_module
from grader.log import FIRST, Log, broken_links, read_history, read_lines, sha256


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log(tmp_path / "log.jsonl")
    log.append([{"what": "run", "assignment": "a"}, {"what": "grade", "assignment": "a", "student": "s1", "run": 1}])
    log.append([{"what": "done", "assignment": "a", "run": 1}])
    return log


def lines(tmp_path: Path) -> list[dict]:
    return [line for _, line in read_lines(tmp_path / "log.jsonl")]


def test_lines_are_numbered_and_chained(log: Log, tmp_path: Path) -> None:
    """Does each line name the sha256 of the one before it, across appends?"""
    raw = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["n"] for line in raw] == [1, 2, 3]
    assert [json.loads(line)["prev"] for line in raw] == [FIRST, sha256(raw[0]), sha256(raw[1])]
    assert broken_links(tmp_path / "log.jsonl") == []
    assert log.head() == sha256(raw[2])


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda raw: [raw[0], raw[1].replace(b"s1", b"s2"), raw[2]], "line 3"),
        (lambda raw: [raw[0], raw[2]], "line 2"),
        (lambda raw: [raw[0], raw[2], raw[1]], "line 2"),
        (lambda raw: [raw[0], raw[1], raw[1], raw[2]], "line 3"),
        (lambda raw: [raw[0], b"not json", raw[2]], "line 2"),
        (lambda raw: [raw[0], b"[1]", raw[2]], "line 2"),
        (lambda raw: [raw[1], raw[2]], "line 1"),
        (lambda raw: [raw[0], raw[1].replace(b'"n":2', b'"n":9'), raw[2]], "line 2"),
    ],
    ids=["changed", "removed", "swapped", "doubled", "no JSON", "no object", "first removed", "renumbered"],
)
def test_any_change_of_a_line_is_found(log: Log, tmp_path: Path, edit, found: str) -> None:
    """Does a change of one line show, and where?"""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in edit(path.read_bytes().splitlines())))
    first = broken_links(path)[0]
    assert found in first
    assert read_history(path, "a").first_break == first


def test_line_that_is_gone_is_one_break(log: Log, tmp_path: Path) -> None:
    """Does what follows stay in order, however long the log is, and whatever is appended?"""
    path = tmp_path / "log.jsonl"
    log.append([{"what": "grade"}] * 40)
    raw = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(raw[:5] + raw[6:]))
    log.append([{"what": "done"}])
    (said,) = broken_links(path)
    assert said.startswith("line 6 of the log does not follow")


def test_lines_cut_off_at_the_end_show_by_the_head(log: Log, tmp_path: Path) -> None:
    """Can somebody who kept the head tell that the log became shorter?"""
    path = tmp_path / "log.jsonl"
    head = log.head()
    path.write_bytes(b"".join(line + b"\n" for line in path.read_bytes().splitlines()[:2]))
    assert broken_links(path) == []
    assert head not in [sha256(raw) for raw, _ in read_lines(path)]


@pytest.mark.parametrize("torn", [b'{"n":4,"ti', b'{"n":4,"what":"grade"}', b"\0" * 100])
def test_half_written_line_is_cut_off_and_said_so(log: Log, tmp_path: Path, torn: bytes) -> None:
    """Does the log go on after a crash in the middle of a line, at every cut?"""
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes() + torn)
    assert lines(tmp_path)[-1]["what"] == "done", "a line without its end does not count"
    assert log.append([{"what": "run"}]) == [5]
    recovered, after = lines(tmp_path)[-2:]
    assert (recovered["what"], recovered["bytes"], recovered["sha256"]) == ("recovered", len(torn), sha256(torn))
    assert after["what"] == "run"
    assert broken_links(path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_append_that_fails_leaves_the_log_as_it_was(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    """Is a full or broken disk an error that names the file, and no half line?"""
    before = (tmp_path / "log.jsonl").read_bytes()

    def write_some_then_fail(descriptor: int, *data: bytes) -> int:
        if data and len(data[0]) > 10:
            return real_write(descriptor, data[0][:10])
        raise OSError(number, os.strerror(number))

    real_write = os.write
    monkeypatch.setattr(log_module.os, call, write_some_then_fail)
    with pytest.raises(OSError, match=r"log\.jsonl") as raised:
        log.append([{"what": "x"}])
    monkeypatch.undo()
    assert raised.value.errno == number
    assert (tmp_path / "log.jsonl").read_bytes() == before
    assert log.append([{"what": "y"}]) == [4]


def test_log_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Can a link in the log's place make the kit write elsewhere?"""
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Log(tmp_path / "log.jsonl").append([{"what": "x"}])
    assert (tmp_path / "elsewhere").read_text() == ""


def test_history_knows_the_last_grade_and_the_run_that_was_cut_short(log: Log, tmp_path: Path) -> None:
    """What does the next run learn from the log?"""
    path = tmp_path / "log.jsonl"
    log.append([{"what": "run", "assignment": "a", "by": "grader grade", "salt": "x", "inputs": {"cases": "1"}}])
    log.append([{"what": "grade", "assignment": "a", "student": "s1", "run": 4, "points": 2}])
    log.append([{"what": "not graded", "assignment": "a", "student": "s1", "run": 4}])
    log.append([{"what": "grade", "assignment": "b", "student": "s1", "run": 4, "points": 9}])
    history = read_history(path, "a")
    assert history.interrupted["salt"] == "x"
    assert history.latest["s1"]["what"] == "not graded"
    assert history.grades["s1"]["points"] == 2
    assert history.salt(history.grades["s1"]) == "x"
    assert history.inputs(history.grades["s1"]) == {"cases": "1"}
    log.append([{"what": "done", "assignment": "a", "run": 4}])
    assert read_history(path, "a").interrupted is None
