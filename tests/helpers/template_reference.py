"""RunReactants with the contract's exceptions, each put right on its product; it knows nothing of the package.

Plain RunReactants makes the product. Then, where neither side of the template states it, an atom that stays has the
configuration it had, with what came in the place of what left; a double bond that stays has its geometry likewise; a
bond that both sides state by the same query of several kinds is what it was. Stereo in a reactant is a condition.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from helpers.made_by_hand import GEOMETRY, OTHER, finished, settled, with_hydrogens
from helpers.oracle import Outcome

TETRAHEDRAL = {
    Chem.ChiralType.CHI_TETRAHEDRAL_CW: Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW: Chem.ChiralType.CHI_TETRAHEDRAL_CW,
}
Neighbour = int | str  # index in the parent, "H", or what is new


class Template:
    """A reaction with what its two sides state about stereo and bonds.

    Args:
        smirks: one reactant, one product.

    Raises:
        ValueError: if RDKit does not take it as a reaction.
    """

    def __init__(self, smirks: str) -> None:
        with rdBase.BlockLogs():
            self.reaction = AllChem.ReactionFromSmarts(smirks)
            self.reaction.Initialize()
            _, errors = self.reaction.Validate(silent=True)
        if errors or self.reaction.GetNumReactantTemplates() != 1 or self.reaction.GetNumProductTemplates() != 1:
            raise ValueError(smirks)
        self.reaction.GetSubstructParams().useChirality = True
        sides = (self.reaction.GetReactantTemplate(0), self.reaction.GetProductTemplate(0))
        self.centres = set().union(*(_stated_centres(side) for side in sides))
        self.geometry = set().union(*(_stated_geometry(side) for side in sides))
        before, after = (_bonds(side) for side in sides)
        self.same = {ends for ends, query in after.items() if before.get(ends) == query and set(query) & set("!,;&@")}
        self.counted = {atom.GetAtomMapNum() for atom in sides[1].GetAtoms() if re.search(r"H\d*\b", atom.GetSmarts())}
        self.first = min(atom.GetAtomMapNum() for atom in sides[0].GetAtoms() if atom.GetAtomMapNum())


def _stated_centres(side: Chem.Mol) -> set[int]:
    return {atom.GetAtomMapNum() for atom in side.GetAtoms() if atom.GetChiralTag() in TETRAHEDRAL}


def _stated_geometry(side: Chem.Mol) -> set[frozenset[int]]:
    """Double bonds, as map numbers, beside which a slash stands."""
    slashes = (Chem.BondDir.ENDUPRIGHT, Chem.BondDir.ENDDOWNRIGHT)
    beside = {
        index
        for bond in side.GetBonds()
        if bond.GetBondDir() in slashes or "/" in bond.GetSmarts() or "\\" in bond.GetSmarts()
        for index in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    }
    return {
        frozenset((bond.GetBeginAtom().GetAtomMapNum(), bond.GetEndAtom().GetAtomMapNum()))
        for bond in side.GetBonds()
        if bond.GetBeginAtomIdx() in beside or bond.GetEndAtomIdx() in beside
    }


def _bonds(side: Chem.Mol) -> dict[frozenset[int], str]:
    return {
        frozenset((bond.GetBeginAtom().GetAtomMapNum(), bond.GetEndAtom().GetAtomMapNum())): bond.GetSmarts()
        for bond in side.GetBonds()
        if bond.GetBeginAtom().GetAtomMapNum() and bond.GetEndAtom().GetAtomMapNum()
    }


@cache
def template(smirks: str) -> Template:
    """The template of a SMIRKS, made once."""
    return Template(smirks)


def outcome(smirks: str, smiles: str) -> Outcome:
    """What the contract says that a molecule gives.

    Raises:
        ValueError: if RDKit does not take the SMIRKS as a reaction.
    """
    rule = template(smirks)
    mol = Chem.MolFromSmiles(smiles)
    full = with_hydrogens(smiles)
    products: dict[str, set[tuple[int, int]]] = {}
    refused: set[int] = set()
    with rdBase.BlockLogs():
        for (plain,) in rule.reaction.RunReactants((mol,), maxProducts=100_000):
            maps = {atom.GetIntProp("old_mapno"): atom for atom in plain.GetAtoms() if atom.HasProp("old_mapno")}
            site = maps[rule.first].GetIntProp("react_atom_idx")
            try:
                made = settled(Chem.MolToSmiles(_put_right(rule, full, plain)))
            except ValueError:
                made = None
            if made is None:
                refused.add(site)
            else:
                products.setdefault(made, set()).add((0, site))
    return Outcome(products, refused)


def _origin(atom: Chem.Atom) -> int | None:
    return atom.GetIntProp("react_atom_idx") if atom.HasProp("react_atom_idx") else None


def _map_number(atom: Chem.Atom) -> int | None:
    return atom.GetIntProp("old_mapno") if atom.HasProp("old_mapno") else None


def _put_right(rule: Template, full: Chem.Mol, plain: Chem.Mol) -> Chem.Mol:
    mol = Chem.RWMol(plain)
    for bond in mol.GetBonds():
        begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
        if frozenset((_map_number(begin), _map_number(end))) in rule.same:
            before = full.GetBondBetweenAtoms(_origin(begin), _origin(end))
            if before is not None:
                bond.SetBondType(before.GetBondType())
                bond.SetIsAromatic(before.GetIsAromatic())
    _free_hydrogens(rule, full, mol)
    Chem.SanitizeMol(mol)
    mol = Chem.AddHs(mol)
    place = {_origin(atom): atom.GetIdx() for atom in mol.GetAtoms() if _origin(atom) is not None}
    for atom in full.GetAtoms():
        if atom.GetIdx() in place and atom.GetChiralTag() in TETRAHEDRAL:
            _keep_centre(rule, atom, mol.GetAtomWithIdx(place[atom.GetIdx()]))
    for bond in full.GetBonds():
        if bond.GetStereo() in OTHER:
            ends = [place.get(bond.GetBeginAtomIdx()), place.get(bond.GetEndAtomIdx())]
            if None not in ends and (kept := mol.GetBondBetweenAtoms(*ends)) is not None:
                _keep_geometry(rule, bond, kept, mol)
    return finished(mol)


def _free_hydrogens(rule: Template, full: Chem.Mol, mol: Chem.Mol) -> None:
    """Let hydrogens go where a bond comes, at atoms whose hydrogens RDKit counts because the SMILES had to state them.

    Plain RunReactants keeps them, so that a stereocentre with a hydrogen, unlike one without stereo, has five bonds.
    """
    for atom in mol.GetAtoms():
        if atom.GetNumExplicitHs() and _map_number(atom) and _map_number(atom) not in rule.counted:
            before = full.GetAtomWithIdx(_origin(atom))
            if atom.GetAtomicNum() == before.GetAtomicNum() == 6:
                atom.SetNoImplicit(False)
                atom.SetNumExplicitHs(0)


def _neighbours(atom: Chem.Atom, *, parent: bool) -> list[Neighbour]:
    """Neighbours by what they were in the parent; a parent's hydrogens and a product's are all the same."""
    found: list[Neighbour] = []
    for other in atom.GetNeighbors():
        origin = other.GetIdx() if parent else _origin(other)
        plain_hydrogen = other.GetAtomicNum() == 1 and not other.GetIsotope() and (parent or origin is None)
        found.append("H" if plain_hydrogen else f"new {other.GetIdx()}" if origin is None else origin)
    return found


def _keep_centre(rule: Template, before: Chem.Atom, after: Chem.Atom) -> None:
    if _map_number(after) in rule.centres:
        return
    was, now = _neighbours(before, parent=True), _neighbours(after, parent=False)
    left, came = list((Counter(was) - Counter(now)).elements()), list((Counter(now) - Counter(was)).elements())
    if len(was) != len(now) or len(left) != len(came) or len(left) > 1:
        return
    if left:
        now[now.index(came[0])] = left[0]
    if len(set(was)) < len(was):  # two hydrogens
        return
    order = [now.index(each) for each in was]
    odd = sum(order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order))) % 2
    after.SetChiralTag(TETRAHEDRAL[before.GetChiralTag()] if odd else before.GetChiralTag())


def _keep_geometry(rule: Template, before: Chem.Bond, after: Chem.Bond, mol: Chem.Mol) -> None:
    ends = [mol.GetAtomWithIdx(index) for index in (after.GetBeginAtomIdx(), after.GetEndAtomIdx())]
    if frozenset(map(_map_number, ends)) in rule.geometry or after.GetBondType() != Chem.BondType.DOUBLE:
        return
    if after.GetStereo() in (*OTHER, *GEOMETRY) and not any(_map_number(end) for end in ends):
        after.SetStereo(GEOMETRY.get(after.GetStereo(), after.GetStereo()))
    if _origin(ends[0]) != before.GetBeginAtomIdx():
        ends.reverse()
    stereo, told = before.GetStereo(), []
    for end, reference in zip((before.GetBeginAtom(), before.GetEndAtom()), before.GetStereoAtoms(), strict=True):
        new_end, far = (ends[0], ends[1]) if _origin(ends[0]) == end.GetIdx() else (ends[1], ends[0])
        was = [each for each in _neighbours(end, parent=True) if each != _origin(far)]
        others = [other for other in new_end.GetNeighbors() if other.GetIdx() != far.GetIdx()]
        names = [each for each in _neighbours(new_end, parent=False) if each != _origin(far)]
        if len(was) != len(names):  # a lone pair in a hydrogen's place, or the other way round
            was = [each for each in was if each != "H"]
            others = [other for other, name in zip(others, names, strict=True) if name != "H"]
            names = [each for each in names if each != "H"]
        left, came = list((Counter(was) - Counter(names)).elements()), list((Counter(names) - Counter(was)).elements())
        if len(was) != len(names) or len(left) > 1 or len(set(was)) < len(was):
            return
        if left:
            names[names.index(came[0])] = left[0]
        chosen = names.index(reference)
        if others[chosen].GetAtomicNum() == 1 and len(others) == 2 and others[1 - chosen].GetAtomicNum() > 1:
            chosen, stereo = 1 - chosen, OTHER[stereo]
        if others[chosen].GetAtomicNum() == 1 and not others[chosen].GetIsotope() and len(others) == 2:
            after.SetStereo(Chem.BondStereo.STEREONONE)
            return
        told.append((new_end.GetIdx(), others[chosen].GetIdx()))
    told = told if told[0][0] == after.GetBeginAtomIdx() else told[::-1]
    after.SetStereoAtoms(told[0][1], told[1][1])
    after.SetStereo(stereo)
