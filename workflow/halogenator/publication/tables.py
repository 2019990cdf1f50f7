"""The tables of a publication: those of the results, with the library and the transform as columns.

Programs that read a folder of Parquet files as one table want the same columns in each. So all tables of a kind have
the columns of all; what a table does not have is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.tables.columns import Column
from halogenator.tables.file_columns import as_type, common_type
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, row_batches, table_writer

_ROWS = 8_192
LIBRARY = Column("library", pa.string(), "name of the library").field
TRANSFORM = Column("transform", pa.string(), "name of the transform").field
# What of a table's metadata is published: all that is about chemistry.
_METADATA = ("engine_version", "rdkit_version", "library", "transform", "class_name", "k", "smirks", "queries")


def common_schema(paths: Iterable[Path], first: Sequence[pa.Field]) -> pa.Schema:
    """Return the columns of several files, each once, after the columns ``first``."""
    found: dict[str, list[pa.Field]] = {}
    for path in paths:
        for field in pq.read_schema(path):
            found.setdefault(field.name, []).append(field)
    if twice := next((field.name for field in first if field.name in found), None):
        raise UserError("a table has this column already", value=twice)
    own = [fields[0].with_type(common_type(field.type for field in fields)) for fields in found.values()]
    return pa.schema([*first, *own])


def write_table(source: Path, out: Path, schema: pa.Schema, names: dict[str, str]) -> int:
    """Write a table of a publication, and return the number of its rows.

    Args:
        source: the table of the results.
        out: the file to make.
        schema: columns from ``common_schema``.
        names: {column: its value} of the columns that the file does not have, in every row.
    """
    recorded = read_metadata(source)
    metadata = {key: recorded[key] for key in _METADATA if key in recorded}
    file = open_parquet(source)
    with table_writer(out, schema, metadata) as table:
        for batch in row_batches(file, _ROWS):
            table.copy([_widened(batch, schema, names)])
    return table.written


def _widened(batch: pa.RecordBatch, schema: pa.Schema, names: dict[str, str]) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        if field.name in names:
            arrays.append(pa.repeat(pa.scalar(names[field.name], pa.string()), batch.num_rows))
        elif field.name in batch.schema.names:
            arrays.append(as_type(batch.column(field.name), field.type))
        else:
            arrays.append(pa.nulls(batch.num_rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
