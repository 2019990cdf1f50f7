"""Where chunk i of n begins and ends: quantiles of the real, cumulative site count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from halogenator.model import Transform
from halogenator.tables.metadata import read_metadata

_BATCH_ROWS = 131_072


def site_column(library: Path, transform: Transform) -> str | None:
    """Return the library column that counts the transform's sites, or None where the library was built without it."""
    queries = read_metadata(library).get("queries", {})
    assert isinstance(queries, dict)
    return next((column for column, query in queries.items() if query == transform.query), None)


def total_weight(file: pq.ParquetFile, column: str) -> int:
    """Return the sum of an integer column, streamed."""
    return sum(int(weights.sum()) for weights in _weights(file, column))


def chunk_bounds(file: pq.ParquetFile, column: str | None, chunk: int, chunks: int) -> tuple[int, int]:
    """Return the first row of a chunk and the first row after it.

    Row r belongs to the chunk in whose n-th of the total weight the weight before r falls, so chunks are contiguous,
    cover every row once, and differ in weight by at most the heaviest row.

    Args:
        file: the library.
        column: integer column to balance; None: equal numbers of rows.
        chunk: 0-based number of the chunk.
        chunks: how many there are.
    """
    rows = file.metadata.num_rows
    if chunks == 1:
        return 0, rows
    total = total_weight(file, column) if column else 0
    if column is None or total == 0:
        return rows * chunk // chunks, rows * (chunk + 1) // chunks
    start = _first_row(file, column, -(-total * chunk // chunks)) if chunk else 0
    stop = _first_row(file, column, -(-total * (chunk + 1) // chunks)) if chunk + 1 < chunks else rows
    return start, stop


def _first_row(file: pq.ParquetFile, column: str, weight: int) -> int:
    """Return the first row that has at least ``weight`` before it; the number of rows if none has."""
    rows = before = 0
    for weights in _weights(file, column):
        ends = before + np.cumsum(weights)
        if ends[-1] >= weight:
            starts = ends - weights
            at = int(np.searchsorted(starts, weight, side="left"))
            return rows + at
        before = int(ends[-1])
        rows += len(weights)
    return rows


def _weights(file: pq.ParquetFile, column: str) -> Iterator[np.ndarray]:
    for batch in file.iter_batches(_BATCH_ROWS, columns=[column], use_threads=False):
        if batch.num_rows:
            yield batch.column(0).to_numpy(zero_copy_only=False).astype(np.int64)
