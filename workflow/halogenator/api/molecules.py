"""The molecules that a caller brings, one or many, of any kind, as entries that are read one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import PurePath
from typing import Any, NamedTuple

from rdkit import Chem

from halogenator.chemistry.molecules import RejectError, check_molecule
from halogenator.errors import UserError
from halogenator.inputs.column_names import by_name
from halogenator.inputs.molfile import MAX_ATOMS, cxsmiles

_MISSING = object()
_ALLOWED = "SMILES or RDKit molecules: one, a list, a column (df['smiles']), a mapping of ids, or any iterator"
_FILES = (".csv", ".tsv", ".smi", ".sdf", ".mol", ".parquet", ".xlsx", ".gz", ".txt")


class Entry(NamedTuple):
    """A molecule as it was given.

    Attributes:
        position: its place among those given, from 0.
        id: its name: given, of the molecule, or its position.
        given: the SMILES or molecule; None or ``Unusable`` is a reject.
    """

    position: int
    id: str
    given: Any


@dataclass(frozen=True)
class Molecules:
    """What a caller gave.

    Attributes:
        source: what is iterated.
        ids: names of the same number; None: those of a mapping, an index or the molecules themselves.
        is_one: whether it is a single molecule.
        count: how many there are; None if nobody knows before the last.
        most: how many are taken; None: all.
    """

    source: Any
    ids: Iterable[Any] | None
    is_one: bool
    count: int | None
    most: int | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether each pass begins anew. An iterator is used up by its first one."""
        return iter(self.source) is not self.source and (self.ids is None or iter(self.ids) is not self.ids)

    def entries(self) -> Iterator[Entry]:
        """Yield the molecules, none before it is asked for.

        Raises:
            UserError: there are more or fewer ids than molecules.
        """
        for position, (name, given) in enumerate(islice(self._named(), self.most)):
            if given is _MISSING and not isinstance(self.ids, Sized):
                return  # such as itertools.count()
            if given is _MISSING or name is _MISSING:
                what = "fewer ids than molecules" if name is _MISSING else "more ids than molecules"
                raise UserError(what, value=f"{position:,} of them", allowed="an id for each molecule")
            given = _plain(given)
            if name is None and isinstance(given, Chem.Mol) and given.HasProp("_Name"):
                name = given.GetProp("_Name").strip() or None
            yield Entry(position, str(position) if name is None else str(name), given)

    def _named(self) -> Iterator[tuple[Any, Any]]:
        if self.ids is not None:
            return zip_longest(self.ids, self.source, fillvalue=_MISSING)
        if isinstance(self.source, Mapping) or _has_labels(self.source):
            return iter(self.source.items())
        return ((None, given) for given in self.source)


def molecules_of(given: Any, ids: Iterable[Any] | None = None) -> Molecules:
    """Return what a caller gave, without reading it.

    Raises:
        UserError: these are no molecules: a table, a file's name, a number.
    """
    if given is None or isinstance(given, str | Chem.Mol):
        return Molecules([given], [ids] if isinstance(ids, str) else ids, is_one=True, count=1)
    columns = getattr(given, "column_names", getattr(given, "columns", None))
    if columns is not None and not isinstance(given, Mapping):
        names = [str(name) for name in columns] if isinstance(columns, Iterable) else []
        number = by_name("smiles", names)
        fix = f"give its column: …[{names[number]!r}]" if number is not None else "give its column of SMILES"
        raise UserError("this is a table, not a column of it", value=names, allowed=_ALLOWED, fix=fix)
    if isinstance(given, bytes | PurePath) or not isinstance(given, Iterable):
        what = "these are no molecules" if not isinstance(given, PurePath) else "this names a file"
        first = _READ_FIRST if isinstance(given, PurePath) else None
        raise UserError(what, value=given, allowed=_ALLOWED, fix=first)
    if isinstance(ids, str):
        raise UserError("ids is one name, for many molecules", value=ids, allowed="as many ids as molecules")
    return Molecules(given, ids, is_one=False, count=len(given) if isinstance(given, Sized) else None)


_READ_FIRST = "read it first, as by pandas.read_csv(…)['smiles'] or Chem.SDMolSupplier(…); or use the command apply"


def text_of(given: object) -> str:
    """Return what was given as SMILES or CXSMILES.

    Raises:
        RejectError: it is none, or not one molecule.
    """
    if isinstance(given, str):
        if given.strip().lower().endswith(_FILES):
            raise RejectError("unparsable SMILES", f"{given[:200]!r} looks like a file's name; {_READ_FIRST}")
        return given
    if given is None:
        raise RejectError("empty", "no molecule here; RDKit gives None for a SMILES that it cannot read")
    if not isinstance(given, Chem.Mol):
        raise RejectError("no molecule", f"{given}; give a SMILES or an RDKit molecule")
    if given.GetNumAtoms() > MAX_ATOMS:
        raise RejectError("too large", f"{given.GetNumAtoms():,} atoms; at most {MAX_ATOMS:,} are read")
    mol = Chem.Mol(given)  # RDKit leaves notes on what it writes
    try:
        mol.UpdatePropertyCache(strict=False)
        check_molecule(mol)
        return cxsmiles(mol)
    except (RuntimeError, ValueError) as error:
        raise RejectError("impossible molecule", str(error).strip()) from error


class Unusable(NamedTuple):
    """Something that is no molecule: its type, and its text."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.text!r} is of type {self.kind}"


def _plain(given: Any) -> str | Chem.Mol | Unusable | None:
    """Return what was given as text, as a molecule, or as what stands for something else; None where there is none."""
    given = given.as_py() if hasattr(given, "as_py") else given  # a value of an Arrow array
    if isinstance(given, str):
        return str(given)  # of NumPy's, which is another type
    kind = type(given).__name__
    if given is None or kind == "NAType" or (isinstance(given, float) and given != given):  # pandas' missing values
        return None
    return given if isinstance(given, Chem.Mol) else Unusable(kind, str(given)[:200])


def _has_labels(source: object) -> bool:
    """Return whether it is a pandas Series with labels of its own, not only numbers from 0."""
    index = getattr(source, "index", None)
    return hasattr(source, "items") and index is not None and type(index).__name__ != "RangeIndex"
