"""What a kernel says of a product beside its SMILES, and what it says of rows that give none."""

from __future__ import annotations

import json

import pytest
from rdkit import Chem

from halogenator.chemistry.descriptors import compute
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.model import Transform

quiet()
OME = Transform("ome", "[c:1][OX2H:2]>>[c:1][O:2]C")
DEOXYGENATION = Transform("deoxygenation", "[c:1][OX2H]>>[c:1]")
EPOXIDE = Transform("epoxide", "[C:1]=[C:2]>>[C:1]1O[C:2]1")


def rejects(smiles: str, *transforms: Transform) -> list[tuple[int | None, str, str]]:
    return [(site, error.reason, error.detail) for site, error in Kernel(transforms).products(smiles)[1]]


def test_which_products_are_edits_is_said_and_can_be_chosen() -> None:
    for smiles, use_edits, edited in (
        ("Oc1ccccc1", True, True),
        ("Oc1ccccc1", False, False),
        ("Oc1cc[nH+]cc1", True, True),
        ("C[C@H](N)c1ccc(O)cc1", True, True),  # a configuration far from the site
        ("Oc1ccccc1.OC", True, False),  # RunReactants gives the fragment of the match
    ):
        [product] = Kernel([OME], use_edits=use_edits).products(smiles)[0]
        assert product.edited is edited, smiles
    deoxygenation = Kernel([Transform("aliphatic", "[CX4:1][OX2H]>>[C:1]")])
    assert [product.edited for product in deoxygenation.products("C[C@H](CCO)[C@@H](C)O")[0]] == [True, False]
    assert [product.edited for product in Kernel([OME, EPOXIDE]).products("C=Cc1ccc(O)cc1")[0]] == [True, False]


def test_a_molecule_that_is_made_twice_is_an_edit_if_the_first_way_was() -> None:
    demethylation = Transform("demethylation", "[c:1][O:2][CH3]>>[c:1][OH+0:2]")
    cut = Transform("cut", "[c:1][O:2][CH3:3]>>[c:1][O:2].[C:3]", products="each")
    for transforms, edited in (([demethylation, cut], [False, True]), ([cut, demethylation], [True, True])):
        products = Kernel(transforms).products("COc1ccccc1")[0]
        assert [(product.smiles, product.edited) for product in products] == list(
            zip(["Oc1ccccc1", "C"], edited, strict=True)
        )


def test_a_product_that_would_be_too_large_keeps_no_other_from_being_made() -> None:
    giant = Transform("giant", "[c:1][OX2H:2]>>[c:1][O:2]" + "C" * 1_500)
    products, rejects = Kernel([giant, OME]).products("Oc1ccccc1")
    assert [product.smiles for product in products] == ["COc1ccccc1"]
    assert [(site, error.reason) for site, error in rejects] == [(None, "too large")]


def test_a_parent_with_enhanced_stereo_is_left_to_run_reactants() -> None:
    [product] = Kernel([OME]).products("C[C@@H](N)c1ccc(O)cc1", enhanced_stereo="&1:1")[0]
    assert (product.smiles, product.enhanced_stereo, product.edited) == ("COc1ccc([C@@H](C)N)cc1", "&1:6", False)


def test_both_configurations_of_a_new_centre_unless_the_parent_is_a_racemate() -> None:
    new_stereo = json.loads('"both"')  # a word read from a file, as that of a configuration
    kernel = Kernel([Transform("cyanohydrin", "[CX3H1:1]=[O:2]>>[C:1]([O:2])C#N", new_stereo=new_stereo)])
    products = kernel.products("C[C@H](O)C=O")[0]
    assert {product.smiles for product in products} == {"C[C@H](O)[C@H](O)C#N", "C[C@H](O)[C@@H](O)C#N"}
    [product] = kernel.products("C[C@H](O)C=O", enhanced_stereo="&1:1")[0]
    assert (product.smiles, product.enhanced_stereo) == ("C[C@@H](O)C(O)C#N", "&1:1")


@pytest.mark.parametrize(
    ("stereo", "product", "edited"),
    [("keep", "C[C@H](N)F", True), ("invert", "C[C@@H](N)F", False), ("open", "CC(N)F", False)],
)
def test_only_an_edit_that_keeps_the_configuration_is_one(stereo: str, product: str, edited: bool) -> None:
    transform = Transform("fluoride", "[CX4:1][OX2H]>>[C:1]F", stereo=stereo)
    [found] = Kernel([transform]).products("C[C@H](N)O")[0]
    assert (found.smiles, found.edited) == (product, edited)


def test_a_limit_of_sites_counts_kinds_of_sites() -> None:
    for most, routes in ((1, [2]), (2, [2, 1]), (3, [2, 1])):
        kernel = Kernel([Transform("fluoride", "[cH:1]>>[c:1]F", max_sites=most)])
        found = kernel.products("COc1cc(C)cc(C)c1")[0]  # two sites beside the ether are alike
        assert [product.n_routes for product in found] == routes


def test_a_difference_of_descriptors_is_computed_once() -> None:
    kernel = Kernel([OME], ["mw", "clogp"])
    for smiles in ("Cc1ccc(O)cc1", "CCc1ccc(O)cc1", "CCCc1ccc(O)cc1"):
        [product] = kernel.products(smiles)[0]
        assert product.descriptors == compute(Chem.MolFromSmiles(product.smiles), ["mw", "clogp"])
    assert kernel.increments.misses == 1
    [product] = kernel.products("[13CH3]c1ccc(O)cc1")[0]  # the mass of an isotope has more decimals than are kept
    assert product.descriptors == compute(Chem.MolFromSmiles(product.smiles), ["mw", "clogp"])
    assert kernel.increments.misses == 1


def test_an_inchikey_is_computed_where_it_is_asked_for() -> None:
    for transform, smiles in ((OME, "Oc1ccccc1"), (EPOXIDE, "C=Cc1ccccc1")):
        [product] = Kernel([transform], with_inchikey=True).products(smiles)[0]
        assert product.inchikey == Chem.MolToInchiKey(Chem.MolFromSmiles(product.smiles))
        assert Kernel([transform]).products(smiles)[0][0].inchikey is None


@pytest.mark.parametrize("query", ["[cH]", "[#6X4]", "[C^3]", "[x2]", "[R]", "[Or3,Or5]"])
@pytest.mark.parametrize("transform", [OME, EPOXIDE, DEOXYGENATION])
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


CUT = "[C:1]!@[OX2:2][C:3]>>[C:1]O.[O:2][C:3]"


@pytest.mark.parametrize(
    ("smirks", "which", "parent", "expected"),
    [
        (CUT, "each", "CCOC", {"CCO": 2, "CO": 2}),  # both sites give both
        (CUT, "largest", "CCOC", {"CCO": 2}),
        (CUT, "largest", "CCOCC", {"CCO": 2}),
        ("[C:1][O:2][C:3]>>[C:1][O:2].[C:3]Br", "largest", "CCOCC", {"CCBr": 2}),  # as many atoms, but heavier
        ("[C:1]O[C:2]>>[C:1].[C:2]", "each", "C1CCOC1", {"CCCC": 2}),  # a ring stays in one molecule
        ("[C:1]O[C:2]>>([C:1].[C:2])", None, "CCOC", {"C.CC": 2}),
        ("[C:1]O[C:2]>>([C:1].[C:2])", "largest", "CCOC", {"CC": 2}),
        ("[C:1]O[C:2]>>([C:1]).([C:2])", "each", "CCOC", {"C": 2, "CC": 2}),
        ("[C:1]O[C:2]>>([C:1].[C:2]).O", "each", "CCOC", {"C": 2, "CC": 2, "O": 2}),
        ("[CH3:1][OH]>[Na+].[I-]>[C:1]I", None, "CO", {"CI": 1}),  # agents are for the reader
        ("[c:1][OX2H:2]>>[c:1][O:2]C", "largest", "Oc1ccccc1", {"COc1ccccc1": 1}),
        ("([NX3H2:1].[CX3H1:2]=O)>>[N:1]=[C:2]", None, "NCCCC=O", {"C1=NCCC1": 1}),
        ("([NX3H2:1].[CX3H1:2]=O)>>[N:1]=[C:2]", None, "NCC.CC=O", {}),  # two molecules, not one
        ("([NX3H2:1].[CX3H1:2]=O)>>[N:1]=[C:2]", None, "NCCCC=O.NCC", {"C1=NCCC1": 1}),
    ],
)
def test_which_molecules_of_a_product_are_kept(
    smirks: str, which: str | None, parent: str, expected: dict[str, int]
) -> None:
    for use_edits in (True, False):
        kernel = Kernel([Transform("t", smirks, products=which)], ["mw"], use_edits=use_edits)
        products, rejects = kernel.products(parent)
        assert {product.smiles: product.n_routes for product in products} == expected
        assert rejects == []
        for product in products:
            assert product.descriptors == compute(Chem.MolFromSmiles(product.smiles), ["mw"])


def test_molecules_of_a_racemate_are_racemates() -> None:
    kernel = Kernel([Transform("t", CUT, products="each")])
    products, _ = kernel.products("CC[C@H](C)OC", enhanced_stereo="&1:2")
    assert {(product.smiles, product.enhanced_stereo) for product in products} == {
        ("CC[C@@H](C)O", "&1:2"),
        ("CO", None),
    }
