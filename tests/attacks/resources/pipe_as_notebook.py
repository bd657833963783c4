"""Hand in a named pipe instead of a notebook. Success: the grader waits for somebody to write to it."""

import os


def make(notebook, folder):
    os.mkfifo(folder / f"{folder.name}.ipynb")
