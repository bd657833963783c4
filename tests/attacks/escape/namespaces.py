"""Make new namespaces, and enter those of others. Success: one is made or entered."""

CELL = '''
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("pid", 0x20000000), ("net", 0x40000000), ("ipc", 0x8000000), ("uts", 0x4000000), ("cgroup", 0x2000000), ("time", 0x80)):
    if libc.unshare(flag) == 0:
        print("breach" + "ed: unshare", name)
    stack = ctypes.create_string_buffer(65536)
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    pid = libc.syscall(number, flag | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        print("breach" + "ed: clone", name)
for number in range(64):
    if libc.setns(number, 0) == 0:
        print("breach" + "ed: setns", number)
'''
