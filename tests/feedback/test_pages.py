"""The page a student gets back: complete, the same by both roads, harmless, small."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from grader.course import Course, CourseError
from grader.feedback.write import write_feedback
from grader.verdict import Verdict
from tests import graded, tiny

NBGRADER = Path(sys.executable).parent / "nbgrader"


class Reader(HTMLParser):
    """Collects visible text, element names, attributes that load or lead somewhere, and element ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.places: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self._skip = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._skip += tag == "style"
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset"):
                self.places.append((tag, value or ""))
            if name.startswith("on"):
                self.handlers.append(name)
            if name == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        self._skip -= tag == "style"

    def handle_data(self, data):
        if not self._skip:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_everybody_gets_a_page(class_with_pages: Course, pages: dict[str, str]) -> None:
    """Does each graded submission, however broken, have a page?"""
    assert set(pages) == set(class_with_pages.students(tiny.NAME))


def test_page_says_what_was_checked_and_what_to_think_about(pages: dict[str, str]) -> None:
    """Does a wrong answer get its score, the check, the question, the factor, and its own lines?"""
    text = Reader(pages["wrong"]).text
    assert "0.5 of 10 points" in text  # 2 points less 1.5 for being late
    assert "Before the late penalty: 2. Late penalty: −1.5 points." in text
    assert "1 · Doubling 2 / 6" in text
    assert "values for an array" in text
    assert "Wrong result. double is wrong" in text
    assert "3 times the tolerance" in text
    assert "What is two times x?" in text
    assert "the input is left alone" in text
    assert "defdouble(x):y=xy=y+2returny" in "".join(text.split())


def test_line_that_stopped_is_shown(pages: dict[str, str]) -> None:
    """Does an exception lead to the student's own line, marked in the code?"""
    page = pages["raises"]
    assert "The line it stopped at" in page
    assert 'class="l m" data-n="3"' in page


def test_marks_and_comments_of_the_formgrader_are_on_the_page(pages: dict[str, str]) -> None:
    """Do manual score, extra credit and comment reach the student, and is an unmarked answer said to be so?"""
    text = Reader(pages["written"]).text
    assert "9.75 of 10 points" in text
    assert "Your answer 3.75 of 4 points" in text
    assert "Good, but why ?" in text or "Good, but why?" in text
    assert "Because two is two." in text
    assert "Answers that a person still has to read" not in text
    assert "You wrote no answer here." in Reader(pages["right"]).text


def test_unreadable_submission_says_why_and_nothing_else(pages: dict[str, str]) -> None:
    """Is a file that is no notebook explained, without a list of failed checks?"""
    text = Reader(pages["no-json"]).text
    assert "Your submission could not be read" in text
    assert "Hand in the .ipynb file itself" in text
    assert "Not right yet" not in text


def test_fault_of_the_grader_shows_no_score(class_with_pages: Course) -> None:
    """Is a student told that the machine failed, not that they earned zero?"""
    before = graded.verdict_file(class_with_pages, "right").read_text()
    graded.make_infra(class_with_pages, "right")
    try:
        (written,) = write_feedback(class_with_pages, tiny.NAME, ["right"])
        text = Reader(written.path.read_text()).text
    finally:
        graded.verdict_file(class_with_pages, "right").write_text(before)
        list(write_feedback(class_with_pages, tiny.NAME, ["right"]))
    assert "Not graded yet" in text
    assert "points" not in text


def test_both_roads_write_the_same_page(class_with_pages: Course, pages: dict[str, str]) -> None:
    """Is what `nbgrader generate_feedback` writes the same to the byte, and is nothing copied along?"""
    result = subprocess.run(
        [NBGRADER, "generate_feedback", tiny.NAME, "--force"], cwd=class_with_pages.root, text=True,
        capture_output=True, timeout=240, check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    for student, page in pages.items():
        folder = class_with_pages.feedback / student / tiny.NAME
        assert [path.name for path in folder.iterdir()] == [f"{tiny.NAME}.html"]
        assert (folder / f"{tiny.NAME}.html").read_text(encoding="utf-8") == page


def test_nothing_a_student_wrote_becomes_part_of_the_page(pages: dict[str, str]) -> None:
    """Is every script, handler and foreign address in answers, code and comments harmless?"""
    for student, page in pages.items():
        reader = Reader(page)
        assert "script" not in reader.tags, student
        assert not reader.handlers, student
        for tag, place in reader.places:
            assert place.startswith(("#", "data:image/png;base64,", "data:image/jpeg;base64,")), (student, tag, place)
    assert "alert(2)" in Reader(pages["hostile"]).text  # shown as the text it is


def test_ids_and_links_of_a_page_fit(pages: dict[str, str]) -> None:
    """Does each link lead to one place that is there?"""
    for student, page in pages.items():
        reader = Reader(page)
        assert len(reader.ids) == len(set(reader.ids)), student
        assert {place[1:] for tag, place in reader.places if tag == "a"} <= set(reader.ids), student


def test_salt_and_timings_stay_with_the_instructor(class_with_pages: Course, pages: dict[str, str]) -> None:
    """Could a student repeat the hidden inputs from what the page says?"""
    verdict = Verdict.from_json(graded.verdict_file(class_with_pages, "wrong").read_text())
    assert verdict.salt == graded.SALT
    for page in pages.values():
        assert verdict.salt not in page
        assert verdict.release_sha256[:12] not in page


def test_pages_are_small_whatever_was_printed(pages: dict[str, str]) -> None:
    """Is a page under 300 KB without the student's plots, even after a cell that printed 170 KB?"""
    for student, page in pages.items():
        assert len(page.encode()) - len(graded.DOT) < 300_000, student
    assert "(shortened)" in pages["noisy"]


def test_plots_of_an_experiment_are_kept_as_submitted(pages: dict[str, str]) -> None:
    """Is the student's own picture on the page, with a text beside it, and said not to be run again?"""
    page = pages["noisy"]
    assert f"data:image/png;base64,{graded.DOT}" in page
    assert 'alt="Plot' in page
    assert "as you handed it in; not run again" in page
    assert "(output as submitted; not run again)" not in page


@pytest.mark.parametrize(("language", "words"), [("ko", "먼저 볼 곳으로 건너뛰기"), ("zh", "跳到首先要看的地方")])
def test_page_comes_in_other_languages(class_with_pages: Course, pages, language: str, words: str) -> None:
    """Does --language give the page in that language, status words and ids as they are?"""
    (written,) = write_feedback(class_with_pages, tiny.NAME, ["wrong"], language)
    page = written.path.read_text(encoding="utf-8")
    list(write_feedback(class_with_pages, tiny.NAME, ["wrong"]))
    assert f'<html lang="{language}">' in page
    assert words in page
    assert ">FAIL<" in page


def test_page_in_another_language_than_the_release_is_said_to_be_mixed(class_with_pages: Course) -> None:
    """Does whoever asks for Korean pages of an English release hear that half of each stays English?"""
    command = [Path(sys.executable).parent / "grader", "feedback", "--student", "right", "--language"]
    said = {
        language: subprocess.run(
            [*command, language], cwd=class_with_pages.root, text=True, capture_output=True, timeout=240, check=True
        ).stderr
        for language in ("ko", "en")
    }
    assert "The assignment was released in 'en'" in said["ko"]
    assert "make release LANG=ko" in said["ko"]
    assert "released in" not in said["en"]


def test_unknown_language_and_ungraded_class_are_named(class_with_pages: Course, tmp_path: Path) -> None:
    """Is a usage mistake one sentence with what to do?"""
    with pytest.raises(CourseError, match="Languages: en, ko, zh"):
        next(write_feedback(class_with_pages, tiny.NAME, language="xx"))
    with pytest.raises(CourseError, match="Run: make grade"):
        next(write_feedback(tiny.make_project(tmp_path), tiny.NAME))


def test_a_damaged_verdict_stops_nobody_else(class_with_pages: Course) -> None:
    """Is one broken file reported, and the next page still made?"""
    path = graded.verdict_file(class_with_pages, "moved")
    before = path.read_text()
    path.write_text(before[:100])
    try:
        broken, fine = write_feedback(class_with_pages, tiny.NAME, ["moved", "right"])
    finally:
        path.write_text(before)
    assert "Grade it again: make grade" in broken.problem
    assert fine.problem == ""


def test_map_of_errors_is_drawn_where_part_of_an_answer_is_right() -> None:
    """Is the map there with words for those who cannot see it, and one sentence where everything is wrong?"""
    from nbformat.v4 import new_notebook

    from grader.feedback.exporter import FeedbackExporter
    from grader.verdict import CaseResult, Status

    notebook = new_notebook(cells=tiny.source_notebook().cells)

    def page(*errors: str) -> str:
        case = CaseResult("double_hidden/a", "double_hidden", "a check", Status.FAIL, 0.0, 5.0, errors=errors)
        return FeedbackExporter().render(notebook, Verdict(tiny.NAME, "s", "", "", "", "", (case,)), None)

    assert 'aria-label="Map of the error: 2 of 4 squares are outside the tolerance"' in page(".9", "x.")
    assert "In “a check” every element is outside the tolerance." in Reader(page("99")).text
    assert "<svg" not in page("99")
    assert "<svg" not in page()


def test_code_in_a_sentence_is_set_as_code_and_nothing_else_is() -> None:
    """Do backquotes become code, and markup that a student's error carries stay text?"""
    from grader.feedback.exporter import spans

    assert spans("`-=` or `<b>`, not <i>") == "<code>-=</code> or <code>&lt;b&gt;</code>, not &lt;i&gt;"
    assert spans("one ` alone") == "one ` alone"
    assert spans("`two\nlines`") == "`two\nlines`"
