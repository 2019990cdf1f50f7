"""Bounds of chunks: quantiles of the cumulative number of sites, as counted in the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from halogenator.model import Transform
from halogenator.tables.metadata import read_metadata

_BATCH_ROWS = 131_072


def site_column(library: Path, transform: Transform) -> str | None:
    """Return the name of the library's column that counts the sites of a transform; None if it has none."""
    queries = read_metadata(library).get("queries", {})
    assert isinstance(queries, dict)
    return next((column for column, query in queries.items() if query == transform.query), None)


def total_weight(file: pq.ParquetFile, columns: Sequence[str]) -> int:
    """Return the sum of integer columns, read in batches."""
    return sum(int(weights.sum()) for weights in _weights(file, columns))


def chunk_bounds(file: pq.ParquetFile, columns: Sequence[str], chunk: int, chunks: int) -> tuple[int, int]:
    """Return the first row of a chunk and the first row after it.

    The weight of a row is the sum of its values in ``columns``. A row is in chunk i of n if the weight of all rows
    before it is between i/n and (i+1)/n of the total. So chunks cover each row once, and differ in weight by one row at
    most.

    Args:
        file: the library.
        columns: the columns of weights, integers; none: chunks have equal numbers of rows.
        chunk: the number of the chunk, from 0.
        chunks: the number of chunks.
    """
    rows = file.metadata.num_rows
    if chunks == 1:
        return 0, rows
    total = total_weight(file, columns) if columns else 0
    if total == 0:
        return rows * chunk // chunks, rows * (chunk + 1) // chunks
    start = _first_row(file, columns, -(-total * chunk // chunks)) if chunk else 0
    stop = _first_row(file, columns, -(-total * (chunk + 1) // chunks)) if chunk + 1 < chunks else rows
    return start, stop


def _first_row(file: pq.ParquetFile, columns: Sequence[str], weight: int) -> int:
    """Return the first row with at least ``weight`` in the rows before it; the number of rows if there is none."""
    rows = before = 0
    for weights in _weights(file, columns):
        ends = before + np.cumsum(weights)
        if ends[-1] >= weight:
            return rows + int(np.searchsorted(ends - weights, weight, side="left"))
        before = int(ends[-1])
        rows += len(weights)
    return rows


def _weights(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[np.ndarray]:
    for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False):
        if batch.num_rows:
            counts = [column.to_numpy(zero_copy_only=False).astype(np.int64) for column in batch.columns]
            yield np.sum(counts, axis=0)
