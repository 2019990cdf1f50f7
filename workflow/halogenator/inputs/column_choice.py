"""Which column of a file is what: the SMILES, the registry id before a name, the name beside it, and the others.

The names stand in ``column_names.toml``. Where several columns could be it, the first rows decide: an id is there in
nearly all of them and tells molecules apart.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.rows import Source, text_type
from halogenator.model import Reading

if TYPE_CHECKING:
    import pyarrow

_NAMES = tomllib.loads(Path(__file__).with_name("column_names.toml").read_text(encoding="utf-8"))

# Names of the column that is taken when none is named, the better first.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "smiles": tuple(_NAMES["smiles"].split()),
    "id": tuple(" ".join(_NAMES["id"].values()).split()),
    "name": tuple(_NAMES["name"].split()),
}
_WEAK: list[str] = _NAMES["weak"].split()
_EXTENSIONS: list[str] = _NAMES["extension"].split()
_ID_WORDS, _OTHER_THINGS = (frozenset(_NAMES[key].split()) for key in ("id_words", "other_things"))

# In a name with "smiles": numbers of it, or parts of the molecule alone, which are no column of molecules.
_NO_MOLECULES = re.compile(
    r"length|len$|count|valid|(?<!data)source|hash|scaffold|murcko|framework|fragment|react|reagent"
)
# SMILES of less than the molecule: a part, another molecule, or without stereo.
_PARTIAL = re.compile(
    r"core|educt|rgroup|^r\d|salt|flat|noniso|2d|connectivity|sugar|aglyc|opensmarts|smarts|parent|cansmiles|old"
)
_BARRED = re.compile(r"\|[^|]+\|")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_ENOUGH = 0.9  # share of the first rows that have an id, and share of the molecules that it tells apart

Rows = Sequence[Sequence[str | None]]


class Choice(NamedTuple):
    """Positions of the columns; ``smiles`` None: the molecules are no column; ``extension``: of the SMILES."""

    smiles: int | None
    id: int | None
    name: int | None
    others: tuple[int, ...]
    extension: int | None = None

    def source(self, columns: Sequence[str], types: Sequence[pyarrow.DataType] | None = None) -> Source:
        """Return the columns' names, and the types (None: text) of those that come along."""
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
    """Return which of a file's columns is what.

    Args:
        columns: their names.
        rows: the cells of the first rows.
        reading: which are named, and which others come along.
        where: the file, for messages.
        like: what was chosen in an earlier file of the same library, which holds where the columns are there.
        structures: whether the molecules are no column, as in an SDF.
        title: the column that is the title line of an SDF's records.
        textual: whether a column, by its position, can be an id or a name.

    Raises:
        UserError: a column that is named or listed is not there, or no column has one of the SMILES names.
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
        if reading.id_column is None and identifier is not None and _is_name(columns[identifier]):
            name = None
    taken = {smiles, identifier, name, extension}
    if not structures:
        check_listed(columns, reading, where)
    rest = wanted([column if i not in taken else "" for i, column in enumerate(columns)], reading)
    return Choice(smiles, identifier, name, tuple(rest), extension)


def wanted(columns: Sequence[str], reading: Reading) -> list[int]:
    """Return the positions of the columns, those called "" left out, that the user wants to come along."""
    if isinstance(reading.columns, str):
        return [i for i, column in enumerate(columns) if column and reading.columns == "all"]
    return [i for i, column in enumerate(columns) if column and column in reading.columns]


def with_extension(smiles: str | None, extension: str | None) -> str | None:
    """Return a SMILES with its CXSMILES extension from a cell of its own, with or without bars.

    Examples:
        >>> with_extension("C[C@H](F)Cl", "&1:1")
        'C[C@H](F)Cl |&1:1|'
    """
    extension = extension.strip() if extension else None
    if not smiles or not extension or " |" in smiles or type(smiles) is not str:
        return smiles
    return f"{smiles.strip()} {extension if extension.startswith('|') else f'|{extension}|'}"


def candidates(columns: Sequence[str]) -> list[int]:
    """Return the columns that can be the SMILES, the id or the name, by what they are called."""
    telling = set(_strong(columns))
    telling.update(i for i, column in enumerate(columns) if squeezed(column) in (*_WEAK, *_EXTENSIONS))
    return [i for i, column in enumerate(columns) if i in telling or _id_rank(column, False) is not None]


def by_name(role: str, columns: Sequence[str]) -> int | None:
    """Return the first column that has a name of ``COLUMN_NAMES[role]``, an id's or else a name's for "id"."""
    ranks = _SMILES_RANKS if role == "smiles" else _ranks([*COLUMN_NAMES["id"], *COLUMN_NAMES["name"]])
    found = [(ranks[name], i) for i, column in enumerate(columns) if (name := squeezed(column)) in ranks]
    return min(found)[1] if found else None


def check_listed(columns: Sequence[str], reading: Reading, where: object) -> None:
    """Check that the columns that are listed to come along are in the file, or in one of the files.

    Raises:
        UserError: one is not.
    """
    for column in () if isinstance(reading.columns, str) else reading.columns:
        if column not in columns:
            fix = did_you_mean(column, columns) or "take its name off the list, or set columns: all"
            what = "columns: names a column that the file has not"
            raise UserError(what, where=where, value=column, allowed=shown(columns), fix=fix)


def named(columns: Sequence[str], name: str, key: str, where: object) -> int:
    """Return the position of a column that the user names.

    Raises:
        UserError: it is not there.
    """
    if name in columns:
        return list(columns).index(name)
    for i, column in enumerate(columns):
        if column.strip() == name.strip():
            return i
    fix = did_you_mean(name, columns) or f"set {key} to one of the file's columns"
    raise UserError(f"{key} is not a column of the file", where=where, value=name, allowed=shown(columns), fix=fix)


def has_smiles(columns: Sequence[str], smiles_column: str | None = None, *, exactly: bool = False) -> bool:
    """Return whether one of the columns is the one named, or (None) has the name of a SMILES column.

    Args:
        columns: their names.
        smiles_column: the one named.
        exactly: whether "SMILES" among other words is not enough.
    """
    if smiles_column:
        return smiles_column in columns
    return any(squeezed(column) in _SMILES_RANKS for column in columns) or (not exactly and bool(_strong(columns)))


def unique(columns: Sequence[str]) -> list[str]:
    """Return column names of which none occurs twice; those without a name get one, but for empty ones at the end.

    Examples:
        >>> unique(["smiles", "", "smiles", ""])
        ['smiles', 'column_2', 'smiles_2']
    """
    last = max((i for i, column in enumerate(columns) if column.strip()), default=-1)
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
    """Return the first columns as a message shows them."""
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
    """Return the column whose cells look most like SMILES; None where in no column most do."""
    best: tuple[float, int] | None = None
    for i in range(len(columns)):
        cells = _cells(rows[:20], i)
        good = [cell for cell in cells if is_molecule(cell)]
        if len(good) > len(cells) / 2:
            length = sum(map(len, good)) / len(good)
            best = max(best or (0.0, i), (length, i))
    return best[1] if best else None


def squeezed(column: str) -> str:
    """Return a column's name in lower case, letters and digits alone.

    Examples:
        >>> squeezed("ChEMBL ID")
        'chemblid'
    """
    return re.sub(r"[\W_]+", "", column.casefold())


# ---- SMILES ----------------------------------------------------------------------------------------------------------


def _smiles(columns: Sequence[str], rows: Rows, reading: Reading, where: object, like: Source | None) -> int:
    if reading.smiles_column is not None:
        return named(columns, reading.smiles_column, "smiles_column", where)
    known = _known(columns, like and like.smiles)
    if known is not None:
        return known
    strong = _strong(columns)
    if strong:
        filled = {i: len(_cells(rows, i)) for i in strong}
        return next(i for i in strong if filled[i] >= _ENOUGH * max(filled.values()))
    for name in _WEAK:
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


def _strong(columns: Sequence[str]) -> list[int]:
    """Return the columns that have a SMILES column's name, the better first."""
    ranked: list[tuple[int, int]] = []
    for i, name in enumerate(map(squeezed, columns)):
        if name in _SMILES_RANKS:
            ranked.append((_SMILES_RANKS[name], i))
        elif "smiles" not in name and not name.endswith(("smile", "smil")):
            continue
        elif name not in _EXTENSIONS and not _NO_MOLECULES.search(name):
            ranked.append((len(_SMILES_RANKS) + bool(_PARTIAL.search(name)), i))
    return [i for _, i in sorted(ranked)]


def _extension(columns: Sequence[str], rows: Rows, usable: Sequence[int], reading: Reading) -> int | None:
    """Return the column that has what belongs behind the SMILES: by its name, or as all its cells are ``|…|``."""
    for i in usable:
        cells = _cells(rows, i)
        barred = bool(cells) and all(map(_BARRED.fullmatch, cells))
        if columns[i] != reading.id_column and (barred or squeezed(columns[i]) == _EXTENSIONS[0]):
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
        return max(difflib.SequenceMatcher(None, name, known).ratio() for known in _SMILES_RANKS)

    scores = {column: likeness(column) for column in shown(columns)}
    nearest = max(scores, key=lambda column: scores[column], default="")
    return f"name it: smiles_column: {nearest if scores.get(nearest, 0) >= 0.5 else '<the column that has the SMILES>'}"


# ---- id and name -----------------------------------------------------------------------------------------------------


def _id(columns: Sequence[str], rows: Rows, usable: Sequence[int], smiles: int | None, title: int | None) -> int | None:
    ranked = sorted((rank, i) for i in usable if (rank := _id_rank(columns[i], i == title)) is not None)
    if not ranked or not rows:
        return ranked[0][1] if ranked else None
    quality = {i: _quality(rows, i, smiles) for _, i in ranked}
    good = [i for _, i in ranked if min(quality[i]) >= _ENOUGH]
    if good:
        rank_of = {i: rank for rank, i in ranked}
        first = good[0]
        if _is_running(rows, first):  # what counts rows gives way to any id that does not
            better = (i for i in good[1:] if rank_of[i] < len(_ID_RANKS) and not _is_running(rows, i))
            first = next(better, first)
        if squeezed(columns[first]) in ("id", "no") and _whole_numbers(rows, first):
            # A table's own running number gives way to a registry's id.
            better = (i for i in good[1:] if rank_of[i] < _ID_RANKS["compoundid"] and not _whole_numbers(rows, i))
            first = next(better, first)
        return first
    some = [i for _, i in ranked if quality[i][0]]
    if not some:
        return ranked[0][1]
    best = max(some, key=lambda i: (not _is_name(columns[i]), quality[i][0] * quality[i][1]))
    values = _cells(rows, best)
    # The name of a program in every title line is no id.
    return None if best == title and len(values) > 1 and len(set(values)) == 1 else best


def _id_rank(column: str, is_title: bool) -> int | None:
    """Return the place of a column among those that can be an id: known names, a title, other ids, CAS, names, keys."""
    name, known = squeezed(column), len(_ID_RANKS)
    if is_title:
        return known
    if name in _ID_RANKS:
        return _ID_RANKS[name]
    if name in _CAS:
        return known + 2
    if name in _NAME_RANKS:
        return known + 3 + _NAME_RANKS[name]
    if name in _KEYS:
        return known + 5 + len(_NAME_RANKS)
    if _ends_in(column, _ID_WORDS):
        return known + 1
    return known + 4 + len(_NAME_RANKS) if _is_name(column) else None


def _quality(rows: Rows, column: int, smiles: int | None) -> tuple[float, float]:
    """Return the share of the rows that have a value, and that of the molecules which the values tell apart."""
    values = [(value, _cell(row, smiles)) for row in rows if (value := _cell(row, column))]
    if not values:
        return 0.0, 0.0
    distinct = len({value for value, _ in values})
    molecules = len(values) if smiles is None else len({text for _, text in values if text}) or 1
    return len(values) / len(rows), distinct / molecules


def _whole_numbers(rows: Rows, column: int) -> bool:
    return all(value.isdigit() for value in _cells(rows, column))


def _is_running(rows: Rows, column: int) -> bool:
    """Whether the first rows have whole numbers that count on by one."""
    values = _cells(rows, column)
    if len(values) < 2 or not all(value.isdecimal() and len(value) < 10 for value in values):
        return False
    return all(int(after) == int(before) + 1 for before, after in pairwise(values))


def _name(columns: Sequence[str], rows: Rows, usable: Sequence[int], title: int | None) -> int | None:
    def rank(i: int) -> int:
        return _NAME_RANKS.get(squeezed(columns[i]), len(_NAME_RANKS) + (i == title))

    found = sorted((rank(i), i) for i in usable if i == title or _is_name(columns[i]))
    filled = [i for _, i in found if _cells(rows, i)]
    return filled[0] if filled else found[0][1] if found else None


def _is_name(column: str) -> bool:
    return squeezed(column) in _NAME_RANKS or _ends_in(column, ("name", "names"))


def _ends_in(column: str, last: Iterable[str]) -> bool:
    """Whether a name of several words ends in one of ``last``, and none of them is of another thing than a molecule."""
    words = [word.casefold() for word in _WORD.findall(column)]
    return len(words) > 1 and words[-1] in last and not _OTHER_THINGS.intersection(words)


def _known(columns: Sequence[str], name: str | None) -> int | None:
    return list(columns).index(name) if name is not None and name in columns else None


def _cell(row: Sequence[str | None], column: int | None) -> str | None:
    value = row[column] if column is not None and column < len(row) else None
    return value.strip() or None if value else None


def _cells(rows: Rows, column: int) -> list[str]:
    """Return a column's cells that are not empty."""
    return [cell for row in rows if (cell := _cell(row, column))]


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(dict.fromkeys(map(squeezed, names)))}


_SMILES_RANKS, _ID_RANKS, _NAME_RANKS = (_ranks(COLUMN_NAMES[role]) for role in ("smiles", "id", "name"))
_CAS, _KEYS = (_ranks(_NAMES[key].split()) for key in ("cas", "keys"))
