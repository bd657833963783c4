"""What a page chooses to say: where to start, how many digits, and which question or cell something belongs to."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.feedback.exporter import FeedbackExporter
from grader.feedback.page import Page, build_page
from grader.verdict import CaseResult, Status, Verdict
from tests import tiny
from tests.feedback.test_pages import Reader

ALONE = CaseResult("double_visible/a", "double_visible", "visible", Status.FAIL, 0, 1, "out[1] = 1.1", "Which axis?")
NAMED = CaseResult(
    "double_hidden/b", "double_hidden", "hidden", Status.FAIL, 0, 5, "no", "Is float32 kept?", misconception="float32"
)
NUMBER = "out[1, 2] = 1.077779, expected 1.07779767: 20 times the tolerance."
NOT_PYTHON = "The answer cell 'double' is not valid Python (line 1: expected ':'), so it could not run."


def verdict(*cases: CaseResult, **fields) -> Verdict:
    return Verdict(tiny.NAME, "s", "", "", "", "", cases, **fields)


def page_of(judged: Verdict, *cells: NotebookNode) -> Page:
    return build_page(new_notebook(cells=[*tiny.source_notebook().cells, *cells]), judged, None)


def text_of(judged: Verdict, *cells: NotebookNode) -> str:
    notebook = new_notebook(cells=[*tiny.source_notebook().cells, *cells])
    return Reader(FeedbackExporter().render(notebook, judged, None)).text


def test_question_that_names_the_mistake_is_where_to_start() -> None:
    """Does a student read the question of the diagnosis, where a general one of the same section stands before it?"""
    assert page_of(verdict(ALONE, NAMED)).first[1].hint == "Is float32 kept?"
    assert page_of(verdict(ALONE)).first[1].hint == "Which axis?"


def test_diagnosis_of_a_later_section_does_not_come_first() -> None:
    """Is the order of the notebook kept between sections?"""
    later = (
        new_markdown_cell("## 3 · Later"),
        new_code_cell("# Hidden", metadata=tiny.marks("later", points=1, locked=True)),
    )
    named = CaseResult("later/c", "later", "later", Status.FAIL, 0, 1, "no", "Is it?", misconception="later")
    section, finding = page_of(verdict(ALONE, named), *later).first
    assert (section.heading, finding.hint) == ("1 · Doubling", "Which axis?")


def test_numbers_of_a_public_check_are_told_as_they_are() -> None:
    """Does a value that was rounded ever stand beside an expected one that was not, and is a hidden one rounded?"""
    case = CaseResult("double_visible/a", "double_visible", "t", Status.FAIL, 0, 1, NUMBER, got="1.077779")
    (told,) = page_of(verdict(case, public=("double_visible",))).first[1].cases
    assert (told.message, told.got) == (NUMBER, "1.077779")
    (told,) = page_of(verdict(case)).first[1].cases
    assert (told.message[:17], told.got) == ("out[1, 2] = 1.078", "1.078")


def test_answer_that_cannot_run_comes_first_and_is_not_called_put_right() -> None:
    """Is a syntax error the first thing to look at, and nowhere said to have cost nothing?"""
    missing = CaseResult("double_hidden/b", "double_hidden", "t", Status.ERROR, 0, 5, "`double` is not defined.")
    text = text_of(verdict(missing, hindrances={"double": NOT_PYTHON}))
    assert text.index(NOT_PYTHON, text.index("Where to start")) < text.index("is not defined.")
    assert "put right" not in text
    assert "cost points" not in text


def test_hindrance_that_costs_nothing_does_not_come_first() -> None:
    """Does a written answer that is missing stand with its question, and leave the start to what is wrong?"""
    judged = verdict(ALONE, hindrances={"written": "The answer cell 'written' was missing."})
    assert page_of(judged).hindered is None
    assert "The answer cell 'written' was missing." in text_of(judged)
    assert page_of(verdict(hindrances={"double": NOT_PYTHON})).hindered is None


def test_written_answer_stands_under_its_question() -> None:
    """Can several answers of a section be told apart?"""
    cells = []
    for name, question in (("Why", "### 2.1 Why\n\nSay it."), ("How", "**2.2 How** (2 points). Say **all** of it.")):
        answer = new_markdown_cell("### not a question", metadata=tiny.marks(name, points=2, solution=True))
        cells += [new_markdown_cell(question), answer]
    text = text_of(verdict(), *cells)
    assert "2.1 Why not marked yet, 2 points" in text
    assert "2.2 How not marked yet, 2 points" in text
    assert "Your answer not marked yet, 4 points" in text, "a section without such headings"


def test_error_in_a_cell_of_the_students_own_names_the_cell() -> None:
    """Can a student find the cell that was stopped, and is nothing said of cells that only printed?"""
    stopped = new_code_cell("\nwhile True:\n    pass")
    stopped.outputs = [new_output("error", ename="LimitHit", evalue="It did not finish.", traceback=["Too long."])]
    talks = new_code_cell("print('a lot')")
    talks.outputs = [new_output("stream", text="a lot")]
    text = text_of(verdict(), stopped, talks)
    assert "An error of the cell that begins with: while True: Too long." in text
    assert text.count("begins with") == 1
