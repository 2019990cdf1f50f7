"""Results that another RDKit made: plan and run say so before they make others beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdkit

from halogenator.results import Results
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, table_writer
from helpers.finished import Finished
from helpers.runs import COOME, OME, snakemake

EARLIER = "2019.03.1"


def as_of(version: str, path: Path) -> None:
    """Make a file what another RDKit would have made, as far as its metadata tell."""
    table = open_parquet(path).read()
    with table_writer(path, table.schema, {**read_metadata(path), "rdkit_version": version}) as writer:
        writer.copy(table.to_batches())


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Path:
    return finished.copy(tmp_path)


def note(output: str) -> str:
    return " ".join(" ".join(line.split()) for line in output.splitlines() if "RDKit" in line or "pip install" in line)


def test_nothing_is_said_of_results_of_this_one(folder: Path) -> None:
    assert "made by RDKit" not in snakemake(folder, "-n")


def test_what_stays_and_what_is_made_anew_is_told_apart(folder: Path) -> None:
    results = Results(folder / "results")
    as_of(EARLIER, results.products("mine", OME))
    as_of(EARLIER, results.products("mine", COOME))
    products = results.products("mine", COOME).relative_to(folder)
    said = note(snakemake(folder, "-n", products, "--forcerun", "merge_products"))
    assert f"2 results here were made by RDKit {EARLIER}, and this is RDKit {rdkit.__version__}" in said
    assert "1 of them this run makes anew; 1 stay as they are" in said and f"rdkit=={EARLIER}" in said
