"""Which SMIRKS become edits, which matches are left to RunReactants, and that both ways agree."""

from pathlib import Path

import pytest
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.reaction import Reaction
from halogenator.chemistry.template_edits import compile_edit
from halogenator.config import load_halogenation, load_transforms
from halogenator.model import CLASSES, Transform

quiet()
CONFIGS = Path(__file__).parents[3] / "configs"
SHIPPED = [
    *load_transforms(CONFIGS / "transforms.yaml").values(),
    *(rule for name in CLASSES for rule in load_halogenation(CONFIGS / "halogenation.yaml").transforms(name)),
]


@pytest.mark.parametrize("transform", {t.name: t for t in SHIPPED}.values(), ids=lambda t: t.name)
def test_every_shipped_smirks_is_an_edit(transform: Transform) -> None:
    assert compile_edit(Reaction(transform)) is not None


@pytest.mark.parametrize(
    ("what", "smirks"),
    [
        ("a ring is closed", "[C:1]=[C:2]>>[C:1]1O[C:2]1"),
        ("a ring is opened", "[C:1]1O[C:2]1>>[C:1][C:2]O"),
        ("an aromatic ring is made", "[CX4H2:1][C:2]=[C:3][C:4]=[C:5]>>O=[C:1][C:2]=[C:3][C:4]=[C:5]"),
        ("a charge is made", "[NX3;H2:1]>>[N+:1](C)(C)C"),
        ("the centre's stereo is set", "[CX4:1]([N:2])[C:3](=O)>>[C@:1]([N:2])[C:3]"),
        ("an element is replaced in place", "[c:1][OX2H:2]>>[c:1][N:2]"),
        ("a new atom states its hydrogens", "[c:1][OX2H]>>[c:1][NH2]"),
        ("a new atom is charged", "[c:1][NX3H2]>>[c:1][N+](=O)[O-]"),
        ("a new ring is aromatic when it is done", "[c:1][OX2H]>>[c:1]C1=CC=CC=C1"),
        ("a new atom is aromatic", "[CX4:1][OX2H]>>[C:1]c1ccccc1"),
        ("a leaving group bridges two atoms of a ring", "[C:1]1O[C:2]CC1>>([C:1].[C:2])"),
        ("another molecule leaves, too", "([CX4:1][OX2H].[OX2H2])>>[C:1]F"),
    ],
)
def test_whatever_is_more_than_an_edit_is_refused(what: str, smirks: str) -> None:
    edit = compile_edit(Reaction(Transform("t", smirks)))
    # An element replaced in place compiles, and is then refused at every match: the match has another element.
    assert edit is None or all(not edit.footprint.describes(mol, match) for mol, match in _matches(smirks)), what


@pytest.mark.parametrize(
    ("smirks", "atoms"),
    [
        ("[cH:1]>>[c:1]Cl", 2),  # chlorine and its carbon
        ("[c:1][OX2H]>>[c:1]F", 2),
        ("[OX2H:1]>>[O:1]C(F)(F)F", 5),
        ("[c:1][OX2H]>>[c:1]NC(C)=O", 5),
        ("[C:1](Br)[C:2]Br>>[C:1](F)[C:2]CC", 5),
        ("[CX4:1][CX3](=O)[OX2H]>>[C:1]", 1),
    ],
)
def test_atoms_that_an_edit_changes_are_counted(smirks: str, atoms: int) -> None:
    edit = compile_edit(Reaction(Transform("t", smirks)))
    assert edit
    assert edit.changed_atoms == atoms


def _matches(smirks: str) -> list[tuple[Chem.Mol, tuple[int, ...]]]:
    mols = "Oc1ccccc1", "C1OC1", "C1CCOC1", "C1=CC=CC=CC1", "CCO", "C=CC", "CN", "NCC(=O)O", "CCO.O"
    return [
        (mol, match) for mol in map(Chem.MolFromSmiles, mols) for match in Reaction(Transform("t", smirks)).matches(mol)
    ]


@pytest.mark.parametrize(
    ("what", "smiles"),
    [
        ("a stereo centre", "C[C@H]1CCCC[C@@H]1O"),
        ("a charged centre", "C[N+]1(C)CCCCC1"),
        ("an isotope in the leaving group", "[18OH]c1ccccc1"),
        ("a deuterated hydroxyl", "[2H]Oc1ccccc1"),
        ("an N-oxide", "Oc1cc[n+]([O-])cc1"),
        ("a radical", "[CH2]c1ccc(O)cc1"),
        ("a double bond with stereo at the site", "O/C=C/c1ccc(O)cc1"),
        ("a stereo centre that a change far away ends", "C[C@H](O)[C@@H](CO)[C@@H](C)O"),
        ("an aromatic NH", "Oc1ccc2[nH]ccc2c1"),
        ("spiro and bridged rings", "OC12CC3CC(C1)CC(O)(C3)C2"),
        ("atropisomer-like biaryl", "Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12"),
        pytest.param(
            "a 30-mer peptide, 200 atoms", "N[C@@H](CO)C(=O)" * 29 + "N[C@@H](CO)C(=O)O", marks=pytest.mark.long
        ),
    ],
)
def test_edits_equal_run_reactants_where_it_is_hardest(what: str, smiles: str) -> None:
    stored = Chem.CanonSmiles(smiles)
    for transform in SHIPPED:
        fast, slow = (Kernel([transform], use_edits=use).products(stored) for use in (True, False))
        assert [(p.smiles, p.site, p.n_routes) for p in fast[0]] == [(p.smiles, p.site, p.n_routes) for p in slow[0]]
        assert [(site, str(error)) for site, error in fast[1]] == [(site, str(error)) for site, error in slow[1]]


def test_a_transform_of_ones_own_may_change_rings_and_stereo() -> None:
    epoxide = Transform("epoxide", "[C:1]=[C:2]>>[C:1]1O[C:2]1")
    assert {p.smiles for p in Kernel([epoxide]).products("C1=CCCCC1")[0]} == {"C1CCC2OC2C1"}
    inverted = Transform("inverted", "[C@:1]([F:2])([Cl:3])([Br:4])[I:5]>>[C@@:1]([F:2])([Cl:3])([Br:4])[I:5]")
    stored = Chem.CanonSmiles("F[C@](Cl)(Br)I")
    products, _ = Kernel([inverted]).products(stored)
    assert {p.smiles for p in products} <= {Chem.CanonSmiles("F[C@@](Cl)(Br)I"), stored}


def test_a_product_that_cannot_exist_is_a_reject_with_its_site() -> None:
    overloaded = Transform("overloaded", "[CX4H0:1]>>[C:1]F")
    products, rejects = Kernel([overloaded]).products("CC(C)(C)C")
    assert products == []
    [(site, error)] = rejects
    assert site == 1
    assert "valence" in error.detail


def test_symmetric_sites_are_one_product_and_as_many_routes() -> None:
    ome = Transform("ome", "[c:1][OX2H:2]>>[c:1][O:2]C")
    [product] = Kernel([ome]).products("Oc1cc(O)cc(O)c1")[0]  # phloroglucinol
    assert (product.smiles, product.site, product.n_routes) == ("COc1cc(O)cc(O)c1", 1, 3)


def test_a_rule_limit_takes_the_first_sites() -> None:
    fluoro = Transform("fluoro", "[cH:1]>>[c:1]F", max_sites=1)
    assert len(Kernel([fluoro]).products("Cc1ccccc1")[0]) == 1


def test_a_map_number_may_be_in_the_product_only() -> None:
    """The search for the parent's atom of a new atom with a map number ended the task."""
    quiet()
    products, rejects = Kernel([Transform("ether", "[c:1][OX2H]>>[c:1][O:9]C")]).products("Oc1ccccc1")
    assert [product.smiles for product in products] == ["COc1ccccc1"]
    assert not rejects
