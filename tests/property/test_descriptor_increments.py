"""Descriptors by increments equal RDKit's own on the product, also where surroundings look alike but are not."""

from dataclasses import replace
from pathlib import Path

import pytest
from rdkit import Chem

from halogenator.chemistry import descriptors
from halogenator.chemistry.descriptor_differences import Surroundings
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.config import load_halogenation, load_transforms
from halogenator.model import CLASSES, Transform
from helpers.oracle import DESCRIPTORS, describe, parents
from helpers.samples import size

quiet()
CONFIGS = Path(__file__).parents[2] / "configs"
HALOGENATION = load_halogenation(CONFIGS / "halogenation.yaml")
TRANSFORMS = tuple(load_transforms(CONFIGS / "transforms.yaml").values())
NAMES = tuple(DESCRIPTORS)


def _wrong(kernel: Kernel, smiles: str) -> list[tuple[str, str]]:
    """Return (product, descriptor) of every value that differs from RDKit's by more than 1e-6."""
    found = []
    for product in kernel.products(smiles)[0]:
        right = describe(product.smiles)
        found += [
            (product.smiles, name)
            for name, value in zip(NAMES, product.descriptors, strict=True)
            if abs(value - right[name]) > 1e-6
        ]
    return found


@pytest.mark.sampled
def test_all_transforms_and_rules_on_monohalogenated_parents() -> None:
    made = misses = 0
    for class_name in CLASSES:
        rules = HALOGENATION.transforms(class_name)
        first = Kernel(rules)
        kernel = Kernel([*TRANSFORMS, *rules], NAMES)
        for parent in parents(class_name)[:: size(80, 1)]:
            for product in first.products(parent)[0][:: size(5, 6)]:
                assert _wrong(kernel, product.smiles) == []
                made += len(kernel.products(product.smiles)[0])
        misses += kernel.increments.misses
    assert made > size(300, 25_000)
    assert misses < made / size(2, 5)  # most differences were remembered, or little was tested


# Groups of parents whose site looks the same from near by and differs where a descriptor's pattern reaches.
LOOKALIKES = {
    "a tert-butyl group gained or lost": ["CC(C)(C)CO", "CC(C)(CC)CO", "CC(C)(C)OC", "CC(C)C(C)(C)C", "CC(C)(C)N"],
    "trifluoromethyl in the making": ["FC(F)C", "FCC", "FC(F)CC", "FC(F)c1ccccc1", "ClC(Cl)C", "BrC(Br)C"],
    "amide-like rotors": ["CNC(C)=O", "CNC(C)=S", "CNC(C)=C", "COC(C)=O", "COC(N)=O", "CNC(N)=N", "CSC(C)=O"],
    "tert-butyl esters": ["CC(C)(C)OC(C)=O", "CC(C)(C)OC(C)=C", "CC(C)(C)NC(C)=O", "CC(C)(C)OC(C)C"],
    "carbonyl neighbours": ["CC(=O)C", "CC(=O)c1ccccc1", "CC=O", "CC(=O)N", "CC(=O)Cl", "CC(=O)C=C", "CC(=O)C#C"],
    "vinylogous and aromatic oxygens": ["Cc1ccoc1", "Cc1ccno1", "Cc1cocn1", "Cc1ccc[nH]1", "CC1=COC=C1", "Cc1ccsc1"],
    "small rings": ["C1NC1C", "C1OC1C", "C1CC1C", "CN1CC1", "C1NCC1C", "CC1SC1", "CC1CN1C"],
    "sulfones and phosphates": ["CS(C)(=O)=O", "CS(C)=O", "CSC", "COP(=O)(O)O", "COP(O)O", "CNS(C)(=O)=O"],
    "alkynes": ["CC#C", "CCC#C", "CC#CC", "CC#N", "CCC#N", "COC#C"],
}
SUBSTITUTIONS = [
    Transform(f"{query}>>{group}", f"{query}>>{kept}{group}")
    for query, kept in (
        ("[CH3:1]", "[C:1]"),
        ("[CX4;H2:1]", "[C:1]"),
        ("[CX4;H1:1]", "[C:1]"),
        ("[NX3;H1,H2:1]", "[N:1]"),
        ("[OX2H:1]", "[O:1]"),
        ("[#6:1][OX2H]", "[#6:1]"),
        ("[cH:1]", "[c:1]"),
    )
    for group in ("F", "Cl", "C", "O", "N", "S", "C(=O)O", "C(F)(F)F", "C(C)(C)C", "C#N", "NC(C)=O", "OC(=O)C", "P")
]


@pytest.mark.sampled
@pytest.mark.parametrize("what", LOOKALIKES)
def test_surroundings_that_look_alike(what: str) -> None:
    kernel = Kernel(SUBSTITUTIONS, NAMES)
    for smiles in LOOKALIKES[what]:
        stored = Chem.CanonSmiles(smiles)
        assert _wrong(kernel, stored) == []
        for product in kernel.products(stored)[0][:: size(40, 3)]:
            assert _wrong(kernel, product.smiles) == []


def test_only_what_lies_within_three_bonds_is_looked_at() -> None:
    near, far, changed = (Chem.MolFromSmiles(smiles) for smiles in ("OCCCF", "OCCCCl", "OCCF"))
    assert Surroundings(near).around([0]) == Surroundings(far).around([0])
    assert Surroundings(near).around([0]) != Surroundings(changed).around([0])


@pytest.mark.parametrize(
    ("site", "pair"),
    [
        ("a neighbour's double bond", ("OCC=O", "OCC=C")),
        ("an oxime against an oxime ether's ring", ("ON=C1CCCC1", "ON1CCCC1")),
        ("a neighbour's neighbour's halogens", ("OC(F)(F)F", "OC(F)(F)Cl")),
        ("a methyl against an ethyl two bonds away", ("OC(C)(C)C", "OC(C)(C)CC")),
        ("aromatic against aliphatic", ("Oc1ccccc1", "OC1=CCCCC1")),
        ("a charge", ("OC[N+](C)(C)C", "OCC(C)(C)C")),
        ("carbonyl against thiocarbonyl", ("OC(=O)C", "OC(=S)C")),
    ],
)
def test_surroundings_that_differ_are_told_apart(site: str, pair: tuple[str, str]) -> None:
    first, second = (Surroundings(Chem.MolFromSmiles(smiles)).around([0]) for smiles in pair)
    assert first != second, site


def test_nothing_behind_an_aromatic_carbon_is_looked_at() -> None:
    near, far = (Chem.MolFromSmiles(smiles) for smiles in ("Oc1c(F)cccc1", "Oc1c(C(=O)O)cncc1"))
    assert Surroundings(near).around([0]) == Surroundings(far).around([0])


def test_values_do_not_depend_on_which_molecule_was_met_first() -> None:
    pool = [Chem.CanonSmiles(smiles) for smiles in ("CCO", "CCCO", "CCCCO", "OCC1CCCCC1", "OCCc1ccccc1I")]
    acetate = Transform("acetate", "[OX2H:1]>>[O:1]C(C)=O")
    forward, backward = Kernel([acetate], NAMES), Kernel([acetate], NAMES)
    there = {p.smiles: p.descriptors for smiles in pool for p in forward.products(smiles)[0]}
    back = {p.smiles: p.descriptors for smiles in reversed(pool) for p in backward.products(smiles)[0]}
    assert there == back
    assert all(value == round(value, descriptors.DECIMALS) for values in there.values() for value in values)


# (beginning, repeated unit, how often). RDKit looks at 1,000 matches of a pattern, so that its logP and its rotors are
# no sums in molecules as large as these.
LARGE = {
    "paraffin": ("O", "C", 600),
    "the largest paraffin": ("O", "C", 998),
    "polyisobutylene, with more than 1,000 matches from 42 units on": ("OC", "C(C)(C)C", 44),
    "polytetrafluoroethylene": ("OC", "C(F)(F)", 120),
    "poly(ethylene glycol)": ("O", "CCO", 330),
    "peptide": ("OC", "CC(=O)N", 249),
}


@pytest.mark.parametrize("what", LARGE)
def test_large_molecules_have_the_values_of_rdkit(what: str) -> None:
    caps = [Transform("F", "[CX4:1][OX2H]>>[C:1]F"), Transform("tBu", "[CX4:2][OX2H:1]>>[C:2][O:1]C(C)(C)C")]
    kernel = Kernel([replace(cap, max_sites=1) for cap in caps], NAMES)
    beginning, unit, times = LARGE[what]
    for smiles in (beginning + 10 * unit, beginning + times * unit):  # the small one fills the memory of differences
        stored = Chem.CanonSmiles(smiles)
        assert kernel.products(stored)[0] and _wrong(kernel, stored) == []


def test_a_large_new_group_has_the_values_of_rdkit() -> None:
    kernel = Kernel([Transform("wax", "[OX2H:1]>>[O:1]" + "C" * 480)], NAMES)
    for smiles in ("CO", "CCCCO", "O" + "C" * 40):
        assert kernel.products(smiles)[0] and _wrong(kernel, Chem.CanonSmiles(smiles)) == []
