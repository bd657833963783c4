"""Mount, unmount and move file systems, the new way and the old. Success: one is mounted, or a mount is left."""

CELL = '''
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
tries = [(b"proc", b"/proc", b"proc", 0), (b"tmpfs", b"/tmp", b"tmpfs", 0), (b"/", b"/tmp", b"none", 4096), (b"none", b"/", b"none", 32 | 4096), (b"sysfs", b"/tmp", b"sysfs", 0)]
for source, target, kind, flags in tries:
    if libc.mount(source, target, kind, flags, None) == 0:
        print("breach" + "ed: mount", target)
for target in (b"/opt/assignment", b"/proc", b"/scratch", b"/dev", b"/"):
    if libc.umount2(target, 2) == 0:
        print("breach" + "ed: umount", target)
for number in (428, 429, 430, 431, 432, 433, 442):
    if libc.syscall(number, b"proc", 0, 0, 0, 0) >= 0:
        print("breach" + "ed: mount call", number)
'''
