"""What of a substructure or a likeness is told of products without a look at them; RDKit looks at the products."""

from __future__ import annotations

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from halogenator.chemistry.grafts import UNKNOWN, Fate, graft_of, is_usual
from halogenator.chemistry.likeness import Likeness, Reach
from halogenator.chemistry.substructure import Substructure
from helpers import oracle
from helpers.samples import size

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
ARYL_F = "[cH:1]>>[c:1]F"
ANILINE = "[c:1][OX2H:2]>>[c:1]N"
CYCLOPROPYL = "[cH:1]>>[c:1]C1CC1"
QUERIES = [
    *("c1ccccc1", "[OX2H]c1ccccc1[OX2H]", "cF", "cCl", "cO[CH3]", "OC1OCCCC1", "O=c1cc(-c2ccccc2)oc2ccccc12"),
    *("[!#6]", "[O;!H1]", "[!H0]", "[cD3]", "[#6D4]", "[OD1]", "[CX4H2]", "[x3]", "[R]", "[!R]", "[nH]", "[+]"),
    *("[$(c[OX2H])]", "[#6;!$([CX3]=O)]", "[c;$(cc[OX2H])]", "cO.cO", "C.C.F", "[F,Cl,Br,I]", "a-A", "C(=O)N", "*~*"),
    *("[h1]", "[r5]", "[R2]", "[^2]", "[z2]", "[ND2]", "[#7;!H0]", "[X3]", "[v4]", "[#6]!@[#6]", "cc(O)c", "N-[F,Cl]"),
]
QUERCETIN = "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12"


def fate(query: str, smirks: str) -> Fate:
    substructure = Substructure(query)
    inner = [number for each in substructure.nested for atom in each.atoms for number in atom.named]
    graft = graft_of(smirks, tuple(sorted({*inner, *(number for atom in substructure.atoms for number in atom.named)})))
    return graft.fate(substructure) if graft else UNKNOWN


def has(smiles: str, query: str) -> bool:
    return bool(Chem.MolFromSmiles(smiles).HasSubstructMatch(Chem.MolFromSmarts(query)))


@pytest.mark.parametrize(
    ("query", "smirks", "makes", "breaks", "always"),
    [
        ("O=c1cc(-c2ccccc2)oc2ccccc12", OME, False, False, False),  # a scaffold is told by the natural product
        ("OC1OCCCC1", OME, False, False, False),  # the phenol's oxygen is on no sp3 carbon
        ("[OX2H]c1ccccc1[OX2H]", OME, False, True, False),
        ("cO[CH3]", OME, True, False, True),  # what the transform makes
        ("Oc1ccccc1F", OME, False, False, False),
        ("Oc1ccccc1F", ANILINE, False, True, False),
        ("C1CC1", CYCLOPROPYL, UNKNOWN.makes, UNKNOWN.breaks, UNKNOWN.always),  # a new ring
    ],
)
def test_a_scaffold_is_settled_by_the_parent(query: str, smirks: str, makes: bool, breaks: bool, always: bool) -> None:
    assert fate(query, smirks) == Fate(makes, breaks, always)


@pytest.mark.parametrize(
    ("query", "smirks", "parent", "product"),
    [
        ("[cH]1[cH][cH][cH][cH][cH]1", ARYL_F, "c1ccccc1", "Fc1ccccc1"),  # hydrogens
        ("[cD3]", ARYL_F, "c1ccccc1", "Fc1ccccc1"),  # heavy neighbours
        ("[c;$(cc[OX2H])]", OME, "Oc1ccccc1", "COc1ccccc1"),  # recursion, two bonds from what changes
        ("c[OX2H]", ANILINE, "Oc1ccccc1", "Nc1ccccc1"),  # what leaves
        ("[!#6]", ARYL_F, "c1ccccc1", "Fc1ccccc1"),  # a negation that the new atom fulfils
        ("C.C", OME, "COc1ccccc1O", "COc1ccccc1OC"),  # pieces
        ("[N^2]", "[NX3;H2:1][CH3]>>[N:1]C(=O)C", "CN", "CC(N)=O"),  # hybridisation
        ("[z2]", OME, "COc1ccccc1", "COc1ccccc1"),  # hetero neighbours
        ("CCOC", "[C:1]O>>[C:1]F", "CCOC(C)c1ccccc1", "CC(F)c1ccccc1"),  # what hangs on what leaves
        ("[SX2]", "[S:1]>>[S:1]F", "CSC", "CS(C)F"),  # an anchor of several valences
        ("[R2]", ARYL_F, "C12C3C4C1C5C2C3C45", "C12C3C4C1C5C2C3C45"),  # rings of a cage depend on the order of atoms
        ("c", "[c:1][c:2]>>[C:1][C:2]", "c1ccccc1", "C1CCCCC1"),  # aromaticity
    ],
)
def test_what_a_change_can_reach_is_looked_at(query: str, smirks: str, parent: str, product: str) -> None:
    found = fate(query, smirks)
    assert found.makes or not (has(product, query) and not has(parent, query))
    assert found.breaks or not (has(parent, query) and not has(product, query))
    assert found.makes or found.breaks


CHARGED = [
    "Oc1ccc(-c2[o+]c3cc(O)cc(O)c3cc2O)cc1",  # pelargonidin
    "OCC1OC(Oc2cc3c(O)cc(O)cc3[o+]c2-c2ccc(O)c(O)c2)C(O)C(O)C1O",  # chrysanthemin
    "O=[N+]([O-])c1ccc(O)cc1",  # 4-nitrophenol
    "C[N+](C)(C)CCO",  # choline
    "C[N+](C)(C)CC(=O)[O-]",  # betaine
    "COc1cc(C=CC(=O)OCC[N+](C)(C)C)cc(OC)c1O",  # sinapine
    "C[n+]1cccc(C(=O)[O-])c1",  # trigonelline
    "COc1ccc2cc3[n+](cc2c1OC)CCc1cc2c(cc1-3)OCO2",  # berberine
    "O=C1OC(Cc2ccc(O)cc2)C[N+]1(C)C",
]


@pytest.mark.parametrize("smiles", list(map(oracle.canonical, CHARGED)), ids=CHARGED)
def test_charges_that_a_graft_spares_change_nothing(smiles: str) -> None:
    """Of every shipped transform and rule of halogenation, by a look at all products."""
    assert not is_usual(smiles) and is_usual(smiles, charged=True)
    every = [rule.smirks for rule in oracle.shipped_transforms()]
    every += [rule.smirks for name in oracle.CLASSES for rule in oracle.shipped_halogenation(name)]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    likeness = Likeness(QUERCETIN)
    asked, known = generator.GetFingerprint(Chem.MolFromSmiles(QUERCETIN)), likeness.of([smiles], stored=True)
    seen = 0
    for smirks in dict.fromkeys(every):
        graft = graft_of(smirks)
        if graft is None or not graft.spares_charges:
            continue
        reach = Reach(graft.anchors, len(graft.new), len(graft.removed))
        for product in oracle.apply([smirks], smiles).products:
            for query in QUERIES:
                found = fate(query, smirks)
                assert found.makes or has(smiles, query) or not has(product, query)
                assert found.breaks or not has(smiles, query) or has(product, query)
                assert has(product, query) or not found.always
            bits = generator.GetFingerprint(Chem.MolFromSmiles(product))
            assert DataStructs.TanimotoSimilarity(asked, bits) <= likeness.most(known.after(reach))[0]
            seen += 1
    assert seen


@pytest.mark.parametrize(
    ("smirks", "spares"),
    [
        (OME, True),
        (ARYL_F, True),
        (ANILINE, True),
        ("[CX4;R;!H0:1]>>[C:1]F", True),
        ("[*:1][OX2H]>>[*:1]F", False),
        ("[NX3,NX4+:1][CX4H3]>>[N:1]CF", False),
        ("[#6:1][O]>>[#6:1]F", False),  # of a carboxylate, too
    ],
)
def test_a_graft_spares_charges_that_no_atom_of_its_template_can_have(smirks: str, spares: bool) -> None:
    graft = graft_of(smirks)
    assert (graft is not None and graft.spares_charges) == spares


@pytest.mark.parametrize(
    "smiles", ["[2H]Oc1ccccc1", "C[NH3+]", "CC.O", "[CH3]", "c1cc[o+]cc1", "[13CH4]", "C[Se]C", "[H][H]", "C->[Pt]"]
)
def test_nothing_is_told_from_an_unusual_parent(smiles: str) -> None:
    assert not is_usual(smiles)
    assert smiles == "c1cc[o+]cc1" or not is_usual(smiles, charged=True)


@pytest.mark.sampled
@pytest.mark.parametrize("class_name", oracle.CLASSES)
def test_fates_are_true_of_products_that_rdkit_makes(class_name: str) -> None:
    transforms = [rule.smirks for rule in oracle.shipped_transforms() if class_name in rule.classes]
    halogenation = [rule.smirks for rule in oracle.shipped_halogenation(class_name) if rule.name.endswith(":F")]
    fates = {smirks: [fate(query, smirks) for query in QUERIES] for smirks in (*transforms, *halogenation)}
    queries = [Chem.MolFromSmarts(query) for query in QUERIES]
    told = 0
    for smiles in map(oracle.canonical, oracle.parents(class_name)[:: size(40, 1)]):
        if not is_usual(smiles):
            continue
        mol = Chem.MolFromSmiles(smiles)
        before = [mol.HasSubstructMatch(query) for query in queries]
        for smirks, found in fates.items():
            for product in list(oracle.apply([smirks], smiles).products)[: size(1, 100)]:
                made = Chem.MolFromSmiles(product)
                for query, one, had in zip(queries, found, before, strict=True):
                    has_it = made.HasSubstructMatch(query)
                    told += not one.makes or not one.breaks or one.always
                    assert has_it or not one.always
                    assert one.makes or had or not has_it
                    assert one.breaks or has_it or not had
    assert told


def test_a_fingerprint_bounds_those_of_its_products() -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    likeness = Likeness(QUERCETIN)
    asked = generator.GetFingerprint(Chem.MolFromSmiles(QUERCETIN))
    loose = []
    for smirks, reach in ((OME, Reach(1, 1, 0)), (ANILINE, Reach(1, 1, 1)), (ARYL_F, Reach(1, 1, 0))):
        for smiles in map(oracle.canonical, oracle.parents("polyphenol")[::17]):
            known = likeness.of([smiles], stored=True)
            mol = generator.GetFingerprint(Chem.MolFromSmiles(smiles))
            assert likeness.most(known)[0] == DataStructs.TanimotoSimilarity(asked, mol)
            most = likeness.most(known.after(reach))[0]
            for product in oracle.apply([smirks], smiles).products:
                bits = generator.GetFingerprint(Chem.MolFromSmiles(product))
                assert DataStructs.TanimotoSimilarity(asked, bits) <= most
                loose.append(most)
    assert min(loose) < 0.9
