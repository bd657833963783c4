"""What the engine itself says to students, in the language of the release."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from grader.course import Course
from grader.fill import fill
from grader.grade import GradedSubmission, Workbench, grade_submission, not_graded
from grader.gradescope_run import results_of
from grader.messages import catalogue
from grader.release import load_release
from grader.releasing import make_release
from grader.sandbox.host import ALL
from grader.sandbox.limits import Limits
from grader.submitted import Submission, read_submission, submission_id
from grader.verdict import Status, Verdict
from grader.workbench import open_workbench

from . import tiny

QUICK = Limits(cell_seconds=2, call_seconds=0.5, submission_seconds=15, address_space_mib=1024)
SCRIPT = {"ko": re.compile("[가-힣]"), "zh": re.compile("[一-鿿]")}
RAISES = "def double(x):\n    return x['nothing']"
HANGS = "def double(x):\n    while True:\n        pass"


@pytest.fixture(scope="module")
def english(tiny_course: Course) -> Iterator[Workbench]:
    with open_workbench(tiny_course, tiny.NAME, "salt", layers=ALL, limits=QUICK) as opened:
        yield opened


@pytest.fixture(scope="module", params=SCRIPT)
def workbench(english: Workbench, request: pytest.FixtureRequest) -> Workbench:
    notebook = copy.deepcopy(english.release.notebook)
    notebook.metadata["language"] = request.param
    return dataclasses.replace(english, release=dataclasses.replace(english.release, notebook=notebook))


def graded(workbench: Workbench, answer: str | NotebookNode | bytes | None) -> GradedSubmission:
    if isinstance(answer, str):
        answer = fill(workbench.release.notebook, answer)
    data = nbformat.writes(answer).encode() if isinstance(answer, NotebookNode) else answer
    return grade_submission(workbench, Submission("s01", data))


def messages(verdict: Verdict) -> dict[str, str]:
    return {case.id: case.message for case in verdict.cases}


def spoken(workbench: Workbench, text: str) -> bool:
    return bool(SCRIPT[workbench.release.language].search(text))


@pytest.mark.parametrize("data", [None, b"", b"not json", b'{"worksheets": 5}', b"{}"])
def test_unreadable_file_is_explained(workbench: Workbench, data: bytes | None) -> None:
    """Does a student learn in their language why nothing was graded?"""
    verdict = graded(workbench, data).verdict
    assert spoken(workbench, verdict.problem)
    assert set(messages(verdict).values()) == {verdict.problem}


def test_repair_is_told(workbench: Workbench) -> None:
    """Is what was put right said in the language, with the names of cells as they are?"""
    notebook = fill(workbench.release.notebook, tiny.REFERENCE)
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != "setup"]
    verdict = graded(workbench, notebook).verdict
    assert verdict.points == 6.0
    assert verdict.repairs == (catalogue(workbench.release.language)("repaired.locked_missing", id="setup"),)


def test_error_of_the_students_code_is_told(workbench: Workbench) -> None:
    """Is an exception told in the language, with its class and line as Python has them?"""
    message = messages(graded(workbench, RAISES).verdict)["double_hidden/values"]
    assert spoken(workbench, message)
    assert "IndexError" in message
    assert message.endswith("return x['nothing']")


def test_limit_is_told(workbench: Workbench) -> None:
    """Is a function that hangs told by which limit, and then that it is not called again?"""
    verdict = graded(workbench, HANGS).verdict
    limit = catalogue(workbench.release.language)("limits.call_seconds", value="0.5")
    assert limit in messages(verdict)["double_hidden/values"]
    assert {case.status for case in verdict.cases} == {Status.TIMEOUT}
    assert all(spoken(workbench, message) and "It did not" not in message for message in messages(verdict).values())


@pytest.mark.parametrize(
    "answer",
    [
        "def other(x):\n    return x",
        "double = __import__('numpy')",
        "def double(x):\n    raise NotImplementedError",
        "def double(x):\n    return bytearray(8 << 30)",
        "def double(x):\n    import os\n    os._exit(7)",
        "def double(x):\n    import os\n    os.abort()",
        "def double(x):\n    return [[]] * 200_000",
        "def double(x):\n    x.resize(9, refcheck=False)\n    return x",
    ],
    ids=["not-defined", "module", "not-written", "memory", "exits", "crashes", "values", "shape"],
)
def test_whatever_code_does_is_told(workbench: Workbench, answer: str) -> None:
    """Is there a message in English left among those of the engine?"""
    message = messages(graded(workbench, answer).verdict)["double_hidden/values"]
    assert spoken(workbench, message), message
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", message), message


def test_graded_notebook_is_in_the_language(workbench: Workbench) -> None:
    """Do table, stopped cell and experiment speak it, and are status words and points as ever?"""
    notebook = fill(workbench.release.notebook, "def double(x):\n    return x + 3")
    notebook.cells.append(new_code_cell("while True:\n    pass"))
    training = next(cell for cell in notebook.cells if cell.id == "training")
    training.outputs = [new_output("stream", name="stdout", text="epoch 1")]
    cells = graded(workbench, notebook).notebook.cells
    table = next(cell for cell in cells if cell.get("id") == "hidden").outputs[0].data
    heads = re.findall('<th scope="col">(.*?)</th>', table["text/html"])
    assert len(heads) == 5
    assert all(spoken(workbench, text) for text in [*heads, cells[-1].outputs[0].evalue])
    assert "FAIL" in table["text/plain"]
    assert " of " not in table["text/plain"]
    assert spoken(workbench, next(cell for cell in cells if cell.get("id") == "training").outputs[0].text)


def test_our_own_failure_stays_english(workbench: Workbench) -> None:
    """Can an instructor read what went wrong here?"""
    result = not_graded(workbench.release, Submission("s01", b""), "the process ended twice")
    assert result.verdict.cases[0].message == "The grader failed, not the submission: the process ended twice"


def test_gradescope_shows_the_language(workbench: Workbench) -> None:
    """Is what stands beside the tests in it, too?"""
    graded_notebook = graded(workbench, fill(workbench.release.notebook, tiny.REFERENCE))
    assert spoken(workbench, results_of(workbench, graded_notebook, "hidden")["output"])


def test_english_is_as_ever(english: Workbench, workbench: Workbench) -> None:
    """Is a course in English spoken to in English, also right after another one?"""
    graded(workbench, b"not json")
    assert graded(english, None).verdict.problem == "No notebook was handed in."
    said = messages(graded(english, RAISES).verdict)["double_hidden/values"]
    assert re.fullmatch(r"double raised IndexError: .*, at: return x\['nothing'\]", said)
    values, again = list(messages(graded(english, HANGS).verdict).values())[::2]
    limit = "It did not finish within 0.5 seconds for one call of a function, and was stopped."
    assert values == f"While double ran: {limit}"
    assert again == "double did not return in time on 2 earlier calls, so it was not called again."


def test_language_reaches_grading_from_the_source_notebook(fresh_course: Course) -> None:
    """Does nbgrader's release keep what says the language, and does the log compare files in one language?"""
    path = fresh_course.sources / tiny.NAME / f"{tiny.NAME}.ipynb"
    source = nbformat.read(path, as_version=4)
    source.metadata["language"] = "ko"
    nbformat.write(source, path)
    make_release(fresh_course, tiny.NAME)
    release = load_release(fresh_course, tiny.NAME)
    assert release.language == "ko"
    folder = fresh_course.submitted / "s01" / tiny.NAME
    folder.mkdir(parents=True)
    submission = read_submission(folder, tiny.NAME, "s01")
    assert submission_id(submission) == "none: The folder holds no notebook; hand in one file called tiny.ipynb."
