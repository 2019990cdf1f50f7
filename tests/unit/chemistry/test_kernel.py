"""What a kernel says of a product beside its SMILES, and what it says of rows that give none."""

from __future__ import annotations

import pytest
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.model import Transform

quiet()
OME = Transform("ome", "[c:1][OX2H:2]>>[c:1][O:2]C")
EPOXIDE = Transform("epoxide", "[C:1]=[C:2]>>[C:1]1O[C:2]1")


def rejects(smiles: str, *transforms: Transform) -> list[tuple[int | None, str, str]]:
    return [(site, error.reason, error.detail) for site, error in Kernel(transforms).products(smiles)[1]]


def test_which_products_are_edits_is_said_and_can_be_chosen() -> None:
    for smiles, use_edits, edited in (
        ("Oc1ccccc1", True, True),
        ("Oc1ccccc1", False, False),
        ("Oc1cc[nH+]cc1", True, True),
        ("Oc1ccccc1.OC", True, False),  # RunReactants gives the fragment of the match
    ):
        [product] = Kernel([OME], use_edits=use_edits).products(smiles)[0]
        assert product.edited is edited, smiles
    assert [product.edited for product in Kernel([OME, EPOXIDE]).products("C=Cc1ccc(O)cc1")[0]] == [True, False]


def test_an_inchikey_is_computed_where_it_is_asked_for() -> None:
    for transform, smiles in ((OME, "Oc1ccccc1"), (EPOXIDE, "C=Cc1ccccc1")):
        [product] = Kernel([transform], with_inchikey=True).products(smiles)[0]
        assert product.inchikey == Chem.MolToInchiKey(Chem.MolFromSmiles(product.smiles))
        assert Kernel([transform]).products(smiles)[0][0].inchikey is None


@pytest.mark.parametrize("query", ["[cH]", "[#6X4]", "[C^3]", "[x2]", "[Or3,Or5]"])
@pytest.mark.parametrize("transform", [OME, EPOXIDE])
def test_an_edited_product_is_examined_as_if_it_had_been_read(query: str, transform: Transform) -> None:
    """Hybridisation and ring sizes are not known of an edited copy: a query for them gets the product read anew."""
    pattern = Chem.MolFromSmarts(query)

    def count(mol: Chem.Mol) -> tuple[int, ...]:
        return (len(mol.GetSubstructMatches(pattern)),)

    found = Kernel([transform], examine=count, examined_queries=[query]).products("C=CCc1ccc(O)c2c1OCC2")[0]
    assert [product.examined for product in found] == [count(Chem.MolFromSmiles(product.smiles)) for product in found]
    assert found


def test_a_query_for_what_flat_reading_does_not_perceive() -> None:
    [product] = Kernel([Transform("fluoride", "[C^3;H2:1]>>[C:1]F")]).products("C1CCCC1")[0]
    assert (product.smiles, product.n_routes, product.edited) == ("FC1CCCC1", 5, True)


@pytest.mark.parametrize(
    "smiles", ["Oc1cccc", "CC(C)(C)(C)c1ccccc1O", "C[C@H](N)(C)C(C)(C)(C)C", "Oc1cccc[13cH]1C(C)(C)(C)C"]
)
def test_a_parent_that_cannot_be_read_is_a_reject(smiles: str) -> None:
    """A SMILES without stereo or isotopes, which is not read in full, ended the task."""
    [(site, reason, detail)] = rejects(smiles, OME)
    assert site is None and reason.startswith("unparsable") and repr(smiles) in detail


def test_too_many_matches_of_one_query_leave_the_products_of_the_others() -> None:
    pairs = Transform("pairs", "([CX4:1].[CX4:2])>>([C:1].[C:2]F)")
    phenol = "C" * 150 + "c1ccc(O)cc1"  # 11,175 pairs
    products, rejected = Kernel([pairs, OME]).products(phenol)
    assert [(product.transform, product.n_routes) for product in products] == [(1, 1)]
    assert [(site, error.reason) for site, error in rejected] == [(None, "too many matches")]


@pytest.mark.parametrize(("group", "product"), [("*", "*c1ccccc1"), ("~C", "C~c1ccccc1")])
def test_a_product_with_an_open_atom_or_bond_is_a_reject(group: str, product: str) -> None:
    said = f"{product!r} leaves an atom or a bond open"
    assert rejects("Oc1ccccc1", Transform("open", f"[c:1][OX2H]>>[c:1]{group}")) == [(1, "open product", said)]


def test_what_is_said_of_a_long_product_is_short() -> None:
    parent = "C" * 300 + "c1ccc(O)cc1"
    [(site, reason, detail)] = rejects(parent, Transform("open", "[c:1][OX2H]>>[c:1]*"))
    assert (site, reason) == (303, "open product")
    assert detail == repr("*c1ccc(" + "C" * 193) + " leaves an atom or a bond open"


def test_a_double_bond_that_cannot_be_left_open_is_named() -> None:
    found = rejects("C/C=C/CC/C=C/C", Transform("diene", "[CX4H2:1][CX4H2:2]>>[C:1]=[C:2]"))
    said = "'C/C=C/C=C/C=C/C' cannot leave one open between two others"
    assert found == [(3, "open double bond", said), (4, "open double bond", said)]
