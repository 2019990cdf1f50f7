"""Parquet as records, a batch at a time; what is wrong with a file said in the user's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.arrow_values import (
    has_text,
    is_binary,
    is_string,
    kept_type,
    texts_of,
    values_of,
)
from halogenator.inputs.column_choice import candidates, choose, with_extension
from halogenator.inputs.page_sizes import largest_page
from halogenator.inputs.rows import Record, Source, make_record, not_text
from halogenator.model import Reading
from halogenator.storage.remote import is_remote, open_binary, size_of

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 8192
BATCH_BYTES = 8_000_000  # fewer rows are taken when they are long
BUFFER_BYTES = 1 << 20  # read in pieces: else Arrow reads a row group's whole column (0.3 GB of 3 M rows, measured)

# Bytes that a page may decompress to: Arrow holds a whole one. Writers aim at 1 MB; a page of long SMILES has more.
MAX_PAGE = 100_000_000
PAGE_HEADER_BYTES = 4096  # that are read of each page to find out how large it is

_SAMPLE_ROWS = 200  # that are looked at to choose the columns
_TRIED_COLUMNS = 40  # of which they are read where no column has a telling name

_MAGIC = b"PAR1"


class Columns(NamedTuple):
    """What a file's columns are taken for: their names, and the types of those that come along."""

    smiles: str
    id: str | None
    name: str | None
    others: tuple[tuple[str, pyarrow.DataType], ...]
    extension: str | None = None

    def names(self) -> list[str]:
        """Return the names of all that are read."""
        found = [self.smiles, self.id, self.name, *(name for name, _ in self.others), self.extension]
        return list(dict.fromkeys(name for name in found if name is not None))


def parquet_columns(path: Path, reading: Reading, like: Source | None = None) -> Columns:
    """Return what the columns are taken for.

    Raises:
        UserError: the file is no whole Parquet file, a column is not there, or the SMILES column is no text.
    """
    with _open(path) as file:
        return _columns(file, path, reading, like)


def parquet_records(path: Path, reading: Reading, like: Source | None = None) -> Iterator[Record]:
    """Yield a record per row: a null SMILES is "", a null id None, an id of another type its text.

    Raises:
        UserError: the file is no whole Parquet file, a column is not there, or a page is corrupt.
    """
    file = _open(path)
    try:
        columns = _columns(file, path, reading, like)
        _check_pages(file, path, columns.names())
        yield from _records(file, path, columns)
    finally:
        file.close()


def _records(file: Any, path: Path, columns: Columns) -> Iterator[Record]:
    import pyarrow

    row = 0
    try:
        for batch in file.iter_batches(batch_size=_batch_rows(file), columns=columns.names(), use_threads=False):
            nothing = [None] * batch.num_rows
            texts = texts_of(batch.column(columns.smiles))
            ids = texts_of(batch.column(columns.id)) if columns.id else nothing
            names = texts_of(batch.column(columns.name)) if columns.name else nothing
            if columns.extension is not None:
                cells = texts_of(batch.column(columns.extension))
                texts = [with_extension(text, cell) for text, cell in zip(texts, cells, strict=True)]
            extra = [values_of(batch.column(name), kind) for name, kind in columns.others]
            rows = zip(*extra, strict=True) if extra else [()] * batch.num_rows
            for text, identifier, name, others in zip(texts, ids, names, rows, strict=True):
                row += 1
                problem = next(filter(None, (not_text(each) for each in (text, identifier) if each)), None)
                yield make_record(row, text, identifier, name, others, problem)
    except MemoryError:
        raise  # Arrow's is an ArrowException too, but no fault of the file
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError(
            "the Parquet file is corrupt",
            where=f"{path}, after row {row:,}",
            value=_first_line(error),
            fix="copy, download or write it again",
        ) from error


def check_parquet(path: Path, reading: Reading, like: Source | None = None) -> int:
    """Check footer and columns, and return the number of rows.

    Raises:
        UserError: the file is no whole Parquet file, a column is not there, or the SMILES column is no text.
    """
    with _open(path) as file:
        _check_pages(file, path, _columns(file, path, reading, like).names())
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
    with open_binary(path, ahead=0) as stream:
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
            open_binary(path, ahead=0) if is_remote(path) else path,
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


def _columns(file: Any, path: Path, reading: Reading, like: Source | None) -> Columns:
    types = list(file.schema_arrow.types)
    names = [name if i == file.schema_arrow.names.index(name) else "" for i, name in enumerate(file.schema_arrow.names)]
    wanted = [i for i in candidates(names) if has_text(types[i])]
    usable = [i for i, kind in enumerate(types) if names[i] and (is_string(kind) or is_binary(kind))]
    wanted = wanted if any(i in usable for i in wanted) else list(dict.fromkeys([*wanted, *usable[:_TRIED_COLUMNS]]))
    rows = _first_rows(file, path, [names[i] for i in wanted])
    rows = [[dict(zip(wanted, row, strict=True)).get(i) for i in range(len(names))] for row in rows]
    choice = choose(names, rows, reading, path, like=like, textual=lambda i: has_text(types[i]))
    smiles, identifier, name, others, extension = choice
    assert smiles is not None
    if not (is_string(types[smiles]) or is_binary(types[smiles])):
        raise UserError(
            "the SMILES column does not hold text",
            where=f"{path}, column '{names[smiles]}'",
            value=str(types[smiles]),
            allowed="string, large_string, binary, or a dictionary of them",
            fix="name another column (smiles_column: ...), or write this one as strings",
        )
    if identifier is not None and not has_text(types[identifier]):
        raise UserError(
            "the id column has no text form",
            where=f"{path}, column '{names[identifier]}'",
            value=str(types[identifier]),
            allowed="text, numbers, dates",
            fix="name another column (id_column: ...)",
        )
    return Columns(
        names[smiles],
        None if identifier is None else names[identifier],
        None if name is None else names[name],
        tuple((names[i], kept_type(types[i])) for i in others),
        None if extension is None else names[extension],
    )


def _first_rows(file: Any, path: Path, names: Sequence[str]) -> list[list[str | None]]:
    """Return the first rows of some columns; none where they cannot be read, which their reading will say."""
    import pyarrow

    if not names or file.metadata.num_row_groups == 0:
        return []
    try:
        _check_pages(file, path, names)
        batch = next(
            file.iter_batches(batch_size=min(_SAMPLE_ROWS, _batch_rows(file)), columns=list(names), use_threads=False),
            None,
        )
        return (
            []
            if batch is None
            else [list(row) for row in zip(*(texts_of(batch.column(n)) for n in names), strict=True)]
        )
    except MemoryError:
        raise
    except (pyarrow.ArrowException, OSError, UserError):
        return []


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
    with open_binary(path, ahead=PAGE_HEADER_BYTES) as stream:
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


def _batch_rows(file: Any) -> int:
    """Return how many rows to take at once, so that the batches of the row group of longest rows keep to the bound.

    All columns are counted, which is on the safe side: asked for the size of one column whose metadata is damaged,
    Arrow ends the process (pyarrow 26, an uncaught ``ParquetException``; found by fuzzing).
    """
    groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
    longest = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0.0)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(longest, 1.0))))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
