"""The same, in a notebook whose process dies at once. Success: a graded notebook keeps the outputs as handed in."""


def make(notebook, folder):
    from grader.redteam import code_cell

    script = "<script>alert(1)</script>"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": script, "image/svg+xml": script}, "metadata": {}}]
    notebook["cells"].insert(0, code_cell("import os\nos._exit(1)"))
    notebook["cells"].insert(0, code_cell("import ctypes\nctypes.string_at(0)"))
    return notebook
