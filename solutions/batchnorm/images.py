"""Batches of images (N, C, H, W), what is right for them, and what misconceptions make of them.

Images with a statistic per channel are a batch of N H W rows and C columns, so the truth is that of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solutions.batchnorm import truth
from solutions.batchnorm.bonus import Part, ddof_dx
from solutions.batchnorm.calls import GRADIENTS
from solutions.batchnorm.problems import Problem

Array = np.ndarray
_BATCH = {"running_mean": ("mu", "mu_scale"), "running_var": ("var", "var_scale")}


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
            "spatial-ddof-one": self.images(flat.train_ddof_one.out),
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

    @cached_property
    def test_out(self) -> Part:
        right = self.flat.inference
        beliefs = {"test-batch-stats": self.images(self.flat.train.out)}
        return Part("out", self.images(right.out), self.images(right.out_scale), self.flat.n, beliefs)

    @cached_property
    def running(self) -> dict[str, Part]:
        return {key: self._running(key) for key in _BATCH}

    def _running(self, key: str) -> Part:
        flat = self.flat
        batch, scale = (getattr(flat.train, name) for name in _BATCH[key])
        old, momentum = truth.extended(getattr(flat, key)), truth.extended(flat.momentum_value)
        right = truth.blend(old, batch, scale, momentum)
        beliefs = {
            "momentum-swapped": truth.blend(old, batch, scale, 1 - momentum).value,
            "running-not-updated": old,
        }
        return Part(key, right.value, right.scale, flat.n, beliefs)

    def unbiased(self) -> Array:
        """running_var of somebody whose variance divides by N H W - 1."""
        right, flat = self.flat.train_ddof_one, self.flat
        old, momentum = truth.extended(flat.running_var), truth.extended(flat.momentum_value)
        return truth.blend(old, right.var, right.var_scale, momentum).value

    def ddof(self, name: str) -> list[Array]:
        """What the gradient `name` may be for him."""
        gamma, dout = self.flat.lifted[1], truth.extended(self.flat.dout)
        if name == "dx":
            return [self.images(dx) for dx in ddof_dx(self.flat, gamma, dout)]
        return [(dout * self.flat.train_ddof_one.x_hat).sum(axis=0)] if name == "dgamma" else []

    @cached_property
    def gradients(self) -> dict[str, Part]:
        return {name: self._gradient(name) for name in GRADIENTS}

    def _gradient(self, name: str) -> Part:
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
