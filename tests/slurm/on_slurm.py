"""A run whose tasks go to Slurm, and what Slurm knows of them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

import psutil

from helpers.planned import Plan, Planned
from helpers.samples import SAFETY_NET
from workflow.disturbed import Run
from workflow.flow import REPOSITORY, command

# The profile's checks are those of a cluster with many users.
QUICK = ["--slurm-init-seconds-before-status-checks", 1, "--seconds-between-status-checks", 1, "--latency-wait", 5]
FLAGS = ["--profile", REPOSITORY / "profiles" / "slurm", *QUICK]


class OnSlurm(Run):
    """A run that submits its tasks."""

    def launch(self, *flags: object, planned: Sequence[Planned] = ()) -> subprocess.Popen[str]:
        """Start it, with what is to happen in its tasks; what it prints goes to ``output.txt``."""
        words, settings = command(self.folder, *FLAGS, *flags, "--configfile", self.config)
        self.plan = Plan(self.folder, planned)
        if planned:
            settings["env"] = {**settings["env"], **self.plan.variables}
        log = (self.folder / "output.txt").open("w")
        return subprocess.Popen(words, start_new_session=True, stdout=log, stderr=log, **settings)

    def complete(self, *flags: object, planned: Sequence[Planned] = ()) -> str:
        """Run it to its end and return what it printed."""
        process = self.launch(*flags, planned=planned)
        assert process.wait(SAFETY_NET) == 0, self.output[-5000:]
        return self.output

    def slurm_jobs(self) -> list[str]:
        """The Slurm job of each submission, in order."""
        return list(dict.fromkeys(re.findall(r"submitted with SLURM jobid (\d+)", self.output + self.log)))

    @property
    def log(self) -> str:
        """All that Snakemake has logged, whatever it shows."""
        return "".join(path.read_text() for path in sorted((self.folder / ".snakemake" / "log").glob("*.log")))


def node_of(task: int) -> str:
    """The node that runs a process."""
    return psutil.Process(task).environ()["SLURMD_NODENAME"]


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
