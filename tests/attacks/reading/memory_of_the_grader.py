"""Read another process's memory by system call. Success: the call is allowed for any process but one's own."""

CELL = '''
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 310, "aarch64": 270}[platform.machine()]
buffer = ctypes.create_string_buffer(4096)
iovec = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 4096)
for pid in [os.getppid(), *range(0, 50)]:
    if libc.syscall(number, pid, ctypes.byref(iovec), 1, ctypes.byref(iovec), 1, 0) > 0:
        print("breach" + "ed: memory of", pid)
'''
