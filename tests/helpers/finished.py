"""One small finished run, made once for all tests of a session, on whatever worker of pytest-xdist they are."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from helpers.runs import COOME, OME, REPOSITORY, named_parents, shipped, snakemake, write_molecules, write_yaml

TRANSFORMS = [shipped(OME, "polyphenol", "other"), shipped(COOME, "polyphenol")]
JOBS = {("mine", OME), ("mine", COOME), ("other-1X", OME)}
PHENOLS = named_parents("polyphenol")[:18]
SALT = ("salt", "[Na+].O=C([O-])c1ccccc1O")
BAD = [("unclosed", "C1CC("), (None, ""), ("pentavalent", "CC(C)(C)(C)C"), ("again", PHENOLS[0][1])]
ROWS = [*PHENOLS, *BAD, SALT]


def lay_out(folder: Path) -> Path:
    """A library with bad rows and a built one, in chunks of few products, and all files that they need."""
    write_molecules(folder / "mine.csv", ROWS)
    write_molecules(folder / "other.smi", named_parents("other")[3:5], header=None)
    write_yaml(folder / "transforms.yaml", {"transforms": TRANSFORMS})
    halogenation = yaml.safe_load((REPOSITORY / "configs" / "halogenation.yaml").read_text())
    halogenation["rules"] = [rule for rule in halogenation["rules"] if rule["name"] == "aromatic_ch"]
    write_yaml(folder / "halogenation.yaml", {**halogenation, "halogens": ["F", "I"]})
    return write_yaml(
        folder / "config.yaml",
        {
            "parents": {"other": "other.smi"},
            "libraries": {"mine": {"class": "polyphenol", "path": "mine.csv"}, "other-1X": {"class": "other", "k": 1}},
            "transforms": "transforms.yaml",
            "halogenation": "halogenation.yaml",
            "select": {"libraries": ["mine", "other-1X"]},
            "chunk": {"products": 20},
        },
    )


@dataclass(frozen=True)
class Finished:
    """The run: its folder, which no test may change, its plan while the folder was empty, and what it printed."""

    folder: Path

    @property
    def plan(self) -> str:
        return (self.folder / "plan.txt").read_text()

    @property
    def output(self) -> str:
        return (self.folder / "output.txt").read_text()

    def copy(self, folder: Path) -> Path:
        """A copy for a test, which is as finished as the run itself."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return folder


def finished_run(factory: pytest.TempPathFactory, worker: str) -> Finished:
    """Make the run, unless another worker of this session has made it or is about to."""
    place = factory.getbasetemp() if worker == "master" else factory.getbasetemp().parent
    folder = place / "finished"
    with (place / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "output.txt").exists():
            folder.mkdir()
            lay_out(folder)
            (folder / "plan.txt").write_text(snakemake(folder, "-n"))
            assert not (folder / "results").exists()
            (folder / "output.txt").write_text(snakemake(folder, "--cores", 2))
    return Finished(folder)
