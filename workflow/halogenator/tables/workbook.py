"""An Excel workbook with a sheet of drawn molecules, written row by row."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from halogenator.errors import UserError

PICTURE = 240, 150  # pixels of a drawing: width and height
MAX_COLUMNS, MAX_TEXT = 16_384, 32_767  # of a sheet, and characters of a cell; more makes Excel refuse the file
_EXACT = 2**53  # whole numbers up to this one are exact in a sheet
_WIDTHS = {"title": 36, "name": 30, "smiles": 48}  # characters; others: 13


@contextmanager
def workbook_writer(
    path: Path, columns: Sequence[str], drawing: str
) -> Iterator[Callable[[Sequence[Sequence[object]]], None]]:
    """Give a function that writes rows to a workbook. Only their drawings stay in memory.

    Equal rows give equal bytes. All texts are texts: nothing in them is a formula, a link or a number.

    Args:
        path: the file.
        columns: the columns of each row: ``drawing``, which is a PNG or None, and others with texts and numbers.
        drawing: name of that column.

    Raises:
        UserError: XlsxWriter is not installed, or Excel cannot hold so much.
    """
    module = _xlsxwriter()
    if len(columns) > MAX_COLUMNS:
        raise _too_much(f"{len(columns):,} columns", f"{MAX_COLUMNS:,}", "name those that you need with --columns")
    with TemporaryDirectory(prefix="halogenator-") as folder:
        settings = {"constant_memory": True, "tmpdir": folder, "strings_to_urls": False}
        book = module.Workbook(str(path), settings)
        book.set_properties({"created": datetime(2000, 1, 1)})
        sheet = book.add_worksheet("molecules")
        sheet.freeze_panes(1, 2)
        cell = book.add_format({"valign": "vcenter", "text_wrap": True})
        for place, name in enumerate(columns):
            width = PICTURE[0] / 7 if name == drawing else _WIDTHS.get(name, 13)
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, "structure" if name == drawing else name, book.add_format({"bold": True}))
        written = 0

        def write(rows: Sequence[Sequence[object]]) -> None:
            nonlocal written
            for row in rows:
                written += 1
                sheet.set_row_pixels(written, PICTURE[1] + 4)
                _write_row(sheet, written, dict(zip(columns, row, strict=True)), drawing, cell)

        yield write
        sheet.autofilter(0, 1, max(written, 1), max(len(columns) - 1, 1))
        book.close()


def _write_row(sheet: Any, number: int, values: dict[str, object], drawing: str, cell: Any) -> None:
    """Write one row of a sheet; a picture moves with its cell when rows are sorted or filtered."""
    for place, (name, value) in enumerate(values.items()):
        if name == drawing:
            if isinstance(value, bytes):
                picture = {"image_data": io.BytesIO(value), "x_offset": 2, "y_offset": 2, "object_position": 1}
                shown = str(values.get("title") or values.get("name") or "")
                sheet.insert_image(number, place, f"{number}.png", {**picture, "description": shown[:250]})
        elif (isinstance(value, int) and abs(value) <= _EXACT) or (isinstance(value, float) and isfinite(value)):
            sheet.write_number(number, place, value, cell)
        elif value is not None:
            text = str(value)
            if len(text) > MAX_TEXT:
                what = f"a text of {len(text):,} characters in the column '{name}' of {values.get('name')}"
                raise _too_much(what, f"{MAX_TEXT:,} characters", "leave the column out with --columns, or make a CSV")
            sheet.write_string(number, place, text, cell)


def _too_much(what: str, allowed: str, fix: str) -> UserError:
    return UserError("an Excel sheet cannot hold this", value=what, allowed=f"at most {allowed}", fix=fix)


def _xlsxwriter() -> Any:
    try:
        import xlsxwriter
    except ImportError as error:
        raise UserError(
            "Excel workbooks are written with XlsxWriter, which is not installed here",
            value=str(error),
            fix="python -m pip install xlsxwriter, or make an HTML page or a CSV",
        ) from error
    return xlsxwriter
