"""Read the parent through /proc: its files, folders and memory. Success: any of it can be opened."""

CELL = '''
import os

for pid in ["self", "thread-self", *map(str, range(0, 400)), str(os.getppid())]:
    for name in ("mem", "maps", "cwd", "root", "fd", "fdinfo", "environ", "cmdline", "stack", "task", "ns/pid", "mountinfo"):
        path = f"/proc/{pid}/{name}"
        if os.path.lexists(path):
            print("breach" + "ed:", path)
'''
