"""Load a program into the kernel. Success: the call is allowed."""

CELL = '''
import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
attributes = ctypes.create_string_buffer(128)
for number in {"x86_64": (321, 298, 175, 313, 246, 320), "aarch64": (280, 241, 105, 273, 104, 294)}[platform.machine()]:
    for command in (0, 5):
        if libc.syscall(number, command, attributes, 128, 0, 0) >= 0:
            print("breach" + "ed: kernel call", number)
'''
