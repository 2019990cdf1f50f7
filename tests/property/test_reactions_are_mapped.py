"""A number in a mapped reaction is on the same atom before and after, as isotopes show, which RDKit carries along."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.atom_mapping import Mapper
from halogenator.chemistry.kernel import Kernel
from halogenator.model import Transform
from helpers.exports import export, lay_out, rows
from helpers.molecules import embedded, settled
from helpers.oracle import shipped_transforms
from helpers.samples import few, size

SMIRKS = {
    "a group is exchanged": "[CX4:1][OX2H:2]>>[C:1]F",
    "a hydrogen is replaced": "[C:1][H:2]>>[C:1]Cl",
    "a bond is reduced": "[C:1]=[O:2]>>[C:1][O:2]",
    "an ester is cut": "[C:1](=[O:2])[O:3][C:4]>>[C:1](=[O:2])[O:3].[C:4]O",
    "a ring is opened": "[C:1][O;R:2][C:3]>>[C:1][O:2].[C:3]Br",
}
MOLECULES = [
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",  # menthol
    "CC(=O)O[C@H]1C[C@@H]2CC[C@@]1(C)C2(C)C",  # bornyl acetate
    "CC(C)=CCC/C(C)=C/CO",  # geraniol
    "C[C@@H]1CCC(=O)O1",  # gamma-valerolactone
    "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O",  # glucose
    "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@@H](O)C2",  # catechin
    "NCCc1ccc(O)c(O)c1",  # dopamine
    "Nc1ccc(C(=O)O)c(O)c1",  # of the aminosalicylates
]
MADE = [rule.smirks for rule in shipped_transforms()]


def labelled(mol: Chem.Mol) -> str:
    """A molecule without stereo and with implicit hydrogens, by its isotopes."""
    mol = Chem.RemoveHs(mol)
    Chem.RemoveStereochemistry(mol)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    return Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(mol)))


@cache
def products_by_isotopes(parent: str, smirks: str) -> set[str]:
    """All products of RunReactants, each atom of the parent an isotope of its own: its index, plus 1."""
    mol = Chem.MolFromSmiles(parent)
    for atom in mol.GetAtoms():
        atom.SetIsotope(atom.GetIdx() + 1)
    before, after = smirks.split(">>")
    reaction = rdChemReactions.ReactionFromSmarts(f"{before}>>({after})")  # what it cuts may still hang together
    made = [made for whole in (mol, Chem.AddHs(mol)) for made in reaction.RunReactants((whole,))]
    found = set()
    for (product,) in made:
        try:
            Chem.SanitizeMol(product)
        except Chem.MolSanitizeException:
            continue
        found.add(labelled(product))
    return found


def check(row: dict[str, str], smirks: str) -> None:
    before, after = map(Chem.MolFromSmiles, row["reaction"].split(">>"))
    assert labelled(before) == labelled(Chem.MolFromSmiles(row["parent_smiles"]))
    assert labelled(after) == labelled(Chem.MolFromSmiles(row["smiles"]))
    numbers = [sorted(filter(None, (atom.GetAtomMapNum() for atom in side.GetAtoms()))) for side in (before, after)]
    assert numbers[0] == numbers[1] and len(set(numbers[0])) == len(numbers[0])
    parent = Chem.MolFromSmiles(row["parent_smiles"])
    for side in (before, after):
        for atom in side.GetAtoms():
            if atom.GetAtomMapNum():
                assert parent.GetAtomWithIdx(atom.GetAtomMapNum() - 1).GetSymbol() == atom.GetSymbol()
                atom.SetIsotope(atom.GetAtomMapNum())
    kept = {atom.GetAtomMapNum() - 1 for atom in before.GetAtoms() if atom.GetAtomMapNum()}
    whole = Chem.MolFromSmiles(row["parent_smiles"])
    for atom in whole.GetAtoms():
        atom.SetIsotope(atom.GetIdx() + 1 if atom.GetIdx() in kept else 0)
    assert labelled(before) == labelled(whole)
    assert labelled(after) in products_by_isotopes(row["parent_smiles"], smirks), row["reaction"]


@pytest.mark.sampled
@pytest.mark.parametrize("smirks", few([*SMIRKS.values(), MADE[0], MADE[-1]], 3))
def test_numbers_follow_the_atoms(tmp_path: Path, smirks: str) -> None:
    molecules = [*MOLECULES, *(smiles for smiles in embedded() if not re.search(r"\[\d", smiles))]
    chosen = list(enumerate(molecules[: size(len(MOLECULES), 25)]))
    results = lay_out(tmp_path, [(str(number), smiles) for number, smiles in chosen], smirks)
    found = rows(export(results, tmp_path / "a.csv", "--library", "mine", "--reaction", "--parents"))
    assert found
    for row in found[:: max(1, len(found) // 100)]:
        check(row, smirks)


@pytest.mark.parametrize(
    ("smirks", "how"),
    [
        ("[CX4:1][OX2H:2]>>[C:1]F", {"stereo": "invert"}),
        ("[CX4:1][OX2H:2]>>[C:1]F", {"stereo": "open"}),
        ("[CX3;!$(C=C):1]=[O:2]>>[C:1]([O:2])C", {"new_stereo": "both"}),
        ("[C:1](=[O:2])[O:3][C:4]>>[C:1](=[O:2])[O:3].[C:4]O", {"products": "each"}),
    ],
)
def test_what_a_transform_does_to_stereo_and_pieces_is_found_out(smirks: str, how: dict[str, str]) -> None:
    kernel, mapper = Kernel([Transform("T", smirks, **how)]), Mapper(smirks)
    found = [(smiles, product) for smiles in map(settled, MOLECULES) for product in kernel.products(smiles)[0]]
    assert found
    for smiles, product in found:
        reaction = mapper.reaction((smiles, None), (product.smiles, product.enhanced_stereo), product.site)
        after = Chem.MolFromSmiles(reaction.split(">>")[1])
        for atom in after.GetAtoms():
            atom.SetAtomMapNum(0)
        assert settled(Chem.MolToSmiles(after)) == product.smiles  # with its stereo
        if "products" not in how:  # a piece is not all that RunReactants makes
            check({"parent_smiles": smiles, "smiles": product.smiles, "reaction": reaction}, smirks)
