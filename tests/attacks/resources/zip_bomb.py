"""Hand in an archive instead of a notebook. Success: somebody unpacks it."""

import gzip

NBGRADER = True


def make(notebook, folder):
    return gzip.compress(bytes(64 << 20))
