"""Every Parquet file below a path: is it whole, of its kind, and the one that was written?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from halogenator.chemistry.enhanced import read
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.errors import UserError
from halogenator.planning.spread import sampled
from halogenator.results import (
    MOLECULES_FILE,
    PRODUCTS_FILE,
    REJECTS_FILE,
    STATS_FOLDER,
    WORK_FOLDER,
    place_of,
)
from halogenator.storage.checksum import sha256
from halogenator.storage.columns import names_in
from halogenator.storage.duck import connect, find_duplicates, number_routes
from halogenator.storage.parquet import limit_arrow_threads
from halogenator.storage.records import Record, read_record, record_of, recorded_files
from halogenator.storage.schema import INCHIKEY, LIBRARY, PRODUCTS, REJECTS, Column, descriptor_columns, read_metadata

SAMPLE_ROWS = 1_000
_BATCH_ROWS = 4_096
_READ_BYTES = 1 << 20
_KEPT_BYTES = 8_000_000  # of keys that are compared in memory; most files have fewer, and DuckDB takes 20 ms to start
_SHOWN = 80


@dataclass(frozen=True)
class Verdict:
    """What was found of a file.

    Attributes:
        path: the file.
        state: "ok", "ok, no record" (whole, but nothing says whether its bytes are those written), "BAD", or "skip".
        detail: its rows, or the reason.
    """

    path: Path
    state: str
    detail: str


@dataclass(frozen=True)
class _Kind:
    """What a file of a certain name holds: its first columns, those that may follow, and what no two rows share."""

    columns: tuple[Column, ...]
    optional: tuple[Column, ...] = ()
    keys: tuple[str, ...] = ()
    counts_sites: bool = False


class _BadError(Exception):
    """What is wrong with a file."""


def _kinds() -> dict[str, _Kind]:
    from halogenator.chemistry.descriptors import DESCRIPTORS

    described = descriptor_columns(list(DESCRIPTORS))
    return {
        MOLECULES_FILE: _Kind(LIBRARY, described, ("id", "smiles"), counts_sites=True),
        PRODUCTS_FILE: _Kind(PRODUCTS, (*described, INCHIKEY), ("smiles",)),
        REJECTS_FILE: _Kind(REJECTS),
    }


def verify_files(paths: Sequence[Path], *, every_row: bool, mem_mb: int, scratch: Path) -> Iterator[Verdict]:
    """Check every Parquet file at or below paths, and yield a verdict for each as it is reached, in order of names.

    Checked are the footer, the columns, the number of rows against the footer and the record, the file's bytes against
    the record made when it was written, every page of every row group, that keys are unique and present, and that
    RDKit reads the SMILES. Recorded files that are missing are found as well. What a running task writes has another
    name or stands in ``WORK_FOLDER``, which is passed over unless it is itself a path; a file that is replaced
    meanwhile is skipped.

    Args:
        paths: files and folders.
        every_row: read all SMILES with RDKit, not only ``SAMPLE_ROWS`` of a file.
        mem_mb: memory to stay below, in MB (10^6 bytes), whatever the size of the files.
        scratch: folder for what that cannot hold.

    Raises:
        UserError: a path does not exist, or the memory is too little.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UserError("there is nothing to verify", where=path, fix="give a file or a folder that exists")
    limit_arrow_threads()
    quiet()
    for path in paths:
        for found in _walk(path):
            if isinstance(found, Verdict):
                yield found
            elif found.suffix == ".json":
                yield from _missing(found)
            else:
                yield _verdict(found, every_row=every_row, mem_mb=mem_mb, scratch=scratch)


def _walk(path: Path) -> Iterator[Path | Verdict]:
    """Yield Parquet files, statistics, and verdicts on what is passed over or cannot be entered."""
    if not path.is_dir():
        yield path
        return
    closed: list[OSError] = []
    for name, folders, files in os.walk(path, onerror=closed.append):
        if WORK_FOLDER in folders:
            yield Verdict(Path(name, WORK_FOLDER), "skip", "tasks' own files, which come and go")
        folders[:] = sorted(folder for folder in folders if folder != WORK_FOLDER and not folder.startswith("."))
        for file in sorted(files):
            if file.endswith(".parquet") or (file.endswith(".json") and f"/{STATS_FOLDER}/" in f"{name}/"):
                yield Path(name, file)
    for error in closed:
        yield Verdict(Path(error.filename), "BAD", f"cannot be entered: {error.strerror}")


def _missing(stats: Path) -> Iterator[Verdict]:
    """Yield a verdict for each file that statistics record and that is not there."""
    for path in recorded_files(stats):
        if not path.exists() and read_record(stats) is not None:
            yield Verdict(path, "BAD", f"missing, though {stats} records it")


def _verdict(path: Path, *, every_row: bool, mem_mb: int, scratch: Path) -> Verdict:
    before = _stamp(path)
    record = record_of(path)
    try:
        rows = _check(path, record, every_row=every_row, mem_mb=mem_mb, scratch=scratch)
    except (_BadError, pa.ArrowException, duckdb.Error, OSError, ValueError) as error:
        if isinstance(error, duckdb.OutOfMemoryException):
            raise UserError(f"DuckDB needs more memory than {mem_mb} MB", where=path, fix="raise --mem-mb") from error
        if before is not None and _stamp(path) != before:
            return Verdict(path, "skip", "replaced or removed while it was read")
        return Verdict(path, "BAD", (str(error).splitlines() or [type(error).__name__])[0])
    return Verdict(path, "ok" if record and path.name in record.checksums else "ok, no record", str(rows))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check(path: Path, record: Record | None, *, every_row: bool, mem_mb: int, scratch: Path) -> int:
    """Return how many rows a file has.

    Raises:
        _BadError: something is wrong with it; or another exception of what reads it.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise _BadError("not a regular file")
    if not path.stat().st_size:
        raise _BadError("empty")
    kind = _kinds().get(path.name)
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES, page_checksum_verification=True) as file:
        if kind:
            _check_columns(file.schema_arrow, kind, names_in(read_metadata(path)))
            _check_place(path)
        rows = _check_count(file, path.name, record)
        if record and path.name in record.checksums and sha256(path) != record.checksums[path.name]:
            raise _BadError(f"its bytes are not those that were written: another SHA-256 than in {record.path}")
        keys = _check_rows(file, kind, rows if every_row else SAMPLE_ROWS)
    if keys is not None:
        _check_few_keys(keys)
    elif kind and kind.keys and rows:
        _check_keys(path, kind.keys, mem_mb, scratch)
    return rows


def _check_columns(schema: pa.Schema, kind: _Kind, along: Sequence[str]) -> None:
    for column in kind.columns:
        if column.name not in schema.names:
            raise _BadError(f"no column {column.name}")
    known = {column.name: column.type for column in (*kind.columns, *kind.optional)}
    for field in schema:
        if field.name in along and field.name not in known:
            continue
        expected = known.get(field.name)
        if expected is None and kind.counts_sites and field.name.startswith("sites_"):
            expected = pa.int32()
        if expected is None:
            raise _BadError(f"a column {field.name}, which such a file does not have")
        if field.type != expected:
            raise _BadError(f"column {field.name} is {field.type}, not {expected}")


def _check_place(path: Path) -> None:
    """Compare the names in the file's metadata with those of its folders."""
    place, note = place_of(path), read_metadata(path)
    if place is None:
        return
    for name, expected in zip(("library", "transform"), place[1:], strict=True):
        if expected is not None and name in note and note[name] != expected:
            raise _BadError(f"made for {name} {note[name]}, not for {expected}")


def _check_count(file: pq.ParquetFile, name: str, record: Record | None) -> int:
    rows = int(file.metadata.num_rows)
    grouped = sum(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    if grouped != rows:
        raise _BadError(f"its footer says {rows} rows, and {grouped} are in its row groups")
    if record and record.rows.get(name, rows) != rows:
        raise _BadError(f"{rows} rows, where {record.path} records {record.rows[name]}")
    return rows


def _check_rows(file: pq.ParquetFile, kind: _Kind | None, sample: int) -> dict[str, list[pa.Array]] | None:
    """Read all that is in a file, a batch at a time, and the SMILES of some of its rows with RDKit.

    Returns:
        {key: its values}; None if they are more than ``_KEPT_BYTES``.
    """
    keys = kind.keys if kind else ()
    kept: dict[str, list[pa.Array]] | None = {key: [] for key in keys}
    size = 0
    rows = file.metadata.num_rows
    row = 0
    for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
        for key in keys:
            values = batch.column(key)
            if values.null_count:
                raise _BadError(f"a row without {key}, from row {row + 1} on")
            if key == "smiles" and batch.column("enhanced_stereo").null_count < batch.num_rows:
                values = _with_stereo(values, batch.column("enhanced_stereo"))
            size += values.nbytes
            if size > _KEPT_BYTES:
                kept = None
            if kept is not None:
                kept[key].append(values)
        if keys:
            for at in sampled(rows, sample, row, row + batch.num_rows):
                smiles, stereo = batch.column("smiles")[at - row].as_py(), batch.column("enhanced_stereo")[at - row]
                _check_smiles(smiles, stereo.as_py(), at + 1)
        row += batch.num_rows
    if row != rows:
        raise _BadError(f"its footer says {rows} rows, and {row} can be read")
    return kept


def _with_stereo(smiles: pa.Array, stereo: pa.Array) -> pa.Array:
    """Return what tells molecules apart, as ``storage.duck.identity`` does."""
    said = pc.binary_join_element_wise(smiles, pa.scalar(" |"), stereo, pa.scalar("|"), "")
    return pc.if_else(pc.is_null(stereo), smiles, said)


def _check_smiles(text: str, stereo: str | None, row: int) -> None:
    try:
        if read(text, stereo).GetNumAtoms():
            return
    except RejectError:
        pass
    said = text if stereo is None else f"{text[:_SHOWN]} |{stereo}|"
    raise _BadError(f"row {row}: RDKit cannot read {said[:_SHOWN]!r}")


def _check_few_keys(keys: dict[str, list[pa.Array]]) -> None:
    for key, arrays in keys.items():
        seen: dict[str, int] = {}
        values = (value for array in arrays for value in array.to_pylist())
        for row, value in enumerate(values, 1):
            first = seen.setdefault(value, row)
            if first != row:
                raise _repeated(key, first, row)


def _repeated(key: str, first: int, again: int) -> _BadError:
    return _BadError(f"rows {first} and {again} have the same {key}")


def _check_keys(path: Path, keys: Sequence[str], mem_mb: int, scratch: Path) -> None:
    with connect(mem_mb, scratch) as connection:
        number_routes(connection, [path])
        for key in keys:
            if find_duplicates(connection, key, key):
                query = f"SELECT keeper + 1, position + 1 FROM {key}_dropped ORDER BY position LIMIT 1"
                first, again = connection.execute(query).fetchall()[0]
                raise _repeated(key, first, again)
