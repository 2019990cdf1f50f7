"""Products by edit, the fast way: changes to a copy of the parent that give what RunReactants gives.

An edit removes groups from kept atoms and adds new ones, each of which hangs on one bond. It may turn a single bond
into a double one, or the other way round, and it may break a single bond between kept atoms. Rings that are left and
their aromaticity do not change, so only the hydrogens of the touched atoms are computed again.

A new group takes the place of a leaving one (``chemistry.stereochemistry``). If the leaving atom itself becomes the new
atom, the order of neighbours does not change. Nor does it if the new atom replaces an implicit hydrogen, which RDKit
counts as the last neighbour.

``chemistry.template_edits`` refuses every SMIRKS that may do more. ``Footprint.describes``, ``Edit.keeps_centres`` and
``Edit.keeps_double_bonds`` refuse every match whose touched atoms have what RunReactants treats by its own rules:
charge, radical, isotope, some stereo.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from halogenator.chemistry.new_group import NewGroup
from halogenator.chemistry.reaction import Match
from halogenator.chemistry.stereochemistry import KEEP, TURNED, UNSPECIFIED

_CARBON, _SULFUR = 6, 16
_SATURATED = 4  # neighbours of an atom that is in no double bond, hydrogens counted

Bond = tuple[int, int, Chem.BondType]


@dataclass(frozen=True)
class Anchor:
    """A kept atom that loses or gains neighbours, or whose bonds change.

    Attributes:
        position: its position in a match.
        gain: how many neighbours more it has in the product.
        orders: how much larger the sum of its bond orders is in the product.
        in_place: whether one neighbour or hydrogen gives up its place, and a new one takes it.
        bends: whether a bond that is not single comes or goes.
    """

    position: int
    gain: int
    orders: int
    in_place: bool
    bends: bool


@dataclass(frozen=True)
class Footprint:
    """The conditions of an edit on a match. A position is an index into a match.

    Attributes:
        anchors: the kept atoms that change.
        kept: (position, (atomic number, aromatic; None: either)) of the kept atoms whose element the product template
            states and the reactant template does not.
        removed: (position, degree) of the leaving atoms.
        bonds: (positions of both ends, type) of the bonds that have to be of this type.
        open_bonds: (positions of both ends) of the bonds that may not be in a ring.
    """

    anchors: tuple[Anchor, ...]
    kept: tuple[tuple[int, tuple[int, bool | None]], ...]
    removed: tuple[tuple[int, int], ...]
    bonds: tuple[Bond, ...] = ()
    open_bonds: tuple[tuple[int, int], ...] = ()

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
        for begin, end, bond_type in self.bonds:
            if mol.GetBondBetweenAtoms(match[begin], match[end]).GetBondType() != bond_type:
                return False
        for begin, end in self.open_bonds:
            if mol.GetBondBetweenAtoms(match[begin], match[end]).IsInRing():
                return False
        for anchor in self.anchors:
            atom = mol.GetAtomWithIdx(match[anchor.position])
            if not (_has_room(atom, anchor.orders) and _is_ordinary(atom, plain)):
                return False
            if anchor.bends and not self._leaves_rings(mol, match, atom):
                return False
        for position, degree in self.removed:
            atom = mol.GetAtomWithIdx(match[position])
            if atom.GetDegree() != degree or not _is_ordinary(atom, plain):
                return False
        return True

    def _leaves_rings(self, mol: Chem.Mol, match: Match, atom: Chem.Atom) -> bool:
        """Return whether no ring of an atom is aromatic with any bonds of the anchors: another atom is saturated."""
        if atom.GetIsAromatic():
            return False
        changing = {match[anchor.position] for anchor in self.anchors}
        return not atom.IsInRing() or all(
            any(_is_saturated(mol.GetAtomWithIdx(index)) for index in ring if index not in changing)
            for ring in mol.GetRingInfo().AtomRings()
            if atom.GetIdx() in ring
        )

    @cached_property
    def bends(self) -> bool:
        """Whether a bond that is not single comes or goes."""
        return any(anchor.bends for anchor in self.anchors)

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
        new_atoms: the other new atoms.
        new_bonds: (end, end, type). An end is a position, or -1 minus an index of ``new_atoms``.
        broken: (positions of both ends) of the kept bonds that are broken.
        retyped: (positions of both ends, type) of the kept bonds that get another type.
        hydrogens: (position, number) of the kept atoms whose hydrogens the product template states.
        adds_ring: whether a new group has a ring.
    """

    footprint: Footprint
    replaced: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    new_atoms: tuple[Chem.Atom, ...]
    new_bonds: tuple[Bond, ...]
    broken: tuple[tuple[int, int], ...] = ()
    retyped: tuple[Bond, ...] = ()
    hydrogens: tuple[tuple[int, int], ...] = ()
    adds_ring: bool = False

    @cached_property
    def changed_atoms(self) -> int:
        """The number of atoms that are new in a product, or have other neighbours than in the parent."""
        return len(self.new_atoms) + len(self.replaced) + len(self.footprint.anchors)

    @cached_property
    def _grown(self) -> tuple[int, ...]:
        """Positions of the anchors whose hydrogens change: as in RunReactants, only these are computed again."""
        return tuple(anchor.position for anchor in self.footprint.anchors if anchor.orders)

    @cached_property
    def new_group(self) -> NewGroup | None:
        """The new atoms, if they are all on one anchor, which has no fewer neighbours than before; else None."""
        anchors = self.footprint.anchors
        if len(anchors) != 1 or anchors[0].gain < 0 or anchors[0].bends:
            return None
        return NewGroup(anchors[0].position, dict(self.replaced), self.new_atoms, self.new_bonds)

    def keeps_centres(self, mol: Chem.Mol, match: Match, stereo: str = KEEP) -> bool:
        """Return whether ``apply`` gives stereocentres the right configuration: chiral tags need no change.

        Args:
            mol: the parent.
            match: parent atom indices, one per reactant template atom.
            stereo: what the transform does to configuration: "keep", "open" or "invert".
        """
        for anchor in self.footprint.anchors:
            atom = mol.GetAtomWithIdx(match[anchor.position])
            tag = atom.GetChiralTag()
            if tag == UNSPECIFIED:
                continue
            if anchor.bends:
                stays_right = _loses_centre(atom, anchor)
            else:
                stays_right = stereo == KEEP and anchor.in_place and tag in TURNED
                stays_right &= not anchor.gain or atom.GetTotalNumHs() == 1
            if not stays_right:
                return False
        return True

    def keeps_double_bonds(self, mol: Chem.Mol, match: Match, stereo: str = KEEP) -> bool:
        """Return whether ``apply`` gives double bonds the right configuration. Arguments as for ``keeps_centres``."""
        for anchor in self.footprint.anchors:
            atom = mol.GetAtomWithIdx(match[anchor.position])
            if anchor.bends:
                # The mark of a double bond nearby could become that of a new one.
                if not all(_has_no_stereo_bond(near) for near in (atom, *atom.GetNeighbors())):
                    return False
            elif (stereo != KEEP or not anchor.in_place) and not _has_no_stereo_bond(atom):
                return False
        # A bond of a replaced atom stays, and could keep the direction that belongs to a leaving double bond.
        return all(_has_no_stereo_bond(mol.GetAtomWithIdx(match[position])) for position, _ in self.replaced)

    def apply(self, base: Chem.Mol, match: Match) -> Chem.Mol | None:
        """Return the product of a match that passed ``describes`` and both conditions on stereo, ready for MolToSmiles.

        Args:
            base: ``Parent.base``.
            match: parent atom indices, one per reactant template atom.

        Returns:
            The product, or None if an atom would have too many bonds, or other hydrogens than the SMIRKS states.
        """
        product = Chem.RWMol(base)
        touched = []
        for position, number in self.replaced:
            atom = product.GetAtomWithIdx(match[position])
            atom.SetAtomicNum(number)
            atom.SetIsAromatic(False)
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
        for position in self._grown:
            atom = product.GetAtomWithIdx(match[position])
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
            touched.append(atom)
        counted = [(product.GetAtomWithIdx(match[position]), number) for position, number in self.hydrogens]
        touched += self._change_bonds(product, match)
        try:
            for atom in touched:
                atom.UpdatePropertyCache(True)
        except Chem.AtomValenceException:
            return None
        if any(atom.GetTotalNumHs() != number for atom, number in counted):
            return None
        if self.removed or self.broken or self.adds_ring:
            Chem.FastFindRings(product)
        return product

    def _change_bonds(self, product: Chem.RWMol, match: Match) -> list[Chem.Atom]:
        """Change kept bonds and remove what leaves; return the atoms whose hydrogens this concerns."""
        if not (self.removed or self.broken or self.footprint.bends):
            return []
        anchors = [(product.GetAtomWithIdx(match[anchor.position]), anchor) for anchor in self.footprint.anchors]
        for atom, anchor in anchors:
            if anchor.bends:
                atom.SetChiralTag(UNSPECIFIED)
        for begin, end, bond_type in self.retyped:
            product.GetBondBetweenAtoms(match[begin], match[end]).SetBondType(bond_type)
        for begin, end in self.broken:
            product.RemoveBond(match[begin], match[end])
        product.BeginBatchEdit()
        for position in self.removed:
            product.RemoveAtom(match[position])
        product.CommitBatchEdit()
        return [atom for atom, _ in anchors]


def _has_room(atom: Chem.Atom, orders: int) -> bool:
    """Return whether an atom can have bonds of so much more order in place of hydrogens; sulfur, by its valences."""
    hydrogens = atom.GetTotalNumHs()
    return orders <= hydrogens or (orders == 2 and hydrogens == 0 and atom.GetAtomicNum() == _SULFUR)


def _is_ordinary(atom: Chem.Atom, plain: bool) -> bool:
    """Return whether a parent's atom has no charge, radical, isotope or aromaticity other than carbon's.

    RunReactants copies or drops these by its own rules. ``plain`` is True if the first three are known to be absent.
    """
    if atom.GetIsAromatic() and atom.GetAtomicNum() != _CARBON:
        return False
    return plain or not (atom.GetFormalCharge() or atom.GetNumRadicalElectrons() or atom.GetIsotope())


def _is_saturated(atom: Chem.Atom) -> bool:
    return bool(atom.GetAtomicNum() == _CARBON and atom.GetTotalDegree() == _SATURATED)


def _loses_centre(atom: Chem.Atom, anchor: Anchor) -> bool:
    """Return whether an anchor is no tetrahedral centre in the product: a carbon with another number of neighbours."""
    return atom.GetAtomicNum() == _CARBON and anchor.gain != anchor.orders


def _has_no_stereo_bond(atom: Chem.Atom) -> bool:
    return all(bond.GetStereo() == Chem.BondStereo.STEREONONE for bond in atom.GetBonds())
