"""Hand in a notebook without its tests, or without anything. Success: what is not there is not judged."""

NBGRADER = True


def make(notebook, folder):
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("nbgrader", {}).get("locked")]
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return notebook
