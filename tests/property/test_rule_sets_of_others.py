"""Rule sets that nobody here wrote: accepted or refused for a reason, and equal to RDKit on 400 molecules.

The reference knows nothing of this package: RunReactants, with each hydrogen that leaves or comes written out where
plain RunReactants gives another configuration. Where a double bond keeps E or Z, both are compared without stereo.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.config import sound_transforms
from halogenator.model import Transform
from helpers import rule_sets

pytestmark = pytest.mark.long

# How many rules each set has, and the names of those that are refused.
ACCEPTED = {"sygma": 175, "molvs": 22, "rdDeprotect": 25}
# Pairs of rule and molecule with a product, at least.
PAIRS = {"sygma": 3_500, "molvs": 10, "rdDeprotect": 80}


def rules(name: str) -> list[rule_sets.Rule]:
    try:
        return rule_sets.SETS[name]()
    except FileNotFoundError:
        pytest.skip("its rules are not there: `make .venv-rules/ready` gets them")


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_rule_is_accepted(name: str, tmp_path: Path) -> None:
    entries = [{"name": f"R{number}", "smirks": rule.smirks} for number, rule in enumerate(rules(name))]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"transforms": entries}, width=10_000))
    sound, problems = sound_transforms(path)
    assert [str(problem) for problem in problems] == []
    assert len(sound) == ACCEPTED[name]


@pytest.mark.parametrize("name", ACCEPTED)
def test_products_are_those_of_rdkit(name: str) -> None:
    molecules = {smiles: Chem.MolFromSmiles(smiles) for smiles in rule_sets.molecules(400)}
    assert len(molecules) == 400
    pairs, differing = 0, []
    for rule in rules(name):
        kernel, reference = Kernel([Transform("RULE", rule.smirks)]), rule_sets.Reference(rule.smirks)
        query = Chem.MolFromSmarts(rule.smirks.split(">>")[0])
        for smiles in [smiles for smiles, mol in molecules.items() if mol.HasSubstructMatch(query)]:
            ours = {product.smiles for product in kernel.products(smiles)[0]}
            plain = reference.plain(smiles)
            pairs += bool(ours or plain)
            if ours not in (plain, reference.spatial(smiles)) and not _same_but_for_double_bonds(ours, plain):
                differing.append((rule, smiles, sorted(ours - plain), sorted(plain - ours)))
    assert differing == []
    assert pairs >= PAIRS[name]


def _same_but_for_double_bonds(ours: set[str], plain: set[str]) -> bool:
    """Whether both are the same without E and Z, and ours states more of it."""
    bare = [{rule_sets.without_double_bond_stereo(smiles) for smiles in found} for found in (ours, plain)]
    marks = [sum(text.count("/") + text.count("\\") for text in found) for found in (ours, plain)]
    return bare[0] == bare[1] and marks[0] > marks[1]
