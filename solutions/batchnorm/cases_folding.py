"""The hidden cases of folding batch norm into a linear layer (`bonus_folding`, 2 points)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grader.checking import Blocked, Case, Student
from solutions.batchnorm import truth
from solutions.batchnorm.bonus import Part, compare, is_right
from solutions.batchnorm.calls import once
from solutions.batchnorm.cases_forward import case
from solutions.batchnorm.draw import Draw
from solutions.batchnorm.reading import require_same, say, values_returned

CELL = "bonus_folding"
PARTS = ("W_folded", "b_folded")


@dataclass(frozen=True, eq=False)
class Layers:
    """A linear layer and the batch norm behind it. `arrays`: W (D_in, D_out), the others (D_out,)."""

    arrays: dict[str, np.ndarray]
    eps: float

    def call(self, student: Student) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `fold_batchnorm` returned, by name, and its arguments as it left them."""
        return once(student, ("fold_batchnorm", self), lambda: self._call(student))

    def _call(self, student: Student) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        own = {name: array.copy() for name, array in self.arrays.items()}
        result = student["fold_batchnorm"](*own.values(), self.eps)
        return dict(zip(PARTS, values_returned("fold_batchnorm", result, PARTS), strict=True)), own

    @cached_property
    def parts(self) -> dict[str, Part]:
        weight, bias, gamma, beta, mean, var = (truth.extended(array) for array in self.arrays.values())
        std = np.sqrt(var + truth.extended(self.eps))
        value = _folded(weight, bias, beta, mean, gamma / std)
        moved = abs(gamma / std) * (abs(bias) + abs(mean)) + abs(beta)
        # who probes the two layers with unit vectors subtracts the folded bias, so its error is in W_folded, too
        scales = (abs(value[0]) + 2 * moved, moved)
        others = {
            "fold-no-square-root": _folded(weight, bias, beta, mean, gamma / std**2),
            "fold-eps-missing": _folded(weight, bias, beta, mean, gamma / np.sqrt(var)),
            "fold-gamma-missing": _folded(weight, bias, beta, mean, 1 / std),
            "fold-mean-missing": _folded(weight, bias, beta, 0 * mean, gamma / std),
            "fold-beta-missing": _folded(weight, bias, 0 * beta, mean, gamma / std),
            "fold-bias-not-scaled": (value[0], bias - mean * gamma / std + beta),
        }
        found = {}
        for i, name in enumerate(PARTS):
            beliefs = {key: other[i] for key, other in others.items() if not np.allclose(other[i], value[i], rtol=1e-6)}
            found[name] = Part(name, value[i], scales[i], len(weight), beliefs)
        return found


def _folded(
    weight: np.ndarray, bias: np.ndarray, beta: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return weight * scale, (bias - mean) * scale + beta


def layers(salt: str, label: str, d_in: int, d_out: int, eps: float, spread: float) -> Layers:
    draw = Draw(salt, label)
    vector = {
        "gamma": draw.signed(0.5, 2.0, d_out),
        "beta": draw.signed(0.3, 1.5, d_out),
        "running_mean": spread * draw.signed(0.5, 2.0, d_out),
        "running_var": spread**2 * draw.uniform(0.3, 3.0, d_out),
    }
    linear = {"W": spread * draw.normal((d_in, d_out)), "b": spread * draw.signed(0.3, 1.5, d_out)}
    return Layers(linear | vector, eps)


@dataclass(frozen=True)
class FoldingCases:
    ordinary: Layers
    other_shapes: tuple[Layers, ...]
    eps: Layers

    def weight(self, student: Student) -> float:
        return max(self._part(student, each, "W_folded") for each in (self.ordinary, *self.other_shapes))

    def bias(self, student: Student) -> float:
        return max(self._part(student, each, "b_folded") for each in (self.ordinary, *self.other_shapes))

    def large_eps(self, student: Student) -> float:
        return max(self._part(student, self.eps, name) for name in PARTS)

    def _part(self, student: Student, on: Layers, name: str) -> float:
        return compare(student, on.parts[name], on.call(student)[0][name])

    def unchanged(self, student: Student) -> None:
        found, left = self.ordinary.call(student)
        for name in PARTS:
            if not is_right(student, self.ordinary.parts[name], found[name]):
                raise Blocked(say("blocked_value", name=name))
        for name, before in self.ordinary.arrays.items():
            require_same(name, before, left[name], "changed", "input-overwritten")


def make(salt: str) -> list[Case]:
    # as in `problems`: a spread of millions with eps 1e-12 cannot see eps, a spread of one with eps 0.5 can
    wide = layers(salt, "folding/wide", 2, 6, 1e-12, 2e6)
    square = layers(salt, "folding/square", 4, 4, 1e-12, 2e6)
    on = FoldingCases(
        layers(salt, "folding/ordinary", 5, 3, 1e-12, 2e6),
        (wide, square),
        layers(salt, "folding/eps", 3, 4, 0.5, 1.0),
    )
    return [
        case(CELL, "weight", 0.5, on.weight),
        case(CELL, "bias", 0.75, on.bias),
        case(CELL, "eps", 0.5, on.large_eps),
        case(CELL, "unchanged", 0.25, on.unchanged),
    ]
