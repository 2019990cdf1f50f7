"""Tests on a real Slurm, of the long form; skipped, with the reason, where it cannot be set up."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.samples import SAFETY_NET
from workflow.disturbed import Run, lay_out

SCRIPT = Path(__file__).parent / "one_machine.sh"
Machine = Callable[..., None]


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


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with slurm() as machine:
        yield machine


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("config"), products=250)  # four chunks: one group of them


@pytest.fixture(scope="session")
def expected(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a local run makes."""
    run = Run(tmp_path_factory.mktemp("local"), config)
    run.finish()
    return run.tables()
