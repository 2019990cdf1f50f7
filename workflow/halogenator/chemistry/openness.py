"""What a product template leaves open: RDKit then makes a dummy atom, an unspecified bond, or takes one at will."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rdkit import Chem

from halogenator.chemistry.statements import Statement

# A bond of one order; that it is in a ring or not may be added, and decides nothing.
_STATED_BOND = re.compile(r"(|[-=#:/\\$]|->|<-)([&;]?!?@)*")
_BOND_ORDERS = {"single": "-", "double": "=", "triple": "#", "aromatic": ":"}


class Gap(NamedTuple):
    """Something left open.

    Attributes:
        what: a clause about the SMIRKS.
        allowed: what would be accepted.
        fix: how to mend it.
    """

    what: str
    allowed: str
    fix: str


def gaps(reactant: Chem.Mol, product: Chem.Mol) -> Iterator[Gap]:
    """Yield what a product template leaves open of its atoms and bonds.

    A kept atom may be written in any way that its reactant atom fulfils (``[*:1]``, ``[#6:1]``): RDKit copies it.
    """
    kept = {atom.GetAtomMapNum(): atom for atom in reactant.GetAtoms() if atom.GetAtomMapNum()}
    for atom in product.GetAtoms():
        origin = kept.get(atom.GetAtomMapNum())
        yield from _new_atom(Statement(atom)) if origin is None else _kept_atom(Statement(atom), Statement(origin))
    for bond in product.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        yield from _bond(bond.GetSmarts(), _bond_before(reactant, kept, ends))


def _new_atom(said: Statement) -> Iterator[Gap]:
    if said.atom.GetAtomicNum() == 0:
        yield Gap(
            f"leaves open which element the new atom {said.text} is",
            "new atoms of one stated element, such as F, [NH2] or [O-]",
            _one_each(said),
        )
    else:
        yield from _alternatives(said)


def _kept_atom(said: Statement, origin: Statement) -> Iterator[Gap]:
    stays = _left_there(said, origin)
    if stays:
        yield Gap(
            f"leaves open which element {said.text} becomes: RDKit would leave {stays} there",
            "a kept atom as * (it stays what it is) or with one stated element",
            _one_each(said),
        )
        return
    yield from _alternatives(said)


def _left_there(said: Statement, origin: Statement) -> str:
    """Return the elements of a reactant atom that the product atom, which names none for certain, excludes."""
    if said.atom.GetAtomicNum():
        return ""
    wrong = [number for number in origin.listed if not said.leaves_element(number)]
    if said.listed and not origin.listed:
        return "any element"
    return " or ".join(Chem.GetPeriodicTable().GetElementSymbol(number) for number in wrong)


def _alternatives(said: Statement) -> Iterator[Gap]:
    for word in sorted(said.stated_as_alternative):
        yield Gap(
            f"leaves the {word} of {said.text} open: RDKit would take one of what is named there",
            "in the product, one charge, hydrogen count and isotope an atom, neither negated nor in a list",
            f"state the {word} that the atom gets, or leave it out; e.g. [CH2:1], [N+:1], [C:1]",
        )


def _one_each(said: Statement) -> str:
    symbols = [Chem.GetPeriodicTable().GetElementSymbol(number) for number in said.listed]
    if len(symbols) > 1:
        return f"write one transform per element: one with {', one with '.join(symbols)} in place of {said.text}"
    return f"write the element that is meant in place of {said.text}; for several, one transform each"


def _bond_before(reactant: Chem.Mol, kept: dict[int, Chem.Atom], ends: tuple[Chem.Atom, Chem.Atom]) -> str | None:
    """Return the reactant's SMARTS of a product bond between kept atoms; None if it is new."""
    begin, end = (kept.get(atom.GetAtomMapNum()) for atom in ends)
    bond = begin and end and reactant.GetBondBetweenAtoms(begin.GetIdx(), end.GetIdx())
    return bond.GetSmarts() if bond else None


def _bond(said: str, before: str | None) -> Iterator[Gap]:
    if _STATED_BOND.fullmatch(said) and (said in {"", *"-=#:/\\$", "->", "<-"} or said[0] not in "!@"):
        return
    if before is None:
        what = f"leaves open what the new bond {said} is"
    elif said == before or said == "~" or not re.fullmatch(r"[&;!@]+", said):
        return
    else:
        what = f"leaves open what the bond {said} becomes, which is {before or 'not stated'} in the reactant"
    yield Gap(
        what,
        "new and changed bonds of one stated order: "
        + ", ".join(f"{sign} {word}" for word, sign in _BOND_ORDERS.items()),
        "write the bond that is meant; for several, one transform each",
    )
