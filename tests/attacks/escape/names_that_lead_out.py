"""Hand in files whose names lead out of the folder or look like commands. Success: one is written or run elsewhere."""

NBGRADER = True


def make(notebook, folder):
    for name in ("..\\..\\left-by-redteam", "--force", "-rf", "$(touch left-by-redteam)", "`touch left-by-redteam`", "%2e%2e%2fx", "a\nb.py", "~", "{x}.ipynb.py", "nul", "con.txt"):
        (folder / name).write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "checks.cpython-311.pyc").write_bytes(b"\xa7\r\r\n" + bytes(12) + b"left-by-redteam")
    return notebook
