"""Fingerprints of a file of molecules or products, in the form in which ``search.fingerprints`` reads them.

Of a large file, chunk tasks compute them, and a last one joins what they wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from halogenator.chemistry.likeness import packed_fingerprints
from halogenator.chemistry.molecules import quiet
from halogenator.errors import UserError
from halogenator.planning.chunks import chunk_bounds
from halogenator.search.fingerprints import changes, source_of
from halogenator.search.parts import Ids, LibraryIds, Rows, batches
from halogenator.tables.columns import FINGERPRINTS, arrow_schema
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import footer, limit_arrow_threads, open_parquet, table_writer

_ROWS = 4_096  # whose fingerprints are unpacked at a time, 2 kB each


def write_fingerprints(rows: Path, base: Path | None, out: Path, *, chunk: tuple[int, int] = (0, 1)) -> None:
    """Write the fingerprints of a file's rows, or of a chunk of them.

    Args:
        rows: molecules of a library, or products of a job.
        base: the molecules that they came from; None for a library that is read from a file.
        out: the file to make.
        chunk: (0-based number of the chunk, number of chunks); chunks have equally many rows.

    Raises:
        UserError: a file is damaged or missing, or the disk is full.
    """
    quiet()
    limit_arrow_threads()
    start, stop = chunk_bounds(open_parquet(rows), (), *chunk)
    known = _Molecules(base) if base else None
    stored = "adopted" not in read_metadata(rows)
    with table_writer(out, FINGERPRINTS, with_versions(**source_of(rows, base))) as table:
        for batch in _between(rows, start, stop):
            for first in range(0, batch.num_rows, _ROWS):
                table.copy([_fingerprinted(batch.slice(first, _ROWS), known, stored)])


def join_fingerprints(chunks: Sequence[Path], rows: Path, base: Path | None, out: Path) -> None:
    """Write the fingerprints of a file's rows from those of its chunks.

    Args:
        chunks: what ``write_fingerprints`` made of all chunks, in order.
        rows: molecules of a library, or products of a job.
        base: the molecules that they came from, as there.
        out: the file to make.

    Raises:
        UserError: a chunk is damaged, or of other rows than the file has now; or the disk is full.
    """
    limit_arrow_threads()
    source = source_of(rows, base)
    with table_writer(out, FINGERPRINTS, with_versions(**source)) as table:
        for path in chunks:
            found = read_metadata(path)
            if any(found.get(name) != value for name, value in source.items()):
                raise _outdated(path, rows)
            table.copy(batch for _, batch in batches(path, [column.name for column in FINGERPRINTS]))
        if table.total != footer(rows).rows:
            raise _outdated(chunks[0].parent, rows)


def _outdated(path: Path, rows: Path) -> UserError:
    return UserError(
        "fingerprints are of other rows than there are now",
        where=path,
        allowed=f"those of {rows}",
        fix=f"delete {path.parent if path.is_file() else path} and run again",
    )


def _between(path: Path, start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows ``start`` to ``stop``, exclusive, of a file."""
    for first, batch in batches(path, ["smiles", "parent_id", "parent"], start):
        if first >= stop:
            return
        begin, end = max(start - first, 0), min(stop - first, batch.num_rows)
        if begin < end:
            yield batch.slice(begin, end - begin)


def _fingerprinted(batch: pa.RecordBatch, known: _Molecules | None, stored: bool) -> pa.RecordBatch:
    own = packed_fingerprints(batch["smiles"].fill_null("").to_pylist(), stored=stored)
    came_from = np.full(batch.num_rows, -1, np.int64)
    before = np.zeros_like(own)
    if known:
        came_from = known.rows(batch["parent_id" if "parent_id" in batch.schema.names else "parent"])
        before = known.fingerprints(came_from)
    base = pa.array(came_from.astype(np.int32), mask=came_from < 0)
    return pa.RecordBatch.from_arrays([base, changes(own, before)], schema=arrow_schema(FINGERPRINTS))


class _Molecules:
    """The molecules that rows came from, whose fingerprints are computed as they are asked for, in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0
        self._texts = pa.array([], pa.string())
        self._ids = Ids(LibraryIds(path))

    def rows(self, ids: pa.Array) -> Rows:
        """Return the row of each id; -1 where there is none."""
        return self._ids.rows(ids)

    def fingerprints(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """Return the fingerprints of rows; of row -1 no bit is on."""
        distinct, place = np.unique(rows, return_inverse=True)
        found = packed_fingerprints([self._smiles(int(row)) for row in distinct], stored=True)
        return found[place]

    def _smiles(self, row: int) -> str:
        if row < 0:
            return ""
        if not 0 <= row - self._start < len(self._texts):
            self._start, batch = next(
                (first, batch) for first, batch in batches(self._path, ["smiles"], row) if row < first + batch.num_rows
            )
            self._texts = batch["smiles"]
        return str(self._texts[row - self._start])
