"""The `grader` command: one thin subcommand per stage. `make` calls these."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from . import handout
from .course import ENGLISH, Course, CourseError, active_course, find_course
from .sandbox.errors import SandboxUnavailable
from .sandbox.layers import ALL, Layers
from .wording import counted


class Executors(StrEnum):
    """Who grades a class (grader.executors)."""

    PROCESSES = "processes"
    DASK = "dask"


app = typer.Typer(
    help="Release an assignment, grade a class, hand out what was found.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
say = Console(highlight=False, soft_wrap=True)
warn = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_NOT_ALL_GRADED = 1
EXIT_USAGE = 2
EXIT_SANDBOX = 3

Assignment = Annotated[str, typer.Argument(help="Name of the assignment; may be left out where there is one.")]
Root = Annotated[Path, typer.Option("--root", help="The project's folder.", envvar="GRADER_ROOT")]
Workers = Annotated[int, typer.Option("--workers", "-j", min=0, help="Worker processes; 0: one per core.")]
Salt = Annotated[str, typer.Option("--salt", help="Repeat a run: the salt that its verdicts name.")]
Force = Annotated[bool, typer.Option("--force", help="Grade everybody again, changed or not.")]
Executor = Annotated[
    Executors, typer.Option("--executor", help="Who grades: processes of this machine, or Dask's workers.")
]
Scheduler = Annotated[str, typer.Option("--scheduler", help="Address of the Dask scheduler: tls://host:port.")]
NoSandbox = Annotated[bool, typer.Option("--no-sandbox", help="Run student code UNPROTECTED. Marked in every verdict.")]


def main() -> None:
    """Run the command line; turn what can go wrong into one line and an exit code."""
    try:
        app()
    except SandboxUnavailable as error:
        warn.print(f"[bold red]Grading refused:[/] {_plain(error)}\nWhat this machine gives and lacks: make doctor")
        raise SystemExit(EXIT_SANDBOX) from None
    except Exception as error:
        from .explain import explain

        sentence = explain(error)
        if sentence is None:
            raise
        warn.print(f"[bold red]error:[/] {_plain(sentence)}")
        raise SystemExit(EXIT_USAGE) from None


def _plain(text: object) -> str:
    from rich.markup import escape

    return escape(str(text))


def _one_assignment(course: Course, name: str) -> str:
    if name:
        return course.check_assignment(name)
    known = course.assignments()
    if not known:
        raise CourseError("There is no assignment in assignment/. Begin one: make new NAME=name")
    if len(known) > 1:
        raise CourseError(
            f"Say which assignment: {', '.join(known)}. With make: ASSIGNMENT={known[0]}; "
            f"with grader: {known[0]} behind the command."
        )
    return known[0]


@app.command()
def new(name: Annotated[str, typer.Argument(help="Name of its function, too.")], root: Root = Path()) -> None:
    """Begin an assignment: the smallest one that works, to be made into a real one (docs/authoring.md)."""
    from .scaffold import new_assignment

    for path in new_assignment(find_course(root), name):
        say.print(f"wrote {_plain(_below(path))}")


@app.command()
def release(
    assignment: Assignment = "",
    root: Root = Path(),
    lang: Annotated[str, typer.Option("--lang", help="Language of notebook, checks and messages from now on.")] = "",
) -> None:
    """Build the student version and enter it in the gradebook.

    Refused while the solution does not earn every point, the untouched notebook earns one, or anything secret shows.
    """
    from .language import choose_language, write_translation
    from .releasing import make_release, pack_release
    from .validate import validate_assignment

    course = active_course(root)
    name = _one_assignment(course, assignment)
    if lang:
        course = choose_language(course, name, lang)
    write_translation(course, name)
    if wrong := [claim.text for claim in validate_assignment(course, name) if not claim.holds]:
        lines = "\n  ".join(wrong)
        raise CourseError(f"the release of '{name}' must not go out:\n  {lines}\nMend it and run: make release")
    make_release(course, name)
    spoken = "" if course.language == ENGLISH else f" ({course.language})"
    say.print(f"Released '{name}'{spoken}: {_plain(_below(pack_release(course, name)))}, and as a folder beside it")


def _below(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _check_for_leaks(course: Course, assignment: str) -> None:
    from .leak import check_release

    problems = check_release(course.release / assignment, course.solutions / assignment, assignment)
    if problems:
        lines = "\n  ".join(problems)
        raise CourseError(
            f"the release of '{assignment}' must not go out:\n  {lines}\nMend the source notebook and run: make release"
        )


@app.command()
def collect(
    source: Annotated[Path, typer.Argument(help="A download of the LMS: a zip, or a folder.")],
    assignment: Assignment = "",
    root: Root = Path(),
) -> None:
    """Bring in what an LMS gives to download, and say of each file what became of it."""
    from collections import Counter

    from .collect import NOTE, REFUSED
    from .collect import collect as take_in

    course = find_course(root)
    counts: Counter[str] = Counter()
    for report in take_in(course, _one_assignment(course, assignment), source):
        counts[report.what] += report.what != NOTE
        say.print(_plain(report), style="red" if report.what == REFUSED else None)
    say.print(
        ", ".join(f"{number} {what}" for what, number in counts.items() if number) + f"; in {_plain(course.submitted)}"
    )
    if counts[REFUSED]:
        raise SystemExit(EXIT_NOT_ALL_GRADED)


@app.command()
def grade(
    assignment: Assignment = "",
    root: Root = Path(),
    workers: Workers = 0,
    salt: Salt = "",
    force: Force = False,
    executor: Executor = Executors.PROCESSES,
    scheduler: Scheduler = "",
    no_sandbox: NoSandbox = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON; all else goes to stderr.")] = False,
) -> None:
    """Grade what lies in course/submitted/ and has changed. With nothing there, grade the bundled sample class.

    What being late costs, who has longer, and who is left out: docs/late.md.
    """
    from .ahead import warm_ahead
    from .options import RunOptions

    say.stderr = as_json  # standard output is for the machine then
    course = find_course(root)
    name = _one_assignment(course, assignment)
    misplaced = course.misplaced(name)
    if course.is_empty:
        course = _sample_class(course, name)
    elif misplaced and not course.students(name):
        lines = "\n  ".join(misplaced)
        raise CourseError(f"nothing in {course.submitted} is a submission of '{name}':\n  {lines}")
    layers = _protection(no_sandbox)
    workers = workers or len(os.sched_getaffinity(0))
    _check_executor(executor, scheduler)
    _release_if_needed(course, name)
    for sentence in misplaced:
        warn.print(f"left out: {_plain(sentence)}")
    if course.is_sample and not course.students(name):  # also after a first run that was cut short
        from .sample import write_sample_class

        write_sample_class(course, name)
    options = RunOptions(salt=salt, layers=layers, workers=workers, force=force, scheduler=scheduler)
    with warm_ahead(course, name, options) as warm:
        from .log import Log
        from .run import grade_and_record
        from .summary import NOT_GRADED, print_absent, print_summary, table_as_json, write_grades

        students = course.students(name)
        lines = grade_and_record(course, name, students, options, lambda text: say.print(_plain(text)), warm)
    write_grades(course, name, lines)
    print_summary(say, lines, course)
    several = len(course.assignments()) > 1
    if several:
        say.print(f"{name}: {_below(course.grades_of(name))}  (grades.csv has the assignment that was graded last)")
    print_absent(say, course, students)
    head = Log(course.log).head()
    say.print(f"log head:  {head}  (make verify HEAD=… checks against it)", style="dim")
    which = f" ASSIGNMENT={name}" if several else ""
    say.print(f"Next: make feedback report{which}  (a page for each student, a report of the class)")
    if as_json:
        print(table_as_json(name, lines, head))
    without_time = _name_unread_times(course, name, [line.student for line in lines])
    failed = without_time or any(line.status == NOT_GRADED for line in lines)
    raise SystemExit(EXIT_NOT_ALL_GRADED if failed else 0)


def _name_unread_times(course: Course, assignment: str, students: Iterable[str]) -> bool:
    """Name everybody who was graded without the hand-in time that lies beside the submission; True where there are."""
    from .late import IN_TIME, timestamp_problem

    folders = ((student, course.submitted / student / assignment) for student in students)
    problems = [(student, problem) for student, folder in folders if (problem := timestamp_problem(folder))]
    for student, problem in problems:
        warn.print(f"[bold red]{_plain(student)}:[/] {_plain(problem)}. {IN_TIME}")
    return bool(problems)


def _sample_class(course: Course, assignment: str) -> Course:
    if not course.sample_recipe(assignment).is_file():
        raise CourseError(f"Nothing is submitted in {course.submitted}, and '{assignment}' has no sample class.")
    say.print(f"Nothing is submitted in {_plain(course.submitted)}; grading the bundled sample class.")
    return course.sample()


def _protection(no_sandbox: bool) -> Layers:
    if no_sandbox:
        warn.print(
            "[bold red]NO SANDBOX: student code runs with your rights on this machine. Every verdict will say so.[/]"
        )
        return Layers.none()
    return ALL


def _check_executor(executor: Executors, scheduler: str) -> None:
    """Raise CourseError where executor and scheduler do not go together; warn of a road that others can read."""
    if executor is Executors.DASK and not scheduler:
        raise CourseError("Say where the scheduler is: --executor dask --scheduler tls://host:8786")
    if scheduler and executor is not Executors.DASK:
        raise CourseError("A scheduler is for Dask: --executor dask --scheduler " + scheduler)
    host = urlsplit(scheduler).hostname
    if scheduler and not scheduler.startswith("tls://") and host not in ("localhost", "127.0.0.1", "::1"):
        warn.print(
            f"[bold red]NOT ENCRYPTED:[/] whoever reaches {_plain(scheduler)} can read submissions and hidden tests, "
            "and run code there. Use tls:// (docs/scale.md)."
        )


def _release_if_needed(course: Course, assignment: str) -> None:
    from .language import write_translation
    from .releasing import is_released, make_release

    write_translation(course, assignment)
    if not is_released(course, assignment):
        say.print(f"Releasing '{assignment}' …")
        make_release(course, assignment)
        _check_for_leaks(course, assignment)


@app.command()
def regrade(
    assignment: Assignment = "",
    root: Root = Path(),
    workers: Workers = 0,
    force: Force = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write the grades without asking.")] = False,
    no_sandbox: NoSandbox = False,
) -> None:
    """After a change of cases, limits or kit: show who changes, by how much and why, then write the grades."""
    from .options import RunOptions
    from .regrade import open_regrade, report
    from .run import graded_lines
    from .summary import write_grades

    course = active_course(root)
    name = _one_assignment(course, assignment)
    layers = _protection(no_sandbox)
    _release_if_needed(course, name)
    options = RunOptions(salt="", layers=layers, workers=workers or len(os.sched_getaffinity(0)), force=force)
    with open_regrade(course, name, options) as again:
        changes = list(again.changes())
        if not changes:
            say.print("Nothing to grade again: no grade depends on what has changed.")
            return
        for line in report(changes, course.data / "regrade.txt"):
            say.print(_plain(line))
        if not yes and not (sys.stdin.isatty() and typer.confirm("Write these grades?", default=False)):
            say.print("Nothing was written. To write these grades: make regrade YES=1")
            raise SystemExit(EXIT_NOT_ALL_GRADED)
        say.print(f"{counted(again.write(), 'grade')} written.")
    lines = graded_lines(course, name)
    write_grades(course, name, lines)
    if _name_unread_times(course, name, [line.student for line in lines]):
        raise SystemExit(EXIT_NOT_ALL_GRADED)


@app.command()
def verify(
    assignment: Assignment = "",
    root: Root = Path(),
    head: Annotated[str, typer.Option("--head", help="A log head that an earlier run printed.")] = "",
) -> None:
    """Find what was changed in log, verdicts or gradebook by anything but the kit and the formgrader."""
    from .verify import verify as compare

    course = active_course(root)
    findings = compare(course, _one_assignment(course, assignment), head)
    for finding in findings:
        say.print(f"[red]changed[/]  {_plain(finding)}")
    for remedy in dict.fromkeys(finding.remedy for finding in findings):
        say.print(f"remedy   {_plain(remedy)}")
    if findings:
        raise SystemExit(EXIT_NOT_ALL_GRADED)
    say.print("Log, verdicts and gradebook are as the kit and the formgrader left them.")


@app.command()
def doctor() -> None:
    """Say what protection this machine gives, what is missing, and how to get it."""
    from .sandbox.doctor import probe, refuse_reason

    findings = probe()
    for found in findings:
        if found.active is None:
            say.print(f"[dim]not tried[/]  {_plain(found.name)}")
            continue
        mark = "[green]active [/]" if found.active else f"[{'red' if found.essential else 'yellow'}]missing[/]"
        say.print(f"{mark}  {_plain(found.name)}: {_plain(found.detail)}")
        if not found.active:
            say.print(f"         without it: {_plain(found.without)}\n         remedy: {_plain(found.remedy)}")
    if reason := refuse_reason(findings):
        warn.print(f"[bold red]Grading is refused here:[/] {_plain(reason)}")
        raise SystemExit(EXIT_SANDBOX)
    say.print("Grading is safe to run here.")


@app.command()
def validate(assignment: Assignment = "", root: Root = Path()) -> None:
    """Prove that the solution earns full marks, the untouched release nothing, and nothing leaks."""
    from .language import write_translation
    from .validate import validate_assignment

    course = find_course(root)
    name = _one_assignment(course, assignment)
    write_translation(course, name)  # the source may have changed since
    failed = False
    for claim in validate_assignment(course, name):
        say.print(f"{'[green]ok    [/]' if claim.holds else '[red]FAILED[/]'}  {_plain(claim.text)}")
        failed |= not claim.holds
    if failed:
        raise SystemExit(EXIT_NOT_ALL_GRADED)


@app.command()
def audit(assignment: Assignment = "", root: Root = Path(), workers: Workers = 0) -> None:
    """Grade the known wrong and right solutions: every wrong one must be rejected, by the cases made for it."""
    from .audit import audit_assignment, holds, report
    from .language import write_translation

    course = find_course(root)
    name = _one_assignment(course, assignment)
    write_translation(course, name)
    result = audit_assignment(course, name, workers or len(os.sched_getaffinity(0)))
    for line in report(result):
        say.print(_plain(line))
    raise SystemExit(0 if holds(result) else EXIT_NOT_ALL_GRADED)


@app.command()
def redteam(
    assignment: Assignment = "",
    root: Root = Path(),
    workers: Workers = 0,
    attacks: Annotated[Path, typer.Option(help="Folder of hostile submissions.")] = Path("tests/attacks"),
) -> None:
    """Run hostile submissions through the real path: none may gain a point, read a secret, or outlive its run."""
    from .redteam import run_redteam

    course = find_course(root)
    name = _one_assignment(course, assignment)
    if not attacks.is_dir():
        raise CourseError(f"There is no folder {attacks}. Name one with --attacks.")
    reports = []
    for report in run_redteam(course, name, attacks, workers=workers or len(os.sched_getaffinity(0))):
        reports.append(report)
        say.print(_plain(report.line()))
    succeeded = sum(report.succeeded for report in reports)
    say.print(f"redteam: {succeeded} of {len(reports)} attacks succeeded")
    raise SystemExit(EXIT_NOT_ALL_GRADED if succeeded else 0)


@app.command()
def bench(
    assignment: Assignment = "",
    root: Root = Path(),
    workers: Workers = 0,
    size: Annotated[int, typer.Option(help="Submissions in the class.")] = 200,
    plot: Annotated[Path | None, typer.Option(help="Draw time and memory over the run into this file.")] = None,
) -> None:
    """Throughput against plain `nbgrader autograde`, in one run on the same notebooks."""
    from .benchmark import run_benchmark

    course = find_course(root)
    name = _one_assignment(course, assignment)
    for line in run_benchmark(course, name, workers or len(os.sched_getaffinity(0)), size, plot=plot):
        say.print(_plain(line))


@app.command()
def formgrader(root: Root = Path(), port: Annotated[int, typer.Option(help="Port on this machine.")] = 8888) -> None:
    """Open JupyterLab with nbgrader's formgrader on this course, to mark the written answers."""
    find_course(root)
    os.chdir(root)
    command = [sys.executable, "-m", "jupyterlab", f"--port={port}", "--LabApp.default_url=/formgrader"]
    if os.geteuid() == 0:  # JupyterLab refuses root unless told; a container may have nobody else
        command.append("--allow-root")
    os.execv(sys.executable, command)  # noqa: S606  (no shell; this process becomes JupyterLab)


app.add_typer(handout.commands)
