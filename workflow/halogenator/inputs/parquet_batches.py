"""Batches of a Parquet file of any origin, bounded by the bytes of their rows, and not by their number.

A file of some kilobytes can hold gigabytes: rows that point to one entry of a dictionary, or that compress well. Before
a row group is decoded, its longest row is estimated, from its mean row, its pages and its dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from halogenator.errors import UserError
from halogenator.inputs.arrow_values import is_binary, is_string
from halogenator.inputs.page_sizes import page_sizes
from halogenator.inputs.remote import open_binary

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet as pq

# Without a buffer Arrow reads the whole column of a row group (0.3 GB of 3 M rows, measured).
BUFFERED = {"pre_buffer": False, "buffer_size": 1 << 20}

BATCH_ROWS = 8192
BATCH_BYTES = 8_000_000  # a batch of long rows has fewer of them

# Bytes of a decompressed page, which Arrow holds whole. Writers aim at 1 MB; a page of long SMILES has more.
MAX_PAGE = 100_000_000
PAGE_HEADER_BYTES = 4096  # read of each page to find its size

_FEW_ROWS = 16  # of a batch whose rows cannot be estimated: of lists, or of texts that are stored as differences
_COLUMNS_AT_ONCE = 20  # whose dictionaries are in memory together
AGAIN = "copy, download or write it again"


def read_batches(
    file: pq.ParquetFile, path: Path, columns: Sequence[str], groups: Iterable[int] | None = None
) -> Iterator[pyarrow.RecordBatch]:
    """Yield some columns of a file in batches.

    Args:
        file: the open file.
        path: where it is.
        columns: names of columns, in their order.
        groups: row groups to read; None: all.

    Raises:
        UserError: a page is too large.
    """
    for group in range(file.num_row_groups) if groups is None else groups:
        rows = _rows_at_once(file, path, group, columns)
        yield from file.iter_batches(rows, [group], list(columns), use_threads=False)


def check_pages(file: pq.ParquetFile, path: Path, names: Sequence[str]) -> None:
    """Check that no page of some columns is too large for memory.

    Raises:
        UserError: a page is too large.
    """
    for group in range(file.num_row_groups):
        _dense_bytes(file, path, group, names)


def corrupt(where: str, value: str) -> UserError:
    """Return the error of a corrupt file."""
    return UserError("the Parquet file is corrupt", where=where, value=value, fix=AGAIN)


def _rows_at_once(file: pq.ParquetFile, path: Path, group: int, columns: Sequence[str]) -> int:
    """Return the rows of a batch of a row group, so that a batch of the longest rows keeps to ``BATCH_BYTES``.

    The mean row is taken with all its columns. To ask for the size of a single column is not safe: if its metadata is
    damaged, Arrow ends the process (pyarrow 26, an uncaught ``ParquetException``; found by fuzzing).
    """
    metadata = file.metadata.row_group(group)
    size, rows = metadata.total_byte_size, max(metadata.num_rows, 1)
    if 0 <= size * rows <= BATCH_BYTES:  # no value is longer than all of them
        return BATCH_ROWS
    row_bytes = max(size / rows, _dense_bytes(file, path, group, columns))
    longest = _dictionary_bytes(file, path, group, columns)
    if longest is None:
        return _FEW_ROWS
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(row_bytes + longest, 1.0))))


# ---- pages -----------------------------------------------------------------------------------------------------------


def _dense_bytes(file: pq.ParquetFile, path: Path, group: int, columns: Sequence[str]) -> float:
    """Return the bytes of a row where it has the largest values, by the pages of its columns; 0 of a small row group.

    Only a row group larger than ``MAX_PAGE`` can have a page that is too large. If the file states a wrong size, the
    memory limit of the task ends the reading.

    Raises:
        UserError: a page is too large.
    """
    metadata = file.metadata.row_group(group)
    if metadata.total_byte_size <= MAX_PAGE or not columns:
        return 0.0
    total = 0.0
    with open_binary(path, ahead=PAGE_HEADER_BYTES) as stream:
        for position in range(metadata.num_columns):
            column = metadata.column(position)
            if column.path_in_schema in columns:
                where = f"{path}, row group {group}, column '{column.path_in_schema}'"
                total += _densest(stream, column, where)
    return total


def _densest(stream: IO[bytes], column: Any, where: str) -> float:
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    try:
        start = min(offset for offset in offsets if offset)
        found = page_sizes(stream, start, start + column.total_compressed_size)
    except (ValueError, OSError) as error:
        raise corrupt(where, str(error)) from error
    if found.largest > MAX_PAGE:
        raise UserError(
            "a page of the Parquet file is too large to be read within a task's memory",
            where=where,
            value=f"{found.largest:,} bytes when decompressed",
            allowed=f"at most {MAX_PAGE:,} bytes",
            fix="write the file again with smaller pages (data_page_size) and row groups",
        )
    return found.densest


# ---- dictionaries ----------------------------------------------------------------------------------------------------


def _dictionary_bytes(file: pq.ParquetFile, path: Path, group: int, columns: Sequence[str]) -> int | None:
    """Return the bytes of a row with the longest entries of its columns' dictionaries; None if that is not known.

    Arrow gives a dictionary of the file as such if it is asked for it, and not a copy of an entry for each row.
    """
    import pyarrow
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    schema = file.schema_arrow
    kinds = {name: schema.field(name).type for name in columns}
    if any(pyarrow.types.is_nested(kind) for kind in kinds.values()):
        return None
    texts = [name for name, kind in kinds.items() if is_string(kind) or is_binary(kind)]
    longest = 0
    for first in range(0, len(texts), _COLUMNS_AT_ONCE):
        some = texts[first : first + _COLUMNS_AT_ONCE]
        with open_binary(path, ahead=0) as stream:
            try:
                probe = pq.ParquetFile(stream, metadata=file.metadata, read_dictionary=some, **BUFFERED)
                row = next(probe.iter_batches(1, [group], some, use_threads=False))
            except MemoryError:
                raise
            except (pyarrow.ArrowException, OSError, StopIteration):
                return None  # texts stored as differences; if the file is damaged, reading it says so
        for column in row.columns:
            if pyarrow.types.is_dictionary(column.type):
                longest += pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    return longest
