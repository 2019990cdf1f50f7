"""Products by edit, the fast way: a simple SMIRKS changes a copy of the parent and gives what RunReactants gives.

An edit takes groups of terminal atoms off kept atoms and puts new acyclic groups on, through single bonds. Rings,
aromaticity and the bonds between kept atoms stay, so only the touched atoms' hydrogens have to be worked out again,
not the whole molecule's. What comes takes the place of what leaves (``chemistry.stereochemistry``): a leaving atom that
is replaced in place leaves the order of neighbours as it is, and so does a new one in an implicit hydrogen's place,
which RDKit counts as the last. ``compile_edit`` refuses every SMIRKS that does more or might; ``Footprint.describes``
and ``Edit.keeps_stereo`` refuse every match whose touched atoms carry anything (charge, radical, isotope; stereo that
is more than that) that RunReactants treats by rules of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from halogenator.chemistry.reaction import Match, Reaction
from halogenator.chemistry.stereochemistry import KEEP, TURNED, UNSPECIFIED

# A kept product atom may restate its element, and nothing else.
_KEPT_ATOM = re.compile(r"\[(#\d+|[A-Z][a-z]?|[a-z]):\d+\]")
# What a reactant atom begins with; all that follows without a comma only narrows it.
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
        position: of it in a match.
        gain: how many more neighbours it has in the end.
        changes: how many of its places are taken by others: those of neighbours that leave and of hydrogens.
    """

    position: int
    gain: int
    changes: int


@dataclass(frozen=True)
class Footprint:
    """What an edit needs of a match. Positions index the atoms of a match.

    Attributes:
        anchors: the kept atoms that change.
        kept: positions of kept atoms, with the atomic number and whether they are aromatic (None: either) that the
            product template states and the reactant template does not.
        removed: (position, degree) of the atoms that go.
    """

    anchors: tuple[_Anchor, ...]
    kept: tuple[tuple[int, tuple[int, bool | None]], ...]
    removed: tuple[tuple[int, int], ...]

    def describes(self, mol: Chem.Mol, match: Match, *, plain: bool = False) -> bool:
        """Return whether the edit gives the product of a match, but for stereo.

        Args:
            mol: the parent.
            match: parent atom indices, one per reactant template atom.
            plain: whether it is known that no atom has a charge, radical or isotope.
        """
        for position, (number, aromatic) in self.kept:
            atom = mol.GetAtomWithIdx(match[position])
            if atom.GetAtomicNum() != number or (aromatic is not None and atom.GetIsAromatic() is not aromatic):
                return False
        for anchor in self.anchors:
            atom = mol.GetAtomWithIdx(match[anchor.position])
            # New neighbours take the place of hydrogens or of what was removed, so no bond order has to give way.
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
        """Positions of the atoms that change or go: what a difference to descriptors is around."""
        return (*(anchor.position for anchor in self.anchors), *(position for position, _ in self.removed))


@dataclass(frozen=True)
class Edit:
    """A SMIRKS as the changes that it makes to a copy of the parent.

    Attributes:
        footprint: which matches it describes.
        replaced: (position, atomic number): single leaving atoms that become the new atom in their place.
        removed: positions of the other atoms that go.
        grown: positions of the anchors that have another number of neighbours in the end.
        new_atoms: the other atoms that come.
        new_bonds: (end, end, type); an end is a position, or -1 - the index of a new atom.
    """

    footprint: Footprint
    replaced: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    grown: tuple[int, ...]
    new_atoms: tuple[Chem.Atom, ...]
    new_bonds: tuple[tuple[int, int, Chem.BondType], ...]

    @cached_property
    def _deleting(self) -> frozenset[int]:
        """Positions of the anchors that lose a neighbour in whose place hydrogen comes, or more than one neighbour."""
        return frozenset(anchor.position for anchor in self.footprint.anchors if anchor.gain < 0)

    def keeps_stereo(self, mol: Chem.Mol, match: Match, stereo: str = KEEP) -> bool:
        """Return whether the configuration at the anchors stays what it is when their neighbours are exchanged.

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
        # The direction of a bond that stays would be that of a double bond that leaves.
        return all(_has_no_stereo_bond(mol.GetAtomWithIdx(match[position])) for position, _ in self.replaced)

    def apply(self, base: Chem.Mol, match: Match) -> Chem.Mol | None:
        """Return the product of a match that the edit describes and whose stereo it keeps, ready for MolToSmiles.

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
        for position in self.grown:  # as RunReactants: only then are the hydrogens worked out anew
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
    """Return whether an atom, but for stereo, has nothing that RunReactants copies or drops by rules of its own.

    Args:
        atom: of the parent.
        plain: whether it is known to have no charge, radical or isotope.
    """
    if atom.GetIsAromatic() and atom.GetAtomicNum() != 6:
        return False
    return plain or not (atom.GetFormalCharge() or atom.GetNumRadicalElectrons() or atom.GetIsotope())


def _is_flat(atom: Chem.Atom) -> bool:
    return atom.GetChiralTag() == UNSPECIFIED and _has_no_stereo_bond(atom)


def _has_no_stereo_bond(atom: Chem.Atom) -> bool:
    return all(bond.GetStereo() == Chem.BondStereo.STEREONONE for bond in atom.GetBonds())


def compile_edit(reaction: Reaction) -> Edit | None:
    """Return the edit that a reaction amounts to, or None where only RunReactants is safe.

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
    """Return the anchor that a kept atom is, from it in the reactant and in the product template."""
    gain = after.GetDegree() - before.GetDegree()
    leaving = sum(neighbor.GetIdx() in removed for neighbor in before.GetNeighbors())
    return _Anchor(before.GetIdx(), gain, leaving + max(0, gain))


def _replacements(
    reactant: Chem.Mol, removed: list[int], kept_of: dict[int, int], new_bonds: list[tuple[int, int, Chem.BondType]]
) -> dict[int, int]:
    """Return {new product template atom: position of a leaving atom that can become it}: both on the same anchor.

    All that hangs on the leaving atom besides leaves too.
    """
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
            # A leaving atom is already bonded to the anchor.
            if not ((begin in replaced and end in kept_of) or (end in replaced and begin in kept_of))
        ),
    )


def _kept_element(atom: Chem.Atom) -> tuple[int, bool | None] | None:
    """Return (atomic number, aromatic) that a kept product atom restates, or None if it states more."""
    found = _KEPT_ATOM.fullmatch(atom.GetSmarts())
    if not found or atom.GetChiralTag() != UNSPECIFIED:
        return None
    aromatic = None if found[1].startswith("#") else found[1].islower()
    return atom.GetAtomicNum(), aromatic


def _states(atom: Chem.Atom, element: tuple[int, bool | None]) -> bool:
    """Return whether a reactant template atom says for itself what the product restates of its element."""
    found = _LEADING_SYMBOL.match(atom.GetSmarts())
    if not found or "," in atom.GetSmarts() or atom.GetAtomicNum() != element[0] or element[0] == 0:
        return False
    states_aromaticity = not found[1].startswith("#") and found[1].islower() is element[1]
    return element[1] is None or states_aromaticity


def _split_bonds(
    reactant: Chem.Mol, product: Chem.Mol, kept_of: dict[int, int], removed: set[int]
) -> tuple[list[tuple[int, int, Chem.BondType]], set[int]] | None:
    """Return the bonds to make and the match positions of the kept atoms that change, or None if a kept bond does."""
    new_bonds = []
    touched = set()
    kept_bonds = set()
    for bond in product.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        kept_ends = [kept_of[index] for index in ends if index in kept_of]
        if len(kept_ends) == 2:
            if any(product.GetAtomWithIdx(index).GetSmarts().startswith("[#") for index in ends):
                return None  # RunReactants makes such an atom aliphatic in its template, whatever the parent has
            kept_bonds.add((frozenset(kept_ends), bond.GetSmarts()))
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
            if (frozenset(positions), bond.GetSmarts()) not in kept_bonds:
                return None
            kept_bonds.discard((frozenset(positions), bond.GetSmarts()))
        elif len(leaving) == 1:
            if bond.GetSmarts() not in ("", "-"):
                return None
            touched.update(positions - leaving)
    return None if kept_bonds else (new_bonds, touched)


def _hangs_on_one(template: Chem.Mol, group: set[int]) -> bool:
    """Return whether every connected part of ``group`` is acyclic and bonded to the rest by exactly one bond."""
    rest = Chem.RWMol(template)
    for index in sorted({*range(template.GetNumAtoms())} - group, reverse=True):
        rest.RemoveAtom(index)
    place = sorted(group)
    for fragment in Chem.GetMolFrags(rest):
        part = {place[index] for index in fragment}
        ends = [len({bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} & part) for bond in template.GetBonds()]
        if ends.count(2) != len(part) - 1 or ends.count(1) != 1:
            return False
    return True
