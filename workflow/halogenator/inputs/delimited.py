"""Tables of text as records, CSV and TSV: streamed, in bounded memory, a bad row costing only itself.

A table is read as spreadsheets write it: with a line ``sep=;``, with rows of a title above the header, without the
empty cells at the end of a row, or with some too many.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.column_choice import Choice, choose, has_smiles, unique, with_extension
from halogenator.inputs.rows import END, MAX_LINE, Lines, Record, Source, make_record, not_text
from halogenator.model import Reading

# Lines that one CSV row (its quoted fields hold line ends), or what stands above a header, may take.
MAX_SPAN = 100
SAMPLE_LINES = 200  # lines that are looked at to choose the columns

_SEP = re.compile(r'"?sep=(.)"?[\s;,|]*$', re.IGNORECASE)


class Layout(NamedTuple):
    """Where a file's columns are.

    Attributes:
        columns: their names, of which none occurs twice; () without a header.
        choice: which of them is what.
        width: cells of a row.
        delimiter: between them; None: any whitespace.
    """

    columns: tuple[str, ...]
    choice: Choice
    width: int
    delimiter: str | None

    def names(self) -> tuple[str | None, str | None, str | None, tuple[str, ...]]:
        """Return the names of the columns of SMILES, id, name and the others."""
        smiles, identifier, name = (None if i is None else self.columns[i] for i in self.choice[:3])
        return smiles, identifier, name, tuple(self.columns[i] for i in self.choice.others)

    def record(self, row: int, cells: Sequence[str | None], problem: str | None = None) -> Record:
        """Return the record of a row's cells, of which the last may be lacking."""
        smiles, identifier, name, others, extension = self.choice
        text = with_extension(_at(cells, smiles), _at(cells, extension))
        return make_record(
            row, text, _at(cells, identifier), _at(cells, name),
            tuple([_at(cells, i) for i in others]), problem,
        )  # fmt: skip


class Bad(NamedTuple):
    """A row that cannot be read: what is wrong with it, and the cells that it seems to have."""

    problem: str
    cells: Sequence[str]


def csv_header(lines: Lines, kind: str, smiles_column: str | None) -> tuple[str, list[str]]:
    """Read up to the header; return the delimiter and the column names ([]: there is no line near the top).

    The header is the first line that has the named column or a SMILES column's name, else the first that is not blank.
    In a .csv the delimiter is the one of ``, ; tab |`` that gives such a column; else the one giving most columns.
    """
    top = lines.peek(MAX_SPAN)
    filled = [i for i, line in enumerate(top) if line is None or line.strip()]
    if not filled:
        for _ in top:
            next(lines)
        return ",", []
    at = filled[0]
    stated = _SEP.match(top[at] or "")
    if stated and len(filled) > 1:
        at = filled[1]
    delimiter = stated.group(1) if stated else None
    found = _find_header(top, filled, kind, delimiter, smiles_column)
    if found is not None:
        at, delimiter = found
    line = top[at]
    if line is None:
        return ",", []
    delimiter = delimiter or _delimiters(line, kind)[0]
    for _ in range(at + 1):
        next(lines)
    cells = _csv_row(line, lines, delimiter)
    return delimiter, [cell.strip() for cell in (cells.cells if isinstance(cells, Bad) else cells)]


def csv_layout(lines: Lines, kind: str, where: object, reading: Reading, like: Source | None) -> Layout:
    """Read the header and find the columns.

    Raises:
        UserError: there is no header, or not the columns asked for.
    """
    delimiter, header = csv_header(lines, kind, reading.smiles_column)
    if not header:
        raise UserError(
            "the file has no header line",
            where=where,
            allowed=f"column names in the first line, at most {MAX_LINE:,} characters",
            fix="write the column names into its first line, e.g. smiles,id",
        )
    columns = unique(header)
    sample = csv_rows(Lines.of(lines.peek(SAMPLE_LINES)), delimiter, len(columns))
    rows = [cells for cells in sample if cells and not isinstance(cells, Bad)]
    choice = choose(columns, rows, reading, f"{where}, header", like=like)
    return Layout(tuple(columns), choice, len(columns), delimiter)


def csv_rows(lines: Lines, delimiter: str, width: int) -> Iterator[list[str] | Bad]:
    """Yield the cells of each row ([] for a blank one), or what is wrong with it; not the blank ones at the end."""
    blank = 0
    nothing = f" \t{delimiter}"
    for line in lines:
        if line is not None and not line.strip(nothing):
            blank += 1
            continue
        for _ in range(blank):
            yield []
        blank = 0
        yield Bad(str(not_text(None)), ()) if line is None else _csv_row(line, lines, delimiter, width)


def csv_records(lines: Lines, layout: Layout) -> Iterator[Record]:
    """Yield the records below the header.

    A quoted field may hold line ends, up to ``MAX_SPAN`` lines and ``MAX_LINE`` characters a row. When a quote is not
    closed within that, or the row then has a wrong number of columns, only the line that it begins on is given up:
    reading goes on with the very next line. A quoted field beyond 131,072 characters (``csv``'s own limit) is a problem
    too.
    """
    assert layout.delimiter is not None
    for row, cells in enumerate(csv_rows(lines, layout.delimiter, layout.width), 1):
        if isinstance(cells, Bad):
            yield layout.record(row, cells.cells, cells.problem)
        elif cells and layout.choice.smiles is not None and len(cells) <= layout.choice.smiles:
            yield layout.record(row, cells, wrong_count(layout.width, cells))
        else:
            yield layout.record(row, cells)


def count_rows(lines: Lines, kind: str, smiles_column: str | None) -> int:
    """Return how many records a table has."""
    delimiter, header = csv_header(lines, kind, smiles_column)
    return count(csv_rows(lines, delimiter, len(unique(header))))


def plain_cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line that is a row for itself."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return [cell.strip() for cell in line.split(delimiter)]


def wrong_count(columns: int | None, cells: Sequence[str], span: int = 1) -> str:
    """Return the problem of a row that has not as many cells as the header."""
    quoted = f" (quotes join {span} lines here)" if span > 1 else ""
    return f"expected {columns} columns, found {len(cells)}{quoted}"


def count(items: Iterable[object]) -> int:
    """Return how many there are."""
    return sum(1 for _ in items)


def _find_header(
    top: Sequence[str | None], filled: Sequence[int], kind: str, delimiter: str | None, smiles_column: str | None
) -> tuple[int, str] | None:
    """Return which line near the top is the header, and its delimiter; None where none has a SMILES column's name."""
    for at in filled:
        line = top[at]
        if line is None:
            continue
        for mark in [delimiter] if delimiter else _delimiters(line, kind):
            cells = plain_cells(line, mark)
            # In a title or in a row's cell "SMILES" may be one word among others.
            alone = sum(map(bool, cells)) == 1 and len(filled) > 1
            if has_smiles(cells, smiles_column, exactly=at != filled[0] or alone):
                return at, mark
    first = top[filled[0]]
    marks = [delimiter] if delimiter else _delimiters(first or "", kind)
    return next(
        ((filled[0], mark) for mark in marks if has_smiles(plain_cells(first or "", mark), smiles_column)), None
    )


def _delimiters(line: str, kind: str) -> list[str]:
    if kind == "tsv":
        return ["\t"]
    return sorted(",;\t|", key=lambda mark: -len(plain_cells(line, mark)))


def _csv_row(line: str, lines: Lines, delimiter: str, width: int | None = None) -> list[str] | Bad:
    if '"' not in line:
        problem = not_text(line)
        cells = line.split(delimiter)
        return Bad(problem, cells) if problem else _fitted(cells, width)
    taken: list[str | None] = [line]
    plain = line.split(delimiter)
    try:
        cells = next(csv.reader(_one_row(taken, lines), delimiter=delimiter, strict=True))
        problem = next(filter(None, map(not_text, taken)), None)
        if problem:
            return Bad(problem, cells)
        fitted = _fitted(cells, width, len(taken))
        if not isinstance(fitted, Bad):
            return fitted
    except csv.Error as error:
        unclosed = "unexpected end of data" in str(error)
        fitted = Bad("a quote is opened and not closed" if unclosed else f"not readable as CSV: {error}", plain)
    lines.put_back(taken[1:])
    # Quoting is no custom of tab-separated files: there, a quote mark may be just a character of a name.
    return plain if delimiter == "\t" and not isinstance(_fitted(plain, width), Bad) else fitted


def _fitted(cells: list[str], width: int | None, span: int = 1) -> list[str] | Bad:
    """Return a row's cells without the empty ones beyond the header's; a row may lack cells at its end."""
    if width is None or len(cells) == width:
        return cells
    if len(cells) < width:
        return cells if span == 1 else Bad(wrong_count(width, cells, span), cells)
    if not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    joined = _rejoined(cells)
    return joined if len(joined) == width else Bad(wrong_count(width, cells, span), cells)


def _rejoined(cells: Sequence[str]) -> list[str]:
    """Return cells where the commas in the extension of a CXSMILES, ``C[C@H](O)F |&1:1,o2:3|``, do not part any."""
    found: list[str] = []
    for cell in cells:
        if found and " |" in found[-1] and found[-1].count("|") == 1:
            found[-1] += f",{cell}"
        else:
            found.append(cell)
    return found


def _one_row(taken: list[str | None], lines: Lines) -> Iterator[str]:
    """Yield the first of ``taken`` and as many lines as the reader asks for, adding each to ``taken``."""
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


def _at(cells: Sequence[str | None], position: int | None) -> str | None:
    if position is None or position >= len(cells):
        return None
    cell = cells[position]
    return cell if cell and not cell.isspace() else None
