"""Chunks into one file: duplicates joined, order kept, out of core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.memory.usage import Task, combine
from halogenator.model import Library, Transform
from halogenator.stages.duplicates import check_parts, columns_of, distinct_batches
from halogenator.stages.places import Places
from halogenator.stages.records import provenance
from halogenator.storage.checksum import checksums
from halogenator.storage.columns import passed_on
from halogenator.storage.duck import (
    Slice,
    connect,
    distinct_routes,
    find_duplicates,
    literal,
    number_routes,
    recall_duplicates,
    scalar,
)
from halogenator.storage.parquet import limit_arrow_threads, table_writer
from halogenator.storage.records import write_object
from halogenator.storage.schema import PREPARED, REJECTS, read_metadata
from halogenator.storage.seal import check_chunks

Usage = dict[str, float]

# Rows that DuckDB hands over at a time: at the longest SMILES allowed still some tens of megabytes.
_BATCH_ROWS = 4096


def merge_products(
    chunks: Sequence[Path],
    reject_chunks: Sequence[Path],
    *,
    library: Library,
    transform: Transform,
    key: str,
    config_hash: str,
    out: Path,
    rejects_out: Path,
    stats_out: Path,
    scratch: Path,
    task: Task,
    parts: Sequence[Path] = (),
    adopted: Mapping[str, object] | None = None,
) -> None:
    """Make a job's products, rejects and statistics of its chunks.

    Args:
        chunks: product chunks, in parent order.
        reject_chunks: their rejects, in the same order.
        parts: duplicates of the chunks by range of keys, as ``find_part`` leaves them; none: they are found here.
        library: the job's library.
        transform: the job's transform.
        key: column that no two rows may share.
        config_hash: fingerprint of the settings that made the chunks.
        out: products.parquet.
        rejects_out: rejects.parquet.
        stats_out: a JSON object: the job's row of the summary.
        scratch: folder for what does not fit into memory.
        task: this process's record.
        adopted: where the chunks come from, if an earlier pipeline made them; with which SMIRKS and from how many
            molecules is then not known, and stands as null.

    Raises:
        UserError: if a chunk file is damaged or gone, or the disk takes no more.
    """
    limit_arrow_threads()
    check_chunks((*chunks, *reject_chunks, *parts))
    stats_out.unlink(missing_ok=True)  # so that no record outlives the files that it is of
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        duplicates = _duplicates(connection, key, "product", slices, parts)
        counts: dict[str, int | None] = {**_add_up(chunks, ("rows_in", "rows_matched", "rejects"))}
        if adopted is not None:
            counts |= {"rows_in": None, "rows_matched": None}
        note = provenance(
            library=library.name,
            transform=transform.name,
            smirks=transform.smirks if adopted is None else None,
            dedup_key=key,
            config_hash=config_hash,
            duplicates=duplicates,
            **counts,
            **({} if adopted is None else {"adopted": adopted}),
        )
        schema = pq.read_schema(chunks[0])
        with table_writer(out, schema, note) as writer:
            for part in slices:
                rows = distinct_batches(connection, "product", part, schema.names, _BATCH_ROWS)
                writer.copy(batch for _, batch in rows)
        products = writer.written
        _copy(connection, _rejects_query(reject_chunks), rejects_out, provenance(library=library.name))
    stats = {
        "library": library.name,
        "transform": transform.name,
        **counts,
        "products": products,
        "duplicates": duplicates,
        "bytes": out.stat().st_size,
        "chunks": len(chunks),
        "parts": len(parts),
        "checksums": checksums([out, rejects_out]),
        "usage": combine([*_usages(chunks), *_usages(parts), task.usage()]),
    }
    write_object(stats if adopted is None else {**stats, "adopted": adopted}, stats_out)


def merge_library(
    chunks: Sequence[Path],
    reject_chunks: Sequence[Path],
    *,
    library: Library,
    config_hash: str,
    out: Path,
    rejects_out: Path,
    stats_out: Path,
    scratch: Path,
    task: Task,
    parts: Sequence[Path] = (),
) -> dict[str, Any]:
    """Make a library of its chunks: unique molecules, in order, each with an id that is its own.

    A built library numbers its molecules; a library from a file keeps the file's ids, numbers those without one, and
    marks an id's second and later molecules with their row. Its duplicate rows become rejects that name the molecule
    they repeat. For ``parts`` see ``merge_products``.

    Returns:
        The statistics.

    Raises:
        UserError: if no molecule at all could be used, a chunk file is damaged or gone, or the disk takes no more.
    """
    limit_arrow_threads()
    check_chunks((*chunks, *reject_chunks, *parts))
    stats_out.unlink(missing_ok=True)
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        duplicates = _duplicates(connection, "smiles", "molecule", slices, parts)
        rows_in = _add_up(chunks, ("rows_in",))["rows_in"]
        note = provenance(
            library=library.name,
            class_name=library.class_name,
            k=library.k,
            queries=_common_queries(chunks),
            config_hash=config_hash,
            rows_in=rows_in,
            duplicates=duplicates,
            **passed_on(read_metadata(chunks[0])),
        )
        rejects = _rejects_query(reject_chunks)
        mark = ""
        if library.paths:
            mark = _settle_names(connection, library)
            rejects += f" UNION ALL SELECT * FROM ({_duplicate_rejects(Places.of(chunks[0]))})"
        schema = _common_schema(chunks)
        with table_writer(out, schema, note) as writer:
            for part in slices:
                rows = distinct_batches(connection, "molecule", part, schema.names, _BATCH_ROWS)
                if not library.paths:
                    writer.copy(_numbered(library, (batch for _, batch in rows), writer.total))
                else:
                    again = columns_of(connection, part.within("id_dropped"), "position")[0]
                    writer.copy(_named(library, rows, again, mark))
        molecules = writer.written
        changed = _count_prepared(connection) if library.paths else {}
        stereo = int(scalar(connection, "SELECT count(enhanced_stereo) FROM read_parquet(?)", [str(out)]))
        rejected = _copy(connection, rejects, rejects_out, provenance(library=library.name))
        if rows_in and not molecules and library.paths:
            out.unlink()
            raise _nothing_usable(connection, library, rejects_out, rows_in)
    stats = {
        "library": library.name,
        "class": library.class_name,
        "k": library.k,
        "rows_in": rows_in,
        "molecules": molecules,
        "duplicates": duplicates,
        "rejects": rejected,
        "prepared": changed,
        "enhanced_stereo": stereo,
        "bytes": out.stat().st_size,
        "chunks": len(chunks),
        "parts": len(parts),
        "checksums": checksums([out, rejects_out]),
        "usage": combine([*_usages(chunks), *_usages(parts), task.usage()]),
    }
    write_object(stats, stats_out)
    return stats


def _count_prepared(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many of a file's rows each kind of preparing changed, duplicates among them."""
    found = connection.execute(
        "SELECT prepared, count(*) FROM routes WHERE prepared IS NOT NULL GROUP BY prepared"
    ).fetchall()
    counts = {word: sum(rows for words, rows in found if word in words.split(",")) for word in PREPARED}
    return {word: rows for word, rows in counts.items() if rows}


def _duplicates(
    connection: duckdb.DuckDBPyConnection, key: str, name: str, slices: Sequence[Slice], parts: Sequence[Path]
) -> int:
    """Make the tables, or of ``parts`` the views, of what drops; return how many rows do."""
    if not parts:
        return find_duplicates(connection, key, name)
    check_parts(parts, key, routes=slices[-1].stop if slices else 0)
    return recall_duplicates(connection, parts, name)


def _nothing_usable(connection: duckdb.DuckDBPyConnection, library: Library, rejects: Path, rows_in: int) -> UserError:
    """Return the error of a library without any molecule, which quotes the first reject: its file will not stay."""
    source, row, smiles, detail = connection.execute(
        "SELECT source, row, smiles, detail FROM read_parquet(?) LIMIT 1", [str(rejects)]
    ).fetchall()[0]
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
        f"FROM ({distinct_routes('molecule')})"
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


def _duplicate_rejects(places: Places) -> str:
    """Return the query for the reject rows of a file's duplicate molecules, in order.

    Two rows that became one molecule only by what was done to them on reading are not said to be the same before.
    """
    same = "again.smiles || coalesce(' |' || again.enhanced_stereo || '|', '')"
    return f"""
        SELECT {places.sql_file("again.row")} AS source, {places.sql_row("again.row")} AS row, again.id,
               NULL::INTEGER AS site, again.smiles[:200] AS smiles, 'duplicate' AS reason,
               'same molecule as ' || coalesce(first.id || ', ', '') || {places.sql_place("first.row")} || CASE
                   WHEN coalesce(again.stripped_from, {same}) IS NOT DISTINCT FROM
                        coalesce(first.stripped_from, {same.replace("again.", "first.")}) THEN ''
                   ELSE ', once prepared: ' || concat_ws(' and ', again.prepared, first.prepared) END AS detail
        FROM molecule_dropped AS dropped
        JOIN routes AS again ON again.position = dropped.position
        JOIN routes AS first ON first.position = dropped.keeper
        ORDER BY again.position
    """


def _rejects_query(chunks: Sequence[Path]) -> str:
    files = ", ".join(literal(str(path)) for path in chunks)
    names = ", ".join(column.name for column in REJECTS)
    return f"SELECT {names} FROM read_parquet([{files}])"


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.RecordBatch]:
    relation = connection.sql(query)
    assert relation is not None
    yield from relation.to_arrow_reader(_BATCH_ROWS)


def _common_queries(chunks: Sequence[Path]) -> dict[str, str]:
    """Return the site columns that every chunk counted: chunks made before a change of the transforms have others."""
    counted = [read_metadata(path).get("queries") for path in chunks]
    known = [queries if isinstance(queries, dict) else {} for queries in counted]
    return {name: query for name, query in known[0].items() if all(q.get(name) == query for q in known)}


def _common_schema(chunks: Sequence[Path]) -> pa.Schema:
    schemas = [pq.read_schema(path) for path in chunks]
    return pa.schema([field for field in schemas[0] if all(field.name in schema.names for schema in schemas)])


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, note: Mapping[str, object]) -> int:
    """Write a query's reject rows to a file that appears whole; return how many there are."""
    with table_writer(path, REJECTS, note) as writer:
        writer.copy(_batches(connection, query))
    return writer.written


def _add_up(chunks: Sequence[Path], names: Sequence[str]) -> dict[str, int]:
    notes = [read_metadata(path) for path in chunks]
    return {name: sum(int(str(note.get(name, 0))) for note in notes) for name in names}


def _usages(chunks: Sequence[Path]) -> list[Usage]:
    found = (read_metadata(path).get("task") for path in chunks)
    return [usage for usage in found if isinstance(usage, dict)]
