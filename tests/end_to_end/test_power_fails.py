"""A loss of power at any moment: what an unsynced disk may then hold is noticed, and the next run makes it right.

The calls of a run are recorded, and a folder is laid out for what a disk may hold after every one of them
(``helpers/crashes.py``). ``--crash-states N`` has the next run finish so many of these; ``make test`` looks at files.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from helpers import samples
from helpers.calls import Calls, built
from helpers.crashes import Disk, State, Tree, distinct, lay_out, states
from helpers.runs import (
    OME,
    REPOSITORY,
    command,
    named_parents,
    shipped,
    snakemake,
    transform,
    write_molecules,
    write_yaml,
)
from helpers.small_run import TIMED

NOT_RESULTS = ("results/logs", "results/benchmarks", "results/monitor", "results/plan", "results/work/scratch")
NOT_KEPT = (".snakemake/", "results/work/scratch/")
SAID = "no crash may leave a file that only looks whole, or a record of a file that is not there: "


def is_result(path: str) -> bool:
    return path.startswith("results/") and not path.startswith(NOT_RESULTS)


def counts(path: str) -> bool:
    return is_result(path) or path.startswith((".snakemake/metadata", ".snakemake/incomplete"))


def look(disk: Disk, state: State, tree: Tree) -> None:
    """Every file under a final name is as it was when it was finished, and a record's files are there as recorded."""
    for path, entry in tree.items():
        if entry is None or path not in disk.renamed or path.endswith(".part") or path.startswith(NOT_KEPT):
            continue  # not ours, a note that grows, or what no other task reads
        assert entry[0] in disk.renamed[path], f"{SAID}{path}"
        if path.endswith(".json") and "checksums" in (record := json.loads(entry[0])):
            for name, seal in record["checksums"].items():
                file = _recorded(path, name)
                found = tree.get(file)
                # Snakemake removes all files of a task before it starts, and notices that one is gone.
                gone = file not in tree and disk.was_removed(file, state.at)
                assert gone or (found is not None and seal.encode() in found[0]), f"{SAID}{path} names {file}"


def _recorded(record: str, name: str) -> str:
    """The path of a file that statistics name: elsewhere in the results, or beside them."""
    if not record.startswith("results/stats/"):
        return name
    kind, *owners = record.removeprefix("results/stats/").removesuffix(".json").split("/")
    folder = "/".join(f"{key}={owner}" for key, owner in zip(("library", "transform"), owners, strict=False))
    return f"results/rejects/{kind}/{folder}/{name}" if name == "rejects.parquet" else f"results/{kind}/{folder}/{name}"


# ---- one process -----------------------------------------------------------------------------------------------------

STAGES = """
import sys
from pathlib import Path
from helpers.runs import named_parents
from helpers.verbs import build_library, run_job
folder = Path(sys.argv[1])
library = build_library(folder, named_parents("polyphenol")[:6])
run_job(folder, library.path, "[c:1][OX2H:2]>>[c:1][O:2]C")
"""


@pytest.mark.sampled
def test_a_record_never_outlives_its_files(tmp_path: Path) -> None:
    """A library and a job by their verbs, then by other molecules once more, in the same folder."""
    folder = tmp_path / "out"
    folder.mkdir()
    calls = Calls(built(tmp_path), folder, tmp_path / "calls")
    place = os.pathsep.join([str(REPOSITORY / "tests"), os.environ.get("PYTHONPATH", "")])
    for script in (STAGES, STAGES.replace("[:6]", "[4:9]")):
        subprocess.run(
            [sys.executable, "-c", script, folder], check=True, env={**calls.environment, "PYTHONPATH": place}
        )
    empty = tmp_path / "empty"
    empty.mkdir()
    disk = Disk(folder, empty, calls.recorded())
    chance = random.Random(samples.SEED)
    every = list(states(disk, lambda path: True, chance))
    chosen = distinct(disk, chance.sample(every, min(len(every), samples.size(250, 20_000))), lambda path: True)
    assert len(chosen) > samples.size(120, 1_000)
    for state, tree in chosen:
        look(disk, state, tree)


# ---- a whole run -----------------------------------------------------------------------------------------------------


def settle(folder: Path, round_: int, time: int) -> Path:
    """Write the configuration of the first or the second run, dated before its first call; return its path."""
    folder.mkdir(exist_ok=True)
    write_molecules(folder / "mine.csv", [*named_parents("polyphenol")[round_ : round_ + 4], ("slip", "CCCC(=O)(=O)O")])
    ether = transform(OME, "[c:1][OX2H:2]>>[c:1][O:2]CC", ["polyphenol"], "Oc1ccccc1", "CCOc1ccccc1")
    write_yaml(folder / "transforms.yaml", {"transforms": [ether if round_ else shipped(OME, "polyphenol")]})
    settings = {
        "libraries": {"mine": {"class": "polyphenol", "path": str(folder / "mine.csv")}},
        "transforms": str(folder / "transforms.yaml"),
        "select": {"libraries": ["mine"]},
        "chunk": {"products": 100},
        "exports": {"some": {"library": "mine", "format": "smi", "split": 6}},
    }
    config = write_yaml(folder / "config.yaml", settings)
    for path in folder.iterdir():
        os.utime(path, ns=(time, time))
    return config


def made(folder: Path) -> dict[str, object]:
    """All that a run has made, to compare, without times and memory."""
    results = folder / "results"
    found: dict[str, object] = {
        str(path.relative_to(results)): pq.read_table(path, partitioning=None)
        for path in results.rglob("*.parquet")
        if path.name != "monitor.parquet" and "work" not in path.parts
    }
    found |= {path.name: path.read_bytes() for path in results.glob("exports/*/*") if path.suffix != ".json"}
    with (results / "summary.tsv").open() as file:
        found["summary"] = [
            {name: value for name, value in row.items() if name not in (*TIMED, "bytes")}
            for row in csv.DictReader(file, delimiter="\t")
        ]
    assert (results / "report.html").read_text().rstrip().endswith("</html>")
    return found


@pytest.mark.long
def test_the_next_run_makes_right_what_a_loss_of_power_left(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """A run, and one with another input and other settings in the same folder, cut off at any call."""
    run, settings = tmp_path / "run", tmp_path / "settings"
    run.mkdir()
    calls = Calls(built(tmp_path), run, tmp_path / "calls")
    expected, lengths = [], [0]
    for round_ in range(2):
        config = settle(settings, round_, 10**18 + round_)
        words, how = command(run, "--cores", 2, "--configfile", config)
        subprocess.run(words, check=True, **{**how, "env": calls.environment})
        expected.append(made(run))
        lengths.append(sum(1 for _ in calls.recorded()))
    recorded = list(calls.recorded())
    (tmp_path / "empty").mkdir()
    disk = Disk(run, tmp_path / "empty", recorded)
    chance = random.Random(samples.SEED)
    wanted = pytestconfig.getoption("--crash-states")
    every = list(states(disk, is_result, chance))
    chosen = distinct(disk, chance.sample(every, min(len(every), max(2_000, 4 * wanted))), counts)
    assert len(chosen) >= 500
    for state, tree in chosen:
        look(disk, state, tree)
    for state, tree in chance.sample(chosen, wanted):
        round_ = int(state.at > lengths[1])
        config = settle(settings, round_, recorded[lengths[round_]].time - 10**9)
        shutil.rmtree(run)
        run.mkdir()
        lay_out(tree, run)
        snakemake(run, "--cores", 2, "--configfile", config)
        assert made(run) == expected[round_], state
        assert not list((run / "results").rglob("*.tmp.*")), state
