"""Stereochemistry of products: a new group takes the place of the leaving one, and all else keeps its configuration.

RDKit's RunReactants has its own rules. It puts a new neighbour before the others, which inverts a stereocentre if the
neighbour replaces an implicit hydrogen. After a group is removed, the configuration depends on the order of atoms. A
double bond with a replaced substituent becomes unspecified. An unspecified double bond between two specified ones
becomes specified. ``carry_configuration`` sets all of this again, from the parent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rdkit import Chem

KEEP, OPEN, INVERT, BOTH = "keep", "open", "invert", "both"

# Most new centres of a product whose configurations are all made; with more, all new centres stay unspecified.
MAX_NEW_CENTRES = 4

UNSPECIFIED = Chem.ChiralType.CHI_UNSPECIFIED
_CW, _CCW = Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW
TURNED = {_CW: _CCW, _CCW: _CW}
_CIS, _TRANS = Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS
_SIDES = {Chem.BondStereo.STEREOZ: _CIS, Chem.BondStereo.STEREOE: _TRANS, _CIS: _CIS, _TRANS: _TRANS}
_OTHER_SIDE = {_CIS: _TRANS, _TRANS: _CIS}
_ORIGIN, _MAP_NUMBER = "react_atom_idx", "old_mapno"
_PERCEIVED = "_StereochemDone"  # RDKit's note that stereo need not be perceived again
_CARBON = 6
_EMPTY = -1  # stands for an implicit hydrogen or a lone pair, which RDKit counts as the last neighbour


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
        stated: map numbers of atoms whose configuration a template states; they stay as RunReactants made them.
        stated_bonds: double bonds of the same kind, by the map numbers of their ends (0: a new atom).
        stereo: for centres and double bonds whose neighbours change: "keep" them, make them unspecified ("open"), or
            "invert" the centres.
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
    product.SetIntProp(_PERCEIVED, 1)


def origin_of(atom: Chem.Atom) -> int | None:
    """Return the parent atom index of an atom of a product of RunReactants; None: a new atom."""
    return atom.GetIntProp(_ORIGIN) if atom.HasProp(_ORIGIN) else None


def map_number_of(atom: Chem.Atom) -> int:
    """Return the map number of an atom of a product of RunReactants; 0: none."""
    return int(atom.GetIntProp(_MAP_NUMBER)) if atom.HasProp(_MAP_NUMBER) else 0


def _carried_tag(centre: Chem.Atom, atom: Chem.Atom, stereo: str) -> Chem.ChiralType:
    """Return the chiral tag for a product's ``atom``, which is the parent's stereocentre ``centre``."""
    places = [neighbor.GetIdx() for neighbor in centre.GetNeighbors()]
    ligands = [origin_of(neighbor) for neighbor in atom.GetNeighbors()]
    before, after = centre.GetTotalDegree(), atom.GetTotalDegree()
    # Atoms other than carbon may be centres with a lone pair, that is, with three neighbours.
    if before != after and (atom.GetAtomicNum() == _CARBON or {before, after} != {3, 4}):
        return UNSPECIFIED
    tag = centre.GetChiralTag()
    parity = parity_of(places, ligands)
    if parity is None or (parity[1] and stereo == OPEN):
        return UNSPECIFIED
    odd, changed = parity
    return TURNED[tag] if odd != (changed and stereo == INVERT) else tag


def parity_of(places: Sequence[int], ligands: Sequence[int | None]) -> tuple[bool, bool] | None:
    """Return whether a centre's neighbours are permuted oddly, and whether one of them is new.

    Args:
        places: its neighbours in the parent, in order, without implicit hydrogen or lone pair.
        ligands: its neighbours in the product, in order, by their parent atom index (None: a new atom).

    Returns:
        None if more than one neighbour is new, as nothing says which of them takes which place.

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
    if len(places) == len(ligands) == 3:  # the fourth place has not changed
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
    """Set the configuration of a product's double bond from that of the same bond in the parent."""
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
    new_references = []
    for end, other, origin, reference in zip(ends, reversed(ends), origins, references, strict=True):
        found = _reference(parent.GetAtomWithIdx(origin), end, other, reference)
        if found is None:
            return
        index, is_opposite, has_changed = found
        if has_changed and stereo == OPEN:
            return
        new_references.append(index)
        side = _OTHER_SIDE[side] if is_opposite else side
    bond.SetStereoAtoms(*new_references)
    bond.SetStereo(side)


def _reference(before: Chem.Atom, end: Chem.Atom, other: Chem.Atom, reference: int) -> tuple[int, bool, bool] | None:
    """Return the reference atom of the configuration at one end of a product's double bond.

    Args:
        before: the end in the parent.
        end: the end in the product.
        other: the other end in the product.
        reference: index of the reference atom in the parent.

    Returns:
        Its index, whether it is on the other side than ``reference`` was, and whether a neighbour is new or has left;
        None if no neighbour can be the reference.
    """
    places = [neighbor.GetIdx() for neighbor in before.GetNeighbors() if neighbor.GetIdx() != origin_of(other)]
    ligands = [neighbor for neighbor in end.GetNeighbors() if neighbor.GetIdx() != other.GetIdx()]
    taker = {origin_of(ligand): ligand for ligand in ligands if origin_of(ligand) in places}
    new = [ligand for ligand in ligands if origin_of(ligand) not in places]
    left = [place for place in places if place not in taker]
    if len(new) == len(left) == 1:
        taker[left[0]] = new[0]
    if not taker:
        return None
    # A hydrogen is taken last, as hydrogens may become implicit later.
    best = min(taker, key=lambda place: (taker[place].GetAtomicNum() == 1, place != reference))
    return taker[best].GetIdx(), best != reference, bool(new or left)


def both_configurations(parent: Chem.Mol, product: Chem.Mol) -> list[Chem.Mol]:
    """Return a product in each configuration of its new centres and double bonds, which its parent does not have.

    Args:
        parent: the molecule that RunReactants was given.
        product: its product, after ``carry_configuration``.

    Returns:
        Only the product itself if it has no such centre, or more than ``MAX_NEW_CENTRES``.
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
    """Return whether a SMILES can state a stereo element: a double bond needs a substituent at each end (not C=NH)."""
    if found.type == Chem.StereoType.Atom_Tetrahedral:
        return True
    bond = product.GetBondWithIdx(found.centeredOn)
    return all(end.GetDegree() > 1 for end in (bond.GetBeginAtom(), bond.GetEndAtom()))


def states_more_double_bonds(smiles: str, mol: Chem.Mol) -> bool:
    """Return whether a molecule's SMILES states the configuration of more double bonds than the molecule has.

    A double bond without configuration cannot be written between two with one: their marks are its marks too.

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
    """Return the type and index of a product's stereo element in the parent; None: a new one."""
    if found.type == Chem.StereoType.Atom_Tetrahedral:
        origin = origin_of(product.GetAtomWithIdx(found.centeredOn))
        return None if origin is None else (found.type.name, origin)
    bond = product.GetBondWithIdx(found.centeredOn)
    ends = origin_of(bond.GetBeginAtom()), origin_of(bond.GetEndAtom())
    before = None if None in ends else parent.GetBondBetweenAtoms(*ends)
    return None if before is None else (found.type.name, before.GetIdx())


def _set(mol: Chem.Mol, found: Chem.StereoInfo, first: bool) -> Chem.Mol:
    """Set the first or the second configuration at a stereo element, and return the molecule."""
    if found.type == Chem.StereoType.Atom_Tetrahedral:
        mol.GetAtomWithIdx(found.centeredOn).SetChiralTag(_CW if first else _CCW)
    else:
        bond = mol.GetBondWithIdx(found.centeredOn)
        begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
        near = [
            next(atom.GetIdx() for atom in this.GetNeighbors() if atom.GetIdx() != other.GetIdx())
            for this, other in ((begin, end), (end, begin))
        ]
        bond.SetStereoAtoms(*near)
        bond.SetStereo(_CIS if first else _TRANS)
    return mol
