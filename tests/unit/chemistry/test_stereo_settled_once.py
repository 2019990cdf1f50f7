"""Stereo is perceived once a parent only where its products cannot have other stereo: both ways give the same."""

from __future__ import annotations

import pytest
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import settle
from halogenator.model import Transform

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
CHAIN = "[c:1][OX2H:2]>>[c:1]CCN"
FLUORIDE = "[#6;!$([CX3]=[OX1]):1][OX2H]>>[#6:1]F"
ACID_TO_F = "[#6:1][CX3](=[OX1])[OX2H]>>[#6:1]F"
DIMETHYL = "[CX4:1][NX3H2:2]>>[C:1][N:2](C)C"


def made(smirks: str, smiles: str) -> tuple[list[str], bool]:
    """Products by both ways, which have to agree in all columns and rejects; and whether all were edits."""
    kernels = [Kernel([Transform("t", smirks)], ["mw", "clogp"], use_edits=edits) for edits in (True, False)]
    (fast, rejects), (careful, refused) = (kernel.products(settle(Chem.CanonSmiles(smiles))) for kernel in kernels)
    rows = [[(p.smiles, p.site, p.n_routes, p.descriptors) for p in products] for products in (fast, careful)]
    assert rows[0] == rows[1]
    assert list(map(str, rejects)) == list(map(str, refused))
    return [product.smiles for product in fast], all(product.edited for product in fast)


@pytest.mark.parametrize(
    ("smirks", "smiles", "expected"),
    [
        (OME, "C[C@](O)(c1ccc(O)cc1)c1ccc(OC)cc1", "CC(O)(c1ccc(OC)cc1)c1ccc(OC)cc1"),
        (OME, "C/C=C(/c1ccc(O)cc1)c1ccc(OC)cc1", "CC=C(c1ccc(OC)cc1)c1ccc(OC)cc1"),
        (CHAIN, "C[C@](N)(c1ccc(O)cc1)c1ccc(CCN)cc1", "CC(N)(c1ccc(CCN)cc1)c1ccc(CCN)cc1"),
        (FLUORIDE, "CC[C@](O)(F)c1ccccc1", "CCC(F)(F)c1ccccc1"),
        (ACID_TO_F, "OC(=O)C[C@H](C)CF", "CC(CF)CF"),
        (DIMETHYL, "NC[C@H](C)CN(C)C", "CC(CN(C)C)CN(C)C"),
        (DIMETHYL, "NC[C@](C)(CN(C)C)OP(=O)(O)O", "CC(CN(C)C)(CN(C)C)OP(=O)(O)O"),
    ],
)
def test_a_second_group_of_a_kind_ends_a_centre_or_a_configuration(smirks: str, smiles: str, expected: str) -> None:
    assert made(smirks, smiles) == ([Chem.CanonSmiles(expected)], True)


@pytest.mark.parametrize(
    ("smirks", "smiles", "expected"),
    [
        (OME, "C[C@](O)(c1ccc(O)cc1)c1ccc(OCC)cc1", "C[C@](O)(c1ccc(OC)cc1)c1ccc(OCC)cc1"),
        (FLUORIDE, "CC[C@](O)(Cl)c1ccccc1", "CC[C@](F)(Cl)c1ccccc1"),
        (FLUORIDE, "OC[C@H](C)/C=C/CCl", "FC[C@H](C)/C=C/CCl"),
        (
            FLUORIDE,
            "O[C@H](/C=C\\C)/C=C/C",
            "F[C@H](/C=C\\C)/C=C/C",
        ),  # a centre by the configuration of two double bonds
        (ACID_TO_F, "OC(=O)[C@@H](O[C@H](C)CC)CN", "F[C@@H](O[C@H](C)CC)CN"),
        (FLUORIDE, "CCOP(=O)(O)OC[C@H](CO)OC", "CCOP(=O)(O)OC[C@H](CF)OC"),
        (FLUORIDE, "C[S@](=O)C[C@H](C)O", "C[S@](=O)C[C@H](C)F"),
        (ACID_TO_F, "OC(=O)C[C@H](F)[C@@H](Cl)[C@@H](F)C", "FC[C@H](F)[C@@H](Cl)[C@@H](F)C"),
    ],
)
def test_what_stays_keeps_its_configuration(smirks: str, smiles: str, expected: str) -> None:
    products, edited = made(smirks, smiles)
    assert Chem.CanonSmiles(expected) in products
    assert edited


@pytest.mark.parametrize(
    "smiles",
    [
        "CCC/C(C)=C\\C(O)/C=C(/CO)CCC",
        "CC/C(=C\\C(O)/C=C(\\CC)CCO)CCN",
        "C/C(=C/C(O)/C=C(\\C)CCN)C(C)O",
        "CC/C(C)=C/C(O)/C=C(\\CC)CCl",
    ],
)
def test_e_may_become_z_where_rdkit_compares_these_names(smiles: str) -> None:
    """The configuration stays, but not its name, by which RDKit puts the branches in order."""
    for smirks in ("[CX4;!H0:1]>>[C:1]F", "[CX3;!H0:1]>>[C:1]F", FLUORIDE):
        assert made(smirks, smiles)[1]


@pytest.mark.parametrize(
    ("smirks", "smiles", "expected"),
    [
        (OME, "COC(C)/C(C=C/C=C(\\N)c1ccc(O)cc1)=C(/C)CCCl", "COC(C)/C(C=C/C=C(\\N)c1ccc(OC)cc1)=C(/C)CCCl"),
        (FLUORIDE, "CCO/C(C=C/C=C(\\Br)CO)=C(/C)CCCl", "CCO/C(C=C/C=C(\\Br)CF)=C(/C)CCCl"),
        ("[CX3:1]Br>>[C:1]F", "CCO/C(C=C/C=C(\\Br)CO)=C(/C)CCCl", "CCO/C(C=C/C=C(\\F)CO)=C(/C)CCCl"),
        (
            "[CX4H1:1][OX2H]>>[C:1]F",
            "C/C(C=C/C=C(\\C)c1ccc(C)c(=O)o1)=C1/C(=O)C[C@H]2[C@@]3(C)CC[C@H](O)C(C)(C)[C@@H]3CC[C@]12C",
            "C/C(C=C/C=C(\\C)c1ccc(C)c(=O)o1)=C1/C(=O)C[C@H]2[C@@]3(C)CC[C@H](F)C(C)(C)[C@@H]3CC[C@]12C",
        ),
        (OME, "C/C=C/C=C/C=C/c1ccc(O)cc1", "C/C=C/C=C/C=C/c1ccc(OC)cc1"),
    ],
)
def test_a_double_bond_between_two_others_keeps_its_configuration_or_none(
    smirks: str, smiles: str, expected: str
) -> None:
    """RunReactants makes those that are open Z. What is expected is the parent's SMILES with the new group in it."""
    products, edited = made(smirks, smiles)
    assert [Chem.MolToInchiKey(Chem.MolFromSmiles(product)) for product in products] == [
        Chem.MolToInchiKey(Chem.MolFromSmiles(expected))
    ]
    assert edited
