"""Surroundings as numbers are equal exactly where the surroundings are; a difference is computed once."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from rdkit import Chem

from halogenator.chemistry import descriptor_differences
from halogenator.chemistry.descriptor_differences import Increments, Surroundings
from halogenator.chemistry.descriptors import compute
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.parent import Parent
from halogenator.model import Transform
from helpers.molecules import embedded, special

quiet()
# Neighbours that are unlike in one point: charge or ring of a double bond's other end, hydrogens, degree, element.
UNLIKE = [
    *("OC(=O)C", "OC(=S)C", "OC(=N)C", "OC(=[NH2+])C", "OC(=[OH+])C", "OC(=C)C", "OC(=P)C", "OC(=[N-])C", "OC(=[Se])C"),
    *("OS(=O)(=O)C", "OS(=O)C", "OS(=O)(=N)C", "OS(=N)(=N)C", "OS(=N)(=O)C", "OP(=O)(C)C", "OP(=S)(C)C", "OP(C)C"),
    *("ON=C", "ON=CC", "ON=C1CCC1", "OC1=CCC1", "OC1=NCC1", "OC1=NCCC1=O", "OC=C", "OC=N", "OC#N", "OC#C", "OCC=C=O"),
    *("ON", "ONC", "ON(C)C", "O[NH3+]", "O[NH2+]C", "O[N+](C)(C)C", "O[NH-]", "OO", "OC", "OCC", "OS", "O[SiH3]", "OP"),
    *("OB", "OB(O)O", "OF", "OCl", "OBr", "OI", "O[Se]C", "On1cccc1", "Oc1ccccc1", "OC1CC1", "O1CC1", "N1CC1", "S1CC1"),
    *("N1CCC1", "O1CCC1", "[FeH]", "[ZnH2]", "[Zn+2]", "[AlH3]", "[AlH4-]", "[BH4-]", "[BH3]", "[Al+3]", "[AlH2+]"),
    # The last neighbour that counts, whose own neighbours do not.
    *("OCC[b-]1ccccc1", "OCCB(C)C", "OCCc1ccccc1", "OCCC#C", "OCCC#N", "OCCC1=NCCC1", "OCCC(=[NH2+])C", "OCCC(=N)C"),
    *("OCCC(=O)C", "OCCC(=S)C"),
    *("C1OC1", "C1NC1", "N1NC1", "OCC", "OCN", "OCO", "OCF", "OCCC", "OCCF", "OCCCF", "OCCN(C)C", "OCC[N+](C)(C)C"),
    *("[O-]C", "[OH2+]C", "[O-]CC", "[NH2-]", "[NH4+]", "[OH-]", "[Fe]", "[Fe+2]", "[Fe+3]", "[U]", "[CH3-]", "[CH3+]"),
    *("OS(F)(F)(F)(F)F", "[SiH4]", "S(C)(C)(C)C", "O=C=O", "O=S=O", "O=[Os](=O)(=O)=O", "OC(=[Os])C", "OC(=[Hs])C"),
]


def plainly(mol: Chem.Mol, roots: tuple[int, ...]) -> tuple[Any, ...]:
    """The surroundings of the roots as the module's docstring describes them, in words that need no packing."""

    def kind(atom: Chem.Atom) -> tuple[object, ...]:
        counts = (atom.GetDegree(), atom.GetTotalNumHs(), atom.GetFormalCharge(), atom.GetIsAromatic())
        return (atom.GetSymbol(), *counts)

    def neighbor(atom: Chem.Atom) -> tuple[object, ...]:
        if atom.GetSymbol() == "C" and atom.GetIsAromatic():
            return ("aromatic carbon",)
        double = [
            (bond.GetOtherAtom(atom).GetSymbol(), bond.GetOtherAtom(atom).GetFormalCharge(), bond.IsInRing())
            for bond in atom.GetBonds()
            if bond.GetBondType() == Chem.BondType.DOUBLE
        ]
        return (*kind(atom), tuple(sorted(double)))

    def look(atom: Chem.Atom, origin: int | None, bonds_left: int) -> tuple[object, ...]:
        seen: list[object] = []
        for bond in atom.GetBonds():
            other = bond.GetOtherAtom(atom)
            if other.GetIdx() == origin:
                continue
            crossed = (bond.GetBondType().name, bond.IsInRing())
            if other.GetIdx() in roots:
                seen.append((crossed, "root", roots.index(other.GetIdx())))
                continue
            seen.append((crossed, neighbor(other)))
            ends_here = neighbor(other) == ("aromatic carbon",) or crossed != ("SINGLE", False)
            if bonds_left > 1 and not ends_here:
                seen.append(look(other, atom.GetIdx(), bonds_left - 1))
        return tuple(seen)

    atoms = [mol.GetAtomWithIdx(root) for root in roots]
    return tuple(
        (kind(atom), atom.IsInRing(), atom.GetSymbol() in ("N", "O") and atom.IsInRingSize(3), look(atom, None, 3))
        for atom in atoms
    )


def test_numbers_are_equal_exactly_where_the_surroundings_are() -> None:
    """Of all atoms of many molecules, alone and with a neighbour that leaves."""
    described: dict[Any, Any] = {}
    for smiles in [*UNLIKE, *special(), *embedded()[::20]]:
        mol = Chem.MolFromSmiles(smiles)
        surroundings = Surroundings(mol)
        bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
        for roots in [*((atom.GetIdx(),) for atom in mol.GetAtoms()), *bonds, *(ends[::-1] for ends in bonds)]:
            numbers, words = surroundings.around(roots), plainly(mol, roots)
            assert described.setdefault(numbers, words) == words, (smiles, roots)
    assert len(set(described.values())) == len(described) > 1_000


def test_differences_are_remembered_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptor_differences, "MAX_ENTRIES", 2)
    increments = Increments(["mw", "hbd", "clogp"])
    met: list[int] = []
    pairs = {"O": "OC", "CO": "COC", "CCO": "CCOC"}
    for smiles in ("O", "CO", "O", "CCO", "CO", "CCO", "O"):
        parent = Chem.MolFromSmiles(smiles)
        place = Surroundings(parent).around([parent.GetNumAtoms() - 1])
        values = increments.describe(0, place, compute(parent, increments.names), pairs[smiles])
        assert values == compute(Chem.MolFromSmiles(pairs[smiles]), increments.names)
        assert [type(value) for value in values] == [float, int, float]
        met.append(increments.misses)
    assert met == [1, 2, 2, 3, 4, 4, 5]


def test_sums_are_rounded_like_the_values_of_rdkit() -> None:
    """The parent's logP and the difference add up to 2.9932999999999996."""
    increments = Increments(["clogp"])
    for smiles in ("CCCCCO", "CCCCCCCCO"):
        parent = Chem.MolFromSmiles(smiles)
        place, known = Surroundings(parent).around([parent.GetNumAtoms() - 1]), compute(parent, ["clogp"])
        values = increments.describe(0, place, known, smiles + "C")
        assert values == compute(Chem.MolFromSmiles(smiles + "C"), ["clogp"])
    assert increments.misses == 1


def test_each_parent_has_its_own_values() -> None:
    """Of products at like places a parent's values are added up once."""
    increments = Increments(["mw"])
    for smiles, product in (("CCO", "CCOC"), ("CCCCO", "CCCCOC"), ("CCO", "CCOC")):
        parent = Chem.MolFromSmiles(smiles)
        place, known = Surroundings(parent).around([parent.GetNumAtoms() - 1]), compute(parent, ["mw"])
        for _ in range(2):
            right = compute(Chem.MolFromSmiles(product), ["mw"])
            assert increments.describe(0, place, known, product) == right


def test_surroundings_are_the_same_where_a_query_names_aromatic_carbons() -> None:
    """Such as [c:1], but not [#6:1], [c,n:1] or [cH:1], which take other atoms too or say more."""
    queries = ["[c:1][OX2H:2]", "[#6:1][OX2H:2]", "[c,n:1][OX2H:2]", "[cH:1]", "[c:1]:[n:2]", "[c:1][CX3:2]=[OX1:3]"]
    kernels = [Kernel([Transform(query, f"{query}>>{query}F")], ["mw"]) for query in queries]
    noted = [kernel.groups[0].named_aromatic for kernel in kernels]
    assert noted == [[0], [], [], [], [0], [0]]
    seen = 0
    for smiles in special():
        for kernel in kernels:
            parent = Parent(Chem.CanonSmiles(smiles), flat=False)
            surroundings = Surroundings(parent.mol)
            for match in kernel.groups[0].reaction.matches(parent.hydrogenated(kernel.groups[0].reaction)):
                surroundings.note_aromatic_carbons([match[at] for at in kernel.groups[0].named_aromatic])
                for root in match:
                    assert surroundings.around([root]) == Surroundings(parent.mol).around([root]), (smiles, match)
                    seen += 1
    assert seen > 500


def test_each_transform_has_its_own_differences() -> None:
    increments = Increments(["mw"])
    parent = Chem.MolFromSmiles("CO")
    place, known = Surroundings(parent).around([1]), compute(parent, ["mw"])
    for transform, product in itertools.product((0, 1), range(2)):
        smiles = ("COC", "COF")[transform]
        assert increments.describe(transform, place, known, smiles) == compute(Chem.MolFromSmiles(smiles), ["mw"])
        assert increments.misses == transform + 1, product


@pytest.mark.parametrize(
    ("smiles", "new_atoms", "matches"),
    [
        ("C" * 250, 0, 1_000),  # a carbon of a chain: two orders of its neighbours and two hydrogens, or one and three
        ("C" * 244, 1, 1_000),
        ("C" * 244, 2, 1_024),
        ("C" * 245, 1, 1_004),
        ("CC(C)O" + "C" * 246, 0, 1_001),  # a branching carbon has six orders, an oxygen no hydrogens
        ("CC(C)O" + "C" * 240, 1, 1_001),
        ("FS(F)(F)(F)(F)N" + "C" * 242, 0, 1_000),  # sulfur has more orders than a pattern can tell: 24
        ("FS(F)(F)(F)(F)" + "C" * 243, 0, 1_001),
        ("C", 41, 989),
        ("C", 42, 1_013),
        ("C" * 30, 36, 984),
        ("C" * 30, 37, 1_008),
        ("C" * 41, 41, 1_148),
        ("CCO", 0, 10),
    ],
)
def test_no_pattern_may_have_more_matches_than_rdkit_finds(smiles: str, new_atoms: int, matches: int) -> None:
    """RDKit stops at 1000. A new atom counts as 24 matches."""
    mol = Chem.MolFromSmiles(smiles)
    orders = [min(math.factorial(atom.GetDegree()), 24) + atom.GetTotalNumHs() for atom in mol.GetAtoms()]
    assert sum(orders) + 24 * new_atoms == matches
    assert Surroundings(mol).allow(new_atoms) == (matches <= 1_000)
