"""One molecule, one row: what a product's SMILES is does not depend on how often it is read and written."""

from __future__ import annotations

import pytest

from halogenator.chemistry.kernel import Kernel
from halogenator.model import Transform
from helpers.made_by_hand import ANY_CH, DELETIONS, HETERO_H, LEAVING, RING_CH, Swap, outcome, settled, stable, unlike
from helpers.skeletons import IMPOSSIBLE, random_parents

# Stereo marks that say nothing, or that RDKit's canonical SMILES says otherwise when it is read again.
REDUNDANT = [
    "N[C@H]1C2CC[C@H]1CC2",
    "O[C@H]1[C@H]2C[C@H]3C[C@@H](C2)C[C@H]1C3",
    "O[C@H]1[C@@H]2C[C@H]3C[C@H]1C[C@H](C2)C3",
    "O[C@]12C[C@H]3C[C@@H](C1)C[C@@H](C3)C2",
    "C[C@]12C[C@@H]3C[C@H](C1)C[C@](N)(C3)C2",
    "O=C(O)[C@]12C[C@H]3C[C@@H](C1)C[C@@](O)(C3)C2",
    "O[C@H]1C2CC[C@@H]1CC2",
    "C1C[C@H]2CC[C@@H]1C2",
    "O[C@@H]1[C@@H]2C[C@H]3[C@@H]4C[C@@H](C[C@H]13)[C@H]2C4",
    "[C@H]12[C@@H]3[C@H]4[C@@H]1[C@H]5[C@@H]2[C@H]3[C@@H]45",
    "O[C@]12[C@@H]3[C@H]4[C@@H]1[C@H]5[C@@H]2[C@H]3[C@@H]45",
    "O[C@H]1C[C@@H]2CC[C@H](C1)N2C",
    "CN1[C@H]2CC[C@@H]1[C@H]([C@H](C2)O)C(=O)O",
    "O[C@H]1CN2CC[C@H]1CC2",
    "C[C@]1(O)CC[C@@H](CC1)[C@@](C)(O)CC[C@H]1CC[C@@H](O)CC1",
    "O[C@H]1[C@H](O)[C@@H](O)[C@@H]1O",
    "C[C@H]1CC[C@@H](C)CC1",
    "CC(O)[C@H](C(C)O)O",
    "C1C[C@@H]2CC[C@H]1CC2",
    "N[C@@H]1[C@H]2CC[C@@H]1C[C@@H]2O",
    "C[N@@]1CC[C@@H](O)C1",
    "C1C[N@]2CC[C@H]1C2",
    "O[C@H]1C[N@@]2CC[C@@H]1C2",
]
# A double bond whose geometry is not stated, between two whose geometry is.
BETWEEN = [
    "C/C(C=C/C=C(\\C)c1ccc(C)c(=O)o1)=C1/C(=O)C[C@H]2[C@@]3(C)CC[C@H](O)C(C)(C)[C@@H]3CC[C@]12C",
    "C/C=C/C=CC=C/C",
    "C/C=C/C=C/C=C/C",
    "C/C=C/C=C\\C=C\\CO",
    "C/C=C/C=C/C(=O)O",
    "CC(/C=C/C=C(C)/C=C/O)=C\\C(=O)O",
    "O=C(O)/C=C/C=CC=C/c1ccc(O)cc1",
    "O=C(O)/C=C\\C=CC=C/c1ccc(O)cc1",
    "C/C(=C\\C=C\\C(C)=C\\C=C\\C=C(C)/C=C/C(=O)O)CO",
    "CC(C=CC1=C(C)CCCC1(C)C)=C/C=C/C(C)=C/C(=O)O",
    "C/C=C/C(=C(/C=C/C)C)O",
    "OC(/C=C/c1ccc(O)c(OC)c1)=CC(=O)/C=C/c1ccc(O)c(OC)c1",  # curcumin, its enol open
]
SWAPS = [
    RING_CH[0],
    RING_CH[3],
    ANY_CH[2],
    ANY_CH[3],
    LEAVING[0],
    LEAVING[2],
    LEAVING[4],
    *HETERO_H,
    *DELETIONS,
    Swap("OH to OAc", "[OX2H:1]>>[O:1]C(C)=O", "[OX2H]", False, "C(C)=O"),
]


def kernel_of(swap: Swap) -> Kernel:
    return Kernel([Transform(swap.name, swap.smirks)])


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.name)
@pytest.mark.parametrize("pool", [REDUNDANT, BETWEEN], ids=["redundant marks", "between double bonds"])
def test_products_are_those_made_by_hand(swap: Swap, pool: list[str]) -> None:
    kernel = kernel_of(swap)
    unequal = {}
    for smiles in map(stable, pool):
        if smiles in map(stable, IMPOSSIBLE) and swap in (ANY_CH[2], ANY_CH[3]):
            continue
        found, rejects = kernel.products(smiles)
        if {error.reason for _, error in rejects} == {"open double bond"}:
            continue  # the product made by hand is written with a configuration that it has not
        expected = outcome(smiles, [swap])
        if difference := unlike(((product.smiles, product.site, product.n_routes) for product in found), expected):
            unequal[smiles] = difference
        assert bool(rejects) == bool(expected.refused)
    assert not unequal


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.name)
def test_products_read_back_as_they_are(swap: Swap) -> None:
    """Each product's SMILES is what RDKit writes of it, and a second transform starts from the very same molecule."""
    kernel = kernel_of(swap)
    pool = [*map(stable, REDUNDANT + BETWEEN), *random_parents("bridged", 40, seed=5)]
    for smiles in pool:
        for product in kernel.products(smiles)[0]:
            assert product.smiles == settled(product.smiles)
            assert "[H]" not in product.smiles.replace("/[H]", "").replace("\\[H]", "").replace("[H]/", "")
            assert "~" not in product.smiles


@pytest.mark.parametrize("descriptors", [(), ("mw",)])
@pytest.mark.parametrize("with_inchikey", [False, True])
@pytest.mark.parametrize(
    ("smirks", "smiles"),
    [
        ("[c:1]>>[c:1]F", "Cc1ccccc1"),  # five bonds at the carbon that has no hydrogen
        ("[CX3:1]=[OX1:2]>>[C:1](F)(F)[O:2]", "CC(C)=O"),
        ("[NX3;H0:1]>>[N:1]C", "CN(C)C"),
        ("[c:1][OX2H:2]>>[C:1]=[O:2]", "Oc1ccccc1"),
    ],
)
def test_what_rdkit_cannot_read_back_is_a_reject(
    smirks: str, smiles: str, descriptors: tuple[str, ...], with_inchikey: bool
) -> None:
    """Whatever columns are asked for: what is said of a product does not hang on them."""
    kernel = Kernel([Transform("T", smirks)], descriptors, with_inchikey=with_inchikey)
    found, rejects = kernel.products(stable(smiles))
    assert all(settled(product.smiles) == product.smiles for product in found)
    plain = Kernel([Transform("T", smirks)]).products(stable(smiles))
    assert ([product.smiles for product in found], len(rejects)) == (
        [product.smiles for product in plain[0]],
        len(plain[1]),
    )
    assert rejects
