"""Leave an answer lying in the connection before any question is asked. Success: it is taken for an answer."""

CELL = '''
import os
import struct

tree = b'["d","kind","value","value",72.0,"outputs",["l"],"ok",true,"error",null]'
message = struct.pack("<II", len(tree), 0) + tree
for nonce in (0, 1, 2):
    os.write(3, struct.pack("<QQ", len(message), nonce) + message)
'''
