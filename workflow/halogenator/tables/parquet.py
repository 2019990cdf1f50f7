"""Parquet files that are whole or absent, written in batches of bounded size."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.process.failures import writing
from halogenator.tables.columns import Column, arrow_schema
from halogenator.tables.metadata import METADATA_KEY
from halogenator.tables.seal import BLANK, SEAL_KEY, seal

COMPRESSION = "zstd"
COMPRESSION_LEVEL = 3

# Bytes of values that a writer holds before it makes them a row group. It bounds the memory of every streaming stage,
# so it counts bytes: a count of rows would let one batch of giant molecules break the bound.
BATCH_BYTES = 8_000_000
_VALUE_BYTES = 32  # what a Python number in a list costs, pointer included
_STRING_BYTES = 57  # the same for an empty string
_PLAIN = frozenset({int, float, bool, type(None)})

# Columns from which on a row group is as large as they need: each has some hundred bytes in the footer for every one.
_MANY_COLUMNS = 150
_FEW_COLUMNS = 50
_COLUMN_BYTES = 40_000
_GROUP_BYTES = 32_000_000

_MAKE_ANEW = "delete it and run again; whatever made it will make it anew"


def limit_arrow_threads() -> None:
    """Make Arrow work on the calling thread alone: a task's memory and CPU are then what its rule declares."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


@contextmanager
def whole_or_absent(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; on success it becomes ``path`` at once, on any error it is removed.

    The name ends in this process's id, so that a process orphaned by a crash can never write into its successor's file.
    What such a process left here is removed first; should it still run, it fails to rename what is no longer there.

    Raises:
        UserError: if the disk does not take the file.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for abandoned in path.parent.glob(f"{glob.escape(path.name)}.tmp.*"):
            abandoned.unlink(missing_ok=True)
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        yield temporary
        with writing(path):
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class TableWriter:
    """Collects rows as columns and writes a row group whenever ``BATCH_BYTES`` are full.

    Attributes:
        columns: one list a column; ``append`` adds to each, and callers may change values of rows not yet written.
        written: rows in row groups so far.
        seal: the checksum in the footer, once the file is closed.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.columns: list[list[Any]] = [[] for _ in schema]
        self.written = 0
        self.seal = ""
        self._held: list[pa.RecordBatch] = []
        self._bytes = 0
        self._held_bytes = 0
        self._row_bytes = _VALUE_BYTES * len(schema)
        many = len(schema) > _MANY_COLUMNS
        self._group_bytes = min(max(BATCH_BYTES, _COLUMN_BYTES * len(schema)), _GROUP_BYTES) if many else 0
        with writing(path):
            self._writer = pq.ParquetWriter(
                path,
                self.schema,
                compression=COMPRESSION,
                compression_level=COMPRESSION_LEVEL,
                version="2.6",
                write_page_checksum=True,
            )

    def append(self, *values: Any) -> bool:
        """Add a row. Returns whether that filled the batch, whose rows can then not be changed any more."""
        for column, value in zip(self.columns, values, strict=True):
            column.append(value)
            if type(value) is str:
                self._bytes += _STRING_BYTES + len(value)
            elif type(value) not in _PLAIN:
                self._bytes += _bytes_of(value)
        self._bytes += self._row_bytes
        if self._bytes < BATCH_BYTES:
            return False
        self._hold()
        if self._held_bytes >= self._group_bytes:
            self.flush()
        return True

    def copy(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Add batches that have the schema's columns, in any order and among others."""
        for batch in batches:
            batch = batch.select(self.schema.names).cast(self.schema)
            self._held.append(batch)
            self._held_bytes += batch.nbytes
            if self._held_bytes >= max(BATCH_BYTES, self._group_bytes):
                self.flush()

    @property
    def total(self) -> int:
        """Rows written or held so far."""
        return self.written + len(self.columns[0]) + int(sum(batch.num_rows for batch in self._held))

    def _hold(self) -> None:
        """Make a batch of the rows that are Python values: as such they take many times its memory."""
        if self.columns[0]:
            typed = zip(self.columns, self.schema.types, strict=True)
            arrays = [pa.array(values, type=kind) for values, kind in typed]
            self._held.append(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
            self._held_bytes += self._held[-1].nbytes
        self.columns = [[] for _ in self.columns]
        self._bytes = 0

    def flush(self) -> None:
        """Write the rows collected so far as a row group."""
        self._hold()
        count = sum(batch.num_rows for batch in self._held)
        if count:
            table = pa.Table.from_batches(self._held, schema=self.schema)
            with writing(self.path):
                self._writer.write_table(table, row_group_size=count)
        self.written += count
        self._held = []
        self._held_bytes = 0

    def close(self, metadata: Mapping[str, object]) -> None:
        """Write what is left and the footer, with ``metadata`` as JSON under ``METADATA_KEY``."""
        self.flush()
        self._writer.add_key_value_metadata({METADATA_KEY: json.dumps(metadata), SEAL_KEY: BLANK})
        with writing(self.path):
            self._writer.close()
            self.seal = seal(self.path)

    def abandon(self) -> None:
        """Close the file, whatever it holds."""
        with suppress(OSError, pa.ArrowException):  # a full disk refuses the footer as well
            self._writer.close()


def _bytes_of(value: Any) -> int:
    """Return about how many bytes a value that is neither number nor text takes, without its place in a list."""
    if isinstance(value, str | bytes):
        return _STRING_BYTES + len(value)
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple):
        return _STRING_BYTES + sum(_VALUE_BYTES + _bytes_of(part) for part in value)
    return _STRING_BYTES


@contextmanager
def table_writer(
    path: Path, columns: Sequence[Column] | pa.Schema, metadata: Mapping[str, object]
) -> Iterator[TableWriter]:
    """Give a writer whose file appears at ``path``, verified, when the block ends without error.

    Args:
        path: where the file will be.
        columns: its columns, or its schema.
        metadata: recorded in its footer; read when the block ends, so the block may still fill it.
    """
    with whole_or_absent(path) as temporary:
        schema = columns if isinstance(columns, pa.Schema) else arrow_schema(columns)
        writer = TableWriter(temporary, schema.remove_metadata())
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.close(metadata)
        verify(temporary, rows=writer.written)


def verify(path: Path, *, rows: int) -> None:
    """Check that a file just written has a readable footer that counts the rows that were written.

    Raises:
        OSError: if it has not, which means that the disk or the file system lost something.
    """
    try:
        found = pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise OSError(f"{path} cannot be read back after writing: {error}") from error
    if found != rows:
        raise OSError(f"{path} holds {found:,} rows after writing {rows:,}")


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file for streaming.

    Raises:
        UserError: if it is not a whole Parquet file.
    """
    try:
        return _CheckedFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(
            "not a whole Parquet file", where=path, value=str(error).splitlines()[0], fix=_MAKE_ANEW
        ) from error


class _CheckedFile(pq.ParquetFile):  # type: ignore[misc]
    """A Parquet file whose pages are checked as they are read, and that says its name where one is damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, pre_buffer=False, page_checksum_verification=True)
        self._path = path

    def iter_batches(self, *arguments: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        with _reading(self._path):
            yield from super().iter_batches(*arguments, **options)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a damaged page into words.

    Raises:
        UserError: instead of Arrow's exception.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, pa.ArrowMemoryError):
            raise
        raise UserError(
            "a Parquet file is damaged", where=path, value=str(error).splitlines()[0], fix=_MAKE_ANEW
        ) from error


def read_rows(
    file: pq.ParquetFile, columns: Sequence[str], start: int, stop: int, batch_rows: int = 4096
) -> Iterator[pa.RecordBatch]:
    """Yield rows ``start`` to ``stop`` (exclusive) in batches, touching only the row groups that hold them.

    The batches of very many columns have fewer rows than ``batch_rows``.
    """
    batch_rows = min(batch_rows, max(64, batch_rows * _FEW_COLUMNS // max(len(columns), 1)))
    first = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        last = first + count
        if first < stop and last > start:
            offset = first
            for batch in file.iter_batches(batch_rows, row_groups=[group], columns=list(columns), use_threads=False):
                begin, end = max(start - offset, 0), min(stop - offset, batch.num_rows)
                if begin < end:
                    yield batch.slice(begin, end - begin)
                offset += batch.num_rows
        first = last
