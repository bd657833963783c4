"""Put memory into files without a name, which no limit on a process counts. Success: any is had."""

CELL = '''
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": (319, 447), "aarch64": (279, 447)}[platform.machine()]
made = [libc.memfd_create(b"x", 0), *(libc.syscall(number, b"x", 0) for number in numbers)]
made += [os.memfd_create("x")] if max(made) >= 0 else []
for number in made:
    if number >= 0:
        print("breach" + "ed: memfd", number)
        os.ftruncate(number, 1 << 30)
'''
