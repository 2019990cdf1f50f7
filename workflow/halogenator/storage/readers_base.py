"""What every molecule file is read into: records, the names its columns go by, and lines in bounded memory."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from halogenator.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LINE = 1_000_000  # characters of a line, or of a cell; a longer one is a problem of its row

# Which column is taken when none is named: the first of these names that is there, the leftmost column of that name.
# Case does not matter, and a space or a hyphen is an underscore.
COLUMN_NAMES = {
    "smiles": (
        "smiles",
        "canonical_smiles",
        "isomeric_smiles",
        "smi",
        "structure",
        "mol_smiles",
        "rdkit_smiles",
        "smiles_string",
        "cxsmiles",
    ),
    "id": (
        "id",
        "name",
        "compound_id",
        "molecule_id",
        "mol_id",
        "chembl_id",
        "cid",
        "title",
        "identifier",
        "compound_name",
        "pubchem_cid",
        "pubchem_compound_cid",
        "zinc_id",
        "coconut_id",
        "drugbank_id",
    ),
}


class Record(NamedTuple):
    """One row of a molecule file.

    Attributes:
        row: 1-based data row of its file (the header is not counted); in an SDF the record's number; in a .smi file the
            line below the header.
        id: None without an id column, or when the cell is empty.
        name: what a column beside the id's calls the molecule; None without one, or when the cell is empty.
        smiles: SMILES or CXSMILES (``SMILES |extension|``) as found, stripped ("" for an empty cell); None when there
            is none to be read.
        problem: why the row cannot be used; else None. What could be read of it is kept.
        extra: values of the other columns, in the order of ``Source.others``.
        file: the row's file, a position in the library's files.
    """

    row: int
    id: str | None
    name: str | None
    smiles: str | None
    problem: str | None
    extra: tuple[Any, ...] = ()
    file: int = 0


class Source(NamedTuple):
    """What the columns of a library's files are taken for.

    Attributes:
        smiles: the column that has the SMILES; None where the molecules are no column, as in an SDF.
        id: the column that has the ids; None where rows are numbered.
        name: the column that has names beside the ids; None where there is none.
        others: (column, Arrow type) of each other column that comes along, in file order.
    """

    smiles: str | None
    id: str | None
    name: str | None
    others: tuple[tuple[str, pa.DataType], ...] = ()


class Lines:
    """The lines of a text stream, without their ends, in bounded memory: one longer than ``MAX_LINE`` is None."""

    def __init__(self, stream: TextIO) -> None:
        self._readline = stream.readline
        self._back: deque[str | None] = deque()

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str | None:
        if self._back:
            return self._back.popleft()
        line = self._readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        if line[-1] == "\n":
            return line[:-1]
        if len(line) <= MAX_LINE:
            return line
        while line and line[-1] != "\n":
            line = self._readline(MAX_LINE)
        return None

    def put_back(self, lines: Sequence[str | None]) -> None:
        """Have ``lines`` come next, in their order."""
        self._back.extendleft(reversed(lines))


def make_record(row: int, smiles: str | None, identifier: str | None) -> Record:
    """Return the record of a row whose cells were found (None: an empty cell)."""
    name = (identifier or "").strip() or None
    text = (smiles or "").strip()
    if "\0" in text or (name and "\0" in name):
        # RDKit would take the text up to the NUL byte for the whole.
        return Record(row, None, None, None, "NUL byte in the row")
    if "\n" in text:
        return Record(row, name, None, None, "line end in the SMILES")  # RDKit would take the first line for the whole
    if len(text) > MAX_LINE:
        return Record(row, name, None, None, f"SMILES longer than {MAX_LINE:,} characters")
    return Record(row, name, None, text, None)


def find_columns(
    columns: Sequence[str], where: object, smiles_column: str | None, id_column: str | None
) -> tuple[int, int | None]:
    """Return the positions of the SMILES column and of the id column (None if there is none).

    Raises:
        UserError: a named column is absent, or no column has one of the SMILES names.
    """
    smiles = find_column("smiles", columns, where, smiles_column)
    if smiles is None:
        raise UserError(
            "no SMILES column found",
            where=where,
            value=_shown(columns),
            allowed=f"a column called {', '.join(COLUMN_NAMES['smiles'])} (in any case)",
            fix=_naming_advice(columns),
        )
    others = [column if i != smiles or id_column else "" for i, column in enumerate(columns)]
    return smiles, find_column("id", others, where, id_column)


def is_molecule(text: str) -> bool:
    """Return whether RDKit reads ``text`` as SMILES."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        return bool(text) and Chem.MolFromSmiles(text[:1000]) is not None


def find_column(
    role: str, columns: Sequence[str], where: object, named: str | None, *, strict: bool = True
) -> int | None:
    """Return the position of the column ``named``, or (None) of the first name in ``COLUMN_NAMES[role]`` that is there.

    Raises:
        UserError: ``named`` is not among ``columns``; not if not ``strict``.
    """
    if named:
        if named in columns:
            return columns.index(named)
        if not strict:
            return None
        raise UserError(
            f"{role}_column is not a column of the file",
            where=where,
            value=named,
            allowed=_shown(columns),
            fix=did_you_mean(named, columns) or f"set {role}_column to one of the file's columns",
        )
    folded = [_fold(column) for column in columns]
    return next((folded.index(name) for name in COLUMN_NAMES[role] if name in folded), None)


def _fold(column: str) -> str:
    return column.strip().casefold().replace(" ", "_").replace("-", "_")


def _shown(columns: Sequence[str], most: int = 20) -> list[str]:
    shown = [column[:60] for column in columns[:most] if column]
    return [*shown, f"… {len(columns) - most:,} more"] if len(columns) > most else shown


def _naming_advice(columns: Sequence[str]) -> str:
    if any(len(column) > 1 and is_molecule(column) for column in columns[:20]):
        return "its first line looks like a molecule: put a header line above it, e.g. smiles,id"
    scores = {
        column: max(
            1.0 if "smi" in _fold(column) else difflib.SequenceMatcher(None, _fold(column), name).ratio()
            for name in COLUMN_NAMES["smiles"]
        )
        for column in _shown(columns)
    }
    nearest = max(scores, key=lambda column: scores[column], default="")
    return f"name it: smiles_column: {nearest if scores.get(nearest, 0) >= 0.5 else '<the column that has the SMILES>'}"
