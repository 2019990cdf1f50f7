"""The merge of a library's chunks into unique molecules with unique ids, rejects and statistics."""

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
from halogenator.tables.duck import plain, scalar
from halogenator.tables.file_columns import inherited
from halogenator.tables.metadata import read_metadata, with_versions
from halogenator.tables.parquet import TableWriter, table_writer
from halogenator.tasks.file_repeats import Repeats
from halogenator.tasks.merge import Merge, OpenMerge
from halogenator.tasks.source_files import SourceFiles


def merge_library(merge: Merge, library: Library) -> dict[str, Any]:
    """Make a library from its chunks: unique molecules, in order, each with a unique id.

    The molecules of a built library are numbered. A library from a file keeps the ids of the file. A molecule without
    an id gets one from its row. If several molecules have one id, the row is added to the second and later ones.
    Duplicate rows of a file become rejects that name the molecule they repeat.

    Returns:
        The statistics.

    Raises:
        UserError: no molecule could be used, a chunk file is damaged or missing, or the disk is full.
    """
    with merge.open("molecule", "smiles") as merging:
        counts = {**merge.sum_counts("rows_in"), "duplicates": merging.duplicates}
        k = library.k
        if k is None and not library.paths:  # built, of so many steps as it took
            k = scalar(merging.connection, "SELECT coalesce(max(k), 0) FROM routes")
        names = {"library": library.name, "k": k}
        metadata = with_versions(
            **names,
            class_name=library.class_name,
            queries=_common_queries(merge.chunks),
            config_hash=merge.config_hash,
            **counts,
            **inherited(read_metadata(merge.chunks[0])),
        )
        if library.paths:
            repeats = _repeats(merging, library)
            molecules, more = _write_from_file(merging, library, metadata, repeats), repeats.rejects
        else:
            molecules, more = _write_built(merging, library, metadata), ()
        stereo = scalar(merging.connection, "SELECT count(enhanced_stereo) FROM read_parquet(?)", [plain(merge.out)])
        found = {
            "molecules": molecules.written,
            "prepared": _count_prepared(merging.connection) if library.paths else {},
            "enhanced_stereo": stereo,
            **({"scores": list(library.scores)} if library.scores else {}),
        }
        statistics = merging.finish({**names, "class": library.class_name, **counts, **found}, molecules, more)
        if counts["rows_in"] and not molecules.written and library.paths:
            merge.out.unlink()
            merge.statistics_out.unlink()
            raise _nothing_usable(merging, library, counts["rows_in"])
    return statistics


def _write_built(merging: OpenMerge, library: Library, metadata: dict[str, object]) -> TableWriter:
    """Write the molecules of a built library."""
    schema = _common_schema(merging.merge.chunks)
    with table_writer(merging.merge.out, schema, metadata) as molecules:
        for part in merging.slices:
            batches = (batch for _, batch in merging.rows(part, schema.names))
            molecules.copy(_numbered(library, batches, molecules.total))
    return molecules


def _repeats(merging: OpenMerge, library: Library) -> Repeats:
    """Return what repeats in the file of a library."""
    merge = merging.merge
    if merge.parts:
        return Repeats.load(merging.connection, *merge.repeats, merging.slices)
    return Repeats.find(merging.connection, library.name, SourceFiles.of(merge.chunks[0]))


def _write_from_file(
    merging: OpenMerge, library: Library, metadata: dict[str, object], repeats: Repeats
) -> TableWriter:
    """Write the molecules of a library that is read from a file."""
    schema = _common_schema(merging.merge.chunks)
    with table_writer(merging.merge.out, schema, metadata) as molecules:
        for part in merging.slices:
            rows = merging.rows(part, schema.names)
            molecules.copy(_named(library, rows, repeats.ids_in(part), repeats.separator))
    return molecules


def _count_prepared(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return {kind of preparation: rows that it changed}, with duplicate rows."""
    found = connection.execute(
        "SELECT prepared, count(*) FROM routes WHERE prepared IS NOT NULL GROUP BY prepared"
    ).fetchall()
    counts = {word: sum(rows for words, rows in found if word in words.split(",")) for word in PREPARED}
    return {word: rows for word, rows in counts.items() if rows}


def _nothing_usable(merging: OpenMerge, library: Library, rows_in: int) -> UserError:
    """Return the error for a library without any molecule. It quotes the first reject, whose file will be removed."""
    query = "SELECT source, row, smiles, detail FROM read_parquet(?) LIMIT 1"
    source, row, smiles, detail = merging.connection.execute(query, [plain(merging.merge.rejects_out)]).fetchall()[0]
    return UserError(
        f"library {library.name} has no usable molecule: all {rows_in:,} rows were rejected",
        where=f"{source}, row {row}: {detail}",
        value=smiles,
        allowed="at least one row with a SMILES that RDKit can read",
        fix="is smiles_column the right one?",
    )


def _numbered(library: Library, batches: Iterable[pa.RecordBatch], before: int) -> Iterator[pa.RecordBatch]:
    """Yield a built library's molecules with their ids; ``before``: the number of molecules so far."""
    for batch in batches:
        numbers = pa.array(range(before + 1, before + 1 + batch.num_rows), pa.int64()).cast(pa.string())
        yield _replaced(batch, id=pc.binary_join_element_wise(library.name, numbers, "-"))
        before += batch.num_rows


def _named(
    library: Library, rows: Iterable[tuple[np.ndarray, pa.RecordBatch]], repeats: np.ndarray, separator: str
) -> Iterator[pa.RecordBatch]:
    """Yield a file's molecules with unique ids.

    Args:
        library: the library.
        rows: positions and batches of molecules.
        repeats: positions of molecules whose id an earlier one has; their row is added to the id.
        separator: what stands between id and row.
    """
    for positions, batch in rows:
        row = batch.column("row").cast(pa.string())
        ids = pc.coalesce(batch.column("id"), pc.binary_join_element_wise(f"{library.name}-row-", row, ""))
        with_row = pc.binary_join_element_wise(ids, row, separator)
        ids = pc.if_else(pa.array(np.isin(positions, repeats)), with_row, ids)
        yield _replaced(batch, id=ids, parent=ids)


def _replaced(batch: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    for name, values in columns.items():
        batch = batch.set_column(batch.schema.get_field_index(name), name, values)
    return batch


def _common_queries(chunks: Sequence[Path]) -> dict[str, str]:
    """Return {site column: its query} that all chunks share. Chunks made with other transforms may have other ones."""
    counted = [read_metadata(path).get("queries") for path in chunks]
    known = [queries if isinstance(queries, dict) else {} for queries in counted]
    return {name: query for name, query in known[0].items() if all(q.get(name) == query for q in known)}


def _common_schema(chunks: Sequence[Path]) -> pa.Schema:
    """Return the columns that all chunks have."""
    schemas = [pq.read_schema(path) for path in chunks]
    return pa.schema([field for field in schemas[0] if all(field.name in schema.names for schema in schemas)])
