"""Files read and written with care: no link is followed on the way in, no half-written file left on the way out."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def read_regular_file(path: Path, limit: int) -> bytes:
    """Return at most `limit` bytes of a regular file. Raises OSError for a link, a device, a pipe or a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise OSError(0, "it is not a regular file", str(path))
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(min(limit, about.st_size + 1))  # Python sets aside as much memory as it is asked to read
        return data if len(data) <= about.st_size else data + stream.read(limit - len(data))  # it has grown meanwhile


def write_whole(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Replace a file in one step, so that a reader or a crash sees the old or the new one, never half of it.

    `durable` waits until file and name are on the disk. Where many files are written, `sync_file_system` once after
    them all waits less.
    """
    with replacing(path, durable=durable) as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """The same for what is written piece by piece: yield a stream; the file is replaced once all is written."""
    temporary = path.with_name(f".{path.name[:200]}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename is None:  # a failed write names none, and the message should
            error.filename = str(path)
        raise
    if durable:
        sync_folder(path.parent)


def sync_file_system(folder: Path) -> None:
    """Wait until everything written so far to the file system of `folder` is on the disk: one wait for many files."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold `path` as a lock. Raises BlockingIOError where another process has it and `wait` is False.

    The kernel lets go of it when the process ends, however it ends. Processes forked meanwhile do not have it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def folder_digest(folder: Path) -> str:
    """sha256 over the names and bytes of the files in a folder that a release is made from."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints", "translations"} & set(path.parts):
            data = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()
