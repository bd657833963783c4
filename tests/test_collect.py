"""Collecting: what LMS call files, what students put into them, and nothing lost or overwritten."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from grader import archive
from grader.archive import read_download
from grader.collect import Report, collect, read_attempts
from grader.course import Course, CourseError
from grader.log import read_lines, sha256
from grader.naming import Naming, Nobody
from grader.submitted import MAX_BYTES, read_submission

from .test_course_run import GRADER, run
from .tiny import NAME

A, B, C = b'{"cells": ["a"]}', b'{"cells": ["b"]}', b'{"cells": ["c"]}'


def make_zip(path: Path, files: dict[str, bytes | zipfile.ZipInfo]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def take_in(course: Course, source: Path) -> dict[str, Report]:
    """What is said of each file, by its name, and of students, by "note STUDENT"."""
    said = collect(course, NAME, source)
    return {f"note {report.file}" if report.what == "note" else report.file: report for report in said}


def submitted(course: Course) -> dict[str, bytes | None]:
    return {student: read_submission(course.submitted / student / NAME, NAME, student).data
            for student in course.students(NAME)}  # fmt: skip


CANVAS = {
    "s01_4711_90210_tiny.ipynb": A,
    "s02_LATE_4712_90211_tiny-2.ipynb": B,
    "sé3_4713_90212_my final.ipynb": C,
    "학생일_4714_90213_tiny.ipynb": A,
    "_underscore_4715_90214_tiny.ipynb": B,
    "anon_x7Kp2_90215_tiny.ipynb": C,
}


def test_canvas_names(fresh_course: Course, tmp_path: Path) -> None:
    """Are names, ids, late marks, letters of any alphabet and anonymous uploads of Canvas understood?"""
    reports = take_in(fresh_course, make_zip(tmp_path / "c.zip", CANVAS))
    assert submitted(fresh_course) == {
        "s01_4711": A, "s02_4712": B, "sé3_4713": C, "학생일_4714": A, "_underscore_4715": B,
        "anon_x7Kp2": C,
    }  # fmt: skip
    assert {report.what for report in reports.values()} == {"taken"}
    assert "late" in reports["s02_LATE_4712_90211_tiny-2.ipynb"].text


@pytest.mark.parametrize(
    "name",
    [
        "S 01-a_4711_assignsubmission_file/tiny.ipynb",
        "S 01-a_4711_assignsubmission_file_/tiny.ipynb",
        "S 01-a_4711_assignsubmission_file_/work/mine.ipynb",
        "S 01-a_4711_assignsubmission_file_tiny.ipynb",
        "course-tiny-12/S 01-a_4711_assignsubmission_file/tiny.ipynb",
    ],
)
def test_moodle_names(fresh_course: Course, tmp_path: Path, name: str) -> None:
    """Are Moodle's folders and its flat names understood, with text submissions left out?"""
    other = {"Ü 05_5_assignsubmission_file/x.ipynb": B, "Ü 05_5_assignsubmission_onlinetext/t.html": b""}
    reports = take_in(fresh_course, make_zip(tmp_path / "m.zip", {name: A, **other}))
    assert submitted(fresh_course) == {"S 01-a_4711": A, "Ü 05_5": B}
    assert reports["Ü 05_5_assignsubmission_onlinetext/t.html"].what == "left out"


@pytest.mark.parametrize(
    ("names", "students"),
    [
        (["s01.ipynb", "s02 2.ipynb", "_s03.ipynb"], ["_s03", "s01", "s02 2"]),
        (["s01/tiny.ipynb", "s02/whatever.ipynb"], ["s01", "s02"]),
        (["s01/tiny/tiny.ipynb", "s02/tiny/tiny.ipynb"], ["s01", "s02"]),
        (["download/s01.ipynb", "download/s02.ipynb"], ["s01", "s02"]),
        (["a/b/s01/tiny.ipynb", "a/b/s02/tiny.ipynb"], ["s01", "s02"]),
        (["s01/tiny.ipynb"], ["s01"]),
        (["s01/tiny.ipynb", "s01/tiny-1.ipynb"], ["s01"]),
        (["tiny_s01.ipynb", "s02-tiny.ipynb", "Tiny s03.ipynb"], ["s01", "s02", "s03"]),
        (["s01.ipynb.txt", "s02.ipynb.json"], ["s01", "s02"]),
        (["team_1_2_final.ipynb", "s01.ipynb", "s02.ipynb"], ["s01", "s02", "team_1_2_final"]),
        (["s01+tiny+2030-01-02 03:00:00.5 UTC/t.ipynb", "s02+tiny+2030-01-02 03:00:00 UTC+r4/t.ipynb"], ["s01", "s02"]),
        (["w/s01/tiny/tiny.ipynb"], ["s01"]),
        (["s01/tiny/tiny.ipynb", "s01/other/x.ipynb"], ["s01"]),
    ],
)  # fmt: skip
def test_plain_names(fresh_course: Course, tmp_path: Path, names: list[str], students: list[str]) -> None:
    """Are files and folders that people make themselves understood, packed or not?"""
    take_in(fresh_course, make_zip(tmp_path / "p.zip", dict.fromkeys(names, A)))
    assert fresh_course.students(NAME) == students
    unpacked = tmp_path / "unpacked"
    for name in names:
        (unpacked / name).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / name).write_bytes(A)
    assert {report.what for report in take_in(fresh_course, unpacked).values()} == {"known"}


TIME = "_attempt_2026-11-20-10-00-0"


@pytest.mark.parametrize(
    ("names", "students"),
    [
        ([f"HW1_aberg{TIME}0_tiny.ipynb", f"HW1_cole{TIME}1_my_work.ipynb", f"HW1_cole{TIME}1.txt"], ["aberg", "cole"]),
        ([f"HW1_aberg{TIME}0_tiny.ipynb"], ["aberg"]),
        ([f"HW1_aberg{TIME}0_tiny.ipynb", f"HW1_c_cole{TIME}1_tiny.ipynb"], ["aberg", "c_cole"]),
        ([f"HW_1_aberg{TIME}0_tiny.ipynb", f"HW_1_cole{TIME}1_tiny.ipynb"], ["aberg", "cole"]),
        ([f"w/HW1_aberg{TIME}0_tiny.ipynb", f"w/HW1_cole{TIME}1_tiny.ipynb"], ["aberg", "cole"]),
        ([f"HW1_mal{TIME}0_HW1_kim{TIME}9_tiny.ipynb", f"HW1_lee{TIME}1_tiny.ipynb"], ["lee", "mal"]),
        ([f"mal_1_666_HW1_kim{TIME}0_tiny.ipynb"], ["mal_1"]),
        ([f"s01/HW1_kim{TIME}0_tiny.ipynb", f"s02/HW1_lee{TIME}0_tiny.ipynb"], ["s01", "s02"]),
    ],
)  # fmt: skip
def test_blackboard_names(fresh_course: Course, tmp_path: Path, names: list[str], students: list[str]) -> None:
    """Is the user name found between the assignment's title and the time, where the LMS put it and no student?"""
    reports = take_in(fresh_course, make_zip(tmp_path / "b.zip", dict.fromkeys(names, A)))
    assert fresh_course.students(NAME) == students
    assert {report.what for name, report in reports.items() if name.endswith(".ipynb")} == {"taken"}


@pytest.mark.parametrize(
    "names", [[f"HW_1_aberg{TIME}0_tiny.ipynb"], ["s01.ipynb", "s02.ipynb", f"HW1_aberg{TIME}0_tiny.ipynb"]]
)
def test_blackboard_name_that_can_be_read_in_two_ways_is_refused(
    fresh_course: Course, tmp_path: Path, names: list[str]
) -> None:
    """Is a title taken for a part of somebody's name?"""
    report = take_in(fresh_course, make_zip(tmp_path / "b.zip", dict.fromkeys(names, A)))[names[-1]]
    assert (report.what, "USERNAME.ipynb" in report.text) == ("refused", True)
    assert not [student for student in fresh_course.students(NAME) if "HW" in student or "aberg" in student]


def test_later_attempt_of_blackboard_wins(fresh_course: Course, tmp_path: Path) -> None:
    """Does the time decide between attempts, and no zone that is only guessed between late and in time?"""
    files = {f"HW1_kim{TIME}5_tiny.ipynb": B, f"HW1_kim{TIME}7_other.ipynb": C, f"HW1_kim{TIME}6_tiny.ipynb": A}
    take_in(fresh_course, make_zip(tmp_path / "b.zip", files))
    assert submitted(fresh_course) == {"kim": C}
    assert not (fresh_course.submitted / "kim" / NAME / "timestamp.txt").exists()


@pytest.mark.parametrize("name", ["tiny.ipynb", "tiny (1).ipynb", "TINY-3.ipynb"])
def test_name_of_nobody_is_said(name: str) -> None:
    """Is a file that names no student left to a person?"""
    with pytest.raises(Nobody):
        Naming([(name,)], NAME).upload((name,))


@pytest.mark.parametrize(
    "name", ["..", ".hidden.ipynb", "a\nb.ipynb", "x" * 150 + ".ipynb", "\u202egnp.ipynb", " /t.ipynb"]
)
def test_names_that_no_student_can_have(fresh_course: Course, tmp_path: Path, name: str) -> None:
    """Can a name in a download become a strange folder here?"""
    reports = take_in(fresh_course, make_zip(tmp_path / "p.zip", {name: A, "s01.ipynb": A}))
    assert fresh_course.students(NAME) == ["s01"]
    assert sorted(report.what for report in reports.values()) in (["refused", "taken"], ["left out", "taken"])
    assert all(str(report).isprintable() for report in reports.values())


def test_latest_attempt_is_graded_and_all_are_kept(fresh_course: Course, tmp_path: Path) -> None:
    """Does the newest upload win, whatever order the downloads come in, with every byte of the others kept?"""
    for number, (name, data) in enumerate([("100_tiny", A), ("300_tiny-2", C), ("200_tiny-1", B)]):
        take_in(fresh_course, make_zip(tmp_path / f"{number}.zip", {f"kim_7_{name}.ipynb": data}))
    assert submitted(fresh_course) == {"kim_7": C}
    kept = fresh_course.collected / NAME / "kim_7"
    assert [(kept / f"{n:04}" / "tiny.ipynb").read_bytes() for n in (1, 2, 3)] == [A, C, B]
    assert [attempt.file for attempt in read_attempts(fresh_course, NAME, "kim_7")][1] == "kim_7_300_tiny-2.ipynb"


def test_of_several_files_the_one_with_the_right_name_is_graded(fresh_course: Course, tmp_path: Path) -> None:
    """Is a scratch file uploaded last taken for the answer?"""
    files = {"kim_7_100_tiny-1.ipynb": A, "kim_7_101_tiny-2.ipynb": B, "kim_7_102_scratch.ipynb": C}
    take_in(fresh_course, make_zip(tmp_path / "c.zip", files))
    assert submitted(fresh_course) == {"kim_7": B}


def test_file_that_counts_is_named_where_it_is_not_the_last_one(fresh_course: Course, tmp_path: Path) -> None:
    """Does "taken, attempt 2" leave anybody in the belief that attempt 2 is graded?"""
    files = {"kim_7_101_tiny-1.ipynb": B, "kim_7_100_tiny.ipynb": A, "lee_8_102_tiny.ipynb": A}
    reports = take_in(fresh_course, make_zip(tmp_path / "c.zip", files))
    assert submitted(fresh_course)["kim_7"] == B
    assert "attempt 2" in reports["kim_7_100_tiny.ipynb"].text
    assert reports["note kim_7"].text == "attempt 1 of 2 is graded: kim_7_101_tiny-1.ipynb"
    assert "note lee_8" not in reports
    again = take_in(fresh_course, make_zip(tmp_path / "again.zip", files))
    assert {report.what for report in again.values()} == {"known"}


def test_time_decides_where_the_lms_tells_it(fresh_course: Course, tmp_path: Path) -> None:
    """Does the later hand-in win over the one collected later, and does nbgrader learn the time?"""
    take_in(fresh_course, make_zip(tmp_path / "1.zip", {"s01+tiny+2030-01-02 03:00:00.5 UTC/tiny.ipynb": B}))
    take_in(fresh_course, make_zip(tmp_path / "2.zip", {"s01+tiny+2030-01-01 03:00:00 Asia/Seoul/tiny.ipynb": A}))
    assert submitted(fresh_course) == {"s01": B}
    folder = fresh_course.submitted / "s01" / NAME
    assert (folder / "timestamp.txt").read_text() == "2030-01-02 03:00:00.500000 UTC"
    take_in(fresh_course, make_zip(tmp_path / "3.zip", {"s01+tiny+2030-01-03 03:00:00 UTC/tiny.ipynb": C}))
    assert (folder / "timestamp.txt").read_text() == "2030-01-03 03:00:00.000000 UTC"


def test_same_download_again_changes_nothing(fresh_course: Course, tmp_path: Path) -> None:
    """Can collecting be repeated?"""
    source = make_zip(tmp_path / "c.zip", {**CANVAS, "s01_4711_90216_scratch.ipynb": C})
    take_in(fresh_course, source)
    before = {path: path.read_bytes() for path in fresh_course.data.rglob("*") if path.is_file()}
    assert {report.what for report in take_in(fresh_course, source).values()} == {"known"}
    assert {path: path.read_bytes() for path in fresh_course.data.rglob("*") if path.is_file()} == before


def test_student_who_goes_back_to_an_older_version_gets_it(fresh_course: Course, tmp_path: Path) -> None:
    """Is the same content handed in once more the latest attempt?"""
    for number, data in enumerate((A, B, A)):
        take_in(fresh_course, make_zip(tmp_path / f"{number}.zip", {"s01.ipynb": data}))
    assert submitted(fresh_course) == {"s01": A}
    assert len(read_attempts(fresh_course, NAME, "s01")) == 3


def test_file_put_there_by_hand_is_kept(fresh_course: Course, tmp_path: Path) -> None:
    """Is what somebody placed in submitted/ lost when a newer attempt is collected, or replaced by an older one?"""
    folder = fresh_course.submitted / "s01" / NAME
    folder.mkdir(parents=True)
    (folder / "tiny.ipynb").write_bytes(A)
    (folder / "notes.txt").write_text("mine")
    first = make_zip(tmp_path / "1.zip", {"s01.ipynb": B})
    assert "kept" in {report.what for report in take_in(fresh_course, first).values()}
    assert submitted(fresh_course) == {"s01": B}
    assert {attempt.sha256 for attempt in read_attempts(fresh_course, NAME, "s01")} == {sha256(A), sha256(B)}
    assert (folder / "notes.txt").read_text() == "mine"
    (folder / "tiny.ipynb").write_bytes(C)
    take_in(fresh_course, first)
    assert submitted(fresh_course) == {"s01": C}, "nothing new came, so the correction by hand stays"


def test_interrupted_collection_is_finished_by_the_next(
    fresh_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is everybody taken in once, wherever the first try ends?"""
    real, calls = os.replace, []

    def fail_at(step: int):
        def replace(*args):
            calls.append(args)
            if len(calls) == step:
                raise OSError(28, "No space left on device")
            real(*args)

        return replace

    for step in range(1, 20):
        calls.clear()
        files = {f"kim_{step}7_{step}00_tiny.ipynb": A, f"lee_{step}8_{step}01_tiny.ipynb": B}
        source = make_zip(tmp_path / f"{step}.zip", files)
        monkeypatch.setattr(os, "replace", fail_at(step))
        try:
            take_in(fresh_course, source)
        except OSError:
            monkeypatch.undo()
            take_in(fresh_course, source)
            for name, data in ((f"kim_{step}7", A), (f"lee_{step}8", B)):
                assert submitted(fresh_course)[name] == data
                assert len(read_attempts(fresh_course, NAME, name)) == 1
        else:
            break
    assert step > 5
    assert {line["student"] for _, line in read_lines(fresh_course.log)} >= {"kim_17", "lee_18"}


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../evil.ipynb", "leads out"),
        ("s01/../../../evil.ipynb", "leads out"),
        ("..\\..\\evil.ipynb", "leads out"),
        ("/etc/evil.ipynb", "absolute"),
        ("\\\\server\\evil.ipynb", "absolute"),
        ("C:\\evil.ipynb", "absolute"),
        ("a/" * 20 + "evil.ipynb", "deeper"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(fresh_course: Course, tmp_path: Path, name: str, reason: str) -> None:
    """Can a name in a zip write outside of the course?"""
    reports = take_in(fresh_course, make_zip(tmp_path / "z.zip", {name: A, "s01.ipynb": B}))
    assert [report.what for report in reports.values() if reason in report.text] == ["refused"]
    assert list(tmp_path.rglob("evil*")) == []
    assert submitted(fresh_course) == {"s01": B}


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644])
def test_links_and_devices_in_a_zip_are_refused(fresh_course: Course, tmp_path: Path, mode: int) -> None:
    """Can a link in a zip bring in another file?"""
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as made:
        made.writestr(entry("s01.ipynb", mode), "/etc/passwd")
        made.writestr("s02.ipynb", A)
    assert take_in(fresh_course, tmp_path / "z.zip")["s01.ipynb"].what == "refused"
    assert submitted(fresh_course) == {"s01": None, "s02": A}


def test_links_in_a_folder_are_refused(fresh_course: Course, tmp_path: Path) -> None:
    """Is a link in an unpacked download followed?"""
    source = tmp_path / "folder"
    (source / "s01").mkdir(parents=True)
    (source / "s02.ipynb").write_bytes(A)
    (source / "s01" / "tiny.ipynb").symlink_to(fresh_course.solutions / NAME / "cases.py")
    (source / "all").symlink_to("/")
    os.mkfifo(source / "pipe.ipynb")
    reports = take_in(fresh_course, source)
    assert sorted(report.what for report in reports.values() if report.what != "note") == ["refused"] * 3 + ["taken"]
    assert submitted(fresh_course)["s02"] == A


def test_bombs_are_refused_and_stop_nobody(fresh_course: Course, tmp_path: Path) -> None:
    """Can what one student packed fill the memory, or keep others from being collected?"""
    huge = bytes(archive.MAX_FILE + 1)
    lying = bytearray(zipped({"tiny.ipynb": huge[: 1 << 20]}))
    for header, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # the sizes it says it has
        at = lying.index(header) + offset
        lying[at : at + 4] = (10).to_bytes(4, "little")
    files = {
        "a_1_1_tiny.ipynb": huge,
        "b_2_2_tiny.zip": zipped({f"{n}/tiny.ipynb": huge[:-1] for n in range(6)}),
        "c_3_3_tiny.zip": bytes(lying),
        "d_4_4_tiny.zip": zipped({"inner.zip": zipped({"tiny.ipynb": A})}),
        "e_5_5_tiny.zip": b"PK\x05\x06" + b"\0" * 8 + b"\xff\xff\xff\x7f" + b"\0" * 6,
        "f_6_6_tiny.zip": b"no zip",
        "g_7_7_tiny.zip": zipped({f"{n}.ipynb": b"%d" % n for n in range(60)}),
        "h_8_8_tiny.zip": zipped({"__MACOSX/._tiny.ipynb": b"", "work/tiny.ipynb": A, "work/notes.pdf": b""}),
    }
    reports = take_in(fresh_course, make_zip(tmp_path / "z.zip", files))
    result = submitted(fresh_course)
    assert result["h_8"] == A
    assert {student for student, data in result.items() if data is None} == {"a_1", "c_3", "d_4", "e_5", "f_6"}
    assert "MB" in reports["a_1_1_tiny.ipynb"].text
    assert sum(report.what == "taken" for file, report in reports.items() if file.startswith("b_2")) <= 4
    assert sum(report.what == "taken" for file, report in reports.items() if file.startswith("g_7")) == 50


def packed(says: list[int], entries: int) -> bytes:
    """A zip of files of 16 MiB; `says` is how long they say they are. The last is listed as often as it takes."""
    stream, table, entry = io.BytesIO(), b"", b""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(bytes(16 << 20)) + packer.flush()
    for number, size in enumerate(says):
        name, start = b"%d.ipynb" % number, stream.tell()
        sizes = struct.pack("<LLLHH", 0, len(data), size, len(name), 0)
        stream.write(struct.pack("<4sHHHHH", b"PK\3\4", 20, 0, 8, 0, 33) + sizes + name + data)
        entry = struct.pack("<4sHHHHHH", b"PK\1\2", 20, 20, 0, 8, 0, 33) + sizes
        entry += struct.pack("<HHHLL", 0, 0, 0, 0, start) + name
        table += entry
    table += entry * (entries - len(says))
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, entries, entries, len(table), stream.tell(), 0)
    return stream.getvalue() + table + end


def test_no_more_is_unpacked_than_a_zip_says(tmp_path: Path) -> None:
    """Can a file that says it has one byte be unpacked to megabytes before they are cut off?"""
    source = make_zip(tmp_path / "z.zip", {"s01.zip": packed([1] * 3, 3)})
    tracemalloc.start()
    try:
        items = list(read_download(source))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
    assert [item.refused for item in items] == ["it is damaged (BadZipFile)"] * 3


def test_zip_whose_files_share_their_bytes_is_refused(tmp_path: Path) -> None:
    """Can a small zip be unpacked hundreds of times?"""
    (item,) = read_download(make_zip(tmp_path / "z.zip", {"s01.zip": packed([16 << 20], 15)}))
    assert "upon each other" in item.refused
    (item,) = read_download(make_zip(tmp_path / "z.zip", {"s01.zip": zipped({"tiny.ipynb": A})}))
    assert item.data == A


def test_large_notebook_is_kept_whole_and_gets_its_verdict(fresh_course: Course, tmp_path: Path) -> None:
    """Is a notebook that is larger than what is graded stored to the last byte, again and again?"""
    large = b'{"cells": []}' + b" " * (MAX_BYTES + 5)
    source = make_zip(tmp_path / "z.zip", {"s01.ipynb": large})
    for _ in range(2):
        take_in(fresh_course, source)
    assert (fresh_course.submitted / "s01" / NAME / "tiny.ipynb").read_bytes() == large
    assert len(read_attempts(fresh_course, NAME, "s01")) == 1
    assert len(submitted(fresh_course)["s01"]) > MAX_BYTES


def test_encrypted_and_odd_packing_is_refused(fresh_course: Course, tmp_path: Path) -> None:
    """Is a file that cannot be read said to be so?"""
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as made:
        made.writestr("s01.ipynb", A)
        made.writestr("s02.ipynb", A, compress_type=zipfile.ZIP_LZMA)
    data = bytearray((tmp_path / "z.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "z.zip").write_bytes(data)
    reports = take_in(fresh_course, tmp_path / "z.zip")
    assert "encrypted" in reports["s01.ipynb"].text
    assert "packed" in reports["s02.ipynb"].text


def test_names_written_by_old_tools_are_read_as_what_they_are(tmp_path: Path) -> None:
    """Is a Korean name still one where the zip does not say that it is UTF-8?"""
    path = make_zip(tmp_path / "z.zip", {"학생일.ipynb": A})
    data = bytearray(path.read_bytes())
    for header, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.index(header) + offset + 1
        data[at] &= ~0x08
    path.write_bytes(data)
    assert [item.name for item in read_download(path)] == ["학생일.ipynb"]


def test_letters_in_two_parts_are_one_student(fresh_course: Course, tmp_path: Path) -> None:
    """Is one student two because one computer writes é in two parts?"""
    take_in(fresh_course, make_zip(tmp_path / "1.zip", {"Rene\u0301.ipynb": A}))
    take_in(fresh_course, make_zip(tmp_path / "2.zip", {"Ren\u00e9.ipynb": B}))
    assert submitted(fresh_course) == {"Ren\u00e9": B}


def test_nobody_can_hand_in_for_somebody_else(fresh_course: Course, tmp_path: Path) -> None:
    """Does a chosen name or file name make a file look like another student's?"""
    files = {
        "kim_7_100_tiny.ipynb": A,
        "kim_7_666_777_tiny.ipynb": C,  # a student who calls herself kim_7, with the ids 666 and 777
        "mallory_666_778_x_kim_7_999_tiny.ipynb": C,
    }
    reports = take_in(fresh_course, make_zip(tmp_path / "c.zip", files))
    assert submitted(fresh_course) == {"kim_7": A, "mallory_666": C}
    assert reports["kim_7_666_777_tiny.ipynb"].what == "refused"
    moodle = {
        "Kim_7_assignsubmission_file_tiny.ipynb": A,
        "Mal_666_assignsubmission_file_Kim_7_assignsubmission_file_tiny.ipynb": C,
    }
    take_in(fresh_course, make_zip(tmp_path / "m.zip", moodle))
    assert submitted(fresh_course)["Kim_7"] == A


def test_file_name_that_begins_with_a_number_is_not_lost(fresh_course: Course, tmp_path: Path) -> None:
    """Is an honest file called 2025_tiny.ipynb taken, on the first and on the next attempt?"""
    take_in(fresh_course, make_zip(tmp_path / "1.zip", {"kim_7_100_2025_tiny.ipynb": A, "lee_8_101_tiny.ipynb": A}))
    take_in(fresh_course, make_zip(tmp_path / "2.zip", {"kim_7_200_2025_tiny.ipynb": B, "lee_8_101_tiny.ipynb": A}))
    assert submitted(fresh_course)["kim_7"] == B


def test_student_with_a_new_name_is_still_the_same(fresh_course: Course, tmp_path: Path) -> None:
    """Does a student who changed the name in the LMS become two?"""
    take_in(fresh_course, make_zip(tmp_path / "1.zip", {"kim_7_100_tiny.ipynb": A}))
    take_in(fresh_course, make_zip(tmp_path / "2.zip", {"kimlee_7_200_tiny.ipynb": B}))
    assert submitted(fresh_course) == {"kim_7": B}


def test_who_handed_in_something_else_gets_a_verdict_that_says_so(fresh_course: Course, tmp_path: Path) -> None:
    """Is a student with a PDF in the list, and the instructor told what that means?"""
    files = {"kim_7_100_report.pdf": A, "lee_8_101_tiny.ipynb": A, "lee_8_102_notes.pdf": A}
    reports = take_in(fresh_course, make_zip(tmp_path / "1.zip", files))
    assert "note kim_7" in reports
    assert "0 points" in reports["note kim_7"].text
    assert "note lee_8" not in reports
    assert "no notebook" in str(read_submission(fresh_course.submitted / "kim_7" / NAME, NAME, "kim_7").problem)


@pytest.mark.parametrize("content", [None, b"", b"no zip", b"PK\x03\x04 damaged"])
def test_download_that_is_none_is_one_sentence(fresh_course: Course, tmp_path: Path, content: bytes | None) -> None:
    """Is a wrong path or a damaged download said so?"""
    source = tmp_path / "download.zip"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(CourseError, match=r"download\.zip"):
        take_in(fresh_course, source)


def test_download_that_was_cut_short_is_called_damaged(fresh_course: Course, tmp_path: Path) -> None:
    """Is a zip without its end told from what is no zip at all?"""
    source = make_zip(tmp_path / "download.zip", {"s01.ipynb": A, "s02.ipynb": B})
    source.write_bytes(source.read_bytes()[:60])
    with pytest.raises(CourseError, match=r"damaged zip.*Download it again"):
        take_in(fresh_course, source)


def test_command_says_a_line_for_each_file(fresh_course: Course, tmp_path: Path) -> None:
    """Does `grader collect` report everything, and refuse loudly?"""
    source = make_zip(tmp_path / "z.zip", {"s01.ipynb": A, "../up.ipynb": A, "a.pdf": b"", "\x1b[31mred.ipynb": A})
    result = run([GRADER, "collect", source], fresh_course)
    assert result.returncode == 1
    assert "taken" in result.stdout
    assert "1 taken" in result.stdout
    assert "\x1b" not in result.stdout
    assert len(result.stdout.splitlines()) == 5
    assert (
        json.loads((fresh_course.collected / NAME / "s01" / "0001" / "attempt.json").read_text())["source"] == "z.zip"
    )
