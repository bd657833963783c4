"""Start processes that start processes. Success: one of them runs, or is left when the submission is over."""

CELL = '''
import ctypes
import os
import platform
import time

libc = ctypes.CDLL(None, use_errno=True)
raw = {"x86_64": (57, 58, 435), "aarch64": (220, 435, 1071)}[platform.machine()]
for start in (os.fork, libc.fork, libc.vfork, *(lambda number=number: libc.syscall(number, 17, 0, 0, 0, 0) for number in raw)):
    for _ in range(50):
        try:
            pid = start()
        except OSError:
            break
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        if pid > 0:
            print("breach" + "ed: process", pid)
'''
