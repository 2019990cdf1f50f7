"""Excel workbooks (.xlsx) as records: the rows of the first sheet that has a SMILES column, streamed.

A number becomes text, without a decimal point if it is whole, and with the leading zeros of its cell's format.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from halogenator.errors import UserError
from halogenator.inputs.arrow_values import number_text
from halogenator.inputs.column_choice import Choice, choose, unique
from halogenator.inputs.column_names import has_smiles
from halogenator.inputs.containers import FREE_GROWTH, MAX_GROWTH
from halogenator.inputs.delimited import record_of
from halogenator.inputs.remote import open_binary, size_of
from halogenator.inputs.rows import SAMPLE_ROWS, Opened, Record, Source, too_much, without_blank_end
from halogenator.model import Reading
from halogenator.tables.spreadsheets import unguarded

_TOP_ROWS = 50  # that may stand above a header
_AS_CSV = "export the sheet as CSV (UTF-8) and name that file"


@contextmanager
def open_excel(path: Path, reading: Reading, like: Source | None = None) -> Iterator[Opened]:
    """Open a workbook, find its sheet and choose the columns.

    Args:
        path: the file.
        reading: what the user says of the columns.
        like: the columns of an earlier file of the same library.

    Raises:
        UserError: the file is no workbook, no sheet has a header, or the header lacks a column.
    """
    with _workbook(path) as book:
        sheet, header = _find_sheet(book, path, reading.smiles_column)
        top = list(islice(_rows(sheet), header - 1, header + SAMPLE_ROWS))
        unnamed = [None] * (max(map(len, top)) - len(top[0]))
        columns = unique([unguarded(cell or "") for cell in [*top[0], *unnamed]], top[1:])
        choice = choose(columns, top[1:], reading, f"{path}, sheet '{sheet.title}', header", like=like)
        yield Opened(
            choice.source(columns),
            lambda: _records(sheet, header, choice),
            lambda: sum(1 for _ in _records(sheet, header, choice)),
        )


def _records(sheet: Any, header: int, choice: Choice) -> Iterator[Record]:
    """Yield the records below the header, without blank rows at the end."""
    rows = without_blank_end(islice(_rows(sheet), header, None), lambda cells: not any(cells), [])
    for row, cells in enumerate(rows, 1):
        yield record_of(row, cells, choice, too_much(filter(None, cells)))


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError as error:
        raise UserError(
            "reading Excel workbooks needs a package that is not installed: openpyxl",
            where=path,
            fix=f'pip install "openpyxl>=3.1"; or {_AS_CSV}',
        ) from error
    _check_archive(path)
    with open_binary(path) as stream:
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # openpyxl raises what its parsers raise
            raise _no_workbook(path, f"{type(error).__name__}: {error}"[:200]) from error
        try:
            yield book
        finally:
            book.close()


def _check_archive(path: Path) -> None:
    try:
        with open_binary(path) as stream, zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _no_workbook(path, str(error)) from error
    if not any(info.filename.startswith("xl/") for info in infos):
        raise _no_workbook(path, f"an archive of {', '.join(info.filename for info in infos[:5])}")
    size = sum(info.file_size for info in infos)
    if size > max(FREE_GROWTH, MAX_GROWTH * size_of(path)):
        raise UserError(
            "the workbook grows without end: it looks like a decompression bomb",
            where=path,
            value=f"{size:,} bytes when unpacked",
            allowed=f"at most {MAX_GROWTH}-fold growth (and {FREE_GROWTH:,} bytes in any case)",
            fix=_AS_CSV,
        )


def _no_workbook(path: Path, value: str) -> UserError:
    return UserError(
        "the file is not an Excel workbook, as its ending says",
        where=path,
        value=value,
        allowed="a workbook as Excel and LibreOffice save it (.xlsx)",
        fix=f"{_AS_CSV}; an archive of other files has to be unpacked first",
    )


def _find_sheet(book: Any, path: Path, smiles_column: str | None) -> tuple[Any, int]:
    """Return the first sheet with a SMILES column, else the first with any value; and the row of its header."""
    first: tuple[Any, int] | None = None
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # the stated size can be wrong, which would cut the sheet
        for number, cells in enumerate(islice(_rows(sheet), _TOP_ROWS), 1):
            names = [cell or "" for cell in cells]
            filled = sum(map(bool, names))
            if filled and has_smiles(names, smiles_column, exactly=filled == 1 or number > 1):
                return sheet, number
            if filled and first is None:
                first = sheet, number
    if first is None:
        raise UserError(
            "the workbook has no sheet with a header",
            where=path,
            allowed="a sheet whose columns have names, one of them smiles",
            fix="write the column names above the rows, e.g. smiles and id",
        )
    return first


def _rows(sheet: Any) -> Iterator[list[str | None]]:
    for row in sheet.iter_rows():
        yield [_text(cell) for cell in row]


def _text(cell: Any) -> str | None:
    value = cell.value
    if isinstance(value, str | None):
        return (value or "").strip() or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        text = number_text(value) if isinstance(value, float) else str(value)
        digits = str(cell.number_format or "")
        return text.zfill(len(digits)) if re.fullmatch("0+", digits) and text.isdigit() else text
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
