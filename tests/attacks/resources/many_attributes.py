"""Show HTML of one tag with as many attributes as fit, in every output there is room for. Success: minutes."""

from itertools import product
from string import ascii_lowercase

_NAMES = " ".join("".join(letters) for length in (1, 2, 3, 4) for letters in product(ascii_lowercase, repeat=length))


def make(notebook, folder):
    tag = {"output_type": "display_data", "data": {"text/html": f"<p {_NAMES[:98_000]}>"}, "metadata": {}}
    experiments = [cell for cell in notebook["cells"] if "experiment" in cell["metadata"].get("tags", [])]
    for cell in experiments:
        cell["outputs"] = [tag] * min(100, 300 // len(experiments))
    return notebook
