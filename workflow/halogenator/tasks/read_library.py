"""An input file of any format becomes a table of raw rows that chunk tasks can cut anywhere."""

from __future__ import annotations

from pathlib import Path

from halogenator.inputs.content_hash import unchanged
from halogenator.inputs.files import find_files
from halogenator.inputs.reading import describe, read_records
from halogenator.inputs.remote import address
from halogenator.model import Library
from halogenator.process import limits
from halogenator.process.usage import Task
from halogenator.tables.columns import RAW, Column
from halogenator.tables.file_columns import extra_metadata, file_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import limit_arrow_threads, table_writer


def read_library(library: Library, out: Path, task: Task, mark: str | None = None) -> None:
    """Stream the files of a library into a table of raw rows.

    Args:
        library: the library, with its files.
        out: the table.
        task: this process's time and memory.
        mark: ``content_hash`` of the files when the run was planned.

    Raises:
        UserError: if a file cannot be read, or is not the one of ``mark``.
    """
    limit_arrow_threads()
    paths = tuple(path for given in library.paths for path in find_files(given))
    source = describe(paths, library.reading, whole=True)
    along = file_columns(source.others)
    starts = [0]  # rows before each file: those of several are counted on from one to the next
    told = extra_metadata(along, named=source.name is not None)
    metadata = with_versions(library=library.name, source=library.shown, **told)
    columns = (*RAW, *(Column(column.name, column.type, column.given) for column in along))
    with table_writer(out, columns, metadata) as raw, unchanged(paths, mark):
        row = 0
        for record in read_records(paths, library.reading, source):
            starts += [row] * (record.file + 1 - len(starts))
            row = starts[-1] + record.row
            # A row that could not be read to its end may lack the rest of its values.
            extra = record.extra or (None,) * len(along)
            raw.append(row, record.id, record.name, record.smiles, record.problem, *extra)
        limits.end()
        metadata["sources"] = [[address(path), start] for path, start in zip(paths, starts, strict=False)]
        metadata["task"] = task.usage()
