"""The commands for what comes after grading: feedback, report, export, gradescope. Registered by grader.cli."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .export.formats import VISIBILITIES, Format
from .wording import counted

commands = typer.Typer()

Assignment = Annotated[str, typer.Argument(help="Name of the assignment; may be left out where there is one.")]
Root = Annotated[Path, typer.Option("--root", help="The project's folder.", envvar="GRADER_ROOT")]


@commands.command()
def feedback(
    assignment: Assignment = "",
    root: Root = Path(),
    student: Annotated[list[str] | None, typer.Option("--student", help="This student only; may be repeated.")] = None,
    language: Annotated[str, typer.Option("--language", help="Language of the pages; else that of the course.")] = "",
) -> None:
    """Write the page each student gets back: course/feedback/STUDENT/ASSIGNMENT/ASSIGNMENT.html."""
    from rich.progress import track

    from .cli import EXIT_NOT_ALL_GRADED, _one_assignment, _plain, say, warn
    from .course import active_course
    from .feedback.write import released_in, write_feedback

    course = active_course(root)
    name = _one_assignment(course, assignment)
    released = released_in(course, name)
    written, problems = 0, 0
    students = _students(course, name, student)
    pages = write_feedback(course, name, students, language or course.language)
    for page in track(pages, "pages", len(students), console=warn, transient=True, disable=not warn.is_terminal):
        if page.problem:
            warn.print(f"[bold red]no page for {_plain(page.student)}:[/] {_plain(page.problem)}")
        problems += bool(page.problem)
        written += not page.problem
    say.print(f"{counted(written, 'page')}: {_plain(course.feedback)}")
    if language and released not in ("", language):
        warn.print(
            f"The assignment was released in '{_plain(released)}': checks and messages of grading stay in that. "
            f"For pages that are '{_plain(language)}' throughout: make release LANG={_plain(language)}, then make grade"
        )
    if problems:
        raise SystemExit(EXIT_NOT_ALL_GRADED)


def _students(course, assignment: str, wanted: list[str] | None) -> list[str]:
    from .course import CourseError
    from .feedback.write import graded_students

    there = graded_students(course, assignment)
    unknown = sorted(set(wanted or ()) - set(there))
    if unknown:
        raise CourseError(f"Not graded, or no such student: {', '.join(unknown)}.")
    return wanted or there


@commands.command()
def report(assignment: Assignment = "", root: Root = Path()) -> None:
    """Write the instructor's report of the class: course/report/index.html."""
    from .cli import _one_assignment, _plain, say
    from .course import active_course
    from .report.write import write_report

    course = active_course(root)
    say.print(f"report: {_plain(write_report(course, _one_assignment(course, assignment)))}")


@commands.command()
def export(
    form: Annotated[Format, typer.Argument(metavar="FORMAT", help="canvas, moodle, or cases (one row per check).")],
    assignment: Assignment = "",
    root: Root = Path(),
    to: Annotated[Path | None, typer.Option("--to", help="File to write; else in course/exports/.")] = None,
    roster: Annotated[
        Path | None, typer.Option("--roster", help="CSV file with the LMS's ids of the students.")
    ] = None,
    column: Annotated[
        str, typer.Option("--column", help='What the LMS calls the assignment: "Homework 3 (4711)".')
    ] = "",
) -> None:
    """Write the grades of the class to a file for Canvas, for Moodle, or with one row per check."""
    from .cli import EXIT_NOT_ALL_GRADED, _one_assignment, _plain, say, warn
    from .course import active_course
    from .export.write import export_class

    course = active_course(root)
    name = _one_assignment(course, assignment)
    done = export_class(course, name, form, to=to, roster=roster, column=column)
    say.print(f"{counted(done.rows, 'row')}: {_plain(done.path)}")
    for line in (*done.missing, *done.remarks):
        warn.print(_plain(line))
    if done.missing:
        raise SystemExit(EXIT_NOT_ALL_GRADED)


@commands.command()
def gradescope(
    assignment: Assignment = "",
    root: Root = Path(),
    to: Annotated[Path | None, typer.Option("--to", help="File to write; else in course/exports/.")] = None,
    hidden: Annotated[
        str, typer.Option("--hidden", help=f"Who sees hidden checks: {', '.join(VISIBILITIES)}.")
    ] = "after_published",
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run student code UNPROTECTED in Gradescope's container.")
    ] = False,
) -> None:
    """Write the zip that Gradescope makes an autograder from."""
    from .cli import _one_assignment, _plain, say, warn
    from .course import CourseError, find_course
    from .export.gradescope import write_zip

    course = find_course(root)
    name = _one_assignment(course, assignment)
    place = to or course.data / "exports" / f"{name}-gradescope.zip"
    try:
        path = write_zip(course, name, place, hidden=hidden, no_sandbox=no_sandbox)
    except ValueError as error:
        raise CourseError(f"--hidden: {error}.") from error
    if no_sandbox:
        warn.print("[bold red]NO SANDBOX: in that container, student code can read the hidden tests.[/]")
    say.print(f"autograder: {_plain(path)}")
