"""The run of a whole folder of attacks, over worker processes with a yard each."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from ..course import Course, find_course
from ..releasing import make_release
from .attack import Attack, attack_files, load_attack
from .yard import AttackReport, Yard

PR_SET_CHILD_SUBREAPER = 36


def run_redteam(
    course: Course, assignment: str, attacks: Path | Sequence[Path], *, workers: int = 2
) -> Iterator[AttackReport]:
    """Run every attack of a folder (or of a list of files) against `assignment`; yield each report as it is done.

    Works on copies of the assignment and its solutions in a scratch folder; nothing of the course is touched. Attacks
    that go through nbgrader as well come last, together. Raises ValueError for a file that is no attack.
    """
    files = attack_files(attacks) if isinstance(attacks, Path) else list(attacks)
    loaded = [load_attack(path) for path in files]
    one_road = [[attack] for attack in loaded if not attack.by_nbgrader]
    both_roads = [attack for attack in loaded if attack.by_nbgrader]
    with tempfile.TemporaryDirectory(prefix="grader-redteam-", ignore_cleanup_errors=True) as scratch:
        root = Path(scratch) / "project"
        _copy_project(course, assignment, root)
        again: list[list[Attack]] = []
        for group, reports in _over_workers(root, assignment, [both_roads, *one_road], workers):
            if reports is None:
                again.append(group)
            else:
                yield from reports
        for attack in (attack for group in again for attack in group):  # alone, to learn which it was
            for _, reports in _over_workers(root, assignment, [[attack]], 1):
                yield from reports or [AttackReport(attack.name, attack.family, "", ("the grader itself died",), 0.0)]


def _over_workers(
    root: Path, assignment: str, groups: Sequence[list[Attack]], workers: int
) -> Iterator[tuple[list[Attack], list[AttackReport] | None]]:
    """Yield (attacks, their reports), the first group last; None for reports where a worker process died."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start_worker, initargs=(root, assignment)) as pool:
        futures = [(group, pool.submit(_attack, [attack.path for attack in group])) for group in groups if group]
        for group, future in [*futures[1:], *futures[:1]]:
            try:
                yield group, future.result()
            except BrokenProcessPool:
                yield group, None


def _copy_project(course: Course, assignment: str, root: Path) -> None:
    for part in (course.sources, course.solutions):
        shutil.copytree(part / assignment, root / part.name / assignment, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(course.root / "nbgrader_config.py", root)
    make_release(find_course(root), assignment)


_worker = ExitStack()  # of this worker process: keeps its yard open until it ends
_yard: list[Yard] = []


def _start_worker(root: Path, assignment: str) -> None:
    own = root.with_name(f"project-{os.getpid()}")
    shutil.copytree(root, own)
    # orphans of a submission come to this process, where they are seen, instead of to process 1
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _yard[:] = [_worker.enter_context(Yard(find_course(own), assignment))]


def _attack(paths: list[Path]) -> list[AttackReport]:
    attacks = [load_attack(path) for path in paths]
    if attacks[0].by_nbgrader:
        return _yard[0].attack_by_both_roads(attacks)
    return [_yard[0].attack(attack) for attack in attacks]
