"""List the processes and their command lines. Success: a process other than one's own is seen."""

CELL = '''
import os

for pid in range(1, 5000):
    try:
        print("breach" + "ed: process", open(f"/proc/{pid}/cmdline").read())
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        continue
    if pid != os.getpid():
        print("breach" + "ed: signals reach", pid)
'''
