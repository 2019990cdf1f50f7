"""Killed at any moment, a run leaves no half file and goes on when it is started again, with no flag."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from property import oracle
from property.oracle import shipped_halogenation
from workflow.flow import OME, command, named_parents, snakemake, tasks, write_molecules, write_yaml


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that takes some seconds: fluorinated polyphenols."""
    folder = tmp_path_factory.mktemp("settings")
    rules = [rule.smirks for rule in shipped_halogenation("polyphenol") if rule.name.startswith("aromatic_ch")]
    found = dict.fromkeys(
        product for _, smiles in named_parents("polyphenol") for product in oracle.apply(rules, smiles).products
    )
    write_molecules(folder / "mine.csv", [(f"m{number}", smiles) for number, smiles in enumerate(found)][::2])
    write_yaml(
        folder / "config.yaml",
        {
            "libraries": {"mine": {"class": "polyphenol", "path": str(folder / "mine.csv")}},
            "select": {"libraries": ["mine"], "transforms": [OME]},
            "chunk": {"products": 300},
            "identifiers": ["inchikey"],  # half a millisecond a product
        },
    )
    return folder


@pytest.fixture(scope="module")
def undisturbed(settings: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    folder = tmp_path_factory.mktemp("undisturbed")
    snakemake(folder, "--cores", 2, "--configfile", settings / "config.yaml")
    return products(folder)


def products(folder: Path) -> pa.Table:
    path = folder / f"results/products/library=mine/transform={OME}/products.parquet"
    return pq.read_table(path, partitioning=None)


def start(folder: Path, settings: Path) -> subprocess.Popen[str]:
    """Start Snakemake in a process group of its own."""
    words, how = command(folder, "--cores", 2, "--configfile", settings / "config.yaml")
    return subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **how)


def wait_for_worker(run: subprocess.Popen[str], verb: str) -> psutil.Process:
    """Return a worker of the verb as soon as it writes its output."""
    parent = psutil.Process(run.pid)
    while run.poll() is None:
        for process in parent.children(recursive=True):
            try:
                words = process.cmdline()
                if verb in words and "-m" in words and Path(words[0]).name.startswith("python"):
                    out = Path(process.cwd(), words[words.index("--out") + 1])
                    if list(out.parent.glob(f"{out.name}.tmp.{process.pid}")):
                        return process
            except psutil.Error:
                continue
        time.sleep(0.005)
    raise AssertionError(f"the run ended before a worker of {verb} was seen writing")


def no_half_file(folder: Path) -> None:
    """Every file under its final name can be read."""
    for path in (folder / "results").rglob("*.parquet"):
        pq.read_metadata(path)


@pytest.fixture(scope="module")
def after_a_killed_worker(settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that lost a worker in mid-chunk and was then started again."""
    folder = tmp_path_factory.mktemp("worker")
    run = start(folder, settings)
    wait_for_worker(run, "transform-chunk").kill()
    no_half_file(folder)
    run.wait(120)
    snakemake(folder, "--cores", 2, "--configfile", settings / "config.yaml")
    return folder


def test_a_killed_worker_costs_its_task_only(after_a_killed_worker: Path, undisturbed: pa.Table) -> None:
    assert products(after_a_killed_worker) == undisturbed


def test_a_killed_worker_leaves_no_litter(after_a_killed_worker: Path) -> None:
    assert [path for path in (after_a_killed_worker / "results").rglob("*.tmp.*") if path.is_file()] == []


def test_a_killed_run_is_taken_up(settings: Path, undisturbed: pa.Table, tmp_path: Path) -> None:
    """Snakemake leaves its lock, its marks of incomplete files, and workers that write on."""
    run = start(tmp_path, settings)
    wait_for_worker(run, "transform-chunk")
    run.kill()
    run.wait(60)
    no_half_file(tmp_path)
    output = snakemake(tmp_path, "--cores", 2, "--configfile", settings / "config.yaml")
    assert "Merging library mine" not in tasks(output)
    assert f"Merging {OME} on mine" in tasks(output)
    no_half_file(tmp_path)
    assert products(tmp_path) == undisturbed
