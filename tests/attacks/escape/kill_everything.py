"""Send SIGKILL to every process there is. Success: another one dies. Only ever tried inside two layers."""

CELL = '''
import os
import signal

assert os.getpid() == 1, "not in a process namespace of its own: not tried"
for pid in (-1, 0, -2, 2, 3):
    try:
        os.kill(pid, signal.SIGKILL)
        print("breach" + "ed: kill", pid)
    except OSError as error:
        print(pid, error.strerror)
'''
