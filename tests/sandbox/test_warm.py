"""The state that a warm parent hands on: nothing of its warm-up, no free places, nobody looking for garbage."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from grader.sandbox.host import Child

HOLES = """
import ctypes
from grader.sandbox import confine

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "blocks", "fast", "mapped", "mapped_bytes", "most", "fast_bytes", "used", "free", "top")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
kept = [bytes(1000) for _ in range(4000)]
del kept[::2]
for _ in range(2):
    info = libc.mallinfo2()
    print(info.free - info.top)
    confine.fill_free_places()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc's malloc is asked, from 2.33 on")
def test_free_places_are_filled() -> None:
    """Where every second block was freed: is next to nothing free afterwards?"""
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > 1_000_000
    assert after < before / 20


def test_garbage_is_collected_by_the_child_alone(child: Child) -> None:
    """Is nothing freed before the fork, where it would leave free places, and is a child's garbage freed as usual?"""
    child.run_cell(
        "import gc\nseen = gc.isenabled(), gc.get_freeze_count() > 100_000, gc.get_stats()[2]['collections']"
    )
    assert child.lookup("seen") == (True, True, 0)
    child.run_cell("import weakref\nclass A: pass\na = A(); a.own = a; dead = weakref.ref(a); del a; gc.collect()")
    child.run_cell("gone = dead() is None")
    assert child.lookup("gone") is True


def test_warm_up_leaves_nothing_behind(child: Child) -> None:
    """Does a submission find IPython as if it had just begun?"""
    child.run_cell(
        "made = {'x', 'np', 'plt', 'Image', 'Shown', 'MathTextParser'} & set(globals())\n"
        "found = made, In[:-1], Out, (_, __, ___)"
    )
    assert child.lookup("found") == (set(), [""], {}, ("", "", ""))
    child.run_cell("import matplotlib.pyplot as plt\nopen_figures = plt.get_fignums()")
    assert child.lookup("open_figures") == []
