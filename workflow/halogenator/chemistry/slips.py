"""What the templates of a SMIRKS show of its author not having meant it: seen before any molecule is tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.statements import Statement

_ORDERS = {Chem.BondType.SINGLE: 1.0, Chem.BondType.DOUBLE: 2.0, Chem.BondType.TRIPLE: 3.0, Chem.BondType.AROMATIC: 1.5}
_WORDS = {Chem.BondType.SINGLE: "single", Chem.BondType.DOUBLE: "double", Chem.BondType.TRIPLE: "triple"}
_NO_STEREO = Chem.ChiralType.CHI_UNSPECIFIED


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
