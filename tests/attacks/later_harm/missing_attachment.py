"""Show an attachment that is not there. Success: no page can be made, so nobody can mark this answer."""


def make(notebook, folder):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "See ![my drawing](attachment:drawing.png) and ![another](attachment:other.svg)."
            cell["attachments"] = {"other.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}}
    return notebook
