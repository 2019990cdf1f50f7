"""Parquet files: written in batches of bounded size, whole or absent, and read with a check of every page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.process.durable import sync_folders
from halogenator.process.failures import writing
from halogenator.process.ownership import abandoned, unfinished
from halogenator.tables.columns import Column, arrow_schema
from halogenator.tables.metadata import METADATA_KEY, Footer, read_footer
from halogenator.tables.seal import BLANK, SEAL_KEY, seal

COMPRESSION = "zstd"
COMPRESSION_LEVEL = 3

# Bytes of Python values that a writer collects before it makes them a batch. This bounds the memory of every streaming
# task. Bytes and not rows are counted, since a batch of giant molecules would break a bound on rows. A batch is written
# as a row group (a few, if there are many columns), so that whoever reads a row group at a time is bounded as well:
# ``read_rows``, ``row_batches``, and DuckDB, whose vectors of 2,048 rows end where a row group ends.
BATCH_BYTES = 8_000_000
_VALUE_BYTES = 32  # memory of a Python number in a list, pointer included
_STRING_BYTES = 57  # the same of an empty string
_ROW_BYTES = 64  # of a list, without its entries

# The footer has some hundred bytes per column and row group. So tables with many columns get larger row groups: this
# many bytes a column, up to a maximum.
_MANY_COLUMNS = 150
_COLUMN_BYTES = 40_000
_GROUP_BYTES = 32_000_000

_FEW_COLUMNS = 50  # with more columns than these, fewer rows are read at a time

_READ_BYTES = 1 << 20
_MAKE_ANEW = "if a run made it, delete it and run again; if not, name a whole Parquet file"


def limit_arrow_threads() -> None:
    """Make Arrow work in the calling thread only, so that a task uses no more CPU than its rule declares."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


@contextmanager
def whole_or_absent(path: Path, note: Callable[[Path], None] | None = None, *, lasting: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path``. On success the file is renamed to ``path``, on an error it is removed.

    After success, neither its content nor its name is lost with the power, unless it is not ``lasting``: made for the
    time of a task.

    The temporary name has the process id, so that an orphan of a crashed run never writes into the file of the next
    run. The orphan's own file is removed first; if the orphan still runs, it fails when it renames its file. Files
    whose names only look temporary stay. ``note`` is called with the finished temporary file, before it is renamed.

    Raises:
        UserError: the disk does not take the file.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for orphan in list(abandoned(path)):
            orphan.unlink(missing_ok=True)
    temporary = unfinished(path, os.getpid())
    try:
        yield temporary
        with writing(path):
            if lasting:
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
            if note:
                note(temporary)
            temporary.replace(path)
            if lasting:
                sync_folders(path)
    finally:
        with suppress(OSError):  # what stays is removed by the next run
            temporary.unlink(missing_ok=True)


class TableWriter:
    """A writer that collects rows and writes a row group when ``BATCH_BYTES`` are full.

    Attributes:
        path: the file.
        schema: its columns.
        rows: the values of rows that are not in a batch yet. Callers may change them.
        written: rows in row groups so far.
        seal: the checksum in the footer, once the file is closed.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.rows: list[list[Any]] = []
        self.written = 0
        self.seal = ""
        self._bytes = 0  # memory of ``rows``
        self._batches: list[pa.RecordBatch] = []  # of the next row group
        self._batches_bytes = 0
        self._row_bytes = _ROW_BYTES + _VALUE_BYTES * len(schema)
        self._texts = [at for at, kind in enumerate(schema.types) if pa.types.is_string(kind)]
        self._nested = [
            at for at, kind in enumerate(schema.types) if not (pa.types.is_string(kind) or pa.types.is_primitive(kind))
        ]
        many = len(schema) > _MANY_COLUMNS
        self._group_bytes = min(max(BATCH_BYTES, _COLUMN_BYTES * len(schema)), _GROUP_BYTES) if many else 0
        with writing(path):
            self._writer = pq.ParquetWriter(
                path,
                schema,
                compression=COMPRESSION,
                compression_level=COMPRESSION_LEVEL,
                version="2.6",
                write_page_checksum=True,
            )

    def append(self, *values: Any) -> bool:
        """Add a row; return whether the batch is full, so that its rows can no longer be changed in ``rows``."""
        return self.extend([[*values]])

    def extend(self, rows: Iterable[list[Any]]) -> bool:
        """Add rows, as ``append`` does."""
        full = False
        for row in rows:
            self.rows.append(row)
            size = self._row_bytes
            for at in self._texts:
                if text := row[at]:
                    size += _STRING_BYTES + len(text)
            for at in self._nested:
                size += _bytes_of(row[at])
            self._bytes += size
            if self._bytes >= BATCH_BYTES:
                full = True
                self._end_batch()
                if self._batches_bytes >= self._group_bytes:
                    self.flush()
        return full

    def copy(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Add batches that have the schema's columns, in any order; other columns are left out."""
        for batch in batches:
            self._add(batch.select(self.schema.names).cast(self.schema))
            if self._batches_bytes >= max(BATCH_BYTES, self._group_bytes):
                self.flush()

    @property
    def total(self) -> int:
        """The number of rows so far, written or not."""
        return self.written + len(self.rows) + int(sum(batch.num_rows for batch in self._batches))

    def _add(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self._batches_bytes += batch.nbytes

    def _end_batch(self) -> None:
        """Turn ``rows`` into a batch, which takes a fraction of their memory."""
        if self.rows:
            columns = zip(*self.rows, strict=True)
            arrays = [pa.array(values, kind) for values, kind in zip(columns, self.schema.types, strict=True)]
            self._add(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
        self.rows = []
        self._bytes = 0

    def flush(self) -> None:
        """Write the rows collected so far as a row group."""
        self._end_batch()
        count = sum(batch.num_rows for batch in self._batches)
        if count:
            table = pa.Table.from_batches(self._batches, schema=self.schema)
            with writing(self.path):
                self._writer.write_table(table, row_group_size=count)
        self.written += count
        self._batches = []
        self._batches_bytes = 0

    def close(self, metadata: Mapping[str, object]) -> None:
        """Write the remaining rows and the footer, with ``metadata`` as JSON under ``METADATA_KEY``."""
        self.flush()
        self._writer.add_key_value_metadata({METADATA_KEY: json.dumps(metadata), SEAL_KEY: BLANK})
        with writing(self.path):
            self._writer.close()
            self.seal = seal(self.path)

    def abandon(self) -> None:
        """Close the unfinished file."""
        with suppress(OSError, pa.ArrowException):  # on a full disk, writing the footer fails as well
            self._writer.close()


def _bytes_of(value: Any) -> int:
    """Return about how many bytes of memory a value takes, without its list entry."""
    if isinstance(value, str | bytes):
        return _STRING_BYTES + len(value)
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple):
        return _STRING_BYTES + sum(_VALUE_BYTES + _bytes_of(part) for part in value)
    return _STRING_BYTES


@contextmanager
def table_writer(
    path: Path,
    columns: Sequence[Column] | pa.Schema,
    metadata: Mapping[str, object],
    note: Callable[[Path], None] | None = None,
    *,
    lasting: bool = True,
) -> Iterator[TableWriter]:
    """Give a writer. Its file appears at ``path``, verified, when the block ends without an error.

    Args:
        path: the file to write.
        columns: its columns, or its schema.
        metadata: for its footer; written when the block ends, so that the block may still add to it.
        note: as for ``whole_or_absent``.
        lasting: likewise.
    """
    with whole_or_absent(path, note, lasting=lasting) as temporary:
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
    """Check that the footer of a file just written can be read and counts ``rows``.

    Raises:
        UserError: it does not: the disk or the file system lost something.
    """
    try:
        found = f"{pq.read_metadata(path).num_rows:,} rows"
    except (pa.ArrowInvalid, OSError) as error:
        found = str(error).splitlines()[0]
    if found != f"{rows:,} rows":
        raise UserError(
            "a file is not as it was written: the disk or its network lost something",
            where=path,
            value=found,
            allowed=f"{rows:,} rows",
            fix="see to the disk, then run again: what is finished stays",
        )


def open_strictly(path: Path) -> pq.ParquetFile:
    """Open a Parquet file of any origin, with a buffer of a megabyte; Arrow's exceptions say what is wrong with it."""
    return pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES, page_checksum_verification=True)


def open_parquet(path: Path, coded: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a Parquet file for streaming.

    Args:
        path: the file.
        coded: columns to read as codes of their distinct values.

    Raises:
        UserError: it is not a whole Parquet file.
    """
    try:
        return _CheckedFile(path, coded)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unusable("not a whole Parquet file", path, error) from error


def footer(path: Path) -> Footer:
    """Return what the footer of a Parquet file says; the file is opened only if it was not, or has changed.

    Raises:
        UserError: it is not a whole Parquet file.
    """
    try:
        return read_footer(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unusable("not a whole Parquet file", path, error) from error


class _CheckedFile(pq.ParquetFile):  # type: ignore[misc]
    """A Parquet file whose pages are checked when they are read; a damaged one is a ``UserError`` with its path."""

    def __init__(self, path: Path, coded: Sequence[str]) -> None:
        super().__init__(path, read_dictionary=list(coded), pre_buffer=False, page_checksum_verification=True)
        self._path = path

    def iter_batches(self, *arguments: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        try:
            yield from super().iter_batches(*arguments, **options)
        except pa.ArrowMemoryError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise _unusable("a Parquet file is damaged", self._path, error) from error


def _unusable(what: str, path: Path, error: Exception) -> UserError:
    return UserError(what, where=path, value=str(error).splitlines()[0], fix=_MAKE_ANEW)


def row_batches(file: pq.ParquetFile, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Yield all rows in batches that end with row groups, which bounds their bytes in a table of this program."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(batch_rows, row_groups=[group], use_threads=False)


def read_rows(
    file: pq.ParquetFile, columns: Sequence[str], start: int, stop: int, batch_rows: int = 4096
) -> Iterator[pa.RecordBatch]:
    """Yield rows ``start`` to ``stop`` (exclusive, from 0) in batches; only the row groups that hold them are read.

    With many columns, the batches have fewer rows than ``batch_rows``.
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
