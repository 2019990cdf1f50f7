"""Batches of molecules through a plan, in order: in this process, or in processes with a bounded queue before them.

A worker is a process of its own with pipes, not a fork: a notebook has threads, and ``multiprocessing`` would run the
caller's script again. A molecule that uses up its time, or that RDKit crashes on, ends its worker; the molecules of the
batch are then tried one by one, and that one is a reject, as in a run.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import islice
from queue import SimpleQueue
from typing import Any

from rdkit import Chem

from halogenator.api.making import Batch, Maker, Plan, RejectRow
from halogenator.api.molecules import Entry, Molecules
from halogenator.errors import UserError
from halogenator.process.environment import preload_allocator, prepare_tasks
from halogenator.process.progress import Bars
from halogenator.process.running import end_all

# Molecules of a batch: first few, so that the first products come at once; then as many as have some ten thousand
# products, by the number of steps.
_FEW, _MANY = 1, {0: 200, 1: 50, 2: 2}
_AHEAD = 2  # batches a worker that are begun before the first of them is taken
# Seconds after which a worker without work ends; another is started when there is work again. After an error in a loop
# a notebook keeps the loop, and with it the workers.
_IDLE = 30
_PATIENCE = 1.0  # seconds before a bar is shown unasked
# Arrow imports pandas wherever it is installed, which takes a worker longer than all that it needs.
_MAIN = "import sys; sys.modules['pandas'] = None; from halogenator.api.workers import serve; serve()"


def made_of(
    plan: Plan, molecules: Molecules, workers: int | None, progress: bool | None
) -> Generator[Batch, None, None]:
    """Yield what is made of molecules, in their order; no more of them are read than the queue holds.

    Args:
        plan: what is made.
        molecules: of what.
        workers: processes; None: this one.
        progress: whether a bar is shown; None: after a second.

    Raises:
        UserError: a worker cannot be started.
    """
    batches = _batches(molecules.entries(), _MANY.get(plan.steps or 0, 1))
    made = _here(plan, batches) if workers is None else _parallel(plan, batches, workers)
    with _bar(molecules.count, progress) as advance, closing(made):
        for batch in made:
            advance(batch.count)
            yield batch


def _here(plan: Plan, batches: Iterator[list[Entry]]) -> Generator[Batch, None, None]:
    maker = Maker(plan)
    for entries in batches:
        yield maker.make(entries)


def _batches(entries: Iterator[Entry], most: int) -> Iterator[list[Entry]]:
    size = _FEW
    while batch := list(islice(entries, size)):
        yield batch
        size = min(2 * size, most)


# ---- processes -------------------------------------------------------------------------------------------------------


class _Worker:
    """A process that makes what it is sent.

    Attributes:
        process: the process.
        is_wanted: whether another one is started if this one ends.
    """

    def __init__(self, plan: Plan, environment: dict[str, str]) -> None:
        self._plan, self._environment = plan, environment
        self.is_wanted = True
        self._start()

    def _start(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", _MAIN], stdin=pipe, stdout=pipe, env=self._environment)
        self._send(self._plan)

    def make(self, entries: Sequence[Entry]) -> Batch:
        """Return what is made of some molecules."""
        try:
            return self._ask(entries)
        except EOFError as ended:
            reason = self._restarted(ended)
        if reason is None:
            return self._ask(entries)
        if len(entries) == 1:
            given = entries[0].given
            shown = given if isinstance(given, str) else ""  # what ended one process could end this one
            return Batch(1, rejects=[RejectRow(*entries[0][:2], None, shown[:200], *reason)])
        return _joined([self.make([entry]) for entry in entries])

    def _ask(self, entries: Sequence[Entry]) -> Batch:
        try:
            self._send([_packed(entry) for entry in entries])
            answer = pickle.load(self.process.stdout)  # type: ignore[arg-type]
        except (OSError, pickle.UnpicklingError) as error:
            raise EOFError from error
        if isinstance(answer, Exception):
            raise answer
        batch: Batch = answer
        return batch

    def _send(self, value: Any) -> None:
        with suppress(BrokenPipeError):  # its end shows in its answer
            self.process.stdin.write(pickle.dumps(value))  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]

    def _restarted(self, ended: EOFError) -> tuple[str, str] | None:
        """Start the process anew; return reason and detail of its end, or None if it had waited for too long.

        Raises:
            UserError: it did not end because of a molecule.
        """
        status = self.process.wait()
        if not self.is_wanted or status >= 0 or status == -signal.SIGTERM:
            raise UserError(
                "a worker has ended", value=f"status {status}", fix="run it again, or without workers="
            ) from ended
        self.close()
        self._start()
        if status == -signal.SIGALRM:
            return None
        if status == -signal.SIGPROF:
            return "time limit", f"more than {self._plan.seconds:g} s of processor time"
        return "crash", f"RDKit ended the process with signal {-status}"

    def close(self) -> None:
        """Close the pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def _parallel(plan: Plan, batches: Iterator[list[Entry]], count: int) -> Generator[Batch, None, None]:
    environment = dict(os.environ)
    prepare_tasks(environment)
    preload_allocator(environment)
    workers: list[_Worker] = []
    free: SimpleQueue[_Worker] = SimpleQueue()
    waiting: deque[Future[Batch]] = deque()

    def make(entries: Sequence[Entry]) -> Batch:
        worker = free.get()
        try:
            return worker.make(entries)
        finally:
            free.put(worker)

    threads = ThreadPoolExecutor(count)
    try:
        for _ in range(count):
            workers.append(_Worker(plan, environment))
            free.put(workers[-1])
        for entries in batches:
            waiting.append(threads.submit(make, entries))
            if len(waiting) >= _AHEAD * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
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


def _packed(entry: Entry) -> Entry:
    """Return an entry for another process: RDKit's pickle of a molecule leaves out what tells queries and labels."""
    if not isinstance(entry.given, Chem.Mol):
        return entry
    return entry._replace(given=_Packed(entry.given.ToBinary(int(Chem.PropertyPickleOptions.AllProps))))


class _Packed(bytes):
    """A molecule as bytes."""


def _unpacked(entry: Entry) -> Entry:
    return entry._replace(given=Chem.Mol(bytes(entry.given))) if isinstance(entry.given, _Packed) else entry


def _joined(batches: Sequence[Batch]) -> Batch:
    """Return batches as one."""
    whole = Batch()
    for batch in batches:
        before = len(whole.parents)
        whole.count += batch.count
        whole.parents += batch.parents
        whole.products += (row._replace(parent=before + row.parent) for row in batch.products)
        whole.rejects += batch.rejects
        whole.left_out += batch.left_out
    return whole


def serve() -> None:
    """Make what comes in on standard input, until it ends; the answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    reading, writing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with suppress(EOFError, BrokenPipeError):
        maker = _Limited(pickle.load(reading))
        while True:
            _end_in(_IDLE)
            entries = pickle.load(reading)
            _end_in(0)
            try:
                answer: Batch | Exception = maker.make(list(map(_unpacked, entries)))
            except Exception as error:
                answer = error
            pickle.dump(answer, writing)
            writing.flush()


def _end_in(seconds: int) -> None:
    """End this process after some seconds, or, with 0, not."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


class _Limited(Maker):
    """A maker in a process that ends with a molecule that takes too long."""

    def _make_of(self, entry: Entry, batch: Batch) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, self.plan.seconds)
        super()._make_of(entry, batch)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)


# ---- progress --------------------------------------------------------------------------------------------------------


@contextmanager
def _bar(total: int | None, wanted: bool | None) -> Iterator[Callable[[int], None]]:
    """Give a function that counts molecules; it shows a bar at once, or if the work takes long, or never."""
    began, done = time.monotonic(), 0
    shown: Bars | None = None

    def advance(count: int) -> None:
        nonlocal done, shown
        done += count
        if shown is not None:
            shown.advance(count)
        elif wanted or (wanted is None and time.monotonic() - began > _PATIENCE and _is_seen()):
            shown = _display()
            shown.__enter__()
            shown.begin("molecules", total, done)

    try:
        yield advance
    finally:
        if shown is not None:
            shown.__exit__(None, None, None)


def _display() -> Bars:
    from rich.console import Console

    return Bars(Console(stderr=True), stays=False)


def _is_seen() -> bool:
    """Return whether somebody looks: at a terminal, or at a notebook."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter
