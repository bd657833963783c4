"""The place where attacks are run: a project of its own with secrets all around, one warm sandbox, and a witness."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from ..course import Course
from ..fill import fill, read_solution
from ..grade import grade_submission
from ..late import late_rule
from ..nbgrader_app import nbgrader_config
from ..record import open_recording
from ..result import Result, result_of
from ..run import hand_in_times
from ..sandbox.host import ALL
from ..sandbox.limits import Limits
from ..standings import open_gradebook, read_standings
from ..submitted import Submission, read_submission
from ..summary import Line
from ..verdict import Status, Verdict
from ..workbench import open_workbench
from . import scene
from .attack import Attack
from .canaries import planted
from .papers import Papers

WITNESS = "witness"  # a right answer that is graded after every attack
SALT = "redteam"
PATIENT = Limits(
    cpu_seconds=20, address_space_mib=1024, scratch_mib=16, scratch_files=512,
    cell_output_bytes=256 << 10, submission_output_bytes=1 << 20, message_bytes=8 << 20,
)  # fmt: skip
IMPATIENT = dataclasses.replace(PATIENT, cell_seconds=2, call_seconds=1, submission_seconds=10)  # with attacks only
OWN_SECONDS = (
    15.0  # of processor time that the trusted side may spend on one submission; honest ones take half a second
)
WALL_SECONDS = 120.0  # until all about a submission is written; long, because the machine may be busy with other things
OWN_MIB = 600  # by which the trusted side may grow while it grades one and writes all about it
ENDING_SECONDS = 3.0  # until the last process of a submission has to be gone
NBGRADER_SECONDS = 300.0  # for `nbgrader autograde` of all attacks that go through it


@dataclass(frozen=True, slots=True)
class AttackReport:
    """What became of one attack. `signs` say what it got; there should be none."""

    name: str
    family: str
    happened: str
    signs: tuple[str, ...]
    seconds: float

    @property
    def succeeded(self) -> bool:
        return bool(self.signs)

    def line(self) -> str:
        mark = "SUCCEEDED" if self.succeeded else "held     "
        return f"{mark}  {self.family + '/' + self.name:44} {'; '.join(self.signs) or self.happened}"


class Yard:
    """Use as a context manager. `course` is changed: it has to be a copy."""

    def __init__(self, course: Course, assignment: str) -> None:
        self._course = course
        self._assignment = assignment
        self._watched = (course.sources, course.solutions, course.release)
        self._open = ExitStack()

    def __enter__(self) -> Yard:
        course, assignment, enter = self._course, self._assignment, self._open.enter_context
        logging.getLogger("traitlets").setLevel(logging.CRITICAL)
        self._canaries = enter(planted(course, assignment))
        self._papers = Papers(course, assignment, self._canaries)
        self._patient = enter(open_workbench(course, assignment, SALT, layers=ALL, limits=PATIENT))
        self._workbench = dataclasses.replace(self._patient, limits=IMPATIENT)
        times, rule = hand_in_times(course, assignment), late_rule(nbgrader_config(course))
        about = {"by": "redteam", "salt": SALT, "inputs": {}, "rule": rule, "times": times, "graded": {}}
        self._recording = enter(open_recording(course, assignment, **about))
        released = self._workbench.release.notebook
        reference = read_solution(course.solutions / assignment / "reference.py")
        self._right = nbformat.writes(fill(released, reference)).encode()
        self._expected = self._witness()
        untouched = Submission("untouched", nbformat.writes(released).encode())
        graded = grade_submission(self._patient, untouched)
        self._papers.take_for_usual(self._record(result_of(self._workbench.release, untouched, graded)))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # -- our road --------------------------------------------------------------------------------------------------

    def attack(self, attack: Attack) -> AttackReport:
        """Hand it in, grade it, write all about it, and look for signs everywhere. Its files are removed again."""
        report = self._attack(attack)
        self._remove(attack)
        return report

    def _attack(self, attack: Attack) -> AttackReport:
        started = time.monotonic()
        allowed = self._allowed(attack)
        self._hand_in(attack)
        before = scene.look(self._course.root, self._watched)
        happened, signs = self._grade(attack, allowed)
        signs += self._whatever_is_left(before)
        signs += self._another_student()
        signs = list(dict.fromkeys(signs))
        return AttackReport(attack.name, attack.family, happened, tuple(signs), time.monotonic() - started)

    def _allowed(self, attack: Attack) -> float:
        """Points that this submission may earn: those of its honest twin; 0 where it has none."""
        honest = attack.honest(self._workbench.release)
        return grade_submission(self._patient, Submission("honest", honest)).verdict.points if honest else 0.0

    def _folder(self, student: str) -> Path:
        return self._course.submitted / student / self._assignment

    def _hand_in(self, attack: Attack) -> None:
        folder = self._folder(attack.student)
        folder.mkdir(parents=True)
        data = attack.submission(self._workbench.release, folder)
        if data is not None:
            (folder / f"{self._assignment}.ipynb").write_bytes(data)

    def _remove(self, attack: Attack) -> None:
        for folder in (self._course.submitted, self._course.autograded, self._course.feedback):
            path = folder / attack.student
            if path.is_symlink():
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)

    def _grade(self, attack: Attack, allowed: float) -> tuple[str, list[str]]:
        """What grading, feedback, report and exports do with this student: (what happened, signs of success)."""
        if attack.student not in self._course.students(self._assignment):
            return "its folder is not taken for a submission", []
        scene.reset_peak()
        size, started, spent = scene.memory("VmRSS"), time.monotonic(), time.process_time()
        try:
            submission = read_submission(self._folder(attack.student), self._assignment, attack.student)
            result = result_of(self._workbench.release, submission, grade_submission(self._workbench, submission))
            line = self._record(result)
            texts = self._papers.write(line)
        except Exception as error:  # a run that ends here ends for every student
            return "", [f"the run stopped: {type(error).__name__}: {str(error)[:200]}"]
        busy, waited = time.process_time() - spent, time.monotonic() - started
        signs = costs(busy, waited, scene.memory("VmHWM") - size)
        earned = max(result.points, line.recorded.score if line.recorded else 0.0)
        if earned > allowed:
            signs.append(f"{earned:g} points, {allowed:g} are right")
        if result.infra:
            signs.append(f"the grader took the fault upon itself: {line.first_thing}")
        return in_short(result.verdict), signs + self._papers.look_through(texts)

    def _record(self, result: Result) -> Line:
        """Write it down as a run does, and return its line in the table."""
        self._recording.add(result)
        self._recording.flush()
        with open_gradebook(self._course) as engine:
            standing = read_standings(engine, self._assignment).get(result.student)
        return result.line if standing is None else dataclasses.replace(result.line, recorded=standing.recorded)

    def _whatever_is_left(self, before: scene.Scene) -> list[str]:
        """What is left behind a moment after the last process was told to end."""
        deadline = time.monotonic() + ENDING_SECONDS
        while scene.descendants() - before.processes and time.monotonic() < deadline:
            time.sleep(0.02)
        return scene.left_behind(before, scene.look(self._course.root, self._watched))

    def _another_student(self) -> list[str]:
        """Is an honest submission graded as before? A change has to stay, so that a busy machine is no success."""
        for _ in range(3):
            try:
                cases, outputs = self._witness()
            except Exception as error:  # whatever it is, the attack caused it
                return [f"another student could not be graded: {type(error).__name__}: {error}"]
            if (cases, outputs) == self._expected:
                return []
        changed = [case for case, before in zip(cases, self._expected[0], strict=True) if case != before]
        what = f"{changed[0].id} {changed[0].status} {changed[0].message}" if changed else "an output"
        return [f"another student's result changed: {what}"]

    def _witness(self) -> tuple[Any, Any]:
        """What an honest student gets now: every case, and every output of the cells."""
        graded = grade_submission(self._patient, Submission(WITNESS, self._right))
        return graded.verdict.cases, [cell.get("outputs") for cell in graded.notebook.cells]

    # -- nbgrader's road -------------------------------------------------------------------------------------------

    def attack_by_both_roads(self, attacks: list[Attack]) -> list[AttackReport]:
        """As `attack`; then all of them once more, and the witness, in one run of `nbgrader autograde`."""
        reports = []
        for attack in attacks:
            reports.append(self._attack(attack))
            shutil.rmtree(self._course.autograded / attack.student, ignore_errors=True)
        self._folder(WITNESS).mkdir(parents=True)
        (self._folder(WITNESS) / f"{self._assignment}.ipynb").write_bytes(self._right)
        together = self._autograde()
        reports = [self._add(attack, report, together) for attack, report in zip(attacks, reports, strict=True)]
        for attack in attacks:
            self._remove(attack)
        return reports

    def _autograde(self) -> list[str]:
        """Run nbgrader; return the signs that no single attack can be named for."""
        before = scene.look(self._course.root, self._watched)
        command = [sys.executable, "-m", "nbgrader", "autograde", self._assignment, "--force"]
        try:
            ran = subprocess.run(
                command, cwd=self._course.root, capture_output=True, check=False, timeout=NBGRADER_SECONDS
            )
        except subprocess.TimeoutExpired:
            return ["nbgrader did not come to an end"]
        signs = self._whatever_is_left(before) + self._canaries.found_in("nbgrader's log", ran.stdout + ran.stderr)
        score, right = self._score(WITNESS), math.fsum(case.points for case in self._expected[0])
        if score != right:
            signs.append(f"another student has {score} points instead of {right:g}")
        return signs

    def _add(self, attack: Attack, report: AttackReport, together: list[str]) -> AttackReport:
        """The report of both roads."""
        signs = list(together)
        score, allowed = self._score(attack.student) or 0.0, self._allowed(attack)
        if score > allowed:
            signs.append(f"{score:g} points, {allowed:g} are right")
        for path in (self._course.autograded / attack.student).rglob("*"):
            if path.is_symlink():
                signs.append(f"the link {path.name} was copied")
            elif path.is_file():
                signs += self._papers.look_through({path.name: path.read_bytes()})
        told = tuple(f"by nbgrader's road: {sign}" for sign in dict.fromkeys(signs))
        happened = f"{report.happened}; the same by nbgrader's road"
        return dataclasses.replace(report, happened=happened, signs=report.signs + told)

    def _score(self, student: str) -> float | None:
        from nbgrader.api import Gradebook, MissingEntry

        with Gradebook(self._course.db_url, "course") as book, contextlib.suppress(MissingEntry):
            return book.find_submission(self._assignment, student).score
        return None


def costs(busy: float, waited: float, grown: int) -> list[str]:
    """What one submission cost the trusted side too much of: seconds of processor time and of wall time, MiB."""
    signs = []
    if busy > OWN_SECONDS:
        signs.append(f"the grader was busy for {busy:.0f} seconds")
    if waited > WALL_SECONDS:
        signs.append(f"the grader took {waited:.0f} seconds")
    if grown > OWN_MIB:
        signs.append(f"the grader grew by {grown} MiB")
    return signs


def in_short(verdict: Verdict) -> str:
    """One line: points, how the cases ended, and the first message."""
    counts = Counter(case.status for case in verdict.cases)
    ended = ", ".join(f"{count} {status}" for status, count in counts.items())
    wrong = next((case.message for case in verdict.cases if case.status is not Status.PASS and case.message), "")
    said = " ".join((verdict.problem or wrong).split())
    return f"{verdict.points:g} of {verdict.max_points:g} points ({ended}): {said[:90]}"
