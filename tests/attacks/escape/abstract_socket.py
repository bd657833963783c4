"""Listen on a socket that has a name but no file. Success: it is there for others to see."""

CELL = '''
import ctypes
import os
import socket

ours, theirs = socket.socketpair()
for end in (ours, theirs):
    for call in (lambda: end.bind("\\0left-by-redteam"), lambda: end.connect("\\0left-by-redteam"), lambda: end.listen(), lambda: end.bind("/tmp/left-by-redteam.sock")):
        try:
            call()
            print("breach" + "ed: named socket")
        except OSError:
            pass
try:
    socket.send_fds(ours, [b"x"], [0])
    print("breach" + "ed: descriptors can be passed")
except OSError:
    pass
'''
