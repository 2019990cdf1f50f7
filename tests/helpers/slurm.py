"""A Slurm on this machine, a run whose tasks go to it, and what it knows of them."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from helpers.planned import Plan, Planned
from helpers.runs import REPOSITORY, command
from helpers.samples import SAFETY_NET
from helpers.small_run import Run

SCRIPT = REPOSITORY / "tests/slurm/one_machine.sh"
Machine = Callable[..., None]

# The profile's checks are those of a cluster with many users.
QUICK = ["--slurm-init-seconds-before-status-checks", 1, "--seconds-between-status-checks", 1, "--latency-wait", 5]
FLAGS = ["--profile", REPOSITORY / "profiles" / "slurm", *QUICK]


@contextmanager
def slurm(**variables: str) -> Iterator[Machine]:
    """Give ``one_machine.sh`` as a function, with both nodes up; ``variables``: see there."""
    environment = {**os.environ, **variables}

    def machine(*words: str) -> None:
        # To files, not pipes: the daemons keep open what they are given, and a pipe's end would never come.
        with tempfile.TemporaryFile("w+") as log:
            done = subprocess.run(["bash", SCRIPT, *words], stdout=log, stderr=log, timeout=SAFETY_NET, env=environment)
            log.seek(0)
            assert done.returncode == 0, log.read()[-3000:]

    # Another session of tests on this machine waits until this one's Slurm is down.
    with Path(tempfile.gettempdir(), "halogenator-slurm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = subprocess.run(["bash", SCRIPT, "why-not"], capture_output=True, text=True, env=environment)
        if missing.returncode:
            pytest.skip(f"no Slurm: {missing.stdout.strip()}")
        pytest.importorskip("snakemake_executor_plugin_slurm")
        machine("down")
        try:
            try:
                machine("up")
            except (AssertionError, subprocess.TimeoutExpired) as error:  # of its daemons, which are not what is tested
                pytest.skip(f"Slurm does not start here: {error}")
            yield machine
        finally:
            machine("down")


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
