"""Write to stderr without an end, past Python as well. Success: the grader's own log or memory grows with it."""

CELL = '''
import os
import sys
import warnings

for number in range(3000):
    sys.stderr.write("y" * 100_000)
    sys.__stderr__ and sys.__stderr__.write("y" * 100_000)
    os.write(2, b"z" * 100_000)
    os.write(1, b"z" * 100_000)
    warnings.warn("w" * 1000)
'''
