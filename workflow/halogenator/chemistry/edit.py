"""Products by edit, the fast way: a simple SMIRKS becomes an edit of the parent that gives what RunReactants gives.

An edit removes terminal groups from kept atoms and adds new acyclic groups, through single bonds. Rings, aromaticity
and bonds between kept atoms do not change, so only the hydrogens of the touched atoms are computed again.

A new group takes the place of a leaving one (``chemistry.stereochemistry``). If the leaving atom itself becomes the new
atom, the order of neighbours does not change. Nor does it if the new atom replaces an implicit hydrogen, which RDKit
counts as the last neighbour.

``compile_edit`` refuses every SMIRKS that may do more. ``Footprint.describes`` and ``Edit.keeps_stereo`` refuse every
match whose touched atoms have what RunReactants treats by its own rules: charge, radical, isotope, some stereo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from halogenator.chemistry.new_group import NewGroup
from halogenator.chemistry.reaction import Match, Reaction
from halogenator.chemistry.stereochemistry import KEEP, TURNED, UNSPECIFIED

# A kept atom of the product template: it may repeat its element, and nothing else.
_KEPT_ATOM = re.compile(r"\[(#\d+|[A-Z][a-z]?|[a-z]):\d+\]")
# The first symbol of a reactant atom; without a comma, all that follows only narrows it.
_LEADING_SYMBOL = re.compile(r"\[?(#\d+|Cl|Br|[A-Z][a-z]?|[a-z])")
# A new atom is a bare aliphatic symbol of the organic subset: no charge, isotope, hydrogens or map number.
_NEW_ATOMS = {"B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "P": 15, "S": 16, "Cl": 17, "Br": 35, "I": 53}
_BOND_TYPES = {
    "": Chem.BondType.SINGLE,
    "-": Chem.BondType.SINGLE,
    "=": Chem.BondType.DOUBLE,
    "#": Chem.BondType.TRIPLE,
}


@dataclass(frozen=True)
class _Anchor:
    """A kept atom that loses or gains neighbours.

    Attributes:
        position: its position in a match.
        gain: how many neighbours more it has in the product.
        changes: how many leaving neighbours and hydrogens give up their places.
    """

    position: int
    gain: int
    changes: int


@dataclass(frozen=True)
class Footprint:
    """The conditions of an edit on a match. A position is an index into a match.

    Attributes:
        anchors: the kept atoms that change.
        kept: (position, (atomic number, aromatic; None: either)) of the kept atoms whose element the product template
            states and the reactant template does not.
        removed: (position, degree) of the leaving atoms.
    """

    anchors: tuple[_Anchor, ...]
    kept: tuple[tuple[int, tuple[int, bool | None]], ...]
    removed: tuple[tuple[int, int], ...]

    def describes(self, mol: Chem.Mol, match: Match, *, plain: bool = False) -> bool:
        """Return whether the edit gives the product of a match, stereo not considered.

        Args:
            mol: the parent.
            match: parent atom indices, one per reactant template atom.
            plain: True if no atom of the parent has a charge, radical or isotope.
        """
        for position, (number, aromatic) in self.kept:
            atom = mol.GetAtomWithIdx(match[position])
            if atom.GetAtomicNum() != number or (aromatic is not None and atom.GetIsAromatic() is not aromatic):
                return False
        for anchor in self.anchors:
            atom = mol.GetAtomWithIdx(match[anchor.position])
            # New neighbours replace hydrogens or leaving atoms, so that no bond order has to change.
            if anchor.gain > 0 and atom.GetTotalNumHs() < anchor.gain:
                return False
            if not _is_ordinary(atom, plain):
                return False
        for position, degree in self.removed:
            atom = mol.GetAtomWithIdx(match[position])
            if atom.GetDegree() != degree or not _is_ordinary(atom, plain):
                return False
        return True

    @cached_property
    def root_positions(self) -> tuple[int, ...]:
        """Positions of the atoms that change or leave: the roots of a difference of descriptors."""
        return (*(anchor.position for anchor in self.anchors), *(position for position, _ in self.removed))


@dataclass(frozen=True)
class Edit:
    """A SMIRKS as changes to a copy of the parent.

    Attributes:
        footprint: the matches that it applies to.
        replaced: (position, atomic number) of the leaving atoms that become a new atom.
        removed: positions of the other leaving atoms.
        grown: positions of the anchors whose number of neighbours changes.
        new_atoms: the other new atoms.
        new_bonds: (end, end, type). An end is a position, or -1 minus an index of ``new_atoms``.
    """

    footprint: Footprint
    replaced: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    grown: tuple[int, ...]
    new_atoms: tuple[Chem.Atom, ...]
    new_bonds: tuple[tuple[int, int, Chem.BondType], ...]

    @cached_property
    def changed_atoms(self) -> int:
        """The number of atoms that are new in a product, or have other neighbours than in the parent."""
        return len(self.new_atoms) + len(self.replaced) + len(self.footprint.anchors)

    @cached_property
    def _deleting(self) -> frozenset[int]:
        """Positions of the anchors that have fewer neighbours in the product."""
        return frozenset(anchor.position for anchor in self.footprint.anchors if anchor.gain < 0)

    @cached_property
    def new_group(self) -> NewGroup | None:
        """The new atoms, if they are all on one anchor, which has no fewer neighbours than before; else None."""
        if len(self.footprint.anchors) != 1 or self._deleting:
            return None
        anchor = self.footprint.anchors[0].position
        return NewGroup(anchor, dict(self.replaced), self.new_atoms, self.new_bonds)

    def keeps_stereo(self, mol: Chem.Mol, match: Match, stereo: str = KEEP) -> bool:
        """Return whether ``apply`` gives the right configuration: chiral tags and double bonds need no change.

        Args:
            mol: the parent.
            match: parent atom indices, one per reactant template atom.
            stereo: what the transform does to configuration: "keep", "open" or "invert".
        """
        for anchor in self.footprint.anchors:
            atom = mol.GetAtomWithIdx(match[anchor.position])
            if stereo != KEEP or anchor.changes != 1 or anchor.position in self._deleting:
                if not _is_flat(atom):
                    return False
            elif atom.GetIsAromatic() or atom.GetChiralTag() == UNSPECIFIED:
                continue
            elif atom.GetChiralTag() not in TURNED or (anchor.gain and atom.GetTotalNumHs() != 1):
                return False
        # A bond of a replaced atom stays, and could keep the direction that belongs to a leaving double bond.
        return all(_has_no_stereo_bond(mol.GetAtomWithIdx(match[position])) for position, _ in self.replaced)

    def apply(self, base: Chem.Mol, match: Match) -> Chem.Mol | None:
        """Return the product of a match that passed ``describes`` and ``keeps_stereo``, ready for MolToSmiles.

        Args:
            base: ``Parent.base``.
            match: parent atom indices, one per reactant template atom.

        Returns:
            The product, or None if an atom would have too many bonds.
        """
        product = Chem.RWMol(base)
        touched = []
        for position, number in self.replaced:
            atom = product.GetAtomWithIdx(match[position])
            atom.SetAtomicNum(number)
            atom.SetChiralTag(UNSPECIFIED)
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
            touched.append(atom)
        new = [product.AddAtom(atom) for atom in self.new_atoms]
        for begin, end, bond_type in self.new_bonds:
            product.AddBond(
                match[begin] if begin >= 0 else new[-1 - begin], match[end] if end >= 0 else new[-1 - end], bond_type
            )
        touched += [product.GetAtomWithIdx(index) for index in new]
        for position in self.grown:  # as in RunReactants, only these get their hydrogens computed again
            atom = product.GetAtomWithIdx(match[position])
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
            touched.append(atom)
        if self.removed:
            touched += [product.GetAtomWithIdx(match[anchor.position]) for anchor in self.footprint.anchors]
            product.BeginBatchEdit()
            for position in self.removed:
                product.RemoveAtom(match[position])
            product.CommitBatchEdit()
        try:
            for atom in touched:
                atom.UpdatePropertyCache(True)
        except Chem.AtomValenceException:
            return None
        if self.removed:
            Chem.FastFindRings(product)
        return product


def _is_ordinary(atom: Chem.Atom, plain: bool) -> bool:
    """Return whether a parent's atom has no charge, radical, isotope or aromaticity other than carbon's.

    RunReactants copies or drops these by its own rules. ``plain`` is True if the first three are known to be absent.
    """
    if atom.GetIsAromatic() and atom.GetAtomicNum() != 6:
        return False
    return plain or not (atom.GetFormalCharge() or atom.GetNumRadicalElectrons() or atom.GetIsotope())


def _is_flat(atom: Chem.Atom) -> bool:
    return atom.GetChiralTag() == UNSPECIFIED and _has_no_stereo_bond(atom)


def _has_no_stereo_bond(atom: Chem.Atom) -> bool:
    return all(bond.GetStereo() == Chem.BondStereo.STEREONONE for bond in atom.GetBonds())


def compile_edit(reaction: Reaction) -> Edit | None:
    """Return a reaction as an edit, or None if only RunReactants is safe.

    Examples:
        >>> from halogenator.model import Transform
        >>> edit = compile_edit(Reaction(Transform("chlorination", "[cH:1]>>[c:1]Cl")))
        >>> mol = Chem.MolFromSmiles("c1ccncc1")
        >>> Chem.MolToSmiles(edit.apply(mol, (0,)))
        'Clc1ccncc1'
        >>> compile_edit(Reaction(Transform("hydrogenation", "[C:1]=[C:2]>>[C:1][C:2]"))) is None
        True
    """
    reactant, product = reaction.query, reaction.product_template
    position_of = {atom.GetAtomMapNum(): atom.GetIdx() for atom in reactant.GetAtoms() if atom.GetAtomMapNum()}
    kept_of = {  # product template index -> match position
        atom.GetIdx(): position_of[atom.GetAtomMapNum()]
        for atom in product.GetAtoms()
        if atom.GetAtomMapNum() in position_of
    }
    if not kept_of or len(set(kept_of.values())) != len(kept_of) or reaction.states_stereo or reaction.has_hydrogens:
        return None
    elements = {position: _kept_element(product.GetAtomWithIdx(index)) for index, position in kept_of.items()}
    numbers = {
        atom.GetIdx(): _NEW_ATOMS.get(atom.GetSmarts()) for atom in product.GetAtoms() if atom.GetIdx() not in kept_of
    }
    if None in elements.values() or None in numbers.values():
        return None
    removed = [atom.GetIdx() for atom in reactant.GetAtoms() if atom.GetIdx() not in elements]
    bonds = _split_bonds(reactant, product, kept_of, set(removed))
    if bonds is None:
        return None
    new_bonds, touched = bonds
    if not (_hangs_on_one(reactant, set(removed)) and _hangs_on_one(product, set(numbers))):
        return None
    index_of = {position: index for index, position in kept_of.items()}
    anchors = tuple(
        _anchor(reactant.GetAtomWithIdx(position), product.GetAtomWithIdx(index_of[position]), set(removed))
        for position in sorted(touched)
    )
    footprint = Footprint(
        anchors=anchors,
        kept=tuple(
            (position, element)
            for position, element in elements.items()
            if element is not None and not _states(reactant.GetAtomWithIdx(position), element)
        ),
        removed=tuple((position, reactant.GetAtomWithIdx(position).GetDegree()) for position in removed),
    )
    return _assemble(footprint, _replacements(reactant, removed, kept_of, new_bonds), kept_of, numbers, new_bonds)


def _anchor(before: Chem.Atom, after: Chem.Atom, removed: set[int]) -> _Anchor:
    """Return a kept atom as an anchor, from the atom in the reactant template and in the product template."""
    gain = after.GetDegree() - before.GetDegree()
    leaving = sum(neighbor.GetIdx() in removed for neighbor in before.GetNeighbors())
    return _Anchor(before.GetIdx(), gain, leaving + max(0, gain))


def _replacements(
    reactant: Chem.Mol, removed: list[int], kept_of: dict[int, int], new_bonds: list[tuple[int, int, Chem.BondType]]
) -> dict[int, int]:
    """Return {new atom in the product template: position of a leaving atom on the same anchor that becomes it}."""
    free = {}
    for begin, end, _ in new_bonds:
        for kept, new in ((begin, end), (end, begin)):
            if kept in kept_of:
                free[new] = kept_of[kept]
    found: dict[int, int] = {}
    for position in removed:
        neighbors = [neighbor.GetIdx() for neighbor in reactant.GetAtomWithIdx(position).GetNeighbors()]
        staying = [index for index in neighbors if index not in removed]
        if len(staying) == 1:
            taker = next((new for new, anchor in free.items() if anchor == staying[0]), None)
            if taker is not None:
                found[taker] = position
                del free[taker]
    return found


def _assemble(
    footprint: Footprint,
    replaced: dict[int, int],
    kept_of: dict[int, int],
    numbers: dict[int, int | None],
    new_bonds: list[tuple[int, int, Chem.BondType]],
) -> Edit:
    place = kept_of | replaced
    added = [index for index in numbers if index not in replaced]
    place |= {index: -1 - rank for rank, index in enumerate(added)}
    return Edit(
        footprint=footprint,
        replaced=tuple((position, numbers[index] or 0) for index, position in replaced.items()),
        removed=tuple(position for position, _ in footprint.removed if position not in replaced.values()),
        grown=tuple(anchor.position for anchor in footprint.anchors if anchor.gain),
        new_atoms=tuple(Chem.Atom(numbers[index]) for index in added),
        new_bonds=tuple(
            (place[begin], place[end], bond_type)
            for begin, end, bond_type in new_bonds
            # A replaced atom is already bonded to the anchor.
            if not ((begin in replaced and end in kept_of) or (end in replaced and begin in kept_of))
        ),
    )


def _kept_element(atom: Chem.Atom) -> tuple[int, bool | None] | None:
    """Return (atomic number, aromatic) of a kept atom of the product template, or None if it states more."""
    found = _KEPT_ATOM.fullmatch(atom.GetSmarts())
    if not found or atom.GetChiralTag() != UNSPECIFIED:
        return None
    aromatic = None if found[1].startswith("#") else found[1].islower()
    return atom.GetAtomicNum(), aromatic


def _states(atom: Chem.Atom, element: tuple[int, bool | None]) -> bool:
    """Return whether every match of a reactant template atom has this (atomic number, aromatic)."""
    found = _LEADING_SYMBOL.match(atom.GetSmarts())
    number, aromatic = element
    if not found or "," in atom.GetSmarts() or atom.GetAtomicNum() != number:
        return False
    return aromatic is None or (not found[1].startswith("#") and found[1].islower() is aromatic)


def _split_bonds(
    reactant: Chem.Mol, product: Chem.Mol, kept_of: dict[int, int], removed: set[int]
) -> tuple[list[tuple[int, int, Chem.BondType]], set[int]] | None:
    """Return the bonds to make and the positions of the kept atoms that change, or None if a kept bond changes."""
    new_bonds = []
    touched = set()
    kept_before, kept_after = set(), set()  # (positions, SMARTS) of the bonds between kept atoms
    for bond in product.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        kept_ends = [kept_of[index] for index in ends if index in kept_of]
        if len(kept_ends) == 2:
            if any(product.GetAtomWithIdx(index).GetSmarts().startswith("[#") for index in ends):
                return None  # RunReactants takes [#6] for an aliphatic atom, whatever the parent has
            kept_after.add((frozenset(kept_ends), bond.GetSmarts()))
            continue
        bond_type = _BOND_TYPES.get(bond.GetSmarts())
        if bond_type is None or (kept_ends and bond_type != Chem.BondType.SINGLE):
            return None
        new_bonds.append((*ends, bond_type))
        touched.update(kept_ends)
    for bond in reactant.GetBonds():
        positions = {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
        leaving = positions & removed
        if not leaving:
            kept_before.add((frozenset(positions), bond.GetSmarts()))
        elif len(leaving) == 1:
            if bond.GetSmarts() not in ("", "-"):
                return None
            touched.update(positions - leaving)
    return (new_bonds, touched) if kept_before == kept_after else None


def _hangs_on_one(template: Chem.Mol, group: set[int]) -> bool:
    """Return whether every connected part of ``group`` is acyclic and bonded to the rest by exactly one bond."""
    alone = Chem.RWMol(template)
    for index in sorted({*range(template.GetNumAtoms())} - group, reverse=True):
        alone.RemoveAtom(index)
    originals = sorted(group)
    for fragment in Chem.GetMolFrags(alone):
        part = {originals[index] for index in fragment}
        ends = [len({bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} & part) for bond in template.GetBonds()]
        if ends.count(2) != len(part) - 1 or ends.count(1) != 1:
            return False
    return True
