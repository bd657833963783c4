"""Register handlers for the end of the process. Success: they change a result, or keep the process alive."""

CELL = '''
import atexit
import signal
import time


def stay(*args):
    print("72.0")
    while True:
        time.sleep(1)


atexit.register(stay)
for number in range(1, 32):
    try:
        signal.signal(number, stay)
    except (OSError, ValueError):
        pass
'''
