"""Batches of molecules through a plan, in order: in this process, or in workers (``process.workers``).

A molecule that uses up its time, or that RDKit crashes on, ends its worker; the molecules of the batch are then tried
one by one, and that one is a reject, as in a run.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from rdkit import Chem

from halogenator.api.making import Batch, Maker, Plan, RejectRow
from halogenator.api.molecules import Entry, Molecules
from halogenator.process.progress import Bars
from halogenator.process.workers import CrashError, Worker, answers

# Molecules of a batch: first few, so that the first products come at once; then as many as have some ten thousand
# products, by the number of steps.
_FEW, _MANY = 1, {0: 200, 1: 50, 2: 2}
_PATIENCE = 1.0  # seconds before a bar is shown unasked


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


def _parallel(plan: Plan, batches: Iterator[list[Entry]], count: int) -> Generator[Batch, None, None]:
    """Yield what workers make of batches.

    Raises:
        UserError: a worker cannot be started, or was ended by somebody.
    """

    def make(worker: Worker, entries: Sequence[Entry]) -> Batch:
        try:
            made: Batch = worker.ask([_packed(entry) for entry in entries])
        except CrashError as crash:
            if len(entries) > 1:
                return _joined([make(worker, [entry]) for entry in entries])
            given = entries[0].given
            shown = given if isinstance(given, str) else ""  # what ended one process could end this one
            return Batch(1, rejects=[RejectRow(*entries[0][:2], None, shown[:200], *_reason(crash, plan))])
        return made

    return answers(_Making(plan), batches, count, advice="run it again, or without workers=", ask=make)


def _reason(crash: CrashError, plan: Plan) -> tuple[str, str]:
    """Return reason and detail of the reject of a molecule that ended its worker."""
    if crash.signal == getattr(signal, "SIGPROF", None):
        return "time limit", f"more than {plan.seconds:g} s of processor time"
    return "crash", f"RDKit ended the process with signal {crash.signal}"


@dataclass
class _Making:
    """What a worker does, by a plan."""

    plan: Plan

    @cached_property
    def _maker(self) -> _Limited:
        return _Limited(self.plan)

    def __call__(self, entries: Sequence[Entry]) -> Batch:
        return self._maker.make(list(map(_unpacked, entries)))


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
