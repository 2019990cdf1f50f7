"""The natural products of configs/parents: each file's form, each molecule's identity, and what the transforms need."""

from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import rdCIPLabeler, rdMolDescriptors

PARENTS = Path(__file__).resolve().parents[3] / "configs" / "parents"
CLASSES = ["polyphenol", "terpenoid", "alkaloid", "lipid", "aa_peptide", "polysaccharide", "other"]

PHENOL = "[c][OX2H]"
AROMATIC_NH2 = "[c][NX3;H2]"
ALIPHATIC_NH2 = "[CX4][NX3;H2]"
CARBOXYL = "[CX3](=O)[OX2H1]"
NEEDED = [
    *[(cls, PHENOL) for cls in ("polyphenol", "terpenoid")],
    *[(cls, AROMATIC_NH2) for cls in ("polyphenol", "alkaloid", "aa_peptide")],
    *[(cls, ALIPHATIC_NH2) for cls in ("terpenoid", "alkaloid", "lipid", "aa_peptide")],
    *[(cls, CARBOXYL) for cls in ("polyphenol", "terpenoid", "lipid", "aa_peptide")],
]

# Name, the molecule with its named atoms mapped by their IUPAC locant (a letter's place after it: 4a is 41, 12b is
# 122), and the descriptors those locants have in the IUPAC name. The mapped pattern carries no stereo of its own.
STEREO = [
    ("catechin", "Oc1cc(O)c2C[CH:3](O)[CH:2](Oc2c1)c1ccc(O)c(O)c1", {2: "R", 3: "S"}),
    ("epicatechin", "Oc1cc(O)c2C[CH:3](O)[CH:2](Oc2c1)c1ccc(O)c(O)c1", {2: "R", 3: "R"}),
    ("menthol", "CC(C)[CH:2]1CC[CH:5](C)C[CH:1]1O", {1: "R", 2: "S", 5: "R"}),
    ("camphor", "CC1(C)[CH:4]2CC[C:1]1(C)C(=O)C2", {1: "R", 4: "R"}),
    (
        "artemisinin",
        "C[CH:6]1CC[CH:81]2[CH:9](C)C(=O)O[CH:12]3O[C:3]4(C)CC[CH:51]1[C:121]23OO4",
        {3: "R", 51: "S", 6: "R", 81: "S", 9: "R", 12: "S", 121: "R"},
    ),
    (
        "cholesterol",
        "C[CH:20](CCCC(C)C)[CH:17]1CC[CH:14]2[CH:8]3CC=C4C[CH:3](O)CC[C:10]4(C)[CH:9]3CC[C:13]12C",
        {3: "S", 8: "S", 9: "S", 10: "R", 13: "R", 14: "S", 17: "R", 20: "R"},
    ),
    (
        "morphine",
        "CN1CC[C:122]23c4c5ccc(O)c4O[CH:71]2[CH:7](O)C=C[CH:41]3[CH:4]1C5",
        {4: "R", 41: "R", 7: "S", 71: "R", 122: "S"},
    ),
    ("nicotine", "CN1CCC[CH:2]1c1cccnc1", {2: "S"}),
    ("sphingosine", "CCCCCCCCCCCCCC=C[CH:3](O)[CH:2](N)CO", {2: "S", 3: "R"}),
    (
        "prostaglandin-e2",
        "CCCCC[CH:15](O)C=C[CH:12]1[CH:11](O)CC(=O)[CH:8]1CC=CCCCC(=O)O",
        {8: "R", 11: "R", 12: "R", 15: "S"},
    ),
    ("l-alanine", "C[CH:2](N)C(=O)O", {2: "S"}),
    ("l-cysteine", "SC[CH:2](N)C(=O)O", {2: "R"}),
    ("l-threonine", "C[CH:3](O)[CH:2](N)C(=O)O", {2: "S", 3: "R"}),
    (
        "beta-d-glucose",
        "OC[CH:6]1O[CH:2](O)[CH:3](O)[CH:4](O)[CH:5]1O",
        {2: "R", 3: "R", 4: "S", 5: "S", 6: "R"},
    ),
]
DOUBLE_BONDS = [
    ("oleic-acid", ["Z"]),
    ("leukotriene-b4", ["E", "E", "Z", "Z"]),
    ("resveratrol", ["E"]),
    ("retinoic-acid", ["E"] * 4),
]


def rows(cls: str) -> list[list[str]]:
    return [line.split("\t") for line in (PARENTS / f"{cls}.smi").read_text(encoding="utf-8").splitlines()]


def labelled(name: str) -> Chem.Mol:
    """The parent of that name with its CIP labels (R, S, E, Z) assigned."""
    (smiles,) = [row[0] for cls in CLASSES for row in rows(cls) if row[1] == name]
    mol = Chem.MolFromSmiles(smiles)
    rdCIPLabeler.AssignCIPLabels(mol)
    return mol


@pytest.mark.parametrize("cls", CLASSES)
def test_file(cls: str) -> None:
    parents = rows(cls)
    assert len(parents) >= 14
    for row in parents:
        assert len(row) == 3, row
        smiles, name, formula = row
        mol = Chem.MolFromSmiles(smiles)
        assert mol is not None, name
        assert Chem.MolToSmiles(mol) == smiles, name
        assert rdMolDescriptors.CalcMolFormula(mol) == formula, name
        assert name == name.strip().lower(), name
        assert not set(" ,") & set(name), name


@pytest.mark.parametrize("column", [0, 1], ids=["smiles", "name"])
def test_unique_over_all_files(column: int) -> None:
    values = [row[column] for cls in CLASSES for row in rows(cls)]
    assert sorted(values) == sorted(set(values))


@pytest.mark.parametrize(("cls", "smarts"), NEEDED)
def test_each_transform_family_has_a_parent(cls: str, smarts: str) -> None:
    query = Chem.MolFromSmarts(smarts)
    assert any(Chem.MolFromSmiles(row[0]).HasSubstructMatch(query) for row in rows(cls))


@pytest.mark.parametrize(("name", "mapped", "expected"), STEREO, ids=[case[0] for case in STEREO])
def test_stereocentres_are_those_of_the_iupac_name(name: str, mapped: str, expected: dict[int, str]) -> None:
    mol, pattern = labelled(name), Chem.MolFromSmiles(mapped)
    match = mol.GetSubstructMatch(pattern)
    assert len(match) == mol.GetNumAtoms()
    centres = {atom.GetIdx(): atom.GetProp("_CIPCode") for atom in mol.GetAtoms() if atom.HasProp("_CIPCode")}
    wanted = {
        match[atom.GetIdx()]: expected[atom.GetAtomMapNum()] for atom in pattern.GetAtoms() if atom.GetAtomMapNum()
    }
    assert centres == wanted


@pytest.mark.parametrize(("name", "expected"), DOUBLE_BONDS)
def test_double_bonds_are_those_of_the_iupac_name(name: str, expected: list[str]) -> None:
    bonds = labelled(name).GetBonds()
    assert sorted(bond.GetProp("_CIPCode") for bond in bonds if bond.HasProp("_CIPCode")) == expected
