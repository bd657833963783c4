"""Make a hundred thousand empty files, folders and links. Success: more than the limit are made."""

CELL = '''
import os

made = 0
try:
    for number in range(100_000):
        os.symlink("x" * 50, f"/tmp/link{number}") if number % 2 else os.mkdir(f"folder{number}")
        made += 1
except OSError as error:
    print(error.strerror)
if made > 5000:
    print("breach" + "ed: files", made)
'''
