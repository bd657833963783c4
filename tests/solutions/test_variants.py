"""Is anybody hurt who is right?"""

from __future__ import annotations

import functools

import pytest

from grader.findings import Solution
from grader.verdict import Status
from solutions.batchnorm import known
from solutions.batchnorm.cases import make_cases
from solutions.batchnorm.in_process import grade

VARIANTS = known.variants()
CACHE_IN_A_GLOBAL = """
kept = {}

def forward_of(kind, forward):
    def wrapped(*args):
        out, kept[kind] = forward(*args)
        return out, None
    return wrapped

def backward_of(kind, backward):
    return lambda dout, cache: backward(dout, kept[kind])

for kind in ("batchnorm", "layernorm", "spatial_batchnorm"):
    for name in [name for name in list(globals()) if name.startswith(kind + "_backward")]:
        globals()[name] = backward_of(kind, globals()[name])
    globals()[kind + "_forward"] = forward_of(kind, globals()[kind + "_forward"])
"""


@functools.cache
def all_cases() -> list:
    return make_cases("variants")


def test_there_are_enough_of_them() -> None:
    """Are there other ways of being right than the reference's?"""
    assert len(VARIANTS) >= 15


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_correct_variant_earns_full_marks(variant: Solution) -> None:
    """Other algebra, other caches, other precision, other style: does any of it cost a point?"""
    lost = {k: o.message for k, o in grade(all_cases(), variant.source).items() if o.status != Status.PASS}
    assert lost == {}


def test_cache_in_a_global_earns_full_marks() -> None:
    """Is backward called right after the forward that it belongs to, however many cases look at what they gave?"""
    lost = {k: o.message for k, o in grade(all_cases(), CACHE_IN_A_GLOBAL).items() if o.status != Status.PASS}
    assert lost == {}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_errors_stay_far_below_the_tolerance(variant: Solution) -> None:
    """Is the head-room that the tolerance promises really there, for every formulation?"""
    ratios = [outcome.ratio for outcome in grade(all_cases(), variant.source).values() if outcome.ratio is not None]
    assert max(ratios) < 0.25
