"""One chunk of a library from a file: raw rows, standardised and indexed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from halogenator.chemistry.index import Index
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.prepare import prepare
from halogenator.chemistry.scores import Scorer
from halogenator.inputs.arrow_values import values_of
from halogenator.model import Library
from halogenator.tables.columns import RAW, library_columns
from halogenator.tables.file_columns import extra_columns_of, inherited
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter
from halogenator.tasks.chunk_task import Chunk, Made, Row, Rows
from halogenator.tasks.source_files import SourceFiles


def standardize_chunk(chunk: Chunk, library: Library, index: Index) -> None:
    """Standardise and index raw rows; every row becomes a molecule or a reject.

    Args:
        chunk: raw rows from ``read_library``; its output rows can lack ids.
        library: the library that the rows belong to.
        index: the descriptors and site counts of each molecule.
    """
    rows = chunk.rows()
    raw, files = read_metadata(chunk.source), SourceFiles.of(chunk.source)
    scorer = Scorer(library.scores)
    extra_columns = extra_columns_of(raw, rows.file.schema_arrow)

    def make(
        molecules: TableWriter, given: str, text: str, row: int, name: str, problem: str | None, *extra: Any
    ) -> Made:
        if problem is not None:
            raise RejectError("unreadable row", problem)
        found = prepare(text, library.reading)
        known = *index.row(found.mol), *scorer.values(found.smiles)
        lineage = None, library.k, "", "", 1, row, name
        changed = found.prepared, found.stripped_from
        molecules.append(given, found.smiles, found.enhanced_stereo, *lineage, *changed, *known, *extra)
        return 1, ()

    columns = (*library_columns(index.descriptor_names, index.columns, library.scores), *extra_columns)
    counted = {"rows_in": rows.stop - rows.start, "queries": index.queries, "sources": files.plain()}
    metadata = with_versions(library=library.name, **counted, **inherited(raw))
    chunk.write(_read(rows, [column.name for column in extra_columns]), make, columns, metadata, files.find)


def _read(rows: Rows, extra_columns: list[str]) -> Iterator[Row]:
    """Yield (row, id, SMILES, row, name, problem, values of extra columns)."""
    for batch in rows.read([*(column.name for column in RAW), *extra_columns]):
        own = [pa.Array.to_pylist(column) for column in batch.columns[: len(RAW)]]
        extra = [values_of(column, column.type) for column in batch.columns[len(RAW) :]]
        for row, identifier, name, text, problem, *values in zip(*own, *extra, strict=True):
            yield row, identifier, text, row, name, problem, *values
