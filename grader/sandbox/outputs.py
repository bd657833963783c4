"""Inside the sandbox: collects what cells print and display, as nbformat outputs bounded in size."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from .limits import Limits

Output = dict[str, Any]
MOST_ITEMS = 1000  # outputs of one cell; a Jupyter page with more would not open
ITEM_BYTES = 64  # what an output costs beside its text


class Outputs:
    """The outputs of the running cell, in order. What exceeds the limits is dropped, and the last output says so."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.total = 0
        self.begin()

    def begin(self) -> None:
        """Start a cell (or anything else whose output is collected)."""
        self.items: list[Output] = []
        self.size = 0
        self.cut = False
        self.displays: dict[str, Output] = {}
        self.clear_next = False

    def finish(self) -> list[Output]:
        """The outputs since `begin`; text is joined here, once."""
        for item in self.items:
            if item["output_type"] == "stream":
                item["text"] = "".join(item["text"])
        if self.cut:
            kib = min(self.limits.cell_output_bytes, self.limits.submission_output_bytes) // 1024
            note = f"\n[Output cut off here: more than {kib} KiB.]\n"
            self.items.append({"output_type": "stream", "name": "stderr", "text": note})
        return self.items

    def room(self) -> int:
        return min(self.limits.cell_output_bytes - self.size, self.limits.submission_output_bytes - self.total)

    def take(self, size: int) -> bool:
        """Count `size` bytes. False, and the cell's output ends here, where they do not fit."""
        if size > self.room() or len(self.items) >= MOST_ITEMS:
            self.cut = True
            return False
        self.size += size
        self.total += size
        return True

    def text(self, name: str, text: str) -> None:
        """Add to stdout or stderr."""
        if self.cut or not text:
            return
        self.clear_if_asked()
        whole = text
        text = text[: max(0, self.room() - ITEM_BYTES) // 4]  # a character has up to 4 bytes
        if self.take(len(text.encode("utf-8", "replace")) + ITEM_BYTES * self.is_new_stream(name)):
            if self.is_new_stream(name):
                self.items.append({"output_type": "stream", "name": name, "text": []})
            self.items[-1]["text"].append(text)
        self.cut = self.cut or len(text) < len(whole)

    def is_new_stream(self, name: str) -> bool:
        return not self.items or self.items[-1].get("name") != name

    def rich(
        self, kind: str, data: dict[str, Any], *, display_id: object = None, update: bool = False, count: int = 0
    ) -> None:
        """Add a display_data or execute_result; with `update`, rewrite the one shown before under that id."""
        if self.cut:
            return
        self.clear_if_asked()
        bundle = {str(mime): _portable(value) for mime, value in data.items()}
        if not self.take(ITEM_BYTES + sum(len(mime) + _size(value) for mime, value in bundle.items())):
            return
        if update:
            if isinstance(display_id, str) and display_id in self.displays:
                self.displays[display_id]["data"] = bundle
            return
        output: Output = {"output_type": kind, "data": bundle, "metadata": {}}
        if kind == "execute_result":
            output["execution_count"] = count
        if isinstance(display_id, str):
            self.displays[display_id] = output
        self.items.append(output)

    def error(self, name: str, message: str, trace: list[str]) -> None:
        self.clear_if_asked()
        if self.take(ITEM_BYTES) or len(self.items) < 2 * MOST_ITEMS:  # an error is shown after a flood, too
            self.items.append({"output_type": "error", "ename": name, "evalue": message, "traceback": trace})

    def clear(self, wait: bool) -> None:
        if wait:
            self.clear_next = True
        else:
            self.items, self.displays = [], {}

    def clear_if_asked(self) -> None:
        if self.clear_next:
            self.clear_next = False
            self.clear(wait=False)


def _portable(value: Any) -> Any:
    """The value of one MIME type: text, base64 of bytes, or JSON data."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, (str, dict, list)) else str(value)


def _size(value: Any) -> int:
    return len(value.encode("utf-8", "replace")) if isinstance(value, str) else len(json.dumps(value, default=str))


class Stream(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr."""

    def __init__(self, outputs: Outputs, name: str) -> None:
        self.outputs = outputs
        self.name = f"<{name}>"
        self.kind = name

    encoding = "utf-8"
    errors = "replace"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.outputs.text(self.kind, text)
        return len(text)
