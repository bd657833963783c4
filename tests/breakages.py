"""What students, their tools and their enemies make of a notebook: one function for each, by name.

Each takes a solved notebook and the grade_id of one of its answers, and returns the bytes that are handed in.
"""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

HERE = Path(__file__).resolve().parent

Breakage = Callable[[NotebookNode, str], bytes]


def written(notebook: NotebookNode) -> bytes:
    return json.dumps(notebook).encode()


def answer(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def as_it_is(notebook: NotebookNode, _: str) -> bytes:
    return written(notebook)


def on_many_lines(notebook: NotebookNode, _: str) -> bytes:
    return nbformat.writes(notebook).encode()


def with_mark_of_byte_order(notebook: NotebookNode, _: str) -> bytes:
    return json.dumps(notebook, indent=1).replace("\n", "\r\n").encode("utf-8-sig")


def without_marks(notebook: NotebookNode, _: str) -> bytes:
    for cell in notebook.cells:
        cell.metadata = {}
        del cell["id"]
    return written(notebook)


def through_colab(notebook: NotebookNode, _: str) -> bytes:
    notebook.metadata, notebook.nbformat_minor = {"colab": {"provenance": []}}, 0
    for cell in notebook.cells:
        cell.metadata["colab"] = {"base_uri": "https://localhost:8080/"}
        cell.metadata["id"] = cell.pop("id")
    return written(notebook)


def in_format_3(notebook: NotebookNode, _: str) -> bytes:
    return nbformat.v3.writes_json(nbformat.convert(notebook, 3)).encode()


def shuffled(notebook: NotebookNode, _: str) -> bytes:
    notebook.cells.reverse()
    return written(notebook)


def with_equal_ids(notebook: NotebookNode, _: str) -> bytes:
    for cell in notebook.cells:
        cell.id = "same"
    return written(notebook)


def doubled(notebook: NotebookNode, grade_id: str) -> bytes:
    cell = answer(notebook, grade_id)
    notebook.cells.insert(notebook.cells.index(cell), copy.deepcopy(cell))
    return written(notebook)


def in_a_text_cell(notebook: NotebookNode, grade_id: str) -> bytes:
    cell = answer(notebook, grade_id)
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]
    return written(notebook)


def tests_deleted(notebook: NotebookNode, _: str) -> bytes:
    notebook.cells = [cell for cell in notebook.cells if not cell.metadata.get("nbgrader", {}).get("points")]
    return written(notebook)


def tests_edited(notebook: NotebookNode, _: str) -> bytes:
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("points"):
            cell.source = "raise SystemExit"
    return written(notebook)


def with_a_large_output(notebook: NotebookNode, grade_id: str) -> bytes:
    answer(notebook, grade_id).outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 3_000_000}]
    return written(notebook)


HARMLESS: tuple[Breakage, ...] = (
    as_it_is, on_many_lines, with_mark_of_byte_order, without_marks, through_colab, in_format_3, shuffled,
    with_equal_ids, doubled, in_a_text_cell, tests_deleted, tests_edited, with_a_large_output,
)  # fmt: skip


def cell(source: str) -> Breakage:
    def append(notebook: NotebookNode, _: str) -> bytes:
        notebook.cells.append(new_code_cell(source))
        return written(notebook)

    return append


def data(content: bytes) -> Breakage:
    return lambda notebook, _: content


def cut_in_the_middle(notebook: NotebookNode, _: str) -> bytes:
    return written(notebook)[: len(written(notebook)) // 2]


def syntax_error(notebook: NotebookNode, grade_id: str) -> bytes:
    answer(notebook, grade_id).source = "def f(:\n"
    return written(notebook)


def python_2(notebook: NotebookNode, grade_id: str) -> bytes:
    answer(notebook, grade_id).source += "\nprint 'done'\n"
    return written(notebook)


def conflict(notebook: NotebookNode, grade_id: str) -> bytes:
    answer(notebook, grade_id).source = "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other"
    return written(notebook)


def thousands_of_cells(notebook: NotebookNode, _: str) -> bytes:
    notebook.cells += [new_markdown_cell("x")] * 3_000
    return written(notebook)


HARMFUL: tuple[Breakage, ...] = (
    cut_in_the_middle, syntax_error, python_2, conflict, thousands_of_cells,
    data(b""), data(b"\x00" * 1000), data(b"[" * 200_000), data(b"PK\x03\x04"), data(b"<html></html>"), data(b"[1]"),
    cell("while True:\n    pass"),
    cell("x = bytearray(1 << 40)"),
    cell("x = []\nwhile True:\n    x.append(bytearray(1 << 20))"),
    cell("import os\nos._exit(0)"),
    cell("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    cell("import os\nwhile True:\n    os.fork()"),
    cell("import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()"),
    cell("while True:\n    print('x' * 10_000)"),
    cell("open('big', 'wb').write(b'x' * (1 << 30))"),
    cell("raise SystemExit"),
    cell("import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    f()\nf()"),
    cell("import socket\nsocket.socket(socket.AF_UNIX).bind('\\0left-by-soak')"),
    cell("open('/tmp/left-by-soak', 'w').write('x')\nopen('/dev/shm/left-by-soak', 'w').write('x')"),
)  # fmt: skip


def attacks() -> tuple[Breakage, ...]:
    """The cells of the red-team suite."""
    found = []
    for path in sorted((HERE / "attacks").glob("*/*.py")):
        source = runpy.run_path(str(path)).get("CELL")
        if isinstance(source, str):
            found.append(cell(source))
    return tuple(found)
