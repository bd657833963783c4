"""Nest the JSON a hundred thousand deep. Success: the parser takes the grader down."""

NBGRADER = True


def make(notebook, folder):
    return b'{"cells": ' + b'[{"metadata": ' * 100_000 + b"1" + b"}]" * 100_000 + b"}"
