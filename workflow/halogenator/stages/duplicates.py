"""Duplicates: those of a large job or library found by ranges of the key's hash, a task each; and rows without them.

Equal keys have equal hashes, so each range can be searched alone, at the price of reading the keys of all chunks twice
per range. What a task finds is written by position, so that the merge needs only the part of a slice at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from halogenator.memory.usage import Task
from halogenator.storage.duck import Slice, connect, find_duplicates, found_duplicates, number_routes
from halogenator.storage.parquet import limit_arrow_threads, open_parquet, read_rows, table_writer
from halogenator.storage.schema import DUPLICATES, read_metadata
from halogenator.storage.seal import check_chunks, refuse

# Rows in a row group, of which the merge reads those that touch its slice.
_GROUP_ROWS = 65_536


def find_part(chunks: Sequence[Path], *, key: str, part: tuple[int, int], out: Path, scratch: Path, task: Task) -> None:
    """Find the duplicates among the rows of all chunks whose key falls into one range.

    Args:
        chunks: chunk files, in parent order.
        key: column that no two rows may share.
        part: (0-based number of the range, how many there are).
        out: what drops and what is kept for it, by position.
        scratch: folder for what does not fit into memory.
        task: this process's record.

    Raises:
        UserError: if a chunk file is damaged or gone, or the disk takes no more.
    """
    limit_arrow_threads()
    check_chunks(chunks)
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        find_duplicates(connection, key, "route", part=part)
        note = _made_of(key, part, slices[-1].stop if slices else 0)
        with table_writer(out, DUPLICATES, note) as writer:
            found = connection.sql(found_duplicates("route"))
            assert found is not None
            for batch in found.to_arrow_reader(_GROUP_ROWS):
                writer.copy([batch])
                writer.flush()
            note["task"] = task.usage()


def check_parts(parts: Sequence[Path], key: str, *, routes: int) -> None:
    """Check that files are the duplicates, range by range, of chunks with so many rows.

    Raises:
        UserError: if one is not: left by a run with other settings, or by another DuckDB, whose hashes may be others.
    """
    bad = []
    for number, path in enumerate(parts):
        found, expected = read_metadata(path), _made_of(key, (number, len(parts)), routes)
        if any(found.get(name) != value for name, value in expected.items()):
            bad.append((path, "it was made of other chunks, or by other settings"))
    refuse(bad)


def _made_of(key: str, part: tuple[int, int], routes: int) -> dict[str, object]:
    return {"key": key, "part": list(part), "routes": routes, "duckdb_version": duckdb.__version__}


def distinct_batches(
    connection: duckdb.DuckDBPyConnection, name: str, part: Slice, columns: Sequence[str], batch_rows: int
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Yield the rows of a slice, in order, without those that drop, with the routes of all to those that are kept.

    No join of DuckDB's keeps the order of rows: it hands on a few rows of a batch later than those of the next one.

    Args:
        connection: where ``find_duplicates`` or ``recall_duplicates`` has been.
        name: prefix of their tables.
        part: the slice.
        columns: columns of the batches; ``n_routes`` is one.
        batch_rows: rows read at a time.

    Yields:
        The positions of a batch's rows, and the batch.
    """
    staying = np.ones(part.stop - part.first, dtype=bool)
    (dropped,) = columns_of(connection, part.within(f"{name}_dropped"), "position")
    staying[dropped - part.first] = False
    kept, routes = columns_of(connection, part.within(f"{name}_kept"), "position", "n_routes")
    at = columns.index("n_routes")
    first = part.first
    file = open_parquet(part.path)
    for batch in read_rows(file, columns, part.first - part.origin, part.stop - part.origin, batch_rows):
        stop = first + batch.num_rows
        begin, end = np.searchsorted(kept, (first, stop))
        if begin < end:
            counts = batch.column(at).to_numpy(zero_copy_only=False).astype(np.int64)
            counts[kept[begin:end] - first] = routes[begin:end]
            batch = batch.set_column(at, "n_routes", pa.array(counts))
        stays = staying[first - part.first : stop - part.first]
        yield np.flatnonzero(stays) + first, batch if stays.all() else batch.filter(pa.array(stays))
        first = stop


def columns_of(connection: duckdb.DuckDBPyConnection, query: str, *names: str) -> tuple[np.ndarray, ...]:
    """Return integer columns without null of a query's result."""
    relation = connection.sql(query)
    assert relation is not None
    table = relation.to_arrow_table()
    return tuple(table.column(name).to_numpy().astype(np.int64, copy=False) for name in names)
