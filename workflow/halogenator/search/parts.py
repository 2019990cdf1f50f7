"""The files that rows are looked for in, read by spans of rows in any order, and rows of a library by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.tables.parquet import footer, open_parquet

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ROWS = 16_384  # of a span
_MANY_IDS = 1_000_000  # that are not kept, some 30 bytes each
_CODED_ROWS = 16 * ROWS  # whose parents are told at a time
_MOST_LEAPS = 20  # back to an earlier id, or over all; then the ids come in no order


@dataclass(frozen=True)
class Part:
    """A Parquet file of a job, of a library (without transform), or of a query (without both)."""

    path: Path
    library: str | None = None
    transform: str | None = None


def batches(path: Path, columns: Sequence[str], start: int = 0) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield (number of its first row, batch) of a file, from the row group on that has the row ``start``.

    Args:
        path: the file.
        columns: the columns; those that the file lacks are left out.
        start: a row.
    """
    there = footer(path)
    names = [name for name in columns if name in there.columns]
    file = open_parquet(path)
    first = 0
    for group, count in enumerate(there.groups):
        if first + count > start:
            row = first
            for batch in file.iter_batches(ROWS, row_groups=[group], columns=names, use_threads=False):
                yield row, batch
                row += batch.num_rows
        first += count


def bounds(path: Path) -> tuple[Rows, Rows]:
    """Return the first row of each span of a file, and the row after its last: rows that are read at once."""
    return _bounds(footer(path).groups)


@lru_cache(maxsize=64)
def _bounds(groups: tuple[int, ...]) -> tuple[Rows, Rows]:
    starts, first = [], 0
    for count in groups:
        starts.append(np.arange(first, first + count, ROWS, dtype=np.int64))
        first += count
    found = np.concatenate([*starts, np.zeros(0, np.int64)])
    return found, np.append(found[1:], first) if len(found) else found


class Columns:
    """Columns of a file, a span at a time, read only where they are asked for; in order is the fastest.

    Args:
        path: the file.
        names: the columns; those that the file lacks are left out.
        coded: those of them that are read as codes of their distinct values.
        rows: the most rows to read at a time.
    """

    def __init__(self, path: Path, names: Sequence[str], coded: Sequence[str] = (), rows: int = ROWS) -> None:
        self._path, self._rows = path, rows
        there = footer(path)
        self._names = [name for name in names if name in there.columns]
        self._coded = [name for name in coded if name in there.columns]
        self._ends = np.cumsum(there.groups, dtype=np.int64)  # the row after the last one of each row group
        self._file: pq.ParquetFile | None = None
        self._group = -1
        self._left: Iterator[pa.RecordBatch] = iter(())
        self._held: pa.RecordBatch | None = None
        self._first, self._next = 0, 0  # the row of the first that is held, and after the last

    def at(self, row: int) -> tuple[int, pa.RecordBatch]:
        """Return the batch that has a row, and the row of the first of it."""
        if self._file is None:
            self._file = open_parquet(self._path, self._coded)
        group = int(np.searchsorted(self._ends, row, side="right"))
        if group != self._group or row < self._first:
            self._group, self._next = group, int(self._ends[group - 1]) if group else 0
            self._left = self._file.iter_batches(self._rows, row_groups=[group], columns=self._names, use_threads=False)
        while self._next <= row:
            self._held = next(self._left)
            self._first, self._next = self._next, self._next + self._held.num_rows
        assert self._held is not None
        return self._first, self._held

    def of(self, start: int, stop: int) -> pa.RecordBatch:
        """Return those of the rows of a span, or of some rows of one."""
        first, batch = self.at(start)
        return batch if (start, stop) == (first, self._next) else batch.slice(start - first, stop - start)


def coded(column: pa.Array) -> tuple[pa.Array, Rows]:
    """Return the values of a column, null the last of them, and for each row the number of its value."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = column.dictionary
    codes = column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    return pa.concat_arrays([values, pa.nulls(1, values.type)]), codes.astype(np.int64)


class LibraryIds:
    """The ids of the molecules of a library, in pieces of a row group; those of few molecules are kept.

    Args:
        path: the molecules.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        groups = footer(path).groups
        self.ends: Rows = np.cumsum(groups, dtype=np.int64)
        self._file: pq.ParquetFile | None = None
        self._kept: dict[int, pa.Array] | None = {} if sum(groups) <= _MANY_IDS else None

    @property
    def rows(self) -> int:
        """The number of molecules."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def piece(self, number: int) -> tuple[int, pa.Array]:
        """Return the row of the first molecule of a piece, and the ids in it."""
        found = None if self._kept is None else self._kept.get(number)
        if found is None:
            if self._file is None:
                self._file = open_parquet(self._path)
            count = int(self.ends[number]) - self._first(number)
            read = self._file.iter_batches(max(count, 1), row_groups=[number], columns=["id"], use_threads=False)
            found = pa.concat_arrays([batch["id"] for batch in read])
            if self._kept is not None:
                self._kept[number] = found
        return self._first(number), found

    def _first(self, number: int) -> int:
        return int(self.ends[number - 1]) if number else 0


class Ids:
    """The rows of a library by id, for ids that come in the order of the library, as those of its products do.

    Ids that come otherwise are found too, but then all ids are held in memory.

    Args:
        library: the ids of the library.
        near: the row near which the first one is looked for first.
    """

    def __init__(self, library: LibraryIds, near: int = 0) -> None:
        self._library = library
        self._near = int(np.searchsorted(library.ends, near, side="right"))
        self._at: int | None = None
        self._start = 0
        self._ids = pa.array([], pa.string())
        self._leaps = 0
        self._all: dict[str, int] | None = None

    def rows(self, ids: pa.Array) -> Rows:
        """Return the row of each id; -1 where the library has none."""
        found = np.full(len(ids), -1, np.int64)
        done = 0
        while done < len(ids):
            if self._all is not None:
                found[done:] = [self._all.get(name, -1) for name in ids[done:].to_pylist()]
                break
            places = pc.index_in(ids[done:], value_set=self._ids).fill_null(-1).to_numpy(zero_copy_only=False)
            missing = np.flatnonzero(places < 0)
            end = int(missing[0]) if len(missing) else len(places)
            found[done : done + end] = self._start + places[:end]
            done += end
            if done < len(ids) and ids[done].is_valid and not self._seek(ids[done]):
                self._hold_all()
            elif done < len(ids) and not ids[done].is_valid:
                done += 1
        return found

    def _seek(self, name: pa.StringScalar) -> bool:
        """Go to the piece that has an id; return False if there is none, or ids come in no order."""
        for number in self._order():
            start, ids = self._library.piece(number)
            if pc.index(ids, name).as_py() >= 0:
                if self._at is not None and number < self._at:
                    self._leaps += 1
                self._at, self._start, self._ids = number, start, ids
                return self._leaps <= _MOST_LEAPS
        return False

    def _order(self) -> Iterator[int]:
        """Yield the pieces in the order in which the next id is looked for."""
        count = len(self._library.ends)
        if self._at is not None:
            yield from range(self._at + 1, count)
            yield from range(self._at - 1, -1, -1)
            return
        for far in range(count):
            if far and self._near - far >= 0:
                yield self._near - far
            if self._near + far < count:
                yield self._near + far

    def _hold_all(self) -> None:
        self._all = {}
        for number in range(len(self._library.ends)):
            start, ids = self._library.piece(number)
            self._all |= {name: start + row for row, name in enumerate(ids.to_pylist())}


class ParentRows:
    """The rows of the parents of products in their library, told for a part of a row group at a time.

    Args:
        path: the products.
        library: the ids of the library.
        start: the first product that will be asked for.
    """

    def __init__(self, path: Path, library: LibraryIds, start: int = 0) -> None:
        self._columns = Columns(path, ["parent_id"], ["parent_id"], _CODED_ROWS)
        self._ids = Ids(library, start * library.rows // max(footer(path).rows, 1))
        self._first = -1
        self._held: Rows = np.zeros(0, np.int64)

    def of(self, start: int, stop: int) -> Rows:
        """Return those of a span; -1 where the library has none."""
        first, batch = self._columns.at(start)
        if first != self._first:
            values, codes = coded(batch["parent_id"])
            self._first, self._held = first, self._ids.rows(values)[codes]
        return self._held[start - first : stop - first]
