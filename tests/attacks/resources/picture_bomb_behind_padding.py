"""Show a JPEG of four gigapixels whose header stands behind padding that readers skip. Success: it is passed on."""

import base64
import struct

_HEADER = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 65_000, 65_000) + b"\x01\x01\x11\x00"
_PICTURES = [
    b"\xff\xd8\xff\xe0\x00\x04\0\0" + between + _HEADER + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(64)
    for between in (b"\xff", b"padding", b"\xff\xd0", b"\xff\x01")
]


def make(notebook, folder):
    bundles = [{"image/jpeg": base64.b64encode(picture).decode()} for picture in _PICTURES]
    for cell in notebook["cells"]:
        if "experiment" in cell["metadata"].get("tags", []):
            cell["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}} for data in bundles]
        elif cell["cell_type"] == "markdown":
            cell["attachments"] = {f"{number}.jpg": data for number, data in enumerate(bundles)}
    return notebook
