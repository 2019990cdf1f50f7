"""Enhanced stereo against plain enumeration: equal molecules have equal texts, different ones different texts."""

from __future__ import annotations

import random
from itertools import product

import pytest
from rdkit import Chem

from halogenator.chemistry.enhanced_stereo import read_cxsmiles, write_cxsmiles
from halogenator.chemistry.molecules import RejectError, quiet
from helpers.samples import few

quiet()

MOLECULES = [
    "C[C@H](O)[C@@H](O)C",
    "OC(=O)[C@H](O)[C@@H](O)C(O)=O",  # tartaric acid
    "O[C@H]1CCC[C@H]1O",
    "C[C@H]1CC[C@@H](O)CC1",
    "O=C1N[C@@H](C)C(=O)N[C@@H]1C",  # cyclo-alanylalanine
    "OC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO",  # a hexitol
    "C[C@H](F)c1ccc(cc1)[C@H](C)F",
    "C[C@H](F)c1cc([C@H](C)F)cc([C@H](C)F)c1",
    "C[C@H]1CC[C@H](CC1)[C@H]1CC[C@H](C)CC1",
    "C[S@](=O)[C@H](F)Cl",
    "C/C=C/[C@H](O)/C=C\\C",
    "C[C@H](Cl)[C@@H](F)[C@H](C)Cl",
    "C[C@@H]1CC[C@H]2[C@@H](C)C(=O)O[C@@H]3O[C@]4(C)CC[C@@H]1[C@]23OO4",  # artemisinin
    "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",  # morphine
    "CC(=C)[C@@H]1CCC(C)=C[C@H]1c1c(O)cc(CCCCC)cc1O",  # cannabidiol
    "O[C@@H]1Cc2c(O)cc(O)cc2O[C@@H]1c1ccc(O)c(O)c1",  # epicatechin
]
KINDS = (Chem.StereoGroupType.STEREO_AND, Chem.StereoGroupType.STEREO_OR)


def _stereoisomers(mol: Chem.Mol) -> frozenset[frozenset[str]]:
    """Return what a molecule stands for: for each choice of the o groups, all choices of the & groups."""
    groups = [(group.GetGroupType(), [atom.GetIdx() for atom in group.GetAtoms()]) for group in mol.GetStereoGroups()]
    found: dict[tuple[bool, ...], set[str]] = {}
    for choice in product((False, True), repeat=len(groups)):
        form = Chem.RWMol(mol)
        form.SetStereoGroups([])
        for turned, (_, atoms) in zip(choice, groups, strict=True):
            for index in atoms if turned else ():
                form.GetAtomWithIdx(index).InvertChirality()
        form.ClearComputedProps(False)
        smiles = Chem.MolToSmiles(form, canonical=False)
        for _ in range(3):
            smiles = Chem.CanonSmiles(smiles)
        either = tuple(turned for turned, (kind, _) in zip(choice, groups, strict=True) if kind == KINDS[1])
        found.setdefault(either, set()).add(smiles)
    return frozenset(map(frozenset, found.values()))


def _with_groups(smiles: str, rng: random.Random) -> Chem.Mol:
    mol = Chem.RWMol(Chem.MolFromSmiles(smiles))
    centres = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetChiralTag()]
    chosen = rng.sample(centres, rng.randint(1, min(4, len(centres))))
    parts: list[list[int]] = [[] for _ in range(rng.randint(1, min(3, len(chosen))))]
    for index in chosen:
        rng.choice(parts).append(index)
    mol.SetStereoGroups([Chem.CreateStereoGroup(rng.choice(KINDS), mol, part) for part in parts if part])
    return mol.GetMol()


def _redrawn(mol: Chem.Mol, rng: random.Random) -> Chem.Mol:
    """Return the molecule with another order of its atoms, and other members of its groups drawn."""
    order = list(range(mol.GetNumAtoms()))
    rng.shuffle(order)
    other = Chem.RWMol(Chem.RenumberAtoms(mol, order))
    for group in list(other.GetStereoGroups()):
        if rng.random() < 0.5:
            for atom in group.GetAtoms():
                other.GetAtomWithIdx(atom.GetIdx()).InvertChirality()
    other.ClearComputedProps(False)
    Chem.AssignStereochemistry(other, cleanIt=True, force=True)
    return other.GetMol()


@pytest.mark.parametrize("seed", few(range(4), 1))
def test_texts_are_equal_where_molecules_are(seed: int) -> None:
    rng = random.Random(seed)
    texts: dict[frozenset[frozenset[str]], tuple[str, str | None]] = {}
    meanings: dict[tuple[str, str | None], frozenset[frozenset[str]]] = {}
    for _ in range(60):
        mol = _with_groups(rng.choice(MOLECULES), rng)
        meaning = _stereoisomers(mol)
        for drawn in (mol, _redrawn(mol, rng), _redrawn(mol, rng)):
            text = write_cxsmiles(drawn)
            shown = Chem.MolToCXSmiles(drawn)
            assert texts.setdefault(meaning, text) == text, shown
            assert meanings.setdefault(text, meaning) == meaning, shown
        again = read_cxsmiles(*text)
        assert _stereoisomers(again) == meaning
        assert write_cxsmiles(again) == text
    assert len(texts) > 40


@pytest.mark.parametrize(
    "same",
    [
        ["C[C@H](O)F |&1:1|", "C[C@@H](O)F |&9:1|"],
        ["C[C@H](O)F |o1:1|", "C[C@@H](O)F |o2:1|"],
        ["C[C@H](O)F", "C[C@H](O)F |a:1|"],
        ["C[C@H](O)[C@H](O)C", "C[C@H](O)[C@H](O)C |&1:1,3|", "C[C@H](O)[C@H](O)C |o1:1,3|"],  # meso
        ["CC(O)F", "CC(O)F |&1:1|"],
        ["C[C@H]1CC[C@@H](O)CC1 |&1:1|", "C[C@H]1CC[C@@H](O)CC1 |&1:4|", "C[C@H]1CC[C@H](O)CC1 |&1:1,&2:4|"],
    ],
)
def test_drawings_of_one_molecule(same: list[str]) -> None:
    assert len({write_cxsmiles(Chem.MolFromSmiles(text)) for text in same}) == 1


def test_what_is_not_the_same_is_told_apart() -> None:
    texts = [
        *("CC(O)F", "C[C@H](O)F", "C[C@@H](O)F", "C[C@H](O)F |&1:1|", "C[C@H](O)F |o1:1|"),
        *("O[C@H]1CCC[C@@H]1F |&1:1,5|", "O[C@H]1CCC[C@H]1F |&1:1,5|", "O[C@H]1CCC[C@H]1F |&1:1,&2:5|"),
        *("O[C@H]1CCC[C@H]1F |&1:1,o1:5|", "O[C@H]1CCC[C@H]1F |o1:1,o2:5|"),
    ]
    assert len({write_cxsmiles(Chem.MolFromSmiles(text)) for text in texts}) == len(texts)


def test_too_many_groups_are_a_reject() -> None:
    sugar = "OC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H](O)[C@H](O)CF"
    groups = ",".join(f"&{number}:{2 * number}" for number in range(1, 10))
    with pytest.raises(RejectError, match="9 groups; at most 8"):
        write_cxsmiles(Chem.MolFromSmiles(f"{sugar} |{groups}|"))


@pytest.mark.parametrize(
    ("smiles", "one_way", "other_way"),
    [
        ("CN1[C@H]2CC[C@@H]1C[C@@H](C2)OC(=O)[C@H](CO)c1ccccc1", "&1:12", "&1:2,5,7,12"),  # atropine
        ("C[C@H]1C[C@@H](C)C[C@@H](C1)[C@H](F)c1ccccc1", "&1:8", "&1:1,3,6,8"),
    ],
)
def test_a_racemate_with_a_part_that_has_a_mirror_plane(smiles: str, one_way: str, other_way: str) -> None:
    """Inverting all centres of the tropane, whichever of them are drawn as inverted, changes nothing."""
    pairs = {write_cxsmiles(Chem.MolFromSmiles(f"{smiles} |{ext}|")) for ext in (one_way, other_way)}
    assert len(pairs) == 1
