"""Hand in a file of two gigabytes that takes no room. Success: the grader reads it."""

NBGRADER = True


def make(notebook, folder):
    with (folder / f"{folder.name}.ipynb").open("wb") as file:
        file.truncate(1 << 31)
