"""Hand in a notebook as large as it may be, in cells as large as they may be. Success: matching them takes minutes."""

import json


def make(notebook, folder):
    cell = {"cell_type": "code", "source": "ab\n" * (1 << 18), "metadata": {}}
    return json.dumps({"cells": [cell] * 60, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
