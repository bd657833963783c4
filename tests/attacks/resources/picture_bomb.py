"""Show a picture of a few kilobytes that unpacks to ten gigabytes. Success: it reaches whoever opens the notebook."""

CELL = '''
import struct
import zlib
from IPython.display import Image, display


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


side = 100_000
rows = zlib.compressobj(9)
data = rows.compress(bytes(1 << 20)) + rows.flush()
picture = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
display(Image(data=picture, format="png"))
'''
