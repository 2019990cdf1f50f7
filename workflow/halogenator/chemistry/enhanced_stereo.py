"""Enhanced stereo (racemates and unknown enantiomers, which a SMILES cannot state) as a canonical CXSMILES extension.

A group of stereocentres is ``&`` (a mixture of the molecule and the one with these centres inverted) or ``o`` (one of
the two, unknown which). A molecule with groups stands for sets of stereoisomers: each choice of the ``o`` groups gives
a set, of all choices of the ``&`` groups. Two molecules are equal if these sets are equal, however they are drawn.

Therefore these sets decide what is written here. RDKit's ``CanonicalizeEnhancedStereo`` looks at the drawing: it does
not see that a meso form has no enantiomer, or that inverting either end of 4-methylcyclohexanol changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, permutations, product

from rdkit import Chem

from halogenator.chemistry.molecules import RejectError, reread, settle, settled
from halogenator.chemistry.stereochemistry import UNSPECIFIED

# Most groups of a molecule. Each doubles the stereoisomers to compare; 256 take a tenth of a second.
MAX_GROUPS = 8
# Up to so many centres, idle sets (``_idle_sets``) of any size are searched; of more, mainly pairs.
_FEW_CENTRES = 8
# Up to so many groups, idle sets are searched in each stereoisomer; of more, in one.
_FEW_GROUPS = 4
# Most ways to group the centres of one molecule that are compared to find the smallest.
_MAX_WAYS = 500

_KINDS = {Chem.StereoGroupType.STEREO_AND: "&", Chem.StereoGroupType.STEREO_OR: "o"}

_NOTE = "halogenator_group"  # property of an atom


@dataclass(frozen=True)
class Group:
    """Stereocentres that are inverted together: the kind, "&" or "o", and the atom indices."""

    kind: str
    atoms: frozenset[int]


# The groups of a molecule, in one way to group its centres.
_Groups = tuple[Group, ...]


def read_cxsmiles(smiles: str, extension: str | None) -> Chem.Mol:
    """Return the molecule of a stored SMILES and its CXSMILES extension (without bars), if it has one.

    Raises:
        RejectError: RDKit cannot read them.

    Examples:
        >>> len(read_cxsmiles("C[C@@H](O)c1ccccc1", "&1:1").GetStereoGroups())
        1
    """
    if extension is None:
        return reread(smiles)
    mol = Chem.MolFromSmiles(f"{smiles} |{extension}|")
    if mol is None:
        raise RejectError("unparsable SMILES", f"RDKit cannot read {smiles[:200]!r} with |{extension[:200]}|")
    return mol


def write_cxsmiles(mol: Chem.Mol) -> tuple[str, str | None]:
    """Return the SMILES of a molecule and the CXSMILES extension with its enhanced stereo; None if it has none.

    Equal molecules give equal pairs. Groups without effect are left out: of a meso form, of an atom that is no
    stereocentre, or of absolute centres, as all centres without a group are absolute.

    Raises:
        RejectError: RDKit cannot read what it writes, or there are too many groups to compare.

    Examples:
        >>> write_cxsmiles(Chem.MolFromSmiles("OC(C)c1ccccc1"))
        ('CC(O)c1ccccc1', None)
        >>> write_cxsmiles(Chem.MolFromSmiles("O[C@@H](C)c1ccccc1 |&1:1|"))  # a racemate
        ('C[C@@H](O)c1ccccc1', '&1:1')
        >>> write_cxsmiles(Chem.MolFromSmiles("OC(=O)[C@H](O)[C@H](O)C(=O)O |&1:3,5|"))  # a meso form is no racemate
        ('O=C(O)[C@@H](O)[C@@H](O)C(=O)O', None)
    """
    if not mol.GetStereoGroups():
        return settle(Chem.MolToSmiles(mol)), None
    plain, groups = _without_groups(mol)
    smiles, plain, groups = _settled(plain, groups)
    groups = _on_centres(plain, groups)
    if not groups:
        return smiles, None
    if len(groups) > MAX_GROUPS:
        raise RejectError("too many stereo groups", f"{len(groups)} groups; at most {MAX_GROUPS} are compared")
    smiles, ways = _smallest_drawing(plain, groups)
    plain = reread(smiles)
    ways = {_without_idle_groups(plain, way) for way in ways}
    if () in ways:
        return smiles, None
    every = _all_ways(plain, ways)
    fewest = min(map(_size, every))
    return _smallest_way(plain, smiles, [way for way in every if _size(way) == fewest])


def note_groups(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy with its stereo groups as notes on atoms, because RDKit loses groups when atoms are removed."""
    plain = Chem.RWMol(mol)
    for number, group in enumerate(mol.GetStereoGroups()):
        if group.GetGroupType() in _KINDS:
            for atom in group.GetAtoms():
                plain.GetAtomWithIdx(atom.GetIdx()).SetProp(_NOTE, f"{_KINDS[group.GetGroupType()]}{number}")
    plain.SetStereoGroups([])
    return plain.GetMol()


def has_notes(mol: Chem.Mol) -> bool:
    return any(atom.HasProp(_NOTE) for atom in mol.GetAtoms())


def restore_groups(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy with the stereo groups from ``note_groups``."""
    marked: dict[str, list[int]] = {}
    for atom in mol.GetAtoms():
        if atom.HasProp(_NOTE):
            marked.setdefault(atom.GetProp(_NOTE), []).append(atom.GetIdx())
    kinds = {sign: kind for kind, sign in _KINDS.items()}
    mol = Chem.RWMol(mol)
    mol.SetStereoGroups([Chem.CreateStereoGroup(kinds[name[0]], mol, atoms) for name, atoms in marked.items()])
    return mol.GetMol()


def as_racemate(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy with notes of one ``&`` group on all stereocentres."""
    mol = Chem.Mol(mol)
    for atom in mol.GetAtoms():
        if _is_centre(atom):
            atom.SetProp(_NOTE, "&1")
    return mol


def _without_groups(mol: Chem.Mol) -> tuple[Chem.Mol, _Groups]:
    """Return a copy without groups, maps and removable hydrogens, and the groups that are not absolute."""
    mol = Chem.RemoveHs(mol)
    groups = tuple(
        Group(_KINDS[group.GetGroupType()], frozenset(atom.GetIdx() for atom in group.GetAtoms()))
        for group in mol.GetStereoGroups()
        if group.GetGroupType() in _KINDS
    )
    plain = Chem.RWMol(mol)
    plain.SetStereoGroups([])
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
    return plain.GetMol(), groups


def _settled(mol: Chem.Mol, groups: _Groups) -> tuple[str, Chem.Mol, _Groups]:
    """Return the settled SMILES of a molecule, the molecule read from it, and the groups by the atoms of the latter."""
    smiles, mol, order = settled(mol)
    place = {old: new for new, old in enumerate(order)}
    return smiles, mol, tuple(Group(g.kind, frozenset(place[i] for i in g.atoms)) for g in groups)


def _on_centres(mol: Chem.Mol, groups: _Groups) -> _Groups:
    """Return the groups without atoms that are no stereocentres; empty groups are left out."""
    left = (Group(g.kind, frozenset(i for i in g.atoms if _is_centre(mol.GetAtomWithIdx(i)))) for g in groups)
    return _sorted(group for group in left if group.atoms)


def _sorted(groups: Iterable[Group]) -> _Groups:
    return tuple(sorted(groups, key=_sort_key))


def _is_centre(atom: Chem.Atom) -> bool:
    return bool(atom.GetChiralTag() != UNSPECIFIED)


def _sort_key(group: Group) -> tuple[str, list[int]]:
    return group.kind, sorted(group.atoms)


def _size(groups: _Groups) -> tuple[int, int]:
    return len(groups), sum(len(group.atoms) for group in groups)


def inverted(mol: Chem.Mol, atoms: Iterable[int]) -> Chem.Mol:
    """Return a copy whose stereocentres ``atoms`` are inverted.

    Examples:
        >>> Chem.MolToSmiles(inverted(Chem.MolFromSmiles("C[C@@H](O)c1ccccc1"), [1]))
        'C[C@H](O)c1ccccc1'
    """
    mol = Chem.Mol(mol)
    for index in atoms:
        mol.GetAtomWithIdx(index).InvertChirality()
    # Without this, RDKit writes ring stereo (cis, trans) from properties that it set before the inversion.
    mol.ClearComputedProps(False)
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return mol


def _forms(mol: Chem.Mol, groups: _Groups) -> Iterator[tuple[tuple[bool, ...], Chem.Mol]]:
    """Yield each choice of the groups to invert (True: inverted), with the molecule that it gives."""
    for choice in product((False, True), repeat=len(groups)):
        atoms = [i for group, turned in zip(groups, choice, strict=True) if turned for i in group.atoms]
        yield choice, inverted(mol, atoms)


def _isomers(mol: Chem.Mol, groups: _Groups) -> frozenset[frozenset[str]]:
    """Return what the molecule stands for: for each choice of the ``o`` groups a set of stereoisomers (SMILES)."""
    found: dict[tuple[bool, ...], set[str]] = {}
    for choice, form in _forms(mol, groups):
        which = tuple(turned for group, turned in zip(groups, choice, strict=True) if group.kind == "o")
        found.setdefault(which, set()).add(settled(form).smiles)
    return frozenset(map(frozenset, found.values()))


def _smallest_drawing(mol: Chem.Mol, groups: _Groups) -> tuple[str, set[_Groups]]:
    """Return the smallest SMILES of the stereoisomers that keep all centres of the groups, and the groups by its atoms.

    Several ways to group the atoms may go with one SMILES.
    """
    drawn: dict[str, set[_Groups]] = {}
    for _, form in _forms(mol, groups):
        smiles, again, moved = _settled(form, groups)
        if _on_centres(again, moved) == _sorted(moved):
            drawn.setdefault(smiles, set()).add(_sorted(moved))
    smiles = min(drawn)
    return smiles, drawn[smiles]


def _without_idle_groups(mol: Chem.Mol, groups: _Groups) -> _Groups:
    """Return the groups without those that do not change the stereoisomers."""
    wanted = _isomers(mol, groups)
    for group in groups:
        fewer = tuple(g for g in groups if g != group)
        if _isomers(mol, fewer) == wanted:
            return _without_idle_groups(mol, fewer)
    return groups


def _all_ways(mol: Chem.Mol, ways: Iterable[_Groups]) -> set[_Groups]:
    """Return all ways to group the centres that stand for the same stereoisomers.

    Two ways differ by an idle set of centres.

    Raises:
        RejectError: there are too many.
    """
    found = set(ways)
    way = min(found, key=lambda groups: [_sort_key(group) for group in groups])
    idle = _idle_sets(mol, way) if _is_symmetric(mol) else []
    if not idle:
        return found
    wanted = _isomers(mol, next(iter(found)))
    todo = list(found)
    while todo:
        way = todo.pop()
        for other in _neighbours(way, idle):
            if other not in found and _isomers(mol, other) == wanted:
                found.add(other)
                todo.append(other)
                if len(found) > _MAX_WAYS:
                    raise RejectError("too many stereo groups", f"more than {_MAX_WAYS} ways to say the same")
    return found


def _is_symmetric(mol: Chem.Mol) -> bool:
    """Return whether two centres, or two neighbours of a centre, are equivalent if stereo is ignored."""
    centres = [atom for atom in mol.GetAtoms() if _is_centre(atom)]
    ranks = list(Chem.CanonicalRankAtoms(mol, breakTies=False, includeChirality=False))
    places = [[ranks[atom.GetIdx()] for atom in centres]]
    places += [[ranks[other.GetIdx()] for other in atom.GetNeighbors()] for atom in centres]
    return any(len(set(each)) < len(each) for each in places)


def _idle_sets(mol: Chem.Mol, groups: _Groups) -> list[frozenset[int]]:
    """Return the idle sets: inverting all centres of such a set leaves one of the stereoisomers the same molecule.

    Examples: the two ends of a ring, all centres of a meso form, those of a part with mirror symmetry (atropine's
    tropane). Of many centres only pairs, ring systems and the set of all are tried.
    """
    indices = [atom.GetIdx() for atom in mol.GetAtoms() if _is_centre(atom)]
    sizes = range(2, len(indices)) if len(indices) <= _FEW_CENTRES else (2,)
    chosen = {frozenset(each) for size in sizes for each in combinations(indices, size)} | {frozenset(indices)}
    chosen |= {system.intersection(indices) for system in _ring_systems(mol)} - {frozenset()}
    idle: set[frozenset[int]] = set()
    for _, form in _forms(mol, groups if len(groups) <= _FEW_GROUPS else ()):
        same = settled(form).smiles
        idle.update(each for each in chosen - idle if settled(inverted(form, each)).smiles == same)
    return sorted(idle, key=sorted)


def _ring_systems(mol: Chem.Mol) -> list[frozenset[int]]:
    """Return the atoms of each set of rings that share atoms."""
    systems: list[frozenset[int]] = []
    for ring in map(frozenset, mol.GetRingInfo().AtomRings()):
        shared = [system for system in systems if system & ring]
        systems = [system for system in systems if not system & ring] + [ring.union(*shared)]
    return systems


def _neighbours(way: _Groups, idle: Sequence[frozenset[int]]) -> Iterator[_Groups]:
    """Yield the ways in which one group differs, by an idle set and the atoms of other groups of its kind."""
    for group in way:
        others = [g for g in way if g != group]
        taken = frozenset(i for g in others for i in g.atoms)
        alike = [g.atoms for g in others if g.kind == group.kind]
        unions = {frozenset().union(*some) for size in range(len(alike) + 1) for some in combinations(alike, size)}
        for idle_set, union in product(idle, sorted(unions, key=sorted)):
            atoms = (group.atoms | union) ^ idle_set
            if atoms and not atoms & taken:
                yield _sorted((*others, Group(group.kind, atoms)))


def _smallest_way(mol: Chem.Mol, smiles: str, ways: Sequence[_Groups]) -> tuple[str, str]:
    """Return the SMILES and the extension of the way whose labelled SMILES is the smallest.

    Labels (map numbers by group) distinguish atoms that symmetry makes equivalent, independently of atom indices.

    Raises:
        RejectError: the result does not read back to the same molecule.
    """
    kinds = [group.kind for group in ways[0]]
    label = min(_labelled(mol, order) for way in ways for order in _orders(mol, way))
    marked = reread(label)
    groups = tuple(
        Group(kind, frozenset(atom.GetIdx() for atom in marked.GetAtoms() if atom.GetAtomMapNum() == number))
        for number, kind in enumerate(kinds, 1)
    )
    for atom in marked.GetAtoms():
        atom.SetAtomMapNum(0)
    found, again, groups = _settled(marked, groups)
    if (
        found != smiles
        or _on_centres(again, groups) != _sorted(groups)
        or (_isomers(again, groups) != _isomers(mol, ways[0]))
    ):
        raise RejectError("unsettled stereo", f"RDKit writes {smiles[:200]!r} in more than one way")
    return smiles, _extension(groups)


def _orders(mol: Chem.Mol, groups: _Groups) -> Iterator[_Groups]:
    """Yield the orders of the groups, ``&`` before ``o``; only groups in equivalent places are permuted."""

    def place(group: Group) -> tuple[str, str]:
        return group.kind, _labelled(mol, (group,))

    blocks = [list(block) for _, block in groupby(sorted(groups, key=place), key=place)]
    for choice in product(*(permutations(block) for block in blocks)):
        yield tuple(group for block in choice for group in block)


def _labelled(mol: Chem.Mol, groups: _Groups) -> str:
    mol = Chem.Mol(mol)
    for number, group in enumerate(groups, 1):
        for index in group.atoms:
            mol.GetAtomWithIdx(index).SetAtomMapNum(number)
    return str(Chem.MolToSmiles(mol))


def _extension(groups: _Groups) -> str:
    """Return the CXSMILES extension: the ``&`` groups, then the ``o`` groups, each kind numbered by first atom."""
    words = []
    for _, block in groupby(_sorted(groups), key=lambda group: group.kind):
        for number, group in enumerate(block, 1):
            words.append(f"{group.kind}{number}:{','.join(map(str, sorted(group.atoms)))}")
    return ",".join(words)
