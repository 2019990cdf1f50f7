"""DuckDB with its memory, threads and temporary files declared, and the two-pass, order-keeping deduplication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from halogenator.storage.failures import writing

# Share of a task's declared memory that DuckDB may plan with: it counts its buffers, not its peak. Measured: half
# always held, 0.7 did not at 1,000 MB.
MEMORY_SHARE = 0.5


def memory_settings(memory_mb: int) -> dict[str, str | bool | int | float | list[str]]:
    """Return the DuckDB settings of a task that declared ``memory_mb``; its own default is most of the machine."""
    return {"memory_limit": f"{max(64, int(memory_mb * MEMORY_SHARE))}MB", "threads": 1}


@contextmanager
def connect(memory_mb: int, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an in-memory database that stays below ``memory_mb`` and spills into a folder made in ``scratch``.

    It is to read with. What DuckDB 2.0 writes itself, by COPY, it may never return from where the disk is full.

    Raises:
        UserError: if the disk does not take what it spills.
    """
    with writing(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with writing(scratch), TemporaryDirectory(prefix="duckdb-", dir=scratch, ignore_cleanup_errors=True) as spill:
        connection = duckdb.connect(
            config={
                **memory_settings(memory_mb),
                "temp_directory": spill,
                "preserve_insertion_order": True,
            }
        )
        try:
            # The streamed side of a join must stay the streamed one, or the row order is lost; and whether a column is
            # written as required must not depend on what statistics happen to be known.
            connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,statistics_propagation'")
            yield connection
        finally:
            connection.close()


def identifier(name: str) -> str:
    """Return ``name`` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return ``text`` quoted as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def scalar(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the single value that a query gives."""
    return connection.execute(query, parameters).fetchall()[0][0]


@dataclass(frozen=True)
class Slice:
    """One chunk file's part of ``routes``: positions ``first`` to ``stop`` (exclusive)."""

    path: Path
    first: int
    stop: int

    def within(self, table: str) -> str:
        """Return the query for the rows of a table with ``position`` that belong to this slice."""
        return f"(SELECT * FROM {table} WHERE position >= {self.first} AND position < {self.stop})"


def number_routes(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Path]) -> list[Slice]:
    """Make the view ``routes``: all rows of the chunk files, with ``position`` counting them in file then row order."""
    slices = []
    first = 0
    for path in chunks:
        rows = int(scalar(connection, "SELECT num_rows FROM parquet_file_metadata(?)", [str(path)]))
        slices.append(Slice(path, first, first + rows))
        first += rows
    connection.execute("CREATE TEMP TABLE chunk (path VARCHAR, first BIGINT)")
    connection.executemany("INSERT INTO chunk VALUES (?, ?)", [[str(part.path), part.first] for part in slices])
    files = ", ".join(literal(str(path)) for path in chunks)
    connection.execute(
        f"""
        CREATE TEMP VIEW routes AS
        SELECT part.* EXCLUDE (filename, file_row_number), chunk.first + file_row_number AS position
        FROM read_parquet([{files}], filename = true, file_row_number = true, union_by_name = true) AS part
        LEFT JOIN chunk ON chunk.path = part.filename
        """
    )
    return slices


def find_duplicates(connection: duckdb.DuckDBPyConnection, key: str, name: str, rows: str = "routes") -> int:
    """Make the tables ``<name>_dropped`` (position, keeper) and ``<name>_kept`` (position, n_routes).

    Two passes over ``rows``. The first groups 8-byte hashes of the key and keeps those seen twice; the second
    compares the few rows behind them exactly, so a hash collision costs a comparison and never a row. Of equal keys
    the row of lowest position is kept, with the routes of all. A null key equals nothing. ``rows`` itself is only
    ever streamed.

    Args:
        connection: where ``number_routes`` has been.
        key: the column.
        name: prefix of the tables.
        rows: ``routes``, or a view of some of it.

    Returns:
        How many rows drop.
    """
    column = identifier(key)
    for statement in (
        f"""
        CREATE TEMP TABLE {name}_suspect AS
        SELECT hash({column}) AS key_hash FROM {rows} WHERE {column} IS NOT NULL
        GROUP BY key_hash HAVING count(*) > 1
        """,
        f"""
        CREATE TEMP TABLE {name}_candidate AS
        SELECT {column} AS key, position, n_routes FROM {rows}
        WHERE {column} IS NOT NULL AND hash({column}) IN (SELECT key_hash FROM {name}_suspect)
        """,
        f"""
        CREATE TEMP TABLE {name}_keeper AS
        SELECT key, min(position) AS position, sum(n_routes) AS n_routes FROM {name}_candidate
        GROUP BY key HAVING count(*) > 1
        """,
        f"""
        CREATE TEMP TABLE {name}_dropped AS
        SELECT candidate.position, keeper.position AS keeper
        FROM {name}_candidate AS candidate JOIN {name}_keeper AS keeper USING (key)
        WHERE candidate.position <> keeper.position
        """,
        f"CREATE TEMP TABLE {name}_kept AS SELECT position, n_routes FROM {name}_keeper",
        f"DROP TABLE {name}_suspect",
        f"DROP TABLE {name}_candidate",
        f"DROP TABLE {name}_keeper",
    ):
        connection.execute(statement).fetchall()
    return int(scalar(connection, f"SELECT count(*) FROM {name}_dropped"))


def distinct_routes(name: str) -> str:
    """Return the query for ``routes`` without the rows that ``find_duplicates`` dropped, in no certain order."""
    return _distinct("routes", f"{name}_dropped", f"{name}_kept")


def distinct_slice(name: str, part: Slice) -> str:
    """Return the query for the same of one chunk file, in order.

    A join whose smaller side does not fit into memory partitions the other side as well and loses its order. What one
    chunk can drop is small, so going chunk by chunk keeps the order whatever the memory and the share of duplicates.
    """
    rows = f"SELECT * EXCLUDE (file_row_number), {part.first} + file_row_number AS position"
    source = f"({rows} FROM read_parquet({literal(str(part.path))}, file_row_number = true))"
    return _distinct(source, part.within(f"{name}_dropped"), part.within(f"{name}_kept"))


def _distinct(rows: str, dropped: str, kept: str) -> str:
    return f"""
        SELECT rows.* REPLACE (coalesce(kept.n_routes, rows.n_routes)::INTEGER AS n_routes)
        FROM {rows} AS rows
        ANTI JOIN {dropped} AS dropped ON rows.position = dropped.position
        LEFT JOIN {kept} AS kept ON rows.position = kept.position
    """
