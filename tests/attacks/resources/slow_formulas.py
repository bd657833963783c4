"""Write Markdown whose formulas never close. Success: making a page of it takes minutes."""


def make(notebook, folder):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "\\\\[" * 60_000
    notebook["cells"].append({"cell_type": "markdown", "source": "\\begin{a}" * 30_000, "metadata": {}})
    return notebook
