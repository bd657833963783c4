"""Write noise into the connection. Success: the trusted side crashes, hangs, or takes noise for an answer."""

ANSWER = '''
import os
import random
import struct
import sys


def ANSWER(*args, **kwargs):
    frame, nonce = sys._getframe(), 0
    while frame is not None:
        nonce = frame.f_locals.get("nonce", nonce)
        frame = frame.f_back
    noise = random.randbytes(random.randrange(1, 5000))
    kinds = [noise, struct.pack("<QQ", len(noise), nonce) + noise, struct.pack("<QQ", 8, nonce) + struct.pack("<II", 1 << 31, 1 << 31)]
    os.write(3, random.choice(kinds))
    os._exit(0)
'''
