"""Duplicates of a large job or library, found by ranges of the key's hash, a task each.

Equal keys have equal hashes, so each range can be searched alone, at the price of reading the keys of all chunks twice
per range. What a task finds is written by position, so that the merge needs only the part of a slice at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from halogenator.process.usage import Task
from halogenator.tables.columns import DUPLICATES
from halogenator.tables.duck import connect
from halogenator.tables.duplicates import duplicates_query, find_duplicates, number_routes
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads, table_writer
from halogenator.tables.seal import check_chunks, refuse_damaged

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
        task: this process's time and memory.

    Raises:
        UserError: if a chunk file is damaged or gone, or the disk takes no more.
    """
    limit_arrow_threads()
    check_chunks(chunks)
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        find_duplicates(connection, key, "route", part=part)
        metadata = _made_of(key, part, slices[-1].stop if slices else 0)
        with table_writer(out, DUPLICATES, metadata) as writer:
            found = connection.sql(duplicates_query("route"))
            assert found is not None
            for batch in found.to_arrow_reader(_GROUP_ROWS):
                writer.copy([batch])
                writer.flush()
            metadata["task"] = task.usage()


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
    refuse_damaged(bad)


def _made_of(key: str, part: tuple[int, int], routes: int) -> dict[str, object]:
    return {"key": key, "part": list(part), "routes": routes, "duckdb_version": duckdb.__version__}
