"""Choices of many kinds and steps together, against RDKit alone: molecules, their routes, and all that is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from helpers import choices, oracle
from helpers.choices import Left, Rule
from helpers.samples import few
from helpers.verbs import Made, build_libraries

NAMED = {
    entry["name"]: entry["smarts"] if isinstance(entry["smarts"], list) else [entry["smarts"]]
    for entry in yaml.safe_load((oracle.CONFIGS / "patterns.yaml").read_text())["patterns"]
}
NATURAL = {
    "quercitrin": "CC1OC(Oc2c(-c3ccc(O)c(O)c3)oc3cc(O)cc(O)c3c2=O)C(O)C(O)C1O",
    "salicin": "OCC1OC(Oc2ccccc2CO)C(O)C(O)C1O",
    "phloretin": "O=C(CCc1ccc(O)cc1)c1c(O)cc(O)cc1O",
    "octopamine": "NCC(O)c1ccc(O)cc1",
    "4-aminosalicylic acid": "Nc1ccc(C(=O)O)c(O)c1",
    "gallic acid": "O=C(O)c1cc(O)c(O)c(O)c1",
    "hydroxycineole": "CC1(C)OC2CCC1CC2O",
    "a drug with CF3": "OCC1CC1c1cc(C(F)(F)F)ccc1Cl",
    "decalol": "OC1CCCC2CCCCC12",
}
TRANSFORMS = {
    "OME": "[c:1][OX2H:2]>>[c:1][O:2]C",
    "COCL": "[CX3:1](=[OX1:2])[OX2H:3]>>[C:1](=[O:2])Cl",
    "IODIDE": "[cH:1]>>[c:1]I",
    "ACETYL": "[NX3;H2;!$(N[C,S]=[O,S]):1][#6:2]>>[N:1]([#6:2])C(C)=O",
    "OXIDATION": "[CX4;!H0;!$(C(O)O):1][OX2H:2]>>[C:1]=[O:2]",
    "DEMETHYLATION": "[c:1][O:2][CH3]>>[c:1][O:2]",
    "EXCHANGE": "[#6:1][Cl]>>[#6:1]F",
}
RULES = {
    "aromatic_ch": "[cH:1]>>[c:1]{X}",
    "hydroxyl": "[#6;!$([CX3]=[OX1]):1][OX2H]>>[#6:1]{X}",
    "alkyl_ch": "[CX4;!H0:1]>>[C:1]{X}",
    "beside_oxygen": "[cH;$(cc[OX2H]):1]>>[c:1]{X}",  # part of what aromatic_ch makes
}
ACTIVATED = ["activated_by_nitrogen", "activated_by_oxygen"]
ISOLABLE = ["gem_halohydrin", "alpha_halo_ether", "alpha_halo_amine", "n_halogen", "acyl_halide"]


class Case(NamedTuple):
    """A configuration: its libraries from the one of natural products on, and keys of several places."""

    libraries: dict[str, dict[str, Any]]
    natural: Sequence[str]
    rules: Mapping[str, Mapping[str, Any]] = {}
    transforms: Mapping[str, Mapping[str, Any]] = {}
    top: Mapping[str, Any] = {}


def walk(by: Sequence[str], times: int | str = "all", **keys: Any) -> dict[str, Any]:
    return {"by": list(by), "times": times, "keep_levels": True, **keys}


HALOGENATED = {"by": ["halogenation"]}
CASES = {
    "sugars, ethers, chlorides": Case(
        {"ethers": walk(["OME"], within={"mw": [None, 470]}), "chlorides": {"by": ["COCL"]}},
        ["quercitrin", "gallic acid", "4-aminosalicylic acid"],
        top={"protect": ["sugars"]},
    ),
    "ranked iodides twice, few on a ring": Case(
        {"iodides": walk(["IODIDE"], 2)},
        ["phloretin", "octopamine", "4-aminosalicylic acid"],
        transforms={"IODIDE": {"rank": ACTIVATED, "quota": {"per_ring": 1, "distance": 6}}},
    ),
    "a quota for one parent in two rules that overlap": Case(
        {"one": {**HALOGENATED, "quota": {"per_parent": 4}}},
        ["phloretin", "octopamine", "gallic acid"],
        rules={"aromatic_ch": {}, "beside_oxygen": {"protect": ["chelated_phenol"]}},
    ),
    "the same rule twice, narrow first": Case(
        {"one": HALOGENATED, "two": {**HALOGENATED, "quota": {"per_parent": 6}}},
        ["octopamine"],
        rules={"beside_oxygen": {"exclude": ["[I]"]}, "aromatic_ch": {"rank": ["activated_by_oxygen"]}},
    ),
    "what cannot be isolated, of sugars and their aglycones": Case(
        {"one": {**HALOGENATED, "protect": ["anomeric"]}},
        ["salicin", "hydroxycineole"],
        rules={"hydroxyl": {}, "alkyl_ch": {"quota": {"per_halogen": {"I": 0}}}},
        top={"exclude": ISOLABLE},
    ),
    "two levels of a bridged ether": Case(
        {"one": HALOGENATED, "two": {**HALOGENATED, "within": {"clogp": [1.0, 3.2]}}},
        ["hydroxycineole"],
        rules={"hydroxyl": {}, "alkyl_ch": {"max_sites": 2, "rank": ["[CX4;H2]", "[CX4;H1]"]}},
        top={"exclude": ISOLABLE, "quota": {"distance": 4}},
    ),
    "halogens that were there": Case(
        {"one": HALOGENATED, "two": HALOGENATED},
        ["a drug with CF3"],
        rules={"aromatic_ch": {}, "hydroxyl": {"exclude": ["[I][CX4]"], "protect": ["[OX2H][CH2][CX4;R]"]}},
        top={"quota": {"per_ring": 1, "per_halogen": {"F": 3, "Br": 1}, "distance": 3}},
    ),
    "exchange of halogens frees a ring": Case(
        {"fluorides": walk(["EXCHANGE", "IODIDE"], 3)},
        ["a drug with CF3"],
        top={"quota": {"per_halogen": {"F": 3, "I": 1}, "per_ring": 2}},
    ),
    "there and back": Case(
        {"all": walk(["OME", "DEMETHYLATION"])},
        ["phloretin", "gallic acid"],
        transforms={
            "OME": {"parents": {"within": {"mw": [None, 300]}}},
            "DEMETHYLATION": {"protect": ["[OX2]c1ccc(C)cc1"]},
        },
    ),
    "oxidised to the end": Case(
        {"ketones": walk(["OXIDATION"], exclude=["[CX3](=O)[CX3]=O"])},
        ["salicin", "decalol", "octopamine"],
        top={"protect": ["[OX2H][CH2]"]},
    ),
    "amides and ethers, in any order": Case(
        {"both": walk(["OME", "ACETYL", "COCL"], exclude=["anhydride_by_itself"])},
        ["octopamine", "4-aminosalicylic acid", "gallic acid"],
    ),
    "a chloride only of what has no free group": Case(
        {"ethers": walk(["OME"]), "chlorides": {"by": ["COCL"]}},
        ["gallic acid", "4-aminosalicylic acid"],
        transforms={"COCL": {"exclude": ["anhydride_by_itself"], "parents": {"matching": ["c[OX2][CH3]"]}}},
    ),
    "transforms and rules in one step": Case(
        {"one": {"by": ["OME", "halogenation"], "quota": {"per_parent": 7}}},
        ["phloretin", "octopamine"],
        rules={"aromatic_ch": {"rank": ACTIVATED}},
        top={
            "exclude": {"libraries": ["[I]"], "products": ["[CH3][OX2]c1c([OH])cccc1"]},
            "protect": ["chelated_phenol"],
        },
    ),
    "two halogens of one rule count together": Case(
        {"one": HALOGENATED},
        ["phloretin", "salicin"],
        rules={"aromatic_ch": {"quota": {"per_parent": 2}}, "hydroxyl": {"quota": {"per_parent": 3}}},
        top={"protect": ["sugars"]},
    ),
    "a narrower and a wider quota": Case(
        {"one": {**HALOGENATED, "quota": {"per_parent": 3}}},
        ["phloretin", "quercitrin"],
        rules={"aromatic_ch": {"quota": {"per_parent": 2}}, "hydroxyl": {}},
        top={"quota": {"per_parent": 9}, "protect": ["[OX2H][CX4]"]},
    ),
    "all sites are protected": Case(
        {"one": HALOGENATED, "ethers": walk(["OME"])},
        ["gallic acid", "octopamine"],
        rules={"aromatic_ch": {"protect": ["[cH]"]}, "hydroxyl": {"rank": ["[CX4][OH]", "c[OH]"]}},
    ),
    "ranks of a product that has more": Case(
        {"two": walk(["halogenation"], 2, within={"mw": [None, 300]})},
        ["octopamine"],
        rules={"aromatic_ch": {"rank": ["[cH]c[F,Cl,Br,I]", "[cH]c[OX2]"]}},
        top={"exclude": ["[F]c[cH]", "[c]([Cl,Br])c[OX2H]"]},
    ),
    "bounds of a parent that grows": Case(
        {"three": walk(["OME", "IODIDE"], 3)},
        ["4-aminosalicylic acid"],
        transforms={
            "IODIDE": {"parents": {"within": {"mw": [None, 200], "tpsa": [60, None]}}, "rank": ACTIVATED},
            "OME": {"within": {"hbd": [2, None]}},
        },
    ),
    "rings that share atoms": Case(
        {"one": HALOGENATED, "two": HALOGENATED},
        ["decalol"],
        rules={"alkyl_ch": {"max_sites": 4}},
        top={"quota": {"per_ring": 1}, "exclude": ["gem_halohydrin"], "within": {"mw": [None, 300]}},
    ),
    "nothing is chosen": Case(
        {"one": HALOGENATED, "two": {"by": ["OME"]}}, ["octopamine", "gallic acid"], rules={"aromatic_ch": {}}
    ),
}


def made(folder: Path, case: Case) -> dict[str, Made]:
    """The libraries of a case, each from the one before."""
    (folder / "mine.smi").write_text("".join(f"{NATURAL[name]} m{at}\n" for at, name in enumerate(case.natural)))
    transforms = [{"name": name, "smirks": text, **case.transforms.get(name, {})} for name, text in TRANSFORMS.items()]
    (folder / "transforms.yaml").write_text(yaml.safe_dump({"transforms": transforms}, sort_keys=False))
    rules = [{"name": name, "smirks": RULES[name], **keys} for name, keys in (case.rules or {"hydroxyl": {}}).items()]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"halogens": ["F", "I"], "rules": rules}, sort_keys=False))
    entries, base = {"mine": {"class": "polyphenol", "path": "mine.smi"}}, "mine"
    for name, entry in case.libraries.items():
        entries[name] = {"from": base, **entry}
        base = name
    settings = {
        "libraries": entries,
        "transforms": "transforms.yaml",
        "halogenation": "rules.yaml",
        "select": {"libraries": [*case.libraries], "transforms": []},
        "exclude": [],
        **case.top,
    }
    return build_libraries(folder, settings, chunks=2)


def expected(case: Case) -> dict[str, tuple[Counter[str], Left, Left]]:
    """{library: its molecules with their routes, molecules and routes that were left out} by RDKit alone."""
    found = {}
    level = [oracle.canonical(NATURAL[name]) for name in case.natural]
    for name, entry in case.libraries.items():
        keys = {key: value for key, value in entry.items() if key not in ("by", "times", "keep_levels")}
        excluded = case.top.get("exclude", [])
        top = {key: value for key, value in case.top.items() if key != "exclude"}
        steps: list[Rule] = []
        for word in entry["by"]:
            made_by = "libraries" if word == "halogenation" else "products"
            own = excluded[made_by] if isinstance(excluded, dict) else excluded
            if word != "halogenation":
                steps.append(Rule(word, TRANSFORMS[word], both(own, case.transforms.get(word, {}))))
                continue
            steps += [
                Rule(f"{rule}:{halogen}", RULES[rule].replace("{X}", halogen), both(own, given))
                for rule, given in case.rules.items()
                for halogen in ("F", "I")
            ]

        def make(smiles: str, steps: list[Rule] = steps, places: Any = (top, keys)) -> choices.Outcome:
            return choices.step(smiles, steps, NAMED, *places)

        times = entry.get("times", 1)
        walked, molecules, routes = choices.walk(level, None if times == "all" else times, make)
        found[name] = sum(walked, Counter()), +molecules, +routes
        level = list(found[name][0])
    return found


def both(excluded: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "exclude": [*excluded, *given.get("exclude", ())]}


def told(made: Made) -> tuple[Left, Left]:
    """Molecules and routes of the account; why a site was not used is not asked."""
    molecules, routes = Counter(), Counter()
    for entry in made.stats.get("left_out", ()):
        withheld = entry["kind"] in ("protect", "rank")
        key = entry["transform"], *(("withheld", "") if withheld else (entry["kind"], entry["name"]))
        molecules[key] += entry["molecules"] or 0
        routes[key] += entry["routes"]
    return +molecules, +routes


@pytest.mark.parametrize("name", few(CASES, 2))
def test_libraries_and_the_account_are_those_of_rdkit_alone(tmp_path: Path, name: str) -> None:
    found, wanted = made(tmp_path, CASES[name]), expected(CASES[name])
    for library, (molecules, *left_out) in wanted.items():
        assert {row["smiles"]: row["n_routes"] for row in found[library].rows} == molecules, library
        assert list(told(found[library])) == left_out, library
