"""Hand in a notebook of format 3 with 390,000 outputs that are none. Success: its validation takes all the memory."""


def make(notebook, folder):
    cell = b'{"cell_type": "code", "input": "1", "metadata": {}, "outputs": [%s]}' % b",".join([b"{}"] * 390_000)
    return b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"metadata": {}, "cells": [%s]}]}' % cell
