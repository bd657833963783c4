"""Does the audit read its files and count what it says it counts?"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import findings as audit
from grader.findings import Solution
from grader.verdict import Status
from solutions.batchnorm import known
from solutions.batchnorm.in_process import Outcome

PASS, FAIL, BLOCKED = (
    Outcome(status, points) for status, points in ((Status.PASS, 2.0), (Status.FAIL, 0.0), (Status.BLOCKED, 0.0))
)
POINTS = {"a_hidden/one": 2.0, "a_hidden/two": 2.0, "b_hidden/three": 2.0}


def named(misconception: str | None) -> Outcome:
    return Outcome(Status.FAIL, 0.0, misconception=misconception)


def found(kind: str = "eps", own: tuple[str, ...] = ("p",), *, one=PASS, two=PASS, three=PASS) -> audit.Finding:
    solution = Solution("mutant", "doc", kind, frozenset(own), "")
    return audit.finding(solution, dict(zip(POINTS, (one, two, three), strict=True)), POINTS)


def test_blocked_cases_cost_points_but_are_not_lost_by_themselves() -> None:
    """Is a case that could not be reached counted as a second charge?"""
    finding = found(one=FAIL, two=BLOCKED)
    assert (finding.lost, finding.blocked, finding.points_lost) == (("a_hidden/one",), ("a_hidden/two",), 4.0)


@pytest.mark.parametrize(
    ("own", "said", "diagnosis"),
    [
        (("p",), ["p"], "right"),
        (("p",), ["p|q"], "right"),
        (("p", "q"), ["p+q"], "right"),
        (("p", "q"), ["p"], "partly"),
        (("p",), [None], "missing"),
        (("p",), ["q"], "wrong"),
        (("p",), ["p", "q|r"], "wrong"),
        ((), [None], "nothing to name"),
        ((), ["q"], "wrong"),
    ],
)
def test_diagnosis_is_counted_strictly(own: tuple[str, ...], said: list[str | None], diagnosis: str) -> None:
    """Does a right name excuse a wrong one elsewhere?"""
    results = [named(text) for text in said] + [PASS] * (3 - len(said))
    assert found(own=own, one=results[0], two=results[1], three=results[2]).diagnosis == diagnosis


def test_small_mistakes_may_cost_two_cases_and_no_more() -> None:
    """Is the third lost case reported?"""
    assert audit.too_expensive([found(one=FAIL, two=FAIL)]) == []
    three = found(one=FAIL, two=FAIL, three=FAIL)
    assert audit.too_expensive([three]) == [three]
    assert audit.too_expensive([found("formula", one=FAIL, two=FAIL, three=FAIL)]) == []


def test_last_line_has_the_promised_form() -> None:
    """Can a script read the last line?"""
    findings = [found(one=FAIL), found(), found(one=FAIL, two=FAIL)]
    assert audit.last_line(findings, [True, False]) == (
        "audit: 2 of 3 wrong solutions rejected, 1 of 2 correct variants at full marks, "
        "median 2 points lost per mistake"
    )


def test_matrix_marks_lost_blocked_and_passed() -> None:
    """Does a row say in which column the mistake is caught?"""
    lines = audit.matrix([found(one=FAIL, two=BLOCKED)], list(POINTS))
    assert lines[:3] == ["  1  a_hidden/one", "  2  a_hidden/two", "  3  b_hidden/three"]
    assert lines[-1] == "mutant  xb.  1"


def test_a_file_without_its_header_is_refused(tmp_path: Path) -> None:
    """Could a mutant be added without saying what it is?"""
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "nameless.py").write_text('"""Doc."""\n# kind: eps\n')
    with pytest.raises(ValueError, match=r"nameless\.py"):
        audit.wrong_solutions(tmp_path)


def test_header_is_read() -> None:
    """Do kind, misconceptions and the sentence reach the audit?"""
    mutant = next(m for m in known.mutants() if m.name == "swapped_and_eps_in_running_var")
    assert mutant.kind == "composition"
    assert mutant.misconceptions == {"momentum-swapped", "eps-in-running-var"}
    assert mutant.doc.startswith("Composition: momentum swapped")
