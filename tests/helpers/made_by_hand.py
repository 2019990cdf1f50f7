"""Products made by hand, one place at a time: hydrogens are atoms, and what comes takes the very place of what leaves.

Nothing here knows of the package, of templates or of RunReactants. The atom that leaves is turned into the atom that
comes, in the same place of its neighbour's list, so the configuration of the atom that stays is nobody's choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import AllChem, rdMolTransforms

from helpers.oracle import HALOGENS, Outcome

MAX_MATCHES = 100_000
GEOMETRY = {Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS, Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS}
OTHER = {
    Chem.BondStereo.STEREOTRANS: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOCIS: Chem.BondStereo.STEREOTRANS,
}


class Swap(NamedTuple):
    """What is replaced by what.

    Attributes:
        name: as the tests' parameters show it.
        smirks: the same for the package.
        pattern: SMARTS whose first atom stays and, with ``leaves``, whose second is the first of the group that leaves.
        leaves: whether a group leaves; False: a hydrogen.
        comes: SMILES whose first atom takes the place; empty: a hydrogen.
    """

    name: str
    smirks: str
    pattern: str
    leaves: bool
    comes: str


class Place(NamedTuple):
    """Where a swap acts: the atom that stays, the one whose place is taken, and the matched atoms that go."""

    site: int
    taken: int
    gone: tuple[int, ...]


def with_hydrogens(smiles: str) -> Chem.Mol:
    """A molecule whose hydrogens are atoms and whose double bonds' geometry is cis or trans to named neighbours."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    for bond in mol.GetBonds():
        bond.SetStereo(GEOMETRY.get(bond.GetStereo(), bond.GetStereo()))
    return mol


def places(smiles: str, swap: Swap) -> Iterator[Place]:
    """Every match of a swap, each with its own hydrogen where a hydrogen leaves."""
    mol = Chem.MolFromSmiles(smiles)
    query = Chem.MolFromSmarts(swap.pattern)
    full = Chem.AddHs(mol)
    seen = set()
    for match in mol.GetSubstructMatches(query, uniquify=False, maxMatches=MAX_MATCHES):
        if swap.leaves:
            found = [Place(match[0], match[1], tuple(sorted(match[2:])))]
        else:
            neighbours = full.GetAtomWithIdx(match[0]).GetNeighbors()
            found = [Place(match[0], atom.GetIdx(), ()) for atom in neighbours if atom.GetAtomicNum() == 1]
        yield from (place for place in found if not (place in seen or seen.add(place)))  # type: ignore[func-returns-value]


def replace(full: Chem.Mol, place: Place, comes: str) -> Chem.RWMol:
    """The molecule with hydrogens, and conformers if any, in which what comes has taken the place; not sanitised."""
    mol = Chem.RWMol(full)
    arriving = Chem.MolFromSmiles(comes or "[H]", sanitize=False)
    taken = mol.GetAtomWithIdx(place.taken)
    if not comes:
        _lean_on_others(mol, place)
    drop = [(place.taken, atom.GetIdx()) for atom in taken.GetNeighbors() if atom.GetIdx() != place.site]
    for begin, end in drop:
        mol.RemoveBond(begin, end)
    mol.GetBondBetweenAtoms(place.site, place.taken).SetBondType(Chem.BondType.SINGLE)
    _become(taken, arriving.GetAtomWithIdx(0))
    added = [place.taken] + [mol.AddAtom(atom) for atom in list(arriving.GetAtoms())[1:]]
    for bond in arriving.GetBonds():
        mol.AddBond(added[bond.GetBeginAtomIdx()], added[bond.GetEndAtomIdx()], bond.GetBondType())
    (kept,) = [atoms for atoms in Chem.GetMolFrags(mol) if place.site in atoms]
    mol.BeginBatchEdit()
    for index in set(range(mol.GetNumAtoms())) - set(kept):
        mol.RemoveAtom(index)
    mol.CommitBatchEdit()
    return mol


def _become(atom: Chem.Atom, model: Chem.Atom) -> None:
    atom.SetAtomicNum(model.GetAtomicNum())
    atom.SetFormalCharge(model.GetFormalCharge())
    atom.SetIsotope(model.GetIsotope())
    atom.SetIsAromatic(False)
    atom.SetHybridization(Chem.HybridizationType.UNSPECIFIED)
    atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    atom.SetNumExplicitHs(0)
    atom.SetNoImplicit(False)


def _lean_on_others(mol: Chem.RWMol, place: Place) -> None:
    """Give a double bond whose geometry is told by the atom that turns into hydrogen its other neighbour."""
    for bond in mol.GetAtomWithIdx(place.site).GetBonds():
        told = list(bond.GetStereoAtoms())
        if bond.GetStereo() in OTHER and place.taken in told:
            end = mol.GetAtomWithIdx(place.site)
            others = [
                atom.GetIdx()
                for atom in end.GetNeighbors()
                if atom.GetIdx() not in (place.taken, bond.GetOtherAtomIdx(place.site)) and atom.GetAtomicNum() > 1
            ]
            if others:
                stereo = OTHER[bond.GetStereo()]
                told[told.index(place.taken)] = others[0]
                bond.SetStereoAtoms(*told)
                bond.SetStereo(stereo)
            else:
                bond.SetStereo(Chem.BondStereo.STEREONONE)


def finished(mol: Chem.Mol) -> Chem.Mol:
    """The molecule sanitised and without hydrogens, stereo that means nothing taken off its atoms.

    It is to be written as it stands: left to itself RDKit would find the geometry of double bonds anew, from what is
    left of the slashes that the parent was read with.

    Raises:
        ValueError: if RDKit refuses it.
    """
    mol = Chem.Mol(mol)
    Chem.SanitizeMol(mol)
    mol = Chem.RemoveHs(mol)
    cleaned = Chem.Mol(mol)
    Chem.AssignStereochemistry(cleaned, cleanIt=True, force=True)
    for atom in cleaned.GetAtoms():
        mol.GetAtomWithIdx(atom.GetIdx()).SetChiralTag(atom.GetChiralTag())
    for bond in mol.GetBonds():
        bond.SetBondDir(Chem.BondDir.NONE)
    mol.SetIntProp("_StereochemDone", 1)
    return mol


def settled(smiles: str) -> str | None:
    """The SMILES that stays as it is when it is read and written; None if RDKit cannot read it."""
    seen: list[str] = []
    while smiles not in seen:
        seen.append(smiles)
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            return None
        smiles = Chem.MolToSmiles(mol)
    return min(seen[seen.index(smiles) :])


def stable(smiles: str) -> str:
    """A parent as a library stores it."""
    result = settled(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))
    assert result is not None
    return result


def made(smiles: str, swaps: Sequence[Swap]) -> Iterator[tuple[int, Place, Chem.Mol | None]]:
    """Every product of several swaps, by itself: (number of the swap, place, molecule or None where refused)."""
    full = with_hydrogens(smiles)
    with rdBase.BlockLogs():
        for number, swap in enumerate(swaps):
            for place in places(smiles, swap):
                try:
                    yield number, place, finished(replace(full, place, swap.comes))
                except ValueError:
                    yield number, place, None


def outcome(smiles: str, swaps: Sequence[Swap]) -> Outcome:
    """What a molecule gives, without a thought about symmetry: all products, each place made and written by itself."""
    products: dict[str, set[tuple[int, int]]] = {}
    refused: set[int] = set()
    with rdBase.BlockLogs():
        for number, place, mol in made(smiles, swaps):
            product = None if mol is None else settled(Chem.MolToSmiles(mol))
            if product is None:
                refused.add(place.site)
            else:
                products.setdefault(product, set()).add((number, place.site))
    return Outcome(products, refused)


# ---- three dimensions --------------------------------------------------------------------------------------------


def embedded(smiles: str) -> Chem.Mol | None:
    """A molecule with hydrogens and one conformer, or None if there is none to be had."""
    mol = with_hydrogens(smiles)
    options = AllChem.ETKDGv3()
    options.randomSeed = 7
    options.maxIterations = 20
    options.timeout = 5
    with rdBase.BlockLogs():
        if AllChem.EmbedMolecule(mol, options) < 0:
            options.useRandomCoords = True
            if AllChem.EmbedMolecule(mol, options) < 0:
                return None
    return mol


def seen_in_space(full: Chem.Mol, place: Place, comes: str) -> str | None:
    """The product whose stereo is read from the coordinates alone, at the centres and bonds that the parent states."""
    full = Chem.Mol(full)
    for atom in full.GetAtoms():
        atom.SetBoolProp("stated", atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED)
    for bond in full.GetBonds():
        bond.SetBoolProp("stated", bond.GetStereo() in OTHER)
    mol = replace(full, place, comes)
    seen = Chem.Mol(mol)
    Chem.SanitizeMol(seen)
    Chem.AssignStereochemistryFrom3D(seen, replaceExistingTags=True)
    for atom in mol.GetAtoms():
        stated = atom.HasProp("stated") and atom.GetBoolProp("stated")
        tag = seen.GetAtomWithIdx(atom.GetIdx()).GetChiralTag()
        atom.SetChiralTag(tag if stated else Chem.ChiralType.CHI_UNSPECIFIED)
    for bond in mol.GetBonds():
        bond.SetStereo(Chem.BondStereo.STEREONONE)
        if bond.HasProp("stated") and bond.GetBoolProp("stated"):
            _measure(mol, bond)
    mol.RemoveAllConformers()
    return settled(Chem.MolToSmiles(finished(mol)))


def _measure(mol: Chem.Mol, bond: Chem.Bond) -> None:
    """Set a double bond to cis or trans by the torsion between a neighbour at each end."""
    ends = [bond.GetBeginAtom(), bond.GetEndAtom()]
    others = []
    for end, far in (ends, ends[::-1]):
        near = [atom for atom in end.GetNeighbors() if atom.GetIdx() != far.GetIdx()]
        near.sort(key=lambda atom: -atom.GetAtomicNum())  # a hydrogen is told by the other neighbour
        others.append(near[0].GetIdx())
    if any(mol.GetAtomWithIdx(index).GetAtomicNum() == 1 for index in others):
        return
    torsion = rdMolTransforms.GetDihedralDeg(
        mol.GetConformer(), others[0], bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), others[1]
    )
    bond.SetStereoAtoms(*others)
    bond.SetStereo(Chem.BondStereo.STEREOCIS if abs(torsion) < 90 else Chem.BondStereo.STEREOTRANS)


def centres(smiles: str) -> set[int]:
    """Atoms whose configuration a SMILES states."""
    mol = Chem.MolFromSmiles(smiles)
    return {atom.GetIdx() for atom in mol.GetAtoms() if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED}


# ---- swaps -------------------------------------------------------------------------------------------------------

RING_CH = [Swap(f"ring_sp3_ch:{x}", f"[CX4;R;!H0:1]>>[C:1]{x}", "[CX4;R;!H0]", False, x) for x in HALOGENS]
ANY_CH = [Swap(f"CH to {x}", f"[CX4;!H0:1]>>[C:1]{x}", "[CX4;!H0]", False, x) for x in ("F", "I", "O", "C", "C#N")]
LEAVING = [
    Swap("COOH to F", "[#6:1][CX3](=[OX1])[OX2H]>>[#6:1]F", "[#6][CX3](=[OX1])[OX2H]", True, "F"),
    Swap("COOH to I", "[#6:1][CX3](=[OX1])[OX2H]>>[#6:1]I", "[#6][CX3](=[OX1])[OX2H]", True, "I"),
    Swap("OH to Br", "[#6;!$([CX3]=[OX1]):1][OX2H]>>[#6:1]Br", "[#6;!$([CX3]=[OX1])][OX2H]", True, "Br"),
    Swap("OH to CN", "[CX4:1][OX2H]>>[C:1]C#N", "[CX4][OX2H]", True, "C#N"),
    Swap("NH2 to Cl", "[#6;!$([CX3]=[O,S,N]):1][NX3H2]>>[#6:1]Cl", "[#6;!$([CX3]=[O,S,N])][NX3H2]", True, "Cl"),
    Swap("NH2 to azide", "[CX4:1][NX3H2]>>[C:1]N=[N+]=[N-]", "[CX4][NX3H2]", True, "N=[N+]=[N-]"),
]
HETERO_H = [
    Swap("OH to OMe", "[OX2H:1]>>[O:1]C", "[OX2H]", False, "C"),
    Swap("NH to NCl", "[NX3;!H0:1]>>[N:1]Cl", "[NX3;!H0]", False, "Cl"),
    Swap("aromatic NH to NMe", "[nH:1]>>[n:1]C", "[nH]", False, "C"),
    Swap("aromatic CH to CF", "[cH:1]>>[c:1]F", "[cH]", False, "F"),
    Swap("vinyl CH to CCl", "[CX3;!H0:1]>>[C:1]Cl", "[CX3;!H0]", False, "Cl"),
    Swap("any H to F", "[#6,#7,#14,#15,#16;!H0:1]>>[*:1]F", "[#6,#7,#14,#15,#16;!H0]", False, "F"),
]
DELETIONS = [
    Swap("decarboxylation", "[#6:1][CX3](=[OX1])[OX2H]>>[#6:1]", "[#6][CX3](=[OX1])[OX2H]", True, ""),
    Swap("dehydroxylation", "[#6;!$([CX3]=[OX1]):1][OX2H]>>[#6:1]", "[#6;!$([CX3]=[OX1])][OX2H]", True, ""),
    Swap("demethylation", "[C:1][CH3]>>[C:1]", "[C][CH3]", True, ""),
    Swap("dehalogenation", "[#6:1][F,Cl,Br,I]>>[#6:1]", "[#6][F,Cl,Br,I]", True, ""),
]


def unlike(found: Iterable[tuple[str, int, int]], expected: Outcome) -> dict[str, object]:
    """What differs between (SMILES, site, routes) and an outcome: nothing, or the two sides of each difference."""
    ours = {smiles: (site, routes) for smiles, site, routes in found}
    keys = ours.keys() | expected.rows.keys()
    return {key: (ours.get(key), expected.rows.get(key)) for key in keys if ours.get(key) != expected.rows.get(key)}
