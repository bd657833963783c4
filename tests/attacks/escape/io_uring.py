"""Set up io_uring, which does system calls that no filter sees. Success: the ring is had."""

CELL = '''
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(120)
for number in (425, 426, 427):
    if libc.syscall(number, 8, parameters, 0, 0, 0, 0) >= 0:
        print("breach" + "ed: io_uring", number)
'''
