"""A class on a Dask cluster: the same grades as here, whatever becomes of its workers."""

from __future__ import annotations

import csv
import io
import os
import shlex
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster

from grader.cluster import grade_on_cluster, packed
from grader.course import Course, CourseError
from grader.fill import fill
from grader.options import RunOptions
from grader.release import load_release
from grader.releasing import make_release
from grader.run import NOT_GRADED, grade_and_record
from grader.sandbox.layers import ALL

from . import tiny
from .test_course_run import EXPECTED, GRADER, class_of, gradebook_rows, run
from .test_run import CALL, DEADLY

pytestmark = pytest.mark.long

SALT = "0123456789abcdef"
WORKER = {"distributed.worker.daemon": False}  # as docs/scale.md has them started


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler and two worker processes on this machine."""
    with dask.config.set(WORKER), LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as made:
        yield made


@pytest.fixture
def class_of_twelve(fresh_course: Course) -> Course:
    make_release(fresh_course, tiny.NAME)
    for student, notebook in class_of(load_release(fresh_course, tiny.NAME).notebook).items():
        tiny.hand_in(fresh_course, student, notebook)
    return fresh_course


def grade(course: Course, scheduler: str = "") -> dict[str, tuple[str, float]]:
    """Grade whom there is to grade and return what became of each."""
    students = course.students(tiny.NAME)
    options = RunOptions(SALT, ALL, 2, force=True, scheduler=scheduler)
    return {line.student: (line.status, line.points) for line in grade_and_record(course, tiny.NAME, students, options)}


def files(course: Course) -> dict[str, bytes]:
    """Every graded notebook, by student."""
    return {path.parts[-3]: path.read_bytes() for path in course.autograded.glob(f"*/{tiny.NAME}/*.ipynb")}


def test_cluster_gives_the_same_grades_as_this_machine(class_of_twelve: Course, cluster: LocalCluster) -> None:
    """Does it matter to anybody's grade where it was made?"""
    course = class_of_twelve
    here = grade(course), gradebook_rows(course), files(course)
    for path in (course.gradebook, course.log):
        path.unlink()
    make_release(course, tiny.NAME)
    there = grade(course, cluster.scheduler_address), gradebook_rows(course), files(course)
    assert there == here
    assert {student: points for student, (_, points) in there[0].items()} == EXPECTED


def test_nothing_of_a_run_stays_on_the_workers(class_of_twelve: Course, cluster: LocalCluster) -> None:
    """Do hidden cases or processes outlive the run on a machine that is not ours?"""
    grade(class_of_twelve, cluster.scheduler_address)
    with Client(cluster, set_as_default=False) as client:
        folders = client.run(lambda dask_worker: os.listdir(dask_worker.local_directory))
        plugins = client.run(lambda dask_worker: [name for name in dask_worker.plugins if name.startswith("grader")])
    assert not any("grader" in name for names in folders.values() for name in names)
    assert not any(plugins.values())


def test_only_the_assignment_goes_to_the_workers(class_of_twelve: Course) -> None:
    """Does a worker get anything of the class besides the submission that it grades?"""
    with zipfile.ZipFile(io.BytesIO(packed(class_of_twelve, tiny.NAME))) as archive:
        rooms = {name.rsplit(f"/{tiny.NAME}/")[0] for name in archive.namelist()}
    assert rooms == {"assignment", "solutions", "course/release"}


def test_lost_worker_costs_nobody_a_grade(class_of_twelve: Course, cluster: LocalCluster) -> None:
    """Is the class graded, each once, where a worker is killed with submissions on it?"""
    course = class_of_twelve
    options = RunOptions(SALT, ALL, 2, scheduler=cluster.scheduler_address)
    with Client(cluster, set_as_default=False) as client:
        pids = client.run(os.getpid)
        results = grade_on_cluster(course, tiny.NAME, course.students(tiny.NAME), options)
        found = [next(results)]
        address = next(worker for worker, keys in client.processing().items() if keys)
        os.kill(pids[address], signal.SIGKILL)
        found += results
        client.wait_for_workers(2, timeout=60)  # the nanny starts another: the next test has two again
    assert sorted(result.student for result in found) == course.students(tiny.NAME)
    assert {result.student: result.points for result in found} == EXPECTED
    assert not any(result.infra for result in found)


@pytest.mark.parametrize("who", ["os.getpid()", "os.getppid()"], ids=["process", "worker"])
def test_submission_that_ends_workers_takes_nobody_along(fresh_course: Course, cluster: LocalCluster, who: str) -> None:
    """Is everybody else graded where one submission ends the process that grades it, or the worker itself?"""
    course = fresh_course
    cases = course.solutions / tiny.NAME / "cases.py"
    cases.write_text(cases.read_text().replace(CALL, DEADLY.replace("os._exit(3)", f"os.kill({who}, 9)")))
    make_release(course, tiny.NAME)
    notebook = load_release(course, tiny.NAME).notebook
    for student in "abcdef":
        tiny.hand_in(course, student, fill(notebook, tiny.REFERENCE))
    tiny.hand_in(course, "bad", fill(notebook, "def double(x):\n    return None"))
    assert grade(course, cluster.scheduler_address) == {
        **dict.fromkeys("abcdef", ("graded", 6.0)),
        "bad": (NOT_GRADED, 0.0),
    }


def test_worker_with_other_packages_is_refused(
    class_of_twelve: Course, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Could a class be graded with two versions of NumPy?"""
    monkeypatch.setattr("grader.cluster.versions", lambda: {"numpy": "1.0"})
    with pytest.raises(CourseError, match=r"other packages.*make setup-cluster"):
        grade(class_of_twelve, cluster.scheduler_address)


def test_worker_that_may_start_no_process_is_refused(class_of_twelve: Course) -> None:
    """Does a worker that was started without the setting say which one it lacks?"""
    with (
        dask.config.set({"distributed.worker.daemon": True}),  # as Dask comes
        LocalCluster(1, threads_per_worker=1, dashboard_address=":0") as plain,
        pytest.raises(CourseError, match="DASK_DISTRIBUTED__WORKER__DAEMON=False"),
    ):
        grade(class_of_twelve, plain.scheduler_address)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--executor", "dask"], "Say where the scheduler is"),
        (["--scheduler", "tls://127.0.0.1:1"], "--executor dask --scheduler tls://127.0.0.1:1"),
        (
            ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:1"],
            "No Dask scheduler answers at 'tcp://127.0.0.1:1'",
        ),
        (
            ["--executor", "dask", "--scheduler", "tls://127.0.0.1:1"],
            "Dask has no certificates to use here",
        ),
        (["--executor", "dask", "--scheduler", "tls://localhost"], "an address looks like tls://host:8786"),
    ],
)
def test_cluster_that_is_not_there_is_one_line(class_of_twelve: Course, options: list[str], said: str) -> None:
    """Does a mistake in the address end in a sentence and exit code 2?"""
    result = run([GRADER, "grade", *options], class_of_twelve)
    assert (result.returncode, "Traceback" in result.stderr) == (2, False), result.stderr
    assert said in result.stderr


def test_unencrypted_road_to_another_machine_is_said(class_of_twelve: Course) -> None:
    """Is there a warning where others could read hidden tests on the way?"""
    result = run([GRADER, "grade", "--executor", "dask", "--scheduler", "tcp://scheduler.invalid"], class_of_twelve)
    assert "NOT ENCRYPTED" in result.stderr


def test_missing_dask_is_said_with_its_remedy(class_of_twelve: Course) -> None:
    """Does the command say what to install, where Dask is not?"""
    without = "import sys; sys.modules['distributed'] = None; from grader.cli import main; main()"
    options = ["grade", "--executor", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    result = run([sys.executable, "-c", without, *options], class_of_twelve)
    assert (result.returncode, "make setup-cluster" in result.stderr) == (2, True), result.stderr


PAGE = (tiny.ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
CERTIFICATES = "/etc/grading"
SCHEDULER = "scheduler.example.org:8786"


def shown(start: str) -> list[list[str]]:
    """The commands of docs/scale.md that begin with `start`, as words."""
    return [shlex.split(line[2:]) for line in PAGE.splitlines() if line.startswith(f"$ {start}")]


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Scheduler and workers with TLS, set up and started as docs/scale.md says; the address of the scheduler."""
    keys, settings = tmp_path / "keys", tmp_path / "dask"
    keys.mkdir()
    settings.mkdir()
    for command in shown("openssl"):
        subprocess.run(command, cwd=keys, check=True, capture_output=True)
    (settings / "grading.yaml").write_text(PAGE.split("```yaml\n")[1].split("```")[0].replace(CERTIFICATES, str(keys)))
    monkeypatch.setenv("DASK_CONFIG", str(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    try:
        for command in [*shown(".venv/bin/dask scheduler"), *shown(".venv/bin/dask worker")]:
            words = [word.replace(SCHEDULER, f"127.0.0.1:{port}").replace("8786", str(port)) for word in command[1:]]
            program = Path(sys.executable).parent / "dask"
            here = ["--host", "127.0.0.1", "--dashboard-address", ":0"]
            started.append(subprocess.Popen([program, *words, *here], cwd=tmp_path, stderr=subprocess.DEVNULL))
        yield f"127.0.0.1:{port}"
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(60)


def test_cluster_with_tls_as_the_docs_set_it_up(
    class_of_twelve: Course, secured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do the commands of the page give a cluster that grades for those with a certificate, and only for them?"""
    dask_options = ["grade", "--executor", "dask", "--scheduler"]
    result = run([GRADER, *dask_options, f"tls://{secured}"], class_of_twelve)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "10 graded, 0 not graded, 2 unreadable" in result.stdout
    with class_of_twelve.grades_csv.open(newline="") as stream:
        points = {row["student"].lstrip("'"): float(row["auto_points"]) for row in csv.DictReader(stream)}
    assert points == EXPECTED
    monkeypatch.delenv("DASK_CONFIG")
    result = run([GRADER, *dask_options, f"tcp://{secured}", "--force"], class_of_twelve)
    assert (result.returncode, "No Dask scheduler answers" in result.stderr) == (2, True), result.stderr
