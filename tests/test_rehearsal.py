"""Calls made ahead change how long grading takes, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import nbformat
import numpy as np
import pytest

from grader.course import Course
from grader.fill import fill
from grader.grade import Workbench, grade_submission
from grader.rehearsal import Answers, Origins, Recorder, call_key
from grader.sandbox.layers import ALL
from grader.sandbox.limits import Limits
from grader.sandbox.wire import Handle
from grader.submitted import Submission
from grader.workbench import open_workbench

from . import tiny

QUICK = Limits(cell_seconds=2, call_seconds=1, submission_seconds=15)


@pytest.fixture(scope="module")
def workbench(tiny_course: Course) -> Iterator[Workbench]:
    with open_workbench(tiny_course, tiny.NAME, "salt", layers=ALL, limits=QUICK) as opened:
        yield opened


ANSWERS = {
    "right": tiny.REFERENCE,
    "wrong": "def double(x):\n    return x + 2",
    "raises": "def double(x):\n    return x['a']",
    "in place": "def double(x):\n    x *= 2\n    return x",
    "hangs": "def double(x):\n    while True: pass",
    "hangs once": "calls = []\ndef double(x):\n    calls.append(1)\n    while len(calls) == 2: pass\n    return 2 * x",
    "dies": "import os\ndef double(x):\n    os._exit(3)",
    "floods": "def double(x):\n    return [0] * 200_000",
    "missing": "halve = 3",
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_verdicts_are_the_same_with_and_without_calls_made_ahead(workbench: Workbench, answer: str) -> None:
    """Is a batch invisible in the verdict, whatever the code does?"""
    assert workbench.plan.count, "the reference was recorded"
    data = nbformat.writes(fill(workbench.release.notebook, answer)).encode()
    alone = dataclasses.replace(workbench, plan=None)
    ahead, one_by_one = (grade_submission(b, Submission("s01", data)).verdict for b in (workbench, alone))
    said = [
        [(case.id, case.status, case.points, case.message) for case in verdict.cases] for verdict in (ahead, one_by_one)
    ]
    if answer != ANSWERS["hangs once"]:  # a fresh start forgets the calls that were counted
        assert said[0] == said[1]
    assert [case[0] for case in said[0]] == [case[0] for case in said[1]]


def test_every_call_of_a_right_answer_is_made_ahead(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the batch save the round trips it is there for?"""
    from grader.sandbox.child import Child

    live = []
    for verb in ("call", "lookup"):
        monkeypatch.setattr(Child, verb, lambda self, *args, **kwargs: live.append(args))
    data = nbformat.writes(fill(workbench.release.notebook, tiny.REFERENCE)).encode()
    assert grade_submission(workbench, Submission("s01", data)).verdict.points == 6
    assert live == []


def test_keys_tell_every_difference_apart() -> None:
    """Could a call get the answer of another one?"""
    x = np.arange(6.0).reshape(2, 3)
    arguments = [
        (x,), (x + 1,), (x.astype(np.float32),), (x.ravel(),), (np.asfortranarray(x),), (x, x), ([1.0],), ((1.0,),),
        (1,),
        (True,), (1.0,), (np.float64(1.0),), (float("nan"),), (0.0,), (-0.0,), ("1.0",), (None,), ({"a": 1, "b": 2},),
        ({"b": 2, "a": 1},), (Handle(1, "tuple"),), (Handle(2, "tuple"),),
    ]  # fmt: skip
    keys = [call_key("f", args, {}, Origins()) for args in arguments]
    assert len(set(keys)) == len(keys)
    assert call_key("f", (float("nan"),), {}, Origins()) == call_key("f", (float("nan"),), {}, Origins())
    assert call_key("f", (), {}, Origins()) != call_key("g", (), {}, Origins())


def test_handles_are_known_by_where_they_came_from() -> None:
    """Does the cache of one submission stand for the cache of another?"""
    recorder = Recorder(Limits())
    number = recorder.add("forward", (1.0,), {})
    recorder.origins.note(number, (np.ones(2), Handle(7, "tuple")))
    recorder.add("backward", (2.0, Handle(7, "tuple")), {})
    first, second = {"value": 1}, {"value": 2}
    answers = Answers(recorder.plan(), [first, second])

    def take(name: str, *args: Any) -> tuple[int, Any] | None:
        return answers.take(call_key(name, args, {}, answers.origins))

    assert take("forward", 1.0) == (0, first)
    answers.origins.note(0, (np.ones(2), Handle(99, "Cache")))
    assert take("backward", 2.0, Handle(99, "Cache")) == (1, second)
    assert take("backward", 2.0, Handle(99, "Cache")) is None, "each answer is given once"


def test_recording_ends_where_a_call_needs_what_no_call_returned() -> None:
    """Is a call left out that cannot be made ahead?"""
    recorder = Recorder(Limits())
    recorder.add("f", (1,), {})
    recorder.add("g", (Handle(5, "object"),), {})
    recorder.add("h", (2,), {})
    assert dict(recorder.plan().places) == {call_key("f", (1,), {}, Origins()): [0]}


def test_a_recorded_argument_is_as_it_was_when_the_call_was_made() -> None:
    """A case may change its array after the call: does the recording keep what was sent?"""
    x = np.zeros(3)
    recorders = Recorder(Limits()), Recorder(Limits())
    for recorder in recorders:
        recorder.add("f", (x.copy(), {"a": [x]}), {"b": x})
    x[:] = 7
    before = recorders[0].plan().message
    assert before == recorders[1].plan().message
    again = Recorder(Limits())
    again.add("f", (np.zeros(3), {"a": [np.zeros(3)]}), {"b": np.zeros(3)})
    assert before == again.plan().message
