"""Use the kernel's key rings, which namespaces do not all separate. Success: a key is read or added."""

CELL = '''
import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
keyctl, add_key, request_key = {"x86_64": (250, 248, 249), "aarch64": (219, 217, 218)}[platform.machine()]
for ring in (-1, -2, -3, -4, -5):
    if libc.syscall(keyctl, 0, ring, 1, 0, 0) >= 0 or libc.syscall(add_key, b"user", b"left-by-redteam", b"x", 1, ring) >= 0:
        print("breach" + "ed: key ring", ring)
if libc.syscall(request_key, b"user", b"x", None, -2) >= 0:
    print("breach" + "ed: request_key")
'''
