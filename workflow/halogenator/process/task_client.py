"""The process that a rule starts for a task where there is a task server: it asks for the task, and ends as that ends.

Run as a script, with few imports and without ``site``, it starts ten times as fast as the program. Where no server
answers, or the server ends before the task, this process becomes the task, which then takes longer and is no different.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import os
import sys


def main(address: str, words: list[str]) -> None:
    """End with the exit status of a task.

    Args:
        address: the server's socket.
        words: the task's command line, without ``python -m halogenator``.
    """
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # on Ctrl-C the terminal signals the task as well
    if answer := _ask(address, words):
        sys.exit(int(answer))
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, "-m", "halogenator", *words])


def _ask(address: str, words: list[str]) -> bytes:
    """Return the server's answer, which comes when the task has ended; empty if there is no server, or no more.

    The request is as ``task_server`` reads it: its length, then folder, words and environment; with it come the
    standard files.
    """
    variables = [name + b"=" + value for name, value in os.environb.items()]
    folder = os.getcwdb()  # noqa: PTH109  # pathlib takes longer to import than all else here
    request = b"\0".join([folder, b"%d" % len(words), *map(os.fsencode, words), *variables])
    request = len(request).to_bytes(8, "big") + request
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    try:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        connection.connect(address)
        sent = connection.sendmsg([request], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
        while sent < len(request):
            sent += connection.send(request[sent:])
        return connection.recv(16)
    except OSError:
        return b""


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
