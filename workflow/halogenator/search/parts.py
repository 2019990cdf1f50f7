"""The files that rows are looked for in, their batches, and the rows of a library by the ids of its molecules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.tables.parquet import footer, open_parquet

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ROWS = 16_384  # of a batch


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
    there = footer(path).columns
    names = [name for name in columns if name in there]
    file = open_parquet(path)
    first = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if first + count > start:
            row = first
            for batch in file.iter_batches(ROWS, row_groups=[group], columns=names, use_threads=False):
                yield row, batch
                row += batch.num_rows
        first += count


class Texts:
    """The SMILES of a file, of the batches that ``batches`` gives, read only where they are asked for.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: pq.ParquetFile | None = None
        self._ends = np.zeros(0, np.int64)  # the row after the last one of each row group
        self._group = -1
        self._left: Iterator[pa.RecordBatch] = iter(())
        self._next = 0  # the row after the last one that was read
        self._held = pa.array([], pa.string())

    def of(self, start: int) -> pa.Array:
        """Return those of the batch that begins with a row; no earlier one can be asked for afterwards."""
        if self._file is None:
            self._file = open_parquet(self._path)
            counts = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
            self._ends = np.cumsum(counts, dtype=np.int64)
        group = int(np.searchsorted(self._ends, start, side="right"))
        if group != self._group:
            self._group, self._next = group, int(self._ends[group - 1]) if group else 0
            self._left = self._file.iter_batches(ROWS, row_groups=[group], columns=["smiles"], use_threads=False)
        while self._next <= start:
            self._held = next(self._left)["smiles"]
            self._next += len(self._held)
        return self._held


class Ids:
    """The rows of a library by id, for ids that come in the order of the library, as those of its products do.

    Ids that come otherwise are found too, but then all ids are held in memory.

    Args:
        parts: the ids of the library in order, each part with the row of its first.
    """

    def __init__(self, parts: Callable[[], Iterable[tuple[int, pa.Array]]]) -> None:
        self._parts = parts
        self._left = iter(parts())
        self._start = 0
        self._ids = pa.array([], pa.string())
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
            if done < len(ids) and not self._advance():
                self._all = {
                    name: first + row for first, names in self._parts() for row, name in enumerate(names.to_pylist())
                }
        return found

    def _advance(self) -> bool:
        try:
            self._start, self._ids = next(self._left)
        except StopIteration:
            return False
        return True
