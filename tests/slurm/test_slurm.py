"""A run on a real Slurm of two nodes: the whole of it, and what may happen to it.

Nothing is timed. A test waits until what it is about to disturb is there, and asks afterwards what became of it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from slurm.conftest import Machine
from slurm.on_slurm import OnSlurm, node_state, state, until
from workflow.disturbed import CHUNKS, same


def transforming() -> str | None:
    """The node that runs chunks of the transform."""
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[1:4] == ["-m", "halogenator", "transform-chunk"]:
            try:
                return process.environ().get("SLURMD_NODENAME")
            except psutil.Error:
                continue
    return None


def test_a_run_is_that_of_one_machine(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object]
) -> None:
    run = OnSlurm(tmp_path, config)
    assert "up to 200 tasks at once" in run.complete("-n")
    run.complete()
    same(run.tables(), expected)
    run.no_litter()

    asked = [state(number) for number in run.slurm_jobs()]
    assert len(asked) >= 6  # read, standardise, merge, chunks, merge, report
    assert {job["TimeLimit"] for job in asked} != {"UNLIMITED"}
    assert all(job["Comment"] not in ("rule_summarize", "rule_catalog") for job in asked)
    chunks = [job for job in asked if "chunks" in job["Comment"]]
    assert max(int(job["NumCPUs"]) for job in chunks) == 4  # four of one processor each
    assert any("4400M" in job["TRES"] for job in chunks)
    assert not (tmp_path / "results" / "monitor.parquet").exists()


@pytest.mark.parametrize("flags", [(), ("--group-components", "chunks=1")], ids=["as the profile is", "alone"])
def test_one_that_oversteps_its_memory_is_killed_and_tried_again_with_more(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object], flags: tuple[str, ...]
) -> None:
    run = OnSlurm(tmp_path, config)
    path = os.pathsep.join([str(Path(__file__).parent / "swell"), os.environ.get("PYTHONPATH", "")])
    run.complete(*flags, HALOGENATOR_SWELL=str(tmp_path / "swelled"), PYTHONPATH=path)
    assert (tmp_path / "swelled").exists()
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
    run = OnSlurm(tmp_path, config)
    process = run.launch("--group-components", "chunks=1")
    node = str(until(transforming, process))
    machine("cut", node)
    until(lambda: "NODE_FAIL" in [state(number).get("JobState") for number in run.slurm_jobs()], process)
    machine("start", node)
    until(lambda: node_state(node) in ("idle", "mixed", "allocated"))
    assert process.wait(600) == 0, run.output[-5000:]
    same(run.tables(), expected)

    ended = [state(number) for number in run.slurm_jobs()]
    lost = [job for job in ended if job["JobState"] != "COMPLETED"]
    assert lost
    assert {job["JobState"] for job in lost} == {"NODE_FAIL"}
    # Only what the node was at was submitted again: what was done was done once.
    tasks = set(re.findall(r"Job (\S+) has been submitted with SLURM jobid", run.log))
    assert len(ended) - len(lost) == len(tasks)


def test_cancelled_it_is_resumed(machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object]) -> None:
    run = OnSlurm(tmp_path, config)
    process = run.launch("--group-components", "chunks=1", "--retries", 0)
    until(lambda: re.search(r"Finished jobid: \d+ \(Rule: transform_chunk\)", run.log), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(["scancel", "--user=root"], check=True)
    until(lambda: not subprocess.run(["squeue", "--noheader"], capture_output=True).stdout)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / CHUNKS).glob("*.parquet")}
    assert kept

    printed = run.complete("--notemp")
    assert "read_library" not in printed.partition("Job stats:")[2].partition("\n\n")[0]
    left = {path.name: path.stat().st_mtime_ns for path in (tmp_path / CHUNKS).glob("*.parquet")}
    assert any(left[name] == when for name, when in kept.items())
    found = run.tables()
    same({name: table for name, table in found.items() if not name.startswith("work/")}, expected)
