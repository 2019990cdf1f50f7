"""Text files as records, CSV and SMILES files here: streamed, in bounded memory, a bad row costing only itself."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TextIO

from halogenator.errors import UserError
from halogenator.storage.readers_base import (
    MAX_LINE,
    Lines,
    Record,
    find_column,
    find_columns,
    is_molecule,
    make_record,
)
from halogenator.storage.readers_sdf import sdf_blocks, sdf_records

# Lines that one CSV row (its quoted fields hold line ends), or what stands above a .smi header, may take.
MAX_SPAN = 100

_END = object()


class Layout(NamedTuple):
    """Where a file's columns are: ``delimiter`` None is any whitespace, ``id`` None is no id column."""

    delimiter: str | None
    columns: int
    smiles: int
    id: int | None


def text_records(
    stream: TextIO, kind: str, where: object, smiles_column: str | None, id_column: str | None
) -> Iterator[Record]:
    """Yield the records of a text file of ``kind`` csv, tsv, smi or sdf.

    Raises:
        UserError: the columns that are asked for are not there.
    """
    lines = Lines(stream)
    layout = find_layout(lines, kind, where, smiles_column, id_column)
    if kind == "sdf":
        yield from sdf_records(lines, id_column)
    elif kind == "smi":
        yield from smi_records(lines, layout)
    elif layout is not None:
        yield from csv_records(lines, layout)


def find_layout(
    lines: Lines, kind: str, where: object, smiles_column: str | None, id_column: str | None
) -> Layout | None:
    """Read the header, if there is one, and return where the columns are; None for a file without columns.

    Raises:
        UserError: the columns that are asked for are not there.
    """
    if kind == "smi":
        return smi_layout(lines, where, smiles_column, id_column)
    if kind != "sdf":
        return csv_layout(lines, kind, where, smiles_column, id_column)
    if smiles_column:
        raise UserError(
            "smiles_column is set for an SDF, whose molecules are its structures",
            where=where,
            value=smiles_column,
            fix="leave smiles_column out",
        )
    return None


def count_records(stream: TextIO, kind: str) -> int:
    """Return how many records the text holds, without parsing a molecule or knowing the columns."""
    lines = Lines(stream)
    if kind == "sdf":
        return _count(sdf_blocks(lines))
    if kind == "smi":
        return _count(smi_records(lines, smi_layout(lines, "", None, None, strict=False)))
    delimiter, header = csv_header(lines, kind, None)
    return _count(csv_rows(lines, delimiter, len(header)))


# --- CSV and TSV ---


def csv_header(lines: Lines, kind: str, smiles_column: str | None) -> tuple[str, list[str]]:
    """Read the first line that is not blank; return the delimiter and the column names ([]: no such line near the top).

    In a .csv the delimiter is the one of ``, ; tab |`` that gives a SMILES column; else the one giving most columns.
    """
    line = next((line for line in islice(lines, MAX_SPAN) if line is None or line.strip()), None)
    if line is None:
        return ",", []
    delimiters = ["\t"] if kind == "tsv" else sorted(",;\t|", key=lambda mark: -len(_plain_cells(line, mark)))
    for delimiter in delimiters:
        if find_column("smiles", _plain_cells(line, delimiter), None, smiles_column, strict=False) is not None:
            break
    else:
        delimiter = delimiters[0]
    cells = _csv_row(line, lines, delimiter)
    return delimiter, [cell.strip() for cell in (cells if isinstance(cells, list) else _plain_cells(line, delimiter))]


def csv_layout(lines: Lines, kind: str, where: object, smiles_column: str | None, id_column: str | None) -> Layout:
    """Read the header and find the columns.

    Raises:
        UserError: there is no header, or not the columns asked for.
    """
    delimiter, header = csv_header(lines, kind, smiles_column)
    if not header:
        raise UserError(
            "the file has no header line",
            where=where,
            allowed=f"column names in the first line, at most {MAX_LINE:,} characters",
            fix="write the column names into its first line, e.g. smiles,id",
        )
    return Layout(delimiter, len(header), *find_columns(header, f"{where}, header", smiles_column, id_column))


def csv_rows(lines: Lines, delimiter: str, columns: int) -> Iterator[list[str] | str]:
    """Yield the cells of each row ([] for a blank line), or what is wrong with it; not the blank lines at the end."""
    blank = 0
    for line in lines:
        if line is not None and not line.strip():
            blank += 1
            continue
        for _ in range(blank):
            yield []
        blank = 0
        yield _too_long() if line is None else _csv_row(line, lines, delimiter, columns)


def csv_records(lines: Lines, layout: Layout) -> Iterator[Record]:
    """Yield the records below the header.

    A quoted field may hold line ends, up to ``MAX_SPAN`` lines and ``MAX_LINE`` characters a row. When a quote is not
    closed within that, or the row then has a wrong number of columns, only the line that it begins on is given up:
    reading goes on with the very next line. A quoted field beyond 131,072 characters (``csv``'s own limit) is a problem
    too.
    """
    assert layout.delimiter is not None
    for row, cells in enumerate(csv_rows(lines, layout.delimiter, layout.columns), 1):
        if isinstance(cells, str):
            yield Record(row, None, None, None, cells)
        elif not cells:
            yield Record(row, None, None, "", None)
        else:
            yield make_record(row, cells[layout.smiles], None if layout.id is None else cells[layout.id])


def _csv_row(line: str, lines: Lines, delimiter: str, columns: int | None = None) -> list[str] | str:
    if '"' not in line:
        cells = line.split(delimiter)
        return cells if columns in (None, len(cells)) else _wrong_count(columns, cells)
    taken: list[str | None] = [line]
    try:
        cells = next(csv.reader(_one_row(taken, lines), delimiter=delimiter, strict=True))
        problem = None if columns in (None, len(cells)) else _wrong_count(columns, cells, len(taken))
    except csv.Error as error:
        unclosed = "unexpected end of data" in str(error)
        problem = "a quote is opened and not closed" if unclosed else f"not readable as CSV: {error}"
    if problem is None:
        return cells
    lines.put_back(taken[1:])
    plain = line.split(delimiter)
    # Quoting is no custom of tab-separated files: there, a quote mark may be just a character of a name.
    return plain if delimiter == "\t" and columns in (None, len(plain)) else problem


def _one_row(taken: list[str | None], lines: Lines) -> Iterator[str]:
    """Yield the first of ``taken`` and as many lines as the reader asks for, adding each to ``taken``."""
    line = taken[0]
    room = MAX_LINE
    while line is not None and room > 0:
        room -= len(line)
        yield line + "\n"
        following = next(lines, _END) if len(taken) < MAX_SPAN else _END
        if following is _END:
            return
        assert following is None or isinstance(following, str)
        taken.append(following)
        line = following


def _plain_cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return [cell.strip() for cell in line.split(delimiter)]


# --- SMILES files ---


def smi_layout(
    lines: Lines, where: object, smiles_column: str | None, id_column: str | None, *, strict: bool = True
) -> Layout | None:
    """Read the header, if there is one, and find the columns; None when there is none.

    The first line that is neither blank nor a comment is a header if it has a SMILES column's name and its first field
    is no SMILES. A comment is one too if it begins ``#smiles``, or is tab-separated and names a SMILES column.

    Raises:
        UserError: a column is named that is not there; or the file is a CSV by its first line. Not if not ``strict``.
    """
    seen: list[str | None] = []
    for line in lines:
        seen.append(line)
        if line is None or len(seen) > MAX_SPAN:
            break
        comment = line.startswith("#")
        cells = _header_cells(line, smiles_column)
        if cells and not (comment and "\t" not in line and line[1:2].isspace()):
            delimiter = "\t" if "\t" in line else None
            if not strict:
                id_column = None
            return Layout(
                delimiter, len(cells), *find_columns(cells, f"{where}, header line", smiles_column, id_column)
            )
        if line.strip() and not comment:
            break
    lines.put_back(seen)
    if strict:
        _check_headerless(next((line for line in seen if line and not line.startswith("#")), ""), where)
        if smiles_column or id_column:
            raise UserError(
                "a column is named, but the SMILES file has no header line",
                where=where,
                value=smiles_column or id_column,
                allowed="without a header: SMILES first, then the id",
                fix="leave smiles_column and id_column out, or add a header line",
            )
    return None


def smi_records(lines: Lines, layout: Layout | None) -> Iterator[Record]:
    """Yield the records below the header.

    Without a header (or with a single column) a line is SMILES, then the id: the next tab-separated field, or all that
    follows if there is no tab. A CXSMILES extension ``|...|`` after the SMILES is dropped. A comment (``#``) gives no
    record, but every line counts as a row, so that a row is found by its line number. Blank lines within the file are
    records with an empty SMILES; those at its end are none.
    """
    if layout is not None and layout.columns == 1:
        layout = None
    blank = 0
    for row, line in enumerate(lines, 1):
        if line is not None and not line.strip():
            blank += 1
            continue
        for i in range(row - blank, row):
            yield Record(i, None, None, "", None)
        blank = 0
        if line is None:
            yield Record(row, None, None, None, _too_long())
        elif line[0] != "#":
            yield _smi_record(row, line, layout)


def _smi_record(row: int, line: str, layout: Layout | None) -> Record:
    if layout is None:
        first, _, others = line.partition("\t")
        smiles, rest = _split_smiles(first)
        return make_record(row, smiles, rest or others.partition("\t")[0])
    if layout.delimiter:
        cells = line.split(layout.delimiter)
    elif layout.smiles == 0:
        smiles, rest = _split_smiles(line)
        cells = [smiles, *rest.split(None, layout.columns - 2)]
    else:
        cells = line.split(None, layout.columns - 1)
    if len(cells) <= layout.smiles:
        return Record(row, None, None, None, _wrong_count(layout.columns, cells))
    smiles, rest = _split_smiles(cells[layout.smiles])
    return make_record(row, smiles, cells[layout.id] if layout.id is not None and layout.id < len(cells) else rest)


def _split_smiles(text: str) -> tuple[str, str]:
    """Return the SMILES and what follows it and its CXSMILES extension."""
    smiles, _, rest = text.strip().replace("\t", " ").partition(" ")
    rest = rest.lstrip()
    if rest.startswith("|"):
        rest = rest[1:].partition("|")[2].lstrip()
    return smiles, rest


def _header_cells(line: str, smiles_column: str | None) -> list[str] | None:
    cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
    if cells and line.startswith("#"):
        cells[0] = cells[0].lstrip("#").strip()
    found = find_column("smiles", cells, None, smiles_column, strict=False)
    if found is None or (found > 0 and not smiles_column and is_molecule(cells[0].split(" ")[0])):
        return None
    return cells


def _check_headerless(line: str, where: object) -> None:
    for delimiter in ",;|":
        cells = _plain_cells(line, delimiter)
        if len(cells) > 1 and find_column("smiles", cells, None, None) is not None:
            raise UserError(
                "the file is called a SMILES file, but its first line is a CSV header",
                where=where,
                value=line,
                allowed="SMILES, then a space or a tab, then the id",
                fix="rename it to end in .csv",
            )


def _wrong_count(columns: int | None, cells: Sequence[str], span: int = 1) -> str:
    quoted = f" (quotes join {span} lines here)" if span > 1 else ""
    return f"expected {columns} columns, found {len(cells)}{quoted}"


def _too_long() -> str:
    return f"line longer than {MAX_LINE:,} characters"


def _count(items: Iterable[object]) -> int:
    return sum(1 for _ in items)
