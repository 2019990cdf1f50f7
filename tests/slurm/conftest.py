"""Tests on a real Slurm, for which ``--slurm`` has to be given; skipped, with the reason, where it cannot be set up."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "one_machine.sh"
Machine = Callable[..., None]


def _machine(*words: str) -> None:
    # To files, not pipes: the daemons keep open what they are given, and a pipe's end would never come.
    with tempfile.TemporaryFile("w+") as log:
        done = subprocess.run(["bash", SCRIPT, *words], stdout=log, stderr=log, timeout=90)
        log.seek(0)
        assert done.returncode == 0, log.read()[-3000:]


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """``one_machine.sh`` as a function, with both nodes up."""
    missing = subprocess.run(["bash", SCRIPT, "why-not"], capture_output=True, text=True)
    if missing.returncode:
        pytest.skip(f"no Slurm: {missing.stdout.strip()}")
    pytest.importorskip("snakemake_executor_plugin_slurm")
    _machine("down")
    try:
        _machine("up")
        yield _machine
    finally:
        _machine("down")
