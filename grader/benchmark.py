"""What grading, feedback, report and release cost, beside plain nbgrader, in one run on the same notebooks and cells.

The class is made from the assignment's sample recipe, less the submissions that run into a time limit (both roads
would only wait) and less the cells tagged `experiment` (plain nbgrader would train networks). Plain nbgrader runs with
its own defaults, in a folder of its own; student code is unprotected there, so only the assignment's samples are run.

Processor time is that of whole commands, with everything they start: sandboxes, kernels and the start of Python.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat

from .course import Course, CourseError, find_course
from .release import is_experiment
from .verdict import Status, Verdict
from .wording import counted
from .workbench import solution_module

CLASS = 200  # submissions graded by us
PLAIN = 12  # of them, graded by plain nbgrader as well, before and after
SAMPLE_SECONDS = 0.5  # between looks at a running command
PR_SET_CHILD_SUBREAPER = 36

PLAIN_CONFIG = """
c = get_config()
c.CourseDirectory.source_directory = "assignment"
c.GenerateAssignment.preprocessors = [{preprocessors}]
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a running command: seconds since its start, submissions graded, MiB that its process holds."""

    seconds: float
    graded: int
    mib: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took for a number of submissions, as a whole, with everything it starts."""

    submissions: int
    wall: float  # seconds
    cpu: float  # seconds of user and system time, all processes
    peak_mib: float  # largest single process
    samples: tuple[Sample, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.submissions + other.submissions,
            self.wall + other.wall,
            self.cpu + other.cpu,
            max(self.peak_mib, other.peak_mib),
        )

    @property
    def wall_each(self) -> float:
        return self.wall / self.submissions

    @property
    def cpu_each(self) -> float:
        return self.cpu / self.submissions


def run_benchmark(
    course: Course, assignment: str, workers: int, size: int = CLASS, plain: int = PLAIN, plot: Path | None = None
) -> Iterator[str]:
    """Yield the lines to print; the last one is the summary. `plot` is a picture of the run's course."""
    with _scratch_project(course) as trial:
        samples = honest_samples(trial, assignment)
        yield f"class of {size} made of {len(samples)} different submissions, {counted(workers, 'worker')}"
        nbgrader = _PlainNbgrader(trial, assignment, samples, plain)
        before = nbgrader.autograde()
        command = [sys.executable, "-m", "grader"]
        release = _timed([*command, "release", assignment], trial.root, 1)
        grade = [*command, "grade", assignment, "--workers", str(workers)]
        _hand_in(trial, assignment, samples, 0, 1)
        start = _timed(grade, trial.root, 1)
        _hand_in(trial, assignment, samples, 1, size)
        ours = _timed([*grade, "--force"], trial.root, size, trial.log)
        again = _timed(grade, trial.root, size)
        feedback = _timed([*command, "feedback", assignment], trial.root, size)
        report = _timed([*command, "report", assignment], trial.root, size)
        split = _stages(trial, assignment, size)
        if plot is not None:
            _draw(ours, plot)
        theirs = before + nbgrader.autograde()  # before and after ours: machines have fast and slow minutes
        their_feedback = nbgrader.feedback()
    own = split.pop("student")
    yield f"grade:    {_line(ours)}"
    yield f"plain:    {_line(theirs)}"
    yield f"start:    {start.cpu:.1f} s CPU, {start.wall:.1f} s wall for a class of one"
    yield f"again:    {again.wall:.1f} s with nothing changed"
    yield "stages, wall ms a submission: " + ", ".join(
        f"{name} {1000 * seconds:.1f}" for name, seconds in split.items()
    )
    yield f"feedback: {_times(their_feedback.cpu_each, feedback.cpu_each)} a student"
    yield f"report:   {report.wall:.1f} s for the class ({report.cpu:.1f} s CPU)"
    yield f"release:  {_times(nbgrader.release.cpu, release.cpu)}; ours also proves that nothing leaks"
    yield (
        f"bench: {theirs.wall_each / ours.wall_each:.0f} times plain nbgrader, "
        f"{60 / ours.wall_each:.0f} submissions per minute, "
        f"{1000 * ours.cpu_each:.0f} ms CPU per submission, {1000 * own:.0f} ms of it the student's own code"
    )


def _line(cost: Cost) -> str:
    return (
        f"{counted(cost.submissions, 'submission')} in {cost.wall:.1f} s: {1000 * cost.wall_each:.1f} ms wall, "
        f"{1000 * cost.cpu_each:.1f} ms CPU each, largest process {cost.peak_mib:.0f} MiB"
    )


def _times(theirs: float, ours: float) -> str:
    return f"plain nbgrader {1000 * theirs:.0f} ms CPU, ours {1000 * ours:.0f} ms: {theirs / ours:.1f} times"


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


def _hand_in(course: Course, assignment: str, samples: list[bytes], first: int, end: int) -> None:
    for number in range(first, end):
        folder = course.submitted / f"b{number:05}" / assignment
        folder.mkdir(parents=True)
        (folder / f"{assignment}.ipynb").write_bytes(samples[number % len(samples)])


def _timed(command: list[str], folder: Path, submissions: int, log: Path | None = None) -> Cost:
    """Run a command and wait for all it has started. `log`: a file that gets a line per submission."""
    # processes whose parent did not wait for them (bubblewrap's first one) come here, and with them what they took
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    samples = []
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, cwd=folder, stdout=said, stderr=said) as process:
        graded = _LineCount(log) if log else None
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(SAMPLE_SECONDS if graded else None)
            if graded and (mib := _resident_mib(process.pid)):
                samples.append(Sample(time.perf_counter() - started, graded.lines(), mib))
        wall = time.perf_counter() - started
        if process.returncode != 0:
            said.seek(0)
            end = said.read()[-2000:].decode("utf-8", "replace")
            raise CourseError(f"{' '.join(command[-3:])} failed:\n{end}")
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(submissions, wall, cpu, after.ru_maxrss / 1024, tuple(samples))


class _LineCount:
    """How many lines a growing file has got since this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size if path.exists() else 0
        self._lines = 0

    def lines(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._at)
                new = file.read()
            self._at += len(new)
            self._lines += new.count(b"\n")
        return self._lines


def _resident_mib(pid: int) -> float:
    """0 for a process that has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def _draw(cost: Cost, path: Path) -> None:
    """Milliseconds per submission and memory of the grading command, against the number of submissions graded."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    steps = [cost.samples[0]]
    for sample in cost.samples:
        if sample.graded - steps[-1].graded >= cost.submissions / 25:
            steps.append(sample)
    each = [1000 * (b.seconds - a.seconds) / (b.graded - a.graded) for a, b in itertools.pairwise(steps[1:])]
    above.plot([step.graded for step in steps[2:]], each, marker=".")
    below.plot([sample.graded for sample in cost.samples], [sample.mib for sample in cost.samples])
    above.set(ylabel="ms a submission (wall)", ylim=(0, None), title=f"Grading a class of {cost.submissions}")
    below.set(ylabel="MiB of the command", xlabel="submissions graded", ylim=(0, None))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    figure.savefig(path)


def _stages(course: Course, assignment: str, size: int) -> dict[str, float]:
    """Mean seconds per stage over the verdicts of a class, and what writing them down took."""
    totals: dict[str, float] = {}
    for number in range(size):
        path = course.verdict(f"b{number:05}", assignment)
        verdict = Verdict.from_json(path.read_text(encoding="utf-8"))
        if any(case.status is Status.TIMEOUT for case in verdict.cases):
            raise CourseError(f"{path.parent.parent.name} ran into a limit; the figures would be those of the limit.")
        for name, seconds in verdict.seconds.items():
            totals[name] = totals.get(name, 0.0) + seconds / size
    lines = map(json.loads, course.log.read_text(encoding="utf-8").splitlines())
    written = [line["seconds"] for line in lines if line["what"] == "done" and line["seconds"]]
    return totals | {name: seconds / size for name, seconds in written[-1].items()}  # the last run graded the class


class _PlainNbgrader:
    """nbgrader's own commands with its own preprocessors and defaults, on the first notebooks of the class."""

    def __init__(self, course: Course, assignment: str, samples: list[bytes], count: int) -> None:
        self._root = course.root / "plain"
        self._assignment = assignment
        self._count = count
        self._programs = Path(sys.executable).parent
        os.environ["PATH"] = f"{self._programs}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts `alembic`
        shutil.copytree(course.sources, self._root / "assignment")
        names = ("LockCells", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "SaveCells", "ComputeChecksums")
        listed = ", ".join(f'"nbgrader.preprocessors.{name}"' for name in names)
        (self._root / "nbgrader_config.py").write_text(PLAIN_CONFIG.format(preprocessors=listed))
        self.release = self._timed("generate_assignment", 1)
        released = json.loads((self._root / "release" / assignment / f"{assignment}.ipynb").read_text())
        kept = {cell["id"] for cell in released["cells"]}
        for number in range(count):
            folder = self._root / "submitted" / f"b{number:05}" / assignment
            folder.mkdir(parents=True)
            notebook = json.loads(samples[number % len(samples)])
            notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id", "") in kept] or notebook["cells"]
            (folder / f"{assignment}.ipynb").write_text(json.dumps(notebook))

    def autograde(self) -> Cost:
        return self._timed("autograde", self._count, "--force")

    def feedback(self) -> Cost:
        return self._timed("generate_feedback", self._count)

    def _timed(self, command: str, submissions: int, *options: str) -> Cost:
        return _timed([str(self._programs / "nbgrader"), command, self._assignment, *options], self._root, submissions)
