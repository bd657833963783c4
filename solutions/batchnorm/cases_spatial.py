"""The hidden cases of batch normalisation of images (`bonus_spatial`, 3 points).

A student who turns the images into a batch (`images`) and hands it to his own functions is right where these would be
(`own`): a mistake in them is charged where they are graded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from grader.checking import Blocked, Case, CaseFailed, Student, StudentError
from solutions.batchnorm import calls, problems
from solutions.batchnorm.bonus import Gradients, Own, backward_carries, behind, compare, gradients, is_right
from solutions.batchnorm.carried import forward_carries, remembered, was_charged
from solutions.batchnorm.cases_forward import case
from solutions.batchnorm.images import Images
from solutions.batchnorm.judging import follows
from solutions.batchnorm.reading import check_form, real_array, say, values_returned, wrong

CELL = "bonus_spatial"
KEYS = ("running_mean", "running_var")
Array = np.ndarray


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

    def call_once(
        self, student: Student, on: Images, mode: str = "train"
    ) -> tuple[Any, Callable[[], Gradients], dict[str, Any]]:
        """`call`, with the answer of `spatial_batchnorm_backward` in place of the cache, which nothing else gets."""

        def run() -> tuple[Any, Callable[[], Gradients], dict[str, Any]]:
            out, cache, bn_param = self.call(student, on, mode)
            backward = partial(gradients, student, "spatial_batchnorm_backward", on.dout, cache)
            return out, calls.made_now(backward) if on in (self.ordinary, self.eps) else backward, bn_param

        return calls.once(student, ("spatial_batchnorm_forward", on, mode), run)

    def own(self, student: Student, on: Images, mode: str = "train") -> calls.ForwardCall:
        """The student's own batch norm of the flat batch, if that earned half of its points.

        Raises CaseFailed where it does something else here than where it was judged.
        """
        if not self.earned(student):
            raise CaseFailed("")
        call = calls.forward(student, on.flat, mode)
        if mode == "test":
            same = was_charged(student, "test_mode_hidden/")
        else:
            same = forward_carries(student, on.flat, real_array("out", call.out, on.flat.x.shape))
        if not same:
            raise CaseFailed("")
        return call

    def divides_by_one_less(self, student: Student) -> bool:
        """Charged in `train`; the other cases reckon with it."""
        return remembered(student, "spatial/ddof", lambda: self._find_ddof(student))

    def _find_ddof(self, student: Student) -> bool:
        part = self.ordinary.out
        try:
            got = real_array("out", self.call_once(student, self.ordinary)[0], part.value.shape)
        except CaseFailed:
            return False
        if part.errors(got).max() <= 1.0:
            return False  # the likely case, found at less cost
        return follows(got, part.beliefs["spatial-ddof-one"], part.scale, part.n, np.float64)

    def train(self, on: Images, student: Student, *, strict: bool = False) -> float:
        if strict or not self.divides_by_one_less(student):
            return self.out(on, student)
        return self.out(on, student, "train", lambda: on.images(on.flat.train_ddof_one.out))

    def out(self, on: Images, student: Student, mode: str = "train", *others: Own) -> float:
        def own() -> Array:
            return on.images(real_array("out", self.own(student, on, mode).out, on.flat.x.shape))

        part = on.out if mode == "train" else on.test_out
        return compare(student, part, self.call_once(student, on, mode)[0], own, *others)

    def running(self, student: Student) -> float:
        on, worst = self.seeded, 0.0
        for key in KEYS:
            kept = self.call_once(student, on)[2].get(key)
            if kept is None:
                raise wrong("not_stored", "running-not-updated", name=key)
            part = on.running[key]

            def own(key: str = key) -> Array:
                if not was_charged(student, "running_stats_hidden/"):
                    raise CaseFailed("")
                return real_array(key, self.own(student, on).bn_param.get(key), (on.flat.d,))

            others: list[Own] = [own]
            if key == "running_var" and self.divides_by_one_less(student):
                others.append(on.unbiased)
            worst = max(worst, compare(student, part, kept, *others))
            if not was_charged(student, "running_stats_hidden/form"):
                check_form(key, kept, part.value.shape, np.float64)
        return worst

    def require_right(self, student: Student) -> None:
        self.call_once(student, self.ordinary)
        try:
            self.train(self.ordinary, student)
        except CaseFailed:
            raise Blocked(say("blocked_value", name="out")) from None

    def unknown_mode(self, student: Student) -> None:
        """ValueError, or whatever the student's own `batchnorm_forward` does: that is charged there."""
        self.require_right(student)
        mode = "tset"
        kind = self._raised(lambda: self.call(student, self.ordinary, mode))
        if kind == "ValueError":
            return
        charged = was_charged(student, "test_mode_hidden/unknown_mode")
        if (
            charged
            and self.earned(student)
            and kind == self._raised(lambda: calls.forward(student, self.ordinary.flat, mode))
        ):
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
        if name == "dx" and is_right(student, self.eps.out, self.call_once(student, self.eps)[0]):
            ratio = max(ratio, self._gradient(self.eps, name, student))
        return ratio

    def _gradient(self, on: Images, name: str, student: Student) -> float:
        names = "spatial_batchnorm_backward", "spatial_batchnorm_forward"
        found = behind(student, *names, on.dout, lambda: self.call_once(student, on)[1])()
        part = on.gradients[name]

        def own() -> Array:
            call = self.own(student, on)
            if not backward_carries(student, on.flat, call, name):
                raise CaseFailed("")
            cache = calls.kept(call)
            back = calls.backward(student, "batchnorm_backward", on.flat.dout.copy(), cache)[name]
            value = real_array(name, back, on.flat.x.shape if name == "dx" else (on.flat.d,))
            return on.images(value) if name == "dx" else value

        others: list[Own] = [own]
        if self.divides_by_one_less(student):
            others += [lambda value=value: value for value in on.ddof(name)]  # type: ignore[misc]
        try:
            ratio = compare(student, part, found[name], *others)
        except CaseFailed:
            if name != "dbeta" and not is_right(student, on.out, self.call_once(student, on)[0]):
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
        case(CELL, "train", 0.5, lambda student: on.train(on.ordinary, student, strict=True)),
        case(CELL, "eps", 0.25, lambda student: on.train(on.eps, student)),
        case(CELL, "running", 0.5, on.running),
        case(CELL, "test_mode", 0.5, lambda student: on.out(on.seeded, student, "test")),
        case(CELL, "unknown_mode", 0.25, on.unknown_mode),
        case(CELL, "dx", 0.5, lambda student: on.gradient("dx", student)),
        case(CELL, "dgamma", 0.25, lambda student: on.gradient("dgamma", student)),
        case(CELL, "dbeta", 0.25, lambda student: on.gradient("dbeta", student)),
    ]
