"""A run with libraries made from others: two reactions in sequence, with choices, from the natural product on."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from rdkit import Chem

from helpers import oracle
from helpers.oracle import shipped_transforms
from helpers.runs import OME, rules, snakemake, write_molecules, write_yaml
from helpers.verbs import verb

pytestmark = pytest.mark.long
COCL = "FG_CARBOXYL__COOH__TO__COCl"
SMIRKS = {rule.name: rule.smirks for rule in shipped_transforms()}
NATURAL = {
    "caffeic": "O=C(O)/C=C/c1ccc(O)c(O)c1",
    "ellagic": "O=c1oc2c(O)c(O)cc3c(=O)oc4c(O)c(O)cc1c4c23",
    "glucogallin": "O=C(O[C@@H]1O[C@H](CO)[C@@H](O)[C@H](O)[C@H]1O)c1cc(O)c(O)c(O)c1",
    "chlorogenic": "O=C(/C=C/c1ccc(O)c(O)c1)O[C@@H]1C[C@](O)(C(=O)O)C[C@@H](O)[C@H]1O",
}
SETTINGS: dict[str, Any] = {
    "libraries": {
        "mine": {"class": "polyphenol", "path": "mine.csv"},
        "ethers": {"from": "mine", "by": [OME], "times": "all", "keep_levels": True},
        "chlorides": {"from": "ethers", "by": [COCL], "within": {"mw": [None, 400]}},
        "halogenated": {"from": "chlorides", "by": ["halogenation"], "class": "polyphenol"},
    },
    "select": {"libraries": ["ethers", "chlorides", "halogenated"], "transforms": [COCL]},
    "protect": ["sugars"],
    "chunk": {"products": 20},
    "exports": {"made": {"library": "ethers", "transform": COCL, "format": "csv", "parents": True}},
}


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results"
        rows = [(name, smiles, f"plant {number}") for number, (name, smiles) in enumerate(NATURAL.items())]
        write_molecules(folder / "mine.csv", rows, header=("id", "smiles", "plant"))
        write_yaml(folder / "config.yaml", SETTINGS)
        self.output = snakemake(folder, "--cores", 2)

    def molecules(self, library: str) -> list[dict[str, Any]]:
        return pq.read_table(self.results / f"libraries/library={library}/molecules.parquet").to_pylist()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.results / "catalog.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("sequences"))


def ethers() -> dict[str, set[str]]:
    """{natural product: its partial methyl ethers by RunReactants}."""
    found = {}
    for name, smiles in NATURAL.items():
        level, known = {oracle.canonical(smiles)}, set[str]()
        while level:
            level = {product for each in level for product in oracle.apply(SMIRKS[OME], each).products} - known
            known |= level
        found[name] = known
    return found


def test_the_sequence_is_runreactants_applied_to_what_it_gave(run: Run) -> None:
    expected = ethers()
    assert {row["smiles"] for row in run.molecules("ethers")} == set().union(*expected.values())
    for name, molecules in expected.items():
        assert {row["smiles"] for row in run.molecules("ethers") if row["parent"] == name} == molecules
    chlorides = {
        product for each in expected.values() for one in each for product in oracle.apply(SMIRKS[COCL], one).products
    }
    light = {smiles for smiles in chlorides if oracle.describe(smiles)["mw"] <= 400}
    assert {row["smiles"] for row in run.molecules("chlorides")} == light
    assert 0 < len(light) < len(chlorides)


def test_choices_hold_and_what_they_left_out_is_in_the_audit(run: Run) -> None:
    """No carbon or oxygen of the sugar changed; an acid chloride was asked for, a gem-halohydrin was not."""
    audit = run.query("SELECT library, transform, kind, name, molecules FROM audit")
    assert ("chlorides", COCL, "within", "mw :400") in [row[:4] for row in audit]
    assert ("halogenated", "protect") not in [(row[0], row[2]) for row in audit]  # no sugar is left in the chlorides
    for row in run.molecules("ethers"):
        if row["parent"] == "glucogallin":
            sugar = Chem.MolFromSmarts("OCC1OC(OC=O)C(O)C(O)C1O")
            mol = Chem.MolFromSmiles(row["smiles"])
            (match,) = mol.GetSubstructMatches(sugar)
            assert (
                sum(
                    mol.GetAtomWithIdx(atom).GetTotalNumHs()
                    for atom in match
                    if mol.GetAtomWithIdx(atom).GetSymbol() == "O"
                )
                == 4
            )
    motif = Chem.MolFromSmarts("[F,Cl,Br,I][CX4][OX2H]")
    assert not any(Chem.MolFromSmiles(row["smiles"]).HasSubstructMatch(motif) for row in run.molecules("halogenated"))


def test_lineage_is_in_the_catalog_and_in_exports(run: Run) -> None:
    """Steps, the natural product and its columns, of molecules of each library and of products."""
    rows = run.query("SELECT smiles, parent, plant, steps, k FROM molecules WHERE library = 'chlorides'")
    plants = {name: f"plant {number}" for number, name in enumerate(NATURAL)}
    for smiles, parent, plant, steps, k in rows:
        assert plant == plants[parent]
        assert [each.split("@")[0] for each in steps.split(",")] == [OME] * (k - 1) + [COCL]
        assert smiles
    assert run.query("SELECT count(*) FROM molecules WHERE library = 'mine' AND steps IS NOT NULL") == [(0,)]
    (deep,) = run.query("SELECT min(k), max(k) FROM molecules WHERE library = 'halogenated'")
    assert deep == (3, 4)
    steps = {row["id"]: row["steps"] for row in run.molecules("ethers")}
    of_products = run.query("SELECT parent_id, steps FROM products WHERE library = 'ethers'")
    assert of_products and all(steps[parent] == told for parent, told in of_products)
    with (run.results / "exports/made/made.csv").open() as file:
        exported = list(csv.DictReader(file))
    assert exported and all(steps[row["parent_id"]] == row["steps"] and row["parent"] in NATURAL for row in exported)


def test_what_is_made_stays_and_one_more_step_makes_that_alone(run: Run) -> None:
    assert "Nothing to be done" in snakemake(run.folder, "-n")
    more = {**SETTINGS["libraries"], "esters": {"from": "ethers", "by": ["FG_CARBOXYL__COOH__TO__COOMe"]}}
    select = {"libraries": [*SETTINGS["select"]["libraries"], "esters"], "transforms": [COCL]}
    (run.folder / "more.yaml").write_text(yaml.safe_dump({**SETTINGS, "libraries": more, "select": select}))
    planned = rules(snakemake(run.folder, "-n", "--configfile", run.folder / "more.yaml"))
    assert planned["merge_library"] == planned["halogenate_chunk"] == 1
    verb("verify", run.results)
