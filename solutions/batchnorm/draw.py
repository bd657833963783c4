"""Numbers that depend on a salt and a label and on nothing else.

NumPy does not promise the same stream from one version to the next, and its normal generator calls the C library's
`log` and `exp`, which differ in the last bit between machines. Here the bits come from SHAKE-256 and every
operation on them is exact or a single IEEE rounding, so a run is repeated to the bit on any machine.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

Shape = int | tuple[int, ...]


class Draw:
    """An endless stream of numbers for one `salt` and one `label`."""

    def __init__(self, salt: str, label: str) -> None:
        self._seed = f"{len(salt)}:{salt}/{label}".encode()
        self._block = 0

    def _fractions(self, shape: Shape) -> np.ndarray:
        """Uniform multiples of 2**-24 in [0, 1), float64."""
        count = math.prod(shape) if isinstance(shape, tuple) else shape
        stream = hashlib.shake_256(self._seed + b"#%d" % self._block).digest(4 * count)
        self._block += 1
        return (np.frombuffer(stream, dtype="<u4") >> 8).reshape(shape) / 2.0**24

    def uniform(self, low: float, high: float, shape: Shape) -> np.ndarray:
        return low + (high - low) * self._fractions(shape)

    def normal(self, shape: Shape) -> np.ndarray:
        """Nearly normal, mean 0 and variance 1: the sum of twelve uniform numbers (exact in float64)."""
        full = shape if isinstance(shape, tuple) else (shape,)
        return self._fractions((12, *full)).sum(axis=0) - 6.0

    def standard(self, n: int, d: int) -> np.ndarray:
        """(n, d), nearly normal, each column moved and stretched to mean 0 and variance 1 (as drawn where n is 1).

        By `math.fsum`, which rounds once whatever the order, so that no column has an unlucky spread.
        """
        columns = self.normal((n, d))
        for column in columns.T if n > 1 else ():
            column -= math.fsum(column) / n
            column /= math.sqrt(math.fsum(column**2) / n)
        return columns

    def signed(self, low: float, high: float, shape: int) -> np.ndarray:
        """Magnitudes in [low, high) with random signs; where there are two or more, both signs occur."""
        signs = np.where(self._fractions(shape) < 0.5, -1.0, 1.0)
        if shape > 1 and abs(signs.sum()) == shape:
            signs[int(self._fractions(1)[0] * shape)] *= -1.0
        return signs * self.uniform(low, high, shape)

    def integers(self, low: int, high: int, shape: Shape) -> np.ndarray:
        """Whole numbers in [low, high), int64."""
        return (low + (high - low) * self._fractions(shape)).astype(np.int64)
