"""Stereochemistry of products: what comes takes the place of what leaves, and what stays keeps its configuration.

RDKit's RunReactants has rules of its own for this: it puts a new neighbour before the others, so that one in an
implicit hydrogen's place inverts a stereocentre; after a group is deleted, the configuration depends on the order of
atoms; a double bond whose substituent is replaced becomes unspecified; an unspecified double bond between two specified
ones becomes specified. ``carry_configuration`` sets all of it anew, from the parent alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rdkit import Chem

KEEP, OPEN, INVERT, BOTH = "keep", "open", "invert", "both"

# Centres that a transform makes, of which both configurations are made; with more, all of them stay unspecified.
MAX_NEW_CENTRES = 4

UNSPECIFIED = Chem.ChiralType.CHI_UNSPECIFIED
TURNED = {
    Chem.ChiralType.CHI_TETRAHEDRAL_CW: Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW: Chem.ChiralType.CHI_TETRAHEDRAL_CW,
}
_SIDES = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOCIS: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOTRANS: Chem.BondStereo.STEREOTRANS,
}
_OTHER_SIDE = {
    Chem.BondStereo.STEREOCIS: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOTRANS: Chem.BondStereo.STEREOCIS,
}
_ORIGIN, _MAP_NUMBER = "react_atom_idx", "old_mapno"
_SETTLED = "_StereochemDone"  # RDKit's mark for "do not perceive stereo again"
_CARBON = 6
_EMPTY = -1  # the place of an implicit hydrogen or a lone pair, which RDKit takes for the last


def carry_configuration(
    parent: Chem.Mol,
    product: Chem.Mol,
    *,
    stated: Collection[int] = (),
    stated_bonds: Collection[frozenset[int]] = (),
    stereo: str = KEEP,
) -> None:
    """Set the configuration of a product of RunReactants from that of its parent.

    Args:
        parent: the molecule that RunReactants was given.
        product: its product, sanitised; changed in place.
        stated: map numbers of atoms whose configuration a template states; RunReactants has settled these.
        stated_bonds: the same of double bonds, by the map numbers of their ends (0: a new atom).
        stereo: what becomes of the centres and double bonds whose neighbours change: "keep"; "open": they become
            unspecified; "invert": the centres are turned over.
    """
    if stated_bonds:
        Chem.AssignStereochemistry(product, cleanIt=False, force=True)
    image = {origin_of(atom): atom for atom in product.GetAtoms()}
    for centre in parent.GetAtoms():
        atom = image.get(centre.GetIdx())
        if centre.GetChiralTag() in TURNED and atom is not None and map_number_of(atom) not in stated:
            atom.SetChiralTag(_carried_tag(centre, atom, stereo))
    for bond in product.GetBonds():
        bond.SetBondDir(Chem.BondDir.NONE)
        if bond.GetBondType() == Chem.BondType.DOUBLE:
            ends = bond.GetBeginAtom(), bond.GetEndAtom()
            if frozenset(map(map_number_of, ends)) not in stated_bonds:
                _carry_bond(parent, bond, stereo)
    product.SetIntProp(_SETTLED, 1)


def origin_of(atom: Chem.Atom) -> int | None:
    """Return the index of the parent's atom that an atom of a product of RunReactants was; None: a new atom."""
    return atom.GetIntProp(_ORIGIN) if atom.HasProp(_ORIGIN) else None


def map_number_of(atom: Chem.Atom) -> int:
    """Return the map number that an atom of a product of RunReactants has in the templates; 0: none."""
    return int(atom.GetIntProp(_MAP_NUMBER)) if atom.HasProp(_MAP_NUMBER) else 0


def _carried_tag(centre: Chem.Atom, atom: Chem.Atom, stereo: str) -> Chem.ChiralType:
    """Return the chiral tag of a product's atom that was a stereocentre of the parent."""
    places = [neighbor.GetIdx() for neighbor in centre.GetNeighbors()]
    ligands = [origin_of(neighbor) for neighbor in atom.GetNeighbors()]
    before, after = centre.GetTotalDegree(), atom.GetTotalDegree()
    # Other than carbon, an atom may be a centre by its lone pair.
    if before != after and (atom.GetAtomicNum() == _CARBON or {before, after} != {3, 4}):
        return UNSPECIFIED
    tag = centre.GetChiralTag()
    moved = parity_of(places, ligands)
    if moved is None or (moved[1] and stereo == OPEN):
        return UNSPECIFIED
    odd, changed = moved
    return TURNED[tag] if odd != (changed and stereo == INVERT) else tag


def parity_of(places: Sequence[int], ligands: Sequence[int | None]) -> tuple[bool, bool] | None:
    """Return whether a centre's neighbours have changed places by an odd permutation, and whether one of them is new.

    Args:
        places: the neighbours that the centre had, in order; an implicit hydrogen or a lone pair comes last.
        ligands: those that it has, in order; None, or one that was no neighbour, is new.

    Returns:
        None where more than one is new: which of them takes which place is then nowhere said.

    Examples:
        >>> parity_of([4, 7, 9], [4, 7, 9, None])  # fluorine in the hydrogen's place, the last
        (False, True)
        >>> parity_of([4, 7, 9, 11], [4, 7, 11])  # the third neighbour deleted, a hydrogen in its place
        (True, True)
        >>> parity_of([4, 7, 9], [None, 4, None, 7]) is None
        True
    """
    width = max(len(places), len(ligands))
    before = [*places, *[_EMPTY] * (width - len(places))]
    after = [*ligands, *[_EMPTY] * (width - len(ligands))]
    if len(places) == len(ligands) == 3:  # nothing is said of the fourth place: it stays what it is
        before, after = [*before, _EMPTY], [*after, _EMPTY]
    new = [at for at, ligand in enumerate(after) if ligand not in before]
    left = [place for place in before if place not in after]
    if len(new) != len(left) or len(new) > 1:
        return None
    for at, place in zip(new, left, strict=True):
        after[at] = place
    order = [before.index(ligand) for ligand in after if ligand is not None]
    inversions = sum(one > other for at, one in enumerate(order) for other in order[at + 1 :])
    return inversions % 2 == 1, bool(new)


def _carry_bond(parent: Chem.Mol, bond: Chem.Bond, stereo: str) -> None:
    """Set the configuration of a product's double bond from that of the parent's bond that it was."""
    bond.SetStereo(Chem.BondStereo.STEREONONE)
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    origins = [origin_of(end) for end in ends]
    before = None if None in origins else parent.GetBondBetweenAtoms(*origins)
    if before is None or before.GetBondType() != Chem.BondType.DOUBLE or before.GetStereo() not in _SIDES:
        return
    side = _SIDES[before.GetStereo()]
    references = list(before.GetStereoAtoms())
    if before.GetBeginAtomIdx() != origins[0]:
        references.reverse()
    found = []
    for end, origin, reference in zip(ends, origins, references, strict=True):
        other = ends[1] if end is ends[0] else ends[0]
        taken = _reference(parent.GetAtomWithIdx(origin), end, other, reference)
        if taken is None or (taken[2] and stereo == OPEN):
            return
        found.append(taken[0])
        side = _OTHER_SIDE[side] if taken[1] else side
    bond.SetStereoAtoms(*found)
    bond.SetStereo(side)


def _reference(before: Chem.Atom, end: Chem.Atom, other: Chem.Atom, reference: int) -> tuple[int, bool, bool] | None:
    """Return the atom that tells the side at one end of a double bond.

    Args:
        before: the end in the parent.
        end: it in the product.
        other: the other end.
        reference: the parent's atom that tells the side.

    Returns:
        The atom's index, whether it stands on the other side than ``reference`` did, and whether an atom has come or
        gone; None where no atom is left to tell the side by.
    """
    places = [neighbor.GetIdx() for neighbor in before.GetNeighbors() if neighbor.GetIdx() != origin_of(other)]
    ligands = [neighbor for neighbor in end.GetNeighbors() if neighbor.GetIdx() != other.GetIdx()]
    taker = {origin_of(ligand): ligand for ligand in ligands if origin_of(ligand) in places}
    new = [ligand for ligand in ligands if origin_of(ligand) not in places]
    left = [place for place in places if place not in taker]
    if len(new) == len(left) == 1:
        taker[left[0]] = new[0]
    # A hydrogen as an atom may go later on, so it is the last to tell by.
    by_worth = sorted(taker, key=lambda place: (taker[place].GetAtomicNum() == 1, place != reference))
    if not by_worth:
        return None
    return taker[by_worth[0]].GetIdx(), by_worth[0] != reference, bool(new or left)


def both_configurations(parent: Chem.Mol, product: Chem.Mol) -> list[Chem.Mol]:
    """Return a product with each configuration of the centres and double bonds that its parent does not have.

    Args:
        parent: the molecule that RunReactants was given.
        product: its product, with ``carry_configuration`` done.

    Returns:
        The product itself where it has no such centre, or more than ``MAX_NEW_CENTRES``.
    """
    known = {(found.type.name, found.centeredOn) for found in Chem.FindPotentialStereo(Chem.Mol(parent))}
    kinds = (Chem.StereoType.Atom_Tetrahedral, Chem.StereoType.Bond_Double)
    new = [
        found
        for found in Chem.FindPotentialStereo(Chem.Mol(product))
        if found.specified == Chem.StereoSpecified.Unspecified
        and found.type in kinds
        and _can_be_set(product, found)
        and _element_of_parent(parent, product, found) not in known
    ]
    if not 0 < len(new) <= MAX_NEW_CENTRES:
        return [product]
    made = [product]
    for found in new:
        made = [_set(Chem.Mol(mol), found, first) for mol in made for first in (True, False)]
    return made


def _can_be_set(product: Chem.Mol, found: Chem.StereoInfo) -> bool:
    """Return whether a SMILES can state a stereo element: a double bond needs a neighbour at each end (not C=NH)."""
    if found.type == Chem.StereoType.Atom_Tetrahedral:
        return True
    bond = product.GetBondWithIdx(found.centeredOn)
    return all(end.GetDegree() > 1 for end in (bond.GetBeginAtom(), bond.GetEndAtom()))


def states_more_double_bonds(smiles: str, mol: Chem.Mol) -> bool:
    """Return whether a molecule's SMILES states the configuration of more double bonds than the molecule has.

    Between two double bonds with a configuration, one without cannot be written: the marks of the two are its own too.

    Examples:
        >>> triene = Chem.MolFromSmiles("C/C=C/C=C/C=C/C")
        >>> triene.GetBondWithIdx(3).SetStereo(Chem.BondStereo.STEREONONE)
        >>> states_more_double_bonds("C/C=C/C=C/C=C/C", triene)
        True
    """

    def count(mol: Chem.Mol) -> int:
        return sum(bond.GetStereo() in _SIDES for bond in mol.GetBonds())

    stated = count(mol)
    again = Chem.MolFromSmiles(smiles) if stated > 1 else None
    return again is not None and count(again) > stated


def _element_of_parent(parent: Chem.Mol, product: Chem.Mol, found: Chem.StereoInfo) -> tuple[str, int] | None:
    """Return the type and index of the parent's stereo element that a product's was; None: a new one."""
    if found.type == Chem.StereoType.Atom_Tetrahedral:
        origin = origin_of(product.GetAtomWithIdx(found.centeredOn))
        return None if origin is None else (found.type.name, origin)
    bond = product.GetBondWithIdx(found.centeredOn)
    ends = origin_of(bond.GetBeginAtom()), origin_of(bond.GetEndAtom())
    before = None if None in ends else parent.GetBondBetweenAtoms(*ends)
    return None if before is None else (found.type.name, before.GetIdx())


def _set(mol: Chem.Mol, found: Chem.StereoInfo, first: bool) -> Chem.Mol:
    """Return the molecule with the first or the second configuration at a stereo element."""
    if found.type == Chem.StereoType.Atom_Tetrahedral:
        tags = (Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW)
        mol.GetAtomWithIdx(found.centeredOn).SetChiralTag(tags[not first])
    else:
        bond = mol.GetBondWithIdx(found.centeredOn)
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        near = [
            next(n.GetIdx() for n in end.GetNeighbors() if n.GetIdx() not in (ends[0].GetIdx(), ends[1].GetIdx()))
            for end in ends
        ]
        bond.SetStereoAtoms(*near)
        bond.SetStereo(Chem.BondStereo.STEREOCIS if first else Chem.BondStereo.STEREOTRANS)
    return mol
