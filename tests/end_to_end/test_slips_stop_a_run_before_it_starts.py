"""What is wrong with a configuration or an input file is said before the first job, once, and to the point."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.runs import OME, snakemake, tasks, transform, write_yaml
from helpers.samples import few

PHENOLS = "id,smiles\nphenol,Oc1ccccc1\ncatechol,Oc1ccccc1O\n"
MINE = {"libraries": {"mine": {"class": "polyphenol", "path": "mine.csv"}}, "select": {"libraries": ["mine"]}}
CASES: dict[str, tuple[dict[str, object], list[str]]] = {
    "unknown key": ({"memroy": {"cap_mb": 9000}}, ["config.yaml, line 8: memroy", "did you mean 'memory'?"]),
    "unknown transform": (
        {"select": {"libraries": ["mine"], "transforms": [OME + "e"]}},
        ["config.yaml, line ", "select.transforms", f"'{OME}e'", f"did you mean '{OME}'?"],
    ),
    "missing library": (
        {"libraries": {"mine": {"class": "polyphenol", "path": "mien.csv"}}},
        ["config.yaml, line 4: libraries.mine.path", "'mien.csv'", "did you mean 'mine.csv'?"],
    ),
    "truncated Parquet": (
        {"libraries": {"mine": {"class": "polyphenol", "path": "broken.parquet"}}},
        ["config.yaml, line 4: libraries.mine.path", "broken.parquet", "Parquet"],
    ),
    "no SMILES column": (
        {"libraries": {"mine": {"class": "polyphenol", "path": "columns.csv"}}},
        ["columns.csv", "SMILES column", "molecule_text", "smiles_column"],
    ),
    "failing example": (
        {"transforms": "transforms.yaml"},
        ["transforms.yaml, line 9", "example 1 of 'WRONG'", "CCOc1ccccc1", "COc1ccccc1"],
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.csv").write_text(PHENOLS)
    (tmp_path / "columns.csv").write_text(PHENOLS.replace("smiles", "molecule_text").replace("id", "key"))
    pq.write_table(pa.table({"smiles": ["CCO"] * 10_000}), tmp_path / "whole.parquet")
    (tmp_path / "broken.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:-100])
    wrong = transform("WRONG", "[c:1][OX2H:2]>>[c:1][O:2]CC", ["polyphenol"], "Oc1ccccc1", "COc1ccccc1")
    write_yaml(tmp_path / "transforms.yaml", {"transforms": [wrong]})
    return tmp_path


@pytest.mark.parametrize("case", few(CASES, 1))
def test_a_slip_stops_the_run_before_its_first_job(folder: Path, case: str) -> None:
    changes, words = CASES[case]
    write_yaml(folder / "config.yaml", {**MINE, **changes})
    before = sorted(folder.iterdir())
    for flags in [("-n",), ("--cores", 1)][case != "unknown key" :]:
        output = snakemake(folder, *flags, fails=True)
        assert [word for word in words if word not in output] == [], output
        assert "where:" in output and "fix:" in output
        assert "Traceback" not in output
        assert tasks(output) == []
    assert [path for path in sorted(folder.iterdir()) if path.name != ".snakemake"] == before


def test_a_library_without_one_usable_row(folder: Path) -> None:
    """Its first rows are looked at before anything runs: nothing is started, and nothing stands for a result."""
    (folder / "mine.csv").write_text("id,smiles\na,C1CC(\nb,CC(C)(C)(C)C\n")
    write_yaml(folder / "config.yaml", MINE)
    output = snakemake(folder, "--cores", 1, "--retries", 0, fails=True)
    assert "none of the first 2 rows has a molecule that can be read from column 'smiles'" in output
    assert "where:" in output and "fix:" in output and "Traceback" not in output
    assert tasks(output) == []
    assert list(folder.rglob("molecules.parquet")) == []
