"""Hand in a moment that no clock can show in another time zone. Success: the run stops."""

NBGRADER = True


def make(notebook, folder):
    (folder / "timestamp.txt").write_text("9999-12-31 23:59:59 -1400")
    return notebook
