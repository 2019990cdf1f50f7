"""A run on a real Slurm of two nodes: the whole of it, and what may happen to it.

Nothing is timed. A test waits until what it is about to disturb is there, and asks afterwards what became of it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from helpers.planned import Planned, wait_until
from helpers.runs import OME, named_parents, rules, write_molecules, write_yaml
from helpers.samples import SAFETY_NET
from helpers.slurm import Machine, OnSlurm, node_of, node_state, state, task
from helpers.small_run import CHUNKS, Run, same

ALONE = ("--group-components", "chunks_{library}_{transform}=1")
# What each rule's tasks have, in MB: as declared, and 600 for Snakemake. Chunks of transforms share allocations.
MEMORY = dict.fromkeys(["read_library", "standardize_chunk", "halogenate_chunk", "find_library_duplicates"], 1100)
MEMORY |= dict.fromkeys(["merge_library", "find_duplicates", "merge_products", "report"], 1100) | {"export": 1600}
HELD = [Planned("transform-chunk", when="at its start")]
GROUP = f"chunks_mine_{OME}_transform_chunk"
ELSEWHERE = {"transform_chunk", "summarize", "catalog", "all"}  # in a group, or on this machine


@pytest.fixture(scope="module")
def every_rule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of two libraries, one deeper than the other: a task of each rule but that for large files."""
    folder = tmp_path_factory.mktemp("every-rule")
    write_molecules(folder / "polyphenol.smi", named_parents("polyphenol")[:2], header=None)
    write_molecules(folder / "mine.csv", [*named_parents("polyphenol")[2:], ("slip", "C1CC(")])
    return write_yaml(
        folder / "config.yaml",
        {
            "parents": {"polyphenol": str(folder / "polyphenol.smi")},
            "libraries": {
                "polyphenol-1X": {"class": "polyphenol", "k": 1},
                "mine": {"class": "polyphenol", "path": str(folder / "mine.csv")},
            },
            "select": {"libraries": ["polyphenol-1X", "mine"], "transforms": [OME]},
            "chunk": {"products": 73, "merge_rows": 70},
            "exports": {"all": {"library": "all", "format": "csv"}},
        },
    )


def test_a_run_is_that_of_one_machine(machine: Machine, tmp_path: Path, every_rule: Path) -> None:
    run, local = OnSlurm(tmp_path / "slurm", every_rule), Run(tmp_path / "local", every_rule)
    local.finish()
    assert "up to 800 tasks at once" in run.complete("-n")
    assert rules(run.complete()).keys() == MEMORY.keys() | ELSEWHERE
    assert run.tables() == local.tables()
    run.no_litter()
    assert not (run.folder / "results" / "monitor.parquet").exists()

    asked = [state(number) for number in run.slurm_jobs()]
    longer = [task(job) for job in asked if job["TimeLimit"] != "00:16:00"]
    assert set(longer) <= {"merge_products"}  # of a job that has no chunk tasks
    groups = [job for job in asked if task(job).startswith("chunks_")]
    assert {task(job) for job in asked if job not in groups} == MEMORY.keys()
    for job in asked:
        memory, processors = int(re.search(r"mem=(\d+)M", job["TRES"])[1]), int(job["NumCPUs"])
        if job in groups:
            assert memory == 1100 * processors
        else:
            assert (memory, processors) == (MEMORY[task(job)], 1)
    # Five chunks of one library and two of the other: no allocation waits for both.
    assert sorted((task(job).split("_")[1], int(job["NumCPUs"])) for job in groups) == [
        ("mine", 2),
        ("polyphenol-1X", 1),
        ("polyphenol-1X", 4),
    ]


@pytest.mark.parametrize("flags", [(), ALONE], ids=["as the profile is", "alone"])
def test_one_that_oversteps_its_memory_is_killed_and_tried_again_with_more(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object], flags: tuple[str, ...]
) -> None:
    run = OnSlurm(tmp_path, config)
    run.complete(*flags, planned=[Planned("transform-chunk", "swell", when="at its start")])
    assert run.plan.happened == 1
    same(run.tables(), expected)

    ended = {number: state(number) for number in run.slurm_jobs()}
    (killed,) = [job for job in ended.values() if job["JobState"] != "COMPLETED"]
    assert killed["JobState"] in ("FAILED", "OUT_OF_MEMORY")  # by what Slurm polls, or by a control group
    assert "exceeded memory limit" in Path(killed["StdOut"]).read_text()
    asked = int(re.search(r"mem=(\d+)M", killed["TRES"])[1])
    together = asked // 1100
    assert asked == 1100 * together and (together == 1) == bool(flags)
    again = [job for job in ended.values() if job["Comment"] == killed["Comment"] and job is not killed]
    assert any(f"mem={1600 * together}M" in job["TRES"] for job in again)


def test_a_node_that_goes_down_costs_only_its_chunks(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object]
) -> None:
    """Slurm itself starts again what was lost with the node."""
    run = OnSlurm(tmp_path, config)
    process = run.launch(*ALONE, planned=HELD)
    node = node_of(run.plan.reached(process))
    machine("cut", node)
    wait_until(lambda: node_state(node).startswith("down"))
    machine("start", node)
    assert process.wait(SAFETY_NET) == 0, run.output[-5000:]
    same(run.tables(), expected)

    ended = [state(number) for number in run.slurm_jobs()]
    assert {job["JobState"] for job in ended} == {"COMPLETED"}
    again = [job for job in ended if job["Restarts"] != "0"]
    assert again and {task(job) for job in again} == {GROUP}
    assert len(ended) == len(set(re.findall(r"Job (\S+) has been submitted with SLURM jobid", run.log)))


@pytest.mark.parametrize("alive", [True, False], ids=["Snakemake sees it", "Snakemake was killed before"])
def test_cancelled_it_is_resumed(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object], alive: bool
) -> None:
    run = OnSlurm(tmp_path, config)
    process = run.launch(*ALONE, "--retries", 0, planned=HELD)
    wait_until(lambda: re.search(r"Finished jobid: \d+ \(Rule: transform_chunk\)", run.log), process)
    if not alive:
        os.killpg(process.pid, signal.SIGKILL)
    subprocess.run(["scancel", "--user=root"], check=True)
    assert process.wait(SAFETY_NET) != 0
    wait_until(lambda: not subprocess.run(["squeue", "--noheader"], capture_output=True).stdout)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / CHUNKS).glob("*.parquet")}
    assert kept

    printed = run.complete("--notemp")
    assert "read_library" not in rules(printed)
    left = {path.name: path.stat().st_mtime_ns for path in (tmp_path / CHUNKS).glob("*.parquet")}
    assert any(left[name] == when for name, when in kept.items())
    found = run.tables()
    same({name: table for name, table in found.items() if not name.startswith("work/")}, expected)
