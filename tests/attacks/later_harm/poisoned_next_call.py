"""Tell the warm parent to do things, through whatever leads to it. Success: it obeys, or serves the next student no more."""

CELL = '''
import json
import os
import socket

for number in range(3, 100):
    for message in ({"fork": 99}, {"exited": 1, "status": 0, "cpu": 0, "rss": 0}, {"ready": {}}):
        try:
            os.write(number, json.dumps(message).encode())
        except OSError:
            break
'''
