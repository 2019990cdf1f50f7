"""Parents of molecules that are found by turning a step round, against all that the step makes."""

from __future__ import annotations

from collections import defaultdict

import pytest

from halogenator.chemistry.molecules import quiet
from halogenator.model import Choice, Transform
from halogenator.planning.levels import Bottom, Level, Molecule, molecule_of
from helpers import oracle
from helpers.oracle import shipped_halogenation, shipped_transforms

# Symmetric ones, pairs that give the same molecules, and some with configuration.
NATURAL = {
    "catechol": "Oc1ccccc1O",
    "phloroglucinol": "Oc1cc(O)cc(O)c1",
    "vanillic acid": "COc1cc(C(=O)O)ccc1O",
    "isovanillic acid": "COc1ccc(C(=O)O)cc1O",
    "p-hydroxybenzoic acid": "O=C(O)c1ccc(O)cc1",
    "protocatechuic acid": "O=C(O)c1ccc(O)c(O)c1",
    "trans-cyclohexanediol": "O[C@@H]1CCCC[C@H]1O",
    "cis-cyclohexanediol": "O[C@H]1CCCC[C@H]1O",
}
FLUORINATION = [rule for rule in shipped_halogenation("polyphenol") if rule.name.endswith(":F")]
CHLORINATION = [rule for rule in shipped_halogenation("polyphenol") if rule.name.endswith(":Cl")]


def transforms(rules: list[oracle.Rule]) -> list[Transform]:
    return [Transform(rule.name, rule.smirks) for rule in rules]


def test_all_parents_of_a_molecule_are_found_without_making_its_level() -> None:
    quiet()
    steps = [*FLUORINATION, *CHLORINATION]
    bottom = Bottom(Molecule(oracle.canonical(smiles)) for smiles in NATURAL.values())
    first = Level(bottom, transforms(steps), Choice(), ())
    second = Level(first, transforms(FLUORINATION), Choice(), ())
    expected: list[dict[str, set[str]]] = []
    before = [molecule.smiles for molecule in bottom.molecules]
    for rules in (steps, FLUORINATION):
        parents = defaultdict(set)
        for smiles in before:
            for product in oracle.apply([rule.smirks for rule in rules], smiles).products:
                parents[product].add(smiles)
        expected.append(parents)
        before = list(parents)
    for level, parents, every in ((first, expected[0], 1), (second, expected[1], 7)):
        assert any(len(each) > 1 for each in parents.values())
        for product, known in list(parents.items())[::every]:
            found = level.parents(Molecule(product), Molecule(min(known)))
            assert {smiles for smiles, _ in found} == known, product


@pytest.mark.parametrize(
    "rule", [*shipped_transforms(), *shipped_halogenation("aa_peptide")], ids=lambda rule: rule.name
)
def test_every_shipped_step_can_be_turned_round(rule: oracle.Rule) -> None:
    from halogenator.chemistry.reversal import Reversal, shape_of

    quiet()
    reversal = Reversal(transforms([rule]))
    smiles = "CNCCc1cc(O)c(N)cc1C[C@H](N)CC(=O)CC(=O)O"
    for product in oracle.apply(rule.smirks, smiles).products:
        assert shape_of(oracle.canonical(smiles)) in reversal.shapes(product)


def test_two_configurations_that_give_one_molecule_are_its_parents() -> None:
    ring = Bottom([Molecule(oracle.canonical(f"C[C@{at}H]1CCCC(=O)N1")) for at in ("", "@")])
    opening = Transform("open", "[C:1][CH1:2][N:3]>>[C:1][CH0:2]=[N:3]")
    level = Level(ring, [opening], Choice(), ())
    (product,) = level.made(ring.molecules[0]).products
    assert len(level.parents(molecule_of(product), ring.molecules[0])) == 2
