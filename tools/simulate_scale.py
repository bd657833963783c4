"""What recording and reporting cost for a large class: feeds recorded verdicts through the kit's own code.

    python tools/simulate_scale.py STUDENTS... [--assignment NAME] [--root DIR] [--folder DIR]

For each number of students: the assignment's sample class is graded once, its results are replayed under so many names
into a fresh course in a temporary folder (in --folder; about 0.15 MiB for each student), and every stage that comes
after grading is timed on that course. Each notebook gets a cell of its own, so that answers differ as those of a class
do; one in a hundred is a copy. Feedback is timed on the first pages only. Nothing of the real course is touched.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from grader.backup import back_up_gradebook
from grader.benchmark import honest_samples
from grader.course import Course, find_course
from grader.executors import grade_class
from grader.export.formats import Format
from grader.export.write import export_class
from grader.feedback.write import write_feedback
from grader.inputs import run_inputs
from grader.late import late_rule
from grader.log import GRADE, read_history
from grader.nbgrader_app import nbgrader_config
from grader.options import RunOptions
from grader.record import open_recording
from grader.releasing import make_release
from grader.report.write import write_report
from grader.result import Result
from grader.run import grade_and_record, hand_in_times
from grader.sandbox.layers import ALL
from grader.summary import write_csv
from grader.verify import verify

SALT = "0123456789abcdef"
PAGES = 200  # of feedback
OWN_CELL = "a cell of the student's own"
COPIED = 100  # one in so many has the cell of the student before
MIB = 1 << 20


@contextmanager
def scratch_course(root: Path, folder: Path | None) -> Iterator[Course]:
    """A project with this one's assignments and an empty course."""
    with tempfile.TemporaryDirectory(prefix="grader-scale-", dir=folder) as place:
        for name in ("assignment", "solutions"):
            shutil.copytree(root / name, Path(place) / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(root / "nbgrader_config.py", place)
        yield find_course(Path(place))


def grade_samples(course: Course, assignment: str) -> list[Result]:
    """Grade the sample class. Its students are called like nothing that occurs in a notebook."""
    students = []
    for number, data in enumerate(honest_samples(course, assignment)):
        students.append(f"sample-student-{number:04}")
        hand_in(course, assignment, students[-1]).write_bytes(data)
    options = RunOptions(SALT, ALL, len(os.sched_getaffinity(0)))
    results = sorted(grade_class(course, assignment, students, options), key=lambda result: result.student)
    for student in students:
        (course.submitted / student).rename(course.data / student)  # they are no part of the class
    return results


def hand_in(course: Course, assignment: str, student: str) -> Path:
    folder = course.submitted / student / assignment
    folder.mkdir(parents=True)
    return folder / f"{assignment}.ipynb"


def with_own_cell(notebook_file: bytes) -> bytes:
    """The graded notebook with one more cell, whose source is OWN_CELL."""
    notebook = json.loads(notebook_file)
    cell = {"cell_type": "code", "execution_count": None, "id": "own", "metadata": {}, "outputs": []}
    notebook["cells"].append({**cell, "source": OWN_CELL})
    return json.dumps(notebook, ensure_ascii=False).encode()


def own_code(number: int) -> str:
    """What the student of this number has in that cell: a dozen statements that hardly anybody else has."""
    draw = random.Random(number - 1 if number % COPIED == COPIED - 1 else number)  # noqa: S311  (nothing secret)
    lines = [
        f"a = ({draw.randint(0, 99)} {draw.choice('+-*/')} x) {draw.choice('+-*/')} {draw.randint(0, 99)}"
        for _ in range(12)
    ]
    return "\n".join(lines)


def replayed(course: Course, assignment: str, samples: list[Result], students: int) -> Iterator[Result]:
    """The samples' results in turn, each under a name of its own that has handed in the same bytes."""
    samples = [dataclasses.replace(sample, notebook_file=with_own_cell(sample.notebook_file)) for sample in samples]
    for number in range(students):
        sample = samples[number % len(samples)]
        name = f"s{number:06}"
        os.link(course.data / sample.student / assignment / f"{assignment}.ipynb", hand_in(course, assignment, name))
        yield dataclasses.replace(
            sample,
            student=name,
            verdict_file=sample.verdict_file.replace(sample.student.encode(), name.encode()),
            notebook_file=sample.notebook_file.replace(OWN_CELL.encode(), json.dumps(own_code(number))[1:-1].encode()),
            line=dataclasses.replace(sample.line, student=name),
        )


class Stages:
    """Prints a line for each stage: seconds, milliseconds a student, and the largest the process was meanwhile."""

    def __init__(self, students: int) -> None:
        self._students = students

    @contextmanager
    def time(self, name: str, count: int | None = None) -> Iterator[None]:
        count = count or self._students
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak counts from here
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
        each = f"{1000 * wall / count:8.3f} ms each, {1000 * cpu / count:8.3f} ms of it CPU"
        print(f"{name:22} {wall:8.2f} s  {each}, peak {peak:6.0f} MiB", flush=True)


def simulate(course: Course, assignment: str, students: int) -> None:
    samples = grade_samples(course, assignment)
    print(f"\n{students} students, results of {len(samples)} different submissions")
    stages = Stages(students)
    inputs = run_inputs(course, assignment, RunOptions(SALT, ALL, 1).limits, ALL)
    about = {"rule": late_rule(nbgrader_config(course)), "times": hand_in_times(course, assignment), "graded": {}}
    results = replayed(course, assignment, samples, students)
    with (
        stages.time("recording"),
        open_recording(course, assignment, by=GRADE, salt=SALT, inputs=inputs, **about) as recording,
    ):
        for result in results:
            recording.add(result)
    with stages.time("reading the log"):
        read_history(course.log, assignment)
    with stages.time("backup"):
        back_up_gradebook(course)
    with stages.time("second run, no change"):
        said: list[str] = []
        options = RunOptions("", ALL, 1)
        lines = grade_and_record(course, assignment, course.students(assignment), options, said.append)
    if len(lines) != students or not said[0].startswith("Nothing to grade"):
        raise SystemExit(f"the second run was to find nothing to do, and said: {said}")
    with stages.time("grades.csv"):
        write_csv(course.grades_csv, lines)
    with stages.time("export moodle"):
        export_class(course, assignment, Format.MOODLE)
    with stages.time("report"):
        page = write_report(course, assignment)
    with stages.time("export cases"):
        export_class(course, assignment, Format.CASES)
    with stages.time("verify"):
        if findings := verify(course, assignment):
            raise SystemExit(f"verify was to find nothing, and found: {findings[:3]}")
    names = [line.student for line in lines[:PAGES]]
    with stages.time("feedback, first page", 1):
        list(islice(write_feedback(course, assignment, names), 1))
    with stages.time(f"feedback, {len(names)} pages", len(names)):
        list(write_feedback(course, assignment, names))
    sizes = {
        "gradebook": size(course.gradebook),
        "log": size(course.log),
        "verdicts and notebooks": size(course.autograded),
        "grades.csv": size(course.grades_csv),
        "export cases": size(course.data / "exports" / f"{assignment}-cases.csv"),
        "report": size(page),
    }
    for name, mib in sizes.items():
        print(f"{name:22} {mib:8.1f} MiB  {1024 * mib / students:8.2f} KiB each")


def size(path: Path) -> float:
    """MiB of a file, or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) / MIB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("students", nargs="+", type=int)
    parser.add_argument("--assignment")
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    for students in options.students:
        with scratch_course(options.root.resolve(), options.folder) as course:
            assignment = options.assignment or course.assignments()[0]
            make_release(course, assignment)
            simulate(course, assignment, students)


if __name__ == "__main__":
    main()
