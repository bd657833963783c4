"""The core: one submission in, one verdict and one graded notebook out. Read this file first.

`grade_submission` is pure: no database, no course folders, no state between submissions. It is called by `make grade`
(grader.run), by nbgrader's own autograde (grader.plugin), and by anything else that has a release and some bytes.

    bytes -> take_in -> notebook -> cells run in the sandbox -> graded cells judged out here -> verdict + notebook
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import escape
from nbformat import NotebookNode

from .checking import Case, Student
from .intake import Intake, bare_release, take_in
from .messages import Message, say, speaking
from .outputs import safe_outputs
from .plots import Plot, bounded
from .rehearsal import Plan
from .release import Release, is_experiment, is_test, nbgrader_metadata
from .sandbox.host import Sandbox, SandboxUnavailable
from .sandbox.limits import Limits
from .student import RecordedCode, StudentCode
from .submitted import Submission
from .testcell import TRUSTED_SECONDS, CheckingTooLong, TrustedNames, clip, deadline, judge
from .verdict import CaseResult, Status, Verdict, times, versions

MakePlots = Callable[[Student, Sequence[CaseResult]], Iterable[Plot]]


@dataclass(frozen=True, slots=True)
class Workbench:
    """What every submission of a run is graded with: the release, the secret cases, a warm sandbox, the limits.

    Cases are built from `salt`, so a run can be repeated to the bit.
    """

    release: Release
    cases: dict[str, list[Case]]  # by grade_id of the test cell
    sandbox: Sandbox
    limits: Limits
    salt: str
    plan: Plan | None = None  # calls that every submission gets, see grader.rehearsal
    make_plots: MakePlots | None = None  # see grader.plots


@dataclass(frozen=True, slots=True)
class GradedSubmission:
    verdict: Verdict
    notebook: NotebookNode


def arrange_cases(release: Release, cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Sort cases by test cell. Raises ValueError where a case has no cell, or a cell's cases miss its points."""
    by_cell: dict[str, list[Case]] = {}
    seen: set[str] = set()
    for case in cases:
        if case.cell not in release.tests:
            raise ValueError(f"case '{case.id}' belongs to '{case.cell}', which is no test cell of the release")
        if case.id in seen:
            raise ValueError(f"two cases are called '{case.id}'")
        seen.add(case.id)
        by_cell.setdefault(case.cell, []).append(case)
    for cell, members in by_cell.items():
        total = math.fsum(case.points for case in members)
        if not math.isclose(total, release.tests[cell].points):
            raise ValueError(
                f"the cases of '{cell}' are worth {total:g} points, the cell {release.tests[cell].points:g}"
            )
    return by_cell


def grade_submission(workbench: Workbench, submission: Submission) -> GradedSubmission:
    """Grade one submission. Raises nothing for anything the submission does; `INFRA` results are our own faults."""
    with speaking(workbench.release.language):
        try:
            return _grade(workbench, submission)
        # it could not even be read or written down: the run goes on with the next one
        except (Exception, CheckingTooLong) as error:
            return not_graded(workbench.release, submission, clip(f"{type(error).__name__}: {error}"))


def _grade(workbench: Workbench, submission: Submission) -> GradedSubmission:
    started = time.perf_counter()
    if submission.data is None:
        intake = take_in(workbench.release, b"")
        problem = str(submission.problem or Message("unreadable.none"))
    else:
        intake = take_in(workbench.release, submission.data)
        problem = intake.problem
    notebook = intake.notebook
    read = time.perf_counter()
    stages: dict[str, float] = {"intake": read - started, "student": 0.0}
    judged = Judged({}, {})
    if problem:
        judged = Judged(_not_gradable(workbench.release, problem), {})
    else:
        try:
            judged = _run_and_judge(workbench, intake, stages)
        except SandboxUnavailable as error:
            judged = Judged(_infrastructure_failed(workbench.release, str(error)), {})
        except Exception as error:  # our fault too, and it ends here: the run goes on with the next submission
            reason = clip(f"{type(error).__name__}: {error}")
            judged = Judged(_infrastructure_failed(workbench.release, reason), {})
    results, printed = judged.results, judged.printed
    _write_outputs(workbench.release, notebook, results, printed)
    verdict = Verdict(
        assignment=workbench.release.assignment,
        student=submission.student,
        submission_sha256=hashlib.sha256(submission.data or b"").hexdigest(),
        release_sha256=workbench.release.sha256,
        salt=workbench.salt,
        sandbox=workbench.sandbox.description,
        cases=tuple(result for cell in workbench.release.tests for result in results[cell]),
        repairs=tuple(clip(line) for line in intake.repairs),
        hindrances={grade_id: clip(line) for grade_id, line in intake.hindrances.items()},
        problem=problem,
        versions=versions(),
        limits=dataclasses.asdict(workbench.limits),
        seconds={name: round(seconds, 4) for name, seconds in stages.items()} | {"total": round(_since(started), 4)},
        plots=judged.plots,
        bonus=tuple(workbench.release.bonus),
        limits_hit=judged.limits_hit,
        public=tuple(name for name in workbench.release.public_tests if name not in workbench.cases),
    )
    return GradedSubmission(verdict, notebook)


def not_graded(release: Release, submission: Submission, reason: str) -> GradedSubmission:
    """The verdict where grading itself came to grief. The submission is not looked at: `INFRA`, and why."""
    results = _infrastructure_failed(release, reason)
    notebook = bare_release(release)
    with speaking(release.language):
        _write_outputs(release, notebook, results, {})
    verdict = Verdict(
        assignment=release.assignment,
        student=submission.student,
        submission_sha256=hashlib.sha256(submission.data or b"").hexdigest(),
        release_sha256=release.sha256,
        salt="",
        sandbox="",
        cases=tuple(result for cell in release.tests for result in results[cell]),
        versions=versions(),
        bonus=tuple(release.bonus),
    )
    return GradedSubmission(verdict, notebook)


Results = dict[str, list[CaseResult]]


@dataclass(frozen=True, slots=True)
class Judged:
    """Results and what the test cells printed, by grade_id; pictures for the student's page; limits that were hit."""

    results: Results
    printed: dict[str, str]
    plots: tuple[Plot, ...] = ()
    limits_hit: tuple[str, ...] = ()


def _since(started: float) -> float:
    return time.perf_counter() - started


def _run_and_judge(workbench: Workbench, intake: Intake, stages: dict[str, float]) -> Judged:
    """Run the student's cells, keep their outputs, then judge every graded cell of the release.

    All outputs are in before the first hidden input goes into the sandbox, so no cell can print one. `stages` gets
    the seconds that each stage took, and `student`, the processor time that the student's own code says it took.
    """
    run = _cells_to_run(intake.notebook)
    missing = {
        name: intake.hindrances[cell.grade_id]
        for cell in workbench.release.cells
        if cell.is_solution and cell.grade_id in intake.hindrances
        for name in cell.names
    }
    sources = [cell.source for cell in run]
    with StudentCode(workbench.sandbox, sources, workbench.limits, workbench.plan, missing) as code:
        for number, (cell, outputs) in enumerate(zip(run, code.run_cells(), strict=True), start=1):
            cell.outputs, cell.execution_count = outputs, number
        started = time.perf_counter()
        judged = _judge_all(workbench, code)
        stages |= {**code.stages, "judging": _since(started), "student": code.cpu_seconds}
    return judged


def _cells_to_run(notebook: NotebookNode) -> list[NotebookNode]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in code if not is_test(cell) and not is_experiment(cell)]


def _judge_all(workbench: Workbench, code: StudentCode) -> Judged:
    trusted = TrustedNames(workbench.release)
    results: Results = {}
    printed: dict[str, str] = {}
    end = time.monotonic() + workbench.limits.submission_seconds + TRUSTED_SECONDS
    for grade_id, test in workbench.release.tests.items():
        results[grade_id], printed[grade_id] = judge(test, workbench.cases.get(grade_id, ()), code, trusted, end)
    hit = tuple(map(clip, code.limits_hit))  # before the pictures, which nobody is graded by
    plots = _plots(workbench, code, [result for cell in results.values() for result in cell])
    return Judged(results, printed, plots, hit)


def _plots(workbench: Workbench, code: StudentCode, results: Sequence[CaseResult]) -> tuple[Plot, ...]:
    """The pictures of an assignment that has some. They are worth nothing, so what goes wrong here costs nothing."""
    if workbench.make_plots is None:
        return ()
    try:
        with deadline(TRUSTED_SECONDS):
            return bounded(workbench.make_plots(code, results))
    except (Exception, CheckingTooLong):  # values of a student's that cannot be drawn, or a sandbox that is gone
        return ()


def rehearse(workbench: Workbench, solved: NotebookNode) -> Plan:
    """Grade a solved notebook and return the calls that its judging made, for `Workbench.plan`."""
    cells = [cell.source for cell in _cells_to_run(solved)]
    with RecordedCode(workbench.sandbox, cells, workbench.limits) as code:
        code.run_cells()
        _judge_all(workbench, code)
        return code.recorder.plan()


def _same_result_everywhere(release: Release, status: Status, message: str) -> Results:
    return {
        grade_id: [CaseResult(grade_id, grade_id, test.section or grade_id, status, 0.0, test.points, message=message)]
        for grade_id, test in release.tests.items()
    }


def _not_gradable(release: Release, problem: str) -> Results:
    return _same_result_everywhere(release, Status.ERROR, problem)


def _infrastructure_failed(release: Release, reason: str) -> Results:
    return _same_result_everywhere(release, Status.INFRA, f"The grader failed, not the submission: {reason}")


def _write_outputs(release: Release, notebook: NotebookNode, results: Results, printed: dict[str, str]) -> None:
    """Put the verdict into the test cells as nbgrader reads it: a table, then the points as the last value."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if is_experiment(cell):
            cell.outputs = safe_outputs(cell.outputs)
            if cell.outputs:
                text = say("verdict.as_submitted") + "\n"
                note = NotebookNode(output_type="stream", name="stdout", text=text)
                cell.outputs.insert(0, note)
        elif is_test(cell):
            grade_id = nbgrader_metadata(cell)["grade_id"]
            cell.outputs = _verdict_outputs(
                release.tests[grade_id].points, results[grade_id], printed.get(grade_id, "")
            )


_HEAD = """<table cellpadding="4">
<thead><tr><th scope="col">{}</th><th scope="col">{}</th>
<th scope="col">{}</th><th scope="col">{}</th>
<th scope="col">{}</th></tr></thead>
<tbody>
"""


def _verdict_outputs(max_points: float, cases: list[CaseResult], printed: str) -> list[NotebookNode]:
    points = min(math.fsum(case.points for case in cases), max_points)
    earned = [say("verdict.earned", points=f"{case.points:g}", most=f"{case.max_points:g}") for case in cases]
    table = NotebookNode(
        output_type="display_data",
        data=NotebookNode({"text/html": _html_table(cases, earned), "text/plain": _plain_table(cases, earned)}),
        metadata=NotebookNode(),
    )
    value = NotebookNode(
        output_type="execute_result",
        data=NotebookNode({"text/plain": repr(points)}),
        metadata=NotebookNode(),
        execution_count=None,
    )
    shown = safe_outputs([{"output_type": "stream", "name": "stdout", "text": printed}]) if printed else []
    return [*shown, table, value]


def _html_table(cases: list[CaseResult], earned: list[str]) -> str:
    columns = (
        say("verdict.status"),
        say("verdict.points"),
        say("verdict.checked"),
        say("verdict.ratio"),
        say("verdict.found"),
    )
    rows = [_HEAD.format(*map(escape, columns))]
    for case, points in zip(cases, earned, strict=True):
        ratio = "" if case.ratio is None else times(case.ratio)
        hint = f"<br><em>{escape(case.hint)}</em>" if case.hint else ""
        rows.append(
            f"<tr><td>{case.status}</td><td>{escape(points)}</td>\n"
            f'<td style="text-align:left">{escape(case.title)}</td>\n<td>{ratio}</td>\n'
            f'<td style="text-align:left">{escape(case.message)}{hint}</td></tr>\n'
        )
    return "".join([*rows, "</tbody></table>"])


def _plain_table(cases: list[CaseResult], earned: list[str]) -> str:
    lines = []
    for case, points in zip(cases, earned, strict=True):
        ratio = "" if case.ratio is None else f" ({say('verdict.times', ratio=times(case.ratio))})"
        lines.append(f"{case.status:13} {points}  {case.title}{ratio}")
        lines.extend(f"{'':13} {text}" for text in (case.message, case.hint) if text)
    return "\n".join(lines)
