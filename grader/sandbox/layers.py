"""Which of the sandbox's layers are switched on. Grading uses `ALL`; tests switch single ones off."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Layers:
    """Each field is one layer.

    `cage` starts everything inside bubblewrap, with namespaces of its own for users, processes, network, IPC and
    host name, and gives every child fresh ones; the other layers are added inside. Without `view` the cage shows
    the whole machine, read-only. Nothing but `none()` opens the cage.
    """

    cage: bool = True
    view: bool = True
    rlimits: bool = True
    landlock: bool = True  # where the kernel has it
    seccomp: bool = True

    @classmethod
    def none(cls) -> Layers:
        """No protection at all: student code runs with the rights of the grader."""
        return cls(**{field.name: False for field in fields(cls)})

    @classmethod
    def only(cls, *names: str) -> Layers:
        """The cage and the named layers."""
        return cls(**{field.name: field.name in ("cage", *names) for field in fields(cls)})


ALL = Layers()
