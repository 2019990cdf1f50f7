"""SQL queries over the Parquet files of the results, and over all molecules with the extra columns of their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.results import Results
from halogenator.tables.columns import LIBRARY, STEPS, Column
from halogenator.tables.duck import identifier, literal, plain, scalar
from halogenator.tables.file_columns import ExtraColumns, common_fields, read_extra_columns


def tree_query(
    connection: duckdb.DuckDBPyConnection,
    results: Path,
    patterns: Sequence[Path],
    columns: Sequence[Column],
    partitions: Sequence[str],
) -> str:
    """Return the query for all rows of hive-partitioned files.

    Args:
        connection: a DuckDB session, which looks at the files' columns.
        results: the results folder, an absolute path.
        patterns: glob patterns of the files, below ``results``.
        columns: the columns of the empty table that the query gives if there are no files.
        partitions: the columns that come from folder names: ``library``, ``transform``.
    """
    existing = [pattern for pattern in patterns if Results(results).find(pattern)]
    if not existing:
        empty = ", ".join(f"NULL::VARCHAR AS {name}" for name in (*(c.name for c in columns), *partitions))
        return f"SELECT {empty} WHERE false"
    globs = [literal(f"{plain(results)}/{pattern.relative_to(results)}") for pattern in existing]
    return " UNION ALL BY NAME ".join(
        f"SELECT * FROM {_read_parquet(glob, same_columns=_have_same_columns(connection, glob))}" for glob in globs
    )


def _read_parquet(files: str, *, same_columns: bool) -> str:
    """Return the SQL table of files. With the same columns, a query opens only files of the jobs that it names."""
    union = f"union_by_name = {not same_columns}"
    return f"read_parquet({files}, hive_partitioning = true, hive_types_autocast = false, {union})"


def _have_same_columns(connection: duckdb.DuckDBPyConnection, glob: str) -> bool:
    """Return whether all files of a glob pattern, quoted for SQL, have the same columns."""
    count = scalar(
        connection,
        "SELECT count(DISTINCT columns) FROM (SELECT list((name, duckdb_type) ORDER BY column_id) AS columns "
        f"FROM parquet_schema({glob}) GROUP BY file_name)",
    )
    return bool(count == 1)


def molecules_query(connection: duckdb.DuckDBPyConnection, results: Path) -> tuple[str, list[str]]:
    """Return the query for the molecules of all libraries, and the names of its extra columns.

    The extra columns stand last, after ``parent_name``. Built libraries get theirs from their natural products by a
    join: stored, they would be copied into some ten million rows. Each file with extra columns is read by itself, since
    DuckDB's union of files would give a column the type that it has in another file, or fail.
    """
    libraries = [read_extra_columns(path, library) for library, path in Results(results).libraries().items()]
    origins = {each.library: each for each in libraries if each.has_any and not each.is_built}
    if not origins:
        molecules = tree_query(connection, results, [Results(results).molecules("*")], LIBRARY, ("library",))
        return f"SELECT *, NULL::VARCHAR AS parent_name FROM ({molecules})", []
    fields = common_fields(origins.values())
    parts = [_file_molecules(origin, fields) for origin in origins.values()]
    for origin in origins.values():
        if built := [each.path for each in libraries if each.is_built and each.root == origin.library]:
            parts.append(_built_molecules(built, origin, fields))
    if others := [each.path for each in libraries if each.root not in origins]:
        parts.append(f"SELECT *, NULL::VARCHAR AS parent_name FROM {_files(others)}")
    names = [field.name for field in fields]
    last = ", ".join(map(identifier, ("parent_name", *names)))
    return f"SELECT * EXCLUDE ({last}), {last} FROM ({' UNION ALL BY NAME '.join(parts)})", names


def tell_steps(results: Path) -> bool:
    """Return whether a library has the column ``steps``, and so the view of molecules."""
    return any(STEPS.name in pq.read_schema(path).names for path in Results(results).libraries().values())


def products_query(results: Path, products: str, molecules: str, extra: Sequence[str]) -> str:
    """Return the query for products with what their parents are.

    Args:
        results: the results folder.
        products: the query for the products, with the column ``library``.
        molecules: the query for the molecules of all libraries.
        extra: the names of its extra columns.
    """
    told = f", parent.{STEPS.name}" if tell_steps(results) else ""
    of_parent = "".join(f", parent.{identifier(name)}" for name in ("parent_name", *extra))
    return f"""
        SELECT product.*, parent.smiles AS parent_smiles, parent.parent, parent.k, parent.halogens, parent.rules
               {told}{of_parent}
        FROM ({products}) AS product LEFT JOIN ({molecules}) AS parent
        ON parent.library = product.library AND parent.id = product.parent_id
    """


def _file_molecules(origin: ExtraColumns, fields: Sequence[pa.Field]) -> str:
    """Return the query for the molecules of a library that is read from a file."""
    own = ", ".join(identifier(field.name) for field in origin.fields)
    hidden = f" EXCLUDE ({own})" if own else ""
    return f"SELECT *{hidden}, name AS parent_name{_columns(origin, fields)} FROM {_files([origin.path])}"


def _built_molecules(built: Sequence[Path], origin: ExtraColumns, fields: Sequence[pa.Field]) -> str:
    """Return the query for the molecules of libraries that are built from a library of natural products."""
    extra = f"SELECT id, name AS parent_name{_columns(origin, fields)} FROM {_files([origin.path])}"
    joined = f"{_files(built)} AS made LEFT JOIN ({extra}) AS origin ON origin.id = made.parent"
    return f"SELECT made.*, origin.* EXCLUDE (id) FROM {joined}"


def _columns(origin: ExtraColumns, fields: Sequence[pa.Field]) -> str:
    """Return SQL for a library's extra columns, with the names and types of ``fields``, which all libraries share."""
    own = {field.name.casefold(): field for field in origin.fields}
    found = ((own[field.name.casefold()], field) for field in fields if field.name.casefold() in own)
    return "".join(f", {_as_type(mine, field.type)} AS {identifier(field.name)}" for mine, field in found)


def _as_type(field: pa.Field, kind: pa.DataType) -> str:
    """Return the SQL expression for a column cast to another type, with the values of ``file_columns.as_type``."""
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
    """Return the SQL table of the molecules of some libraries, with the column ``library``."""
    listed = ", ".join(literal(plain(path)) for path in paths)
    schemas = [pq.read_schema(path).remove_metadata() for path in paths]
    return _read_parquet(f"[{listed}]", same_columns=all(schema.equals(schemas[0]) for schema in schemas))
