"""What is left out is what counting every pattern in every parent and product by RDKit leaves out, and all is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.kernel import Product, Reject
from halogenator.chemistry.siblings import SiblingKernel
from halogenator.config.patterns import Patterns
from halogenator.config.rule_files import load_halogenation
from halogenator.errors import UserError
from halogenator.model import Choice, Pattern, Transform, Window
from helpers import oracle
from helpers.molecules import POOLS
from helpers.oracle import CLASSES, parents, shipped_transforms
from helpers.runs import REPOSITORY
from helpers.samples import few, size

DESCRIPTORS = tuple(oracle.DESCRIPTORS)
SHIPPED = [pattern for found in Patterns().load().values() for pattern in found if pattern.matches]
# Of every kind: a list of halogens inside a recursion, far parts, ring sizes, chirality, hydrogens, many matches.
OTHERS = [
    Pattern("nested", "[CX4;$(C[Cl,Br]);$(CC[$(C=O),$(c)])]"),
    Pattern("two lists", "[Cl,Br]~*~[F,Cl]"),
    Pattern("apart", "[Cl,Br].[OX2H]"),
    Pattern("ring", "[F,Cl,Br,I][C;r6]"),
    Pattern("acyclic", "[I][C;!R]"),
    Pattern("chiral", "[F,Cl][C@@](C)(O)C"),
    Pattern("hydrogen", "[H]C([F,Br])[#6]"),
    Pattern("any", "*~*~*"),
    Pattern("lost", "[OX2H][CX4]"),
    Pattern("long", "[F,Cl,Br,I]cccc[OX2H]"),
]
HALOGENATION = load_halogenation(REPOSITORY / "configs" / "halogenation.yaml")


@cache
def matches(smarts: str, smiles: str) -> int:
    mol, query = Chem.MolFromSmiles(smiles), Chem.MolFromSmarts(smarts)
    mol = Chem.AddHs(mol) if "[H]" in smarts else mol
    return len(mol.GetSubstructMatches(query, useChirality=True, maxMatches=1_000_000))


def gained(patterns: list[Pattern], parent: str, product: str) -> str | None:
    """The first pattern that a product has more often than its parent."""
    names = (each.name for each in patterns if matches(each.smarts, product) > matches(each.smarts, parent))
    return next(names, None)


@cache
def kernel(transforms: tuple[Transform, ...]) -> SiblingKernel:
    return SiblingKernel(transforms, DESCRIPTORS)


@cache
def plain_products(transforms: tuple[Transform, ...], smiles: str) -> tuple[list[Product], list[Reject]]:
    return kernel(transforms).products(smiles)


def check(transforms: list[Transform], molecules: list[str], patterns: list[Pattern]) -> Counter[str]:
    """Compare each molecule's products, with and without a choice; return how many each pattern left out."""
    chooser = Chooser(transforms, DESCRIPTORS, choice=Choice(exclude=tuple(patterns)))
    out: Counter[str] = Counter()
    routes: Counter[str] = Counter()
    for smiles in molecules:
        every, rejects = plain_products(tuple(transforms), smiles)
        reasons = {product.smiles: gained(patterns, smiles, product.smiles) for product in every}
        left = [
            (product.transform, product.site, product.n_routes, product.smiles, product.descriptors)
            for product in every
            if reasons[product.smiles] is None
        ]
        kept, kept_rejects, left_out = chooser.products(smiles)
        assert [(p.transform, p.site, p.n_routes, p.smiles, p.descriptors) for p in kept] == left, smiles
        assert kept_rejects == rejects or [r[1].detail for r in kept_rejects] == [r[1].detail for r in rejects]
        assert left_out == len(every) - len(left)
        for product in every:
            if reason := reasons[product.smiles]:
                out[reason] += 1
                routes[reason] += product.n_routes
    told = chooser.account.entries
    assert Counter({n: sum(e["molecules"] for e in told if e["name"] == n) for n in out}) == out
    assert Counter({n: sum(e["routes"] for e in told if e["name"] == n) for n in routes}) == routes
    for entry in told:
        for parent, product in entry["examples"]:
            assert gained(patterns, parent, product) == entry["name"]
    return out


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("class_name", "natural"), [("terpenoid", "CC1(C)OC2CCC1CC2O"), ("alkaloid", "C1CCC(NC1)CC=O")]
)
def test_halogenated_molecules_and_their_siblings(class_name: str, natural: str) -> None:
    """The first level from 2-hydroxycineole or pelletierine's aldehyde, the second from all halogenated forms of it."""
    transforms = HALOGENATION.transforms(class_name)
    one = [product.smiles for product in SiblingKernel(transforms).products(natural)[0]]
    out = check(transforms, [natural, *one[:12]][: size(4, 13)], SHIPPED)
    wanted = {"terpenoid": {"gem_halohydrin", "alpha_halo_ether"}, "alkaloid": {"alpha_halo_amine", "n_halogen"}}
    assert wanted[class_name] <= out.keys()


@pytest.mark.long
@pytest.mark.parametrize("class_name", CLASSES)
def test_all_shipped_parents_and_some_of_their_halogenated_forms(class_name: str) -> None:
    transforms = HALOGENATION.transforms(class_name)
    natural = parents(class_name)
    one = [product.smiles for smiles in natural[:8] for product in SiblingKernel(transforms).products(smiles)[0]]
    assert check(transforms, [*natural, *one[:240]], SHIPPED)


@pytest.mark.sampled
def test_patterns_of_every_kind() -> None:
    menthol = "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O"
    molecules = ["OCCC(C)=O", "Oc1ccccc1", "CC(=O)CCl", menthol]
    molecules += [*POOLS["halogenated"], *parents("terpenoid")[:12]][: size(0, 30)]
    found = [check(HALOGENATION.transforms("other"), molecules, [pattern])[pattern.name] for pattern in OTHERS]
    assert [pattern.name for pattern, number in zip(OTHERS, found, strict=True) if not number] == ["lost"]


@pytest.mark.sampled
def test_products_of_transforms() -> None:
    """Edits and products of RunReactants, with patterns that they add and remove."""
    patterns = [
        *SHIPPED,
        Pattern("ether", "c[OX2][CX4]"),
        Pattern("amide", "[NX3][CX3]=O"),
        Pattern("acid", "C(=O)[OH]"),
    ]
    molecules = [*parents("polyphenol")[: size(2, 20)], *parents("aa_peptide")[: size(2, 20)], *POOLS["charged"]]
    rules = [Transform(rule.name, rule.smirks) for rule in shipped_transforms()]
    rules.append(Transform("esterification", "[CX3:1](=[O:2])[OX2H:3]>>[C:1](=[O:2])[O:3]C"))
    rules.append(Transform("oxidation", "[CX4;!H0:1][OX2H:2]>>[C:1]=[O:2]"))
    rules.append(Transform("cut", "[CX3:1](=[O:2])[OX2:3][#6:4]>>[C:1](=[O:2])[OH:3].[#6:4]O", products="each"))
    rules.append(Transform("hydrogenation", "[CX3:1]=[CX3:2]>>[C:1][C:2]"))
    rules.append(Transform("benzoylation", "[c:1][OX2H:2]>>[c:1][O+0:2]C(=O)c1ccccc1"))
    out: Counter[str] = Counter()
    for rule in [*rules[: -6 : size(4, 1)], *rules[-6:]]:
        out += check([rule], molecules, patterns)
    assert out["ether"]


def test_alerts_of_rdkit() -> None:
    """An alert counts if the product has more matches of it than its parent, by its name in the catalog."""
    parameters = FilterCatalogParams()
    parameters.AddCatalog(FilterCatalogParams.FilterCatalogs.BRENK)
    catalog = FilterCatalog(parameters)

    def alerts(smiles: str) -> Counter[str]:
        mol = Chem.MolFromSmiles(smiles)
        found = catalog.GetMatches(mol)
        return Counter(entry.GetDescription() for entry in found for _ in entry.GetFilterMatches(mol))

    transforms = HALOGENATION.transforms("lipid")
    chooser = Chooser(transforms, choice=Choice(exclude=Patterns().load()["brenk"]))
    left_out = 0
    for smiles in parents("lipid")[:2]:
        every = [product.smiles for product in SiblingKernel(transforms).products(smiles)[0]]
        wanted = [product for product in every if not alerts(product) - alerts(smiles)]
        assert [product.smiles for product in chooser.products(smiles)[0]] == wanted
        left_out += len(every) - len(wanted)
    assert left_out


@pytest.mark.parametrize("shown", few([("tpsa",), DESCRIPTORS, ()], 1))
def test_bounds_of_descriptors(shown: tuple[str, ...]) -> None:
    """What RDKit computes of each product decides, whether the descriptor is a column or not."""
    bounds = {"mw": Window(high=250), "clogp": Window(1.5, 3.5), "hbd": Window(low=1)}
    transforms = HALOGENATION.transforms("terpenoid")
    chooser = Chooser(transforms, shown, choice=Choice(within=tuple(bounds.items())))
    every = SiblingKernel(transforms, shown)
    out: Counter[str] = Counter()
    for smiles in ("CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O", "CC1(C)OC2CCC1CC2O", "CC1=CC(=O)[C@H](C(C)C)CC1"):
        kept = []
        for product in every.products(smiles)[0]:
            mol = Chem.MolFromSmiles(product.smiles)
            values = {name: oracle.DESCRIPTORS[name](mol) for name in bounds}
            broken = [name for name, each in bounds.items() if not each.low <= values[name] <= each.high]
            out.update(broken[:1])
            kept += [] if broken else [(product.smiles, product.descriptors)]
        assert [(product.smiles, product.descriptors) for product in chooser.products(smiles)[0]] == kept
    told = chooser.account.entries
    assert out == {n: sum(e["molecules"] for e in told if e["name"] == f"{n} {bounds[n]}") for n in bounds}
    assert {entry["kind"] for entry in told} == {"within"}


def over(quota: tuple[str, int], smiles: str) -> int:
    """How far a molecule is over a quota, by matches of each halogen and RDKit's matrix of distances."""
    name, number = quota
    mol = Chem.MolFromSmiles(smiles)
    halogens = [match[0] for match in mol.GetSubstructMatches(Chem.MolFromSmarts("[F,Cl,Br,I;D1]"))]
    if name == "per_ring":
        on = [[x for x in halogens if mol.GetAtomWithIdx(x).GetNeighbors()[0].GetIdx() in ring] for ring in rings(mol)]
        return sum(max(0, len(each) - number) for each in on)
    if name == "distance":
        bonds = Chem.GetDistanceMatrix(mol)
        return sum(bonds[one][other] < number for one in halogens for other in halogens if one < other)
    return max(0, len(mol.GetSubstructMatches(Chem.MolFromSmarts(f"[{name};D1]"))) - number)


def rings(mol: Chem.Mol) -> list[list[int]]:
    return [list(ring) for ring in Chem.GetSymmSSSR(mol)]


QUOTAS = [[("I", 1), ("per_ring", 2), ("distance", 4)], [("per_ring", 1)], [("distance", 5), ("Br", 0)]]


@pytest.mark.parametrize("quota", few(QUOTAS, 1))
def test_no_product_is_further_over_a_quota_than_its_parent(quota: list[tuple[str, int]]) -> None:
    """Second halogenations of a flavonoid, a bridged ether and a drug with CF3, and methylations, which stay."""
    rules = [*HALOGENATION.transforms("terpenoid")[::3], Transform("methylation", "[OX2H:1]>>[O:1]C")]
    natural = [
        "Oc1ccc(C2CCc3c(O)cc(O)cc3O2)cc1F",
        "CC1(C)OC2CCC1CC2Cl",
        "OCC1CC1c1cc(C(F)(F)F)ccc1Cl",
        "Oc1c(I)cc(I)cc1I",
    ]
    chooser, plain = Chooser(rules, choice=Choice(quota=tuple(quota))), SiblingKernel(rules)
    out: Counter[str] = Counter()
    for smiles in map(Chem.CanonSmiles, natural):
        every = plain.products(smiles)[0]
        first = [next((q for q in quota if over(q, p.smiles) > over(q, smiles)), None) for p in every]
        kept = [product.smiles for product, broken in zip(every, first, strict=True) if broken is None]
        assert [product.smiles for product in chooser.products(smiles)[0]] == kept
        assert not chooser.products("CCCCCC")[2]
        out.update(f"{q[0]} {q[1]}" for q in first if q)
        methylated = any(product.transform == len(rules) - 1 for product in chooser.products(smiles)[0])
        assert methylated == Chem.MolFromSmiles(smiles).HasSubstructMatch(Chem.MolFromSmarts("[OX2H]"))
    told = Counter[str]()
    for entry in chooser.account.entries:
        told[entry["name"]] += entry["molecules"]
        assert entry["kind"] == "quota"
    assert told == {name: 2 * number for name, number in out.items()} and len(out) == len(quota)


def test_a_parent_has_at_most_so_many_products() -> None:
    """Of all rules together, or of one rule; which ones depends on no other parent."""
    rules = HALOGENATION.transforms("polyphenol")
    own = [replace(rule, choice=Choice(quota=(("per_parent", 2),))) for rule in rules if rule.name.startswith("hydro")]
    rules = [rule for rule in rules if not rule.name.startswith("hydro")] + own
    natural, most = parents("polyphenol")[:4], 9
    chooser, plain = Chooser(rules, choice=Choice(quota=(("per_parent", most),))), SiblingKernel(rules)
    everywhere = Choice(quota=(("per_parent", most),))  # of each rule, as libraries have it
    apart = Chooser([replace(rule, choice=rule.choice + everywhere) for rule in rules], choice=Choice())
    every = {smiles: plain.products(smiles)[0] for smiles in natural}
    kept = {smiles: [p.smiles for p in chooser.products(smiles)[0]] for smiles in natural}
    assert kept == {smiles: [p.smiles for p in apart.products(smiles)[0]] for smiles in reversed(natural)}
    for smiles, found in kept.items():
        assert len(found) == most and set(found) < {product.smiles for product in every[smiles]}
    routes = sum(product.n_routes for smiles in natural for product in every[smiles])
    made = sum(p.n_routes for smiles in natural for p in every[smiles] if p.smiles in kept[smiles])
    assert made + sum(entry["routes"] for entry in chooser.account.entries) == routes
    hydroxyl = Chooser(own, choice=Choice())
    assert [len(hydroxyl.products(smiles)[0]) for smiles in natural] == [2] * len(natural)


GLYCOSIDES = [
    "CC1OC(Oc2c(-c3ccc(O)c(O)c3)oc3cc(O)cc(O)c3c2=O)C(O)C(O)C1O",  # quercitrin
    "OCC1OC(Oc2ccccc2CO)C(O)C(O)C1O",  # salicin
    "OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O",  # sucrose
    "O=C(O)C1OC(O)C(O)C(O)C1O",  # glucuronic acid
    "Nc1ncnc2c1ncn2C1OC(CO)C(O)C1O",  # adenosine
    "COC(=O)c1ccc(F)cc1O",
]


def left_alone(smirks: str, smiles: str, atoms: set[int]) -> set[str]:
    """Products of RunReactants in which these atoms of the parent are as they were."""

    def seen(mol: Chem.Mol, origin: Callable[[Chem.Atom], int | None]) -> dict[int | None, object]:
        return {
            origin(atom): (
                *(atom.GetAtomicNum(), atom.GetTotalNumHs(), atom.GetFormalCharge()),
                sorted((str(bond.GetBondType()), origin(bond.GetOtherAtom(atom)) or -1) for bond in atom.GetBonds()),
            )
            for atom in mol.GetAtoms()
        }

    parent = Chem.MolFromSmiles(smiles)
    before = seen(parent, lambda atom: atom.GetIdx() + 1)
    found = set()
    for (product,) in AllChem.ReactionFromSmarts(smirks).RunReactants((parent,), 10_000):
        Chem.SanitizeMol(product)
        after = seen(
            product, lambda atom: atom.GetIntProp("react_atom_idx") + 1 if atom.HasProp("react_atom_idx") else None
        )
        if all(before[atom + 1] == after.get(atom + 1) for atom in atoms):
            found.add(Chem.MolToSmiles(product))
    return found


@pytest.mark.sampled
@pytest.mark.parametrize("name", few(["sugars", "anomeric", "chelated_phenol", "[OX2H]", "[F]c"], 2))
def test_protected_atoms_are_as_they_were(name: str) -> None:
    """Of each product, against RunReactants with the origin of each atom; and every site is made or counted."""
    problems: list[UserError] = []
    patterns = Patterns().named([name], str, problems)
    assert not problems
    shipped = [Transform(rule.name, rule.smirks) for rule in shipped_transforms()]
    left_out = 0
    for transform in (*HALOGENATION.transforms("terpenoid")[::4], *shipped[:: size(5, 3)]):
        plain = SiblingKernel([transform])
        chooser = Chooser([transform], choice=Choice(protect=patterns))
        for smiles in map(Chem.CanonSmiles, GLYCOSIDES[: size(2, 6)]):
            mol = Chem.MolFromSmiles(smiles)
            queries = [Chem.MolFromSmarts(pattern.smarts) for pattern in patterns]
            atoms = {index for query in queries for match in mol.GetSubstructMatches(query) for index in match}
            made = chooser.products(smiles)[0]
            assert {product.smiles for product in made} == left_alone(transform.smirks, smiles, atoms), smiles
            routes = sum(product.n_routes for product in plain.products(smiles)[0])
            counted = sum(entry["routes"] for entry in chooser.account.entries)
            assert sum(product.n_routes for product in made) + counted - left_out == routes
            left_out = counted
        left_out = 0
    told = Chooser(HALOGENATION.transforms("terpenoid"), choice=Choice(protect=patterns))
    told.products(Chem.CanonSmiles(GLYCOSIDES[0 if name != "[F]c" else -1]))
    kinds = {(entry["kind"], entry["name"], entry["molecules"]) for entry in told.account.entries}
    assert kinds == ({("protect", name, None)} if name != "[F]c" else set())


@pytest.mark.parametrize(
    ("rank", "smiles", "products", "lost"),
    [
        (["activated_by_oxygen"], "Oc1ccccc1", ["Oc1ccccc1Cl", "Oc1ccc(Cl)cc1"], 2),
        (["activated_by_oxygen"], "Cc1ccccc1", ["Cc1ccccc1Cl", "Cc1cccc(Cl)c1", "Cc1ccc(Cl)cc1"], 0),
        (["activated_by_nitrogen", "activated_by_oxygen"], "Nc1cccc(C=O)c1", ["Nc1ccc(Cl)c(C=O)c1"], 1),
        (["activated_by_oxygen", "activated_by_nitrogen"], "COc1ccc(N)cc1", ["COc1ccc(N)cc1Cl"], 2),
        (["[cH]cC", "[cH]c[OH]"], "Oc1ccccc1", ["Oc1ccccc1Cl"], 3),
        (["[cH]ccC", "[cH]cC"], "Cc1ccccc1", ["Cc1cccc(Cl)c1"], 3),
    ],
)
def test_only_the_best_sites_are_used(rank: list[str], smiles: str, products: list[str], lost: int) -> None:
    choice = Choice(rank=Patterns().named(rank, str, []))
    chooser = Chooser([Transform("chlorination", "[cH:1]>>[c:1]Cl")], choice=choice)
    made = {product.smiles for product in chooser.products(Chem.CanonSmiles(smiles))[0]}
    assert (
        {Chem.CanonSmiles(product) for product in products} <= made
        if lost == 1
        else made == set(map(Chem.CanonSmiles, products))
    )
    assert sum(entry["routes"] for entry in chooser.account.entries) == lost


def test_sites_of_natural_products_are_ranked_by_their_matches() -> None:
    """Each product of the plain kernel stands for its equivalent sites, all in one class."""
    transform = Transform("bromination", "[cH:1]>>[c:1]Br")
    classes = [("amine", "[cH]cN"), ("phenol", "[cH]c[OH]"), ("ether", "[cH]cOC"), ("alkyl", "[cH]c[CX4]")]
    choice = Choice(rank=tuple(Pattern(*each) for each in classes))
    chooser, plain, lost = Chooser([transform], choice=choice), SiblingKernel([transform]), 0
    for smiles in (*parents("polyphenol")[:8], *parents("alkaloid")[:8]):
        mol, every = Chem.MolFromSmiles(smiles), plain.products(smiles)[0]
        first = [{m[0] for m in mol.GetSubstructMatches(Chem.MolFromSmarts(s), uniquify=False)} for _, s in classes]
        of_site = {p.site: next((i for i, atoms in enumerate(first) if p.site in atoms), len(first)) for p in every}
        best = [product for product in every if of_site[product.site] == min(of_site.values())]
        assert [(p.smiles, p.n_routes) for p in chooser.products(smiles)[0]] == [(p.smiles, p.n_routes) for p in best]
        lost += sum(product.n_routes for product in every) - sum(product.n_routes for product in best)
    assert lost == sum(entry["routes"] for entry in chooser.account.entries) > 0


CHOICES = {
    "exclude": Choice(exclude=tuple(SHIPPED)),
    "within": Choice(within=(("mw", Window(high=190)), ("hbd", Window(low=1)))),
    "protect": Choice(protect=(Pattern("acid", "C(=O)[OH]"), Pattern("phenol", "c[OH]"))),
    "rank": Choice(rank=(Pattern("phenol", "[cH]c[OH]"), Pattern("any", "[cH]"), Pattern("alcohol", "[CX4][OH]"))),
    "parents": Choice(parents_within=(("mw", Window(high=160)),), parents_not_matching=(Pattern("F", "[F][CX4]"),)),
}


@cache
def plain_routes(smirks: str, smiles: str) -> int:
    """Sites of a molecule that RDKit alone finds, with those whose product it refuses."""
    outcome = oracle.apply(smirks, smiles)
    return sum(map(len, outcome.products.values())) + len(outcome.refused)


@pytest.mark.sampled
@pytest.mark.parametrize("kind", [*CHOICES, "all together"])
def test_products_what_is_left_out_and_rejects_are_every_route(kind: str) -> None:
    """Of 2-hydroxyphenylacetic acid, 4-chromanol and alaninol, and of all that is made of these, once more."""
    choice = CHOICES[kind] if kind in CHOICES else sum(CHOICES.values(), Choice())
    transforms = HALOGENATION.transforms("other")[::4]
    chooser, kinds = Chooser(transforms, choice=choice), set()
    level = list(map(Chem.CanonSmiles, ("O=C(O)Cc1ccccc1O", "OC1CCOc2ccccc21", "CC(N)CO")))
    for _ in range(2):
        made = []
        for smiles in level:
            before = sum(entry["routes"] for entry in chooser.account.entries)
            kept, rejects, _ = chooser.products(smiles)
            told = sum(entry["routes"] for entry in chooser.account.entries) - before
            assert sum(product.n_routes for product in kept) + told + len({site for site, _ in rejects}) == sum(
                plain_routes(transform.smirks, smiles) for transform in transforms
            ), smiles
            made += [product.smiles for product in kept]
        level = list(dict.fromkeys(made))[:: size(3, 1)]
        kinds |= {entry["kind"] for entry in chooser.account.entries}
    assert kinds == ({kind} if kind in CHOICES else {*CHOICES})


def test_parents_that_a_transform_is_not_for_are_left_alone() -> None:
    asks = {
        "parents_within": (("mw", Window(high=150)),),
        "parents_matching": (Pattern("acid", "C(=O)[OH]"), Pattern("phenol", "c[OH]")),
        "parents_not_matching": (Pattern("halogen", "[F,Cl,Br,I]"),),
    }
    transform = Transform("methylation", "[c:1][OX2H:2]>>[c:1][O:2]C")
    chooser = Chooser([transform], ["tpsa"], choice=Choice(**asks))
    salicylic, gallic, phenol = "O=C(O)c1ccccc1O", "O=C(O)c1cc(O)c(O)c(O)c1", "Oc1ccccc1"
    for smiles in (salicylic, gallic, phenol, "O=C(O)c1ccc(F)cc1O", "c1ccccc1"):
        made, rejects, left_out = chooser.products(Chem.CanonSmiles(smiles))
        assert (len(made) == 1) == (smiles == salicylic) and not rejects
        assert bool(left_out) == (smiles in (gallic, phenol, "O=C(O)c1ccc(F)cc1O"))
    told = {(entry["kind"], entry["name"]): entry["routes"] for entry in chooser.account.entries}
    assert told == {("parents", "mw :150"): 4, ("parents", "matching acid"): 1}


@pytest.mark.parametrize(
    ("smirks", "protected", "reached"),
    [
        ("[*:1][OX2H:2]>>[*:1][O:2]C", "[#6]", True),
        ("[#6:1]-[OX2H:2]>>[#6:1][O:2]C", "[#6]", True),
        ("[*:1]!@[OX2H:2]>>[*:1][O:2]C", "[#6]", True),
        ("[#6;!$(C=O):1][OX2H:2]>>[#6+0:1][O:2]C", "[#6]", True),
        ("[CX4:1][CX4:2][OX2H:3]>>[CX4:1][C;H1:2][O:3]C", "[CX4;H1]", True),
        ("[CX4:1][CX4:2][OX2H:3]>>[CX4:1][C:2]=[O:3]", "[CX4]", False),
        ("[OX2H:1][#6:2]>>[S:1][#6:2]", "[OX2H]", False),
        ("[#6:1][OX2H:2]>>[#6:1][OH0-:2]", "[OX2H]", False),
    ],
)
def test_an_atom_that_a_template_only_names_is_not_touched(smirks: str, protected: str, reached: bool) -> None:
    """However it is spelled: with all its sites in the reach of the pattern, a rule makes all products or none."""
    chooser = Chooser([Transform("rule", smirks)], choice=Choice(protect=(Pattern("protected", protected),)))
    for smiles in map(Chem.CanonSmiles, GLYCOSIDES[:4]):
        atoms = {match[0] for match in Chem.MolFromSmiles(smiles).GetSubstructMatches(Chem.MolFromSmarts(protected))}
        made = {product.smiles for product in chooser.products(smiles)[0]}
        assert made == left_alone(smirks, smiles, atoms) and bool(made) == reached


def test_a_hydrogen_atom_of_a_template_belongs_to_the_atom_that_has_it() -> None:
    choice = Choice(protect=(Pattern("benzylic", "[CH3]c"),))
    chooser = Chooser([Transform("deuteration", "[C:1][H:2]>>[C:1][2H:2]")], choice=choice)
    assert [product.smiles for product in chooser.products("CCc1ccccc1C")[0]]
    assert not chooser.products("Cc1ccccc1")[0]


def test_a_rule_of_its_own_list_leaves_out_its_own_products_alone() -> None:
    """1-Methylpyrrole-2-methanol with two rules, one of which may not make a chloride."""
    chloride = Choice(exclude=(Pattern("chloride", "[Cl]"),))
    rules = [Transform("ring:Cl", "[cH:1]>>[c:1]Cl", choice=chloride), Transform("chain:Cl", "[C:1][OX2H]>>[C:1]Cl")]
    chooser = Chooser(rules, choice=Choice())
    kept, _, left_out = chooser.products("Cn1cccc1CO")
    assert [(product.transform, product.smiles) for product in kept] == [(1, "Cn1cccc1CCl")]
    assert left_out == 3
    assert [(entry["transform"], entry["molecules"]) for entry in chooser.account.entries] == [("ring", 3)]


@pytest.mark.parametrize("smarts", ["[F,Cl,Br,I][CX4]", "[Cl,Br,I][CX4]", "[Br]~*", "[CX4;$(C[F,Cl,Br,I])]"])
def test_molecules_that_differ_by_halogens_are_computed_once(smarts: str) -> None:
    """A pattern may name some halogens, and the products of siblings are remembered all the same."""
    kernel = Chooser(HALOGENATION.transforms("polyphenol"), choice=Choice(exclude=(Pattern("p", smarts),)))
    for halogen in ("F", "Cl", "Br", "I"):
        kernel.products(f"Oc1ccc({halogen})cc1")
    assert kernel._choosers[0]._makes.answered
