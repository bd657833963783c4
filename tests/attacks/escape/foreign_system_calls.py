"""Make system calls of another architecture, which have other numbers. Success: one gets past the filter."""

CELL = '''
import ctypes
import mmap
import platform

libc = ctypes.CDLL(None, use_errno=True)
if platform.machine() == "x86_64":
    for number in (0x40000000 + 57, 0x40000000 + 41, 0x40000000 + 39):
        if libc.syscall(number, 0, 0, 0) >= 0:
            print("breach" + "ed: x32", number)
'''
