"""A small run to disturb: its settings, its tasks while it runs, and all that it must have made in the end."""

from __future__ import annotations

import csv
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq

from helpers import oracle
from helpers.oracle import shipped_halogenation
from helpers.planned import Plan, Planned
from helpers.runs import OME, command, named_parents, snakemake, write_molecules, write_yaml

JOB = f"library=mine/transform={OME}"
PRODUCTS = f"results/products/{JOB}/products.parquet"
CHUNKS = f"results/work/products/mine/{OME}"
BAD = [("slip", "CCCC(=O)(=O)O"), ("again", "O=C(O)c1cc(O)c(O)c(O)c1F")]
TIMED = ("seconds", "cpu_seconds", "peak_mb", "declared_mb", "peak_of_declared")


def lay_out(folder: Path, *, every: int = 2, products: int = 300) -> Path:
    """Write a configuration that takes some seconds, on one in ``every`` fluorinated polyphenols; return its path."""
    rules = [rule.smirks for rule in shipped_halogenation("polyphenol") if rule.name.startswith("aromatic_ch")]
    found = dict.fromkeys(
        product for _, smiles in named_parents("polyphenol") for product in oracle.apply(rules, smiles).products
    )
    rows = [(f"m{number}", smiles) for number, smiles in enumerate(found)][::every]
    write_molecules(folder / "mine.csv", [*rows, *BAD, BAD[1]])
    return write_yaml(
        folder / "config.yaml",
        {
            "libraries": {"mine": {"class": "polyphenol", "path": str(folder / "mine.csv")}},
            "select": {"libraries": ["mine"], "transforms": [OME]},
            "chunk": {"products": products},
            "identifiers": ["inchikey"],  # half a millisecond a product
        },
    )


class Run:
    """A folder and the configuration that is run in it."""

    def __init__(self, folder: Path, config: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = config

    def finish(self, *flags: object, fails: bool = False, **how: object) -> str:
        """Run Snakemake as a user does, with no flag for what happened before, and return what it printed."""
        words = ("--cores", 2, *flags, "--configfile", self.config)
        return snakemake(self.folder, *words, fails=fails, **how)

    def start(self, *planned: Planned, **how: object) -> subprocess.Popen[str]:
        """Start Snakemake in a session of its own, with what is to happen in its tasks."""
        words, settings = command(self.folder, "--cores", 2, "--configfile", self.config)
        self.plan = Plan(self.folder, planned)
        if planned:
            settings["env"] = {**settings["env"], **self.plan.variables}
        log = (self.folder / "output.txt").open("w")
        return subprocess.Popen(words, start_new_session=True, stdout=log, stderr=log, **settings, **how)

    @property
    def output(self) -> str:
        """What the run last started has printed so far."""
        return (self.folder / "output.txt").read_text()

    def tables(self) -> dict[str, object]:
        """All that the run has made, to compare: every table, and the summary without times and memory."""
        results = self.folder / "results"
        found: dict[str, object] = {
            str(path.relative_to(results)): pq.read_table(path, partitioning=None)
            for path in results.rglob("*.parquet")
            if path.name != "monitor.parquet"
        }
        with (results / "summary.tsv").open() as file:
            found["summary"] = [
                {name: value for name, value in row.items() if name not in TIMED}
                for row in csv.DictReader(file, delimiter="\t")
            ]
        return found

    def no_half_file(self) -> None:
        """Every file under its final name can be read to its end."""
        for folder, _, names in os.walk(self.folder / "results"):
            for name in names:
                if name.endswith(".parquet"):
                    with suppress(FileNotFoundError):  # a task that lives on removes what is temporary, its folders too
                        pq.read_table(Path(folder, name), partitioning=None)

    def no_litter(self) -> None:
        """Nothing temporary is left, under whatever name."""
        results = self.folder / "results"
        left = [path for path in results.rglob("*") if path.is_file() and ".tmp" in path.name]
        left += [path for path in (results / "work").rglob("*") if path.is_file()]
        assert left == []


def same(found: dict[str, object], expected: dict[str, object]) -> None:
    """Two runs made the same, row for row."""
    assert found.keys() == expected.keys()
    for name, table in expected.items():
        assert found[name] == table, name
    assert expected["rejects/libraries/library=mine/rejects.parquet"].num_rows == len(BAD) + 1
