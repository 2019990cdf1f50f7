"""What comes takes the place of what leaves, and what stays keeps its configuration.

Three witnesses, none of which uses the package: products made in place with hydrogens as atoms, geometry in three
dimensions, and InChIKeys of those products' molecule objects.
"""

from __future__ import annotations

import random
from functools import cache

import pytest
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.model import Transform
from helpers import made_by_hand
from helpers.made_by_hand import ANY_CH, DELETIONS, HETERO_H, LEAVING, RING_CH, Swap, made, outcome, stable, unlike
from helpers.oracle import CLASSES, parents
from helpers.samples import few, size

MAX_ATOMS = 60
# Centres that bear a hydrogen and are not carbon, or lie in small, strained, bridged or charged surroundings.
ODD_CENTRES = [
    "CC[P@](=O)c1ccccc1",
    "C[Si@H](CC)c1ccccc1",
    "CC[Si@@H](C)O[C@H](C)CC",
    "C[N@H+](CC)c1ccc(O)cc1",
    "C[C@H]1C[N@@H+]1CC",
    "C[S@](=O)C[C@H](N)C(=O)O",
    "C[S@+]([O-])CC[C@H](N)C(=O)O",
    "C[C@@H]1[C@@H](C)[NH2+]1",
    "[2H][C@H](O)C(=O)O",
    "[2H][C@H](C)N",
    "C[C@H]([13CH3])O",
    "F[C@H](Cl)Br",
    "OC[C@@H](O)C=C=[C@H]C",
    "C[C@H]1O[C@@H]1C(=O)O",
    "C1[C@H]2CC[C@@H]1N2",
    "O=C(O)[C@H]1C[C@@H]1c1ccccc1",
    "C[C@H](O)[C@@H](C(=O)O)[C@H](C)O",
    "OC(=O)[C@@H](O)[C@H](O)C(=O)O",
    "C[C@@](O)(C(=O)O)c1ccccc1",
    "C[C@](N)(CC)C(=O)O",
    "N[C@@]1(C(=O)O)C[C@H]1C=C",
    "O=C(O)[C@]12CC[C@](O)(CC1)C2",
]
DOUBLE_BONDS = [
    *("O=C(O)/C=C/c1ccc(O)c(OC)c1", "O=C(O)/C=C\\c1ccc(O)c(OC)c1"),  # ferulic acid
    *("Br/C=C/c1ccccc1", "Br/C=C\\c1ccccc1", "Br/C(C)=C/C", "Br/C(C)=C\\C", "Br/C(C)=C(/C)CC", "I/C=C/Br"),
    *("O=C/C=C/c1ccccc1", "O=C/C=C\\c1ccccc1", "O=C/C(C)=C/CO", "O=C/C(C)=C\\CO"),
    *("OC/C=C/C", "OC/C=C\\C", "CC(C)=CCC/C(C)=C/CO", "CC(C)=CCC/C(C)=C\\CO", "CC(C)=CCC/C(C)=C/C(=O)O"),
    *("O=C(O)/C=C/C(=O)O", "O=C(O)/C=C\\C(=O)O", "C/C(C(=O)O)=C/C(=O)O", "C/C(C(=O)O)=C\\C(=O)O"),
    *("O=C(O)/C=C/C=C\\C(=O)O", "C/C=C/C=C/C(=O)O", "C/C=C\\C=C/C(=O)O", "C/C=C/C=C\\C(=O)O"),
    *("C/C(=C\\C(=O)O)C(F)(F)F", "O=C(O)C/C(=C/C(=O)O)C(=O)O", "O=C(O)C/C(=C\\C(=O)O)C(=O)O"),  # aconitic acids
    *("C/C(N)=C/C#N", "C/C(N)=C\\C#N", "C/C(O)=C/C(C)=O", "C/C(O)=C\\C(C)=O"),
    *("C[C@H]1CC/C(=C\\C(=O)O)CC1", "C[C@H]1CC/C(=C/C(=O)O)CC1", "O=C(O)/C=C1\\CCCC[C@@H]1O"),  # exocyclic
    *("C1CCC/C=C/CCCCCC1", "OC1CCC/C=C/CCCC1", "O=C(O)/C1=C/CCCCCCCCCC1", "O=C(O)/C1=C\\CCCCCCCCCC1"),  # in a ring
    *("O=C(O)C1=CCCCC1", "BrC1=CCCC1", "O=C1C=CC(=O)C=C1", "C=C(C(=O)O)C", "C=CBr", "C=CC=C"),
    *("C/C=N/O", "C/C=N\\O", "CC/C(C)=N/O", "C/C(=N\\N)c1ccccc1", "C/C(=N/N)c1ccccc1", "O=C(O)/C(C)=N/OC"),
    *("C[C@H](O)/C=C/[C@@H](O)C(=O)O", "C[C@H](O)/C=C\\[C@H](O)C(=O)O", "CCCCC[C@H](O)/C=C/C=C\\CCCCCCCC(=O)O"),
    *("O=C(/C=C/c1ccc(O)c(O)c1)O[C@H](Cc1ccc(O)c(O)c1)C(=O)O", "Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1"),
]
VINYL = [
    Swap("halide to CN", "[#6:1][F,Cl,Br,I]>>[#6:1]C#N", "[#6][F,Cl,Br,I]", True, "C#N"),
    Swap("CHO to I", "[#6:1][CX3H]=[OX1]>>[#6:1]I", "[#6][CX3H]=[OX1]", True, "I"),
    Swap("CHO to hydroxyl", "[#6:1][CX3H]=[OX1]>>[#6:1]O", "[#6][CX3H]=[OX1]", True, "O"),
    Swap("CH2OH to N", "[#6:1][CH2][OX2H]>>[#6:1]N", "[#6][CH2][OX2H]", True, "N"),
    Swap("methyl to CF3", "[CX3:1][CH3]>>[C:1]C(F)(F)F", "[CX3][CH3]", True, "C(F)(F)F"),
    Swap("vinyl OH to Cl", "[CX3:1][OX2H]>>[C:1]Cl", "[CX3][OX2H]", True, "Cl"),
    Swap("vinyl NH2 to F", "[CX3:1][NX3H2]>>[C:1]F", "[CX3][NX3H2]", True, "F"),
    Swap("vinyl CH to nitrile", "[CX3;!H0:1]>>[C:1]C#N", "[CX3;!H0]", False, "C#N"),
    Swap("vinyl CH, bond stated", "[CX3;!H0:1]=[CX3:2]>>[C:1](Br)=[C:2]", "[CX3;!H0]=[CX3]", False, "Br"),
]
EVERY_SWAP = [*RING_CH, *ANY_CH, *LEAVING, *HETERO_H, *DELETIONS]


@cache
def shipped() -> tuple[str, ...]:
    """The shipped natural products that are not very large, as a library stores them."""
    everything = [stable(smiles) for name in CLASSES for smiles in parents(name)]
    return tuple(
        dict.fromkeys(smiles for smiles in everything if Chem.MolFromSmiles(smiles).GetNumAtoms() <= MAX_ATOMS)
    )


@cache
def derived() -> tuple[str, ...]:
    """For every shipped natural product with stereo, a random product of replacing a ring hydrogen or an OH."""
    chosen = []
    for smiles in filter(made_by_hand.centres, shipped()):
        products = sorted(outcome(smiles, [RING_CH[0], LEAVING[2]]).products)
        chosen += random.Random(smiles).sample(products, min(1, len(products)))
    return tuple(chosen)


def kernel_of(*swaps: Swap) -> Kernel:
    return Kernel([Transform(swap.name, swap.smirks) for swap in swaps])


def differences(kernel: Kernel, swaps: list[Swap], smiles: str) -> dict[str, object]:
    """What the kernel and the products made by hand do not agree on: product, first site, routes, refusals."""
    found, rejects = kernel.products(smiles)
    expected = outcome(smiles, swaps)
    unequal = unlike(((product.smiles, product.site, product.n_routes) for product in found), expected)
    if bool(rejects) != bool(expected.refused):
        unequal["refused"] = (rejects, expected.refused)
    return unequal


def compare(swaps: list[Swap], pool: tuple[str, ...] | list[str]) -> int:
    """Assert that the kernel gives, of every molecule, what is made by hand; return the number of products."""
    kernel = kernel_of(*swaps)
    unequal = {smiles: found for smiles in pool if (found := differences(kernel, swaps, smiles))}
    assert not unequal, f"{sum(map(len, unequal.values()))} differences in {len(unequal)} molecules: {unequal}"
    return sum(len(outcome(smiles, swaps).products) for smiles in pool[:10])


@pytest.mark.parametrize("swap", few(EVERY_SWAP, 2), ids=lambda swap: swap.name)
def test_natural_products_with_hydrogens_as_atoms(swap: Swap) -> None:
    compare([swap], shipped() + (derived() if swap in (RING_CH[0], ANY_CH[4], *LEAVING, *DELETIONS) else ()))


@pytest.mark.parametrize("swap", EVERY_SWAP, ids=lambda swap: swap.name)
def test_odd_centres_with_hydrogens_as_atoms(swap: Swap) -> None:
    compare([swap], [stable(smiles) for smiles in ODD_CENTRES if "2H" not in smiles or swap.leaves])


@pytest.mark.parametrize("swap", [*VINYL, *EVERY_SWAP], ids=lambda swap: swap.name)
def test_double_bonds_keep_their_geometry(swap: Swap) -> None:
    compare([swap], [stable(smiles) for smiles in DOUBLE_BONDS])


def test_both_isomers_of_a_double_bond_stay_two_compounds() -> None:
    """E- and Z-ferulic acid, and vinyl bromides."""
    acids = kernel_of(LEAVING[0])
    assert [[product.smiles for product in acids.products(smiles)[0]] for smiles in map(stable, DOUBLE_BONDS[:2])] == [
        [stable("F/C=C/c1ccc(O)c(OC)c1")],
        [stable("F/C=C\\c1ccc(O)c(OC)c1")],
    ]
    nitriles = kernel_of(VINYL[0])
    assert [
        [product.smiles for product in nitriles.products(smiles)[0]] for smiles in map(stable, DOUBLE_BONDS[2:4])
    ] == [[stable("N#C/C=C/c1ccccc1")], [stable("N#C/C=C\\c1ccccc1")]]


def in_space(
    swaps: list[Swap], pool: tuple[str, ...] | list[str], *, only_centres: bool
) -> tuple[int, dict[str, object]]:
    """Compare each place's product with the one read from coordinates: (places compared, {parent: differences})."""
    compared, unequal = 0, {}
    kernels = [(swap, kernel_of(swap)) for swap in swaps]
    for smiles in pool:
        stated = made_by_hand.centres(smiles)
        wanted = [
            (place, swap, kernel)
            for swap, kernel in kernels
            for place in made_by_hand.places(smiles, swap)
            if not only_centres or place.site in stated
        ]
        full = made_by_hand.embedded(smiles) if wanted else None
        if full is None:
            continue
        for place, swap, kernel in wanted:
            found = {product.smiles for product in kernel.products(smiles)[0]}
            expected = made_by_hand.seen_in_space(full, place, swap.comes)
            compared += 1
            if expected not in found:
                unequal.setdefault(smiles, []).append((swap.name, place.site, expected, sorted(found)))
    return compared, unequal


@pytest.mark.sampled
def test_stereocentres_in_three_dimensions() -> None:
    """The hydrogen, or the group, of an embedded molecule becomes the halogen where it stands."""
    swaps = [RING_CH[0], ANY_CH[1], *LEAVING[:3], LEAVING[4]]
    compared, unequal = in_space(
        swaps, [s for s in shipped() if Chem.MolFromSmiles(s).GetNumAtoms() <= size(20, 35)], only_centres=True
    )
    assert not unequal
    assert compared >= size(50, 500)


def test_double_bonds_in_three_dimensions() -> None:
    pool = [stable(smiles) for smiles in DOUBLE_BONDS]
    compared, unequal = in_space([*VINYL, *LEAVING[:3], HETERO_H[4]], pool, only_centres=False)
    assert not unequal
    assert compared >= 150


FOR_KEYS = [LEAVING[0], RING_CH[0], RING_CH[3], ANY_CH[2], *LEAVING[1:], HETERO_H[4]]


@pytest.mark.parametrize("swap", few(FOR_KEYS, 1), ids=lambda swap: swap.name)
def test_inchikeys(swap: Swap) -> None:
    """InChI has its own canonicalisation and its own idea of stereo; the key is of a molecule, never of a SMILES."""
    kernel = kernel_of(swap)
    compared = 0
    for smiles in [*shipped(), *map(stable, DOUBLE_BONDS)]:
        expected = {Chem.MolToInchiKey(mol) for _, _, mol in made(smiles, [swap]) if mol is not None}
        found = [Chem.MolToInchiKey(Chem.MolFromSmiles(product.smiles)) for product in kernel.products(smiles)[0]]
        assert set(found) == expected, smiles
        compared += len(expected)
    assert compared >= 30
