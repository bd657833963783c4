"""Handle one's own page faults, a tool of kernel exploits. Success: the descriptor is had."""

CELL = '''
import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 323, "aarch64": 282}[platform.machine()]
for flags in (0, 1, 0o2000000):
    if libc.syscall(number, flags) >= 0:
        print("breach" + "ed: userfaultfd")
'''
