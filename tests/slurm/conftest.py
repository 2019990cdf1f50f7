"""Tests on a real Slurm, of the long form; skipped, with the reason, where it cannot be set up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.slurm import Machine, slurm
from helpers.small_run import Run, lay_out


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
