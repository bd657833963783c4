"""Trace every frame and overwrite its variables. Success: variables of the judging side change."""

CELL = '''
import sys
import threading


def trace(frame, event, arg):
    for name in ("points", "got", "expected", "status", "value", "ratio"):
        if name in frame.f_locals:
            frame.f_locals[name] = 72.0
    return trace


sys.settrace(trace)
sys.setprofile(trace)
threading.settrace(trace)
'''
