"""Throughput beside plain `nbgrader autograde`, in one run, on the same notebooks and cells.

The class is made from the assignment's sample recipe, less the submissions that run into a time limit (both roads
would only wait) and less the cells tagged `experiment` (plain nbgrader would train networks). Plain nbgrader runs with
its own defaults, in a folder of its own; student code is unprotected there, so only the assignment's samples are run.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .bench import solution_module
from .course import Course, CourseError, find_course
from .release import is_experiment
from .verdict import Status, Verdict

CLASS = 200  # submissions graded by us
PLAIN = 12  # of them, graded by plain nbgrader as well

PLAIN_CONFIG = """
c = get_config()
c.CourseDirectory.source_directory = "assignment"
c.GenerateAssignment.preprocessors = [{preprocessors}]
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What grading a number of submissions took, as a whole command with everything it starts."""

    submissions: int
    wall: float  # seconds
    cpu: float  # seconds of user and system time, all processes
    peak_mib: float  # largest single process

    @property
    def wall_each(self) -> float:
        return self.wall / self.submissions

    @property
    def cpu_each(self) -> float:
        return self.cpu / self.submissions


def run_benchmark(
    course: Course, assignment: str, workers: int, size: int = CLASS, plain: int = PLAIN
) -> Iterator[str]:
    """Yield the lines to print; the last one is the summary."""
    with _scratch_project(course) as trial:
        samples = honest_samples(trial, assignment)
        yield f"class of {size} made of {len(samples)} different submissions, {workers} workers"
        _hand_in(trial, assignment, samples, size)
        grader = [sys.executable, "-m", "grader"]
        warm = _timed([*grader, "release", assignment], trial.root, 1)
        yield f"release (once): {warm.wall:.1f} s"
        ours = _timed([*grader, "grade", assignment, "--workers", str(workers)], trial.root, size)
        again = _timed([*grader, "grade", assignment, "--workers", str(workers)], trial.root, size)
        split = stages(trial, assignment, size)
        theirs = _plain_nbgrader(trial, assignment, samples, plain)
    own = split.pop("student")
    yield f"grade:  {_line(ours)}"
    yield f"again:  {again.wall:.1f} s with nothing changed"
    yield f"plain:  {_line(theirs)}"
    yield "stages, wall ms a submission: " + ", ".join(
        f"{name} {1000 * seconds:.1f}" for name, seconds in split.items()
    )
    yield (
        f"bench: {theirs.wall_each / ours.wall_each:.0f} times plain nbgrader, "
        f"{60 / ours.wall_each:.0f} submissions per minute, "
        f"{1000 * ours.cpu_each:.0f} ms CPU per submission, {1000 * own:.0f} ms of it the student's own code"
    )


def _line(cost: Cost) -> str:
    return (
        f"{cost.submissions} submissions in {cost.wall:.1f} s: {1000 * cost.wall_each:.1f} ms wall, "
        f"{1000 * cost.cpu_each:.1f} ms CPU each, largest process {cost.peak_mib:.0f} MiB"
    )


@contextmanager
def _scratch_project(course: Course) -> Iterator[Course]:
    """A copy of the project's inputs in a folder of its own, so that no real course is touched."""
    with tempfile.TemporaryDirectory(prefix="grader-bench-") as folder:
        root = Path(folder)
        for name in ("assignment", "solutions"):
            shutil.copytree(course.root / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(course.root / "nbgrader_config.py", root)
        for path in root.glob("assignment/*/*.ipynb"):
            notebook = nbformat.read(path, as_version=4)
            notebook.cells = [cell for cell in notebook.cells if not is_experiment(cell)]
            nbformat.write(notebook, path)
        yield find_course(root)


def honest_samples(course: Course, assignment: str) -> list[bytes]:
    """The sample class's submissions that are notebooks and end by themselves."""
    recipe = solution_module(course, assignment, "sample_class")
    if recipe is None:
        raise CourseError(f"'{assignment}' has no sample class to build a benchmark from.")
    source = nbformat.read(course.sources / assignment / f"{assignment}.ipynb", as_version=4)
    made = recipe.make_submissions(source, endless=False)
    return [data for data in made.values() if data.startswith(b"{")]


def _hand_in(course: Course, assignment: str, samples: list[bytes], size: int) -> None:
    for number in range(size):
        folder = course.submitted / f"b{number:05}" / assignment
        folder.mkdir(parents=True)
        (folder / f"{assignment}.ipynb").write_bytes(samples[number % len(samples)])


def _timed(command: list[str], folder: Path, submissions: int) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise CourseError(f"{' '.join(command[-3:])} failed:\n{done.stderr[-2000:]}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(submissions, wall, cpu, after.ru_maxrss / 1024)


def stages(course: Course, assignment: str, size: int) -> dict[str, float]:
    """Mean seconds per stage over the verdicts of a class."""
    totals: dict[str, float] = {}
    for number in range(size):
        path = course.autograded / f"b{number:05}" / assignment / "verdict.json"
        verdict = Verdict.from_json(path.read_text(encoding="utf-8"))
        if any(case.status is Status.TIMEOUT for case in verdict.cases):
            raise CourseError(f"{path.parent.parent.name} ran into a limit; the figures would be those of the limit.")
        for name, seconds in verdict.seconds.items():
            totals[name] = totals.get(name, 0.0) + seconds / size
    return totals


def _plain_nbgrader(course: Course, assignment: str, samples: list[bytes], count: int) -> Cost:
    """`nbgrader autograde` with its own preprocessors and defaults, on the first notebooks of the class."""
    root = course.root / "plain"
    shutil.copytree(course.sources, root / "assignment")
    names = ("LockCells", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "SaveCells", "ComputeChecksums")
    listed = ", ".join(f'"nbgrader.preprocessors.{name}"' for name in names)
    (root / "nbgrader_config.py").write_text(PLAIN_CONFIG.format(preprocessors=listed))
    nbgrader = str(Path(sys.executable).parent / "nbgrader")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    _timed([nbgrader, "generate_assignment", assignment], root, 1)
    released = json.loads((root / "release" / assignment / f"{assignment}.ipynb").read_text())
    kept = {cell["id"] for cell in released["cells"]}
    for number in range(count):
        folder = root / "submitted" / f"b{number:05}" / assignment
        folder.mkdir(parents=True)
        notebook = json.loads(samples[number % len(samples)])
        notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id", "") in kept] or notebook["cells"]
        (folder / f"{assignment}.ipynb").write_text(json.dumps(notebook))
    return dataclasses.replace(_timed([nbgrader, "autograde", assignment], root, count))
