"""Two overviews of all results: a DuckDB database of views over the Parquet files, and a summary with a row per job."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial, reduce
from operator import getitem
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from halogenator.chemistry.scores import SCORES
from halogenator.errors import UserError
from halogenator.process.failures import writing
from halogenator.results import Results
from halogenator.tables.columns import PRODUCTS, REJECTS
from halogenator.tables.duck import literal, memory_settings, plain, scalar
from halogenator.tables.left_out import STATS_BYTES, audit_query
from halogenator.tables.parquet import whole_or_absent
from halogenator.tables.result_queries import molecules_query, products_query, tree_query
from halogenator.tables.set_hash import HASH_KEY

# Column of summary.tsv -> keys that lead to its value in a job's statistics.
SUMMARY = {
    "library": ("library",),
    "transform": ("transform",),
    "rows_in": ("rows_in",),
    "matched": ("rows_matched",),
    "products": ("products",),
    "duplicates_removed": ("duplicates",),
    "rejects": ("rejects",),
    "chunks": ("chunks",),
    "seconds": ("usage", "seconds"),
    "cpu_seconds": ("usage", "cpu_seconds"),
    "peak_mb": ("usage", "peak_mb"),
    "declared_mb": ("usage", "declared_mb"),
    "peak_of_declared": ("usage", "peak_of_declared"),
    "bytes": ("bytes",),
    HASH_KEY: (HASH_KEY,),
}
_LATER = {HASH_KEY: ""}  # what statistics of earlier versions lack
SUMMARY_BEFORE = tuple(name for name in SUMMARY if name not in _LATER)  # columns of an earlier version

VIEWS = ("molecules", "products", "rejects", "libraries", "jobs", "audit")
_STORAGE = {"storage_compatibility_version": "v1.0.0"}  # what any DuckDB from 0.10.2 on opens
_RENEWAL_MB = 1_000  # memory of a verb that makes a catalog anew

_LIBRARY_STATS = """{
    library: 'VARCHAR', class: 'VARCHAR', k: 'TINYINT', rows_in: 'BIGINT', molecules: 'BIGINT', duplicates: 'BIGINT',
    rejects: 'BIGINT', prepared: 'MAP(VARCHAR, BIGINT)', enhanced_stereo: 'BIGINT', bytes: 'BIGINT',
    usage: 'STRUCT(seconds DOUBLE, cpu_seconds DOUBLE, peak_mb BIGINT, declared_mb BIGINT)', set_hash: 'VARCHAR'
}"""


def write_summary(results: Path, out: Path, columns: Collection[str] = tuple(SUMMARY)) -> None:
    """Write a tab-separated table with a row per finished job, in the order of libraries and transforms.

    Args:
        results: the results folder.
        out: the table.
        columns: those of ``SUMMARY`` to write; an earlier version wrote fewer.

    Raises:
        UserError: the statistics of a job are damaged, or the disk does not take the table.
    """
    stats = Results(results).find(Results(results).stats("*", "*"))
    with whole_or_absent(out) as temporary, writing(out), temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        for path in stats:
            try:
                record = {**_LATER, **json.loads(path.read_text(encoding="utf-8"))}
                writer.writerow([reduce(getitem, SUMMARY[name], record) for name in columns])
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    "the statistics of a job are damaged",
                    where=path,
                    value=str(error) or None,
                    allowed="a JSON object as the job's merge left it",
                    fix="remove the file and run again: the job's merge makes it anew",
                ) from error


def write_catalog(results: Path, summary: Path, out: Path, *, memory_mb: int) -> None:
    """Write a DuckDB database of views over all results. Its paths are absolute, so that it opens from any folder.

    The views are ``molecules``, ``products`` (with the parent's SMILES and lineage), ``rejects``, ``libraries``,
    ``jobs`` and ``audit``. Molecules and products also have the extra columns of the input file that their natural
    product, or input molecule, comes from.

    It is opened again and each view is asked before it has its name.

    Raises:
        UserError: the disk does not take the catalog, or it cannot be made or read back.
    """
    results = results.resolve()
    settings = memory_settings(memory_mb)
    with whole_or_absent(out) as temporary:
        try:
            with writing(out):
                with duckdb.connect(str(temporary), config={**settings, **_STORAGE}) as connection:
                    for name, query in _views(connection, results, summary.resolve()).items():
                        connection.execute(f"CREATE VIEW {name} AS {query}")
                    connection.execute("CHECKPOINT")  # closing alone does not say that the disk is full
                _wal(temporary).unlink(missing_ok=True)
                with duckdb.connect(str(temporary), config=settings, read_only=True) as connection:
                    for name in VIEWS:
                        connection.execute(f"SELECT * FROM {name} LIMIT 0").fetchall()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise UserError(
                "the catalog cannot be made, or not be read back",
                where=out,
                value=str(error).splitlines()[0],
                fix="run again; python -m halogenator verify names damaged files, if there are any",
            ) from error
        finally:
            _wal(temporary).unlink(missing_ok=True)
        _wal(out).unlink(missing_ok=True)  # another program's changes of the catalog that is replaced


def _wal(database: Path) -> Path:
    """Return where DuckDB keeps changes of a database that are not in its file yet."""
    return database.with_name(f"{database.name}.wal")


def create_views(connection: duckdb.DuckDBPyConnection, results: Path) -> None:
    """Create the catalog's views in a session: ``libraries`` only if there are any.

    Without a summary, which a run removes before it writes another, ``jobs`` has what their statistics say now.
    """
    results = results.resolve()
    places = Results(results)
    has_libraries, has_summary = bool(places.find(places.stats("*"))), places.summary.exists()
    with TemporaryDirectory() as folder:
        summary = places.summary
        if not has_summary:
            summary = Path(folder) / summary.name
            write_summary(results, summary)
        for name, query in _views(connection, results, summary).items():
            if name != "libraries" or has_libraries:
                kind = "TABLE" if name == "jobs" and not has_summary else "VIEW"
                connection.execute(f"CREATE TEMP {kind} {name} AS {query}")


def _views(connection: duckdb.DuckDBPyConnection, results: Path, summary: Path) -> dict[str, str]:
    """Return {view: its query}."""
    places = Results(results)
    table = partial(tree_query, connection, results)
    molecules, extra = molecules_query(connection, results)
    products = table([places.products("*", "*")], PRODUCTS, ("library", "transform"))
    if any(name.casefold() in SCORES for name in extra):  # a score of products hides a file's column of its name
        made = {name.casefold() for name in connection.sql(products).columns}
        extra = [name for name in extra if name.casefold() not in made]
    rejects = places.rejects("*"), places.rejects("*", "*")
    return {
        "molecules": molecules,
        "products": products_query(results, products, molecules, extra),
        "rejects": table(rejects, REJECTS, ("library", "transform")),
        "libraries": f"""
            SELECT library, class, k, rows_in, molecules, duplicates, rejects, prepared, enhanced_stereo, bytes,
                   usage.seconds, usage.cpu_seconds, usage.peak_mb, usage.declared_mb, set_hash
            FROM read_json({_records(results)}, columns = {_LIBRARY_STATS},
                           maximum_object_size = {STATS_BYTES})
        """,
        "audit": audit_query(results),
        # Types that DuckDB can guess wrong: a transform named T would be a truth value, unknown counts would be text.
        "jobs": f"SELECT * FROM read_csv({_table(summary)}, delim = '\t', header = true, "
        "types = {library: VARCHAR, transform: VARCHAR, rows_in: BIGINT, matched: BIGINT})",
    }


def _records(results: Path) -> str:
    """Return SQL for the statistics of all libraries of a results folder, an absolute path."""
    return literal(f"{plain(results)}/{Results(results).stats('*').relative_to(results)}")


def _table(summary: Path) -> str:
    """Return SQL for the file of a summary."""
    return literal(plain(summary))


def check_made(catalog: Path) -> None:
    """Check that a catalog exists.

    Raises:
        UserError: it does not.
    """
    if not catalog.is_file():
        raise UserError(
            "there is no catalog yet", where=catalog, fix="run snakemake --cores all first, or name another"
        )


@contextmanager
def open_catalog(catalog: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that only reads, until the block ends: to the catalog of a results folder, or another database.

    The catalog of a results folder answers for this folder. If it does not, since the results were moved, it is made
    anew. If that cannot be, or a run is just replacing it, the same views are made in memory.

    Raises:
        UserError: there is no catalog, or DuckDB cannot read it.
    """
    results = Results(catalog.resolve().parent)
    try:
        if catalog.resolve() == results.catalog and results.find(results.stats("*")):
            connection = _current(results) or _in_memory(results)
        else:
            check_made(catalog)
            connection = duckdb.connect(str(catalog), read_only=True)
        with connection:
            yield connection
    except (duckdb.Error, FileNotFoundError) as error:
        raise UserError(
            f"DuckDB cannot read this database: {error}",
            where=catalog,
            fix="while a run replaces files, ask again; python -m halogenator verify names damaged files",
        ) from error


def renew_catalog(results: Results) -> None:
    """Make the catalog of a results folder anew if its views are of another folder, or DuckDB cannot open it.

    It keeps its date, so that the report made from it does not count as older. A catalog that is absent, in use by
    another program, or holds more than our views stays as it is.
    """
    if connection := _current(Results(results.folder.resolve())):
        connection.close()


def _current(results: Results) -> duckdb.DuckDBPyConnection | None:
    """Return a connection to a folder's catalog, made anew if need be; None if it does not answer for the folder."""
    connection, stale = _look(results)
    if stale:
        with suppress(OSError, UserError, duckdb.Error):  # such as a folder that is only to be read
            made = results.catalog.stat().st_mtime_ns
            write_catalog(results.folder, results.summary, results.catalog, memory_mb=_RENEWAL_MB)
            os.utime(results.catalog, ns=(made, made))
            connection, _ = _look(results)
    return connection


def _look(results: Results) -> tuple[duckdb.DuckDBPyConnection | None, bool]:
    """Return a connection to a catalog if it answers for its folder, and whether it is to be made anew."""
    try:
        connection = duckdb.connect(str(results.catalog), read_only=True)
        views = dict(connection.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall())
        tables = scalar(connection, "SELECT count(*) FROM duckdb_tables() WHERE NOT internal")
    except duckdb.Error as error:
        # Of a catalog that another program writes into, DuckDB says that it could not set a lock on the file.
        return None, results.catalog.exists() and "lock on file" not in str(error)
    only_ours = not tables and views.keys() <= set(VIEWS)
    stands = _records(results.folder) in views.get("libraries", "") and _table(results.summary) in views.get("jobs", "")
    if stands and results.summary.exists() and not (only_ours and _wal(results.catalog).exists()):
        return connection, False
    connection.close()
    return None, only_ours


def _in_memory(results: Results) -> duckdb.DuckDBPyConnection:
    """Return a connection to the catalog's views of a results folder, without a file."""
    connection = duckdb.connect()
    create_views(connection, results.folder)
    return connection


def show_query(catalog: Path, sql: str, rows: int) -> None:
    """Print the first rows of a query's result as a text table, and the number of all rows if there are more.

    Raises:
        UserError: there is no catalog, or DuckDB does not take the query.
    """
    with open_catalog(catalog) as connection:
        try:
            relation = connection.sql(sql)
            if relation is None:
                return
            more = len(relation.limit(rows + 1).fetchall()) > rows
            # With max_rows just as large as the table, DuckDB would leave out rows in the middle.
            relation.limit(rows).show(max_rows=rows + 20)
            if more:
                count = relation.aggregate("count(*)").fetchall()[0][0]
                print(f"the first {rows:,} of {count:,} rows; more with --rows {min(count, 10 * rows or 1)}")
        except duckdb.Error as error:
            raise UserError(f"DuckDB does not take this query: {error}", value=sql) from error
