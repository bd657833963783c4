"""A command's warm parent, started before the rest of the command is imported: both take about as long.

A room of its own, so that nothing large is imported on the way to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from .course import Course
from .late import left_out
from .options import RunOptions

if TYPE_CHECKING:
    from .sandbox.warm import WarmProcess


@contextmanager
def warm_ahead(course: Course, assignment: str, options: RunOptions) -> Iterator[WarmProcess | None]:
    """Yield a warm parent where it is plain already that this machine has somebody to grade, None elsewhere."""
    if options.scheduler or not (options.force or _somebody_is_new(course, assignment)):
        yield None
        return
    from .sandbox.warm import WarmProcess  # not for a run with nothing to do

    warm = WarmProcess(files=course.release / assignment, limits=options.limits, layers=options.layers)
    with closing(warm):
        yield warm


def _somebody_is_new(course: Course, assignment: str) -> bool:
    """True where a student has no verdict yet. Who has handed in again is for the plan to find out."""
    students = course.students(assignment)
    new = [student for student in students if not course.verdict(student, assignment).exists()]
    if not new or len(new) == len(students):  # the rule; then nobody waits for the configuration
        return bool(new)
    return not left_out(course).issuperset(new)
