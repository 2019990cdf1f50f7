"""A 3D structure is the molecule that its SMILES says, by its InChIKey, and in a minimum of its force field."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import inchi, rdForceFieldHelpers, rdMolAlign

from helpers.exports import export, lay_out
from helpers.molecules import POOLS
from helpers.oracle import CLASSES, parents
from helpers.samples import size

STATED = {
    "menthol": "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
    "camphor": "CC1(C)[C@@H]2CC[C@@]1(C)C(=O)C2",
    "resveratrol": "Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1",
    "a cis alkene": "O=C(O)/C=C\\c1ccccc1",
    "catechin": "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@@H](O)C2",
    "artemisinin": "C[C@@H]1CC[C@H]2[C@@H](C)C(=O)O[C@@H]3O[C@@]4(C)CC[C@@H]1[C@]32OO4",
    "a boronic acid": "C[C@H](O)c1ccc(B(O)O)cc1",  # MMFF94 knows no boron
    "a salt": "C[N+](C)(C)C[C@@H](O)CC(=O)[O-]",
}
OPEN = {"limonene": "C=C(C)C1CC=C(C)CC1", "crotonic acid": "CC=CC(=O)O"}
FLEXIBLE = "CCCCCC(O)CCCCN"


def structures(path: Path) -> list[Chem.Mol]:
    return list(Chem.SDMolSupplier(str(path), removeHs=False))


def energy_of(mol: Chem.Mol) -> tuple[float, float]:
    """Its energy, and the largest force on an atom: kcal/mol, kcal/mol/Å."""
    helpers = rdForceFieldHelpers
    if mol.GetProp("force_field") == "UFF":
        field = helpers.UFFGetMoleculeForceField(mol)
    else:
        field = helpers.MMFFGetMoleculeForceField(mol, helpers.MMFFGetMoleculeProperties(mol))
    field.Initialize()
    return field.CalcEnergy(), max(map(abs, field.CalcGrad()))


@pytest.mark.sampled
def test_each_structure_is_its_molecule(tmp_path: Path) -> None:
    more = dict.fromkeys([*chain.from_iterable(POOLS.values()), *chain.from_iterable(map(parents, CLASSES))])
    known = [*STATED.items(), *OPEN.items()]
    pool = [(f"m{number}", smiles) for number, smiles in enumerate(more)][: size(0, 15)]
    results = lay_out(tmp_path, [*known, *pool])
    (made,) = export(results, tmp_path / "a.sdf", "--library", "mine", "--molecules", "--conformers", 2)
    found = structures(made)
    assert {"MMFF94", "UFF"} == {mol.GetProp("force_field") for mol in found}
    for mol in found:
        asked = Chem.MolFromSmiles(mol.GetProp("smiles"))
        assert mol.GetConformer().Is3D()
        assert mol.GetNumAtoms() == Chem.AddHs(asked).GetNumAtoms()
        key, wanted = inchi.MolToInchiKey(mol), inchi.MolToInchiKey(asked)
        is_open = any(each.specified == Chem.StereoSpecified.Unspecified for each in Chem.FindPotentialStereo(asked))
        assert key == wanted or (is_open and key[:14] == wanted[:14]), mol.GetProp("smiles")
        energy, force = energy_of(mol)
        assert energy == pytest.approx(float(mol.GetProp("energy")), abs=0.1)
        assert force < 1
    manifest = json.loads((tmp_path / "a.sdf.json").read_text())
    assert {mol.GetProp("id") for mol in found} >= {*STATED, *OPEN}
    assert manifest["molecules"] == len({mol.GetProp("id") for mol in found})
    assert manifest["molecules"] + sum(manifest["rejects"].values()) == manifest["of_rows"]


def test_several_structures_differ_and_come_by_energy(tmp_path: Path) -> None:
    """With the seed 0, RDKit would make every conformer the same."""
    results = lay_out(tmp_path, [("amine", FLEXIBLE)])
    (made,) = export(results, tmp_path / "a.sdf", "--library", "mine", "--molecules", "--conformers", 6)
    found = structures(made)
    assert [mol.GetProp("_Name") for mol in found] == [f"amine_c{number}" for number in range(1, len(found) + 1)]
    assert [int(mol.GetProp("conformer")) for mol in found] == list(range(1, len(found) + 1))
    energies = [float(mol.GetProp("energy")) for mol in found]
    assert len(found) > 3 and energies == sorted(energies)
    heavy = [Chem.RemoveHs(mol) for mol in found]
    assert min(rdMolAlign.GetBestRMS(heavy[0], other) for other in heavy[1:]) > 0.1


def test_workers_change_nothing_and_the_seed_does(tmp_path: Path) -> None:
    results = lay_out(tmp_path, [("menthol", STATED["menthol"]), ("amine", FLEXIBLE)])
    words = ["--library", "mine", "--molecules", "--conformers", "2"]
    made = [
        export(results, tmp_path / f"{number}.sdf", *words, *more)[0].read_bytes()
        for number, more in enumerate([(), ("--workers", "3"), ("--seed", "7")])
    ]
    assert made[0] == made[1] != made[2]


def test_what_has_no_structure_is_counted_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    impossible = "C1C[C@H]2C[C@H]1CC2"  # norbornane with its bridge from one side to the other
    results = lay_out(tmp_path, [("possible", "C1CC2CC1CC2"), ("twisted", impossible), ("long", "C" * 200)])
    (made,) = export(results, tmp_path / "a.sdf", "--library", "mine", "--molecules", "--conformers", 1)
    assert [mol.GetProp("_Name") for mol in structures(made)] == ["possible"]
    manifest = json.loads((tmp_path / "a.sdf.json").read_text())
    assert manifest["rejects"] == {"no 3D structure": 1, "too large for 3D": 1}
    assert [name for name, *_ in manifest["examples_of_rejects"]] == ["twisted", "long"]
    said = capsys.readouterr().out
    assert "1 × no 3D structure" in said and "1 × too large for 3D" in said
