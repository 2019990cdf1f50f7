"""SMILES files as records, ``SMILES |extension| id``, or the id first, with a header or without."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from halogenator.errors import UserError
from halogenator.inputs.column_choice import Choice, choose, has_smiles, is_molecule, squeezed, unique
from halogenator.inputs.delimited import MAX_SPAN, SAMPLE_LINES, Layout, count, plain_cells, wrong_count
from halogenator.inputs.rows import Lines, Record, Source, make_record, not_text
from halogenator.model import Reading

_TRIED = 20  # lines that are tried to find out where the SMILES is
_MARKS = ("M  END", "V2000", "V3000", "$$$$")

_EXTENSION = re.compile(r"\|[^|]+\|")


def smi_layout(lines: Lines, where: object, reading: Reading, like: Source | None, *, strict: bool = True) -> Layout:
    """Read the header, if there is one, and find the columns.

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
        cells = _header_cells(line, reading.smiles_column)
        if cells and not (comment and "\t" not in line and line[1:2].isspace()):
            delimiter = "\t" if "\t" in line else None
            columns = unique(cells)
            shape = Layout(tuple(columns), Choice(0, None, None, ()), len(columns), delimiter)
            if not strict or len(columns) == 1:
                return shape if len(columns) > 1 else _headerless(lines, columns[0])
            at = next(i for i, cell in enumerate(columns) if has_smiles([cell], reading.smiles_column))
            shape = shape._replace(choice=Choice(at, None, None, ()))
            rows = [_cells(row, shape) for row in _sample(lines)]
            return shape._replace(choice=choose(columns, rows, reading, f"{where}, header line", like=like))
        if line.strip() and not comment:
            break
    lines.put_back(seen)
    if strict:
        _check_headerless(next((line for line in seen if line and not line.startswith("#")), ""), where)
        if reading.smiles_column or reading.id_column:
            raise UserError(
                "a column is named, but the SMILES file has no header line",
                where=where,
                value=reading.smiles_column or reading.id_column,
                allowed="without a header: SMILES and id, either of them first",
                fix="leave smiles_column and id_column out, or add a header line",
            )
    layout = _headerless(lines)
    if reading.columns == "none":
        return layout._replace(choice=layout.choice._replace(others=()))
    if not isinstance(reading.columns, str):
        wanted = tuple(i for i in layout.choice.others if layout.columns[i] in reading.columns)
        return layout._replace(choice=layout.choice._replace(others=wanted))
    return layout


def smi_records(lines: Lines, layout: Layout) -> Iterator[Record]:
    """Yield the records below the header.

    Without a header (or with a single column) a line is SMILES, then the id: the next tab-separated field, or all that
    follows if there is no tab; or it is an id, then SMILES, where the first lines show that. A CXSMILES extension
    ``|...|`` belongs to the SMILES that it follows. A comment (``#``) gives no record, but every line counts as a row,
    so that a row is found by its line number. Blank lines within the file are records with an empty SMILES; those at
    its end are none.
    """
    blank = 0
    for row, line in enumerate(lines, 1):
        if line is not None and not line.strip():
            blank += 1
            continue
        for i in range(row - blank, row):
            yield Record(i, None, None, "", None, (None,) * len(layout.choice.others))
        blank = 0
        if line is None or line[0] != "#":
            yield _smi_record(row, line, layout)


def count_lines(lines: Lines) -> int:
    """Return how many records a SMILES file has."""
    return count(smi_records(lines, smi_layout(lines, "", Reading(), None, strict=False)))


def kind_of_text(lines: Lines) -> str:
    """Return what a text without a telling ending is, by its first lines: sdf, csv, tsv or smi."""
    top = [line for line in lines.peek(MAX_SPAN) if line and line.strip()]
    if any(line.startswith(mark) or line.rstrip().endswith(mark) for line in top for mark in _MARKS):
        return "sdf"
    for line in top:
        for delimiter in "\t,;|":
            cells = plain_cells(line, delimiter)
            if len(cells) > 1 and has_smiles(cells, exactly=True) and not is_molecule(cells[0]):
                return "tsv" if delimiter == "\t" else "csv"
    if top and squeezed(top[0]) == "smiles":
        return "smi"
    layout = _headerless(Lines.of(list(top)))
    at = layout.choice.smiles or 0
    fields = [_cells(line, layout) for line in top[:_TRIED] if not line.startswith("#")]
    good = sum(is_molecule(row[at]) for row in fields if len(row) > at)
    return "smi" if good or not top or not any(mark in top[0] for mark in "\t,;|") else "csv"


def _headerless(lines: Lines, name: str = "SMILES") -> Layout:
    """Return the layout of lines without a header: which field is the SMILES, and how many there are."""
    rows = [line for line in _sample(lines) if not line.startswith("#")]
    tabs = any("\t" in line for line in rows)
    split = [line.strip().split("\t") if tabs else line.split() for line in rows[:_TRIED]]
    at = _smiles_field(split)
    fields = [_fields(line, at) for line in rows]
    width = max(map(len, fields), default=1)
    names = [f"column_{i + 1}" for i in range(max(width, 2))]
    names[0], names[1] = ("id", name) if at else (name, "id")
    identifier = 1 - at if width > 1 else None
    others = tuple(range(2, width))
    return Layout(tuple(names), Choice(at, identifier, None, others), -width, "\t" if tabs else None)


def _smiles_field(rows: Sequence[Sequence[str]]) -> int:
    """Return 1 where the second field of the rows is the SMILES, else 0: PubChem's lists have the id first."""

    def share(at: int) -> float:
        return sum(len(row) > at and is_molecule(row[at]) for row in rows) / max(len(rows), 1)

    return int(share(0) < 0.5 and share(1) >= 0.8)


def _sample(lines: Lines) -> list[str]:
    return [line for line in lines.peek(SAMPLE_LINES) if line and line.strip()]


def _smi_record(row: int, line: str | None, layout: Layout) -> Record:
    if line is None:
        return make_record(row, None, None, problem=not_text(None))
    cells = _cells(line, layout)
    problem = not_text(line)
    if problem is None and len(cells) <= (layout.choice.smiles or 0):
        problem = wrong_count(layout.width if layout.width > 0 else 2, cells)
    return layout.record(row, cells, problem)


def _cells(line: str, layout: Layout) -> list[str]:
    """Return the fields of a line in the order of the columns; an extension stays with its SMILES."""
    at = layout.choice.smiles or 0
    if layout.width <= 0:
        fields = _fields(line, at)
        if len(fields) > -layout.width > 1:  # none is lost: the last has all that is left
            fields[-layout.width - 1 :] = ["\t".join(fields[-layout.width - 1 :])]
        return fields
    if layout.delimiter:
        cells = line.split(layout.delimiter)
        if len(cells) > layout.width:
            cells[layout.width - 1 :] = ["\t".join(cells[layout.width - 1 :]).rstrip()]
    elif at == 0:
        smiles, rest = _split_smiles(line)
        cells = [smiles, *rest.split(None, layout.width - 2)]
    else:
        before = line.split(None, at)
        smiles, rest = _split_smiles(before[at]) if len(before) > at else ("", "")
        cells = [*before[:at], *filter(None, [smiles, *rest.split(None, max(0, layout.width - at - 2))])]
    if layout.delimiter and len(cells) > at:
        cells[at], rest = _split_smiles(cells[at])
        identifier = layout.choice.id
        if rest and identifier is not None and identifier >= len(cells):
            cells += [""] * (identifier - len(cells)) + [rest]
    return cells


def _fields(line: str, at: int) -> list[str]:
    """Return the fields of a line without a header."""
    first, _, others = line.strip("\r\n").partition("\t")
    rest = others.split("\t") if others else []
    if at:
        if not rest:
            identifier, _, text = first.strip().partition(" ")
            smiles, more = _split_smiles(text)
        else:
            identifier, (smiles, more) = first.strip(), _split_smiles(rest[0])
            smiles, rest = _with_extension(smiles, rest)
        return [identifier, smiles, *filter(None, [more]), *rest[1:]]
    smiles, more = _split_smiles(first)
    smiles, rest = _with_extension(smiles, rest)
    return [smiles, *([more] if more else []), *rest]


def _with_extension(smiles: str, fields: list[str]) -> tuple[str, list[str]]:
    """Return the SMILES with the field that is its CXSMILES extension, and the other fields."""
    at = next((i for i, field in enumerate(fields) if _EXTENSION.fullmatch(field.strip())), None)
    if at is None or not smiles or " |" in smiles:
        return smiles, fields
    return f"{smiles} {fields[at].strip()}", fields[:at] + fields[at + 1 :]


def _split_smiles(text: str) -> tuple[str, str]:
    """Return the SMILES with its CXSMILES extension, and what follows them."""
    smiles, _, rest = text.strip().replace("\t", " ").partition(" ")
    rest = rest.lstrip()
    if rest.startswith("|") and (end := rest.find("|", 1)) > 0:
        return f"{smiles} {rest[: end + 1]}", rest[end + 1 :].lstrip()
    return smiles, rest


def _header_cells(line: str, smiles_column: str | None) -> list[str] | None:
    cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
    if cells and line.startswith("#"):
        cells[0] = cells[0].lstrip("#").strip()
    if not has_smiles([cell for cell in cells if not re.search("[,;|]", cell)], smiles_column):
        return None
    first = has_smiles(cells[:1], smiles_column)
    return None if not first and not smiles_column and is_molecule(cells[0]) else cells


def _check_headerless(line: str, where: object) -> None:
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
