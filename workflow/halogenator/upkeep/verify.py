"""The verification of Parquet files: each is whole, has the columns of its kind, and is the one that was written.

Statistics, the summary and manifests of exports are looked at too, and named if they are damaged.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.enhanced_stereo import read_cxsmiles
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.chemistry.scores import SCORES
from halogenator.errors import UserError
from halogenator.planning.sample import sampled
from halogenator.process.guard import is_refusal
from halogenator.process.progress import Progress
from halogenator.results import (
    APPLY_STATS_FILE,
    MOLECULES_FILE,
    PRODUCTS_FILE,
    REJECTS_FILE,
    STATS_FOLDER,
    WORK_FOLDER,
    Results,
    place_of,
)
from halogenator.tables.columns import (
    INCHIKEY,
    LIBRARY,
    PRODUCTS,
    REJECTS,
    STEPS,
    Column,
    descriptor_columns,
    score_columns,
)
from halogenator.tables.configurations import wrong_configuration
from halogenator.tables.duck import connect, identifier, literal, plain
from halogenator.tables.duplicates import find_duplicates
from halogenator.tables.file_columns import extra_names
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import limit_arrow_threads, open_strictly, row_batches
from halogenator.tables.seal import wrong_bytes
from halogenator.tables.statistics import Statistics, damage
from halogenator.upkeep.mend import changed_files, damaged_manifest, damaged_summary

SAMPLE_ROWS = 1_000
_BATCH_ROWS = 4_096
_SHOWN = 80


@dataclass(frozen=True)
class Verdict:
    """The result of checking a file.

    Attributes:
        path: the file.
        state: "ok", "ok, no record" (whole, but no statistics say what it should be), "BAD", or "skip".
        detail: its rows, or the reason.
    """

    path: Path
    state: str
    detail: str


@dataclass(frozen=True)
class _Kind:
    """A kind of file.

    Attributes:
        columns: columns that it must have.
        optional: columns that it may have.
        keys: columns without nulls and without equal values.
        counts_sites: whether it may have columns of site counts.
    """

    columns: tuple[Column, ...]
    optional: tuple[Column, ...] = ()
    keys: tuple[str, ...] = ()
    counts_sites: bool = False


class _BadError(Exception):
    """Something is wrong with a file; its text says what."""


_COMPUTED = (*descriptor_columns(list(DESCRIPTORS)), *score_columns(list(SCORES)))
_KINDS = {
    MOLECULES_FILE: _Kind(LIBRARY, (STEPS, *_COMPUTED), ("id", "smiles"), counts_sites=True),
    PRODUCTS_FILE: _Kind(PRODUCTS, (*_COMPUTED, INCHIKEY), ("smiles",)),
    REJECTS_FILE: _Kind(REJECTS),
}


def verify_files(
    paths: Sequence[Path], *, every_row: bool, mem_mb: int, scratch: Path, shown: Progress
) -> Iterator[Verdict]:
    """Check every Parquet file at or below paths, and yield a verdict for each, in order of names.

    These are checked: the footer and the columns; the number of rows against the footer and the statistics; all bytes
    against the seal and the statistics; every page; that keys are unique and not null; that RDKit reads the SMILES.
    Files in the statistics that are missing are found as well. Files of running tasks have other names or are in
    ``WORK_FOLDER``, which is skipped unless it is one of ``paths``. A file that is replaced meanwhile is skipped.

    Args:
        paths: files and folders.
        every_row: read all SMILES with RDKit, not only ``SAMPLE_ROWS`` of a file.
        mem_mb: memory to stay below, in MB (10^6 bytes), for files of any size.
        scratch: folder for data that do not fit into memory.
        shown: a display of the progress.

    Raises:
        UserError: a path does not exist, or the memory is too little.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UserError("there is nothing to verify", where=path, fix="give a file or a folder that exists")
    limit_arrow_threads()
    quiet()
    with connect(mem_mb, scratch) as connection:
        all_found = list(itertools.chain.from_iterable(map(_walk, paths)))
        shown.begin("files", len(all_found), unit="file")
        for found in all_found:
            if isinstance(found, Verdict):
                yield found
            elif found.suffix in (".json", ".tsv"):
                yield from _verify_record(found)
            else:
                yield _verdict(found, connection, every_row=every_row, mem_mb=mem_mb)
            shown.advance()


def _walk(path: Path) -> Iterator[Path | Verdict]:
    """Yield Parquet files and statistics, and verdicts on folders that are skipped or cannot be read."""
    if not path.is_dir():
        yield path
        return
    closed: list[OSError] = []
    for name, folders, files in os.walk(path, onerror=closed.append):
        if WORK_FOLDER in folders:
            yield Verdict(Path(name, WORK_FOLDER), "skip", "tasks' own files, which come and go")
        folders[:] = sorted(folder for folder in folders if folder != WORK_FOLDER and not folder.startswith("."))
        for file in sorted(files):
            path = Path(name, file)
            if file.endswith(".parquet") or _checker(path):
                yield path
    for error in closed:
        yield Verdict(Path(error.filename), "BAD", f"cannot be entered: {error.strerror}")


def _checker(path: Path) -> Callable[[Path], str | None] | None:
    """Return the function that says what is wrong with a file that records results; None for other files."""
    path = path.absolute()
    folder = path.parent
    if path.suffix == ".tsv" and path.name == Results(folder).summary.name and (folder / STATS_FOLDER).is_dir():
        return damaged_summary
    if path.suffix != ".json":
        return None
    if place_of(path):
        return damage
    if folder == Results(folder.parents[1]).configuration("").parent:
        return wrong_configuration
    if folder.parent.name == "exports" and path.name.startswith(f"{folder.name}."):
        return damaged_manifest
    is_of_apply = any(path.with_name(name).exists() for name in (PRODUCTS_FILE, REJECTS_FILE))
    return damage if path.name == APPLY_STATS_FILE and is_of_apply else None


def _verify_record(path: Path) -> Iterator[Verdict]:
    """Yield a verdict if such a file is damaged, and one for each missing or changed file that only it records."""
    before, check = _stamp(path), _checker(path)
    problem = check(path) if check else None
    if _stamp(path) != before:
        yield Verdict(path, "skip", "replaced or removed while it was read")
    elif check is damaged_summary and _is_outdated(path):
        yield Verdict(path, "skip", "older than statistics; the next run makes it again")
    elif problem:
        yield Verdict(path, "BAD", problem)
    elif check is damaged_manifest:
        yield from (Verdict(file, "BAD", what) for file, what in changed_files(path))
    elif check is damage and (found := Statistics.read(path)):
        missing = (file for file in found.files if not file.exists())
        yield from (Verdict(file, "BAD", f"missing, though {path} records it") for file in missing)


def _is_outdated(summary: Path) -> bool:
    """Return whether statistics are newer than the summary, as during a run and after one that was killed."""
    results = Results(summary.parent)
    made = summary.stat().st_mtime_ns
    return any(path.stat().st_mtime_ns > made for path in results.find(results.stats("*", "*")))


def _verdict(path: Path, connection: duckdb.DuckDBPyConnection, *, every_row: bool, mem_mb: int) -> Verdict:
    before = _stamp(path)
    record = Statistics.of(path)
    try:
        rows = _check(path, record, connection, every_row=every_row)
    except (_BadError, pa.ArrowException, duckdb.Error, OSError, ValueError) as error:
        if is_refusal(error):
            raise UserError(f"this takes more memory than {mem_mb} MB", where=path, fix="raise --mem-mb") from error
        if before is not None and _stamp(path) != before:
            return Verdict(path, "skip", "replaced or removed while it was read")
        return Verdict(path, "BAD", (str(error).splitlines() or [type(error).__name__])[0])
    return Verdict(path, "ok" if record and path.name in record.checksums else "ok, no record", str(rows))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return values that change when a file is replaced; None if it cannot be found."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check(path: Path, record: Statistics | None, connection: duckdb.DuckDBPyConnection, *, every_row: bool) -> int:
    """Check a file and return its number of rows.

    Raises:
        _BadError: something is wrong with it. Libraries that read it may raise other exceptions.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise _BadError("not a regular file")
    if not path.stat().st_size:
        raise _BadError("empty")
    kind = _KINDS.get(path.name)
    with open_strictly(path) as file:
        if kind:
            _check_columns(file.schema_arrow, kind, extra_names(read_metadata(path)))
            _check_place(path)
        rows = _check_count(file, path.name, record)
        recorded = record.checksums.get(path.name) if record else None
        if problem := wrong_bytes(path, recorded):
            raise _BadError(f"{problem}{f': another checksum than in {record.path}' if record and recorded else ''}")
        keys = kind.keys if kind else ()
        _check_rows(file, keys, rows if every_row else SAMPLE_ROWS)
    for key in keys if rows else ():
        _check_key(path, key, connection)
    return rows


def _check_columns(schema: pa.Schema, kind: _Kind, extra: Sequence[str]) -> None:
    """Check names and types of columns; ``extra``: names of extra columns, which may have any type."""
    for column in kind.columns:
        if column.name not in schema.names:
            raise _BadError(f"no column {column.name}")
    known = {column.name: column.type for column in (*kind.columns, *kind.optional)}
    for field in schema:
        if field.name in extra and (field.name not in known or field.name in SCORES):
            continue
        expected = known.get(field.name)
        if expected is None and kind.counts_sites and field.name.startswith("sites_"):
            expected = pa.int32()
        if expected is None:
            raise _BadError(f"a column {field.name}, which such a file does not have")
        if field.type != expected:
            raise _BadError(f"column {field.name} is {field.type}, not {expected}")


def _check_place(path: Path) -> None:
    """Check that the library and the transform in the file's metadata are those of its folders."""
    place, metadata = place_of(path), read_metadata(path)
    if place is None:
        return
    for name, expected in zip(("library", "transform"), place[1:], strict=True):
        if expected is not None and name in metadata and metadata[name] != expected:
            raise _BadError(f"made for {name} {metadata[name]}, not for {expected}")


def _check_count(file: pq.ParquetFile, name: str, record: Statistics | None) -> int:
    """Check the number of rows in the footer, and return it."""
    rows = int(file.metadata.num_rows)
    grouped = sum(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    if grouped != rows:
        raise _BadError(f"its footer says {rows} rows, and {grouped} are in its row groups")
    if record and record.rows.get(name, rows) != rows:
        raise _BadError(f"{rows} rows, where {record.path} records {record.rows[name]}")
    return rows


def _check_rows(file: pq.ParquetFile, keys: Sequence[str], sample: int) -> None:
    """Read all of a file in batches, and the SMILES of some of its rows with RDKit."""
    rows = file.metadata.num_rows
    row = 0
    for batch in row_batches(file, _BATCH_ROWS):
        for key in keys:
            if batch.column(key).null_count:
                raise _BadError(f"a row without {key}, from row {row + 1} on")
        for at in sampled(rows, sample, row, row + batch.num_rows) if keys else ():
            smiles, stereo = (batch.column(name)[at - row].as_py() for name in ("smiles", "enhanced_stereo"))
            _check_smiles(smiles, stereo, at + 1)
        row += batch.num_rows
    if row != rows:
        raise _BadError(f"its footer says {rows} rows, and {row} can be read")


def _check_smiles(text: str, stereo: str | None, row: int) -> None:
    try:
        if read_cxsmiles(text, stereo).GetNumAtoms():
            return
    except RejectError:
        pass
    said = text if stereo is None else f"{text[:_SHOWN]} |{stereo}|"
    raise _BadError(f"row {row}: RDKit cannot read {said[:_SHOWN]!r}")


def _check_key(path: Path, key: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Check that no two rows have the same key."""
    rows = f"""(
        SELECT {identifier(key)}, enhanced_stereo, n_routes, file_row_number AS position
        FROM read_parquet({literal(plain(path))}, file_row_number = true, hive_partitioning = false)
    )"""
    repeats = find_duplicates(connection, key, "key", rows)
    query = "SELECT keeper + 1, position + 1 FROM key_dropped ORDER BY position LIMIT 1"
    found = connection.execute(query).fetchall()
    connection.execute("DROP TABLE key_dropped; DROP TABLE key_kept")
    if repeats:
        raise _BadError("rows {} and {} have the same {}".format(*found[0], key))
