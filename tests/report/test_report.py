"""The instructor's page: what it says of a class, that it is harmless, and that it holds 2,000 students."""

from __future__ import annotations

import dataclasses
import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course, CourseError
from grader.report import build
from grader.report.build import build_report
from grader.report.classroom import Classroom, Submission, read_class
from grader.report.figures import histogram, strip
from grader.report.items import Checks, Item, correlation
from grader.report.write import render_report, write_report
from grader.verdict import CaseResult, Status, Verdict
from tests import graded, tiny


def html_of(course: Course) -> str:
    return (course.data / "report" / "index.html").read_text(encoding="utf-8")


def test_report_is_kept_by_assignment(class_with_report: Course) -> None:
    """Is there a file that the report on another assignment does not replace?"""
    assert class_with_report.report(tiny.NAME).read_text(encoding="utf-8") == html_of(class_with_report)


def test_what_was_not_graded_comes_first(class_with_report: Course) -> None:
    """Are our own failures named before anything else, then what could not be read?"""
    page = html_of(class_with_report)
    assert page.index("Look at these first") < page.index("Scores</h2>")
    assert page.index("The grader failed, not the submission") < page.index("not a Jupyter notebook")


def test_unreadable_is_not_counted_as_graded(class_with_report: Course) -> None:
    """Do the numbers on top add up, and is our own fault spoken of only where there is one?"""
    page = html_of(class_with_report)
    assert "<b>12</b> submissions" in page
    assert "<b>10</b> graded" in page
    assert "<b>1</b> unreadable" in page
    assert "<b>1</b> not graded" in page
    assert "is a fault of the grader" in page
    alone = render_report(build_report(_class_of([_verdict("a", True)], "One")), lambda student: "")
    assert "<b>1</b> submission<" in alone
    assert "is a fault of the grader" not in alone


def test_who_was_graded_without_a_sandbox_is_named() -> None:
    """Does the instructor see at once whose grades were made unprotected?"""
    bare = dataclasses.replace(_verdict("b", True), sandbox="NONE: student code ran with all the rights of the grader")
    report = build_report(_class_of([_verdict("a", True), bare], "Two"))
    assert [(group.name, group.students) for group in report.look_at] == [("no sandbox", ("b",))]
    page = render_report(report, lambda student: "")
    assert page.index("NONE: student code") < page.index("Scores</h2>")


def test_every_limit_that_was_hit_is_reported() -> None:
    """Is a cell that was stopped, or memory that was asked for, seen where no case timed out?"""
    cell = dataclasses.replace(_verdict("a", True), limits_hit=("It did not finish within 30 seconds for one cell.",))
    slow = CaseResult("c/0", "c", "check", Status.TIMEOUT, 0, 1, message="While f ran: it was stopped.")
    earlier = dataclasses.replace(_verdict("b"), cases=(slow,))
    report = build_report(_class_of([cell, earlier], "Limits"))
    assert {group.name: group.students for group in report.limits} == {
        "It did not finish within 30 seconds for one cell.": ("a",),
        "While f ran: it was stopped.": ("b",),
    }
    assert {row.student: row.status for row in report.rows} == {"a": "hit a limit", "b": "hit a limit"}
    assert "Nobody hit a limit" not in render_report(report, lambda student: "")


def test_answers_that_could_not_run_are_no_repairs() -> None:
    """Is what cost points apart from what was put right?"""
    verdict = dataclasses.replace(_verdict("a", False), hindrances={"f": "not Python"}, repairs=("put back",))
    report = build_report(_class_of([verdict], "One"))
    assert [group.name for group in report.hindrances] == ["not Python"]
    assert [group.name for group in report.repairs] == ["put back"]
    assert "not Python" in render_report(report, lambda student: "")


def test_misconceptions_by_frequency_with_students(class_with_report: Course) -> None:
    """Is each diagnosed mistake there with who holds it and the question they were asked?"""
    report = build_report(read_class(class_with_report, tiny.NAME))
    (added,) = report.misconceptions
    assert (added.name, added.detail) == ("added", "What is two times x?")
    assert added.students == ("noisy", "wrong", "wrong-too")


def test_answers_built_alike_are_found_and_not_called_proof(class_with_report: Course) -> None:
    """Is the report's wording a place to look?"""
    assert "A place to look, never a proof" in html_of(class_with_report)


def test_each_student_is_linked_to_the_page_they_got(class_with_report: Course) -> None:
    """Does every link of the report lead to a file that is there, for every id?"""
    page = html_of(class_with_report)
    links = {link for link in re.findall(r'href="([^"#]*)"', page) if link}
    assert len(links) == len(class_with_report.students(tiny.NAME))
    from urllib.parse import unquote

    for link in links:
        assert (class_with_report.data / "report" / unquote(link)).is_file(), link


def test_scores_are_those_of_the_gradebook(class_with_report: Course) -> None:
    """Does the table show manual marks and late penalties, and none for what was not graded?"""
    rows = {row.student: row for row in build_report(read_class(class_with_report, tiny.NAME)).rows}
    assert (rows["written"].score, rows["wrong"].score, rows["wrong"].penalty) == (9.75, 0.5, 1.5)
    assert rows["moved"].score is None


def test_repairs_are_counted(class_with_report: Course) -> None:
    """Is what intake put right listed with the students?"""
    report = build_report(read_class(class_with_report, tiny.NAME))
    verdict = Verdict.from_json(graded.verdict_file(class_with_report, "moved").read_text())
    listed = {(group.name, student) for group in report.repairs for student in group.students}
    for row in report.rows:
        own = Verdict.from_json(graded.verdict_file(class_with_report, row.student).read_text()).repairs
        if row.student != verdict.student:
            assert all((line, row.student) in listed for line in own)


def test_damaged_verdict_is_listed_not_fatal(class_with_report: Course) -> None:
    """Is one broken file named, and the rest reported?"""
    path = graded.verdict_file(class_with_report, "raises")
    before = path.read_text()
    path.write_text("{")
    try:
        report = build_report(read_class(class_with_report, tiny.NAME))
    finally:
        path.write_text(before)
    assert any("cannot be read" in group.detail and group.students == ("raises",) for group in report.look_at)
    assert len(report.rows) == 11


def test_ungraded_class_is_one_sentence(tmp_path: Path) -> None:
    """Does a report of nothing say what to run?"""
    with pytest.raises(CourseError, match="Run: make grade"):
        write_report(tiny.make_project(tmp_path), tiny.NAME)


def test_names_and_messages_are_text(class_with_report: Course) -> None:
    """Can a student id or a message become part of the page?"""
    classroom = read_class(class_with_report, tiny.NAME)
    evil = "</script><script>alert(1)</script>"
    case = CaseResult("c/1", "c", evil, Status.FAIL, 0, 1, message=evil, hint=evil, misconception=evil)
    verdict = Verdict("tiny", evil, "", "", "", evil, (case,), repairs=(evil,))
    page = render_report(build_report(_class_of([verdict], classroom.title)), lambda student: "")
    assert "<script>alert" not in page
    data = re.search(r'<script type="application/json" id="columns">(.*?)</script>', page)[1]
    assert json.loads(data) == [[evil, ""]]


def test_two_thousand_students_fit_on_a_page() -> None:
    """Is the report of a large class complete, and small enough to open?"""
    statuses = [Status.PASS, Status.FAIL, Status.ERROR, Status.BLOCKED]
    verdicts = [
        Verdict(
            "big", f"student-{number:04d}", "", "", "", "bwrap",
            tuple(
                CaseResult(
                    f"cell/{case}", "cell", f"check {case}", statuses[(number * 7 + case * 3) % 11 % 4],
                    float((number * 7 + case * 3) % 11 % 4 == 0), 1.0, misconception="m" if case == 3 else None,
                )
                for case in range(60)
            ),
        )
        for number in range(2000)
    ]  # fmt: skip
    page = render_report(build_report(_class_of(verdicts, "Big")), lambda student: f"../feedback/{student}.html")
    assert page.count('class="who"') >= 2000
    assert len(page) < 6_000_000


def test_report_of_a_huge_class_shows_some_and_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the page stay one that a browser can open, and say what it leaves out?"""
    monkeypatch.setattr(build, "COLUMNS", 10)
    monkeypatch.setattr(build, "LISTED", 20)
    verdicts = [_verdict(f"s{number:02}", number >= 15, True) for number in range(25)]
    report = build_report(_class_of(verdicts, "Huge"))
    assert report.columns == tuple(f"s{number:02}" for number in range(0, 25, 3))
    assert (report.items[0].counts, len(report.items[0].statuses)) == ({Status.PASS: 10, Status.FAIL: 15}, 9)
    page = render_report(report, lambda student: "")
    assert "One column for one in 3 students" in page
    assert f"The 20 with the lowest scores. Everybody is in course/grades/{report.assignment}.csv." in page
    assert "s19</th>" in page
    assert "s20</th>" not in page


def test_no_verdict_is_kept_while_the_next_is_read() -> None:
    """Does the memory that a report takes leave out the verdicts, of which one alone has a hundred cases?"""
    alive = []

    def submissions() -> Iterator[Submission]:
        for number in range(30):
            alive.append(sum(isinstance(thing, CaseResult) for thing in gc.get_objects()))
            yield Submission(f"s{number}", _verdict(f"s{number}", *[number % 3 > 0] * 100), [])

    build_report(Classroom("a", "Huge", {}, submissions(), {}, ()))
    assert max(alive) - alive[0] <= 300


def _class_of(verdicts: list[Verdict], title: str) -> Classroom:
    submissions = [Submission(verdict.student, verdict) for verdict in verdicts]
    return Classroom(verdicts[0].assignment, title, {}, submissions, {}, ())


def analyse(verdicts: list[Verdict], sections: dict[str, str]) -> list[Item]:
    checks = Checks()
    for verdict in verdicts:
        checks.add(verdict)
    return checks.items(sections, range(len(verdicts)))


def test_histogram_counts_everybody_once() -> None:
    """Are full marks, bonus points and zero in the picture?"""
    bars = histogram([0, 4.99, 5, 99.9, 100, 110], 100)
    assert sum(bar.count for bar in bars) == 6
    assert (bars[0].count, bars[1].count, bars[-1].count) == (2, 1, 3)
    assert histogram([], 0)[0].count == 0


def test_strip_of_the_heat_map_covers_each_student_once() -> None:
    """Is each student one unit wide, with equal neighbours in one stroke and a gap for who has no such case?"""
    assert strip([Status.PASS, Status.PASS, None, Status.FAIL, Status.PASS]) == {
        "PASS": "M0 .5h2M4 .5h1",
        "FAIL": "M3 .5h1",
    }


def _verdict(student: str, *passed: bool) -> Verdict:
    cases = tuple(
        CaseResult(f"c/{n}", "c", f"check {n}", Status.PASS if ok else Status.FAIL, float(ok), 1.0)
        for n, ok in enumerate(passed)
    )
    return Verdict("a", student, "", "", "", "", cases)


def test_item_that_works_against_the_rest_is_remarked_on() -> None:
    """Is a check that strong students fail and weak ones pass seen?"""
    class_ = [_verdict("a", True, True, False), _verdict("b", True, True, False), _verdict("c", False, False, True),
              _verdict("d", True, False, True)]  # fmt: skip
    good, _, odd = analyse(class_, {"c": "1 · One"})
    assert odd.discrimination < 0
    assert odd.remark == "those who do well elsewhere do worse here"
    assert (good.difficulty, good.failing, good.section) == (0.75, 0.25, "1 · One")


def test_correlation_by_hand() -> None:
    """Is r what the formula says, and None where nothing varies?"""
    assert correlation([(1, 2), (2, 4), (3, 6)]) == pytest.approx(1)
    assert correlation([(1, 1), (2, 3), (3, 2)]) == pytest.approx(0.5)
    assert correlation([(1, 1), (1, 2), (1, 3)]) is None
    assert correlation([(1, 1)]) is None
