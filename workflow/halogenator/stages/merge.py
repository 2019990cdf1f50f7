"""Chunks into one file: duplicates joined, order kept, out of core."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.memory.usage import Task, combine
from halogenator.model import Library, Transform
from halogenator.stages.records import provenance
from halogenator.storage.checksum import checksums
from halogenator.storage.duck import (
    Slice,
    connect,
    distinct_routes,
    distinct_slice,
    find_duplicates,
    literal,
    number_routes,
    scalar,
)
from halogenator.storage.failures import writing
from halogenator.storage.parquet import limit_arrow_threads, table_writer, whole_or_absent
from halogenator.storage.schema import REJECTS, read_metadata
from halogenator.storage.seal import damage

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
    adopted: Mapping[str, object] | None = None,
) -> None:
    """Make a job's products, rejects and statistics of its chunks.

    Args:
        chunks: product chunks, in parent order.
        reject_chunks: their rejects, in the same order.
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
    _check_chunks(chunks, reject_chunks)
    stats_out.unlink(missing_ok=True)  # so that no record outlives the files that it is of
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        duplicates = find_duplicates(connection, key, "product")
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
        with table_writer(out, pq.read_schema(chunks[0]), note) as writer:
            for part in slices:
                writer.copy(_batches(connection, distinct_slice("product", part)))
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
        "checksums": checksums([out, rejects_out]),
        "usage": combine([*_usages(chunks), task.usage()]),
    }
    _write_json(stats if adopted is None else {**stats, "adopted": adopted}, stats_out)


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
) -> None:
    """Make a library of its chunks: unique molecules, in order, each with an id that is its own.

    A built library numbers its molecules; a library from a file keeps the file's ids, numbers those without one, and
    marks an id's second and later molecules with their row. Its duplicate rows become rejects that name the molecule
    they repeat.

    Raises:
        UserError: if no molecule at all could be used, a chunk file is damaged or gone, or the disk takes no more.
    """
    limit_arrow_threads()
    _check_chunks(chunks, reject_chunks)
    stats_out.unlink(missing_ok=True)
    with connect(task.declared_mb, scratch) as connection:
        slices = number_routes(connection, chunks)
        duplicates = find_duplicates(connection, "smiles", "molecule")
        rows_in = _add_up(chunks, ("rows_in",))["rows_in"]
        note = provenance(
            library=library.name,
            class_name=library.class_name,
            k=library.k,
            queries=_common_queries(chunks),
            config_hash=config_hash,
            rows_in=rows_in,
            duplicates=duplicates,
        )
        rejects = _rejects_query(reject_chunks)
        mark = ""
        if library.path is not None:
            mark = _settle_names(connection, library)
            rejects += f" UNION ALL SELECT * FROM ({_duplicate_rejects(library)})"
        with table_writer(out, _common_schema(chunks), note) as writer:
            for part in slices:
                named = _named_slice(library, part, mark, writer.total)
                writer.copy(_batches(connection, named))
        molecules = writer.written
        rejected = _copy(connection, rejects, rejects_out, provenance(library=library.name))
        if rows_in and not molecules and library.path is not None:
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
        "bytes": out.stat().st_size,
        "chunks": len(chunks),
        "checksums": checksums([out, rejects_out]),
        "usage": combine([*_usages(chunks), task.usage()]),
    }
    _write_json(stats, stats_out)


def _nothing_usable(connection: duckdb.DuckDBPyConnection, library: Library, rejects: Path, rows_in: int) -> UserError:
    """Return the error of a library without any molecule, which quotes the first reject: its file will not stay."""
    row, smiles, detail = connection.execute(
        "SELECT row, smiles, detail FROM read_parquet(?) LIMIT 1", [str(rejects)]
    ).fetchall()[0]
    return UserError(
        f"library {library.name} has no usable molecule: all {rows_in:,} rows were rejected",
        where=f"{library.path}, row {row}: {detail}",
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


def _named_slice(library: Library, part: Slice, mark: str, before: int) -> str:
    """Return the query for a chunk's molecules with every id present and its own; ``before``: molecules so far."""
    rows = distinct_slice("molecule", part)
    if library.path is None:
        name = f"{literal(library.name + '-')} || ({before} + row_number() OVER ())"
        return f"SELECT * REPLACE ({name} AS id) FROM ({rows})"
    given = _given_name(library)
    name = f"CASE WHEN again.position IS NULL THEN {given} ELSE {given} || {literal(mark)} || row END"
    return f"""
        SELECT rows.* REPLACE ({name} AS id, {name} AS parent)
        FROM ({rows}) AS rows LEFT JOIN {part.within("id_dropped")} AS again ON rows.position = again.position
    """


def _repeated(mark: str) -> str:
    """Return the query for (position, new id) of the molecules whose id an earlier one has."""
    return f"""
        SELECT position, id || {literal(mark)} || row AS id FROM molecule
        WHERE position IN (SELECT position FROM id_dropped)
    """


def _duplicate_rejects(library: Library) -> str:
    """Return the query for the reject rows of a file's duplicate molecules, in order."""
    return f"""
        SELECT {literal(str(library.path))} AS source, again.row, again.id, NULL::INTEGER AS site,
               again.smiles[:200] AS smiles, 'duplicate' AS reason,
               'same molecule as ' || coalesce(first.id || ', ', '') || 'row ' || first.row AS detail
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


def _check_chunks(chunks: Sequence[Path], reject_chunks: Sequence[Path]) -> None:
    """Check that every chunk file is, bit for bit, what was written; delete those that are not.

    Deleted, because the workflow takes a file that is there for a good one: gone, it is made anew.

    Raises:
        UserError: if a file is damaged or missing.
    """
    bad = [(path, problem) for path in (*chunks, *reject_chunks) if (problem := damage(path))]
    for path, _ in bad:
        path.unlink(missing_ok=True)
    if bad:
        path, problem = bad[0]
        others = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise UserError(
            f"a chunk file is damaged or gone: {problem}",
            where=f"{path}{others}",
            fix="run again: what was damaged has been deleted, and only the chunks that are gone are made anew",
        )


def _add_up(chunks: Sequence[Path], names: Sequence[str]) -> dict[str, int]:
    notes = [read_metadata(path) for path in chunks]
    return {name: sum(int(str(note.get(name, 0))) for note in notes) for name in names}


def _usages(chunks: Sequence[Path]) -> list[Usage]:
    found = (read_metadata(path).get("task") for path in chunks)
    return [usage for usage in found if isinstance(usage, dict)]


def _write_json(record: Mapping[str, object], path: Path) -> None:
    with whole_or_absent(path) as temporary, writing(path):
        temporary.write_text(json.dumps(record, indent=1) + "\n")
