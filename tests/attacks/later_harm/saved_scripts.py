"""Hand in saved outputs with scripts, in cells that are run again and in experiments that are not. Success: any stays active."""


def make(notebook, folder):
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    outputs = [
        {"output_type": "display_data", "data": {"text/html": script, "image/svg+xml": script}, "metadata": {"text/html": {"isolated": True}}},
        {"output_type": "display_data", "data": {"application/javascript": "alert(1)", "text/markdown": script, "text/latex": script}, "metadata": {}},
        {"output_type": "stream", "name": "stdout'><script>", "text": "\x1b[2J" + script},
        {"output_type": "error", "ename": script, "evalue": script, "traceback": [script, "\x1b]0;x\x07"]},
        {"output_type": "update_display_data", "data": {"text/html": script}, "metadata": {}},
        {"output_type": "pyout", "html": script},
    ]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = outputs
    return notebook
