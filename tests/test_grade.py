"""The core: one submission in, one verdict out, whatever the submission does."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from grader.course import Course
from grader.fill import fill
from grader.grade import Workbench, grade_submission
from grader.messages import say
from grader.release import Release
from grader.result import graded_result
from grader.sandbox.host import ALL
from grader.sandbox.limits import Limits
from grader.student import StudentCode
from grader.submitted import Submission
from grader.testcell import CheckingTooLong, deadline
from grader.verdict import Status, Verdict
from grader.workbench import open_workbench

from . import tiny
from .processes import comes_true

QUICK = Limits(cell_seconds=2, call_seconds=1, submission_seconds=15, address_space_mib=1024)


@pytest.fixture(scope="module")
def workbench(tiny_course: Course) -> Iterator[Workbench]:
    with open_workbench(tiny_course, tiny.NAME, "salt", layers=ALL, limits=QUICK) as opened:
        yield opened


def grade(workbench: Workbench, answer: str | NotebookNode | bytes | None) -> Verdict:
    return graded(workbench, answer).verdict


def graded(workbench: Workbench, answer: str | NotebookNode | bytes | None):
    if isinstance(answer, str):
        answer = fill(workbench.release.notebook, answer)
    data = nbformat.writes(answer).encode() if isinstance(answer, NotebookNode) else answer
    return grade_submission(workbench, Submission("s01", data))


def statuses(verdict: Verdict) -> dict[str, Status]:
    return {case.id: case.status for case in verdict.cases}


def test_right_answer_earns_everything(workbench: Workbench) -> None:
    """Does a right answer get full marks, through the sandbox?"""
    verdict = grade(workbench, tiny.REFERENCE)
    assert (verdict.points, verdict.max_points) == (6.0, 6.0)
    assert set(statuses(verdict).values()) == {Status.PASS}


def test_untouched_release_earns_nothing_and_is_not_called_wrong(workbench: Workbench) -> None:
    """Is an empty notebook 'not attempted'?"""
    verdict = grade(workbench, workbench.release.notebook)
    assert verdict.points == 0
    assert set(statuses(verdict).values()) == {Status.NOT_ATTEMPTED}


def test_verdict_names_the_test_cells_that_students_can_read(workbench: Workbench) -> None:
    """Is a cell judged by the text that everybody has told from one judged by secret cases?"""
    assert grade(workbench, tiny.REFERENCE).public == ("double_visible",)


def test_tests_that_are_cut_out_of_the_release_are_not_public(release: Release) -> None:
    """Does a cell with nbgrader's hidden tests in its own text count as secret?"""
    tests = {**release.tests}
    whole = tests["double_visible"].source + "\nassert double(17) == 34"
    tests["double_visible"] = dataclasses.replace(tests["double_visible"], source=whole)
    assert "double_visible" in release.public_tests
    assert "double_visible" not in dataclasses.replace(release, tests=tests).public_tests


def test_answer_that_cannot_run_is_no_repair(workbench: Workbench) -> None:
    """Does the verdict keep what was put right apart from what costs points?"""
    notebook = copy.deepcopy(workbench.release.notebook)
    notebook.cells[2].source = "def double(x)\n    return 2 * x"
    verdict = grade(workbench, notebook)
    assert verdict.repairs == ()
    assert "not valid Python (line 1" in verdict.hindrances["double"]
    assert {case.message for case in verdict.cases} == {verdict.hindrances["double"]}, "and no word of running it"
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_verdict_of_an_earlier_version_is_read(workbench: Workbench) -> None:
    """Can a verdict without the fields that came later be read as it was meant?"""
    data = json.loads(grade(workbench, tiny.REFERENCE).to_json())
    for name in ("hindrances", "limits_hit", "public"):
        del data[name]
    verdict = Verdict.from_json(json.dumps(data))
    assert (verdict.hindrances, verdict.limits_hit, verdict.public) == ({}, (), ())


@pytest.mark.parametrize(
    ("answer", "limit"),
    [
        ("def double(x):\n    while True:\n        pass", "within 1 seconds for one call"),
        ("def double(x):\n    return bytearray(8 << 30)", "more than 1024 MiB of memory"),
        ("x = bytearray(8 << 30)", "more than 1024 MiB of memory"),
        ("while True:\n    pass", "within 2 seconds for one cell"),
    ],
    ids=["call", "memory", "memory of a cell", "cell"],
)
def test_limit_that_was_hit_is_in_the_verdict(workbench: Workbench, answer: str, limit: str) -> None:
    """Is a limit named whichever way it was hit: in a call, in a cell, by time or by memory?"""
    notebook = fill(workbench.release.notebook, tiny.REFERENCE)
    if answer.startswith("def"):
        notebook = fill(notebook, answer)
    else:
        notebook.cells.insert(3, new_code_cell(answer))
    (said,) = grade(workbench, notebook).limits_hit
    assert limit in said


def test_wrong_answer_loses_its_case_and_keeps_the_others(workbench: Workbench) -> None:
    """Is the mistake named, and only it paid for?"""
    verdict = grade(workbench, "def double(x):\n    return x + 2")
    assert statuses(verdict)["double_hidden/values"] is Status.FAIL
    assert statuses(verdict)["double_hidden/input"] is Status.PASS
    wrong = next(case for case in verdict.cases if case.id == "double_hidden/values")
    assert (wrong.misconception, wrong.hint, wrong.ratio) == ("added", "What is two times x?", 3.0)


def test_in_place_damage_is_seen_through_the_sandbox(workbench: Workbench) -> None:
    """Does what the function left in its argument come back?"""
    verdict = grade(workbench, "def double(x):\n    x *= 2\n    return x")
    assert statuses(verdict)["double_hidden/input"] is Status.FAIL
    assert statuses(verdict)["double_hidden/values"] is Status.PASS


def test_exception_is_reported_with_the_students_own_line(workbench: Workbench) -> None:
    """Does the student see which line raised?"""
    verdict = grade(workbench, "def double(x):\n    return x['nothing']")
    case = next(case for case in verdict.cases if case.id == "double_hidden/values")
    assert case.status is Status.ERROR
    assert "x['nothing']" in case.message


@pytest.mark.parametrize(
    "answer",
    [
        "def double(x):\n    while True:\n        pass",
        "def double(x):\n    import os\n    os._exit(0)",
        "def double(x):\n    raise SystemExit",
        "def double(x):\n    return bytearray(8 << 30)",
        "def double(x):\n    return double(x)",
        "import os\nos.kill(os.getpid(), 9)\ndef double(x):\n    return 2 * x + 1",
    ],
    ids=["hangs", "exits", "SystemExit", "memory", "recursion", "kills-itself"],
)
def test_misbehaving_code_gets_a_verdict_and_no_points(workbench: Workbench, answer: str) -> None:
    """Does whatever the code does end in a verdict?"""
    verdict = grade(workbench, answer)
    assert not verdict.infra
    assert verdict.points <= 2  # leaving the input alone is worth two points, hanging or not


def test_hanging_cell_does_not_take_the_answer_along(workbench: Workbench) -> None:
    """Is a right function still judged when another cell of the student hangs?"""
    notebook = fill(workbench.release.notebook, tiny.REFERENCE)
    notebook.cells.append(new_code_cell("while True:\n    pass"))
    result = graded(workbench, notebook)
    assert result.verdict.points == 6.0
    assert result.notebook.cells[-1].outputs[0].output_type == "error"


@pytest.mark.parametrize("data", [None, b"", b"not json", b"{}"])
def test_unreadable_submission_gets_zero_and_a_reason(workbench: Workbench, data: bytes | None) -> None:
    """Is there a verdict where there is nothing to grade?"""
    verdict = grade(workbench, data)
    assert verdict.points == 0
    assert verdict.problem
    assert not verdict.infra


HOSTILE = {
    "prints": "print('6.0')",
    "patches numpy": "import numpy as np\nnp.array_equal = lambda *a, **k: True\nnp.ndarray = object",
    "redefines builtins": "import builtins\nbuiltins.print = builtins.isinstance = lambda *a, **k: True",
    "raises SystemExit": "raise SystemExit(0)",
    "reads solutions": "import glob\nprint(open('../../solutions/tiny/cases.py').read())",
    "replaces the helper": "import sys, types\nsys.modules['tinyhelp'] = types.SimpleNamespace(looks_doubled=bool)",
    "equal to all": "class Same:\n    __eq__ = lambda self, other: True\ndef double(x):\n    return Same()",
}


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_cell_gains_nothing(workbench: Workbench, cell: str) -> None:
    """Can a cell of the student's change what is judged outside?"""
    notebook = copy.deepcopy(workbench.release.notebook)
    notebook.cells.insert(2, new_code_cell(cell))
    verdict = grade(workbench, notebook)
    assert verdict.points <= (2 if "Same" in cell else 0)
    assert "make_cases" not in nbformat.writes(graded(workbench, notebook).notebook)


def test_grades_in_outputs_or_metadata_are_not_believed(workbench: Workbench) -> None:
    """Can a submission bring its own result along?"""
    notebook = copy.deepcopy(workbench.release.notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("execute_result", {"text/plain": "5.0"}, execution_count=1)]
    assert grade(workbench, notebook).points == 0


def test_experiments_are_kept_as_submitted_and_made_harmless(workbench: Workbench) -> None:
    """Do the student's own plots stay, and do scripts in them go?"""
    notebook = fill(workbench.release.notebook, tiny.REFERENCE)
    training = next(cell for cell in notebook.cells if cell.id == "training")
    training.outputs = [new_output("display_data", {"text/html": "<b>loss</b><script>alert(1)</script>"})]
    result = graded(workbench, notebook)
    kept = next(cell for cell in result.notebook.cells if cell.get("id") == "training").outputs
    assert "as submitted" in kept[0].text
    assert kept[1].data["text/html"] == "<b>loss</b>"


def test_graded_notebook_is_valid_and_its_test_cells_hold_the_points(workbench: Workbench) -> None:
    """Does nbgrader read from the notebook what the verdict says?"""
    from nbgrader.utils import determine_grade

    result = graded(workbench, "def double(x):\n    return x + 3 * (x == 3)")
    nbformat.validate(result.notebook)
    for cell in result.notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in workbench.release.tests:
            assert determine_grade(cell)[0] == sum(case.points for case in result.verdict.of_cell(grade_id))


def test_verdict_survives_its_json(workbench: Workbench) -> None:
    """Is nothing lost between grading and what reads verdicts?"""
    verdict = grade(workbench, tiny.REFERENCE)
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_texts_of_a_verdict_stay_texts(workbench: Workbench) -> None:
    """Can a message, which may quote the student, break out of its cell in the table or of its line in the file?"""
    graded_one = graded(
        workbench, 'def double(x):\n    raise ValueError("""<b onclick="x">&</b> }, {"id": 1, "a": [""")'
    )
    cell = next(cell for cell in graded_one.notebook.cells if cell.get("id") == "hidden")
    html = cell.outputs[0]["data"]["text/html"]
    assert "&lt;b onclick=&#34;x&#34;&gt;&amp;&lt;/b&gt;" in html
    assert "<b" not in html
    text = graded_one.verdict.to_json()
    assert Verdict.from_json(text) == graded_one.verdict
    lines = text.partition('"cases": [\n')[2].splitlines()
    assert [line[:6] for line in lines] == ['{"id":'] * len(graded_one.verdict.cases) + ["]", "}"]


def test_no_process_of_a_submission_is_left(workbench: Workbench) -> None:
    """Does a submission end when it is graded?"""

    def processes() -> set[str]:
        return {path.name for path in Path("/proc").iterdir() if path.name.isdigit() and below_us(path)}

    def below_us(path: Path) -> bool:
        try:
            parent = path.joinpath("stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            return False
        return parent == str(os.getpid()) or (parent != "0" and below_us(path.with_name(parent)))

    before = processes()
    grade(workbench, tiny.REFERENCE)
    assert comes_true(lambda: processes() <= before)  # the warm parent reaps it, in its own time


def test_process_that_does_not_start_is_our_fault_and_no_grade(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does a machine in trouble ever cost a student points?"""
    from grader.sandbox.child import Child
    from grader.sandbox.errors import ChildDied

    def dies(self, *_: object, **__: object):
        raise ChildDied("it ended itself (exit status 70)")

    monkeypatch.setattr(Child, "_receive", dies)
    verdict = grade(workbench, tiny.REFERENCE)
    assert verdict.infra
    assert set(statuses(verdict).values()) == {Status.INFRA}


@pytest.mark.parametrize("stage", ["take_in", "judge"])
def test_fault_of_the_grader_ends_with_the_submission(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Does a mistake of ours in reading or judging one submission stop the run for everybody, or score zero?"""

    def fails(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(f"grader.grade.{stage}", fails)
    verdict = grade(workbench, tiny.REFERENCE)
    assert verdict.infra
    assert "a mistake of ours" in verdict.cases[0].message


def test_cell_that_cannot_be_begun_is_an_error_of_its_own(workbench: Workbench) -> None:
    """Does code too deep for the compiler stop the grader, or take a right answer along?"""
    notebook = fill(workbench.release.notebook, tiny.REFERENCE)
    notebook.cells.append(new_code_cell("a" + ".a" * 20_000))
    result = graded(workbench, notebook)
    assert result.verdict.points == 6.0
    assert result.notebook.cells[-1].outputs[0].ename == "RecursionError"


def test_alarm_in_the_middle_of_a_call_does_not_spoil_the_next(workbench: Workbench) -> None:
    """Where judging ran out of time while a function ran: is the next one asked in a process of its own?"""
    cell = "import time\n\ndef slow():\n    time.sleep(0.5)\n    return 1\n\ndef quick():\n    return 2"
    with StudentCode(workbench.sandbox, [cell], workbench.limits) as code:
        code.run_cells()
        for look in (lambda: code["slow"](), lambda: code["slow"]()):
            with pytest.raises(CheckingTooLong), deadline(0.1):
                look()
            assert code["quick"]() == 2


def test_judging_a_submission_has_an_end(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is what a submission's own code may take, and a minute of ours, all that it gets?"""
    monkeypatch.setattr("grader.grade.TRUSTED_SECONDS", -workbench.limits.submission_seconds)
    verdict = grade(workbench, tiny.REFERENCE)
    assert {(case.status, case.message) for case in verdict.cases} == {(Status.ERROR, say("verdict.too_long"))}


def test_result_that_cannot_be_written_down_stops_nobody(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does a verdict that has no JSON end as our own fault, and not as the end of the run?"""
    written = Verdict.to_json

    def to_json(verdict: Verdict) -> str:
        if verdict.points:
            raise ValueError("Out of range float values are not JSON compliant: inf")
        return written(verdict)

    monkeypatch.setattr(Verdict, "to_json", to_json)
    result = graded_result(
        workbench, Submission("s01", nbformat.writes(fill(workbench.release.notebook, tiny.REFERENCE)).encode())
    )
    assert result.infra
    assert "not JSON compliant" in result.verdict.cases[0].message
