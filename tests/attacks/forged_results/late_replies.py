"""Answer from a thread after the call is over. Success: the late answer is taken for the next question's."""

ANSWER = '''
import os
import struct
import threading
import time


def _later():
    for nonce in range(2000):
        time.sleep(0.001)
        try:
            os.write(3, struct.pack("<QQ", 8, nonce) + bytes(8))
        except OSError:
            return


def ANSWER(*args, **kwargs):
    threading.Thread(target=_later, daemon=True).start()
    return None
'''
