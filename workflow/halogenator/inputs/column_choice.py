"""Which column of a file is the SMILES, the id, the name, and which others are kept.

Names of columns come first (``column_names``). Where several columns have the name of an id, the first rows decide: an
id is there in nearly all of them, and tells molecules apart.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.column_names import (
    COLUMN_NAMES,
    EXTENSION_NAMES,
    ID_RANKS,
    NAME_RANKS,
    SMILES_RANKS,
    WEAK_NAMES,
    id_rank,
    is_name,
    smiles_columns,
    squeezed,
)
from halogenator.inputs.rows import Source, Undecoded, text_type
from halogenator.model import Reading

if TYPE_CHECKING:
    import pyarrow

BARRED = re.compile(r"\|[^|]+\|")  # an extension of a CXSMILES
_ENOUGH = 0.9  # share of the first rows that have an id, and share of the molecules that it tells apart

Rows = Sequence[Sequence[str | None]]


class Choice(NamedTuple):
    """Positions of a file's columns.

    Attributes:
        smiles: the SMILES; None where the molecules are no column, as in an SDF.
        id: the id; None where rows are numbered.
        name: the name beside the id; None where there is none.
        others: the other columns that are kept.
        extension: the CXSMILES extensions of the SMILES; None where there are none.
    """

    smiles: int | None
    id: int | None
    name: int | None
    others: tuple[int, ...]
    extension: int | None = None

    def source(self, columns: Sequence[str], types: Sequence[pyarrow.DataType] | None = None) -> Source:
        """Return the names of the chosen columns; of the other columns also their types.

        Args:
            columns: the names of all columns of the file.
            types: their Arrow types; None: all are text.
        """
        smiles, identifier, name, extension = (
            None if i is None else columns[i] for i in (self.smiles, self.id, self.name, self.extension)
        )
        others = tuple((columns[i], text_type() if types is None else types[i]) for i in self.others)
        return Source(smiles, identifier, name, others, extension)


def choose(
    columns: Sequence[str],
    rows: Rows,
    reading: Reading,
    where: object,
    *,
    like: Source | None = None,
    structures: bool = False,
    title: int | None = None,
    textual: Callable[[int], bool] = lambda _: True,
) -> Choice:
    """Return which of a file's columns is the SMILES, the id, the name, and which others are kept.

    Args:
        columns: the names of all columns.
        rows: the cells of the first rows.
        reading: what the user says of the columns.
        where: the file, for messages.
        like: the choice in an earlier file of the same library; its columns are taken where this file has them too.
        structures: whether the molecules are no column, as in an SDF.
        title: the position of the column that has the title lines of an SDF.
        textual: whether the column at a position can be an id or a name.

    Raises:
        UserError: the file lacks a column that the user names, or it has no SMILES column.
    """
    smiles = None if structures else _smiles(columns, rows, reading, where, like)
    usable = [i for i, column in enumerate(columns) if i != smiles and column and textual(i)]
    extension = None if smiles is None else _extension(columns, rows, usable, reading)
    usable = [i for i in usable if i != extension]
    if reading.id_column is not None:
        identifier: int | None = named(columns, reading.id_column, "id_column", where)
    else:
        identifier = _known(columns, like and like.id)
        identifier = _id(columns, rows, usable, smiles, title) if identifier is None else identifier
    name = _known(columns, like and like.name)
    if name is None or name == identifier:
        name = _name(columns, rows, [i for i in usable if i != identifier], title)
        if reading.id_column is None and identifier is not None and is_name(columns[identifier]):
            name = None
    taken = {smiles, identifier, name, extension}
    if not structures:
        check_listed(columns, reading, where)
    rest = wanted([column if i not in taken else "" for i, column in enumerate(columns)], reading)
    return Choice(smiles, identifier, name, tuple(rest), extension)


def wanted(columns: Sequence[str], reading: Reading) -> list[int]:
    """Return the positions of the columns that the user wants to keep; a column called "" is never kept."""
    kept = {"all": columns, "none": ()}[reading.columns] if isinstance(reading.columns, str) else reading.columns
    return [i for i, column in enumerate(columns) if column and column in kept]


def with_extension(smiles: str | None, extension: str | None) -> str | None:
    """Return a SMILES with the CXSMILES extension that stands in another cell, with or without its bars.

    Examples:
        >>> with_extension("C[C@H](F)Cl", "&1:1")
        'C[C@H](F)Cl |&1:1|'
    """
    extension = (extension or "").strip()
    if not smiles or not extension or " |" in smiles or isinstance(smiles, Undecoded):
        return smiles
    return f"{smiles.strip()} {extension if extension.startswith('|') else f'|{extension}|'}"


def check_listed(columns: Sequence[str], reading: Reading, where: object) -> None:
    """Check that a library's file, or one of its files, has all columns that the user lists under ``columns``.

    Raises:
        UserError: a column is missing.
    """
    for column in () if isinstance(reading.columns, str) else reading.columns:
        if column not in columns:
            fix = did_you_mean(column, columns) or "take its name off the list, or set columns: all"
            what = "columns: names a column that the file has not"
            raise UserError(what, where=where, value=column, allowed=shown(columns), fix=fix)


def named(columns: Sequence[str], name: str, key: str, where: object) -> int:
    """Return the position of the column that the user names with the key ``key`` of a library.

    Raises:
        UserError: the file has no such column.
    """
    if name in columns:
        return list(columns).index(name)
    for i, column in enumerate(columns):
        if column.strip() == name.strip():
            return i
    fix = did_you_mean(name, columns) or f"set {key} to one of the file's columns"
    raise UserError(f"{key} is not a column of the file", where=where, value=name, allowed=shown(columns), fix=fix)


def unique(columns: Sequence[str], rows: Rows = ()) -> list[str]:
    """Return the column names, with numbers added where a name occurs twice or is empty; empty ones at the end go.

    An empty name at the end stays if one of the rows has a value below it.

    Examples:
        >>> unique(["smiles", "", "smiles", ""])
        ['smiles', 'column_2', 'smiles_2']
        >>> unique(["smiles", "", ""], [["CCO", "solvent", ""]])
        ['smiles', 'column_2']
    """
    last = -1
    for cells in [columns, *rows]:
        filled = [i for i, cell in enumerate(cells[: len(columns)]) if cell and cell.strip()]
        last = max([last, *filled])
    found: list[str] = []
    taken = {column.strip() for column in columns}
    seen: set[str] = set()
    for number, column in enumerate(columns[: last + 1], 1):
        name = column.strip() or f"column_{number}"
        count = 1
        while name in seen or (count > 1 and name in taken):
            count += 1
            name = f"{column.strip() or 'column'}_{count}"
        seen.add(name)
        found.append(name)
    return found


def shown(columns: Sequence[str], most: int = 20) -> list[str]:
    """Return the first column names, shortened for a message."""
    first = [column[:60] for column in columns[:most] if column]
    return [*first, f"… {len(columns) - most:,} more"] if len(columns) > most else first


def is_molecule(text: str) -> bool:
    """Return whether RDKit reads a text, up to its first space, as SMILES."""
    from rdkit import Chem, rdBase

    text = text.partition(" ")[0]
    if not text or len(text) > 1000 or "\0" in text or text.isdigit():
        return False
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(text) is not None


def molecule_column(columns: Sequence[str], rows: Rows) -> int | None:
    """Return the position of the column with the longest SMILES, if most of its cells are SMILES; else None."""
    best: tuple[float, int] | None = None
    for i in range(len(columns)):
        cells = _cells(rows[:20], i)
        good = [cell for cell in cells if is_molecule(cell)]
        if len(good) > len(cells) / 2:
            length = sum(map(len, good)) / len(good)
            best = max(best or (0.0, i), (length, i))
    return best[1] if best else None


# ---- SMILES ----------------------------------------------------------------------------------------------------------


def _smiles(columns: Sequence[str], rows: Rows, reading: Reading, where: object, like: Source | None) -> int:
    if reading.smiles_column is not None:
        return named(columns, reading.smiles_column, "smiles_column", where)
    known = _known(columns, like and like.smiles)
    if known is not None:
        return known
    strong = smiles_columns(columns)
    if strong:
        filled = {i: len(_cells(rows, i)) for i in strong}
        return next(i for i in strong if filled[i] >= _ENOUGH * max(filled.values()))
    for name in WEAK_NAMES:
        for i, column in enumerate(columns):
            cells = _cells(rows[:20], i)
            if squeezed(column) == name and (not rows or sum(map(is_molecule, cells)) > len(cells) / 2):
                return i
    raise UserError(
        "no SMILES column found",
        where=where,
        value=shown(columns),
        allowed=f"a column called {', '.join(COLUMN_NAMES['smiles'])} (in any case)",
        fix=_naming_advice(columns, rows),
    )


def _extension(columns: Sequence[str], rows: Rows, usable: Sequence[int], reading: Reading) -> int | None:
    """Return the column of CXSMILES extensions: one that is called so, or whose cells are all ``|…|``."""
    for i in usable:
        cells = _cells(rows, i)
        barred = bool(cells) and all(map(BARRED.fullmatch, cells))
        if columns[i] != reading.id_column and (barred or squeezed(columns[i]) == EXTENSION_NAMES[0]):
            return i
    return None


def _naming_advice(columns: Sequence[str], rows: Rows) -> str:
    if any(len(column) > 1 and is_molecule(column) for column in columns[:20]):
        return "its first line looks like a molecule: put a header line above it, e.g. smiles,id"
    looks = molecule_column(columns, rows)
    if looks is not None and columns[looks]:
        return f"name it: smiles_column: {columns[looks]}"

    def likeness(column: str) -> float:
        name = squeezed(column)
        if "smi" in name:
            return 1.0
        return max(difflib.SequenceMatcher(None, name, known).ratio() for known in SMILES_RANKS)

    scores = {column: likeness(column) for column in shown(columns)}
    nearest = max(scores, key=lambda column: scores[column], default="")
    return f"name it: smiles_column: {nearest if scores.get(nearest, 0) >= 0.5 else '<the column that has the SMILES>'}"


# ---- id and name -----------------------------------------------------------------------------------------------------


def _id(columns: Sequence[str], rows: Rows, usable: Sequence[int], smiles: int | None, title: int | None) -> int | None:
    ranked = sorted((rank, i) for i in usable if (rank := id_rank(columns[i], is_title=i == title)) is not None)
    if not ranked or not rows:
        return ranked[0][1] if ranked else None
    quality = {i: _quality(rows, i, smiles) for _, i in ranked}
    good = [i for _, i in ranked if min(quality[i]) >= _ENOUGH]
    if good:
        rank_of = {i: rank for rank, i in ranked}
        first = good[0]
        if _is_running(rows, first):
            # A column that counts the rows is worse than any known id that does not.
            better = (i for i in good[1:] if rank_of[i] < len(ID_RANKS) and not _is_running(rows, i))
            first = next(better, first)
        if squeezed(columns[first]) in ("id", "no") and _whole_numbers(rows, first):
            # A number of this table alone is worse than the id of a registry.
            better = (i for i in good[1:] if rank_of[i] < ID_RANKS["compoundid"] and not _whole_numbers(rows, i))
            first = next(better, first)
        return first
    some = [i for _, i in ranked if quality[i][0]]
    if not some:
        return ranked[0][1]
    best = max(some, key=lambda i: (not is_name(columns[i]), quality[i][0] * quality[i][1]))
    values = _cells(rows, best)
    # The name of a program in every title line is no id.
    return None if best == title and len(values) > 1 and len(set(values)) == 1 else best


def _quality(rows: Rows, column: int, smiles: int | None) -> tuple[float, float]:
    """Return two shares: of the rows that have a value, and of the molecules that the values tell apart."""
    values = [(value, _cell(row, smiles)) for row in rows if (value := _cell(row, column))]
    if not values:
        return 0.0, 0.0
    distinct = len({value for value, _ in values})
    molecules = len(values) if smiles is None else len({text for _, text in values if text}) or 1
    return len(values) / len(rows), distinct / molecules


def _whole_numbers(rows: Rows, column: int) -> bool:
    return all(value.isdigit() for value in _cells(rows, column))


def _is_running(rows: Rows, column: int) -> bool:
    """Return whether the values are whole numbers, each one more than the one before."""
    values = _cells(rows, column)
    if len(values) < 2 or not all(value.isdecimal() and len(value) < 10 for value in values):
        return False
    return all(int(after) == int(before) + 1 for before, after in pairwise(values))


def _name(columns: Sequence[str], rows: Rows, usable: Sequence[int], title: int | None) -> int | None:
    def rank(i: int) -> int:
        return NAME_RANKS.get(squeezed(columns[i]), len(NAME_RANKS) + (i == title))

    found = sorted((rank(i), i) for i in usable if i == title or is_name(columns[i]))
    filled = [i for _, i in found if _cells(rows, i)]
    return filled[0] if filled else found[0][1] if found else None


def _known(columns: Sequence[str], name: str | None) -> int | None:
    return list(columns).index(name) if name is not None and name in columns else None


def _cell(row: Sequence[str | None], column: int | None) -> str | None:
    value = row[column] if column is not None and column < len(row) else None
    return value.strip() or None if value else None


def _cells(rows: Rows, column: int) -> list[str]:
    """Return the cells of a column that are not empty."""
    return [cell for row in rows if (cell := _cell(row, column))]
