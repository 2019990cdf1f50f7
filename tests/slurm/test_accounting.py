"""The same where Slurm keeps account of jobs in a database, and its controller forgets them as soon as they end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.planned import wait_until
from helpers.slurm import Machine, OnSlurm, slurm, state
from helpers.small_run import same


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with slurm(ACCOUNTING="1") as machine:
        yield machine


def accounted(numbers: list[str]) -> dict[str, str]:
    """{Slurm job: its state} as the database has it."""
    words = ["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State", "--jobs", ",".join(numbers)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return dict(line.split("|") for line in told.splitlines())


@pytest.mark.parametrize("flags", [(), ("--slurm-status-command", "sacct")], ids=["as the profile is", "sacct"])
def test_ended_jobs_are_asked_of_the_database(
    machine: Machine, tmp_path: Path, config: Path, expected: dict[str, object], flags: tuple[str, ...]
) -> None:
    run = OnSlurm(tmp_path, config)
    run.complete(*flags, "--default-resources", "slurm_account=chemistry", "slurm_partition=main")
    same(run.tables(), expected)
    run.no_litter()
    numbers = run.slurm_jobs()
    assert len(numbers) >= 6  # read, standardise, merge, chunks, merge, report
    wait_until(lambda: accounted(numbers) == dict.fromkeys(numbers, "COMPLETED"))
    wait_until(lambda: state(numbers[0]) == {})
