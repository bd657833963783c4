"""Trace other processes, or be traced. Success: the system call is allowed."""

CELL = '''
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 101, "aarch64": 117}[platform.machine()]
for request in (0, 16, 0x4206):
    for pid in (0, 1, 2, os.getppid(), os.getpid()):
        if libc.syscall(number, request, pid, 0, 0) >= 0:
            print("breach" + "ed: ptrace", request, pid)
'''
