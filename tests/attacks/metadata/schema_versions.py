"""Claim other versions of nbgrader's marks. Success: a migration changes what a cell is, or the run stops."""

NBGRADER = True


def make(notebook, folder):
    for number, cell in enumerate(notebook["cells"]):
        marks = cell["metadata"].get("nbgrader")
        if marks:
            marks["schema_version"] = (99, -1, "3", None, 1, 2, 0, 1e400, {}, [])[number % 10]
            marks["cell_type"] = "markdown"
    return notebook
