"""Late submissions: what a late hand-in costs, who has longer, who is left out.

Dates are nbgrader's: the assignment's due date (formgrader), the hand-in time in `timestamp.txt` beside the
submission, and a student's extension in the gradebook. The cost is `late_penalty`, for `make grade` and for nbgrader's
own autograde (through grader.late_plugin). nbgrader_config.py sets its numbers, or names another plugin.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .course import Course, CourseError
from .files import read_regular_file
from .submitted import read_timestamp

if TYPE_CHECKING:
    from traitlets.config import Config

CONFIG = "nbgrader_config.py"
PLUGIN = "grader.late_plugin.LateDays"
DAY = 86_400.0  # seconds
IN_TIME = "Taken as in time, unless the gradebook has a time; write one like 2025-11-30 12:00:00 UTC and run again."

Rule = Callable[[str, float, float], float | None]  # (student, score, seconds late) -> points to take off


@dataclass(frozen=True, slots=True)
class LatePolicy:
    """The numbers of the policy. As they stand, being late costs nothing, as in nbgrader."""

    grace_minutes: float = 0.0  # not counted as late
    share_per_day: float = 0.0  # of the score, for each day begun
    most: float = 1.0  # of the score, however late


LARGEST = {"grace_minutes": math.inf, "share_per_day": 1.0, "most": 1.0}  # the smallest is 0


def late_penalty(score: float, seconds_late: float, policy: LatePolicy) -> float | None:
    """Points taken off a submission worth `score` points that came `seconds_late` after its due date and extension.

    None where nothing is taken off. Never more than the score.
    """
    counted = seconds_late - 60 * policy.grace_minutes
    if counted <= 0 or policy.share_per_day <= 0:
        return None
    share = min(policy.share_per_day * math.ceil(counted / DAY), policy.most, 1.0)
    return max(0.0, score * share)


def late_rule(config: Config) -> Rule:
    """The rule that nbgrader_config.py asks for; nbgrader itself is imported only for a plugin that is not ours.

    Raises CourseError where it asks for what is not there, or sets what has no effect: no mistake may change a penalty
    without a word.
    """
    chosen = config.AssignLatePenalties.get("plugin_class")
    if chosen == PLUGIN:
        policy = _policy(config.LateDays)
        return lambda student, score, seconds: late_penalty(score, seconds, policy)
    if chosen is None and config.get("LateDays"):
        raise CourseError(
            f"{CONFIG} sets c.LateDays, and nothing uses it. Add: c.AssignLatePenalties.plugin_class = '{PLUGIN}'"
        )
    if chosen is None and "LateSubmissionPlugin" not in config:
        return lambda student, score, seconds: None
    return _plugin_rule(config)


def _policy(numbers: Mapping[str, Any]) -> LatePolicy:
    """The policy that c.LateDays describes. Raises CourseError for a name it does not have, and for no such number."""
    for name, value in numbers.items():
        if name not in LARGEST:
            raise CourseError(f"{CONFIG} sets c.LateDays.{name}, which is none of: {', '.join(LARGEST)}.")
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not 0 <= value <= LARGEST[name]:
            bound = "of at least 0" if LARGEST[name] == math.inf else f"from 0 to {LARGEST[name]:g}"
            raise CourseError(f"{CONFIG}: c.LateDays.{name} has to be a number {bound}, and is {value!r}.")
    return LatePolicy(**numbers)


def _plugin_rule(config: Config) -> Rule:
    from nbgrader.preprocessors import AssignLatePenalties
    from traitlets import TraitError

    try:
        assign = AssignLatePenalties(config=config)
        assign.init_plugin()
    except TraitError as error:
        raise CourseError(f"{CONFIG} asks for a late plugin that cannot be used: {error}") from error
    return assign.plugin_inst.late_submission_penalty


def excluded_students(config: Config) -> frozenset[str]:
    """Students whom nbgrader is told to leave out (`c.CourseDirectory.student_id_exclude`, separated by commas)."""
    names = config.CourseDirectory.get("student_id_exclude", "")
    if not isinstance(names, str):
        raise CourseError(f"{CONFIG}: c.CourseDirectory.student_id_exclude has to be text like 's01,s02'.")
    return frozenset(name.strip() for name in names.split(",") if name.strip())


def left_out(course: Course) -> frozenset[str]:
    """The same for a course, as its nbgrader_config.py says."""
    from .nbgrader_app import nbgrader_config

    return excluded_students(nbgrader_config(course))


def read_extensions(course: Course, assignment: str) -> dict[str, timedelta]:
    """Extensions of `course/extensions.csv` for one assignment, by student.

    The file has the columns student, assignment, days ("0.5" is twelve hours). It may name students who have handed in
    nothing yet; 0 days take an extension back. Raises CourseError for a line that cannot be read: a mistake there must
    not cost a student points.
    """
    path = course.extensions
    if not path.exists():
        return {}
    try:
        text = read_regular_file(path, 1 << 22).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8 text. Save it as UTF-8 and run again.") from error
    rows = csv.DictReader(io.StringIO(text))
    found = {}
    try:
        if not {"student", "assignment", "days"} <= set(rows.fieldnames or ()):
            raise CourseError(f"{path} needs a first line that reads: student,assignment,days")
        for row in rows:
            if (row["assignment"] or "").strip() == assignment:
                found[(row["student"] or "").strip()] = _days(row["days"], f"{path}, line {rows.line_num}")
    except csv.Error as error:
        raise CourseError(f"{path}, line {rows.line_num}, cannot be read: {error}.") from error
    return found


def _days(text: str | None, where: str) -> timedelta:
    try:
        days = float(text or "")
    except ValueError:
        days = math.nan
    if not 0 <= days <= 3660:
        raise CourseError(f"{where}: '{text}' is no number of days.")
    return timedelta(days=days)


def timestamp_problem(folder: Path) -> str:
    """What is wrong with the hand-in time beside a submission, "" where it can be read or there is none."""
    if not os.path.lexists(folder / "timestamp.txt") or read_timestamp(folder) is not None:
        return ""
    try:
        text = read_regular_file(folder / "timestamp.txt", 200).decode("utf-8", "replace").strip()
    except OSError as error:
        return f"timestamp.txt cannot be read ({error.strerror})"
    return f"timestamp.txt names no time ({text[:40]!a})"
