"""A stranger at the node's socket, who says nothing.

Arguments: the socket, how many connections to hold, and `flood` for one who goes on connecting.
"""

import socket
import sys
import time

path, most, floods = sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ["flood"]
held = []
print("connecting", flush=True)
while True:
    one = socket.socket(socket.AF_UNIX)
    try:
        one.connect(path)
        held.append(one)
    except OSError:
        time.sleep(0.01)
    if len(held) > most:
        held = held[most // 2:] if floods else held[1:]
    if not floods:
        time.sleep(0.001 if len(held) < most else 0.2)
