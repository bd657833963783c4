"""Judging one graded cell on the trusted side."""

from __future__ import annotations

import json
import signal
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader import testcell
from grader.checking import Blocked, Case, CaseFailed, StudentError
from grader.messages import say
from grader.release import GradedCell, Release
from grader.sandbox.errors import SandboxUnavailable
from grader.testcell import MAX_TEXT, TrustedNames, imports_of, judge
from grader.verdict import Status


class Namespace:
    """A student's names without a sandbox."""

    def __init__(self, **names: Any) -> None:
        self.memo: dict[Any, Any] = {}
        self.names = names

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise StudentError(f"`{name}` is not defined.")
        return self.names[name]


def judged(release: Release, source: str, points: float = 4.0, **names: Any):
    test = GradedCell("t", source, points, "1 · Section")
    results, _ = judge(test, (), Namespace(**names), TrustedNames(release))
    return results


def test_cell_without_error_earns_its_points(release: Release) -> None:
    """Is a plain nbgrader test cell judged as nbgrader authors expect?"""
    (result,) = judged(release, "assert f(2) == 4", f=lambda x: x * 2)
    assert (result.status, result.points) == (Status.PASS, 4.0)


def test_failing_assertion_earns_nothing_and_says_its_message(release: Release) -> None:
    """Does the assertion's message reach the student?"""
    (result,) = judged(release, "assert f(2) == 5, 'f(2) should be 5'", f=lambda x: x * 2)
    assert (result.status, result.points, result.message) == (Status.FAIL, 0.0, "f(2) should be 5")


@pytest.mark.parametrize(
    ("last", "points"),
    [
        ("2.5", 2.5),
        ("0", 0.0),
        ("4", 4.0),
        ("5", 0.0),
        ("-1", 0.0),
        ("float('nan')", 0.0),
        ("float('inf')", 0.0),
        ("True", 4.0),
        ("False", 0.0),
        ("np.False_", 0.0),
        ("np.int64(0)", 0.0),
        ("np.float32(2.5)", 2.5),
        ("'text'", 4.0),
    ],
)
def test_number_as_last_value_is_partial_credit_within_bounds(release: Release, last: str, points: float) -> None:
    """Does nbgrader's partial credit hold without its holes (above the maximum, negative, not a number)?"""
    (result,) = judged(release, f"import numpy as np\n{last}")
    assert result.points == points


def test_missing_function_fails_where_it_is_used(release: Release) -> None:
    """Is a missing name the student's failure, told in words?"""
    (result,) = judged(release, "assert f(2) == 4")
    assert result.status is Status.ERROR
    assert "`f` is not defined" in result.message


def test_imports_of_locked_cells_are_the_trusted_ones(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Can a student's `np` or helper module stand in for ours?"""
    monkeypatch.syspath_prepend(str(release.files))
    fake = SimpleNamespace(array_equal=lambda *a: True)
    (result,) = judged(release, "assert np.array_equal([1], [2])", np=fake)
    assert result.status is Status.FAIL
    (result,) = judged(release, "assert tinyhelp.looks_doubled(f)", f=lambda x: 0, tinyhelp=fake)
    assert result.status is Status.FAIL


def test_builtins_are_never_the_students(release: Release) -> None:
    """Can a student replace `abs` or `isinstance` in a test cell?"""
    (result,) = judged(release, "assert abs(f(1)) < 1", f=lambda x: 5, abs=lambda x: 0)
    assert result.status is Status.FAIL


def row(**changes: Any) -> SimpleNamespace:
    fields = {"name": "a", "title": "A", "status": "PASS", "points": 2.0, "max_points": 2.0, "message": "", "hint": ""}
    return SimpleNamespace(**{**fields, "ratio": None, "where": None, "got": None, **changes})


def test_rows_become_results_and_only_passing_ones_earn(release: Release) -> None:
    """Does a table of checks become one result per row?"""
    table = SimpleNamespace(rows=[row(), row(name="b", status="FAIL", points=2.0, ratio=7.0)])
    results = judged(release, "f()", f=lambda: table)
    assert [(result.id, result.points) for result in results] == [("t/a", 2.0), ("t/b", 0.0)]


def test_rows_that_miss_the_points_of_the_cell_fail_closed(release: Release) -> None:
    """Is an author's slip an error rather than free points?"""
    table = SimpleNamespace(rows=[row(points=9.0, max_points=9.0)])
    with pytest.raises(ValueError, match="do not add up"):
        judged(release, "f()", f=lambda: table)


def test_case_that_burns_our_time_ends_and_the_next_ones_are_judged(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does each case, and each text, have a time of its own, and is no alarm left behind?"""
    monkeypatch.setattr(testcell, "TRUSTED_SECONDS", 1.0)

    def burn(student: Any = None) -> None:
        while True:
            pass

    def wait(student: Any) -> None:
        time.sleep(0.6)  # twice: more than one case has, and alone far less

    runs = [burn, wait, wait, burn, lambda student: None]
    cases = [Case(f"t/{number}", "t", 1.0, "title", run) for number, run in enumerate(runs)]
    results, _ = judge(GradedCell("t", "", 5.0, ""), cases, Namespace(), TrustedNames(release))
    assert [result.status for result in results] == ["ERROR", "PASS", "PASS", "ERROR", "PASS"]
    (result,) = judged(release, "f()", f=burn)
    assert (result.status, result.message) == (Status.ERROR, say("verdict.too_long"))
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_all_cases_of_a_submission_share_a_time(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Can a submission take what a case may take for each of a hundred cases?"""
    monkeypatch.setattr(testcell, "TRUSTED_SECONDS", 60.0)
    begun = []

    def burn(student: Any = None) -> None:
        begun.append(True)
        while True:
            pass

    cases = [Case(f"t/{number}", "t", 1.0, "title", burn) for number in range(100)]
    end = time.monotonic() + 1.0
    results, _ = judge(GradedCell("t", "", 100.0, ""), cases, Namespace(), TrustedNames(release), end)
    assert {(result.status, result.message) for result in results} == {(Status.ERROR, say("verdict.too_long"))}
    results, _ = judge(GradedCell("t", "f()", 1.0, ""), (), Namespace(f=burn), TrustedNames(release), end)
    assert results[0].message == say("verdict.too_long")
    assert len(begun) == 1
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_check_that_catches_everything_does_not_catch_the_alarm(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a check makes a row of each error, does the second row that burns our time go on for ever?"""
    monkeypatch.setattr(testcell, "TRUSTED_SECONDS", 0.5)
    begun = []

    def burn() -> None:
        begun.append(True)
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            pass

    rows = "for row in range(2):\n    try:\n        f()\n    except Exception:\n        pass"
    (result,) = judged(release, rows, f=burn)
    assert (result.status, result.message, len(begun)) == (Status.ERROR, say("verdict.too_long"), 1)


def raising(error: BaseException):
    def run(student: Any) -> None:
        raise error

    return Case("t/x", "t", 4.0, "title", run)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CaseFailed("wrong"), Status.FAIL),
        (Blocked("forward failed"), Status.BLOCKED),
        (StudentError("raised"), Status.ERROR),
        (ZeroDivisionError("in our code"), Status.ERROR),
        (SandboxUnavailable("no fork"), Status.INFRA),
    ],
)
def test_what_a_case_raises_decides_its_status(release: Release, error: BaseException, status: Status) -> None:
    """Are wrong, blocked, raised and our own fault kept apart?"""
    test = GradedCell("t", "", 4.0, "")
    (result,), _ = judge(test, [raising(error)], Namespace(), TrustedNames(release))
    assert (result.status, result.points) == (status, 0.0)


def test_messages_are_bounded_and_printable(release: Release) -> None:
    """Can a student's text flood a verdict or move a terminal's cursor?"""
    test = GradedCell("t", "", 4.0, "")
    (result,), _ = judge(test, [raising(CaseFailed("\x1b[2J" + "x" * 10_000))], Namespace(), TrustedNames(release))
    assert len(result.message) <= MAX_TEXT
    assert "\x1b" not in result.message


def test_passing_case_keeps_its_ratio(release: Release) -> None:
    """Does a passing case say how close it was?"""
    case = Case("t/x", "t", 4.0, "title", lambda student: 0.3)
    (result,), _ = judge(GradedCell("t", "", 4.0, ""), [case], Namespace(), TrustedNames(release))
    assert (result.status, result.ratio) == (Status.PASS, 0.3)


def test_imports_of_reads_every_form() -> None:
    """Are all forms of import found, and magics passed over?"""
    source = "%matplotlib inline\nimport numpy as np, os.path\nfrom a.b import c as d\nx = 1"
    assert imports_of(source) == {"np": "import numpy as np", "os": "import os.path", "d": "from a.b import c as d"}


def test_student_array_reaches_the_test_cell(release: Release) -> None:
    """Can a test cell look at a student's variable?"""
    (result,) = judged(release, "assert (answer == np.arange(3)).all()", answer=np.arange(3))
    assert result.status is Status.PASS


@pytest.mark.parametrize(
    "ratio",
    [1 + 2j, "x", [1.0], -np.inf, np.array([1.0, 2.0]), 10**400],
    ids=["complex", "text", "list", "-inf", "array", "huge"],
)
def test_ratio_that_is_no_number_does_not_stop_the_run(release: Release, ratio: Any) -> None:
    """Can a value that a check computed from a student's array end the run for everybody?"""
    case = Case("t/a", "t", 4.0, "a", lambda student: ratio)
    (result,), _ = judge(GradedCell("t", "", 4.0, ""), [case], Namespace(), TrustedNames(release))
    json.dumps(result.ratio, allow_nan=False)


def test_every_text_of_a_failed_case_is_bounded_and_printable(release: Release) -> None:
    """Can a value that a check quotes make a verdict huge, or clear a terminal?"""
    texts = dict.fromkeys(("hint", "misconception", "where", "got"), "\x1b[2J" + "x" * 100_000)

    def run(student: Any) -> None:
        raise CaseFailed("no", **texts)

    (result,), _ = judge(
        GradedCell("t", "", 4.0, ""), [Case("t/a", "t", 4.0, "a", run)], Namespace(), TrustedNames(release)
    )
    for name in texts:
        text = getattr(result, name)
        assert len(text) <= MAX_TEXT
        assert "\x1b" not in text
