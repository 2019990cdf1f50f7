"""Parquet as records, a batch at a time; what is wrong with a file said in the user's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from halogenator.errors import UserError
from halogenator.storage.pages import largest_page
from halogenator.storage.readers_base import Record, find_column, find_columns, make_record
from halogenator.storage.remote import is_remote, open_binary, size_of

BATCH_ROWS = 8192
BATCH_BYTES = 8_000_000  # fewer rows are taken when they are long
BUFFER_BYTES = 1 << 20  # read in pieces: else Arrow reads a row group's whole column (0.3 GB of 3 M rows, measured)

# Bytes that a page may decompress to: Arrow holds a whole one. Writers aim at 1 MB; a page of long SMILES has more.
MAX_PAGE = 100_000_000

_MAGIC = b"PAR1"


def parquet_records(path: Path, smiles_column: str | None, id_column: str | None) -> Iterator[Record]:
    """Yield a record per row: a null SMILES is "", a null id None, an id of another type its text.

    Raises:
        UserError: the file is no whole Parquet file, a column is not there, or a page is corrupt.
    """
    import pyarrow

    file = _open(path)
    smiles, identifier = _columns(file, path, smiles_column, id_column)
    _check_pages(file, path, (smiles, identifier))
    names = [smiles] if identifier in (None, smiles) else [smiles, identifier]
    row = 0
    try:
        for batch in file.iter_batches(batch_size=_batch_rows(file), columns=names, use_threads=False):
            texts = _strings(batch.column(batch.schema.names.index(smiles)))
            ids = _strings(batch.column(batch.schema.names.index(identifier))) if identifier else [None] * len(texts)
            for text, name in zip(texts, ids, strict=True):
                row += 1
                yield make_record(row, text, name)
    except MemoryError:
        raise  # Arrow's is an ArrowException too, but no fault of the file
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(
            "the Parquet file is corrupt",
            where=f"{path}, after row {row:,}",
            value=_first_line(error),
            fix="copy, download or write it again",
        ) from error
    finally:
        file.close()


def check_parquet(path: Path, smiles_column: str | None, id_column: str | None) -> int:
    """Check footer and columns, and return the number of rows.

    Raises:
        UserError: the file is no whole Parquet file, a column is not there, or the SMILES column is no text.
    """
    with _open(path) as file:
        _check_pages(file, path, _columns(file, path, smiles_column, id_column))
        return int(file.metadata.num_rows)


def count_rows(path: Path) -> int:
    """Return the number of rows that the footer states.

    Raises:
        UserError: the file is no whole Parquet file.
    """
    with _open(path) as file:
        return max(0, int(file.metadata.num_rows))


def _open(path: Path) -> Any:
    """Return the open file, after a look at both ends: a file whose writing was broken off has no footer."""
    size = size_of(path)
    with open_binary(path) as stream:
        start = stream.read(4)
        stream.seek(-min(4, size), 2)
        end = stream.read(4)
    if start != _MAGIC:
        raise UserError(
            "the file is not Parquet, as its ending says",
            where=path,
            value=start,
            allowed=f"a file that begins and ends with {_MAGIC!r}",
            fix="give it the ending of what it is, or write it as Parquet again",
        )
    if end != _MAGIC or size < 12:
        raise _no_footer(path, end)
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(
            open_binary(path) if is_remote(path) else path,
            pre_buffer=False,
            buffer_size=BUFFER_BYTES,
            page_checksum_verification=True,
        )
        _ = file.schema_arrow  # a schema that Arrow cannot represent fails here, not in the first row
    except MemoryError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:  # ValueError: a column name that is not UTF-8
        raise _no_footer(path, _first_line(error)) from error
    return file


def _no_footer(path: Path, value: object) -> UserError:
    return UserError(
        "the Parquet file has no readable footer: its writing or copying was broken off",
        where=path,
        value=value,
        allowed=f"a file that begins and ends with {_MAGIC!r}",
        fix="copy, download or write it again",
    )


def _columns(file: Any, path: Path, smiles_column: str | None, id_column: str | None) -> tuple[str, str | None]:
    names, types = file.schema_arrow.names, file.schema_arrow.types
    smiles, _ = find_columns(names, path, smiles_column, None)
    if not _is_string(types[smiles]):
        raise UserError(
            "the SMILES column does not hold text",
            where=f"{path}, column '{names[smiles]}'",
            value=str(types[smiles]),
            allowed="string, large_string, or a dictionary of them",
            fix="name another column (smiles_column: ...), or write this one as strings",
        )
    if id_column is None:
        usable = [name if i != smiles and _has_text(types[i]) else "" for i, name in enumerate(names)]
        identifier = find_column("id", usable, path, None)
    else:
        identifier = find_column("id", names, path, id_column)
    if identifier is not None and not _has_text(types[identifier]):
        raise UserError(
            "the id column has no text form",
            where=f"{path}, column '{names[identifier]}'",
            value=str(types[identifier]),
            allowed="text, numbers, dates",
            fix="name another column (id_column: ...)",
        )
    return names[smiles], None if identifier is None else names[identifier]


def _check_pages(file: Any, path: Path, names: Sequence[str | None]) -> None:
    """Look at the page headers of columns where a row group is large enough to hide a page beyond memory.

    A file that lies about the size of its row groups is not found out here; the task's memory limit ends the reading.

    Raises:
        UserError: a page is too large.
    """
    metadata = file.metadata
    large = [i for i in range(metadata.num_row_groups) if metadata.row_group(i).total_byte_size > MAX_PAGE]
    if not large:
        return
    with open_binary(path) as stream:
        for group in large:
            for position in range(metadata.num_columns):
                column = metadata.row_group(group).column(position)
                if column.path_in_schema in names:
                    _check_column(stream, column, f"{path}, row group {group}, column '{column.path_in_schema}'")


def _check_column(stream: IO[bytes], column: Any, where: str) -> None:
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    try:
        start = min(offset for offset in offsets if offset)
        largest = largest_page(stream, start, start + column.total_compressed_size)
    except (ValueError, OSError) as error:
        raise UserError(
            "the Parquet file is corrupt", where=where, value=str(error), fix="copy, download or write it again"
        ) from error
    if largest > MAX_PAGE:
        raise UserError(
            "a page of the Parquet file is too large to be read within a task's memory",
            where=where,
            value=f"{largest:,} bytes when decompressed",
            allowed=f"at most {MAX_PAGE:,} bytes",
            fix="write the file again with smaller pages (data_page_size) and row groups",
        )


def _is_string(arrow_type: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    return bool(types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type))


def _has_text(arrow_type: Any) -> bool:
    import pyarrow

    try:
        pyarrow.array([], arrow_type).cast(pyarrow.string())
    except (pyarrow.ArrowException, TypeError):
        return False
    return True


def _batch_rows(file: Any) -> int:
    """Return how many rows to take at once, so that the batches of the row group of longest rows keep to the bound.

    All columns are counted, which is on the safe side: asked for the size of one column whose metadata is damaged,
    Arrow ends the process (pyarrow 26, an uncaught ``ParquetException``; found by fuzzing).
    """
    groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
    longest = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0.0)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(longest, 1.0))))


def _strings(column: Any) -> list[str | None]:
    import pyarrow

    if pyarrow.types.is_dictionary(column.type):
        # Not decoded: a few long strings that many rows point to would be copied for each of them.
        texts = _strings(column.dictionary)
        return [None if index is None else texts[index] for index in column.indices.to_pylist()]
    if not _is_string(column.type):
        column = column.cast(pyarrow.string(), safe=False)
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        raw = column.cast(pyarrow.large_string()).cast(pyarrow.large_binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "replace") for value in raw]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
