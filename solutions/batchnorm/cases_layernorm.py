"""The hidden cases of layer normalisation (`bonus_layernorm`, 3 points).

Layer norm of x is batch norm of x.T with gamma 1 and beta 0, and then gamma and beta along the rows. So the truth
comes from `truth` on the transposed batch, and a student who hands x.T to his own functions is right where these
would be (`own`): a mistake in them is charged where they are graded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student
from solutions.batchnorm import calls, problems, truth
from solutions.batchnorm.bonus import (
    Gradients,
    Own,
    Part,
    backward_carries,
    behind,
    compare,
    ddof_dx,
    gradients,
    is_right,
)
from solutions.batchnorm.calls import GRADIENTS
from solutions.batchnorm.carried import forward_carries, remembered
from solutions.batchnorm.cases_forward import case
from solutions.batchnorm.draw import Draw
from solutions.batchnorm.judging import follows
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import check_form, real_array, require_same, say, values_returned

CELL = "bonus_layernorm"
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Rows:
    """x, dout (N, D), gamma, beta (D,). `turned` is the batch norm problem of x.T, with gamma 1 and beta 0."""

    turned: Problem
    gamma: Array
    beta: Array
    dout: Array

    @property
    def x(self) -> Array:
        return np.array(self.turned.x.T, order="C")  # a copy, also where the transpose is contiguous already

    @property
    def ln_param(self) -> dict[str, Any]:
        return {} if self.turned.eps is None else {"eps": self.turned.eps}

    @property
    def n(self) -> int:
        return max(self.dout.shape)

    @cached_property
    def out(self) -> Part:
        right, gamma, beta = self.turned.train, truth.extended(self.gamma), truth.extended(self.beta)
        x, eps = truth.extended(self.x), truth.extended(self.turned.eps_value)
        var = right.var[:, None]
        centred = right.xmu.T
        beliefs = {
            "ln-normalises-columns": truth.train(x, gamma, beta, eps).out,
            "ln-eps-outside-root": gamma * centred / (np.sqrt(var) + eps) + beta,
            "ln-eps-omitted": gamma * centred / np.sqrt(var) + beta,
            "ln-eps-hard-coded": gamma * centred / np.sqrt(var + truth.extended(1e-5)) + beta,
            "ln-ddof-one": gamma * self.turned.train_ddof_one.x_hat.T + beta,
            "ln-affine-missing": right.x_hat.T,
        }
        return self._part("out", gamma * right.x_hat.T + beta, abs(gamma) * right.x_hat_scale.T + abs(beta), beliefs)

    @cached_property
    def gradients(self) -> dict[str, Part]:
        return {name: self._gradient(name) for name in GRADIENTS}

    def _gradient(self, name: str) -> Part:
        right, dout, gamma = self.turned.train, truth.extended(self.dout), truth.extended(self.gamma)
        x_hat, std = right.x_hat.T, right.std[:, None]
        if name == "dx":
            turned = truth.backward(right, truth.extended(self.turned.gamma), (dout * gamma).T)
            plain = truth.backward(right, truth.extended(self.turned.gamma), dout.T)
            beliefs = {
                "ln-gamma-outside-means": gamma * plain.dx.T,
                "ln-dx-gamma-missing": plain.dx.T,
                "ln-only-direct-path": dout * gamma / std,
            }
            return self._part("dx", turned.dx.T, turned.dx_scale.T, beliefs)
        if name == "dgamma":
            value = (dout * x_hat).sum(axis=0)
            beliefs = {"dgamma-mean": value / len(dout), "dgamma-not-weighted": dout.sum(axis=0)}
            return self._part("dgamma", value, (abs(dout) * right.x_hat_scale.T).sum(axis=0), beliefs)
        value = dout.sum(axis=0)
        return self._part("dbeta", value, abs(dout).sum(axis=0), {"dbeta-mean": value / len(dout)})

    def _part(self, name: str, value: Array, scale: Array, beliefs: dict[str, Array]) -> Part:
        seen = {key: other for key, other in beliefs.items() if not np.allclose(*_floats(other, value), rtol=1e-6)}
        return Part(name, value, scale, self.n, seen)


def _floats(*arrays: Array) -> tuple[Array, ...]:
    return tuple(array.astype(np.float64) for array in arrays)


def rows(turned: Problem, salt: str) -> Rows:
    d, n = turned.x.shape
    draw = Draw(salt, f"{turned.label}/rows")
    plain = replace(turned, gamma=np.ones(n), beta=np.zeros(n))
    return Rows(plain, draw.signed(0.5, 2.0, d), draw.signed(0.3, 1.5, d), draw.normal((n, d)))


@dataclass(frozen=True)
class LayernormCases:
    ordinary: Rows
    one_row: Rows
    eps: Rows
    default_eps: Rows
    earned: Callable[[Student], bool]

    def call(self, student: Student, on: Rows) -> tuple[Any, Any, dict[str, Array]]:
        """out and cache of `layernorm_forward`, and its arguments as it left them."""
        left = {"x": on.x, "gamma": on.gamma.copy(), "beta": on.beta.copy()}
        result = student["layernorm_forward"](*left.values(), on.ln_param)
        out, cache = values_returned("layernorm_forward", result, ("out", "cache"))
        return out, cache, left

    def call_once(self, student: Student, on: Rows) -> tuple[Any, Callable[[], Gradients], dict[str, Array]]:
        """`call`, with the answer of `layernorm_backward` in place of the cache, which nothing else gets."""

        def run() -> tuple[Any, Callable[[], Gradients], dict[str, Array]]:
            out, cache, left = self.call(student, on)
            backward = partial(gradients, student, "layernorm_backward", on.dout, cache)
            return out, calls.made_now(backward) if on in (self.ordinary, self.eps) else backward, left

        return calls.once(student, ("layernorm_forward", on), run)

    def own_x_hat(self, student: Student, on: Rows) -> tuple[Array, calls.ForwardCall]:
        """x_hat (N, D) and the call of the student's own batch norm of x.T, if that earned half of its points.

        Raises CaseFailed where it does something else here than where it was judged.
        """
        if not self.earned(student):
            raise CaseFailed("")
        call = calls.forward(student, on.turned)
        out = real_array("out", call.out, on.turned.x.shape)
        if not forward_carries(student, on.turned, out):
            raise CaseFailed("")
        return out.T, call

    def divides_by_one_less(self, student: Student) -> bool:
        """Charged in `out`; the other cases reckon with it."""
        return remembered(student, "layernorm/ddof", lambda: self._find_ddof(student))

    def _find_ddof(self, student: Student) -> bool:
        part = self.ordinary.out
        try:
            got = real_array("out", self.call_once(student, self.ordinary)[0], part.value.shape)
        except CaseFailed:
            return False
        if part.errors(got).max() <= 1.0:
            return False  # the likely case, found at less cost
        return follows(got, part.beliefs["ln-ddof-one"], part.scale, part.n, np.float64)

    def out(self, on: Rows, student: Student, *, strict: bool = False) -> float:
        def own() -> Array:
            return on.gamma * self.own_x_hat(student, on)[0] + on.beta

        others: list[Own] = [own]
        if not strict and self.divides_by_one_less(student):
            others.append(lambda: on.gamma * on.turned.train_ddof_one.x_hat.T + on.beta)
        return compare(student, on.out, self.call_once(student, on)[0], *others)

    def each_eps(self, student: Student) -> float:
        return max(self.out(self.eps, student), self.out(self.default_eps, student))

    def gradient(self, name: str, student: Student) -> float:
        ratio = self._gradient(self.ordinary, name, student)
        if name == "dx" and is_right(student, self.eps.out, self.call_once(student, self.eps)[0]):
            ratio = max(ratio, self._gradient(self.eps, name, student))
        return ratio

    def _gradient(self, on: Rows, name: str, student: Student) -> float:
        names = "layernorm_backward", "layernorm_forward"
        found = behind(student, *names, on.dout, lambda: self.call_once(student, on)[1])()
        part = on.gradients[name]

        def own() -> Array:
            x_hat, call = self.own_x_hat(student, on)
            if name != "dx":
                return (on.dout * x_hat if name == "dgamma" else on.dout).sum(axis=0)
            if not backward_carries(student, on.turned, call, name):
                raise CaseFailed("")
            dx_hat = np.ascontiguousarray((on.dout * on.gamma).T)
            back = calls.backward(student, "batchnorm_backward", dx_hat, calls.kept(call))
            return real_array("dx", back["dx"], on.turned.x.shape).T

        others: list[Own] = [own]
        if self.divides_by_one_less(student):
            carried = ddof_parts(on, name)
            others += [lambda value=value: value for value in carried]  # type: ignore[misc]
        try:
            ratio = compare(student, part, found[name], *others)
        except CaseFailed:
            if name != "dbeta" and not is_right(student, on.out, self.call_once(student, on)[0]):
                raise Blocked(say("blocked_value", name="out")) from None
            raise
        check_form(name, found[name], part.value.shape, np.float64)
        return ratio

    def inputs_unchanged(self, student: Student) -> None:
        _, _, left = self.call_once(student, self.ordinary)
        try:
            self.out(self.ordinary, student)
        except CaseFailed:
            raise Blocked(say("blocked_value", name="out")) from None
        for name in left:
            require_same(name, getattr(self.ordinary, name), left[name], "changed", "input-overwritten")


def ddof_parts(on: Rows, name: str) -> list[Array]:
    """What `name` may be for somebody whose variance divides by D - 1."""
    dout, gamma = truth.extended(on.dout), truth.extended(on.gamma)
    if name == "dx":
        return [dx.T for dx in ddof_dx(on.turned, truth.extended(on.turned.gamma), (dout * gamma).T)]
    return [(dout * on.turned.train_ddof_one.x_hat.T).sum(axis=0)] if name == "dgamma" else []


def make(salt: str, earned: Callable[[Student], bool]) -> list[Case]:
    on = LayernormCases(
        ordinary=rows(problems.large(salt, "layernorm/ordinary", 6, 5), salt),
        one_row=rows(problems.large(salt, "layernorm/one_row", 7, 1), salt),
        eps=rows(problems.unit(salt, "layernorm/eps", 6, 4, 0.5), salt),
        default_eps=rows(problems.unit(salt, "layernorm/default_eps", 5, 3, None, spread=4e-3), salt),
        earned=earned,
    )
    listed = [
        ("out", 0.75, lambda student: on.out(on.ordinary, student, strict=True)),
        ("eps", 0.5, on.each_eps),
        ("one_row", 0.25, lambda student: on.out(on.one_row, student)),
        *((name, points, _gradient_case(on, name)) for name, points in zip(GRADIENTS, (0.75, 0.25, 0.25), strict=True)),
        ("inputs_unchanged", 0.25, on.inputs_unchanged),
    ]
    return [case(CELL, *item) for item in listed]


def _gradient_case(on: LayernormCases, name: str) -> Callable[[Student], float]:
    return lambda student: on.gradient(name, student)
