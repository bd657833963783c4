"""Exactly once: whatever ends a run, and where, the next one comes to the same grades, comments, verdicts and csv."""

from __future__ import annotations

import errno
import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from grader.course import Course, find_course
from grader.executors import grade_class
from grader.log import read_lines
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.sandbox.layers import ALL
from grader.verify import verify

from . import tiny
from .processes import alive, children
from .test_course_run import GRADER, class_of, run

LONG = bool(os.environ.get("SOAK"))  # `make soak` sets it
KILLS = 100 if LONG else 20
COMMAND_KILLS = 25 if LONG else 2  # of the whole command, workers and sandbox with it
EVERY = 1 if LONG else 6  # each, or each sixth step of a run is the last one
FAULTS = ("crash", "power", "ENOSPC", "EIO")
STUDENTS = ("right", "untouched", "wrong", "written", "not json", "학생일", "=1+1")


class Recorder:
    """The process of recording_child.py, and the class it records."""

    def __init__(self, template: Path, results: Path, *around: str) -> None:
        self.template = template
        self.results = results
        self._child = subprocess.Popen(
            [*around, sys.executable, "-m", "tests.recording_child", str(results)],
            cwd=tiny.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, root: Path, **order: Any) -> dict[str, Any]:
        self._child.stdin.write(json.dumps({"root": str(root), **order}) + "\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())

    @property
    def pid(self) -> int:
        return self._child.pid

    def fresh(self, root: Path) -> Path:
        shutil.rmtree(root, ignore_errors=True)
        return shutil.copytree(self.template, root)

    def close(self) -> None:
        self._child.stdin.close()
        self._child.wait()
        self._child.stdout.close()


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """A class handed in and released, its results made by real grading once."""
    base = tmp_path_factory.mktemp("recorded")
    course = tiny.make_project(base / "template")
    make_release(course, tiny.NAME)
    submissions = class_of(load_release(course, tiny.NAME).notebook)
    for student in STUDENTS:
        folder = tiny.hand_in(course, student, submissions[student])
        (folder / "timestamp.txt").write_text("2030-01-02 03:00:00 UTC")
    graded = grade_class(course, tiny.NAME, STUDENTS, RunOptions("salt", ALL, 2))
    (base / "results").write_bytes(pickle.dumps({result.student: result for result in graded}))
    recorder = Recorder(base / "template", base / "results")
    yield recorder
    recorder.close()


@pytest.fixture(scope="module")
def undisturbed(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = recorder.fresh(tmp_path_factory.mktemp("undisturbed") / "project")
    assert recorder(root)["status"] == 0
    return state(find_course(root))


def rows(course: Course, query: str) -> list[tuple]:
    engine = create_engine(course.db_url)
    with engine.connect() as book:
        found = sorted((tuple(row) for row in book.execute(text(query))), key=repr)
    engine.dispose()
    return found


def state(course: Course) -> dict[str, Any]:
    """Everything a run leaves that somebody reads, without row ids and times."""
    ours = (
        "FROM {} g JOIN base_cell c ON g.cell_id = c.id JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment a ON n.assignment_id = a.id"
    )
    verdicts = {}
    for path in sorted(course.autograded.glob("*/*/verdict.json")):
        verdict = json.loads(path.read_text())
        del verdict["seconds"]
        verdicts[path.parent.parent.name] = verdict
    return {
        "students": rows(course, "SELECT * FROM student"),
        "submissions": rows(course, "SELECT student_id, timestamp, extension FROM submitted_assignment"),
        "penalties": rows(
            course,
            "SELECT a.student_id, n.flagged, n.late_submission_penalty FROM submitted_notebook n"
            " JOIN submitted_assignment a ON n.assignment_id = a.id",
        ),
        "grades": rows(
            course,
            "SELECT a.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade "
            + ours.format("grade"),
        ),
        "comments": rows(
            course, "SELECT a.student_id, c.name, g.auto_comment, g.manual_comment " + ours.format("comment")
        ),
        "verdicts": verdicts,
        "notebooks": {
            path.parent.parent.name: json.loads(path.read_text())["cells"]
            for path in sorted(course.autograded.glob("*/*/*.ipynb"))
        },
        "csv": course.grades_csv.read_text(),
    }


def check(root: Path, undisturbed: dict[str, Any]) -> None:
    """After a run that went to its end, everything is as if nothing had happened, and each grade is logged once."""
    course = find_course(root)
    assert state(course) == undisturbed
    assert verify(course, tiny.NAME) == []
    runs = [line["salt"] for _, line in read_lines(course.log) if line["what"] == "run"]
    assert len(set(runs)) == 1, "a run that goes on grades with the salt it began with"
    logged = [line["student"] for _, line in read_lines(course.log) if line["what"] == "grade"]
    assert sorted(logged) == sorted(STUDENTS)
    assert [path for path in course.root.rglob("*.tmp") if "backups" not in path.parts] == []


def test_undisturbed_run_enters_everybody_once(undisturbed: dict[str, Any]) -> None:
    """Is there something to compare with?"""
    assert {student for student, *_ in undisturbed["grades"]} == set(STUDENTS)
    assert len(undisturbed["grades"]) == 3 * len(STUDENTS)
    assert len(undisturbed["verdicts"]) == len(undisturbed["csv"].splitlines()) - 1 == len(STUDENTS)


def test_second_run_changes_nothing_on_the_disk(
    recorder: Recorder, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    """Does a run with nothing to do leave log, gradebook and verdicts alone?"""
    root = recorder.fresh(tmp_path / "project")
    recorder(root)
    written = {path: path.read_bytes() for path in (root / "course").rglob("*") if path.is_file()}
    assert recorder(root)["status"] == 0
    assert {path: path.read_bytes() for path in (root / "course").rglob("*") if path.is_file()} == written


def test_killed_at_random_moments(recorder: Recorder, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """Can a kill at any moment lose, double or change a grade?"""
    chance = random.Random(20250101)  # noqa: S311  (moments, no secrets)
    # the quickest of three: kills that come after the end of a run would try nothing
    seconds = min(recorder(recorder.fresh(tmp_path / f"timed{number}"))["seconds"] for number in range(3))
    cut_short = 0
    for _ in range(KILLS):
        root = recorder.fresh(tmp_path / "project")
        cut_short += recorder(root, kill_after=chance.uniform(0, seconds))["status"] == 9
        assert recorder(root)["status"] == 0
        check(root, undisturbed)
    assert cut_short > KILLS / 2, "most kills have to come while the run is busy"


def test_whole_command_killed(recorder: Recorder, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """Is it the same with `grader grade` itself, killed with its workers while they grade? Does nothing of it stay?"""
    chance = random.Random(7)  # noqa: S311  (moments, no secrets)
    root = recorder.fresh(tmp_path / "timed")
    started = time.monotonic()
    assert run([GRADER, "grade", "--salt", "salt"], find_course(root)).returncode == 0
    seconds = time.monotonic() - started
    check(root, undisturbed)
    for _ in range(COMMAND_KILLS):
        root = recorder.fresh(tmp_path / "project")
        command = subprocess.Popen(
            [GRADER, "grade", "--salt", "salt"],
            cwd=root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(0.2, 0.95) * seconds)
        below = children(command.pid)
        os.killpg(command.pid, signal.SIGKILL)
        command.wait()
        begun = any(line["what"] == "run" for _, line in read_lines(find_course(root).log))
        again = run([GRADER, "grade", *([] if begun else ["--salt", "salt"])], find_course(root))
        assert again.returncode == 0, again.stderr
        check(root, undisturbed)
        assert not any(map(alive, below))


def steps_of(recorder: Recorder, root: Path, fault: str) -> range:
    """Numbers of the steps to fail at; each fault takes others, so that together they take many."""
    count = recorder(recorder.fresh(root), step=0, fault=fault)["steps"]
    assert count > 50
    return range(1 + FAULTS.index(fault) % EVERY, count + 1, EVERY)


@pytest.mark.parametrize("fault", ["crash", "power"])
def test_ended_at_every_step(recorder: Recorder, undisturbed: dict[str, Any], tmp_path: Path, fault: str) -> None:
    """Can the process or the power go away between any two steps on the disk?"""
    for step in steps_of(recorder, tmp_path / "project", fault):
        root = recorder.fresh(tmp_path / "project")
        assert os.waitstatus_to_exitcode(recorder(root, step=step, fault=fault)["status"]) == 77
        assert recorder(root)["status"] == 0
        check(root, undisturbed)


@pytest.mark.parametrize("fault", ["ENOSPC", "EIO"])
def test_write_error_at_every_step(recorder: Recorder, undisturbed: dict[str, Any], tmp_path: Path, fault: str) -> None:
    """Is a write that fails an error with a reason, and the next run as good as the first?"""
    for step in steps_of(recorder, tmp_path / "project", fault):
        root = recorder.fresh(tmp_path / "project")
        answer = recorder(root, step=step, fault=fault)
        assert os.waitstatus_to_exitcode(answer["status"]) == 1, f"step {step} failed without a word"
        assert os.strerror(getattr(errno, fault)) in answer["said"]
        assert recorder(root)["status"] == 0
        check(root, undisturbed)


@pytest.fixture
def small_disk(recorder: Recorder, tmp_path: Path) -> Iterator[tuple[Recorder, Path, Path]]:
    """A recorder that sees a file system of four MiB; its root as it sees it, and as we do."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=4m tmpfs {disk} && exec "$@"'
    around = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    allowed = subprocess.run([*around, "true"], check=False, capture_output=True, text=True)
    if allowed.returncode:
        pytest.skip(f"no file system can be mounted here: {allowed.stderr.strip()}")
    small = Recorder(recorder.template, recorder.results, *around)
    try:
        assert small(tmp_path / "nothing")["status"] != 0  # it has answered, so the disk is mounted
        yield small, disk / "project", Path(f"/proc/{small.pid}/root{disk}/project")
    finally:
        small.close()


@pytest.mark.parametrize("free", [16, 64, 128, 200, 280] if LONG else [64, 200])
def test_full_disk(small_disk, undisturbed: dict[str, Any], tmp_path: Path, free: int) -> None:
    """Is a really full disk (the gradebook's own writes included) an error, and nothing lost once there is room?"""
    recorder, inside, outside = small_disk
    recorder.fresh(outside)
    ballast = outside.parent / "ballast"
    space = os.statvfs(outside)
    ballast.write_bytes(bytes(space.f_bavail * space.f_bsize - free * 1024))
    answer = recorder(inside)
    assert os.waitstatus_to_exitcode(answer["status"]) == 1
    assert "No space left" in answer["said"] or "disk is full" in answer["said"]
    ballast.unlink()
    assert recorder(inside)["status"] == 0
    check(shutil.copytree(outside, tmp_path / "copy"), undisturbed)
