"""Hand in thousands of written cells. Success: matching them, or making a page of them, takes minutes."""

import json


def make(notebook, folder):
    cell = {"cell_type": "markdown", "source": "\\\\[ \\begin{a} $a " * 1000, "metadata": {}}
    return json.dumps({"cells": notebook["cells"] + [cell] * 1000, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
