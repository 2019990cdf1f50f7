"""A run on a real Slurm of two nodes: the whole of it, and what may happen to it.

Nothing is timed. A test waits until what it is about to disturb is there, and asks afterwards what became of it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from slurm.conftest import Machine
from workflow.disturbed import CHUNKS, Run, lay_out, same
from workflow.flow import REPOSITORY, command

# The profile's checks are those of a cluster with many users.
QUICK = ["--slurm-init-seconds-before-status-checks", 1, "--seconds-between-status-checks", 1, "--latency-wait", 5]
FLAGS = ["--profile", REPOSITORY / "profiles" / "slurm", *QUICK]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("config"), products=200)


@pytest.fixture(scope="module")
def expected(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a local run makes."""
    run = Run(tmp_path_factory.mktemp("local"), config)
    run.finish()
    return run.tables()


class OnSlurm(Run):
    """A run that submits its tasks."""

    def launch(self, *flags: object, **variables: str) -> subprocess.Popen[str]:
        """Start it; what it prints goes to ``output.txt``."""
        words, settings = command(self.folder, *FLAGS, *flags, "--configfile", self.config)
        settings["env"] = {**settings["env"], **variables}
        log = (self.folder / "output.txt").open("w")
        return subprocess.Popen(words, start_new_session=True, stdout=log, stderr=log, **settings)

    def complete(self, *flags: object, **variables: str) -> str:
        """Run it to its end and return what it printed."""
        process = self.launch(*flags, **variables)
        assert process.wait(200) == 0, self.output[-5000:]
        return self.output

    def slurm_jobs(self) -> list[str]:
        """The Slurm job of each submission, in order."""
        return list(dict.fromkeys(re.findall(r"submitted with SLURM jobid (\d+)", self.output + self.log)))

    @property
    def log(self) -> str:
        """All that Snakemake has logged, whatever it shows."""
        return "".join(path.read_text() for path in sorted((self.folder / ".snakemake" / "log").glob("*.log")))


def state(number: str) -> dict[str, str]:
    """What Slurm knows of a job."""
    told = subprocess.run(["scontrol", "--oneliner", "show", "job", number], capture_output=True, text=True)
    return dict(re.findall(r"(\w+)=(\S*)", told.stdout))


def node_state(node: str) -> str:
    words = ["sinfo", "--noheader", "--format=%T", f"--nodes={node}"]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def until(found: Callable[[], object], run: subprocess.Popen[str] | None = None) -> object:
    """Return what a function finds, asked again and again, while the run is on."""
    for _ in range(1200):
        if result := found():
            return result
        assert run is None or run.poll() is None, "the run ended too early"
        time.sleep(0.1)
    raise AssertionError("it did not come")


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


def test_one_that_oversteps_its_memory_is_killed_and_tried_again_with_more(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object]
) -> None:
    run = OnSlurm(tmp_path, config)
    path = os.pathsep.join([str(Path(__file__).parent / "swell"), os.environ.get("PYTHONPATH", "")])
    run.complete("--group-components", "chunks=1", HALOGENATOR_SWELL=str(tmp_path / "swelled"), PYTHONPATH=path)
    assert (tmp_path / "swelled").exists()
    same(run.tables(), expected)

    ended = {number: state(number) for number in run.slurm_jobs()}
    (killed,) = [job for job in ended.values() if job["JobState"] != "COMPLETED"]
    assert killed["JobState"] in ("FAILED", "OUT_OF_MEMORY")  # by what Slurm polls, or by a control group
    assert "exceeded memory limit" in Path(killed["StdOut"]).read_text()
    assert "mem=1100M" in killed["TRES"]
    again = [job for job in ended.values() if job["Comment"] == killed["Comment"] and job is not killed]
    assert any("mem=1600M" in job["TRES"] for job in again)


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
    assert process.wait(200) == 0, run.output[-5000:]
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
