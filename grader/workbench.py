"""Set up what a run grades with: release, secret cases and a warm sandbox."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Any

from .checking import Case
from .course import Course, CourseError
from .fill import fill, read_solution
from .grade import Workbench, arrange_cases, rehearse
from .language import translate_cases
from .release import Release, load_release
from .sandbox.host import Layers, Sandbox
from .sandbox.limits import Limits
from .sandbox.warm import WarmProcess


def solution_module(course: Course, assignment: str, name: str) -> ModuleType | None:
    """Import `solutions/ASSIGNMENT/NAME.py`, None where there is no such file.

    From then on the assignment's public modules are importable by their plain names, as in the notebook.
    """
    for folder in (str(course.root), str(course.sources / assignment)):
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
    if not (course.solutions / assignment / f"{name}.py").is_file():
        return None
    return importlib.import_module(f"solutions.{assignment}.{name}")


def solution_function(course: Course, assignment: str, module: str, function: str) -> Callable[..., Any] | None:
    """A function of `solutions/ASSIGNMENT/MODULE.py`, None where there is no such file.

    Raises CourseError where the file has no such function, and whatever the file raises when it is imported.
    """
    found = solution_module(course, assignment, module)
    if found is None:
        return None
    if not callable(getattr(found, function, None)):
        raise CourseError(f"solutions/{assignment}/{module}.py has no function {function}. Write it and run again.")
    return getattr(found, function)


def load_cases(course: Course, release: Release, salt: str) -> dict[str, list[Case]]:
    """Build the secret cases of a run. Raises CourseError where they do not fit the released notebook."""
    make_cases = solution_function(course, release.assignment, "cases", "make_cases")
    if (texts := solution_module(course, release.assignment, "texts")) is not None:
        translate_cases(texts, course.solutions / release.assignment, course.language)
    cases: Sequence[Case] = make_cases(salt) if make_cases is not None else ()
    if not isinstance(cases, Sequence) or not all(isinstance(case, Case) for case in cases):
        raise CourseError(f"make_cases of solutions/{release.assignment}/cases.py has to return a list of Case.")
    try:
        return arrange_cases(release, cases)
    except ValueError as error:
        raise CourseError(f"solutions/{release.assignment}/cases.py does not fit the notebook: {error}.") from error


@contextmanager
def open_workbench(
    course: Course,
    assignment: str,
    salt: str,
    *,
    layers: Layers,
    limits: Limits | None = None,
    warm: WarmProcess | None = None,
) -> Iterator[Workbench]:
    """Yield a workbench with a running sandbox; it is closed afterwards. `warm` is one that was started before."""
    limits = limits or Limits()
    release = load_release(course, assignment)
    warm = warm or WarmProcess(files=release.files, limits=limits, layers=layers)  # starts while the cases are made
    with closing(warm):
        cases = load_cases(course, release, salt)
        make_plots = solution_function(course, assignment, "feedback_plots", "make_plots")
        sandbox = Sandbox(warm)
        workbench = Workbench(release, cases, sandbox, limits, salt, make_plots=make_plots)
        reference = course.solutions / assignment / "reference.py"
        if reference.is_file():
            solved = fill(release.notebook, read_solution(reference))
            workbench = dataclasses.replace(workbench, plan=rehearse(workbench, solved))
        yield workbench
