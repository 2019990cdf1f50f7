"""The reading of a library's input files, of any format, into a table of raw rows that chunk tasks can cut."""

from __future__ import annotations

from pathlib import Path

from halogenator.inputs.content_hash import unchanged
from halogenator.inputs.files import find_files
from halogenator.inputs.reading import describe, read_records
from halogenator.inputs.remote import address
from halogenator.model import Library
from halogenator.process import limits
from halogenator.process.usage import Task
from halogenator.tables.columns import RAW
from halogenator.tables.file_columns import extra_metadata, file_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import limit_arrow_threads, table_writer


def read_library(library: Library, out: Path, task: Task, mark: str | None = None) -> None:
    """Stream the files of a library into a table of raw rows.

    Args:
        library: the library, with its files.
        out: the table to make.
        task: this process's time and memory.
        mark: ``content_hash`` of the files when the run was planned; None: not checked.

    Raises:
        UserError: a file cannot be read, or the files have changed since the run was planned.
    """
    limit_arrow_threads()
    paths = tuple(path for given in library.paths for path in find_files(given))
    source = describe(paths, library.reading, whole=True)
    extra_columns = file_columns(source.others, library.scores)
    starts = [0]  # the number of rows before each file, since rows are counted over all files
    extra = extra_metadata(extra_columns, named=source.name is not None)
    metadata = with_versions(library=library.name, source=library.shown, **extra)
    columns = (*RAW, *(column.as_column for column in extra_columns))
    with table_writer(out, columns, metadata) as raw, unchanged(paths, mark):
        row = 0
        for record in read_records(paths, library.reading, source):
            starts += [row] * (record.file + 1 - len(starts))
            row = starts[-1] + record.row
            # A row that could not be read to its end may have no values of extra columns.
            values = record.extra or (None,) * len(extra_columns)
            raw.append(row, record.id, record.name, record.smiles, record.problem, *values)
        limits.end()
        metadata["sources"] = [[address(path), start] for path, start in zip(paths, starts, strict=False)]
        metadata["task"] = task.usage()
