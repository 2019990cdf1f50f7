"""A server that forks the tasks of a run on this machine, so that Python and its libraries start once and not for each.

The rules start ``task_client``, which sends the server a task's words, environment, folder and standard files. The
server forks a process that does with them what ``python -m halogenator`` does, its guard included, and the client ends
as that ends. Who ends the client, as Snakemake does, ends the task: when a client has gone, its guard is asked to end.

The server ends when its run has ended and no task runs any more. If it is killed, its tasks end with it, and their
clients do them.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO

from halogenator.process import limits

# What a Python process does not read again after its start. A task with other values starts as a process of its own.
_AT_THE_START = (b"PATH", b"PYTHON", b"LD_", b"OMP_", b"OPENBLAS_", b"MIMALLOC_", b"DUCKDB_", b"LC_", b"LANG")
ADDRESS = Path(".snakemake", "halogenator.socket")  # below the working folder, since such a path has to be short
_WAITING = 1_000  # tasks that may wait until the server has read its libraries
_RUN = 0  # standard input, a pipe that closes when the run ends
_STANDARD = (0, 1, 2)
_SIZE = 8  # bytes of a request's length


def start(address: Path, log: IO[str]) -> subprocess.Popen[bytes] | None:
    """Start a server that ends with this process; return it, or None where the system has not what it takes.

    Args:
        address: its socket, as this process and the tasks name it.
        log: file for what it prints.
    """
    if sys.platform != "linux":  # elsewhere tasks would outlive their server
        return None
    with socket.socket(socket.AF_UNIX) as listener, suppress(OSError):
        forget(address)
        before = os.umask(0o177)  # whoever may connect may run programs as this user
        try:
            listener.bind(str(address))
        finally:
            os.umask(before)
        listener.listen(_WAITING)
        words = [sys.executable, "-m", "halogenator", "serve-tasks", str(listener.fileno())]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log, pass_fds=[listener.fileno()])
    return None


def forget(address: Path) -> None:
    """Remove the socket of a server that has ended; anything else that stands there stays."""
    if address.is_socket():
        address.unlink(missing_ok=True)


def client(address: Path) -> list[str]:
    """Return the words that a task's own are added to, in place of ``python -m halogenator``."""
    return [sys.executable, "-IS", str(Path(__file__).with_name("task_client.py")), str(address)]


def serve(listener: socket.socket, modules: Iterable[str], task: Callable[[], int]) -> None:
    """Fork tasks until standard input is closed, and no task runs any more.

    Args:
        listener: the server's socket.
        modules: what tasks import.
        task: runs the task of ``sys.argv``, and returns its exit status.
    """
    for module in modules:
        import_module(module)
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("a library has started a thread, and a process with threads cannot fork")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the terminal signals the tasks as well
    _Server(listener, task).run()


class _Server:
    """The tasks that run, and the connections of their clients."""

    def __init__(self, listener: socket.socket, task: Callable[[], int]) -> None:
        self._listener = listener
        self._task = task
        self._clients: dict[int, socket.socket] = {}  # by the id of the guard
        self._serving = True
        self._signalled, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, without which nothing would wake it
        signal.signal(signal.SIGTERM, self._stop)
        self._poll = select.poll()
        for file in (listener.fileno(), self._signalled, _RUN):
            self._poll.register(file, select.POLLIN)

    def run(self) -> None:
        """Fork tasks until the run ends, and no task runs any more."""
        while self._serving or self._clients:
            for file, _ in self._poll.poll():
                if file == self._listener.fileno():
                    self._begin(self._listener.accept()[0])
                elif file == self._signalled:
                    os.read(self._signalled, 1 << 16)
                    self._answer()
                elif file == _RUN:
                    self._poll.unregister(_RUN)
                    self._stop()
                else:
                    self._end(file)

    def _stop(self, *_: object) -> None:
        self._serving = False

    def _begin(self, client: socket.socket) -> None:
        server = os.getpid()
        guard = os.fork()
        if guard:
            self._clients[guard] = client
            self._poll.register(client, select.POLLRDHUP)
            return
        status = 1
        try:
            limits.die_with(server)
            self._forget()
            status = _do(client, self._task)
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _forget(self) -> None:
        """Be no server any more, in a child."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._listener.close()
        for client in self._clients.values():
            client.close()

    def _answer(self) -> None:
        """Send the exit status of tasks that have ended to their clients."""
        while self._clients:
            guard, status = os.waitpid(-1, os.WNOHANG)
            if not guard:
                return
            code = os.waitstatus_to_exitcode(status)
            with self._clients.pop(guard) as client, suppress(OSError):
                with suppress(KeyError):  # the client is gone, and forgotten
                    self._poll.unregister(client)
                client.send(b"%d" % (code if code >= 0 else 128 - code))

    def _end(self, file: int) -> None:
        """Ask a guard to end its task, for the client has gone."""
        for guard, client in self._clients.items():
            if client.fileno() == file:
                self._poll.unregister(file)
                os.kill(guard, signal.SIGTERM)


def _do(client: socket.socket, task: Callable[[], int]) -> int:
    """Read a client's request, and do the task in this process."""
    with client:
        data, files, _, _ = socket.recv_fds(client, 1 << 16, len(_STANDARD))
        while len(data) < _SIZE or len(data) < _SIZE + int.from_bytes(data[:_SIZE], "big"):
            more = client.recv(1 << 16)
            if not more:
                return 1
            data += more
    folder, count, *texts = data[_SIZE:].split(b"\0")
    words = [os.fsdecode(word) for word in texts[: int(count)]]
    variables = dict(text.split(b"=", 1) for text in texts[int(count) :])
    for given, standard in zip(files, _STANDARD, strict=True):
        os.dup2(given, standard)
        os.close(given)
    # Those of the server know of its log whether one can seek in it.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    if _started_with(variables) != _started_with(os.environb):
        os.execve(sys.executable, [sys.executable, "-m", "halogenator", *words], variables)
    os.environb.clear()
    os.environb.update(variables)
    sys.argv[1:] = words
    sys.orig_argv[3:] = words
    return task()


def _started_with(variables: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {name: value for name, value in variables.items() if name.startswith(_AT_THE_START)}
