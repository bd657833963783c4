"""The hidden cases of batch normalisation of images (`bonus_spatial`, 3 points).

Images (N, C, H, W) with a statistic per channel are a batch of N H W rows and C columns, so the truth is that of the
batch. A student who hands that batch to his own functions is right where these would be (`own`): a mistake in them is
charged where they are graded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student, StudentError
from solutions.batchnorm import calls, problems, truth
from solutions.batchnorm.bonus import Part, compare, gradients, is_right
from solutions.batchnorm.cases_forward import case
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import check_form, real_array, say, values_returned, wrong

CELL = "bonus_spatial"
KEYS = ("running_mean", "running_var")
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Images:
    """`flat` is the batch (N H W, C); `shape` (N, C, H, W)."""

    flat: Problem
    shape: tuple[int, int, int, int]

    def images(self, rows: Array) -> Array:
        n, c, h, w = self.shape
        return np.ascontiguousarray(rows.reshape(n, h, w, c).transpose(0, 3, 1, 2))

    @cached_property
    def x(self) -> Array:
        return self.images(self.flat.x)

    @cached_property
    def dout(self) -> Array:
        return self.images(self.flat.dout)

    @cached_property
    def out(self) -> Part:
        flat = self.flat
        beliefs = {
            "spatial-reshaped-only": self._reshaped_only(),
            "spatial-per-image": self._normalised((2, 3)),
            "spatial-per-pixel": self._normalised((0,)),
            "spatial-eps-outside-root": self._eps_outside(),
        }
        seen = {
            key: other
            for key, other in beliefs.items()
            if not np.allclose(other.astype(float), self.images(flat.train.out).astype(float), rtol=1e-6)
        }
        return Part("out", self.images(flat.train.out), self.images(flat.train.out_scale), flat.n, seen)

    def _reshaped_only(self) -> Array:
        _, gamma, beta = self.flat.lifted
        rows = truth.extended(self.x).reshape(-1, self.shape[1])
        return truth.train(rows, gamma, beta, truth.extended(self.flat.eps_value)).out.reshape(self.shape)

    def _normalised(self, axes: tuple[int, ...]) -> Array:
        """Statistics over `axes` of the images, by somebody who gets the axes wrong."""
        _, gamma, beta = self.flat.lifted
        x = truth.extended(self.x)
        centred = x - x.mean(axis=axes, keepdims=True)
        std = np.sqrt((centred**2).mean(axis=axes, keepdims=True) + truth.extended(self.flat.eps_value))
        return gamma[:, None, None] * centred / std + beta[:, None, None]

    def _eps_outside(self) -> Array:
        _, gamma, beta = self.flat.lifted
        right = self.flat.train
        return self.images(gamma * right.xmu / (np.sqrt(right.var) + truth.extended(self.flat.eps_value)) + beta)

    @property
    def test_out(self) -> Part:
        right = self.flat.inference
        beliefs = {"test-batch-stats": self.images(self.flat.train.out)}
        return Part("out", self.images(right.out), self.images(right.out_scale), self.flat.n, beliefs)

    def running(self, key: str) -> Part:
        flat = self.flat
        batch, scale = (getattr(flat.train, name) for name in _BATCH[key])
        old, momentum = truth.extended(getattr(flat, key)), truth.extended(flat.momentum_value)
        right = truth.blend(old, batch, scale, momentum)
        beliefs = {
            "momentum-swapped": truth.blend(old, batch, scale, 1 - momentum).value,
            "running-not-updated": old,
        }
        return Part(key, right.value, right.scale, flat.n, beliefs)

    def gradient(self, name: str) -> Part:
        flat, right = self.flat, self.flat.gradients
        value, scale = getattr(right, name), getattr(right, f"{name}_scale")
        if name != "dx":
            return Part(name, value, scale, flat.n, {f"{name}-mean": value / flat.n})
        return Part(
            "dx", self.images(value), self.images(scale), flat.n, {"spatial-share-of-images": self._by_images()}
        )

    def _by_images(self) -> Array:
        """dx of somebody who shares the sums out among the N images."""
        _, gamma, _ = self.flat.lifted
        dout, right = truth.extended(self.flat.dout), self.flat.train
        sums = dout.sum(axis=0) + right.x_hat * (dout * right.x_hat).sum(axis=0)
        return self.images(gamma / right.std * (dout - sums / self.shape[0]))


_BATCH = {"running_mean": ("mu", "mu_scale"), "running_var": ("var", "var_scale")}


@dataclass(frozen=True)
class SpatialCases:
    ordinary: Images
    eps: Images
    seeded: Images
    earned: Callable[[Student], bool]

    def call(self, student: Student, on: Images, mode: str = "train") -> tuple[Any, Any, dict[str, Any]]:
        """out, cache and `bn_param` after a call of `spatial_batchnorm_forward`."""
        bn_param = on.flat.bn_param(mode)
        gamma, beta = on.flat.gamma.copy(), on.flat.beta.copy()
        result = student["spatial_batchnorm_forward"](on.x.copy(), gamma, beta, bn_param)
        out, cache = values_returned("spatial_batchnorm_forward", result, ("out", "cache"))
        return out, cache, bn_param

    def own(self, student: Student, on: Images, mode: str = "train") -> calls.ForwardCall:
        """The student's own batch norm of the flat batch, if that earned half of its points."""
        if not self.earned(student):
            raise CaseFailed("")
        return calls.forward(student, on.flat, mode)

    def out(self, on: Images, student: Student, mode: str = "train") -> float:
        def own() -> Array:
            return on.images(real_array("out", self.own(student, on, mode).out, on.flat.x.shape))

        return compare(on.out if mode == "train" else on.test_out, self.call(student, on, mode)[0], own)

    def running(self, student: Student) -> float:
        on, worst = self.seeded, 0.0
        for key in KEYS:
            kept = self.call(student, on)[2].get(key)
            if kept is None:
                raise wrong("not_stored", "running-not-updated", name=key)
            part = on.running(key)

            def own(key: str = key) -> Array:
                return real_array(key, self.own(student, on).bn_param.get(key), (on.flat.d,))

            worst = max(worst, compare(part, kept, own))
            check_form(key, kept, part.value.shape, np.float64)
        return worst

    def require_right(self, student: Student) -> None:
        self.call(student, self.ordinary)
        try:
            self.out(self.ordinary, student)
        except CaseFailed:
            raise Blocked(say("blocked_value", name="out")) from None

    def unknown_mode(self, student: Student) -> None:
        """ValueError, or whatever the student's own `batchnorm_forward` does: that is charged there."""
        self.require_right(student)
        mode = "tset"
        kind = self._raised(lambda: self.call(student, self.ordinary, mode))
        if kind == "ValueError":
            return
        if self.earned(student) and kind == self._raised(lambda: calls.forward(student, self.ordinary.flat, mode)):
            return
        if kind is None:
            raise wrong("no_value_error", "any-mode-accepted", mode=mode)
        raise wrong("other_exception", mode=mode, kind=kind)

    def _raised(self, run: Callable[[], Any]) -> str | None:
        try:
            run()
        except StudentError as error:
            return error.exception or "an error"
        except CaseFailed:
            return None
        return None

    def gradient(self, name: str, student: Student) -> float:
        ratio = self._gradient(self.ordinary, name, student)
        if name == "dx" and is_right(self.eps.out, self.call(student, self.eps)[0]):
            ratio = max(ratio, self._gradient(self.eps, name, student))
        return ratio

    def _gradient(self, on: Images, name: str, student: Student) -> float:
        function, forward = "spatial_batchnorm_backward", "spatial_batchnorm_forward"
        found = gradients(student, function, on.dout, forward, lambda: self.call(student, on)[1])
        part = on.gradient(name)

        def own() -> Array:
            cache = calls.kept(self.own(student, on))
            back = calls.backward(student, "batchnorm_backward", on.flat.dout.copy(), cache)[name]
            value = real_array(name, back, on.flat.x.shape if name == "dx" else (on.flat.d,))
            return on.images(value) if name == "dx" else value

        try:
            ratio = compare(part, found[name], own)
        except CaseFailed:
            if name != "dbeta" and not is_right(on.out, self.call(student, on)[0]):
                raise Blocked(say("blocked_value", name="out")) from None
            raise
        check_form(name, found[name], part.value.shape, np.float64)
        return ratio


def make(salt: str, earned: Callable[[Student], bool]) -> list[Case]:
    shape = (3, 4, 2, 5)
    rows = shape[0] * shape[2] * shape[3]
    seeded = problems.with_running(problems.large(salt, "spatial/seeded", rows, 4), salt, momentum=0.3)
    on = SpatialCases(
        ordinary=Images(problems.large(salt, "spatial/ordinary", rows, 4), shape),
        eps=Images(problems.unit(salt, "spatial/eps", 2 * 3 * 4, 3, 0.5), (2, 3, 3, 4)),
        seeded=Images(seeded, shape),
        earned=earned,
    )
    return [
        case(CELL, "train", 0.5, lambda student: on.out(on.ordinary, student)),
        case(CELL, "eps", 0.25, lambda student: on.out(on.eps, student)),
        case(CELL, "running", 0.5, on.running),
        case(CELL, "test_mode", 0.5, lambda student: on.out(on.seeded, student, "test")),
        case(CELL, "unknown_mode", 0.25, on.unknown_mode),
        case(CELL, "dx", 0.5, lambda student: on.gradient("dx", student)),
        case(CELL, "dgamma", 0.25, lambda student: on.gradient("dgamma", student)),
        case(CELL, "dbeta", 0.25, lambda student: on.gradient("dbeta", student)),
    ]
