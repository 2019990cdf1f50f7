"""The fast way: a simple SMIRKS as an edit of a copy of the parent, where that provably gives what RunReactants gives.

An edit takes groups of terminal atoms off kept atoms and puts new acyclic groups on, through single bonds. Rings,
aromaticity and the bonds between kept atoms stay, so only the touched atoms' hydrogens have to be worked out again,
not the whole molecule's. ``compile_edit`` refuses every SMIRKS that does more or might; ``Edit.describes`` and
``Edit.keeps_stereo`` refuse every match whose touched atoms carry anything (charge, radical, isotope; stereo) that
RunReactants treats by rules of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rdkit import Chem

from halogenator.chemistry.reaction import Match, Reaction

# A kept product atom may restate its element, and nothing else.
_KEPT_ATOM = re.compile(r"\[(#\d+|[A-Z][a-z]?|[a-z]):\d+\]")
# A new atom is a bare aliphatic symbol of the organic subset: no charge, isotope, hydrogens or map number.
_NEW_ATOMS = {"B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "P": 15, "S": 16, "Cl": 17, "Br": 35, "I": 53}
_BOND_TYPES = {
    "": Chem.BondType.SINGLE,
    "-": Chem.BondType.SINGLE,
    "=": Chem.BondType.DOUBLE,
    "#": Chem.BondType.TRIPLE,
}
_NO_STEREO = Chem.ChiralType.CHI_UNSPECIFIED


@dataclass(frozen=True)
class _Anchor:
    """A kept atom that loses or gains neighbours, and how many more it has in the end."""

    position: int
    gain: int


@dataclass(frozen=True)
class Edit:
    """A compiled SMIRKS. Positions index the atoms of a match.

    Attributes:
        anchors: the kept atoms that change.
        kept: positions of all kept atoms, with their atomic number and whether they are aromatic (None: either).
        removed: (position, degree) of the atoms that go.
        new_atoms: atomic numbers of the atoms that come.
        new_bonds: (end, end, type); an end is ("match", position) or ("new", index).
    """

    anchors: tuple[_Anchor, ...]
    kept: tuple[tuple[int, tuple[int, bool | None]], ...]
    removed: tuple[tuple[int, int], ...]
    new_atoms: tuple[int, ...]
    new_bonds: tuple[tuple[tuple[str, int], tuple[str, int], Chem.BondType], ...]

    def describes(self, mol: Chem.Mol, match: Match) -> bool:
        """Return whether the edit gives the product of a match, but for stereo at the anchors."""
        atoms = [mol.GetAtomWithIdx(index) for index in match]
        for position, (number, aromatic) in self.kept:
            atom = atoms[position]
            if atom.GetAtomicNum() != number or (aromatic is not None and atom.GetIsAromatic() is not aromatic):
                return False
        for anchor in self.anchors:
            atom = atoms[anchor.position]
            # New neighbours take the place of hydrogens or of what was removed, so no bond order has to give way.
            if not _is_plain(atom) or atom.GetTotalNumHs() < anchor.gain:
                return False
        return all(
            atoms[position].GetDegree() == degree and _is_plain(atoms[position]) for position, degree in self.removed
        )

    def roots(self, match: Match) -> list[int]:
        """Return the parent atoms that change or go: what a difference to descriptors is around."""
        return [match[anchor.position] for anchor in self.anchors] + [match[position] for position, _ in self.removed]

    def keeps_stereo(self, mol: Chem.Mol, match: Match) -> bool:
        """Return whether no anchor carries stereo, which RunReactants treats by rules of its own."""
        return all(_is_flat(mol.GetAtomWithIdx(match[anchor.position])) for anchor in self.anchors)

    def apply(self, base: Chem.Mol, match: Match) -> Chem.Mol | None:
        """Return the product of a match that the edit describes and whose stereo it keeps, ready for MolToSmiles.

        Args:
            base: what ``editable`` made of the parent.
            match: parent atom indices, one per reactant template atom.

        Returns:
            The product, or None if an atom would have too many bonds.
        """
        product = Chem.RWMol(base)
        new = [product.AddAtom(Chem.Atom(number)) for number in self.new_atoms]
        ends = {"match": match, "new": new}
        for (kind, begin), (other_kind, end), bond_type in self.new_bonds:
            product.AddBond(ends[kind][begin], ends[other_kind][end], bond_type)
        touched = [product.GetAtomWithIdx(index) for index in new]
        for anchor in self.anchors:
            atom = product.GetAtomWithIdx(match[anchor.position])
            if anchor.gain:  # as RunReactants: only then are the hydrogens worked out anew
                atom.SetNoImplicit(False)
                atom.SetNumExplicitHs(0)
            touched.append(atom)
        if self.removed:
            _remove(product, [match[position] for position, _ in self.removed])
        try:
            for atom in touched:
                atom.UpdatePropertyCache(strict=True)
        except Chem.AtomValenceException:
            return None
        if self.removed:
            Chem.FastFindRings(product)
        return product


def _remove(product: Chem.RWMol, indices: list[int]) -> None:
    product.BeginBatchEdit()
    for index in indices:
        product.RemoveAtom(index)
    product.CommitBatchEdit()


def _is_plain(atom: Chem.Atom) -> bool:
    """Whether an atom carries nothing but stereo that RunReactants copies or drops by rules of its own."""
    return (
        atom.GetFormalCharge() == 0
        and atom.GetNumRadicalElectrons() == 0
        and atom.GetIsotope() == 0
        and not (atom.GetIsAromatic() and atom.GetAtomicNum() != 6)
    )


def _is_flat(atom: Chem.Atom) -> bool:
    return atom.GetChiralTag() == _NO_STEREO and all(
        bond.GetStereo() == Chem.BondStereo.STEREONONE for bond in atom.GetBonds()
    )


def has_stereo(smiles: str) -> bool:
    """Return whether a SMILES states any stereo."""
    return "@" in smiles or _has_double_bond_stereo(smiles)


def _has_double_bond_stereo(smiles: str) -> bool:
    return "/" in smiles or "\\" in smiles


def editable(mol: Chem.Mol, smiles: str) -> Chem.Mol:
    """Return a parent, parsed from ``smiles``, with stereo as RunReactants hands it on: to be perceived anew.

    A change far away can make or end a stereo centre, so the molecule forgets that its stereo was perceived;
    MolToSmiles then perceives it again, as it does for RunReactants' products.
    """
    if not has_stereo(smiles):
        return mol
    base = Chem.Mol(mol)
    for bond in base.GetBonds() if _has_double_bond_stereo(smiles) else ():
        stereo = bond.GetStereo()
        if stereo == Chem.BondStereo.STEREOZ:
            bond.SetStereo(Chem.BondStereo.STEREOCIS)
        elif stereo == Chem.BondStereo.STEREOE:
            bond.SetStereo(Chem.BondStereo.STEREOTRANS)
    base.ClearProp("_StereochemDone")
    return base


def compile_edit(reaction: Reaction) -> Edit | None:
    """Return the edit that a reaction amounts to, or None where only RunReactants is safe."""
    reactant, product = reaction.query, reaction.product_template
    position_of = {atom.GetAtomMapNum(): atom.GetIdx() for atom in reactant.GetAtoms() if atom.GetAtomMapNum()}
    kept_of = {  # product template index -> match position
        atom.GetIdx(): position_of[atom.GetAtomMapNum()]
        for atom in product.GetAtoms()
        if atom.GetAtomMapNum() in position_of
    }
    if not kept_of or len(set(kept_of.values())) != len(kept_of) or _states_stereo(reactant):
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
    order = {index: rank for rank, index in enumerate(numbers)}
    index_of = {position: index for index, position in kept_of.items()}

    def end(index: int) -> tuple[str, int]:
        return ("match", kept_of[index]) if index in kept_of else ("new", order[index])

    return Edit(
        anchors=tuple(
            _Anchor(
                position,
                product.GetAtomWithIdx(index_of[position]).GetDegree() - reactant.GetAtomWithIdx(position).GetDegree(),
            )
            for position in sorted(touched)
        ),
        kept=tuple(elements.items()),  # type: ignore[arg-type]
        removed=tuple((position, reactant.GetAtomWithIdx(position).GetDegree()) for position in removed),
        new_atoms=tuple(numbers.values()),  # type: ignore[arg-type]
        new_bonds=tuple((end(begin), end(other), bond_type) for begin, other, bond_type in new_bonds),
    )


def _states_stereo(template: Chem.Mol) -> bool:
    return any(atom.GetChiralTag() != _NO_STEREO for atom in template.GetAtoms()) or any(
        bond.GetStereo() != Chem.BondStereo.STEREONONE or bond.GetBondDir() != Chem.BondDir.NONE
        for bond in template.GetBonds()
    )


def _kept_element(atom: Chem.Atom) -> tuple[int, bool | None] | None:
    """Return (atomic number, aromatic) that a kept product atom restates, or None if it states more."""
    found = _KEPT_ATOM.fullmatch(atom.GetSmarts())
    if not found:
        return None
    aromatic = None if found[1].startswith("#") else found[1].islower()
    return atom.GetAtomicNum(), aromatic


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
    """Whether every connected part of ``group`` is acyclic and bonded to the rest by exactly one bond."""
    unseen = set(group)
    while unseen:
        part, frontier = set(), [unseen.pop()]
        while frontier:
            index = frontier.pop()
            part.add(index)
            near = {neighbor.GetIdx() for neighbor in template.GetAtomWithIdx(index).GetNeighbors()}
            frontier += near & unseen
            unseen -= near
        inner = sum(bond.GetBeginAtomIdx() in part and bond.GetEndAtomIdx() in part for bond in template.GetBonds())
        outer = sum((bond.GetBeginAtomIdx() in part) != (bond.GetEndAtomIdx() in part) for bond in template.GetBonds())
        if inner != len(part) - 1 or outer != 1:
            return False
    return True
