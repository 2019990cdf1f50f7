"""A small run whose tasks are containers, and what it is compared with."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from helpers.runs import COOME, snakemake
from helpers.samples import SAFETY_NET
from helpers.stand_in import Service
from helpers.store import Store

IMAGE = "registry.example.org/halogenator:1.0"
SETTINGS = {
    "libraries": {"lipids": {"class": "lipid", "path": "s3://inputs/lipids.csv"}},
    "select": {"libraries": ["lipids"], "transforms": [COOME]},
    "exports": {"esters": {"library": "lipids", "format": "csv"}},
}
CSV = "smiles,name\nCCCCCC(=O)O,hexanoic acid\nOC(=O)CCCC(=O)O,glutaric acid\n"
TASKS = ["read_library", "standardize_chunk", "merge_library", "merge_products"]  # the job is small: no chunk tasks
EXPORT = "results/exports/esters/esters.csv"
PRODUCTS = f"products/library=lipids/transform={COOME}/products.parquet"


def rule_of(command: str) -> str:
    """The rule of the task that a container's command makes."""
    (rule,) = re.findall(r"--target-jobs '(\w+):", command)
    return str(rule)


def run(profile: str, service: Service, checkout: Path, environment: dict[str, str], *flags: str, fails: bool) -> str:
    """Make the job's products below ``s3://results/run``, and an export of them here; return the output."""
    words = [sys.executable, "-m", "snakemake", "--profile", f"profiles/{profile}", "--configfile", "config.yaml"]
    words += ["--default-storage-prefix", "s3://results/run", "--container-image", IMAGE]
    words += ["--seconds-between-status-checks", "1", "--retries", "0", "--jobs", "2", *flags]
    variables = {**environment, **service.variables}
    how = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": SAFETY_NET}
    done = subprocess.run(words, cwd=checkout, env=variables, **how)
    logs = "".join(path.read_text()[-1500:] for path in sorted(service.folder.glob("*.log"))[-1:])
    assert (done.returncode != 0) == fails, done.stdout[-4000:] + logs
    return done.stdout


def assert_made_as_here(store: Store, checkout: Path, folder: Path) -> None:
    """Compare products and export with those of a run on this machine, and see that no chunk is left in the store."""
    made = folder / "products.parquet"
    made.write_bytes(store.read("results", f"run/results/{PRODUCTS}"))
    local = folder / "local"
    local.mkdir()
    (local / "lipids.csv").write_text(CSV)
    settings = {**SETTINGS, "libraries": {"lipids": {"class": "lipid", "path": "lipids.csv"}}}
    (local / "config.yaml").write_text(yaml.safe_dump(settings))
    snakemake(local, "--cores", 2, f"results/{PRODUCTS}", "exports")
    assert pq.read_table(made).equals(pq.read_table(local / "results" / PRODUCTS, partitioning=None))
    assert (checkout / EXPORT).read_bytes() == (local / EXPORT).read_bytes()
    assert not [key for key in store.objects("results") if "/work/" in key]
