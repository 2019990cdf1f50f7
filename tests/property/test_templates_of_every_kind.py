"""Atom and bond primitives on both sides of small templates, each combination that RDKit takes as a reaction.

The reference is RunReactants with the contract's exceptions put right (``helpers/template_reference.py``), which agrees
with products made by hand. Whether a template goes by an edit or by RunReactants is the kernel's business: the products
are the same.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from halogenator.chemistry.kernel import Kernel
from halogenator.errors import UserError
from halogenator.model import Transform
from helpers import template_reference
from helpers.made_by_hand import stable, unlike
from helpers.samples import few

MOLECULES = [
    "CCO",
    "C[C@H](O)CC",
    "C[C@H](N)C(=O)O",
    "C[C@@](N)(CC)C(=O)O",
    "C[C@](O)(Br)c1ccccc1",
    "C[C@@H](Br)c1ccc(O)cc1",
    "F[C@H](Cl)Br",
    "C[C@H]1CC[C@@H](O)C[C@H]1N",
    "O[C@H]1CC[C@@]2(CC1)CCCO2",
    "CC1(C)[C@@H]2CC[C@@]1(C)C(=O)C2",
    "C[C@H]1O[C@@H]1C",
    "C/C=C/CO",
    "C/C=C\\C(=O)O",
    "C/C(Br)=C/C",
    "C/C(Br)=C(/C)N",
    "O=C(O)/C=C/c1ccc(O)c(O)c1",
    "C/C(=N\\O)c1ccccc1",
    "C#CCO",
    "C=CC=C",
    "Oc1ccccc1",
    "Nc1ccc(Br)cn1",
    "c1cc[nH]c1",
    "CN1CCC[C@H]1c1cccnc1",
    "C[N+](C)(C)CC(=O)[O-]",
    "C[S@](=O)CC",
    "C[13CH2]O",
    "CS(=O)(=O)NC",
    "O=C1C=CC(=O)C=C1",
    "OC(=O)[C@H](O)[C@@H](O)C(=O)O",
    "CC(=O)Oc1ccccc1C(=O)O",
]
LONE_PAIRS = ["C[P@](CC)c1ccccc1", "C[P@](=O)(CC)c1ccccc1", "CC[N@]1C[C@@H]1C", "C[S@](=O)CC", "C[S@](=O)c1ccccc1"]
# What a template may find and what it may make of it; the element stays.
ATOMS = {
    "carbon": (
        [
            *("C", "c", "#6", "CX4", "CX3", "C;R", "C;!R", "CH1", "CH2", "C;!H0", "C;D2", "CD3", "C;v4", "C+0", "13C"),
            *("#6;r6", "C;x2", "$(CO)", "C;$([CX4]O)", "C@", "C@@", "C@H", "C@@H"),
        ],
        ["C", "#6", "*", "c", "C+0", "C+", "13C", "0C", "CH1", "CH2", "CH3", "C@", "C@@", "C@H", "C@@H"],
    ),
    "nitrogen": (["N", "NX3", "n", "nH", "#7", "N+", "N;!H0", "NH2"], ["N", "*", "n", "N+", "#7", "N+0", "15N", "NH1"]),
    "oxygen": (["O", "OX2H", "OX1", "O-", "#8", "OX2", "O;H0"], ["O", "*", "O-", "#8", "O+0", "18O", "OH1", "OH0"]),
    "any": (["*", "A", "a", "C,N", "!#1", "!#6;!#1", "R", "X4", "D1", "v2", "+0"], ["*"]),
}
SHAPES = {
    "kept": "[{r}:1]>>[{p}:1]",
    "gains": "[{r}:1]>>[{p}:1]F",
    "replaced": "[{r}:1][OX2H]>>[{p}:1]F",
    "replaced by a chain": "[{r}:1]Br>>[{p}:1]C#N",
    "deleted": "[{r}:1][CX3](=O)[OX2H]>>[{p}:1]",
    "two mapped": "[{r}:1][#6:2]>>[{p}:1][#6:2]",
    "mapped neighbour": "[{r}:1][O,N:2]>>[{p}:1][*:2]C",
}
BONDS = ["", "-", "=", "#", ":", "~", "!@", "@", "-,=", "-;!@", "-;@", "=,:", "/", "\\"]
ORDERS = [
    "",
    "-",
    "=",
    "#",
    ":",
    "/",
    "\\",
]  # what a product may state; a query that leaves the order open only where it is kept
BOND_SHAPES = {
    "kept": "[#6:1]{r}[#6:2]>>[#6:1]{p}[#6:2]",
    "gains": "[#6:1]{r}[CX4:2]>>[#6:1]{p}[C:2]F",
    "replaced": "[#6:1]{r}[#6:2][OX2H]>>[#6:1]{p}[#6:2]I",
    "chain of three": "[C:1]{r}[C:2]=[C:3]>>[C:1]{p}[C:2]=[C:3]",
    "to oxygen": "[#6:1]{r}[O:2]>>[#6:1]{p}[O:2]",
}
# What a peer writes about stereo: made in the product, a condition in the reactant, both, with and without hydrogens.
STEREO = [
    "[C:1][C:2](Br)[c:3]>>[C:1][C@:2]([c:3])O",
    "[C:1][C:2](Br)[c:3]>>[C:1][C@@:2]([c:3])O",
    "[C:1][CH1:2](Br)[c:3]>>[C:1][C@H:2]([c:3])O",
    "[C:1][CH1:2](Br)[c:3]>>[C:1][C@@H:2]([c:3])O",
    "[C:1][C@:2](O)(Br)[c:3]>>[C:1][C:2](O)(F)[c:3]",
    "[C:1][C@:2]([O:4])(Br)[c:3]>>[C:1][C@:2]([O:4])(F)[c:3]",
    "[C:1][C@:2]([O:4])(Br)[c:3]>>[C:1][C@@:2]([O:4])(F)[c:3]",
    "[C:1][C@H:2]([OX2H])[C:3]>>[C:1][C@@H:2](F)[C:3]",
    "[C:1][C@@H:2]([OX2H])[C:3]>>[C:1][C@H:2](F)[C:3]",
    "[C@H:1]([OX2H:2])([#6:3])[#6:4]>>[C@@H:1]([O:2])([#6:3])[#6:4]",
    "[C@@H:1]([OX2H:2])([#6:3])[#6:4]>>[C:1](=[O:2])([#6:3])[#6:4]",
    "[CX4H2:1]([#6:2])[#6:3]>>[C@H:1]([#6:2])([#6:3])F",
    "[C:1]([#6:2])([#6:3])=[O:4]>>[C@H:1]([#6:2])([#6:3])[O:4]",
    "[#6:1]/[C:2]=[C:3]/[#6:4]>>[#6:1]/[C:2]=[C:3]/[#6:4]",
    "[#6:1]/[CH1:2]=[CH1:3]/[#6:4]>>[#6:1]/[C:2](F)=[C:3]/[#6:4]",
    "[#6:1]/[C:2]=[C:3]/[#6:4]>>[#6:1][C:2][C:3][#6:4]",
    "[#6:1][CX4H2:2][CX4H2:3][#6:4]>>[#6:1]/[C:2]=[C:3]/[#6:4]",
    "[C:1]([OX2H:2])[C:3]([OX2H:4])>>[C:1]1[O:2]C(C)(C)[O:4][C:3]1",
    "[C;!$(C=O):1]=[C;!$(C=O):2]>>[C:1]1O[C:2]1",
    "[CX4:1][CX4:2]>>[C:1](F)[C:2]Cl",
    "[CX3:1]=[CX3:2]>>[C:1](F)=[C:2]",
    "[CX3:1]=[CX3:2]>>[C:1](F)[C:2]Cl",
    "[S:1]=[O:2]>>[S:1]",
    "[S:1](=[O:2])[CH3]>>[S:1](=[O:2])F",
    "[#15:1][CH3]>>[#15:1]O",
]

ISOMERISATIONS = [
    "[#6:1]/[C:2]=[C:3]/[#6:4]>>[#6:1]/[C:2]=[C:3]\\[#6:4]",
    "[#6:1]/[C:2]=[C:3]\\[#6:4]>>[#6:1]/[C:2]=[C:3]/[#6:4]",
    "[C:5]/[C:2]=[C:3]/[C:4][O:1]>>[C:5]/[C:2]=[C:3]\\[C:4][O:1]",
]
# What comes takes a lone pair's place: the atom that stays is a centre before and after.


def every_atom_template() -> Iterator[str]:
    for found, made in ATOMS.values():
        for shape, p, r in itertools.product(SHAPES.values(), made, found):
            yield shape.format(r=r, p=p)


def every_bond_template() -> Iterator[str]:
    for shape, found, made in itertools.product(BOND_SHAPES.values(), BONDS, BONDS):
        if made in ORDERS or made == found:
            yield shape.format(r=found, p=made)


def differences(smirks: str, molecules: list[str] = MOLECULES) -> dict[str, object] | None:
    """What kernel and reference do not agree on over all molecules; None where either takes no such reaction."""
    try:
        template_reference.template(smirks)
        kernel = Kernel([Transform("T", smirks)])
    except (ValueError, UserError):
        return None
    unequal: dict[str, object] = {}
    for smiles in map(stable, molecules):
        expected = template_reference.outcome(smirks, smiles)
        found, rejects = kernel.products(smiles)
        difference = unlike(((product.smiles, product.site, product.n_routes) for product in found), expected)
        if bool(rejects) != bool(expected.refused):
            difference["refused"] = (rejects, expected.refused)
        if difference:
            unequal[smiles] = difference
    return unequal


def check(smirks: list[str], molecules: list[str] = MOLECULES) -> int:
    """Assert that nothing differs; return how many templates were compared."""
    results = {each: differences(each, molecules) for each in smirks}
    unequal = {each: result for each, result in results.items() if result}
    assert not unequal, f"{len(unequal)} of {len(smirks)} templates: {unequal}"
    return sum(result is not None for result in results.values())


@pytest.mark.parametrize("part", few(range(4), 1))
def test_atom_primitives(part: int) -> None:
    """A sample of all combinations, another one in each part, the same ones in every run."""
    chosen = random.Random(part).sample(list(every_atom_template()), 30)
    assert check(chosen) > 15


@pytest.mark.parametrize("part", few(range(4), 1))
def test_bond_primitives(part: int) -> None:
    chosen = random.Random(part).sample(list(every_bond_template()), 20)
    assert check(chosen) > 6


@pytest.mark.parametrize("smirks", STEREO)
def test_stereo_on_either_side(smirks: str) -> None:
    assert check([smirks], MOLECULES + LONE_PAIRS) == 1


@pytest.mark.parametrize("smirks", ISOMERISATIONS)
def test_geometry_stated_on_both_sides(smirks: str) -> None:
    assert check([smirks]) == 1
