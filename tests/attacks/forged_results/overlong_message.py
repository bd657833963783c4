"""Announce a message of many exabytes. Success: the trusted side waits for it for ever, or reserves the memory."""

CELL = '''
import os
import struct

for size in (1 << 63, 1 << 40, (1 << 64) - 1):
    os.write(3, struct.pack("<QQ", size, 0) + b"x" * 1000)
'''
