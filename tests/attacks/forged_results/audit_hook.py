"""Watch and stop what the interpreter does by an audit hook. Success: checks are stopped, or counted as passed."""

CELL = '''
import sys


def hook(event, args):
    if event in ("exec", "compile", "import", "object.__getattr__"):
        raise SystemExit(0)


sys.addaudithook(hook)
'''
