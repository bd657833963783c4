"""Make System V shared memory, queues and semaphores. Success: any is had, or is left on the machine."""

CELL = '''
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
KEY, CREATE = 20991, 0o1666
for what, made in (("shm", libc.shmget(KEY, 1 << 30, CREATE)), ("queue", libc.msgget(KEY, CREATE)), ("semaphore", libc.semget(KEY, 10, CREATE))):
    if made >= 0:
        print("breach" + "ed:", what, made)
'''
