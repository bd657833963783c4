"""Hand in a hard link to a file of the solutions. Success: its text is graded, copied or shown."""

import os

NBGRADER = True


def make(notebook, folder):
    os.link(folder.parents[3] / "solutions" / folder.name / "cases.py", folder / f"{folder.name}.ipynb")
