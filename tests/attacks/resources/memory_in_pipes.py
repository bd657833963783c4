"""Park memory in pipes and socket pairs, which no limit on a process counts. Success: much is parked, or the grader grows."""

CELL = '''
import fcntl
import os
import socket

kept, total = [], 0
for number in range(2000):
    try:
        reader, writer = os.pipe()
        fcntl.fcntl(writer, 1031, 1 << 20)
    except OSError:
        pass
    try:
        kept.append((reader, writer))
        os.set_blocking(writer, False)
        while True:
            total += os.write(writer, b"x" * 65536)
    except OSError:
        pass
    try:
        kept.append(socket.socketpair())
        kept[-1][0].setblocking(False)
        while True:
            total += kept[-1][0].send(b"x" * 65536)
    except OSError:
        pass
    if len(kept) > 3000:
        break
if total > 256 << 20:
    print("breach" + "ed: MiB in pipes", total >> 20)
'''
