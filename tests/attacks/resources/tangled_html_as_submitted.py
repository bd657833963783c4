"""The same tangle, in the saved outputs of experiments, which are not run again. Success: minutes and gigabytes."""


def make(notebook, folder):
    tangle = "".join(f"<b id={number}><p>x" for number in range(7_000))
    for cell in notebook["cells"]:
        if "experiment" in cell["metadata"].get("tags", []):
            cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": tangle}, "metadata": {}}] * 90
    return notebook
