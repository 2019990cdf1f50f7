"""A library's chunks become its unique molecules, each with an id of its own; its rejects; and its statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.model import PREPARED, Library
from halogenator.tables.duck import literal, scalar
from halogenator.tables.duplicates import distinct_query, find_duplicates, integer_columns
from halogenator.tables.file_columns import inherited
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter, table_writer
from halogenator.tasks.merge import Merge, OpenMerge
from halogenator.tasks.source_files import SourceFiles


def merge_library(merge: Merge, library: Library) -> dict[str, Any]:
    """Make a library of its chunks: unique molecules, in order, each with an id that is its own.

    A built library numbers its molecules; a library from a file keeps the file's ids, numbers those without one, and
    marks an id's second and later molecules with their row. Its duplicate rows become rejects that name the molecule
    they repeat.

    Returns:
        The statistics.

    Raises:
        UserError: if no molecule at all could be used, a chunk file is damaged or gone, or the disk takes no more.
    """
    with merge.open("molecule", "smiles") as merging:
        counts = {**merge.sum_counts("rows_in"), "duplicates": merging.duplicates}
        names = {"library": library.name, "k": library.k}
        metadata = with_versions(
            **names,
            class_name=library.class_name,
            queries=_common_queries(merge.chunks),
            config_hash=merge.config_hash,
            **counts,
            **inherited(read_metadata(merge.chunks[0])),
        )
        write = _write_read if library.paths else _write_built
        molecules, rejects = write(merging, library, metadata)
        if counts["rows_in"] and not molecules.written and library.paths:
            merge.out.unlink()
            raise _nothing_usable(merging, library, counts["rows_in"])
        stereo = scalar(merging.connection, "SELECT count(enhanced_stereo) FROM read_parquet(?)", [str(merge.out)])
        prepared = _count_prepared(merging.connection) if library.paths else {}
    found = {
        "molecules": molecules.written,
        "rejects": rejects.written,
        "prepared": prepared,
        "enhanced_stereo": stereo,
    }
    return merge.write_statistics({**names, "class": library.class_name, **counts, **found}, [molecules, rejects])


def _write_built(merging: OpenMerge, library: Library, metadata: dict[str, object]) -> tuple[TableWriter, TableWriter]:
    """Write the molecules and the rejects of a built library."""
    schema = _common_schema(merging.merge.chunks)
    with table_writer(merging.merge.out, schema, metadata) as molecules:
        for part in merging.slices:
            batches = (batch for _, batch in merging.rows(part, schema.names))
            molecules.copy(_numbered(library, batches, molecules.total))
    return molecules, merging.write_rejects(library.name)


def _write_read(merging: OpenMerge, library: Library, metadata: dict[str, object]) -> tuple[TableWriter, TableWriter]:
    """Write the molecules and the rejects, duplicates among them, of a library that is read from a file."""
    schema = _common_schema(merging.merge.chunks)
    mark = _settle_names(merging.connection, library)
    with table_writer(merging.merge.out, schema, metadata) as molecules:
        for part in merging.slices:
            (again,) = integer_columns(merging.connection, part.rows_of("id_dropped"), "position")
            molecules.copy(_named(library, merging.rows(part, schema.names), again, mark))
    duplicates = _duplicate_rejects(SourceFiles.of(merging.merge.chunks[0]))
    return molecules, merging.write_rejects(library.name, duplicates)


def _count_prepared(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many of a file's rows each kind of preparing changed, duplicates among them."""
    found = connection.execute(
        "SELECT prepared, count(*) FROM routes WHERE prepared IS NOT NULL GROUP BY prepared"
    ).fetchall()
    counts = {word: sum(rows for words, rows in found if word in words.split(",")) for word in PREPARED}
    return {word: rows for word, rows in counts.items() if rows}


def _nothing_usable(merging: OpenMerge, library: Library, rows_in: int) -> UserError:
    """Return the error of a library without any molecule, which quotes the first reject: its file will not stay."""
    query = "SELECT source, row, smiles, detail FROM read_parquet(?) LIMIT 1"
    source, row, smiles, detail = merging.connection.execute(query, [str(merging.merge.rejects_out)]).fetchall()[0]
    return UserError(
        f"library {library.name} has no usable molecule: all {rows_in:,} rows were rejected",
        where=f"{source}, row {row}: {detail}",
        value=smiles,
        allowed="at least one row with a SMILES that RDKit can read",
        fix="is smiles_column the right one?",
    )


def _settle_names(connection: duckdb.DuckDBPyConnection, library: Library) -> str:
    """Find the molecules of a file whose id an earlier one has; return what to put before their row to tell them."""
    connection.execute(
        f"CREATE TEMP VIEW molecule AS SELECT * REPLACE ({_given_name(library)} AS id) "
        f"FROM ({distinct_query('molecule')})"
    )
    find_duplicates(connection, "id", "id", rows="molecule")
    mark = "~"
    while scalar(connection, f"SELECT count(*) FROM molecule WHERE id IN (SELECT id FROM ({_repeated(mark)}))"):
        mark += "~"
    return mark


def _given_name(library: Library) -> str:
    return f"coalesce(id, {literal(library.name + '-row-')} || row)"


def _numbered(library: Library, batches: Iterable[pa.RecordBatch], before: int) -> Iterator[pa.RecordBatch]:
    """Yield a built library's molecules with their ids; ``before``: how many there are so far."""
    for batch in batches:
        numbers = pa.array(range(before + 1, before + 1 + batch.num_rows), pa.int64()).cast(pa.string())
        yield _replaced(batch, id=pc.binary_join_element_wise(library.name, numbers, "-"))
        before += batch.num_rows


def _named(
    library: Library, rows: Iterable[tuple[np.ndarray, pa.RecordBatch]], again: np.ndarray, mark: str
) -> Iterator[pa.RecordBatch]:
    """Yield a file's molecules with every id present and its own; ``again``: where an earlier one has it."""
    for positions, batch in rows:
        row = batch.column("row").cast(pa.string())
        names = pc.coalesce(batch.column("id"), pc.binary_join_element_wise(f"{library.name}-row-", row, ""))
        told_apart = pc.binary_join_element_wise(names, row, mark)
        names = pc.if_else(pa.array(np.isin(positions, again)), told_apart, names)
        yield _replaced(batch, id=names, parent=names)


def _replaced(batch: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    for name, values in columns.items():
        batch = batch.set_column(batch.schema.get_field_index(name), name, values)
    return batch


def _repeated(mark: str) -> str:
    """Return the query for (position, new id) of the molecules whose id an earlier one has."""
    return f"""
        SELECT position, id || {literal(mark)} || row AS id FROM molecule
        WHERE position IN (SELECT position FROM id_dropped)
    """


def _duplicate_rejects(files: SourceFiles) -> str:
    """Return the query for the reject rows of a file's duplicate molecules, in order.

    Two rows that became one molecule only by what was done to them on reading are not said to be the same before.
    """
    same = "again.smiles || coalesce(' |' || again.enhanced_stereo || '|', '')"
    return f"""
        SELECT {files.sql_file("again.row")} AS source, {files.sql_row("again.row")} AS row, again.id,
               NULL::INTEGER AS site, again.smiles[:200] AS smiles, 'duplicate' AS reason,
               'same molecule as ' || coalesce(first.id || ', ', '') || {files.sql_place("first.row")} || CASE
                   WHEN coalesce(again.stripped_from, {same}) IS NOT DISTINCT FROM
                        coalesce(first.stripped_from, {same.replace("again.", "first.")}) THEN ''
                   ELSE ', once prepared: ' || concat_ws(' and ', again.prepared, first.prepared) END AS detail
        FROM molecule_dropped AS dropped
        JOIN routes AS again ON again.position = dropped.position
        JOIN routes AS first ON first.position = dropped.keeper
        ORDER BY again.position
    """


def _common_queries(chunks: Sequence[Path]) -> dict[str, str]:
    """Return the site columns that every chunk counted: chunks made before a change of the transforms have others."""
    counted = [read_metadata(path).get("queries") for path in chunks]
    known = [queries if isinstance(queries, dict) else {} for queries in counted]
    return {name: query for name, query in known[0].items() if all(q.get(name) == query for q in known)}


def _common_schema(chunks: Sequence[Path]) -> pa.Schema:
    schemas = [pq.read_schema(path) for path in chunks]
    return pa.schema([field for field in schemas[0] if all(field.name in schema.names for schema in schemas)])
