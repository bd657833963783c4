"""Reach a server, by name and by address, near and far. Success: a connection, or an answer, comes about."""

CELL = '''
import socket
import urllib.request

for address in (("127.0.0.1", 8888), ("127.0.0.1", 22), ("localhost", 80), ("10.0.0.1", 80), ("169.254.169.254", 80), ("1.1.1.1", 443), ("::1", 8888)):
    try:
        socket.create_connection(address, timeout=0.2)
        print("breach" + "ed:", address)
    except OSError:
        pass
for url in ("http://127.0.0.1:8888/", "file:///etc/passwd", "http://example.org/"):
    try:
        print("breach" + "ed:", urllib.request.urlopen(url, timeout=0.2).read(100))
    except OSError:
        pass
'''
