"""A run with choices beside one without: what was made and what was left out are together all that can be made."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from rdkit import Chem

from helpers.runs import OME, snakemake, write_yaml

pytestmark = pytest.mark.long
ACID_CHLORIDE = "FG_CARBOXYL__COOH__TO__COCl"
NATURAL = {
    "menthol": "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
    "hydroxycineole": "CC1(C)OC2CCC1CC2O",
    "gallic-acid": "O=C(O)c1cc(O)c(O)c(O)c1",
    "syringic-acid": "COc1cc(C(=O)O)cc(OC)c1O",
    "veratric-acid": "COc1ccc(C(=O)O)cc1OC",
}
NOT_ISOLABLE = {"gem_halohydrin": "[F,Cl,Br,I][CX4][OX2H]", "alpha_halo_ether": "[Cl,Br,I][CX4][OX2][CX4,c]"}
ACID = "[OX2H]C(=O)c1ccc(OC)c(OC)c1"  # veratric acid, whose sites all give different molecules
CHOICES = {
    "exclude": {"libraries": list(NOT_ISOLABLE), "products": ["[CH3]Oc1ccccc1[F]"]},
    "libraries": {"mine-1X": {"exclude": ["anhydride_by_itself"], "within": {"mw": [None, 300]}, "protect": [ACID]}},
}


class Made:
    """A finished run."""

    def __init__(self, folder: Path, choices: dict[str, Any]) -> None:
        folder.mkdir()
        self.results = folder / "results"
        (folder / "mine.smi").write_text("".join(f"{smiles} {name}\n" for name, smiles in NATURAL.items()))
        own = choices.get("libraries", {}).get("mine-1X", {})
        levels = {f"mine-{k}X": {"class": "polyphenol", "parents": "mine", "k": k} for k in (1, 2)}
        settings = {
            "parents": {"mine": str(folder / "mine.smi")},
            "libraries": {name: {**entry, **own} for name, entry in levels.items()},
            "select": {"libraries": list(levels), "transforms": [OME, ACID_CHLORIDE]},
            "chunk": {"products": 60},
            **({"exclude": choices["exclude"]} if choices else {}),
        }
        self.output = snakemake(folder, "--cores", 2, "--configfile", write_yaml(folder / "config.yaml", settings))

    def molecules(self, library: str) -> list[dict[str, Any]]:
        return pq.read_table(self.results / f"libraries/library={library}/molecules.parquet").to_pylist()

    def products(self, library: str, transform: str) -> list[dict[str, Any]]:
        path = self.results / f"products/library={library}/transform={transform}/products.parquet"
        return pq.read_table(path, partitioning=None).to_pylist()

    def audit(self) -> list[dict[str, str]]:
        with (self.results / "audit.tsv").open() as file:
            return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("every") / "run", {})


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("chosen") / "run", CHOICES)


def routes(rows: list[dict[str, Any]]) -> int:
    return sum(int(row["routes" if "routes" in row else "n_routes"]) for row in rows)


def test_nothing_that_was_excluded_is_left(chosen: Made) -> None:
    for library in ("mine-1X", "mine-2X"):
        for row in chosen.molecules(library):
            for smarts in NOT_ISOLABLE.values():
                assert not Chem.MolFromSmiles(row["smiles"]).HasSubstructMatch(Chem.MolFromSmarts(smarts)), row


def test_a_library_and_what_was_left_out_are_all_routes(every: Made, chosen: Made) -> None:
    """Of level 1, whose parents are the same in both runs."""
    out = [row for row in chosen.audit() if row["library"] == "mine-1X" and row["made"] == "molecules"]
    assert {row["name"] for row in out} == {*NOT_ISOLABLE, "mw :300", ACID}
    assert {row["kind"] for row in out if not row["molecules"]} == {"protect"}
    assert routes(chosen.molecules("mine-1X")) + routes(out) == routes(every.molecules("mine-1X"))
    kept, all_of_them = ({row["smiles"] for row in run.molecules("mine-1X")} for run in (chosen, every))
    assert kept < all_of_them and len(all_of_them - kept) == sum(int(row["molecules"] or row["routes"]) for row in out)


def test_a_job_and_what_was_left_out_are_all_routes(every: Made, chosen: Made) -> None:
    """Each transform on all molecules that both runs have."""
    parents = {row["smiles"] for row in chosen.molecules("mine-1X")}
    for transform in (OME, ACID_CHLORIDE):
        smiles = {row["id"]: row["smiles"] for row in every.molecules("mine-1X")}
        assert parents <= set(smiles.values())
        out = [row for row in chosen.audit() if (row["library"], row["transform"]) == ("mine-1X", transform)]
        made = chosen.products("mine-1X", transform)
        common = [row for row in every.products("mine-1X", transform) if smiles[row["parent_id"]] in parents]
        assert out and routes(made) + routes(out) == routes(common)


def test_examples_in_the_table_are_products_of_their_parents(every: Made, chosen: Made) -> None:
    known = {row["smiles"] for k in (1, 2) for row in every.molecules(f"mine-{k}X")} | set(NATURAL.values())
    for row in chosen.audit():
        for pair in row["examples"].split():
            parent, _, product = pair.partition(">>")
            assert Chem.CanonSmiles(parent) in known or row["made"] == "products"
            assert Chem.MolFromSmiles(product) and bool(product) == (row["kind"] != "protect")


def test_statistics_view_table_and_report_agree(chosen: Made) -> None:
    counted = Counter({(row["library"], row["transform"], row["name"]): int(row["routes"]) for row in chosen.audit()})
    with duckdb.connect(str(chosen.results / "catalog.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT library, transform, name, routes FROM audit").fetchall()
    assert counted == Counter({row[:3]: row[3] for row in rows})
    page = (chosen.results / "report.html").read_text()
    assert "Left out by choice" in page and "anhydride_by_itself" in page
    assert yaml.safe_load((chosen.results.parent / "config.yaml").read_text())["exclude"] == CHOICES["exclude"]


def test_without_a_choice_nothing_is_said_of_one(every: Made) -> None:
    assert every.audit() == []
    assert "Left out by choice" not in (every.results / "report.html").read_text()
