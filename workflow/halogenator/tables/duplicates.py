"""Duplicates among the rows of files: two passes in DuckDB find them, and rows are then read without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.tables.duck import identifier, literal, scalar
from halogenator.tables.file_columns import names_in
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, read_rows

# Rows whose duplicates are in memory at a time, 32 bytes each at most.
SLICE_ROWS = 2_000_000

_HASHES = 2**64
_FILE = "file of the chunk"

# Columns that say which molecule a row has, but for its enhanced stereo.
MOLECULE_KEYS = ("smiles", "inchikey")


def identity(key: str) -> str:
    """Return the SQL expression that is equal for two rows of one molecule, and null where the key is.

    A racemate has the SMILES of one of its enantiomers, and an InChIKey knows no racemate: where a row has enhanced
    stereo, that is part of what is compared.
    """
    if key not in MOLECULE_KEYS:
        return identifier(key)
    said = "smiles" if key == "smiles" else f"{identifier(key)} || ' ' || smiles"
    return f"CASE WHEN enhanced_stereo IS NULL THEN {identifier(key)} ELSE {said} || ' |' || enhanced_stereo || '|' END"


@dataclass(frozen=True)
class Slice:
    """A chunk file, or some of its rows: positions ``first`` to ``stop`` (exclusive) of ``routes``.

    Attributes:
        path: the file.
        origin: position of the file's first row.
    """

    path: Path
    origin: int
    first: int
    stop: int

    def within(self, table: str) -> str:
        """Return the query for the rows of a table with ``position`` that belong to this slice, in order."""
        return f"SELECT * FROM {table} WHERE position >= {self.first} AND position < {self.stop} ORDER BY position"


def number_routes(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Path]) -> list[Slice]:
    """Make the view ``routes``: all rows of the chunk files, with ``position`` counting them in file then row order.

    Columns go by their names in the first file, and those that a query uses must be in all. DuckDB then opens a file
    when its turn comes; told to unite the columns of all, it would hold all footers, more than a megabyte each. The
    columns that came along from a library's file, which can have any name, are left out.

    Returns:
        All of them, in order, none of more than ``SLICE_ROWS`` rows.
    """
    slices = []
    origins = []
    first = 0
    for path in chunks:
        rows = pq.read_metadata(path).num_rows
        origins.append([str(path), first])
        stop = first + rows
        slices += [Slice(path, first, at, min(at + SLICE_ROWS, stop)) for at in range(first, stop, SLICE_ROWS)]
        first = stop
    connection.execute("CREATE TEMP TABLE chunk (path VARCHAR, first BIGINT)")
    connection.executemany("INSERT INTO chunk VALUES (?, ?)", origins)
    files = ", ".join(literal(str(path)) for path in chunks)
    along = names_in(read_metadata(chunks[0])) if chunks else ()
    hidden = ", ".join(map(identifier, (_FILE, "file_row_number", *along)))
    connection.execute(
        f"""
        CREATE TEMP VIEW routes AS
        SELECT part.* EXCLUDE ({hidden}), chunk.first + file_row_number AS position
        FROM read_parquet([{files}], filename = '{_FILE}', file_row_number = true) AS part
        LEFT JOIN chunk ON chunk.path = part."{_FILE}"
        """
    )
    return slices


def find_duplicates(
    connection: duckdb.DuckDBPyConnection, key: str, name: str, rows: str = "routes", *, part: tuple[int, int] = (0, 1)
) -> int:
    """Make the tables ``<name>_dropped`` (position, keeper) and ``<name>_kept`` (position, n_routes).

    Two passes over ``rows``. The first groups 8-byte hashes of the key and keeps those seen twice; the second
    compares the few rows behind them exactly, so a hash collision costs a comparison and never a row. Of equal keys
    the row of lowest position is kept, with the routes of all. A null key equals nothing. ``rows`` itself is only
    ever streamed.

    Args:
        connection: where ``number_routes`` has been.
        key: the column; of molecules (``MOLECULE_KEYS``) together with what it cannot say.
        name: prefix of the tables.
        rows: ``routes``, or a view of some of it.
        part: (i, n) looks only at the i-th of n ranges of the key's hash, so at about an n-th of the keys.

    Returns:
        How many rows drop.
    """
    column = identity(key)
    wanted = f"{column} IS NOT NULL{_within_part(column, *part)}"
    for statement in (
        f"""
        CREATE TEMP TABLE {name}_suspect AS
        SELECT hash({column}) AS key_hash FROM {rows} WHERE {wanted}
        GROUP BY key_hash HAVING count(*) > 1
        """,
        f"""
        CREATE TEMP TABLE {name}_candidate AS
        SELECT {column} AS key, position, n_routes FROM {rows}
        WHERE {wanted} AND hash({column}) IN (SELECT key_hash FROM {name}_suspect)
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
        # What an earlier pipeline made has no routes to add up.
        f"CREATE TEMP TABLE {name}_kept AS SELECT position, n_routes FROM {name}_keeper WHERE n_routes IS NOT NULL",
        f"DROP TABLE {name}_suspect; DROP TABLE {name}_candidate; DROP TABLE {name}_keeper",
    ):
        connection.execute(statement).fetchall()
    return int(scalar(connection, f"SELECT count(*) FROM {name}_dropped"))


def _within_part(column: str, part: int, parts: int) -> str:
    if parts == 1:
        return ""
    first, last = _HASHES * part // parts, _HASHES * (part + 1) // parts - 1
    return f" AND hash({column}) BETWEEN {first}::UBIGINT AND {last}::UBIGINT"


def found_duplicates(name: str) -> str:
    """Return the query for what ``find_duplicates`` found as one table: position, keeper, n_routes; by position.

    A row that drops has a keeper, one that is kept for others has ``n_routes``.
    """
    return f"""
        SELECT position, keeper, NULL::BIGINT AS n_routes FROM {name}_dropped
        UNION ALL SELECT position, NULL::BIGINT AS keeper, n_routes::BIGINT AS n_routes FROM {name}_kept
        ORDER BY position
    """


def recall_duplicates(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], name: str) -> int:
    """Make views of files of ``found_duplicates``, in place of the tables of ``find_duplicates``; return the same."""
    found = f"read_parquet([{', '.join(literal(str(path)) for path in files)}])"
    for kind, columns, rows in (("dropped", "position, keeper", "IS NOT"), ("kept", "position, n_routes", "IS")):
        connection.execute(f"CREATE TEMP VIEW {name}_{kind} AS SELECT {columns} FROM {found} WHERE keeper {rows} NULL")
    return int(scalar(connection, f"SELECT count(*) FROM {name}_dropped"))


def distinct_routes(name: str) -> str:
    """Return the query for ``routes`` without the rows that ``find_duplicates`` dropped, in no certain order."""
    return f"""
        SELECT rows.* REPLACE (coalesce(kept.n_routes, rows.n_routes)::INTEGER AS n_routes)
        FROM routes AS rows
        ANTI JOIN {name}_dropped AS dropped ON rows.position = dropped.position
        LEFT JOIN {name}_kept AS kept ON rows.position = kept.position
    """


def distinct_batches(
    connection: duckdb.DuckDBPyConnection, name: str, part: Slice, columns: Sequence[str], batch_rows: int
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Yield the rows of a slice, in order, without those that drop; a row kept for others has the routes of all.

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
