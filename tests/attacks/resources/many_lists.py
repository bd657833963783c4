"""Hand in sixty megabytes of empty JSON lists. Success: the grader needs gigabytes, or minutes, to read them."""


def make(notebook, folder):
    return b'{"cells": [], "more": [' + b"[]," * (20 << 20) + b"1]}"
