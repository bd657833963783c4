"""Write to every file descriptor there could be. Success: something outside is written, or the grader is confused."""

CELL = '''
import os

for number in range(1024):
    for data in (b"72.0\\n", b"\\0" * 64):
        try:
            os.write(number, data)
        except OSError:
            break
'''
