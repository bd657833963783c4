"""Late submissions: one policy, the same points off by both roads, extensions, and who is left out."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.utils import parse_utc
from traitlets.config import Config

from grader.course import Course, CourseError
from grader.fill import fill
from grader.late import LatePolicy, excluded_students, late_penalty, late_rule, read_extensions, timestamp_problem
from grader.options import RunOptions
from grader.regrade import open_regrade
from grader.release import load_release
from grader.releasing import make_release
from grader.sandbox.layers import ALL
from grader.submitted import parse_time, read_timestamp
from grader.verify import verify

from . import tiny
from .test_course_run import GRADER, NBGRADER, gradebook_rows, run

HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("seconds", "policy", "penalty"),
    [
        (5 * DAY, LatePolicy(), None),
        (1, LatePolicy(share_per_day=0.1), 1.0),
        (DAY, LatePolicy(share_per_day=0.1), 1.0),
        (DAY + 1, LatePolicy(share_per_day=0.1), 2.0),
        (30 * DAY, LatePolicy(share_per_day=0.1), 10.0),
        (30 * DAY, LatePolicy(share_per_day=0.1, most=0.3), 3.0),
        (30 * DAY, LatePolicy(share_per_day=9.0, most=9.0), 10.0),
        (9 * 60, LatePolicy(share_per_day=0.1, grace_minutes=10), None),
        (11 * 60, LatePolicy(share_per_day=0.1, grace_minutes=10), 1.0),
        (-5, LatePolicy(share_per_day=0.1), None),
        (DAY, LatePolicy(share_per_day=-1.0), None),
    ],
)
def test_policy(seconds: float, policy: LatePolicy, penalty: float | None) -> None:
    """What does a day, a second, a month cost a submission worth ten points?"""
    assert late_penalty(10.0, seconds, policy) == pytest.approx(penalty)


def test_policy_takes_nothing_from_nothing() -> None:
    """Can a penalty make a score negative?"""
    assert late_penalty(0.0, DAY, LatePolicy(share_per_day=0.5)) == 0.0
    assert late_penalty(-1.0, DAY, LatePolicy(share_per_day=0.5)) == 0.0


def test_rule_is_what_the_configuration_says() -> None:
    """Are nbgrader's default, our plugin and nbgrader's own methods told apart?"""
    config = Config()
    assert late_rule(config)("s", 10.0, DAY) is None
    config.AssignLatePenalties.plugin_class = "grader.late_plugin.LateDays"
    assert late_rule(config)("s", 10.0, DAY) is None
    config.LateDays.share_per_day = 0.25
    assert late_rule(config)("s", 10.0, DAY) == 2.5
    zero = Config()
    zero.LateSubmissionPlugin.penalty_method = "zero"
    assert late_rule(zero)("s", 10.0, DAY) == 10.0


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "c.LateDays.share_perday = 0.1",
            "c.LateDays.share_perday, which is none of: grace_minutes, share_per_day, most",
        ),
        ("c.LateDays.share_per_day = 'ten'", "share_per_day has to be a number from 0 to 1, and is 'ten'"),
        ("c.LateDays.share_per_day = 10", "from 0 to 1, and is 10"),
        ("c.LateDays.most = -0.5", "most has to be a number from 0 to 1"),
        ("c.LateDays.grace_minutes = float('nan')", "grace_minutes has to be a number of at least 0"),
        ("c.LateDays.share_per_day = True", "and is True"),
        ("c.AssignLatePenalties.plugin_class = 'grader.late_plugin.LateDay'", "cannot be used.*LateDay'"),
        ("del c.AssignLatePenalties['plugin_class']\nc.LateDays.share_per_day = 0.1", "nothing uses it. Add: c.Assign"),
    ],
)
def test_mistake_in_the_policy_is_refused(lines: str, said: str) -> None:
    """Can a slip of the pen in nbgrader_config.py make a penalty nothing, or everything, without a word?"""
    config = Config()
    config.AssignLatePenalties.plugin_class = "grader.late_plugin.LateDays"
    exec(lines, {"c": config})  # noqa: S102  (as nbgrader_config.py is read)
    with pytest.raises(CourseError, match=said):
        late_rule(config)


def test_students_to_leave_out_have_to_be_text() -> None:
    """Is a list, where nbgrader wants names between commas, refused in words?"""
    config = Config()
    config.CourseDirectory.student_id_exclude = ["kim"]
    with pytest.raises(CourseError, match="text like 's01,s02'"):
        excluded_students(config)


@pytest.mark.parametrize(
    "text",
    [
        "2030-01-02 03:00:00 UTC", "2030-01-02 03:00:00 Asia/Seoul", "2030-01-02 03:00:00", "2030-01-02T03:00:00+09:00",
        "2030-01-02 03:00:00.123456 Europe/Berlin", "2030-01-02 03:00:00 Nowhere/Known", "2030-01-02 03:00:00 32400",
        "2030-01-02 03:00:00 +0900", "Jan 2 2030 3pm", "2030-01-02 03:00:00 PST8PDT",
    ],
)  # fmt: skip
def test_times_are_read_as_nbgrader_reads_them(text: str) -> None:
    """Do both roads find the same lateness for the same timestamp.txt?"""
    assert parse_time(text) == parse_utc(text)


@pytest.mark.parametrize("content", [b"", b"yesterday", b"\xff\xfe", b"0001-01-01 00:00:00 +2300", b"9" * 300, None])
def test_timestamp_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    """Does a broken timestamp.txt stop anything?"""
    if content is None:
        (tmp_path / "timestamp.txt").symlink_to("/etc/hostname")
    else:
        (tmp_path / "timestamp.txt").write_bytes(content)
    assert read_timestamp(tmp_path) is None
    assert timestamp_problem(tmp_path).startswith("timestamp.txt ")
    (tmp_path / "timestamp.txt").unlink()
    assert timestamp_problem(tmp_path) == ""
    (tmp_path / "timestamp.txt").write_text("2030-01-02 03:00:00 UTC")
    assert timestamp_problem(tmp_path) == ""


def test_extensions_are_read_by_student_and_assignment(fresh_course: Course) -> None:
    """Does the list name days, halves of days, and students who have handed in nothing?"""
    assert read_extensions(fresh_course, "tiny") == {}
    fresh_course.data.mkdir()
    fresh_course.extensions.write_text("\ufeffstudent,assignment,days\n학생일,tiny,2\ns 02 , tiny ,0.5\nkim,other,9\n")
    assert read_extensions(fresh_course, "tiny") == {"학생일": timedelta(days=2), "s 02": timedelta(hours=12)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,days\nkim,2\n", "needs a first line"),
        ("", "needs a first line"),
        ("student,assignment,days\nkim,tiny,two\n", "line 2: 'two' is no number"),
        ("student,assignment,days\nlee,tiny,1\nkim,tiny,-2\n", "line 3"),
        ("student,assignment,days\nkim,tiny\n", "line 2"),
        ("student,assignment,days\nkim,tiny,nan\n", "line 2"),
        (b"student,assignment,days\nk\xefm,tiny,2\n", "UTF-8"),
    ],
)
def test_mistake_in_the_list_of_extensions_is_said(fresh_course: Course, text: str | bytes, said: str) -> None:
    """Can a typing error cost a student points without a word?"""
    fresh_course.data.mkdir()
    fresh_course.extensions.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CourseError, match=said):
        read_extensions(fresh_course, "tiny")


def test_docs_and_configuration_say_what_holds() -> None:
    """Is every setting documented with what it is if left out, and do the lines to copy do what the page says?"""
    page = (tiny.ROOT / "docs" / "late.md").read_text(encoding="utf-8")
    for field in fields(LatePolicy):
        row = rf"^\| `c\.LateDays\.{field.name}` \| [^|]+ \| {field.default}[ :]"
        assert re.search(row, page, re.MULTILINE), field.name
    lines = "\n".join(re.findall(r"^```python\n(.+?)\n```$", page, re.MULTILINE | re.DOTALL))
    commented = re.findall(r"^# (c\..+)$", (tiny.ROOT / "nbgrader_config.py").read_text(), re.MULTILINE)
    for text in (lines, "\n".join(commented)):
        config = Config()
        exec(text, {"c": config})  # noqa: S102  (our own files)
        points = [90 - (late_rule(config)("s", 90.0, late) or 0) for late in (HOUR / 6, 10 * HOUR, 49 * HOUR, 30 * DAY)]
        assert points == pytest.approx([90, 81, 63, 45])
        assert excluded_students(config) == {"s01", "s02"}
    assert "90 points become 90 after ten minutes, 81 after ten hours, 63 after two days and an hour" in page


def test_excluded_students_are_nbgraders() -> None:
    """Is nbgrader's own setting the one that counts?"""
    config = Config()
    assert excluded_students(config) == frozenset()
    config.CourseDirectory.student_id_exclude = "kim, lee lee,"
    assert excluded_students(config) == {"kim", "lee lee"}


@pytest.fixture(scope="module")
def late_class(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Due on the first; a quarter off for each day. Four hand in, one is excluded."""
    from nbgrader.api import Gradebook

    course = tiny.make_project(tmp_path_factory.mktemp("late"))
    config = course.root / "nbgrader_config.py"
    config.write_text(
        config.read_text()
        + "\nc.AssignLatePenalties.plugin_class = 'grader.late_plugin.LateDays'"
        + "\nc.LateDays.share_per_day = 0.25\nc.CourseDirectory.student_id_exclude = 'out'\n"
    )
    make_release(course, tiny.NAME)
    solved = fill(load_release(course, tiny.NAME).notebook, tiny.REFERENCE)
    for student, day in (("in time", 1), ("a day", 2), ("extended", 2), ("no time", 0), ("out", 2)):
        folder = tiny.hand_in(course, student, solved)
        if day:
            (folder / "timestamp.txt").write_text(f"2030-01-0{day} 00:00:00 UTC")
    with Gradebook(course.db_url, "course") as book:
        book.update_or_create_assignment(tiny.NAME, duedate="2030-01-01 00:00:00 UTC")
    course.extensions.write_text("student,assignment,days\nextended,tiny,1\nnobody,tiny,1\n")
    result = run([GRADER, "grade"], course)
    assert result.returncode == 0, result.stdout + result.stderr
    return course


def penalties(course: Course) -> dict[str, float | None]:
    return {student: row[0] for (student, name), row in gradebook_rows(course).items() if name == "penalty"}


def test_late_students_lose_what_the_policy_says(late_class: Course) -> None:
    """Is a day late a quarter, an extension nothing, an excluded student not graded?"""
    assert penalties(late_class) == {"in time": None, "a day": 1.5, "extended": None, "no time": None}
    assert verify(late_class, tiny.NAME) == []
    assert "a day,4.5,10,6,6,0,0,0,1.5" in late_class.grades_csv.read_text()


def test_regrade_speaks_of_scores_after_the_penalty(late_class: Course) -> None:
    """Is a late student's score the one they have, and does grading again by the same rule leave it?"""
    with open_regrade(late_class, tiny.NAME, RunOptions("", ALL, 1, force=True)) as again:
        scores = {change.student: (change.before, change.after) for change in again.changes()}
    assert scores == {"in time": (6.0, 6.0), "a day": (4.5, 4.5), "extended": (6.0, 6.0), "no time": (6.0, 6.0)}


def test_nbgraders_own_road_takes_the_same_points_off(late_class: Course) -> None:
    """Do both roads agree on penalties and extensions?"""
    ours = gradebook_rows(late_class)
    result = run([NBGRADER, "autograde", tiny.NAME, "--force"], late_class)
    assert result.returncode == 0, result.stderr[-3000:]
    assert gradebook_rows(late_class) == ours
    assert verify(late_class, tiny.NAME) == []


def test_extension_given_later_is_entered_without_grading_again(late_class: Course) -> None:
    """Does a second run bring penalties up to date, when marks, lists or times change?"""
    from nbgrader.api import Gradebook

    with Gradebook(late_class.db_url, "course") as book:
        book.find_grade("written", tiny.NAME, tiny.NAME, "a day").manual_score = 2.0
        book.db.commit()
    said = run([GRADER, "grade"], late_class).stdout
    assert "Nothing to grade; 4 are graded already; 1 left out (nbgrader_config.py)." in said
    assert penalties(late_class)["a day"] == 2.0, "a quarter of eight points now"
    late_class.extensions.write_text("student,assignment,days\na day,tiny,1\nextended,tiny,0.5\n")
    (late_class.submitted / "no time" / tiny.NAME / "timestamp.txt").write_text("2030-01-04 00:00:00 UTC")
    assert "Nothing to grade" in run([GRADER, "grade"], late_class).stdout
    assert penalties(late_class) == {"in time": None, "a day": None, "extended": 1.5, "no time": 4.5}
    assert verify(late_class, tiny.NAME) == []
    before = late_class.log.read_bytes()
    assert "Nothing to grade" in run([GRADER, "grade"], late_class).stdout
    assert late_class.log.read_bytes() == before


@pytest.fixture
def one_late(fresh_course: Course) -> Course:
    """One student with a hand-in time that nobody can read."""
    make_release(fresh_course, tiny.NAME)
    solved = fill(load_release(fresh_course, tiny.NAME).notebook, tiny.REFERENCE)
    folder = tiny.hand_in(fresh_course, "kim", solved)
    (folder / "timestamp.txt").write_text("yesterday evening")
    return fresh_course


def test_time_that_cannot_be_read_is_named_and_graded_by_both_roads(one_late: Course) -> None:
    """Is such a submission graded, its student named, and the same by `make grade` and by nbgrader?"""
    ours = run([GRADER, "grade"], one_late)
    assert ours.returncode == 1
    assert "kim: timestamp.txt names no time ('yesterday evening')" in ours.stderr
    assert "6/6" in ours.stdout
    rows = gradebook_rows(one_late)
    theirs = run([NBGRADER, "autograde", tiny.NAME, "--force"], one_late)
    assert theirs.returncode == 0, theirs.stderr[-3000:]
    assert "kim: timestamp.txt names no time ('yesterday evening')" in theirs.stderr
    assert gradebook_rows(one_late) == rows
    assert verify(one_late, tiny.NAME) == []


def test_mistake_in_the_list_ends_nbgraders_own_road_before_it_removes_anything(one_late: Course) -> None:
    """nbgrader removes what it fails to grade: are policy and list looked at before?"""
    run([GRADER, "grade"], one_late)
    one_late.extensions.write_bytes(b"student,assignment,days\nk\xefm,tiny,2\n")
    theirs = run([NBGRADER, "autograde", tiny.NAME, "--force"], one_late)
    assert theirs.returncode == 1
    assert "is not UTF-8 text" in theirs.stderr
    assert "Traceback" not in theirs.stderr
    assert one_late.verdict("kim", tiny.NAME).is_file()


def test_timestamps_in_utc_are_compared_to_the_second() -> None:
    """Is a hand-in at the very second of the due date in time?"""
    from grader.standings import seconds_late

    due = datetime(2030, 1, 1)
    assert seconds_late(due, due, None) == 0
    assert seconds_late(due + timedelta(seconds=1), due, None) == 1
    assert seconds_late(due + timedelta(days=1), due, timedelta(days=1)) == 0
    assert seconds_late(None, due, None) == seconds_late(due, None, timedelta(days=1)) == 0


def test_who_is_left_out_later_is_left_out_everywhere(late_class: Course) -> None:
    """Does an old grade of somebody who is excluded by now reach the table, a page, the report or an export?"""
    from grader.export.formats import Format
    from grader.export.write import export_class
    from grader.feedback.write import graded_students
    from grader.options import RunOptions
    from grader.regrade import open_regrade
    from grader.report.classroom import read_class
    from grader.run import graded_lines
    from grader.sandbox.layers import ALL

    assert late_class.verdict("a day", tiny.NAME).exists()
    config = late_class.root / "nbgrader_config.py"
    config.write_text(config.read_text().replace("'out'", "'out,a day'"))
    others = ["extended", "in time", "no time"]
    assert "2 left out (nbgrader_config.py)" in run([GRADER, "grade"], late_class).stdout
    assert "a day" not in late_class.grades_csv.read_text()
    assert graded_students(late_class, tiny.NAME) == others
    assert [submission.student for submission in read_class(late_class, tiny.NAME).submissions] == others
    assert [line.student for line in graded_lines(late_class, tiny.NAME)] == others
    for form in (Format.CASES, Format.MOODLE):
        assert "a day" not in export_class(late_class, tiny.NAME, form).path.read_text()
    with open_regrade(late_class, tiny.NAME, RunOptions("", ALL, 1, force=True)) as again:
        assert sorted(again.stale()) == others
