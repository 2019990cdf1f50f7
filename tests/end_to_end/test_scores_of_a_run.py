"""A run with score columns: in the tables, the views and an export, with their memory declared, and made once."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from rdkit.Chem import QED, Lipinski, MolFromSmiles

from helpers.exports import rows
from helpers.runs import OME, snakemake, write_yaml

pytestmark = pytest.mark.long
NATURAL = {"thymol": "Cc1ccc(C(C)C)c(O)c1", "vanillin": "COc1cc(C=O)ccc1O"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scores")
    (made / "mine.smi").write_text("".join(f"{smiles} {name}\n" for name, smiles in NATURAL.items()))
    settings = {
        "parents": {"mine": str(made / "mine.smi")},
        "scores": ["fsp3"],
        "libraries": {"mine-1X": {"class": "polyphenol", "parents": "mine", "k": 1, "scores": ["qed", "sa_score"]}},
        "select": {"libraries": ["mine-1X"], "transforms": [OME]},
        "exports": {"easy": {"library": "mine-1X", "format": "csv", "qed": [0.6, None], "flag": ["qed"]}},
    }
    write_yaml(made / "config.yaml", settings)
    snakemake(made, "--cores", 2, "--configfile", made / "config.yaml")
    return made


def test_tables_views_and_export_have_the_scores(folder: Path) -> None:
    products = pq.read_table(folder / f"results/products/library=mine-1X/transform={OME}/products.parquet").to_pylist()
    assert products
    for row in products:
        mol = MolFromSmiles(row["smiles"])
        assert row["qed"] == pytest.approx(QED.qed(mol), abs=1e-6)
        assert row["fsp3"] == pytest.approx(Lipinski.FractionCSP3(mol), abs=1e-6)
    with duckdb.connect(str(folder / "results/catalog.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "SELECT library, count(fsp3), count(qed), count(*) FROM molecules GROUP BY 1"
        ).fetchall()
        counts = {library: figures for library, *figures in found}
        assert connection.execute("SELECT count(*) FROM products WHERE qed > 0 AND sa_score >= 1").fetchall() == [
            (len(products),)
        ]
    assert counts["mine-0X"] == [2, 0, 2] and len(set(counts["mine-1X"])) == 1
    exported = rows([folder / "results/exports/easy/easy.csv"])
    assert {row["smiles"] for row in exported} == {row["smiles"] for row in products if row["qed"] >= 0.6}


def test_their_memory_is_declared_and_they_are_made_once(folder: Path) -> None:
    with (folder / "results/summary.tsv").open() as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert int(row["chunks"]) == 1 and int(row["declared_mb"]) > 500 > int(row["peak_mb"])
    again = snakemake(folder, "--cores", 2, "--configfile", folder / "config.yaml", "-n")
    assert "Nothing to be done" in again
