"""Hand in thousands of files beside the notebook. Success: the grader copies or reads them all."""

NBGRADER = True


def make(notebook, folder):
    for number in range(3000):
        (folder / f"file{number}.ipynb.txt").write_text("x")
    deep = folder
    for _ in range(50):
        deep = deep / "deeper"
        deep.mkdir()
    return notebook
