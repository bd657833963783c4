"""Open a socket of every family and type. Success: any is had; VSOCK is not covered by a network namespace."""

CELL = '''
import ctypes
import platform
import socket

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
for family in range(50):
    for kind in (1, 2, 3, 5):
        if libc.syscall(number, family, kind, 0) >= 0:
            print("breach" + "ed: socket", family, kind)
        try:
            socket.socket(family, kind)
            print("breach" + "ed: socket", family, kind)
        except (OSError, ValueError):
            pass
'''
