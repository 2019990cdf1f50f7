"""What the templates of a SMIRKS show of its author not having meant it: seen before any molecule is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.atom_queries import Statement

_ORDERS = {Chem.BondType.SINGLE: 1.0, Chem.BondType.DOUBLE: 2.0, Chem.BondType.TRIPLE: 3.0, Chem.BondType.AROMATIC: 1.5}
_WORDS = {Chem.BondType.SINGLE: "single", Chem.BondType.DOUBLE: "double", Chem.BondType.TRIPLE: "triple"}
_NO_STEREO = Chem.ChiralType.CHI_UNSPECIFIED
# A bond of one order; that it is in a ring or not may be added, and decides nothing.
_STATED_BOND = re.compile(r"(|[-=#:/\\$]|->|<-)([&;]?!?@)*")
_BOND_ORDERS = {"single": "-", "double": "=", "triple": "#", "aromatic": ":"}

# Small molecules of many kinds, to try a transform on: what natural products seldom have, ions among them.
_MOLECULES = """
CC(=O)[O-] C[NH3+] C[N+](C)(C)C C[n+]1ccccc1 [O-]c1ccccc1 C[N+](=O)[O-] C[N+](C)(C)[O-] [O-][n+]1ccccc1
CN=[N+]=[N-] CC#N CC#CC C=CC C/C=C/C C/C=C\\C CF CCl CBr CI Clc1ccccc1 Brc1ccccc1 Ic1ccccc1 FC(F)(F)c1ccccc1
Cc1ccccc1Cl C[C@H](F)Cl CC(=O)Cl CC=O CC(C)=O CC(C)=NC CC(C)=NO CN=NC CNN CS CSC CSSC CS(C)=O CS(C)(=O)=O
CS(N)(=O)=O CS(=O)(=O)O CP(=O)(O)O COP(=O)(OC)OC CP(C)C OB(O)c1ccccc1 C[Si](C)(C)OC CC(C)(C)[Si](C)(C)OC COCOC
CC(C)(C)OC(=O)NC COC(=O)c1ccccc1 CC(=O)OC CC(=O)NC CC(=O)N CC(=O)N(C)C CN CNC CN(C)C Nc1ccccc1 CNc1ccccc1
CNC(=O)NC COC(=O)OC CC(=O)OC(C)=O CO CC(C)O CC(C)(C)O OCCO Oc1ccccc1 COc1ccccc1 SCc1ccccc1 O=C(O)c1ccccc1
OC(=O)CC(=O)O C1CO1 C1CC1 C1CCCCC1 c1ccncc1 c1cc[nH]c1 c1ccoc1 c1ccsc1 c1c[nH]cn1 Cn1cccc1 O=c1cccc[nH]1
c1ccc2[nH]ccc2c1 C[C@H](N)C(=O)O C[C@@H](O)CC C[C@H]1CCCC[C@@H]1O CC=C=CC CC(=O)CC(C)=O COCc1ccccc1
CC1(C)OCCO1 O=CO CN1CCOCC1 C1CCNCC1 C1CNCCN1 NCc1ccccc1 O=C1c2ccccc2C(=O)N1C FC(F)(F)C(=O)NC
"""
PROBES = tuple(_MOLECULES.split())


class Slip(NamedTuple):
    """Something that is likely not meant.

    Attributes:
        kind: a word for it; a trial that shows the same thing on a molecule has the same.
        text: what it is, in a sentence.
    """

    kind: str
    text: str


class Templates:
    """Both sides of a SMIRKS.

    Attributes:
        reactant, product: the templates.
        kept: (atom of the reactant, atom of the product) of each that stays.
        leaving: the reactant's other atoms.
        new: the product's other atoms.
    """

    def __init__(self, smirks: str) -> None:
        self._reaction = rdChemReactions.ReactionFromSmarts(smirks)
        self.reactant = self._reaction.GetReactantTemplate(0)
        self.product = self._reaction.GetProductTemplate(0)
        after = {atom.GetAtomMapNum(): atom for atom in self.product.GetAtoms() if atom.GetAtomMapNum()}
        self.kept = [
            (atom, after[atom.GetAtomMapNum()]) for atom in self.reactant.GetAtoms() if atom.GetAtomMapNum() in after
        ]
        stays = {before.GetIdx() for before, _ in self.kept}
        self.leaving = [atom for atom in self.reactant.GetAtoms() if atom.GetIdx() not in stays]
        come = {atom.GetIdx() for _, atom in self.kept}
        self.new = [atom for atom in self.product.GetAtoms() if atom.GetIdx() not in come]

    @property
    def heavy_atoms_gained(self) -> int:
        """How many more atoms, hydrogens not counted, the product template has."""
        come, go = (sum(1 for atom in atoms if atom.GetAtomicNum() != 1) for atoms in (self.new, self.leaving))
        return come - go

    @property
    def charge_gained(self) -> int:
        """How much charge the templates say that a molecule gains."""
        gained = sum(int(atom.GetFormalCharge()) for atom in self.new) - sum(_charge(atom) for atom in self.leaving)
        for before, after in self.kept:
            if Statement(after).states("AtomFormalCharge"):
                gained += int(after.GetFormalCharge()) - _charge(before)
        return gained


def slips(templates: Templates) -> Iterator[Slip]:
    """Yield what the templates show; where the first says that nothing can match, the rest does not matter."""
    said = [Statement(atom) for atom in templates.reactant.GetAtoms()]
    impossible = [each.text for each in said if not each.fits_any_atom()]
    if impossible:
        yield Slip("impossible", f"can never match: no atom can be {' or '.join(impossible)} as it is bonded there")
        return
    yield from _vanishing(templates)
    yield from _numbers(templates)
    yield from _charges(templates)
    yield from _stereo(templates)
    yield from _bonds(templates)


def _vanishing(templates: Templates) -> Iterator[Slip]:
    found = dict.fromkeys(atom.GetSmarts() for atom in templates.leaving if Statement(atom).has_room())
    if found:
        yield Slip(
            "lost atoms",
            f"{' and '.join(found)} of the reactant may have other neighbours, which vanish with it: say that it has "
            "none by H or X ([CH3], [OX2H]), or keep it by a map number on both sides",
        )


def _numbers(templates: Templates) -> Iterator[Slip]:
    for atom in templates.new:
        if number := atom.GetAtomMapNum():
            yield Slip(
                "new number",
                f"map number {number} is in the product only: {atom.GetSmarts()} is a new atom, not one that is kept",
            )


def _charges(templates: Templates) -> Iterator[Slip]:
    for before, after in templates.kept:
        said = Statement(after)
        if not _charge(before):
            continue
        if not said.states("AtomFormalCharge"):
            yield Slip(
                "charge left",
                f"the charge of {before.GetSmarts()} stays, as the product states no other: write +0 there with the "
                "hydrogens that the atom gets, or repeat the charge to say that it stays",
            )
        elif after.GetFormalCharge() == 0 and not said.states("AtomHCount") and _orders(after) <= _orders(before):
            yield Slip(
                "radical left",
                f"{said.text} loses its charge and gets no hydrogen or bond for it, which leaves a radical or is "
                f"refused: state the hydrogens, e.g. [{after.GetSymbol()}H+0:{after.GetAtomMapNum()}]",
            )


def _orders(atom: Chem.Atom) -> float:
    return sum(_ORDERS.get(bond.GetBondType(), 1.0) for bond in atom.GetBonds())


def _charge(atom: Chem.Atom) -> int:
    """Return the charge that every match of an atom of a template has, 0 where it may have several."""
    return int(atom.GetFormalCharge()) if Statement(atom).states("AtomFormalCharge") else 0


def _stereo(templates: Templates) -> Iterator[Slip]:
    for before, after in templates.kept:
        stated = [atom.GetChiralTag() != _NO_STEREO for atom in (before, after)]
        if stated == [True, False]:
            yield Slip(
                "stereo",
                f"the configuration of {before.GetSmarts()} is stated in the reactant only: write it in the product "
                "too, to keep or to invert it",
            )
        elif stated == [False, True]:
            yield Slip(
                "stereo",
                f"the configuration of {after.GetSmarts()} is stated in the product only: every product gets it, "
                "whatever its parent's is",
            )
    before, after = (
        any(bond.GetBondDir() != Chem.BondDir.NONE for bond in template.GetBonds())
        for template in (templates.reactant, templates.product)
    )
    if before and not after:
        yield Slip("stereo", "E or Z (/ and \\) is stated in the reactant only")


def _bonds(templates: Templates) -> Iterator[Slip]:
    """Yield the kept bonds that the product states by alternatives or by what they are not: RDKit takes one order."""
    origin = {after.GetIdx(): before for before, after in templates.kept}
    for bond in templates.product.GetBonds():
        ends = [origin.get(index) for index in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())]
        if None in ends:
            continue
        before = templates.reactant.GetBondBetweenAtoms(*(atom.GetIdx() for atom in ends if atom is not None))
        said = bond.GetSmarts()
        if before is None or said == before.GetSmarts() or not ("," in said or said.startswith("!")):
            continue
        if word := _WORDS.get(bond.GetBondType()):
            yield Slip(
                "bond",
                f"the bond {said} of the product becomes a {word} one wherever it is: write the bond that is meant",
            )


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
