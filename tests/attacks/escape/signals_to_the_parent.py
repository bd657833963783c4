"""Send signals to whoever is around, by every call that sends one. Success: one is delivered to another process."""

CELL = '''
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (62, 234, 200, 129, 297, 424), "aarch64": (129, 131, 130, 138, 240, 424)}[platform.machine()]
for number in numbers:
    for pid in (os.getppid(), 2, 3, 4, -2):
        if libc.syscall(number, pid, pid if number in (234, 131) else 18, 18, 0, 0) == 0 and pid not in (0, 1):
            print("breach" + "ed: signal", number, pid)
'''
