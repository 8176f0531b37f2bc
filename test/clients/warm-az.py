"""
Runs one az after the other, each in a process of its own that is forked off this one. Of what az loads, this process
has the libraries loaded already, and of az itself nothing: nine tenths of the time of a short command is the loading of
libraries. What an az has loaded that is not here is loaded here for the next one.

Listens on the socket that is its argument; ends when its standard input does. A request is its length in four bytes,
which bring standard input, output and error of the az along; then the working directory, the number of arguments, the
arguments and the environment, each ended by a zero. The answer is the exit code as az's parent would see it, in four
bytes. An az whose caller goes away is killed.
"""

import gc
import importlib
import os
import runpy
import select
import signal
import socket
import sys

AZ = "/usr/bin/az"


def main(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    lessons, learned = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.write(1, b"ready\n")
    while True:
        ready = select.select([0, listener, lessons], [], [])[0]
        if lessons in ready:
            load(lessons.recv(1 << 20).decode().split())
        if 0 in ready:
            return
        if listener in ready:
            connection = listener.accept()[0]
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                lessons.close()
                return attend(connection, learned)
            connection.close()


def load(names):
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            pass  # Not everything can be loaded by itself.
    # What is here stays; the collector of an az need not look through it.
    gc.freeze()


def attend(connection, learned):
    first, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    request = b""
    while len(request) < int.from_bytes(first, "big"):
        request += connection.recv(1 << 16)
    folder, count, *words = request.split(b"\0")[:-1]
    arguments, environment = words[: int(count)], words[int(count) :]
    pid = os.fork()
    if pid == 0:
        connection.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        become_az(folder, arguments, environment, learned)
        return
    ended = os.pidfd_open(pid)
    if ended not in select.select([ended, connection], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    connection.send(code.to_bytes(4, "big", signed=True))
    os._exit(0)


def become_az(folder, arguments, environment, learned):
    try:
        os.chdir(folder)
    except FileNotFoundError:
        os.chdir("/")
    os.environb.clear()
    for pair in environment:
        name, _, value = pair.partition(b"=")
        os.environb[name] = value
    sys.argv = [AZ, *map(os.fsdecode, arguments)]
    before = set(sys.modules)
    try:
        runpy.run_path(AZ, run_name="__main__")
    finally:
        # What azure.cli loads depends on the environment; it is loaded by each az.
        new = [name for name in sys.modules if name not in before and not name.startswith(("azure.cli", "__"))]
        if new:
            learned.send(" ".join(new).encode())


main(sys.argv[1])
