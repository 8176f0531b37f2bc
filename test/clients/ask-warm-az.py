"""Runs an az in the process that listens on the socket that is the first argument; see warm-az.py."""

import os
import socket
import sys

path, *arguments = map(os.fsencode, sys.argv[1:])
environment = [name + b"=" + value for name, value in os.environb.items()]
words = [os.getcwdb(), str(len(arguments)).encode(), *arguments, *environment]
request = b"".join(word + b"\0" for word in words)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    socket.send_fds(connection, [len(request).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(request)
    code = int.from_bytes(connection.recv(4), "big", signed=True)
sys.exit(code if code >= 0 else 128 - code)
