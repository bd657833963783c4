"""How much a submission may use. Every limit and its default is written here, once."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use; generous for honest code, which needs about a hundredth of it.

    The unit is part of each name. `address_space_mib` counts what the process maps, the interpreter and its
    libraries (about 400 MiB) included; scratch files live in memory too and are counted by `scratch_mib`.
    """

    # Time. The trusted side holds the clock: what runs longer is killed.
    cell_seconds: float = 30.0  # one cell
    call_seconds: float = 15.0  # one call of a student's function
    submission_seconds: float = 180.0  # the life of one child
    cpu_seconds: int = 120  # processor time in the life of one child, all its threads together

    # Memory and files
    address_space_mib: int = 2048
    scratch_mib: int = 64
    scratch_files: int = 4096
    open_files: int = 128
    threads: int = 32

    # What comes back
    cell_output_bytes: int = 2 * MIB  # text and images of one cell; the rest is cut off and said so
    submission_output_bytes: int = 16 * MIB
    message_bytes: int = 64 * MIB  # one reply: the most that the trusted side holds for a child at a time
    message_nodes: int = 100_000  # values in one reply; an array counts as one
    message_depth: int = 32  # lists in lists in lists
    integer_bits: int = 65_536


MEANING = {
    "cell_seconds": "seconds for one cell",
    "call_seconds": "seconds for one call of a function",
    "submission_seconds": "seconds for the whole notebook",
    "cpu_seconds": "seconds of processor time for the whole notebook",
    "address_space_mib": "MiB of memory",
    "scratch_mib": "MiB of files",
    "scratch_files": "files written",
    "open_files": "open files",
    "threads": "threads",
    "cell_output_bytes": "bytes of output of one cell",
    "submission_output_bytes": "bytes of output of the whole notebook",
    "message_bytes": "bytes in one result",
    "message_nodes": "values in one result",
    "message_depth": "levels of nesting in one result",
    "integer_bits": "bits in an integer",
}
"""Plain words for each limit, to print beside its value."""
