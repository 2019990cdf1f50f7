"""Duplicates of a large job or library, found by several tasks, each for a range of the key's hash.

Equal keys have equal hashes, so that each range can be searched by itself. Each task reads the keys of all chunks
twice. It writes what it finds in the order of positions, so that the merge reads only what belongs to its slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from halogenator.process.usage import Task
from halogenator.tables.columns import DUPLICATES, Column
from halogenator.tables.duck import connect
from halogenator.tables.duplicates import duplicates_query, find_duplicates, number_routes
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads, table_writer
from halogenator.tables.seal import check_chunks, refuse_damaged

# Rows in a row group. The merge reads the row groups that overlap with its slice.
GROUP_ROWS = 65_536


def find_part(chunks: Sequence[Path], *, key: str, part: tuple[int, int], out: Path, scratch: Path, task: Task) -> None:
    """Find the duplicates among all rows whose key's hash is in one range.

    Args:
        chunks: chunk files, in parent order.
        key: column that no two rows may share.
        part: (0-based number of the range, number of ranges).
        out: the table to make, see ``duplicates_query``.
        scratch: folder for data that do not fit into memory.
        task: this process's time and memory.

    Raises:
        UserError: a chunk file is damaged or missing, or the disk is full.
    """
    limit_arrow_threads()
    check_chunks(chunks)
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        find_duplicates(connection, key, "route", part=part)
        metadata = made_of(key, part, slices[-1].stop if slices else 0)
        write_found(connection, duplicates_query("route"), DUPLICATES, out, metadata, task)


def write_found(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    columns: Sequence[Column],
    out: Path,
    metadata: dict[str, object],
    task: Task | None = None,
) -> None:
    """Write the result of a query, which is in order of position, and in the metadata the usage of ``task``."""
    with table_writer(out, columns, metadata) as writer:
        found = connection.sql(query)
        assert found is not None
        for batch in found.to_arrow_reader(GROUP_ROWS):
            writer.copy([batch])
            writer.flush()
        metadata |= {"task": task.usage()} if task else {}


def check_parts(parts: Sequence[Path], key: str, *, routes: int) -> None:
    """Check that files hold the duplicates of each range in order, for chunks with ``routes`` rows together.

    Raises:
        UserError: a file was made with other settings or chunks, or by another DuckDB, whose hashes may differ.
    """
    bad = []
    for number, path in enumerate(parts):
        found, expected = read_metadata(path), made_of(key, (number, len(parts)), routes)
        if any(found.get(name) != value for name, value in expected.items()):
            bad.append((path, "it was made of other chunks, or by other settings"))
    refuse_damaged(bad)


def made_of(key: str, part: tuple[int, int], routes: int) -> dict[str, object]:
    """Return metadata that say what a part was made of."""
    return {"key": key, "part": list(part), "routes": routes, "duckdb_version": duckdb.__version__}
