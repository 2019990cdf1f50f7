"""Libraries made from others by steps, against RunReactants applied again and again to each natural product."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from rdkit import Chem

from helpers import oracle
from helpers.oracle import shipped_transforms
from helpers.samples import few
from helpers.verbs import Made, build_libraries

OME, COOME, COCL = "FG_PHENOL_OH__OH__TO__OMe", "FG_CARBOXYL__COOH__TO__COOMe", "FG_CARBOXYL__COOH__TO__COCl"
SMIRKS = {rule.name: rule.smirks for rule in shipped_transforms() if rule.name in (OME, COOME, COCL)}
SMIRKS |= {"DEMETHYLATION": "[c:1][O:2][CH3]>>[c:1][O:2]", "GROWTH": "[CH3:1]>>[CH2:1]C"}
RULES = {"aromatic_ch": "[cH:1]>>[c:1]{X}", "hydroxyl": "[#6;!$([CX3]=[OX1]):1][OX2H]>>[#6:1]{X}"}
NATURAL = {
    "quercetin": "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12",
    "caffeic-acid": "O=C(O)/C=C/c1ccc(O)c(O)c1",
    "gallic-acid": "O=C(O)c1cc(O)c(O)c(O)c1",
    "epicatechin": "O[C@@H]1Cc2c(O)cc(O)cc2O[C@@H]1c1ccc(O)c(O)c1",
    "veratrole": "COc1ccccc1OC",
    "p-cresol": "Cc1ccc(O)cc1",
}
Level = dict[str, Counter[str]]  # {molecule: {natural product: routes to it in the last step}}


def libraries(
    folder: Path, entries: Mapping[str, object], *names: str, chunks: int = 1, **more: object
) -> dict[str, Made]:
    """Make libraries from some natural products, with few transforms and rules."""
    folder.mkdir(exist_ok=True)
    (folder / "mine.smi").write_text("".join(f"{NATURAL[name]} {name}\n" for name in names or NATURAL))
    transforms = [{"name": name, "smirks": smirks} for name, smirks in SMIRKS.items()]
    (folder / "transforms.yaml").write_text(yaml.safe_dump({"transforms": transforms}))
    rules = [{"name": name, "smirks": smirks} for name, smirks in RULES.items()]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"halogens": ["F", "Cl"], "rules": rules}))
    settings = {
        "parents": {"natural": "mine.smi"},
        "libraries": {"mine": {"class": "polyphenol", "path": "mine.smi"}, **entries},
        "transforms": "transforms.yaml",
        "halogenation": "rules.yaml",
        "select": {"libraries": [*entries], "transforms": []},
        "exclude": [],
        **more,
    }
    return build_libraries(folder, settings, chunks=chunks)


def step(molecules: Iterable[str], by: Sequence[str]) -> dict[str, int]:
    """{molecule: routes} of one step by RunReactants from each of some molecules."""
    routes = Counter[str]()
    for smiles in molecules:
        for name in by:
            routes.update({product: count for product, (_, count) in oracle.apply(SMIRKS[name], smiles).rows.items()})
    return dict(routes)


def levels(natural: Iterable[str], by: Sequence[str], times: int = 99) -> list[dict[str, int]]:
    """The molecules after each number of steps, until there are none that were not there before."""
    found: list[dict[str, int]] = []
    level, known = {oracle.canonical(smiles) for smiles in natural}, set[str]()
    while len(found) < times and level - known:
        made = step(level - known, by)
        known |= level
        level = set(made)
        found.append(made)
    return [each for each in found if each]


def routes(made: Made) -> dict[str, int]:
    return {row["smiles"]: row["n_routes"] for row in made.rows}


def check_lineage(made: Made, natural: Mapping[str, str] = NATURAL) -> None:
    """The steps of each row, done again by RunReactants at their sites, lead from the natural product to the row."""
    for row in made.rows:
        smiles, steps = oracle.canonical(natural[row["parent"]]), row["steps"].split(",")
        assert len(steps) == row["k"]
        for name, site in (each.split("@") for each in steps):
            rule, _, halogen = name.partition(":")
            smirks = SMIRKS.get(rule) or RULES[rule].replace("{X}", halogen)
            outcome = oracle.apply(smirks, smiles)
            (smiles,) = [product for product, ways in outcome.products.items() if (0, int(site)) in ways]
        assert smiles == row["smiles"], row
        assert sorted(re.split("[:@]", each)[0] for each in steps) == row["rules"].split(",")


@pytest.mark.parametrize("name", few(NATURAL, 2))
def test_all_partial_ethers_are_all_subsets_of_hydroxyls(tmp_path: Path, name: str) -> None:
    """Quercetin has five hydroxyls, all different: 31 ethers. Those of gallic acid are fewer, by symmetry."""
    made = libraries(tmp_path, {"ethers": {"from": "mine", "by": [OME], "times": "all", "keep_levels": True}}, name)
    expected = Counter[str]()
    for level in levels([NATURAL[name]], [OME]):
        expected.update(level)
    assert routes(made["ethers"]) == expected
    assert len(expected) == {"quercetin": 31, "gallic-acid": 5, "veratrole": 0}.get(name, len(expected))
    check_lineage(made["ethers"])


def test_ethers_then_chlorides_are_two_libraries(tmp_path: Path) -> None:
    """Both lead back to the natural product; quercetin has no acid, so that none of its ethers goes on."""
    entries = {
        "ethers": {"from": "mine", "by": [OME], "times": "all", "keep_levels": True},
        "chlorides": {"from": "ethers", "by": [COCL]},
    }
    made = libraries(tmp_path, entries)
    ethers = {smiles for level in levels(NATURAL.values(), [OME]) for smiles in level}
    assert set(routes(made["ethers"])) == ethers
    assert routes(made["chlorides"]) == step(ethers, [COCL])
    assert {row["parent"] for row in made["chlorides"].rows} == {"caffeic-acid", "gallic-acid"}
    check_lineage(made["chlorides"])


def test_a_number_of_steps_is_the_last_level_or_all(tmp_path: Path) -> None:
    by = [OME, COOME]
    entries = {
        "two": {"from": "mine", "by": by, "times": 2},
        "up-to-two": {"from": "mine", "by": by, "times": 2, "keep_levels": True},
    }
    made = libraries(tmp_path, entries)
    first, second = levels(NATURAL.values(), by, times=2)
    assert routes(made["two"]) == second
    assert routes(made["up-to-two"]) == Counter(first) + Counter(second)
    assert {row["k"] for row in made["two"].rows} == {2}
    places = {row["smiles"]: row["k"] for row in made["up-to-two"].rows}
    assert places == dict.fromkeys(second, 2) | dict.fromkeys(first, 1)
    assert made["up-to-two"].stats["k"] == made["two"].stats["k"] == 2
    for each in made.values():
        if "steps" in each.rows[0]:
            check_lineage(each)


def test_until_nothing_is_left_are_those_of_which_nothing_more_is_made(tmp_path: Path) -> None:
    made = libraries(tmp_path, {"ends": {"from": "mine", "by": [OME, COOME], "times": "all"}})
    every = {smiles for level in levels(NATURAL.values(), [OME, COOME]) for smiles in level}
    assert set(routes(made["ends"])) == {smiles for smiles in every if not step([smiles], [OME, COOME])}
    assert len(made["ends"].rows) == len(NATURAL) - 1
    check_lineage(made["ends"])


def test_steps_that_go_back_come_to_an_end(tmp_path: Path) -> None:
    """Methylation and demethylation lead from each phenol to each: none of them is an end."""
    by = [OME, "DEMETHYLATION"]
    entries = {
        "closed": {"from": "mine", "by": by, "times": "all", "keep_levels": True},
        "ends": {"from": "mine", "by": by, "times": "all"},
    }
    made = libraries(tmp_path, entries, "veratrole", "caffeic-acid")
    found = levels([NATURAL["veratrole"], NATURAL["caffeic-acid"]], by)
    assert set(routes(made["closed"])) == {smiles for level in found for smiles in level}
    assert made["ends"].rows == made["ends"].rejected == []


def test_steps_without_an_end_stop_and_a_reject_says_so(tmp_path: Path) -> None:
    entries = {"chains": {"from": "mine", "by": ["GROWTH"], "times": "all", "keep_levels": True}}
    made = libraries(tmp_path, entries, "p-cresol")
    (reject,) = made["chains"].rejected
    assert (reject["id"], reject["site"], reject["reason"]) == ("p-cresol", None, "too many steps")
    assert [row["k"] for row in made["chains"].rows] == list(range(1, 101))


@pytest.mark.long
def test_more_molecules_than_one_may_give_stop_and_a_reject_says_so(tmp_path: Path) -> None:
    """Epicatechin with two halogens at ten places."""
    entries = {"all": {"from": "mine", "by": ["halogenation"], "times": "all", "keep_levels": True}}
    made = libraries(tmp_path, entries, "epicatechin")
    (reject,) = made["all"].rejected
    assert (reject["id"], reject["reason"]) == ("epicatechin", "too many molecules")
    assert 20_000 <= len(made["all"].rows) < 21_000
    assert "what 5 steps give all is here" in reject["detail"]
    assert {row["k"] for row in made["all"].rows} == {1, 2, 3, 4, 5, 6}


def test_any_number_of_chunks_gives_the_same_library(tmp_path: Path) -> None:
    entries = {
        "ethers": {"from": "mine", "by": [OME], "times": "all", "keep_levels": True},
        "esters": {"from": "ethers", "by": [COOME]},
    }
    found = []
    for chunks in (1, 3):
        made = libraries(tmp_path / str(chunks), entries, chunks=chunks)
        found.append({name: made[name].rows for name in entries})
    assert found[0] == found[1]


def test_the_long_form_of_halogenation_gives_the_rows_of_the_short_form(tmp_path: Path) -> None:
    """And their steps; the level between them has the name of the short form."""
    short = {"natural-2X": {"class": "polyphenol", "parents": "natural", "k": 2}}
    long = {"natural-2X": {"class": "polyphenol", "from": "natural-0X", "by": ["halogenation"], "times": 2}}
    made = [libraries(tmp_path / str(at), form, "veratrole", "p-cresol") for at, form in enumerate((short, long))]
    assert [*made[0]] == [*made[1]] == ["natural-0X", "natural-1X", "natural-2X"]
    rows, told = (each["natural-2X"].rows for each in made)
    assert rows == [{name: value for name, value in row.items() if name != "steps"} for row in told]
    assert len(rows) > 20
    check_lineage(made[1]["natural-2X"])


def test_choices_hold_in_every_step_and_all_that_they_leave_out_is_counted(tmp_path: Path) -> None:
    """Of quercetin the 5-OH is chelated: 15 ethers are left, and of each molecule that goes on one site is withheld."""
    ethers = {"from": "mine", "by": [OME], "times": "all", "keep_levels": True}
    made = libraries(tmp_path, {"ethers": {**ethers, "protect": ["[$([OX2H]cc[#6]=[OX1])]"]}}, "quercetin")
    assert len(made["ethers"].rows) == 15
    (entry,) = made["ethers"].stats["left_out"]
    assert (entry["transform"], entry["kind"], entry["name"]) == (OME, "protect", "[$([OX2H]cc[#6]=[OX1])]")
    assert entry["routes"] == 16
    within = {"ethers": {**ethers, "within": {"mw": [None, 331]}}}
    made = libraries(tmp_path / "narrow", within, "quercetin")
    assert {row["k"] for row in made["ethers"].rows} == {1, 2}
    (entry,) = made["ethers"].stats["left_out"]
    assert (entry["kind"], entry["molecules"], entry["routes"]) == ("within", 30, 30)


def test_a_step_of_rules_and_transforms_has_the_choice_of_each_and_one_quota(tmp_path: Path) -> None:
    """Ethers are products, and halides a library's molecules; the quota is for all that one molecule gives."""
    both = {"from": "mine", "by": [OME, "halogenation"]}
    cresol = oracle.apply(
        [SMIRKS[OME], *(rule.replace("{X}", x) for rule in RULES.values() for x in ("F", "Cl"))], NATURAL["p-cresol"]
    )
    ether, chloride = "[CH3][OX2][c]", "[Cl][c]"
    for number, (key, motif) in enumerate((("products", ether), ("libraries", chloride))):
        made = libraries(tmp_path / str(number), {"both": both}, "p-cresol", exclude={key: [motif]})
        query = Chem.MolFromSmarts(motif)
        expected = {smiles for smiles in cresol.products if not Chem.MolFromSmiles(smiles).HasSubstructMatch(query)}
        assert set(routes(made["both"])) == expected < set(cresol.products)
    made = libraries(tmp_path / "few", {"both": {**both, "quota": {"per_parent": 3}}}, "p-cresol")
    assert len(made["both"].rows) == 3
    (left_out,) = {entry["kind"] for entry in made["both"].stats["left_out"]}
    assert left_out == "quota"
