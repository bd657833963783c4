"""Hand in a time before all deadlines, or one that cannot be. Success: the run stops."""

NBGRADER = True


def make(notebook, folder):
    (folder / "timestamp.txt").write_text("99999999999999999999")
    return notebook
