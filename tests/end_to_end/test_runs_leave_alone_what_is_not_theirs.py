"""A run, and what Snakemake deletes, touch nothing that is not of this program."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from helpers.finished import Finished, lay_out
from helpers.runs import OME, snakemake

MINE = b"three years of work"


def put(folder: Path, *names: str) -> dict[Path, bytes]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(MINE)
    return contents(folder)


def contents(folder: Path) -> dict[Path, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".snakemake" not in path.parts)
    return {path: path.read_bytes() for path in found}


@pytest.mark.parametrize("flag", ["--cores", pytest.param("--delete-all-output", marks=pytest.mark.long)])
def test_a_results_folder_of_somebody_else(tmp_path: Path, flag: str) -> None:
    lay_out(tmp_path)
    mine = tmp_path / "mine"
    before = put(tmp_path, "mine/work/scratch/thesis.txt", "mine/work/notes.txt", "mine/summary.tsv")
    (tmp_path / "results").symlink_to(mine)
    said = snakemake(tmp_path, *(("--cores", 1) if flag == "--cores" else (flag,)), fails=True)
    assert "did not make" in said and "Traceback" not in said
    assert contents(tmp_path) == before


@pytest.mark.long
def test_what_somebody_keeps_among_results(finished: Finished, tmp_path: Path) -> None:
    """Also where tasks have their temporary files, and in the folders that links stand for."""
    folder = finished.copy(tmp_path / "run")
    names = [f"results/{name}" for name in ("notes.txt", "work/notes.txt", "work/scratch/notes.txt")]
    names += [f"results/work/products/mine/{OME}/notes.txt", f"results/products/library=mine/transform={OME}/notes.txt"]
    names += [".snakemake/halogenator.tasks/notes.txt"]
    put(folder, *names)
    home = tmp_path / "home"
    put(home, "duckdb-abcdefgh/thesis.txt", "thesis.txt")
    (folder / "results/work/scratch/duckdb-abcdefgh").symlink_to(home)
    for name in names:
        os.utime(folder / name, (time.time() + 90_000,) * 2)
    (folder / "results/work/scratch/duckdb-01234567").mkdir()
    when = (folder / "results/notes.txt").stat().st_mtime_ns
    product = f"results/products/library=mine/transform={OME}/products.parquet"
    snakemake(folder, product, "--cores", 2, "--forcerun", "transform_chunk")
    assert not (folder / "results/work/scratch/duckdb-01234567").exists()
    snakemake(folder, "--delete-all-output")
    assert not list(folder.rglob("products.parquet"))
    assert all((folder / name).read_bytes() == MINE for name in names)
    assert (folder / "results/notes.txt").stat().st_mtime_ns == when
    assert len(contents(home)) == 2
