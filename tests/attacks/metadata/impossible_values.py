"""Put impossible JSON values where text, lists and objects belong. Success: the run stops, or an id is taken over."""

NBGRADER = True


def make(notebook, folder):
    odd = [None, float("nan"), float("inf"), 10**400, -1, True, "\ud800", "\x00", [], {}, [[]], {"a": {"b": []}}, "x" * 10_000]
    for number, cell in enumerate(notebook["cells"]):
        value = odd[number % len(odd)]
        extra = dict(cell)
        extra[("cell_type", "source", "metadata", "id", "outputs", "attachments", "execution_count")[number % 7]] = value
        notebook["cells"][number]["id"] = value
        notebook["cells"][number]["outputs"] = [value, {"output_type": value}, {"output_type": "stream", "text": value, "name": value}]
        if number % 5 == 0:
            notebook["cells"].append(extra)
            notebook["cells"].append(value)
        if number > 60:
            break
    notebook["metadata"] = {"kernelspec": odd, "language_info": 5, "title": odd, "authors": {"name": odd}}
    return notebook
