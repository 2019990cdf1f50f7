"""SMILES files as records. A line is ``SMILES |extension| id``, or the id comes first; there may be a header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.column_choice import BARRED, Choice, check_listed, choose, is_molecule, unique, wanted
from halogenator.inputs.column_names import has_smiles, squeezed
from halogenator.inputs.delimited import MAX_SPAN, plain_cells, record_of, wrong_count
from halogenator.inputs.lines import Lines
from halogenator.inputs.rows import SAMPLE_ROWS, Opened, Record, Source, make_record, not_text, without_blank_end
from halogenator.model import Reading

_TRIED = 20  # lines that show which field is the SMILES
_SDF_MARKS = ("M  END", "V2000", "V3000", "$$$$")


class _Layout(NamedTuple):
    """The fields of a line.

    Attributes:
        columns: their names.
        choice: which of them is what.
        tabs: whether they are separated by tabs; else by any whitespace.
        header: whether the file has a header; if not, the last field has all that is left of the line.
    """

    columns: tuple[str, ...]
    choice: Choice
    tabs: bool
    header: bool = True


def open_smiles(lines: Lines, where: object, reading: Reading, like: Source | None) -> Opened:
    """Read the header, if there is one, and choose the columns.

    Without a header, or if it has a single column, a line is the SMILES, then the id; or the id, then the SMILES, if
    the first lines show that. The id is the next tab-separated field, or all the rest if there is no tab. A CXSMILES
    extension ``|...|`` belongs to the SMILES before it. Each line counts as a row, so that a row is found by its line
    number. A comment (``#``) gives no record. Blank lines are records with an empty SMILES, except those at the end.

    Args:
        lines: the lines of the file.
        where: the file, for messages.
        reading: what the user says of the columns.
        like: the columns of an earlier file of the same library.

    Raises:
        UserError: a column is missing, or the first line is the header of a CSV file.
    """
    first, header = _header(lines, reading.smiles_column)
    if header is None:
        _check_headerless(first, where, reading)
    names = unique(header[0]) if header else ["SMILES"]
    if header is None or len(names) == 1:
        layout = _headerless(lines, names[0])
        check_listed(layout.columns, reading, where)
        others = [name if i in layout.choice.others else "" for i, name in enumerate(layout.columns)]
        layout = layout._replace(choice=layout.choice._replace(others=tuple(wanted(others, reading))))
    else:
        at = next(i for i, cell in enumerate(names) if has_smiles([cell], reading.smiles_column))
        layout = _Layout(tuple(names), Choice(at, None, None, ()), header[1])
        rows = [_fields(row, layout) for row in _sample(lines)]
        layout = layout._replace(choice=choose(names, rows, reading, f"{where}, header line", like=like))
    return Opened(layout.choice.source(layout.columns), lambda: _records(lines, layout))


def count_lines(lines: Lines) -> int:
    """Return the number of records of a SMILES file."""
    _header(lines, None)
    return sum(line is None or not line.startswith("#") for _, line in _numbered(lines))


def kind_of_text(lines: Lines) -> str:
    """Return the format of a .txt file by its first lines: "sdf", "csv", "tsv" or "smi"."""
    top = [line for line in lines.peek(MAX_SPAN) if line and line.strip()]
    if any(line.startswith(mark) or line.rstrip().endswith(mark) for line in top for mark in _SDF_MARKS):
        return "sdf"
    for line in top:
        for delimiter in "\t,;|":
            cells = plain_cells(line, delimiter)
            if len(cells) > 1 and has_smiles(cells, exactly=True) and not is_molecule(cells[0]):
                return "tsv" if delimiter == "\t" else "csv"
    if not top or squeezed(top[0]) == "smiles":
        return "smi"
    layout = _headerless(Lines.of(list(top)))
    at = layout.choice.smiles or 0
    fields = [_fields(line, layout) for line in top[:_TRIED] if not line.startswith("#")]
    good = any(is_molecule(row[at]) for row in fields if len(row) > at)
    return "smi" if good or not any(mark in top[0] for mark in "\t,;|") else "csv"


# ---- columns ---------------------------------------------------------------------------------------------------------


def _header(lines: Lines, smiles_column: str | None) -> tuple[str, tuple[list[str], bool] | None]:
    """Read the header; return the first line of the file, and (cells of the header, whether tabs separate them).

    The first line that is neither blank nor a comment is a header if it has the name of a SMILES column and its first
    field is no SMILES. A comment is a header if it begins with ``#smiles``, or has tabs and the name of a SMILES
    column. If there is no header, no line is read, and None is returned for it.
    """
    seen: list[str | None] = []
    for line in lines:
        seen.append(line)
        if line is None or len(seen) > MAX_SPAN:
            break
        comment, tabs = line.startswith("#"), "\t" in line
        cells = _header_cells(line, smiles_column)
        if cells and not (comment and not tabs and line[1:2].isspace()):
            return line, (cells, tabs)
        if line.strip() and not comment:
            break
    lines.put_back(seen)
    return next((line for line in seen if line and not line.startswith("#")), ""), None


def _header_cells(line: str, smiles_column: str | None) -> list[str] | None:
    cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
    if cells and line.startswith("#"):
        cells[0] = cells[0].lstrip("#").strip()
    if not has_smiles([cell for cell in cells if not re.search("[,;|]", cell)], smiles_column):
        return None
    first = has_smiles(cells[:1], smiles_column)
    return None if not first and not smiles_column and is_molecule(cells[0]) else cells


def _check_headerless(line: str, where: object, reading: Reading) -> None:
    for delimiter in ",;|":
        cells = plain_cells(line, delimiter)
        if len(cells) > 1 and has_smiles(cells) and not is_molecule(cells[0]):
            raise UserError(
                "the file is called a SMILES file, but its first line is a CSV header",
                where=where,
                value=line,
                allowed="SMILES, then a space or a tab, then the id",
                fix="rename it to end in .csv",
            )
    if reading.smiles_column or reading.id_column:
        raise UserError(
            "a column is named, but the SMILES file has no header line",
            where=where,
            value=reading.smiles_column or reading.id_column,
            allowed="without a header: SMILES and id, either of them first",
            fix="leave smiles_column and id_column out, or add a header line",
        )


def _headerless(lines: Lines, name: str = "SMILES") -> _Layout:
    """Return the layout of lines without a header, after a look at the first of them."""
    rows = [line for line in _sample(lines) if not line.startswith("#")]
    tabs = any("\t" in line for line in rows)
    tried = [line.strip().split("\t") if tabs else line.split() for line in rows[:_TRIED]]

    def share(at: int) -> float:
        return sum(len(row) > at and is_molecule(row[at]) for row in tried) / max(len(tried), 1)

    at = int(share(0) < 0.5 and share(1) >= 0.8)  # PubChem's lists have the id first
    width = max((len(_free_fields(line, at)) for line in rows), default=1)
    named = ("id", name) if at else (name, "id")
    names = (*named, *(f"column_{i + 1}" for i in range(2, width)))
    identifier = 1 - at if width > 1 else None
    return _Layout(names[: max(width, 2)], Choice(at, identifier, None, tuple(range(2, width))), tabs, header=False)


def _sample(lines: Lines) -> list[str]:
    return [line for line in lines.peek(SAMPLE_ROWS) if line and line.strip()]


# ---- rows ------------------------------------------------------------------------------------------------------------


def _numbered(lines: Lines) -> Iterator[tuple[int, str | None]]:
    """Return the lines with their numbers; a blank line is "", and blank lines at the end are left out."""
    return enumerate(without_blank_end(lines, lambda line: line is not None and not line.strip(), ""), 1)


def _records(lines: Lines, layout: _Layout) -> Iterator[Record]:
    smiles = layout.choice.smiles or 0
    for row, line in _numbered(lines):
        if line is None:
            yield make_record(row, None, None, problem=not_text(None))
        elif not line:
            yield Record(row, None, None, "", None, (None,) * len(layout.choice.others))
        elif line[0] != "#":
            cells = _fields(line, layout)
            problem = not_text(line)
            if problem is None and len(cells) <= smiles:
                problem = wrong_count(len(layout.columns) if layout.header else 2, cells)
            yield record_of(row, cells, layout.choice, problem)


def _fields(line: str, layout: _Layout) -> list[str]:
    """Return the fields of a line in the order of the columns; an extension stays with its SMILES."""
    at, identifier = layout.choice.smiles or 0, layout.choice.id
    width = len(layout.columns)
    if not layout.header:
        fields = _free_fields(line, at)
        return fields if identifier is None else _joined(fields, width)
    if layout.tabs:
        cells = _joined(line.split("\t"), width)
        if len(cells) > at:
            cells[at], rest = _split_smiles(cells[at])
            if rest and identifier is not None and identifier >= len(cells):
                cells += [""] * (identifier - len(cells)) + [rest]
        return cells
    before = line.split(None, at)
    smiles, rest = _split_smiles(before[at]) if len(before) > at else ("", "")
    return [*before[:at], *filter(None, [smiles, *rest.split(None, max(0, width - at - 2))])]


def _joined(fields: list[str], width: int) -> list[str]:
    """Return at most ``width`` fields, the last of them with all that is left."""
    return fields if len(fields) <= width else [*fields[: width - 1], "\t".join(fields[width - 1 :]).rstrip()]


def _free_fields(line: str, at: int) -> list[str]:
    """Return the fields of a line in a file without header, whose SMILES is the first (``at`` 0) or second field."""
    first, _, others = line.strip("\r\n").partition("\t")
    rest = others.split("\t") if others else []
    before: list[str] = []
    if at and rest:
        before, first, rest = [first.strip()], rest[0], rest[1:]
    elif at:
        identifier, _, first = first.strip().partition(" ")
        before = [identifier]
    smiles, more = _split_smiles(first)
    extension = next((i for i, field in enumerate(rest) if BARRED.fullmatch(field.strip())), None)
    if extension is not None and smiles and " |" not in smiles:
        smiles = f"{smiles} {rest.pop(extension).strip()}"
    return [*before, smiles, *filter(None, [more]), *rest]


def _split_smiles(text: str) -> tuple[str, str]:
    """Return the SMILES with its CXSMILES extension, and what follows them.

    Examples:
        >>> _split_smiles("C[C@H](F)Cl |&1:1| mol 1")
        ('C[C@H](F)Cl |&1:1|', 'mol 1')
    """
    smiles, _, rest = text.strip().replace("\t", " ").partition(" ")
    rest = rest.lstrip()
    if rest.startswith("|") and (end := rest.find("|", 1)) > 0:
        return f"{smiles} {rest[: end + 1]}", rest[end + 1 :].lstrip()
    return smiles, rest
