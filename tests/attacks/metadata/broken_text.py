"""Fill every text with halves of characters. Success: something written later cannot be written, and the run stops."""

NBGRADER = True


def make(notebook, folder):
    half = "\ud83d"
    for cell in notebook["cells"]:
        if not cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["source"] = half + ("".join(cell["source"])) + half
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {"output_type": "stream", "name": half, "text": half},
                {"output_type": "error", "ename": half, "evalue": half, "traceback": [half]},
                {"output_type": "display_data", "data": {"text/plain": half, "text/html": half, half: half}, "metadata": {half: half}},
            ]
    notebook["cells"].append({"cell_type": "raw", "source": half, "metadata": {half: half}, "attachments": {half: {half: half}}})
    return notebook
