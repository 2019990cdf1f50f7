"""The rows that a ``find`` shows: molecules of libraries and products of jobs, as they are named in exports."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.chemistry.molecules import quiet
from halogenator.errors import UserError
from halogenator.export.selection import POSITION, Selection, at_positions, find_selection
from halogenator.model import Export
from halogenator.process.progress import Progress
from halogenator.results import Results
from halogenator.search.rows import Search
from halogenator.search.shares import ALONE, Sharing, found_in
from halogenator.tables.parquet import limit_arrow_threads

MAX_SORTED = 1_000_000  # rows that are held to be sorted by likeness
SIMILARITY = "similarity"
_READ_ROWS = 4_096
_FLUSH = 100_000  # found rows after which their columns are read
_FAR = 50_000  # rows between two found ones that are skipped instead of read


@dataclass
class _Page:
    """Rows found in one selection and not yet read."""

    positions: list[npt.NDArray[np.int64]]
    count: int = 0

    def take(self) -> npt.NDArray[np.int64]:
        found = np.concatenate([*self.positions, np.empty(0, np.int64)])
        self.positions, self.count = [], 0
        return found


class Listing:
    """The search for rows.

    Args:
        results: the results folder.
        export: which libraries, transforms and conditions; with ``molecules``, only libraries are searched.
        limit: the most rows to list; None for all.
        memory_mb: memory that all processes may use together, in MB (10^6 bytes).
        scratch: folder for what a condition in SQL cannot hold in memory.
        progress: display of the progress.
        sharing: among how many processes the search may be shared.

    Attributes:
        is_cut: whether only the most alike rows are looked for, as many as are listed; ``count`` says nothing then.
        count: the number of rows found so far.
        searched: the number of rows searched so far.
        without_fingerprints: how many of these were compared without fingerprints beside the results.

    Raises:
        UserError: a condition cannot be read, or there are no results of what is asked for.
    """

    def __init__(
        self,
        results: Path,
        export: Export,
        limit: int | None,
        *,
        memory_mb: int,
        scratch: Path,
        progress: Progress,
        sharing: Sharing = ALONE,
    ) -> None:
        quiet()
        limit_arrow_threads()
        self.count = self.searched = 0
        self.without_fingerprints = 0
        self._limit, self._progress, self._sharing = limit, progress, sharing
        self._selections = _selections(results, export)
        self._search = Search(
            results, export.conditions, memory_mb=memory_mb, scratch=scratch, threads=max(sharing.cores, 1)
        )
        self._is_sorted = export.conditions.similar is not None
        self.is_cut = self._is_sorted and bool(limit)

    @property
    def schema(self) -> pa.Schema:
        """All columns that a row can have."""
        own = pa.unify_schemas([selection.schema for selection in self._selections])
        return own.append(pa.field(SIMILARITY, pa.float64())) if self._is_sorted else own

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows to list, each as {column: value}, then go on until all rows are counted.

        Raises:
            UserError: DuckDB does not take the condition ``where``, or too many rows are to be sorted.
        """
        with closing(self._search):
            refused = [self._search.refusal(selection.parts[0]) for selection in self._selections]
            if None not in refused:
                raise next(filter(None, refused))
            # A condition on a column that only products have finds no molecules.
            self._selections = [each for each, error in zip(self._selections, refused, strict=True) if error is None]
            self._progress.begin("searching", sum(selection.rows for selection in self._selections))
            yield from self._by_likeness() if self._is_sorted else self._in_order()

    def _in_order(self) -> Iterator[list[dict[str, Any]]]:
        left = _FLUSH if self._limit is None else self._limit
        listed = 0
        page, last = _Page([]), 0
        for number, positions, _ in self._found():
            if number != last:
                listed += page.count
                yield from _read(self._selections[last], page.take())
                last = number
            room = len(positions) if self._limit is None else self._limit - listed - page.count
            if room > 0:
                page.positions.append(positions[:room])
                page.count += len(positions[:room])
            if page.count >= left:
                listed += page.count
                left = _FLUSH
                yield from _read(self._selections[number], page.take())
        yield from _read(self._selections[last], page.take())

    def _by_likeness(self) -> Iterator[list[dict[str, Any]]]:
        """Yield all rows, the most alike first, of equal ones in the order of their files."""
        likeness = self._search.likeness
        assert likeness is not None
        most = MAX_SORTED if self._limit is None else self._limit
        kept = (np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
        for number, positions, similarity in self._found():
            numbers = np.full(len(positions), number)
            kept = tuple(map(np.concatenate, zip(kept, (similarity, numbers, positions), strict=True)))  # type: ignore[assignment]
            if len(kept[0]) > most + most // 2:
                kept = _best(kept, most)
                if self.is_cut:
                    # What comes later has to be more alike. What is as alike comes after the others.
                    likeness.least = max(likeness.least, float(np.nextafter(kept[0][-1], 2)))
        if self._limit is None and self.count > most:
            raise UserError(
                f"{self.count:,} rows are that similar; at most {most:,} are sorted",
                where="--threshold",
                fix="raise --threshold, or list the best of them with --limit N",
            )
        similarity, numbers, positions = _best(kept, most)
        for first in range(0, len(positions), _FLUSH):
            part = slice(first, first + _FLUSH)
            found: dict[tuple[int, int], dict[str, Any]] = {}
            for number, selection in enumerate(self._selections):
                own = np.sort(positions[part][numbers[part] == number])
                for rows in _read(selection, own, keep_position=True):
                    found |= {(number, row.pop(POSITION)): row for row in rows}
            ordered = zip(numbers[part].tolist(), positions[part].tolist(), similarity[part].tolist(), strict=True)
            yield [{**found[number, at], SIMILARITY: value} for number, at, value in ordered]

    def _found(self) -> Iterator[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        """Yield (number of their selection, positions, likeness) of found rows."""
        parts = [part for selection in self._selections for part in selection.parts]
        places = [
            (number, int(first), self._search.is_without_fingerprints(part))
            for number, selection in enumerate(self._selections)
            for part, first in zip(selection.parts, np.cumsum([0, *selection.counts]), strict=False)
        ]
        with closing(found_in(self._search, parts, self._sharing)) as rows:  # type: ignore[type-var]
            for at, found in rows:
                number, first, without = places[at]
                self.count += len(found.rows)
                self.searched += found.stop - found.start
                self.without_fingerprints += without * (found.stop - found.start)
                self._progress.advance(found.stop - found.start)
                if len(found.rows):
                    yield number, first + found.rows, found.similarity


def _selections(results: Path, export: Export) -> list[Selection]:
    """Return the molecules, then the products that are searched.

    Raises:
        UserError: there are no results of a library or transform.
    """
    places = Results(results)
    jobs = dict.fromkeys(library for library, _ in places.jobs())
    known: dict[bool, Collection[str]] = {True: places.libraries().keys(), False: jobs.keys()}
    unknown = [name for name in export.libraries if name not in known[True] and name not in jobs]
    kinds = [True] if export.molecules else [False] if export.transforms else [True, False]
    found = []
    for molecules in kinds:
        names = tuple(name for name in export.libraries if name in known[molecules])
        if unknown or (known[molecules] and (names or not export.libraries)):
            wanted = replace(export, molecules=molecules, libraries=names if not unknown else export.libraries)
            found.append(find_selection(results, wanted))
    return found or [find_selection(results, replace(export, molecules=kinds[-1]))]


def _best(
    kept: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]], count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    order = np.lexsort((kept[2], kept[1], -kept[0]))[:count]
    return kept[0][order], kept[1][order], kept[2][order]


def _read(
    selection: Selection, positions: npt.NDArray[np.int64], *, keep_position: bool = False
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows at some positions, given in order, as {column: value}."""
    if not len(positions):
        return
    for near in np.split(positions, np.flatnonzero(np.diff(positions) > _FAR) + 1):
        for batch in at_positions(selection, near, _READ_ROWS):
            names = [name for name in batch.schema.names if keep_position or name != POSITION]
            yield pa.Table.from_batches([batch]).select(names).to_pylist()
