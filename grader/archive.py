"""Downloads, read with care: every file of a zip or a folder is yielded with its bytes, or with why it is not read.

Nothing is unpacked to the disk and no name in a download is ever used as a path. What students made themselves (a zip
in the download) is opened one level deep and under narrower limits.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .course import CourseError
from .files import read_regular_file

MAX_FILE = 64 << 20  # bytes of one file; intake reads less, and says so to the student
MAX_FILES = 200_000  # in a download
MAX_NESTED_FILES = 500  # in a zip that a student handed in
MAX_NESTED_BYTES = 256 << 20  # that one such zip may unpack to
MAX_DIRECTORY = 1 << 20  # bytes of its table of contents
MAX_DEPTH = 12  # folders in folders

_NOTEBOOK = re.compile(r"\.ipynb(\.json|\.txt)?$", re.IGNORECASE)  # some browsers add to the name when they save
_JUNK = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store"}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a download. `parts` is its path there; `data` its bytes, or None with the reason in `refused`.

    `ignored` marks what nobody needs to hear about as a fault: it is no notebook. A `foul` name says nothing about who
    handed the file in.
    """

    parts: tuple[str, ...]
    data: bytes | None = None
    refused: str = ""
    ignored: bool = False
    foul: bool = False

    @property
    def name(self) -> str:
        return "/".join(self.parts)


def read_download(source: Path) -> Iterator[Item]:
    """Yield every file of a zip or a folder. Raises CourseError where `source` is neither."""
    if source.is_dir():
        yield from _read_folder(source, ())
    elif zipfile.is_zipfile(source):
        try:
            archive = zipfile.ZipFile(source)
        except _BROKEN as error:
            raise CourseError(f"{source} is a damaged zip ({error}). Download it again.") from error
        with archive:
            yield from _read_zip(archive, (), MAX_FILES)
    elif _begins_like_a_zip(source):
        raise CourseError(f"{source} is a damaged zip: its end is missing. Download it again.")
    else:
        raise CourseError(f"{source} is neither a folder nor a zip.")


def _begins_like_a_zip(source: Path) -> bool:
    """True for the first bytes of a zip: a download that was cut short has them, and lacks the table of contents."""
    try:
        with source.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def names_in(source: Path) -> list[tuple[str, ...]]:
    """The paths of a download's notebooks and zips. Nothing is opened: their names say who handed them in."""
    if source.is_dir():
        found = [Path(path, name).relative_to(source).parts for path, _, names in os.walk(source) for name in names]
    else:
        with zipfile.ZipFile(source) as archive:
            files = [info for info in archive.infolist() if not info.is_dir() and not _foul_name(info)]
            found = [_parts(_file_name(info)) for info in files]
    return sorted(parts for parts in found if parts and _wanted(parts))


def _read_folder(folder: Path, above: tuple[str, ...]) -> Iterator[Item]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            parts = (*above, entry.name)
            if entry.is_symlink():
                yield Item(parts, refused="it is a link; links are not followed")
            elif entry.is_dir(follow_symlinks=False):
                if len(parts) > MAX_DEPTH:
                    yield Item(parts, refused=f"it lies deeper than {MAX_DEPTH} folders")
                else:
                    yield from _read_folder(Path(entry.path), parts)
            else:
                yield from _read_file(Path(entry.path), parts)


def _read_file(path: Path, parts: tuple[str, ...]) -> Iterator[Item]:
    if not _wanted(parts):
        yield _not_wanted(parts)
        return
    try:
        data = read_regular_file(path, MAX_FILE + 1)
    except OSError as error:
        yield Item(parts, refused=f"it cannot be read: {error.strerror}")
    else:
        yield from _item(parts, data, nested=False)


def _read_zip(archive: zipfile.ZipFile, above: tuple[str, ...], most: int) -> Iterator[Item]:
    budget = MAX_NESTED_BYTES if above else None
    for number, info in enumerate(archive.infolist()):
        if info.is_dir():
            continue
        parts = (*above, *_parts(_file_name(info)))
        if number >= most:
            yield Item(parts, refused=f"the zip holds more than {most:,} files; this and the following are not read")
            return
        if not parts:
            continue
        if reason := _foul_name(info):
            yield Item(parts, refused=reason, foul=True)
        elif reason := _refused_entry(info):
            yield Item(parts, refused=reason)
        elif not _wanted(parts):
            yield _not_wanted(parts)
        elif budget is not None and info.file_size > budget:
            yield Item(parts, refused=f"the zip unpacks to more than {MAX_NESTED_BYTES >> 20} MB")
        else:
            budget = budget if budget is None else budget - info.file_size
            yield from _unpack(archive, info, parts, nested=bool(above))


def _file_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry. Old tools write UTF-8 without saying so, which zipfile reads as cp437."""
    if not info.flag_bits & 0x800:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.orig_filename


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _foul_name(info: zipfile.ZipInfo) -> str:
    """Why an entry's name is one that no LMS gives, "" where it is not."""
    name = _file_name(info).replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "it has an absolute name"
    if ".." in PurePosixPath(name).parts:
        return "its name leads out of the download"
    if len(_parts(name)) > MAX_DEPTH:
        return f"it lies deeper than {MAX_DEPTH} folders"
    return ""


def _refused_entry(info: zipfile.ZipInfo) -> str:
    """Why an entry of a zip is not read at all, "" where it is."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link; links are not followed"
    if kind not in (0, stat.S_IFREG):
        return "it is not a regular file"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed in a way that no LMS uses"
    if info.file_size > MAX_FILE:
        return f"it has {info.file_size >> 20} MB; at most {MAX_FILE >> 20} are read"
    return ""


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: tuple[str, ...], *, nested: bool) -> Iterator[Item]:
    try:
        with archive.open(info) as stream:
            data = stream.read(info.file_size + 1)  # zipfile unpacks as much as is asked for before it cuts that off
    except _BROKEN as error:
        yield Item(parts, refused=f"it is damaged ({type(error).__name__})")
    else:
        yield from _item(parts, data, nested=nested)


def _item(parts: tuple[str, ...], data: bytes, *, nested: bool) -> Iterator[Item]:
    if len(data) > MAX_FILE:
        yield Item(parts, refused=f"it has more than {MAX_FILE >> 20} MB")
    elif _NOTEBOOK.search(parts[-1]):
        yield Item(parts, data)
    elif nested:
        yield Item(parts, refused="it is a zip in a zip in the download")
    else:
        yield from _read_nested(parts, data)


def _read_nested(parts: tuple[str, ...], data: bytes) -> Iterator[Item]:
    """The files of a zip that a student handed in."""
    if _directory_is_large(data):
        yield Item(parts, refused="it is a zip with too many files, or of a kind that no student makes")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.compress_size for info in archive.infolist()) > len(data):
                yield Item(parts, refused="it is a zip whose files lie upon each other")  # each would be unpacked anew
                return
            items = list(_read_zip(archive, parts, MAX_NESTED_FILES))
    except _BROKEN as error:
        yield Item(parts, refused=f"it is a damaged zip ({type(error).__name__})")
        return
    yield from items or [Item(parts, refused="it is an empty zip")]


def _directory_is_large(data: bytes) -> bool:
    """True where a zip's end record promises a long table of contents, or there is one of the 64-bit form."""
    tail = data[-(22 + 20 + 65_536) :]
    if b"PK\x06\x07" in tail:
        return True
    for found in re.finditer(rb"PK\x05\x06", tail):
        record = tail[found.start() : found.start() + 22]
        if len(record) == 22 and struct.unpack("<L", record[12:16])[0] > MAX_DIRECTORY:
            return True
    return False


def _wanted(parts: tuple[str, ...]) -> bool:
    junk = _JUNK & set(parts) or parts[-1].startswith("._")
    return not junk and bool(_NOTEBOOK.search(parts[-1]) or parts[-1].lower().endswith(".zip"))


def _not_wanted(parts: tuple[str, ...]) -> Item:
    return Item(parts, refused="it is no notebook", ignored=True)
