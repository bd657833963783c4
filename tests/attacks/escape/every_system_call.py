"""Try every system call with plain arguments. Success: one that changes anything beyond this process is allowed."""

CELL = '''
import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
machine = platform.machine()
ends = {"x86_64": {15, 335, 60, 231, 0, 34, 61, 247, 271, 270, 23, 7, 128, 130, 1, 3, 33, 292, 436, 9, 10, 11, 12, 25, 28, 158, 13, 14, 37, 38, 202, 219, 48, 16, 72, 302, 160},
        "aarch64": set(range(512))}[machine]
outside = {41, 53, 56, 57, 58, 59, 101, 165, 166, 167, 169, 170, 171, 155, 161, 163, 175, 246, 248, 272, 298, 303, 304, 308, 310, 311, 312, 313, 317, 321, 322, 323, 425, 428, 434, 438, 444}
for number in range(470):
    if number not in ends and libc.syscall(number, 0, 0, 0, 0, 0, 0) >= 0 and number in outside:
        print("breach" + "ed: system call", number)
'''
