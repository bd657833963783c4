"""Hand in a moment in a time zone whose name leads to a file. Success: the run stops."""

NBGRADER = True


def make(notebook, folder):
    (folder / "timestamp.txt").write_text("2025-01-01 10:00:00 ../x")
    return notebook
