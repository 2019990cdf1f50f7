"""Parquet files as records, read batch by batch, with errors in words that a user understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from halogenator.errors import UserError
from halogenator.inputs.arrow_values import has_text, is_binary, is_string, kept_type, texts_of, values_of
from halogenator.inputs.column_choice import choose, with_extension
from halogenator.inputs.column_names import candidates
from halogenator.inputs.parquet_batches import AGAIN, BATCH_BYTES, BUFFERED, check_pages, corrupt, read_batches
from halogenator.inputs.remote import is_remote, open_binary, size_of
from halogenator.inputs.rows import MAX_EXTRA, SAMPLE_ROWS, Opened, Record, Source, make_record, not_text, too_much
from halogenator.model import Reading

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_TRIED_COLUMNS = 40  # columns that are looked at if no name tells which is the SMILES
_MAGIC = b"PAR1"


@contextmanager
def open_parquet(path: Path, reading: Reading, like: Source | None = None) -> Iterator[Opened]:
    """Open a file and choose its columns.

    Args:
        path: the file.
        reading: what the user says of the columns.
        like: the columns of an earlier file of the same library.

    Raises:
        UserError: the file is not a whole Parquet file, a column is missing, the SMILES column is not text, or a page
            is too large.
    """
    with open_footer(path) as file:
        source = _source(file, path, reading, like)
        yield Opened(source, lambda: _records(file, path, source), lambda: max(0, int(file.metadata.num_rows)))


def count_rows(path: Path) -> int:
    """Return the number of rows that the footer states.

    Raises:
        UserError: the file is not a whole Parquet file.
    """
    with open_footer(path) as file:
        return max(0, int(file.metadata.num_rows))


def open_footer(path: Path) -> pq.ParquetFile:
    """Return the open file, after a look at both its ends: a file that was not written to its end has no footer.

    Raises:
        UserError: it is not a whole Parquet file.
    """
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
            page_checksum_verification=True,
            **BUFFERED,
        )
        _ = file.schema_arrow  # fails here, not in the first row, if Arrow cannot represent the schema
    except MemoryError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:  # ValueError: a column name that is not UTF-8
        raise _no_footer(path, _first_line(error)) from error
    return file


def _records(file: pq.ParquetFile, path: Path, source: Source) -> Iterator[Record]:
    import pyarrow

    row = 0
    try:
        for batch in read_batches(file, path, source.names()):
            texts, ids, names, cells = (
                texts_of(batch.column(name)) if name is not None else [None] * batch.num_rows
                for name in (source.smiles, source.id, source.name, source.extension)
            )
            extra = [values_of(batch.column(name), kind) for name, kind in source.others]
            rows = zip(*extra, strict=True) if extra else [()] * batch.num_rows
            may_be_long = batch.nbytes > MAX_EXTRA
            for text, identifier, name, cell, others in zip(texts, ids, names, cells, rows, strict=True):
                row += 1
                problem = next(filter(None, (not_text(each) for each in (text, identifier) if each)), None)
                if may_be_long and extra:
                    problem = problem or too_much(others)
                yield make_record(row, with_extension(text, cell), identifier, name, others, problem)
    except MemoryError:
        raise  # Arrow's MemoryError is an ArrowException too, but not the file's fault
    except (pyarrow.ArrowException, OSError) as error:
        raise corrupt(f"{path}, after row {row:,}", _first_line(error)) from error


def _source(file: pq.ParquetFile, path: Path, reading: Reading, like: Source | None) -> Source:
    schema = file.schema_arrow
    types = list(schema.types)
    names = [name if i == schema.names.index(name) else "" for i, name in enumerate(schema.names)]
    usable = [i for i, kind in enumerate(types) if names[i] and (is_string(kind) or is_binary(kind))]
    telling = [i for i in candidates(names) if has_text(types[i])]
    if not set(telling).intersection(usable):
        telling = list(dict.fromkeys([*telling, *usable[:_TRIED_COLUMNS]]))
    columns = _first_rows(file, path, [names[i] for i in telling])
    count = max(map(len, columns.values()), default=0)
    rows = [[columns[name][row] if name in columns else None for name in names] for row in range(count)]
    choice = choose(names, rows, reading, path, like=like, textual=lambda i: has_text(types[i]))
    smiles, identifier = choice.smiles, choice.id
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
    source = choice.source(names, [kept_type(kind) for kind in types])
    check_pages(file, path, [name for name in source.names() if name not in columns])
    return source


def _first_rows(file: pq.ParquetFile, path: Path, names: Sequence[str]) -> dict[str, list[str | None]]:
    """Return the first rows of some columns as {column: texts}; {} if they cannot be read, which a later error says."""
    import pyarrow

    if not names or file.metadata.num_row_groups == 0:
        return {}
    try:
        check_pages(file, path, names)
        found: dict[str, list[str | None]] = {name: [] for name in names}
        rows = size = 0
        for batch in read_batches(file, path, names):
            first = batch.slice(0, SAMPLE_ROWS - rows)
            for name in names:
                found[name] += texts_of(first.column(name))
            rows += first.num_rows
            size += first.nbytes
            if rows == SAMPLE_ROWS or size > BATCH_BYTES:
                break
        return found if rows else {}
    except MemoryError:
        raise
    except (pyarrow.ArrowException, OSError, UserError):
        return {}


def _no_footer(path: Path, value: object) -> UserError:
    return UserError(
        "the Parquet file has no readable footer: its writing or copying was broken off",
        where=path,
        value=value,
        allowed=f"a file that begins and ends with {_MAGIC!r}",
        fix=AGAIN,
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
