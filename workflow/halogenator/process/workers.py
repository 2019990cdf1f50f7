"""Processes that answer requests: in order, with a bounded queue before them, and none left behind.

A worker is a process of its own with pipes, not a fork: a notebook has threads, and ``multiprocessing`` would run the
caller's script again.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from queue import SimpleQueue
from typing import Any, TypeVar

from halogenator.errors import UserError
from halogenator.process.environment import preload_allocator, prepare_tasks
from halogenator.process.guard import resident
from halogenator.process.running import end_all
from halogenator.units import MB

_AHEAD = 2  # requests a worker that are begun before the answer to the first of them is taken
# Seconds after which a worker without work ends; another is started when there is work again. After an error in a loop
# a notebook keeps the loop, and with it the workers.
_IDLE = 30
_INTERVAL = 0.05  # seconds between two looks at memory
_MAIN = "from halogenator.process.workers import serve; serve()"

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class CrashError(Exception):
    """A worker that a signal ended as it worked on a request. It has been started anew.

    Attributes:
        signal: the number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.signal = number


class Worker:
    """A process that answers what it is asked.

    Args:
        work: answers a request; a function or an object that can be pickled, of which the process has a copy.
        advice: what to type if a worker has ended.
        environment: the environment of the process.

    Attributes:
        process: the process.
        is_wanted: whether another one is started if this one ends.
    """

    def __init__(self, work: Callable[[Any], Any], advice: str, environment: dict[str, str]) -> None:
        self._work, self._advice, self._environment = work, advice, environment
        self.is_wanted = True
        self._start()

    def _start(self) -> None:
        pipe = subprocess.PIPE
        with _no_interrupt():
            self.process = subprocess.Popen(
                [sys.executable, "-c", _MAIN], stdin=pipe, stdout=pipe, env=self._environment
            )
        self._send(self._work)

    def ask(self, request: Any) -> Any:
        """Return the answer to a request.

        Raises:
            CrashError: a signal ended the process.
            UserError: the process ended otherwise.
            Exception: what the work raised.
        """
        try:
            return self._answer(request)
        except EOFError as ended:
            if not self._is_rested(ended):
                raise CrashError(-self._status) from ended
        return self._answer(request)

    def _answer(self, request: Any) -> Any:
        try:
            self._send(request)
            answer = pickle.load(self.process.stdout)  # type: ignore[arg-type]
        except (OSError, pickle.UnpicklingError) as error:
            raise EOFError from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _send(self, value: Any) -> None:
        with suppress(BrokenPipeError):  # its end shows in its answer
            self.process.stdin.write(pickle.dumps(value))  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]

    def _is_rested(self, ended: EOFError) -> bool:
        """Start the process anew; return whether it had ended since there was nothing to do.

        Raises:
            UserError: it did not end by a signal that the work can have caused.
        """
        self._status = self.process.wait()
        if not self.is_wanted or self._status >= 0 or self._status == -signal.SIGTERM:
            raise UserError("a worker has ended", value=f"status {self._status}", fix=self._advice) from ended
        self.close()
        self._start()
        return self._status == -signal.SIGALRM

    def close(self) -> None:
        """Close the pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def _together(pids: Sequence[int]) -> float:
    """Return the memory of this process and of its workers, in MB."""
    total = resident(os.getpid())()
    for pid in pids:
        with suppress(Exception):  # it has ended, and another one is started
            total += resident(pid, own=True)()
    return total / MB


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Keep Ctrl-C from a process that is started here: it is for the one that started it, which ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def answers(
    work: Callable[[Request], Answer],
    requests: Iterable[Request],
    count: int,
    *,
    advice: str,
    ask: Callable[[Worker, Request], Answer] = Worker.ask,
    memory_mb: int | None = None,
) -> Generator[Answer, None, None]:
    """Yield the answers to requests, in their order; no more requests are taken than the queue holds.

    Args:
        work: as ``Worker`` has it.
        requests: the requests.
        count: the number of workers.
        advice: what to type if a worker has ended.
        ask: asks a worker, where more is to be done if that fails.
        memory_mb: memory that they and this process may use together, in MB (10^6 bytes); None: any.

    Raises:
        MemoryError: they use more.
    """
    environment = dict(os.environ)
    prepare_tasks(environment)
    preload_allocator(environment)
    workers: list[Worker] = []
    free: SimpleQueue[Worker] = SimpleQueue()
    waiting: deque[Future[Answer]] = deque()

    def next_answer() -> Answer:
        future = waiting.popleft()
        while memory_mb is not None and not wait([future], _INTERVAL).done:
            if (size := _together([worker.process.pid for worker in workers])) > memory_mb:
                raise MemoryError(f"{size:,.0f} MB")
        return future.result()

    def answer(request: Request) -> Answer:
        worker = free.get()
        try:
            return ask(worker, request)
        finally:
            free.put(worker)

    threads = ThreadPoolExecutor(count)
    try:
        for _ in range(count):
            workers.append(Worker(work, advice, environment))
            free.put(workers[-1])
        for request in requests:
            waiting.append(threads.submit(answer, request))
            if len(waiting) >= _AHEAD * count:
                yield next_answer()
        while waiting:
            yield next_answer()
    finally:
        for future in waiting:
            future.cancel()
        for worker in workers:
            worker.is_wanted = False
        end_all([worker.process for worker in workers])
        threads.shutdown()
        end_all([worker.process for worker in workers])  # one that was started meanwhile
        for worker in workers:
            worker.close()


def serve() -> None:
    """Answer what comes in on standard input, until it ends; the answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reading, writing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    sys.meta_path.insert(0, _WithoutPandas())
    with suppress(EOFError, BrokenPipeError):
        work = pickle.load(reading)
        while True:
            _end_in(_IDLE)
            request = pickle.load(reading)
            _end_in(0)
            try:
                answer = work(request)
            except Exception as error:
                answer = error
            pickle.dump(answer, writing)
            writing.flush()


class _WithoutPandas(MetaPathFinder):
    """Arrow imports pandas wherever it is installed, which takes a worker longer than all that it needs."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def _end_in(seconds: int) -> None:
    """End this process after some seconds, or, with 0, not."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)
