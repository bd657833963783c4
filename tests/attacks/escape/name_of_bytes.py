"""Be called by bytes that are no text. Success: something that is written later cannot be, and the run stops."""

import os

STUDENT = os.fsdecode(b"eve\xff\xfe")


def make(notebook, folder):
    return notebook
