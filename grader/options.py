"""What a run was asked for. A room of its own, so that a run with nothing to do imports no sandbox and no NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field

from .sandbox.layers import Layers
from .sandbox.limits import Limits


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What one run of `make grade` was asked for.

    An empty `salt` leaves it to the run: a new one, or that of a run that was cut short. `force` grades everybody.
    `scheduler` is the address of a Dask scheduler; an empty one stands for worker processes here.
    """

    salt: str
    layers: Layers
    workers: int
    limits: Limits = field(default_factory=Limits)
    force: bool = False
    scheduler: str = ""
