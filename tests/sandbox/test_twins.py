"""A process forked from the grader gets a warm parent of its own, forked from the first."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox.host import Child, Layers, Sandbox

from ..processes import alive, comes_true

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")  # pytest's threads


def forked(target: Callable[..., None], *args: Any) -> tuple[Any, Connection]:
    """A process forked from this one, and what it tells."""
    ours, theirs = (context := get_context("fork")).Pipe()
    process = context.Process(target=target, args=(theirs, *args), daemon=True)
    process.start()
    return process, ours


def grade_there(told: Connection, sandbox: Sandbox) -> None:
    sandbox.have_twin()
    with sandbox, sandbox.child() as child:
        child.run_cell("import helper\nx = helper.triple(4)")
        told.send((child.lookup("x"), child.active, sandbox.description))


def hang_there(told: Connection, sandbox: Sandbox) -> None:
    sandbox.have_twin()
    child = sandbox.child()
    told.send(child.pid)
    child.run_cell("while True: pass")


def test_both_have_children_of_their_own_behind_the_same_layers(sandbox: Sandbox) -> None:
    with sandbox.child() as before:
        before.run_cell("x = 1")
        process, told = forked(grade_there, sandbox)
        value, active, description = told.recv()
        process.join(10)
        assert (value, active, description) == (12, before.active, sandbox.description)
        assert before.lookup("x") == 1
        with sandbox.child() as after:
            after.run_cell("x = 2")
            assert (before.lookup("x"), after.lookup("x")) == (1, 2)
    assert process.exitcode == 0


@pytest.mark.parametrize("layers", [Layers(), Layers(seccomp=False, landlock=False)], ids=["all", "fewer"])
def test_its_children_end_with_it_and_ours_do_not(released: Path, layers: Layers) -> None:
    with Sandbox.start(files=released, layers=layers) as sandbox, sandbox.child() as ours:
        process, told = forked(hang_there, sandbox)
        pid = told.recv()
        assert alive(pid)
        process.kill()
        process.join()
        assert comes_true(lambda: not alive(pid))
        assert answers(ours)


def answers(child: Child) -> bool:
    child.run_cell("y = 3")
    return child.lookup("y") == 3


def test_a_twin_ends_with_the_first(released: Path) -> None:
    with Sandbox.start(files=released) as sandbox:
        process, told = forked(hang_there, sandbox)
        pid = told.recv()
    assert comes_true(lambda: not alive(pid))
    process.join(10)
    assert process.exitcode == 1  # its sandbox is gone, and it says so
