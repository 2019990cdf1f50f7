"""A run whose tasks go to Slurm, and what Slurm knows of them."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from workflow.disturbed import Run
from workflow.flow import REPOSITORY, command

# The profile's checks are those of a cluster with many users.
QUICK = ["--slurm-init-seconds-before-status-checks", 1, "--seconds-between-status-checks", 1, "--latency-wait", 5]
FLAGS = ["--profile", REPOSITORY / "profiles" / "slurm", *QUICK]


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
        assert process.wait(600) == 0, self.output[-5000:]
        return self.output

    def slurm_jobs(self) -> list[str]:
        """The Slurm job of each submission, in order."""
        return list(dict.fromkeys(re.findall(r"submitted with SLURM jobid (\d+)", self.output + self.log)))

    @property
    def log(self) -> str:
        """All that Snakemake has logged, whatever it shows."""
        return "".join(path.read_text() for path in sorted((self.folder / ".snakemake" / "log").glob("*.log")))


def disturbing(how: str, mark: Path) -> dict[str, str]:
    """The variables by which one task of a run is disturbed (see ``disturbance``), for which it makes the file."""
    path = os.pathsep.join([str(Path(__file__).parent / "disturbance"), os.environ.get("PYTHONPATH", "")])
    return {"HALOGENATOR_DISTURB": f"{how}:{mark}", "PYTHONPATH": path}


def running(verb: str) -> str | None:
    """The node that runs a task of a verb."""
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[1:4] == ["-m", "halogenator", verb]:
            try:
                return process.environ().get("SLURMD_NODENAME")
            except psutil.Error:
                continue
    return None


def state(number: str) -> dict[str, str]:
    """What Slurm knows of a job."""
    told = subprocess.run(["scontrol", "--oneliner", "show", "job", number], capture_output=True, text=True)
    return dict(re.findall(r"(\w+)=(\S*)", told.stdout))


def task(job: dict[str, str]) -> str:
    """The rule or the group that a Slurm job is of."""
    return job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]


def node_state(node: str) -> str:
    words = ["sinfo", "--noheader", "--format=%T", f"--nodes={node}"]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def until(found: Callable[[], object], run: subprocess.Popen[str] | None = None) -> object:
    """Return what a function finds, asked again and again, while the run is on."""
    for _ in range(3000):
        if result := found():
            return result
        assert run is None or run.poll() is None, "the run ended too early"
        time.sleep(0.1)
    raise AssertionError("it did not come")
