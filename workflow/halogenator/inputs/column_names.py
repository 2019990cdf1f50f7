"""What the name of a column says: whether it can be the SMILES, the id or the name of a molecule, and how likely.

The known names stand in ``column_names.toml``. A rank is a column's place among those that can be the same: 0 is best.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

_NAMES = tomllib.loads(Path(__file__).with_name("column_names.toml").read_text(encoding="utf-8"))

# Names of the column that is taken when the user names none, the better first.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "smiles": tuple(_NAMES["smiles"].split()),
    "id": tuple(" ".join(_NAMES["id"].values()).split()),
    "name": tuple(_NAMES["name"].split()),
}
# Names of columns that often hold something else than SMILES, and names of columns with CXSMILES extensions.
WEAK_NAMES: list[str] = _NAMES["weak"].split()
EXTENSION_NAMES: list[str] = _NAMES["extension"].split()
_ID_WORDS, _OTHER_THINGS = (frozenset(_NAMES[key].split()) for key in ("id_words", "other_things"))

# Words beside "smiles" that say that the column has numbers, or parts of the molecule: no molecules to read.
_NO_MOLECULES = re.compile(
    r"length|len$|count|valid|(?<!data)source|hash|scaffold|murcko|framework|fragment|react|reagent"
)
# Words beside "smiles" that say that less than the molecule is meant: a part, another molecule, or one without stereo.
_PARTIAL = re.compile(
    r"core|educt|rgroup|^r\d|salt|flat|noniso|2d|connectivity|sugar|aglyc|opensmarts|smarts|parent|cansmiles|old"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")


def squeezed(column: str) -> str:
    """Return a column's name in lower case, letters and digits alone.

    Examples:
        >>> squeezed("ChEMBL ID")
        'chemblid'
    """
    return re.sub(r"[\W_]+", "", column.casefold())


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(dict.fromkeys(map(squeezed, names)))}


# {squeezed name: rank}
SMILES_RANKS, ID_RANKS, NAME_RANKS = (_ranks(COLUMN_NAMES[role]) for role in ("smiles", "id", "name"))
_CAS, _KEYS = (_ranks(_NAMES[key].split()) for key in ("cas", "keys"))


def has_smiles(columns: Sequence[str], smiles_column: str | None = None, *, exactly: bool = False) -> bool:
    """Return whether one of the columns is the SMILES by its name.

    Args:
        columns: their names.
        smiles_column: the name to look for; None: any name of a SMILES column.
        exactly: whether only a known name counts, and not "SMILES" among other words.
    """
    if smiles_column:
        return smiles_column in columns
    return any(squeezed(column) in SMILES_RANKS for column in columns) or (
        not exactly and bool(smiles_columns(columns))
    )


def smiles_columns(columns: Sequence[str]) -> list[int]:
    """Return the positions of the columns that have a SMILES column's name, the better first."""
    ranked: list[tuple[int, int]] = []
    for i, name in enumerate(map(squeezed, columns)):
        if name in SMILES_RANKS:
            ranked.append((SMILES_RANKS[name], i))
        elif "smiles" not in name and not name.endswith(("smile", "smil")):
            continue
        elif name not in EXTENSION_NAMES and not _NO_MOLECULES.search(name):
            ranked.append((len(SMILES_RANKS) + bool(_PARTIAL.search(name)), i))
    return [i for _, i in sorted(ranked)]


def candidates(columns: Sequence[str]) -> list[int]:
    """Return the positions of the columns that can be the SMILES, its extension, the id or the name."""
    found = set(smiles_columns(columns))
    found.update(i for i, column in enumerate(columns) if squeezed(column) in (*WEAK_NAMES, *EXTENSION_NAMES))
    return [i for i, column in enumerate(columns) if i in found or id_rank(column) is not None]


def by_name(role: str, columns: Sequence[str]) -> int | None:
    """Return the position of the column that is the "smiles" or the "id" by its name; None if there is none.

    Where no column has a name of an id, one that has a name of a name is taken for the id.
    """
    ranks = SMILES_RANKS if role == "smiles" else _ranks([*COLUMN_NAMES["id"], *COLUMN_NAMES["name"]])
    found = [(ranks[name], i) for i, column in enumerate(columns) if (name := squeezed(column)) in ranks]
    return min(found)[1] if found else None


def id_rank(column: str, *, is_title: bool = False) -> int | None:
    """Return a column's rank as the id; None if it cannot be one.

    The order is: known names of ids, the title line of an SDF, unknown ids, CAS numbers, names, InChIKeys.
    """
    name, known = squeezed(column), len(ID_RANKS)
    if is_title:
        return known
    if name in ID_RANKS:
        return ID_RANKS[name]
    if name in _CAS:
        return known + 2
    if name in NAME_RANKS:
        return known + 3 + NAME_RANKS[name]
    if name in _KEYS:
        return known + 5 + len(NAME_RANKS)
    if _ends_in(column, _ID_WORDS):
        return known + 1
    return known + 4 + len(NAME_RANKS) if is_name(column) else None


def is_name(column: str) -> bool:
    """Return whether a column has names of molecules, by its own name."""
    return squeezed(column) in NAME_RANKS or _ends_in(column, ("name", "names"))


def _ends_in(column: str, last: Iterable[str]) -> bool:
    """Return whether a name of several words ends in one of ``last`` and has no word for a thing but a molecule."""
    words = [word.casefold() for word in _WORD.findall(column)]
    return len(words) > 1 and words[-1] in last and not _OTHER_THINGS.intersection(words)
