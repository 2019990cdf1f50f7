"""CSV and TSV files as records. They are streamed in bounded memory, and a bad row costs no other row.

Tables are read as spreadsheets write them: a line ``sep=;`` or rows of a title may stand above the header, and empty
cells at the end of a row may be missing or too many.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.column_choice import Choice, choose, unique, with_extension
from halogenator.inputs.column_names import has_smiles
from halogenator.inputs.lines import END, Lines
from halogenator.inputs.rows import (
    MAX_LINE,
    SAMPLE_ROWS,
    Opened,
    Record,
    Source,
    make_record,
    not_text,
    without_blank_end,
)
from halogenator.model import Reading
from halogenator.tables.spreadsheets import unguarded

# Lines that may stand above a header, and lines of one row, whose quoted fields may hold line ends.
MAX_SPAN = 100

_SEP = re.compile(r'"?sep=(.)"?[\s;,|]*$', re.IGNORECASE)


class _BadRow(NamedTuple):
    """A row that cannot be read: what is wrong with it, and the cells that it seems to have."""

    problem: str
    cells: Sequence[str]


def open_table(lines: Lines, kind: str, where: object, reading: Reading, like: Source | None) -> Opened:
    """Read the header of a table and choose its columns.

    Args:
        lines: all lines of the file.
        kind: "csv" or "tsv".
        where: the file, for messages.
        reading: what the user says of the columns.
        like: the columns of an earlier file of the same library.

    Raises:
        UserError: there is no header, or it lacks a column.
    """
    delimiter, columns = _header(lines, kind, reading.smiles_column)
    if not columns:
        raise UserError(
            "the file has no header line",
            where=where,
            allowed=f"column names in the first line, at most {MAX_LINE:,} characters",
            fix="write the column names into its first line, e.g. smiles,id",
        )
    rows = _sample(lines, delimiter, len(columns))
    choice = choose(columns, rows, reading, f"{where}, header", like=like)
    return Opened(choice.source(columns), lambda: _records(_rows(lines, delimiter, len(columns)), choice, len(columns)))


def count_rows(lines: Lines, kind: str, smiles_column: str | None) -> int:
    """Return the number of records of a table, "csv" or "tsv"."""
    delimiter, columns = _header(lines, kind, smiles_column)
    return sum(1 for _ in _rows(lines, delimiter, len(columns)))


def record_of(row: int, cells: Sequence[str | None], choice: Choice, problem: str | None = None) -> Record:
    """Return the record of a row, whose last cells may be missing."""

    def cell(at: int | None) -> str | None:
        found = cells[at] if at is not None and at < len(cells) else None
        return found if found and not found.isspace() else None

    def text(at: int | None) -> str | None:
        found = cell(at)
        return found and unguarded(found)

    smiles = with_extension(cell(choice.smiles), cell(choice.extension))
    extra = tuple([text(at) for at in choice.others])
    return make_record(row, smiles, text(choice.id), text(choice.name), extra, problem)


def plain_cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line that is a whole row."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return [cell.strip() for cell in line.split(delimiter)]


def wrong_count(columns: int | None, cells: Sequence[str], span: int = 1) -> str:
    """Return the problem of a row with another number of cells than the header."""
    quoted = f" (quotes join {span} lines here)" if span > 1 else ""
    return f"expected {columns} columns, found {len(cells)}{quoted}"


def _header(lines: Lines, kind: str, smiles_column: str | None) -> tuple[str, list[str]]:
    """Read the lines up to the header; return the delimiter and the names of the columns, [] if there is no header.

    The header is the first line with the column that the user names, or with a name of a SMILES column; if there is
    none, the first line that is not blank. In a .csv file the delimiter is the one of ``, ; tab |`` that gives such a
    column; if none does, the one that gives the most columns. Columns without a name at the end count if rows have
    values in them.
    """
    top = lines.peek(MAX_SPAN)
    filled = [i for i, line in enumerate(top) if line is None or line.strip()]
    if not filled:
        for _ in top:
            next(lines)
        return ",", []
    stated = _SEP.match(top[filled[0]] or "")
    delimiter = stated.group(1) if stated else None
    at = filled[1] if stated and len(filled) > 1 else filled[0]
    at, delimiter = _find_header(top, filled, kind, delimiter, smiles_column) or (at, delimiter)
    line = top[at]
    if line is None:
        return ",", []
    delimiter = delimiter or _delimiters(line, kind)[0]
    for _ in range(at + 1):
        next(lines)
    cells = _row(line, lines, delimiter)
    names = [*map(unguarded, cells.cells if isinstance(cells, _BadRow) else cells)]
    return delimiter, unique(names, _sample(lines, delimiter, len(names)))


def _sample(lines: Lines, delimiter: str, width: int) -> list[list[str]]:
    """Return the cells of the first rows that can be read; no line is taken away."""
    rows = _rows(Lines.of(lines.peek(SAMPLE_ROWS)), delimiter, width)
    return [cells for cells in rows if cells and not isinstance(cells, _BadRow)]


def _find_header(
    top: Sequence[str | None], filled: Sequence[int], kind: str, delimiter: str | None, smiles_column: str | None
) -> tuple[int, str] | None:
    """Return the position of the line with a SMILES column, and its delimiter; None if there is no such line.

    Args:
        top: the first lines.
        filled: positions of those that are not blank.
        kind: "csv" or "tsv".
        delimiter: the delimiter that the file states; None: it states none.
        smiles_column: the SMILES column that the user names.
    """

    def with_smiles(at: int, first: bool) -> str | None:
        line = top[at] or ""
        for mark in [delimiter] if delimiter else _delimiters(line, kind):
            cells = plain_cells(line, mark)
            # In a title, or in a cell of a row, "SMILES" may be one word among others.
            alone = sum(map(bool, cells)) == 1 and len(filled) > 1
            if has_smiles(cells, smiles_column, exactly=not first and (at != filled[0] or alone)):
                return mark
        return None

    found = ((at, mark) for at in filled if (mark := with_smiles(at, False)))
    return next(found, None) or next(((filled[0], mark) for mark in [with_smiles(filled[0], True)] if mark), None)


def _delimiters(line: str, kind: str) -> list[str]:
    """Return the possible delimiters of a line, the one that gives the most cells first."""
    return ["\t"] if kind == "tsv" else sorted(",;\t|", key=lambda mark: -len(plain_cells(line, mark)))


def _records(rows: Iterator[list[str] | _BadRow], choice: Choice, width: int) -> Iterator[Record]:
    for row, cells in enumerate(rows, 1):
        if isinstance(cells, _BadRow):
            yield record_of(row, cells.cells, choice, cells.problem)
        else:
            short = bool(cells) and choice.smiles is not None and len(cells) <= choice.smiles
            yield record_of(row, cells, choice, wrong_count(width, cells) if short else None)


def _rows(lines: Lines, delimiter: str, width: int) -> Iterator[list[str] | _BadRow]:
    """Yield the cells of each row, [] for a blank one, or its problem. Blank rows at the end are left out.

    A quoted field may hold line ends, up to ``MAX_SPAN`` lines and ``MAX_LINE`` characters in a row. If the quote is
    not closed by then, or the row has a wrong number of cells, only the first line of the row is a problem, and reading
    goes on with the next line. A quoted field of more than 131,072 characters (the limit of ``csv``) is a problem too.
    """
    nothing = f" \t{delimiter}"
    for line in without_blank_end(lines, lambda line: line is not None and not line.strip(nothing), ""):
        if line is None:
            yield _BadRow(str(not_text(None)), ())
        else:
            yield _row(line, lines, delimiter, width) if line else []


def _row(line: str, lines: Lines, delimiter: str, width: int | None = None) -> list[str] | _BadRow:
    plain = line.split(delimiter)
    if '"' not in line:
        problem = not_text(line)
        return _BadRow(problem, plain) if problem else _fitted(plain, width)
    taken: list[str | None] = [line]
    try:
        cells = next(csv.reader(_one_row(taken, lines), delimiter=delimiter, strict=True))
        problem = next(filter(None, map(not_text, taken)), None)
        if problem:
            return _BadRow(problem, cells)
        fitted = _fitted(cells, width, len(taken))
        if not isinstance(fitted, _BadRow):
            return fitted
    except csv.Error as error:
        unclosed = "unexpected end of data" in str(error)
        fitted = _BadRow("a quote is opened and not closed" if unclosed else f"not readable as CSV: {error}", plain)
    lines.put_back(taken[1:])
    # Fields of tab-separated files are seldom quoted: a quote mark may be just a character of a name.
    return plain if delimiter == "\t" and not isinstance(_fitted(plain, width), _BadRow) else fitted


def _fitted(cells: list[str], width: int | None, span: int = 1) -> list[str] | _BadRow:
    """Return the cells of a row, without empty ones beyond the header's last; ``_BadRow`` if their number is wrong."""
    if width is None or len(cells) == width or (len(cells) < width and span == 1):
        return cells
    if len(cells) > width:
        if not any(cell.strip() for cell in cells[width:]):
            return cells[:width]
        joined = _rejoined(cells)
        if len(joined) == width:
            return joined
    return _BadRow(wrong_count(width, cells, span), cells)


def _rejoined(cells: Sequence[str]) -> list[str]:
    """Return the cells with those joined again that are one CXSMILES with commas, ``C[C@H](O)F |&1:1,o2:3|``."""
    found: list[str] = []
    for cell in cells:
        if found and " |" in found[-1] and found[-1].count("|") == 1:
            found[-1] += f",{cell}"
        else:
            found.append(cell)
    return found


def _one_row(taken: list[str | None], lines: Lines) -> Iterator[str]:
    """Yield the first of ``taken``, then as many of ``lines`` as the CSV reader asks for; add these to ``taken``."""
    line = taken[0]
    room = MAX_LINE
    while line is not None and room > 0:
        room -= len(line)
        yield line + "\n"
        following = next(lines, END) if len(taken) < MAX_SPAN else END
        if following is END:
            return
        assert following is None or isinstance(following, str)
        taken.append(following)
        line = following
