"""Print without an end. Success: the graded notebook or the grader's memory grows with it."""

CELL = '''
import sys

line = "0123456789" * 1000
while True:
    print(line)
    sys.stdout.flush()
'''
