"""Hand in a notebook of format 3 full of surprises. Success: its conversion stops the run, or marks survive it."""

import json

NBGRADER = True


def make(notebook, folder):
    cells = [
        {"cell_type": "code", "language": "python", "input": "72.0", "outputs": [{"output_type": "pyout", "text": "72.0", "prompt_number": 1}],
         "metadata": cell["metadata"], "collapsed": False, "prompt_number": 1}
        for cell in notebook["cells"]
    ]  # fmt: skip
    cells += [{"cell_type": "heading", "level": 10**9, "source": "x"}, {"cell_type": "html", "source": "<script>alert(1)</script>"}]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "../../x"}, "worksheets": [{"cells": cells, "metadata": {}}]}).encode()
