"""SQL queries over the Parquet files of the results, and over all molecules with the columns of their input files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.results import Results
from halogenator.tables.columns import LIBRARY, Column
from halogenator.tables.duck import identifier, literal, plain
from halogenator.tables.file_columns import Holding, common_fields, holding


def tree(
    connection: duckdb.DuckDBPyConnection,
    results: Path,
    patterns: Sequence[Path],
    columns: Sequence[Column],
    partitions: Sequence[str],
) -> str:
    """Return the query for a hive-partitioned tree; without any file, for a table of its columns and no rows."""
    there = [pattern.relative_to(results) for pattern in patterns if Results(results).find(pattern)]
    parts = [f"{plain(results)}/{pattern}" for pattern in there]
    if not parts:
        empty = ", ".join(f"NULL::VARCHAR AS {name}" for name in (*(c.name for c in columns), *partitions))
        return f"SELECT {empty} WHERE false"
    sources = [
        f"SELECT * FROM read_parquet({literal(part)}, hive_partitioning = true, hive_types_autocast = false, "
        f"union_by_name = {not _alike(connection, part)})"
        for part in parts
    ]
    return " UNION ALL BY NAME ".join(sources)


def _alike(connection: duckdb.DuckDBPyConnection, pattern: str) -> bool:
    """Return whether all files have the same columns: a query then opens those of the jobs it names and no others."""
    schemas = connection.execute(
        "SELECT count(DISTINCT columns) FROM (SELECT list((name, duckdb_type) ORDER BY column_id) AS columns "
        f"FROM parquet_schema({literal(pattern)}) GROUP BY file_name)"
    ).fetchall()
    return bool(schemas[0][0] == 1)


def molecules_query(connection: duckdb.DuckDBPyConnection, results: Path) -> tuple[str, list[str]]:
    """Return the query for the molecules of all libraries, and the names of its columns that came along from files.

    Those stand last, after ``parent_name``. Built libraries get them from the natural products that they were made of:
    these are few, and would be copied into each of some ten million rows. Every file with such columns is read alone:
    united by DuckDB, a column would take the type that it has in another file, or the query would fail.
    """
    holdings = [holding(path, library) for library, path in Results(results).libraries().items()]
    origins = {held.library: held for held in holdings if held.told and not held.built}
    if not origins:
        molecules = tree(connection, results, [Results(results).molecules("*")], LIBRARY, ("library",))
        return f"SELECT *, NULL::VARCHAR AS parent_name FROM ({molecules})", []
    fields = common_fields(origins.values())
    parts = [_file_molecules(held, fields) for held in origins.values()]
    parts += [
        _built_molecules([built for built in holdings if built.built and built.root == held.library], held, fields)
        for held in origins.values()
    ]
    others = [held.path for held in holdings if held.root not in origins]
    parts += [f"SELECT *, NULL::VARCHAR AS parent_name FROM {_files(others)}"] if others else []
    names = [field.name for field in fields]
    last = ", ".join(map(identifier, ("parent_name", *names)))
    rows = " UNION ALL BY NAME ".join(filter(None, parts))
    return f"SELECT * EXCLUDE ({last}), {last} FROM ({rows})", names


def _file_molecules(held: Holding, fields: Sequence[pa.Field]) -> str:
    """Return the query for the molecules of a library that is read from a file."""
    own = ", ".join(identifier(field.name) for field in held.fields)
    hidden = f" EXCLUDE ({own})" if own else ""
    return f"SELECT *{hidden}, name AS parent_name{_columns(held, fields)} FROM {_files([held.path])}"


def _built_molecules(built: Sequence[Holding], origin: Holding, fields: Sequence[pa.Field]) -> str:
    """Return the query for the molecules of the libraries that are built from a library of natural products."""
    if not built:
        return ""
    told = f"SELECT id, name AS parent_name{_columns(origin, fields)} FROM {_files([origin.path])}"
    joined = f"{_files([held.path for held in built])} AS made LEFT JOIN ({told}) AS origin ON origin.id = made.parent"
    return f"SELECT made.*, origin.* EXCLUDE (id) FROM {joined}"


def _columns(held: Holding, fields: Sequence[pa.Field]) -> str:
    """Return SQL for the columns that a library has, each by the name and in the type that all libraries share."""
    own = {field.name.casefold(): field for field in held.fields}
    found = ((own[field.name.casefold()], field) for field in fields if field.name.casefold() in own)
    return "".join(f", {_as_type(mine, field.type)} AS {identifier(field.name)}" for mine, field in found)


def _as_type(field: pa.Field, kind: pa.DataType) -> str:
    """Return the expression for a column as another type, as ``tables.file_columns.as_type`` gives it."""
    name = identifier(field.name)
    if field.type == kind:
        return name
    if not pa.types.is_string(kind):
        return f"{name}::{'BIGINT' if pa.types.is_integer(kind) else 'DOUBLE'}"
    if pa.types.is_nested(field.type):
        return f"to_json({name})::VARCHAR"
    if pa.types.is_binary(field.type) or pa.types.is_fixed_size_binary(field.type):
        return f"coalesce(try(decode({name})), lower(hex({name})))"
    return f"{name}::VARCHAR"


def _files(paths: Sequence[Path]) -> str:
    """Return the table of some libraries' molecules, with the column ``library``."""
    listed = ", ".join(literal(plain(path)) for path in paths)
    schemas = [pq.read_schema(path).remove_metadata() for path in paths]
    alike = all(schema.equals(schemas[0]) for schema in schemas)
    options = f"hive_partitioning = true, hive_types_autocast = false, union_by_name = {not alike}"
    return f"read_parquet([{listed}], {options})"
