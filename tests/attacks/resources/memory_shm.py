"""Fill shared memory by the POSIX road. Success: more than the scratch limit is had."""

CELL = '''
import ctypes
import os
from multiprocessing import shared_memory

total = 0
for number in range(64):
    try:
        block = shared_memory.SharedMemory(create=True, size=8 << 20)
        block.buf[:] = b"x" * (8 << 20)
        total += 8
    except (OSError, ImportError, MemoryError) as error:
        print(error)
        break
for number in range(64):
    try:
        with open(f"/dev/shm/left-by-redteam-{number}", "wb") as file:
            file.write(b"x" * (8 << 20))
        total += 8
    except OSError as error:
        print(error)
        break
if total > 64:
    print("breach" + "ed: MiB of shared memory", total)
'''
