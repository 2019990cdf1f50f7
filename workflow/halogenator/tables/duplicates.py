"""Duplicates among the rows of chunk files: two passes in DuckDB find them, then the rows are read without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.tables.duck import file_list, identifier, scalar
from halogenator.tables.file_columns import extra_names
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, read_rows

# Rows of a slice, whose duplicates are in memory together; at most 32 bytes each.
SLICE_ROWS = 2_000_000

_HASHES = 2**64
_FILE = "file of the chunk"


def _key_expression(key: str) -> str:
    """Return the SQL expression that is compared for a key column; null where the key is null.

    A racemate has the SMILES and the InChIKey of one of its enantiomers. So for these two columns, enhanced stereo is
    compared as well.
    """
    if key not in ("smiles", "inchikey"):
        return identifier(key)
    molecule = "smiles" if key == "smiles" else "inchikey || ' ' || smiles"
    return f"CASE WHEN enhanced_stereo IS NULL THEN {key} ELSE {molecule} || ' |' || enhanced_stereo || '|' END"


@dataclass(frozen=True)
class Slice:
    """A chunk file, or a run of its rows.

    Attributes:
        path: the file.
        origin: position of the file's first row in ``routes``.
        first: position of the slice's first row.
        stop: position after its last row.
    """

    path: Path
    origin: int
    first: int
    stop: int

    def rows_of(self, table: str) -> str:
        """Return the query for the rows of a table whose ``position`` is in this slice, in order."""
        return f"SELECT * FROM {table} WHERE position >= {self.first} AND position < {self.stop} ORDER BY position"


def number_routes(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Path]) -> list[Slice]:
    """Make the view ``routes``: all rows of the chunk files, with their ``position`` from 0 in file and row order.

    It has the columns of the first file. Those that a query uses must be in all files. Extra columns of an input file,
    which can have any name, are left out. DuckDB opens each file when its turn comes; with ``union_by_name`` it would
    hold all footers, more than a megabyte each.

    Returns:
        The slices of all chunks, in order, of at most ``SLICE_ROWS`` rows each.
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
    hidden = ", ".join(map(identifier, (_FILE, "file_row_number", *extra_names(read_metadata(chunks[0])))))
    connection.execute(
        f"""
        CREATE TEMP VIEW routes AS
        SELECT part.* EXCLUDE ({hidden}), chunk.first + file_row_number AS position
        FROM read_parquet({file_list(chunks)}, filename = '{_FILE}', file_row_number = true) AS part
        LEFT JOIN chunk ON chunk.path = part."{_FILE}"
        """
    )
    return slices


def find_duplicates(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    name: str,
    rows: str = "routes",
    *,
    without: str = "",
    part: tuple[int, int] = (0, 1),
) -> int:
    """Make the tables ``<name>_dropped`` (position, keeper) and ``<name>_kept`` (position, n_routes).

    The first pass over ``rows`` groups 8-byte hashes of the key and keeps those that occur twice. The second pass
    compares the few rows with these hashes exactly, so that a hash collision costs time and never a row. Of rows with
    equal keys, the one with the lowest position is kept, with the routes of all. A null key equals nothing. ``rows``
    is only streamed.

    Args:
        connection: a session in which ``number_routes`` has made ``routes``.
        key: the key column; ``smiles`` and ``inchikey`` are compared together with enhanced stereo.
        name: prefix of the tables.
        rows: ``routes``, or a view or a subquery with the same columns.
        without: a table or view with the ``position`` of rows that do not count; "" for none.
        part: (i, n): look at the i-th of n ranges of the key's hash only, i from 0.

    Returns:
        The number of rows dropped.
    """
    column = _key_expression(key)
    wanted = f"{column} IS NOT NULL"
    number, parts = part
    if parts > 1:
        first, last = _HASHES * number // parts, _HASHES * (number + 1) // parts - 1
        wanted += f" AND hash({column}) BETWEEN {first}::UBIGINT AND {last}::UBIGINT"
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
        leaving_out(f"{name}_candidate", without) if without else "",
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
        # Products of an earlier pipeline have no routes: n_routes is null.
        f"CREATE TEMP TABLE {name}_kept AS SELECT position, n_routes FROM {name}_keeper WHERE n_routes IS NOT NULL",
        f"DROP TABLE {name}_suspect; DROP TABLE {name}_candidate; DROP TABLE {name}_keeper",
    ):
        if statement:
            connection.execute(statement).fetchall()
    return int(scalar(connection, f"SELECT count(*) FROM {name}_dropped"))


def leaving_out(table: str, without: str) -> str:
    """Return the statement that deletes those rows of a table whose ``position`` is in another, which is streamed."""
    gone = f"SELECT position FROM {without} SEMI JOIN {table} USING (position)"
    return f"DELETE FROM {table} WHERE position IN ({gone})"


def duplicates_query(name: str) -> str:
    """Return the query for both tables of ``find_duplicates`` as one: position, keeper, n_routes; in order of position.

    A dropped row has ``keeper``, the position of the row kept for it. A row kept for others has ``n_routes``.
    """
    return f"""
        SELECT position, keeper, NULL::BIGINT AS n_routes FROM {name}_dropped
        UNION ALL SELECT position, NULL::BIGINT AS keeper, n_routes::BIGINT AS n_routes FROM {name}_kept
        ORDER BY position
    """


def load_duplicates(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], name: str) -> int:
    """Make views like the tables of ``find_duplicates`` from files of ``duplicates_query``; return the rows dropped."""
    found = f"read_parquet({file_list(files)})"
    for kind, columns, test in (("dropped", "position, keeper", "IS NOT"), ("kept", "position, n_routes", "IS")):
        connection.execute(f"CREATE TEMP VIEW {name}_{kind} AS SELECT {columns} FROM {found} WHERE keeper {test} NULL")
    return int(scalar(connection, f"SELECT count(*) FROM {name}_dropped"))


def distinct_query(name: str) -> str:
    """Return the query for ``routes`` without the dropped rows, in no particular order."""
    return f"""
        SELECT rows.* REPLACE (coalesce(kept.n_routes, rows.n_routes)::INTEGER AS n_routes)
        FROM routes AS rows
        ANTI JOIN {name}_dropped AS dropped ON rows.position = dropped.position
        LEFT JOIN {name}_kept AS kept ON rows.position = kept.position
    """


def distinct_batches(
    connection: duckdb.DuckDBPyConnection, name: str, part: Slice, columns: Sequence[str], batch_rows: int
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    """Yield the rows of a slice, in order, without the dropped ones; a row kept for others has the routes of all.

    The rows are filtered here because a join in DuckDB does not keep their order.

    Args:
        connection: a session in which ``find_duplicates`` or ``load_duplicates`` has run.
        name: prefix of their tables.
        part: the slice.
        columns: columns of the batches, with ``n_routes``.
        batch_rows: rows read at a time.

    Yields:
        The positions of a batch's rows, and the batch.
    """
    staying = np.ones(part.stop - part.first, dtype=bool)
    (dropped,) = integer_columns(connection, part.rows_of(f"{name}_dropped"), "position")
    staying[dropped - part.first] = False
    kept, routes = integer_columns(connection, part.rows_of(f"{name}_kept"), "position", "n_routes")
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


def integer_columns(connection: duckdb.DuckDBPyConnection, query: str, *names: str) -> tuple[np.ndarray, ...]:
    """Return columns of a query's result, integers without nulls, as arrays of int64."""
    relation = connection.sql(query)
    assert relation is not None
    table = relation.to_arrow_table()
    return tuple(table.column(name).to_numpy().astype(np.int64, copy=False) for name in names)
