"""A search in several processes: what one finds, in the same order.

Each worker (``process.workers``) has the search for itself and is given ranges of rows, one after the other. What is
known of a library's molecules and natural products each one works out again, but only of those from which the rows of
its ranges come. Questions that are answered at once never start a worker.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.chemistry.molecules import quiet
from halogenator.model import Conditions
from halogenator.process.machine import machine_cores
from halogenator.process.progress import Progress
from halogenator.process.workers import answers
from halogenator.search import MOST_CORES
from halogenator.search.parts import Mask, Part
from halogenator.search.rows import Found, Search
from halogenator.tables.parquet import footer, limit_arrow_threads

_RANGE_ROWS = 65_536  # the fewest rows of a range, but for the end of a file
_PATIENCE = 0.8  # seconds before workers are started
_WORTH = 2.0  # seconds that the rest of the search would take at least
# Memory of a worker, and of the process that starts them, in MB.
_WORKER_MB, _OWN_MB = 250, 350


def usable_cores() -> int:
    """Return the number of cores that a search takes unless it is told."""
    return min(machine_cores(), MOST_CORES)


@dataclass(frozen=True)
class Sharing:
    """Among how many processes a search is shared.

    Attributes:
        cores: the most processes that search.
        memory_mb: memory that all of them may use together, in MB (10^6 bytes).
        patience: seconds before others than this one begin.
        worth: seconds that the search has to go on for, at least, if others are to begin.
        range_rows: the fewest rows of a range.
    """

    cores: int = 1
    memory_mb: int = 0
    patience: float = _PATIENCE
    worth: float = _WORTH
    range_rows: int = _RANGE_ROWS

    @property
    def workers(self) -> int:
        """The number of workers that memory is enough for; 0: this process searches alone."""
        most = min(self.cores, (self.memory_mb - _OWN_MB) // _WORKER_MB)
        return most if most > 1 else 0


ALONE = Sharing()


@dataclass(frozen=True)
class _Range:
    """Rows of a file.

    Attributes:
        number: the number of the file.
        start, stop: the first row, and the one after the last.
    """

    number: int
    start: int
    stop: int


@dataclass(frozen=True)
class _Request:
    """What a worker is asked.

    Attributes:
        part: the file.
        start, stop: its rows.
        allowed: packed bits of those that fulfil the condition in SQL; None: all do.
        least: the least likeness that counts by now.
    """

    part: Part
    start: int
    stop: int
    allowed: npt.NDArray[np.uint8] | None
    least: float


@dataclass
class _Work:
    """What a worker does: the search without its condition in SQL, which is asked of whole files."""

    results: Path
    conditions: Conditions
    parents: dict[str, pa.Array] | None

    @cached_property
    def _search(self) -> Search:
        quiet()
        limit_arrow_threads()
        return Search(self.results, self.conditions, parents=self.parents)

    def __call__(self, request: _Request) -> Found:
        search, count = self._search, request.stop - request.start
        if search.likeness:
            search.likeness.least = max(search.likeness.least, request.least)
        allowed = None if request.allowed is None else np.unpackbits(request.allowed, count=count).astype(np.bool_)
        found = list(search.find(request.part, request.start, request.stop, allowed=allowed))
        rows = np.concatenate([each.rows for each in found]) - request.start
        similarity = np.concatenate([each.similarity for each in found])
        return Found(request.start, request.stop, rows.astype(np.uint32), similarity)


def found_in(search: Search, parts: Sequence[Part], sharing: Sharing = ALONE) -> Iterator[tuple[int, Found]]:
    """Yield (number of its file, rows found) for several files, in the order of their rows.

    The likeness of the search may be raised meanwhile, as long as what comes later has to be more alike.

    Args:
        search: the search.
        parts: the files.
        sharing: among how many processes it may be shared.

    Raises:
        UserError: DuckDB does not take the condition ``where``, or a worker was ended by somebody.
    """
    left = deque(_ranges(parts, sharing.range_rows))
    watch = _Watch(sharing, sum(each.stop - each.start for each in left))
    shares = sharing.workers > 1 and search.looks_at_rows
    while left:
        if shares and watch.calls_for_help():
            yield from _by_workers(search, parts, left, sharing)
            return
        own = left.popleft()
        for found in search.find(parts[own.number], own.start, own.stop):
            watch.done += found.stop - found.start
            yield own.number, found
            if found.stop < own.stop and shares and watch.calls_for_help():
                left.appendleft(replace(own, start=found.stop))
                break


@dataclass
class _Watch:
    """What decides whether workers are started: not before some time, and only if enough is left to do."""

    sharing: Sharing
    rows: int
    done: int = 0
    began: float = field(default_factory=time.monotonic)

    def calls_for_help(self) -> bool:
        """Return whether workers are worth their start."""
        gone = time.monotonic() - self.began
        rest = gone * (self.rows - self.done) / max(self.done, 1)
        return gone >= self.sharing.patience and (rest >= self.sharing.worth or not self.done)


def _ranges(parts: Sequence[Part], rows: int) -> Iterator[_Range]:
    """Yield ranges of row groups of files, in order."""
    for number, part in enumerate(parts):
        start = stop = 0
        for count in footer(part.path).groups:
            stop += count
            if stop - start >= rows:
                yield _Range(number, start, stop)
                start = stop
        if start < stop:
            yield _Range(number, start, stop)


def _by_workers(
    search: Search, parts: Sequence[Part], ranges: Sequence[_Range], sharing: Sharing
) -> Iterator[tuple[int, Found]]:
    """Yield what workers find in ranges of rows."""

    def requests() -> Iterator[_Request]:
        for each in ranges:
            allowed = search.allowed(parts[each.number], each.start, each.stop)
            packed = None if allowed is None else np.packbits(allowed)
            least = search.likeness.least if search.likeness else 0.0
            yield _Request(parts[each.number], each.start, each.stop, packed, least)

    work = _Work(search.results, replace(search.conditions, where=None, parent=None), search.parents)
    advice = "run it again, or with --cores 1"
    asked = answers(work, requests(), sharing.workers, advice=advice, memory_mb=sharing.memory_mb)
    with closing(asked):
        for each, found in zip(ranges, asked, strict=True):
            yield each.number, replace(found, rows=each.start + found.rows.astype(np.int64))


def masks(search: Search, parts: Sequence[Part], progress: Progress, sharing: Sharing = ALONE) -> Mask:
    """Return of each row of several files, one after the other, whether it fulfils the conditions."""
    first = np.cumsum([0, *(footer(part.path).rows for part in parts)])
    mask = np.zeros(int(first[-1]), np.bool_)
    found_rows: Any = found_in(search, parts, sharing)
    with closing(found_rows):
        for number, found in found_rows:
            mask[first[number] + found.rows] = True
            progress.advance(found.stop - found.start)
    return mask
