"""Products that are made once for molecules that differ only by their halogens are those that each has by itself."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest
from rdkit import Chem

from halogenator.chemistry.index import Index
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.siblings import SiblingKernel
from halogenator.config.rule_files import load_halogenation
from halogenator.model import HALOGENS, Transform
from helpers import oracle
from helpers.molecules import POOLS
from helpers.oracle import CLASSES, shipped_transforms
from helpers.runs import REPOSITORY
from helpers.samples import few, size

DESCRIPTORS = tuple(oracle.DESCRIPTORS)
METHYLATION = "[c:1][OX2H:2]>>[c:1][O:2]C"
# Halogens beside atoms with numbers between theirs, at stereocentres, at double bonds, in rings that are alike.
MOLECULES = [
    *POOLS["halogenated"],
    "OC(=O)C(F)SC(F)Cl",  # sulfur stands between fluorine and chlorine
    "OP(=O)(CF)CCl",
    "NC(=O)c1sc(F)c(Cl)c1O",
    "C[C@](F)(Cl)C(=O)O",
    "C[C@](F)(S)C(=O)O",
    "F[C@H](O)[C@@H](O)Cl",
    "F/C=C(/O)CCl",
    "O/C=C(/F)Cl",
    "F[C@H]1CC[C@@H](Cl)CC1O",
    "Oc1c(F)cc(cc1Cl)-c1cc(F)c(O)c(Cl)c1",
    "C[N+](C)(C)CC(F)C(=O)[O-]",
    "OB(O)c1ccc(F)cc1O",
    "NC1CC(F)C1(Cl)Br",
    "FN1CCN(Cl)CC1CO",
    "Nc1ccc(F)c(I)c1Br",
]


def rows(result: tuple[list[Any], list[Any]]) -> tuple[list[object], list[object]]:
    """All that is written of a parent's products and rejects."""
    made, rejects = result
    own = [
        (p.transform, p.site, p.n_routes, p.smiles, p.descriptors, p.enhanced_stereo, p.inchikey, p.examined)
        for p in made
    ]
    return own, [(site, error.reason, error.detail) for site, error in rejects]


def renamings(smiles: str) -> list[str]:
    """A molecule with each of its halogens replaced by each, as canonical SMILES; at most 64, in short 16, mixed."""
    parts = re.split("(Cl|Br|F|I)", smiles)
    choices = list(itertools.product(HALOGENS, repeat=len(parts) // 2))
    random.Random(smiles).shuffle(choices)
    texts = []
    for halogens in choices[: size(16, 64)]:
        parts[1::2] = halogens
        texts.append(Chem.CanonSmiles("".join(parts)))
    return list(dict.fromkeys(texts))


def check(transforms: list[Transform], molecules: list[str], **options: Any) -> int:
    """Compare both kernels on molecules; return how often products of a sibling were taken."""
    plain, kernel = Kernel(transforms, DESCRIPTORS, **options), SiblingKernel(transforms, DESCRIPTORS, **options)
    for smiles in molecules:
        assert rows(kernel.products(smiles)) == rows(plain.products(smiles)), smiles
    return kernel.answered


@pytest.mark.parametrize("rule", few(shipped_transforms(), 4), ids=lambda rule: rule.name)
def test_shipped_transforms_on_all_siblings(rule: oracle.Rule) -> None:
    for smiles in MOLECULES:
        check([Transform(rule.name, rule.smirks)], renamings(smiles))


@pytest.mark.sampled
@pytest.mark.parametrize("class_name", few(CLASSES, 2))
def test_halogenation_of_halogenated_molecules(class_name: str) -> None:
    """All rules and halogens of a class, with the site counts and descriptors of a library's rows."""
    halogenation = load_halogenation(REPOSITORY / "configs" / "halogenation.yaml")
    transforms = halogenation.transforms(class_name)
    queries = {f"sites_{number}": rule.smirks.partition(">>")[0] for number, rule in enumerate(shipped_transforms())}
    index = Index(queries, halogenation, class_name, DESCRIPTORS)
    options = {"examine": index.site_counts, "examined_queries": index.examined_queries}
    molecules = [smiles for pool in MOLECULES[:: size(8, 1)] for smiles in renamings(pool)[:16]]
    natural = oracle.parents(class_name)[: size(3, 50)]
    once = [product.smiles for smiles in natural for product in Kernel(transforms).products(smiles)[0]]
    assert check(transforms, [*natural, *once[: size(60, 700)], *molecules], **options) > 100


@pytest.mark.sampled
@pytest.mark.parametrize(
    "smirks",
    [
        "[c:1][OX2H:2]>>[c:1][O:2]S(C)(=O)=O",  # brings sulfur
        "[c:1][OX2H:2]>>[c:1][O:2][Si](C)(C)C",  # silicon
        "[c:1][OX2H:2]>>[c:1]Br",
        "[c:1][OX2H:2]>>[c:1][O:2]C(F)(F)Cl",  # two kinds of halogens
        "[C,c:1][OX2H:2]>>[*:1][O:2]C(Br)I",
        "[CX4:1][NX3H2:2]>>[C:1][N+:2](C)(C)C",
        "[#6:1][OX2H]>>[#6:1][Se]C",
    ],
)
def test_transforms_that_bring_what_lies_between_halogens(smirks: str) -> None:
    for smiles in MOLECULES[:: size(2, 1)]:
        check([Transform("any", smirks)], renamings(smiles))


@pytest.mark.sampled
@pytest.mark.parametrize(
    "smirks",
    [
        "[c:1][Cl]>>[c:1]O",
        "[c:1][F,Cl]>>[c:1]C#N",
        "[#6:1][#35]>>[#6:1]O",
        "[c:1][!#6;D1:2]>>[c:1]C",
        "[*:1]>>[*:1]C",
        "[$(c[Br]):1][OX2H:2]>>[c:1][O:2]C",
        "[C:1][OX2H:2]>>[C:1][#9]",
    ],
)
def test_queries_that_tell_halogens_apart_or_match_them_have_no_siblings(smirks: str) -> None:
    for smiles in MOLECULES[:: size(4, 1)]:
        assert check([Transform("any", smirks)], renamings(smiles)) == 0


@pytest.mark.parametrize(
    "molecules",
    [
        ["CI(C)c1ccc(O)cc1", "CCl.Oc1ccccc1", "CI.Oc1ccccc1"],  # two neighbours; fragments
        ["Oc1ccc([Se]C)c(Cl)c1", "Oc1ccc([Se]C)c(Br)c1"],  # selenium stands between chlorine and bromine
        ["C[Si](C)(F)c1ccc(O)cc1", "C[Si](C)(Cl)c1ccc(O)cc1"],
        ["[18F]c1ccc(O)cc1", "[125I]c1ccc(O)cc1"],
        ["[O-][Cl+3]([O-])([O-])Oc1ccc(O)cc1", "Oc1ccc([I+]c2ccccc2)cc1", "O=I(=O)c1ccc(O)cc1"],
        ["Oc1ccc(C2CF->[BH2]C2)cc1"],
    ],
    ids=["neighbours", "selenium", "silicon", "isotopes", "charges", "dative"],
)
def test_molecules_without_siblings(molecules: list[str]) -> None:
    readable = [Chem.CanonSmiles(smiles) for smiles in molecules if Chem.MolFromSmiles(smiles)]
    assert check([Transform("methylation", METHYLATION)], readable * 2) == 0


def test_products_that_rdkit_refuses_are_rejects_of_each_sibling() -> None:
    """Their texts name the molecule itself."""
    made = SiblingKernel([Transform("amide", "[c:1][OX2H:2]>>[c:1]N(C)(C)(C)C")], DESCRIPTORS)
    for smiles in ("Oc1ccc(F)cc1", "Oc1ccc(Br)cc1", "Oc1ccc(I)cc1"):
        assert rows(made.products(smiles)) == rows(made.kernel.products(smiles))
        assert made.products(smiles)[1]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halogenator.chemistry.siblings.MAX_PRODUCTS", 10)
    molecules = [f"Oc1ccc({'C' * length}{halogen})cc1" for length in range(20) for halogen in HALOGENS]
    assert check([Transform("methylation", METHYLATION)], [Chem.CanonSmiles(smiles) for smiles in molecules]) == 60
