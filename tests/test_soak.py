"""Soak: a large class with every kind of breakage and attack mixed in is graded as a whole, and nothing is left behind.

`make soak` takes 2,000 submissions of the shipped assignment; without it, some dozen of the tiny one.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from grader import record
from grader.course import Course, find_course
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import grade_and_record
from grader.sandbox.layers import ALL
from grader.sandbox.limits import Limits
from grader.summary import write_csv
from grader.verdict import Verdict
from grader.verify import verify

from . import breakages, tiny
from .processes import alive, children

LONG = bool(os.environ.get("SOAK"))
SIZE = 2_000 if LONG else 48
LIMITS = Limits(cell_seconds=3, call_seconds=2, submission_seconds=10)  # attacks that take all of them are many
MOST_GROWTH = 48 << 20  # bytes that the parent may grow by while the class is graded


@dataclass(frozen=True, slots=True)
class Soaked:
    """A class that was graded: who handed in what, and what was seen meanwhile."""

    course: Course
    assignment: str
    kinds: dict[str, str]  # student -> "harmless" or "harmful"
    full: float  # points of a right solution
    memory: list[int]  # of the parent, in bytes, after each batch
    seconds: float
    left: list[str]


def class_of(size: int, assignment: str) -> list[tuple[str, breakages.Breakage, str]]:
    """(kind, breakage, answer) for each student. Every harmful one is there; the harmless fill up."""
    answers = {"tiny": ["double"], "batchnorm": ["batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"]}
    harmful = breakages.HARMFUL + (breakages.attacks() if LONG else ())
    made = [("harmful", breakage) for breakage in harmful]
    made += [("harmless", breakages.HARMLESS[n % len(breakages.HARMLESS)]) for n in range(max(0, size - len(made)))]
    names = answers[assignment]
    mixed = sorted(enumerate(made), key=lambda pair: pair[0] * 7919 % len(made))
    return [(kind, breakage, names[n % len(names)]) for n, (kind, breakage) in mixed]


def project(root: Path) -> tuple[Course, str, str]:
    if not LONG:
        return tiny.make_project(root), tiny.NAME, tiny.REFERENCE
    for folder in ("assignment", "solutions"):
        shutil.copytree(tiny.ROOT / folder, root / folder)
    shutil.copy(tiny.ROOT / "nbgrader_config.py", root)
    reference = (root / "solutions" / "batchnorm" / "reference.py").read_text(encoding="utf-8")
    return find_course(root), "batchnorm", reference


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def scene(scratch: Path) -> dict[str, set[str]]:
    """Everything that a run must not leave more of. `scratch` is the folder that temporary files are made in."""
    marked = [path for place in ("/dev/shm", "/tmp") for path in Path(place).glob("*left*")]
    return {
        "process": {f"{pid}" for pid in children(os.getpid()) if alive(pid)},
        "mount": set(Path("/proc/self/mountinfo").read_text().splitlines()),
        "socket": {
            line for line in Path("/proc/net/unix").read_text().splitlines() if "soak" in line or "left" in line
        },
        "scratch file": {str(path) for path in (*scratch.iterdir(), *marked)},
        "open file": {str(path.name) for path in Path("/proc/self/fd").iterdir()},
    }


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Soaked:
    root = tmp_path_factory.mktemp("soak") / "project"
    root.mkdir()
    course, assignment, reference = project(root)
    make_release(course, assignment)
    notebook = load_release(course, assignment).notebook
    kinds = {}
    for number, (kind, breakage, answer) in enumerate(class_of(SIZE, assignment)):
        student = f"s{number:04}"
        kinds[student] = kind
        folder = course.submitted / student / assignment
        folder.mkdir(parents=True)
        (folder / f"{assignment}.ipynb").write_bytes(breakage(fill(notebook, reference), answer))
    memory: list[int] = []
    patch = pytest.MonkeyPatch()
    flush = record.Recording.flush
    patch.setattr(record.Recording, "flush", lambda self: (flush(self), memory.append(resident()))[0])
    resource_tracker.ensure_running()  # Python's own helper for worker processes; it stays until the tests end
    scratch = tmp_path_factory.mktemp("scratch")
    patch.setenv("TMPDIR", str(scratch))  # for this process and the workers that it starts
    patch.setattr(tempfile, "tempdir", None)
    before, started = scene(scratch), time.monotonic()
    options = RunOptions("", ALL, 2, limits=LIMITS)
    lines = grade_and_record(course, assignment, course.students(assignment), options)
    seconds = time.monotonic() - started
    write_csv(course.grades_csv, lines)
    deadline = time.monotonic() + 10  # the last processes are told to end and do so in a moment
    while (now := scene(scratch)) and now["process"] - before["process"] and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [f"{what}: {one}" for what, found in now.items() for one in found - before[what]]
    patch.undo()
    full = max(line.points for line in lines)
    return Soaked(course, assignment, kinds, full, memory, seconds, left)


def verdicts(soaked: Soaked) -> dict[str, Verdict]:
    return {
        student: Verdict.from_json(
            (soaked.course.autograded / student / soaked.assignment / "verdict.json").read_text()
        )
        for student in soaked.kinds
    }


def test_everybody_has_a_verdict_and_nobody_is_the_graders_fault(soaked: Soaked) -> None:
    """Is each submission judged, whatever it is or does?"""
    found = verdicts(soaked)
    assert {student: verdict.cases[0].message for student, verdict in found.items() if verdict.infra} == {}
    assert len(soaked.course.grades_csv.read_text().splitlines()) == 1 + len(soaked.kinds)


def test_right_answers_earn_everything_however_broken_the_notebook(soaked: Soaked) -> None:
    """Does what tools and slips do to a notebook cost anybody a point?"""
    poor = {
        student: (verdict.points, verdict.repairs, verdict.problem)
        for student, verdict in verdicts(soaked).items()
        if soaked.kinds[student] == "harmless" and verdict.points < soaked.full
    }
    assert poor == {}


def test_parents_memory_stays_flat(soaked: Soaked) -> None:
    """Does the parent grow with the class?"""
    quarter = max(1, len(soaked.memory) // 4)
    first, last = max(soaked.memory[:quarter]), max(soaked.memory)
    kinds = Counter(soaked.kinds.values())
    print(
        f"\nsoak: {len(soaked.kinds)} submissions ({kinds['harmful']} of them harmful) in {soaked.seconds:.0f} s; "
        f"parent {first >> 20} MiB after a quarter, {last >> 20} MiB at most"
    )
    assert last - first < MOST_GROWTH


def test_nothing_is_left_behind(soaked: Soaked) -> None:
    """Is there a process, mount, socket, scratch or open file more than before?"""
    assert soaked.left == []
    assert list(soaked.course.root.rglob("*.tmp")) == []


def test_log_gradebook_and_verdicts_agree_and_a_second_run_does_nothing(soaked: Soaked) -> None:
    """Is everything on record, and is it known to be?"""
    assert verify(soaked.course, soaked.assignment) == []
    before, started = soaked.course.log.read_bytes(), time.monotonic()
    students = soaked.course.students(soaked.assignment)
    said: list[str] = []
    grade_and_record(soaked.course, soaked.assignment, students, RunOptions("", ALL, 2, limits=LIMITS), said.append)
    print(f"\nsoak: the second run took {time.monotonic() - started:.2f} s")
    assert said == [f"Nothing to grade; {len(students)} are graded already."]
    assert soaked.course.log.read_bytes() == before
    assert json.loads(before.splitlines()[-1])["what"] == "done"
