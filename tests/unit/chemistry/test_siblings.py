"""Which molecules get products of a sibling, and which do not; both get what ``Kernel`` gives. One of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.siblings import SiblingKernel
from halogenator.model import Transform

quiet()
NAMES = ("mw", "tpsa", "hbd", "hba", "clogp", "rotb")
METHYLATION = "[OX2H:1]>>[O:1]C"
CHLORINATION = "[cH:1]>>[c:1]Cl"


def rows(result: tuple[list[Any], list[Any]]) -> tuple[list[object], list[object]]:
    made, rejects = result
    return made, [(site, error.reason, error.detail) for site, error in rejects]


def answers(transforms: Sequence[Transform], molecules: Sequence[str], **options: Any) -> list[int]:
    """Compare the kernels on molecules; return how often products were taken, after each.

    Descriptors are computed anew as often, so surroundings are the same.
    """
    plain, kernel = Kernel(transforms, NAMES, **options), SiblingKernel(transforms, NAMES, **options)
    counts = []
    for smiles in map(Chem.CanonSmiles, molecules):
        assert rows(kernel.products(smiles)) == rows(plain.products(smiles)), smiles
        counts.append(kernel.answered)
    if counts[-1:] == [len(counts) - 1]:
        assert kernel.kernel.increments.misses == plain.increments.misses
    return counts


@pytest.mark.parametrize(
    ("smirks", "molecules", "expected"),
    [
        (METHYLATION, "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1 Oc1ccc(I)cc1", "0 1 2 3"),
        (METHYLATION, "Oc1ccccc1 Oc1ccccc1", "0 0"),  # no halogen: no other molecule is a sibling
        (CHLORINATION, "Oc1ccccc1 Oc1ccccc1", "0 1"),
        # The order is kept, or is not.
        (METHYLATION, "Oc1ccc(Cl)cc1F Oc1ccc(I)cc1Br Oc1ccc(I)cc1F Oc1ccc(Br)cc1Cl", "0 1 2 3"),
        (METHYLATION, "Oc1ccc(Cl)cc1F Oc1ccc(F)cc1Cl Oc1ccc(F)cc1F Oc1ccc(Br)cc1Br", "0 0 0 1"),
        (CHLORINATION, "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1 Oc1ccc(I)cc1", "0 0 0 1"),
        (METHYLATION, "OC(F)C(Cl)C(Br)I OC(F)C(I)C(Br)Cl OC(F)C(Cl)C(Br)I", "0 0 1"),
        # Sulfur and phosphorus stand between fluorine and chlorine.
        (METHYLATION, "OC(F)CSCF OC(Cl)CSCCl OC(Br)CSCBr OC(F)CSCCl OC(F)CSCI", "0 0 1 1 2"),
        (METHYLATION, "Oc1cc(F)sc1 Oc1cc(Cl)sc1 Oc1cc(I)sc1", "0 0 1"),
        (METHYLATION, "OC(CP)F OC(CP)Cl OC(CP)Br", "0 0 1"),
        (METHYLATION, "Oc1cc(F)pcc1 Oc1cc(Cl)pcc1 Oc1cc(I)pcc1", "0 0 1"),
        ("[OX2H:1]>>[O:1]S(C)(=O)=O", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1", "0 0 1"),
        ("[OX2H:1]>>[O:1][Si](C)(C)C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1", "0 0 1"),
        ("[OX2H:1]>>[O:1][Se]C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1 Oc1ccc(I)cc1", "0 1 1 2"),
        ("[OX2H:1]>>[O:1]B(O)O", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1", "0 1 2"),
        # Molecules without siblings.
        (METHYLATION, "OCC[Si](C)(C)F OCC[Si](C)(C)Cl OCC[Se]Cl OCC[Se]F OC[18F] OC[125I]", "0 0 0 0 0 0"),
        (METHYLATION, "CI(C)CO CI(C)CO CO.CF CO.CF CO.CCl OC[I+]C OCl(=O)(=O)=O", "0 0 0 0 0 0 0"),
        (METHYLATION, "C[N+](C)(CO)CF C[N+](C)(CO)CBr O[C@H](C)F O[C@H](C)I FC=CO IC=CO", "0 1 1 2 2 3"),
        # Products of several fragments, which are written in the order of their text.
        ("[CX4:1]O[CX4:2]>>([C:1].[C:2])", "FCOCCl BrCOCI ClCOCI", "0 0 0"),
        # Transforms that bring halogens: one, several, next to others, or something that looks like one.
        ("[OX2H:1]>>[O:1]C(F)(F)Cl", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(I)cc1 Oc1ccc(Br)cc1", "0 0 0 1"),
        ("[c:1][OX2H]>>[c:1]Br", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1 Oc1ccc(Br)cc1 Oc1ccc(I)cc1", "0 1 1 1"),
        ("[c:1][OX2H]>>[c:1][In]", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        ("[c:1][OX2H]>>[c:1][#9]", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        ("[c:1][OX2H]>>[c:1][Fe]", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        # Queries that tell halogens apart, or match them.
        ("[c:1]Cl>>[c:1]O", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        ("[c:1][#17]>>[c:1]O", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        ("[c;$(c[#35]):1][OX2H]>>[c:1]C", "Oc1ccccc1Br Oc1ccccc1Cl", "0 0"),
        ("[c:1][D1;!O]>>[c:1]C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        ("[c:1][D1;!#6;!#7;!#8]>>[c:1]C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        ("[c:1][OX2H;^2]>>[c:1]C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 0"),
        # Rejects name the molecule.
        ("[OX2H:1]>>[N:1](C)(C)(C)C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 1"),
        ("[c:1][OX2H]>>[c:1]N(C)(C)(C)C", "Oc1ccc(F)cc1 Oc1ccc(Cl)cc1", "0 1"),
        # Nothing to do.
        (METHYLATION, "CF CCl", "0 1"),
    ],
)
def test_products_are_taken_from_siblings_alone(smirks: str, molecules: str, expected: str) -> None:
    counts = answers([Transform("t", smirks)], molecules.split())
    assert counts == [int(count) for count in expected.split()]


def test_transforms_that_differ_in_their_options_alone() -> None:
    """Each with its own products, in the kernel's order, though they bring one halogen each."""
    transforms = [
        Transform("one", "[cH:1]>>[c:1]F", max_sites=1),
        Transform("all", "[cH:1]>>[c:1]Cl"),
        Transform("methylation", METHYLATION),
        Transform("two", "[cH:1]>>[c:1]Br", max_sites=2),
        Transform("chlorides", "[OX2H]>>Cl"),
    ]
    molecules = ["Oc1ccccc1C", "Oc1ccccc1C", "Oc1ccccc1F", "Oc1ccccc1Cl", "Oc1ccccc1I", "Oc1ccccc1I"]
    answers(transforms, molecules)
    turned = [
        Transform("kept", "[C:1][OX2H]>>[C:1]F"),
        Transform("inverted", "[C:1][OX2H]>>[C:1]Cl", stereo="invert"),
        Transform("open", "[C:1][OX2H]>>[C:1]Br", stereo="open"),
        Transform("both", "[CX4H2:1]>>[C:1]I", new_stereo="both"),
    ]
    assert answers(turned, ["C[C@H](N)O", "CC[C@H](C)O", "CC[C@H](C)O"])[-1] > 0


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["[c:1]F", "[c:1]Cl", "[c:1]C", "[c:1]CF"], "0 1 3 6"),  # in the order of the transforms
        (["[c:1]CF", "[c:1]CCl", "[c:1]CCF"], "0 0 1 3"),
        (["[c:1]C", "[c:1]Cl"], "0 1 2 4"),
        (["[c:1]C(F)(F)Cl", "[c:1]C(F)(Br)Br"], "0 0 0 1"),  # two of the first halogen, or of the second
        (["[c:1]C(F)C(Cl)(Cl)Br", "[c:1]C(F)C(Cl)(I)I"], "0 0 0 0"),
        (["[c:1]C(F)(F)C(Cl)Br", "[c:1]C(F)(I)C(Cl)I"], "0 0 0 0"),
    ],
)
def test_transforms_that_bring_other_halogens(groups: list[str], expected: str) -> None:
    transforms = [Transform(f"t{number}", f"[c:1][OX2H]>>{group}") for number, group in enumerate(groups)]
    molecules = ["Oc1ccc(F)cc1O", "Oc1ccc(Br)cc1O", "Oc1ccc(Cl)cc1O", "Oc1ccc(I)cc1O"]
    counts = answers(transforms, molecules)
    assert counts == [int(count) for count in expected.split()]


def test_what_the_kernel_is_asked_for_is_the_same() -> None:
    query = Chem.MolFromSmarts("[OX2]C")
    transforms, options = [Transform("t", METHYLATION)], {"with_inchikey": True}
    options |= {"examine": lambda mol: (len(mol.GetSubstructMatches(query)),), "examined_queries": ["[OX2]C"]}
    assert answers(transforms, ["OCCF", "OCCI", "OC(F)CO", "OC(I)CO"], **options) == [0, 1, 1, 2]
    assert answers(transforms, ["OCCF", "OCCI"], **(options | {"examined_queries": ["[OX2]C", "[F]"]})) == [0, 0]
    kernel, plain = SiblingKernel(transforms, NAMES), Kernel(transforms, NAMES)
    for smiles in ("C[C@H](F)CO", "C[C@H](Br)CO"):
        racemate = smiles, None, "&1:1"
        assert rows(kernel.products(*racemate)) == rows(plain.products(*racemate))
        assert kernel.answered == 0
    known = (1.0, 2.0, 3, 4, 5.0, 6)
    for smiles in ("OCCCCCF", "OCCCCCCl", "OCCCCCI"):
        assert rows(kernel.products(smiles, known)) == rows(plain.products(smiles, known))
    assert kernel.answered == 2
    bare = SiblingKernel(transforms)
    assert [bare.products(smiles)[0][0].smiles for smiles in ("OCCF", "OCCCl")] == ["COCCF", "COCCCl"]
    assert [bare.products(smiles)[0][0].descriptors for smiles in ("OCCF", "OCCCl")] == [(), ()]


@pytest.mark.parametrize(
    ("most", "molecules", "expected"),
    [
        # Of one product each, which counts with its parent.
        (6, "OCF OCCF OCCCF OCCl OCCCl OCCCCl", "0 0 0 1 2 3"),
        (5, "OCF OCCF OCCCF OCCCCl OCCCl OCCl OCCCBr", "0 0 0 1 2 2 2"),
        # What was asked for last stays.
        (4, "OCF OCCF OCCl OCCCF OCBr OCCCl", "0 0 1 1 2 2"),
        # Of no product, of three, of rejects.
        (6, "CF CCF CCCF CCCCF CCCCCF CCCCCCF CCl CCCl", "0 0 0 0 0 0 1 2"),
        (5, "CF CCF CCCF CCCCF CCCCCF CCCCCCF CCCl CCl CCCCCCl", "0 0 0 0 0 0 1 1 2"),
        (8, "OC(F)C(O)CO OC(F)C(O)CCO OC(Cl)C(O)CO OCF OCCCF OC(Br)C(O)CO OC(Br)C(O)CCO", "0 0 1 1 1 2 2"),
        (8, "OC(F)C(O)CO OC(F)C(O)CCO OC(F)CC(O)CO OC(F)C(O)CCCO OC(Cl)C(O)CCO OC(Cl)C(O)CCCO", "0 0 0 0 0 1"),
        (7, "OC(F)C(O)CO OC(F)C(O)CCO OC(Cl)C(O)CO", "0 0 0"),
        # What is more than all that may be remembered is remembered alone.
        (0, "OCF OCCl OCCF OCCCl OCCl", "0 1 1 2 2"),
    ],
)
def test_what_was_asked_for_long_ago_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, most: int, molecules: str, expected: str
) -> None:
    monkeypatch.setattr("halogenator.chemistry.siblings.MAX_PRODUCTS", most)
    counts = answers([Transform("t", METHYLATION)], molecules.split())
    assert counts == [int(count) for count in expected.split()]
