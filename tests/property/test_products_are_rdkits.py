"""The kernel gives exactly what plain RDKit gives: products, sites, routes, refusals, descriptors."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.model import Transform
from helpers import oracle
from helpers.molecules import POOLS, SALTS, SMIRKS, embedded, settled, special
from helpers.oracle import CLASSES, Rule, shipped_halogenation, shipped_transforms
from helpers.samples import examples, few, size

TRANSFORMS = shipped_transforms()
EVERY_RULE = list(dict.fromkeys(rule for name in CLASSES for rule in shipped_halogenation(name)))


def kernel_of(rules: Iterable[Rule]) -> Kernel:
    return Kernel([Transform(rule.name, rule.smirks) for rule in rules], tuple(oracle.DESCRIPTORS))


def check(kernel: Kernel, rules: Sequence[Rule], smiles: str) -> list[str]:
    """Compare the kernel with RDKit's own way on one molecule; return the products."""
    found, errors = kernel.products(smiles)
    expected = oracle.apply([rule.smirks for rule in rules], smiles)
    places = [(product.transform, product.site) for product in found]
    if "/" in smiles or "\\" in smiles:  # E and Z are for tests/property/test_stereo_is_kept.py
        flat = oracle.without_double_bond_stereo
        assert {flat(product.smiles) for product in found} == {flat(each) for each in expected.products}, smiles
    else:
        assert {product.smiles: (product.site, product.n_routes) for product in found} == expected.rows, smiles
        assert len(found) == len(expected.products)
        assert places == [min(expected.products[product.smiles]) for product in found], smiles
    if len(rules) == 1:
        assert places == sorted(places), smiles
    assert bool(errors) == bool(expected.refused), smiles
    assert {site for site, _ in errors} <= expected.refused
    for product in found:
        described = dict(zip(oracle.DESCRIPTORS, product.descriptors, strict=True))
        assert described == pytest.approx(oracle.describe(product.smiles), abs=1e-6, rel=0), (smiles, product.smiles)
    return [product.smiles for product in found]


@pytest.mark.parametrize("rule", few(TRANSFORMS, 5), ids=lambda rule: rule.name)
def test_transform_on_every_embedded_parent(rule: Rule) -> None:
    """One kernel for all parents, as in a chunk: what it remembers of one must not spoil another."""
    kernel = kernel_of([rule])
    assert sum(len(check(kernel, [rule], smiles)) for smiles in embedded()) > 0


@pytest.mark.parametrize("class_name", few(["lipid", *(name for name in CLASSES if name != "lipid")], 1))
def test_halogenation_at_levels_one_and_two(class_name: str) -> None:
    """All rules and halogens of a class at once: a product that two of them give has the routes of both."""
    rules = shipped_halogenation(class_name)
    kernel = kernel_of(rules)
    level_one: dict[str, None] = {}
    for smiles in oracle.parents(class_name):
        level_one.update(dict.fromkeys(check(kernel, rules, smiles)))
    for smiles in random.Random(class_name).sample(list(level_one), 40):
        check(kernel, rules, smiles)


@pytest.mark.sampled
@pytest.mark.parametrize("pool", POOLS)
def test_shipped_rules_on_molecules_with_pitfalls(pool: str) -> None:
    for rule in TRANSFORMS + EVERY_RULE[:: len(oracle.HALOGENS)]:
        kernel = kernel_of([rule])
        for smiles in POOLS[pool][:: size(3, 1)]:
            check(kernel, [rule], settled(smiles))


@pytest.mark.sampled
@pytest.mark.parametrize("name", SMIRKS)
def test_smirks_of_every_kind(name: str) -> None:
    """A user's SMIRKS may close rings, turn stereo, charge atoms, or give what RDKit refuses."""
    rule = Rule(name, SMIRKS[name], ())
    kernel = kernel_of([rule])
    assert (
        sum(len(check(kernel, [rule], smiles)) for smiles in embedded()[:: size(8, 1)] + special()[:: size(3, 1)]) > 0
    )


def test_more_than_rdkits_default_of_1000_products() -> None:
    """RDKit stops at 1,000 products without a word (rdkit#2427); a perfluorinated acid has 1,664 matches here."""
    chain = "".join(f"[C:{3 * i + 1}]([F:{3 * i + 2}])([F:{3 * i + 3}])" for i in range(1, 6))
    rule = Rule("defluorination", f"[CX4:1]([F:2])([F:3]){chain}>>[C:1]([F:2])(O){chain}", ())
    smiles = settled("O=C(O)" + "C(F)(F)" * 14 + "F")
    assert (
        len(
            Chem.MolFromSmiles(smiles).GetSubstructMatches(
                Chem.MolFromSmarts(rule.smirks.split(">>")[0]), uniquify=False, maxMatches=9999
            )
        )
        > 1000
    )
    assert len(check(kernel_of([rule]), [rule], smiles)) == 14


@pytest.mark.parametrize("smiles", [*SALTS, "C1CCCC1.C1CCCCC1"])
def test_molecules_of_several_fragments(smiles: str) -> None:
    """With ``fragments: keep`` a library holds salts; RDKit's product is the fragment that the match lies in."""
    for rule in [*TRANSFORMS, *EVERY_RULE[:: len(oracle.HALOGENS)]]:
        check(kernel_of([rule]), [rule], settled(smiles))


def test_a_molecule_whose_smiles_changes_when_read_back() -> None:
    """Stereo marks of an adamantane that mean nothing: RDKit's canonical SMILES of some products does not settle."""
    rule = Rule("ring_sp3_ch:F", "[CX4;R;!H0:1]>>[C:1]F", ())
    check(kernel_of([rule]), [rule], "O[C@H]1[C@H]2C[C@H]3C[C@@H](C2)C[C@H]1C3")


@st.composite
def derivatives(draw: st.DrawFn) -> str:
    """A parent after up to three random steps of plain RDKit: halogenation, a shipped transform or another SMIRKS."""
    smiles = draw(st.sampled_from(embedded() + special()))
    for _ in range(draw(st.integers(0, 3))):
        rule = draw(st.sampled_from([rule.smirks for rule in TRANSFORMS + EVERY_RULE] + list(SMIRKS.values())))
        products = sorted(oracle.apply(rule, smiles).products)
        readable = [product for product in products if Chem.MolFromSmiles(product)]
        smiles = draw(st.sampled_from(readable)) if readable else smiles
    return settled(smiles)


@examples(12, 60)
@given(smiles=derivatives(), rules=st.lists(st.sampled_from(TRANSFORMS + EVERY_RULE), min_size=3, max_size=6))
def test_random_derivatives(smiles: str, rules: list[Rule]) -> None:
    for rule in rules:
        check(kernel_of([rule]), [rule], smiles)
