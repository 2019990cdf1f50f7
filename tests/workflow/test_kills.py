"""Killed at any moment, a run leaves no half file and goes on when it is started again, with no flag.

The short form kills 16 times, ``--stress`` 74 times; ``--seed`` decides the random moments.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from workflow.disturbed import (
    OME,
    PRODUCTS,
    EndedTooEarlyError,
    Run,
    lay_out,
    same,
    wait_for_worker,
    wait_until,
    workers,
)
from workflow.flow import tasks

# Every output of every task that has some, by verb: what its name ends in, in the order of the renames.
OUTPUTS = {
    "read-library": ("raw.parquet",),
    "standardize-chunk": (".read-rejects.parquet", ".read.parquet"),
    "merge-library": ("molecules.parquet", "rejects.parquet", "mine.json"),
    "transform-chunk": (".rejects.parquet", ".products.parquet"),
    "merge-products": ("products.parquet", "rejects.parquet", f"{OME}.json"),
    "summarize": ("summary.tsv",),
    "catalog": ("catalog.duckdb",),
}
RENAMES = [(verb, name, when) for verb, names in OUTPUTS.items() for name in names for when in ("before", "after")]
SHORT_RENAMES = [  # two of a task at most: the third attempt at it is the last
    ("standardize-chunk", ".read-rejects.parquet", "after"),
    ("merge-library", "molecules.parquet", "after"),
    ("merge-library", "mine.json", "before"),
    ("transform-chunk", ".products.parquet", "before"),
    ("merge-products", "products.parquet", "before"),
    ("merge-products", "products.parquet", "after"),
]
SHORT_RUN_RENAMES = [
    ("merge-library", "rejects.parquet", "before", "snakemake"),
    ("transform-chunk", ".products.parquet", "after", "group"),
    ("merge-products", "products.parquet", "after", "group"),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="module")
def undisturbed(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    run = Run(tmp_path_factory.mktemp("undisturbed"), config)
    run.finish()
    run.no_litter()
    return run.tables()


@pytest.fixture
def stress(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--stress"))


@pytest.fixture
def chance(pytestconfig: pytest.Config) -> random.Random:
    """Random numbers whose seed is shown where the test fails."""
    seed = pytestconfig.getoption("--seed")
    print(f"--seed {seed}")
    return random.Random(seed)


def in_turn(renames: list[tuple[str, str, str]], limit: int = 2) -> list[list[tuple[str, str, str]]]:
    """Renames dealt to runs, at most ``limit`` of a verb in each."""
    rounds: list[list[tuple[str, str, str]]] = []
    for rename in renames:
        for dealt in rounds:
            if sum(verb == rename[0] for verb, _, _ in dealt) < limit:
                dealt.append(rename)
                break
        else:
            rounds.append([rename])
    return rounds


def test_workers_killed_at_a_rename(config: Path, undisturbed: dict[str, object], tmp_path: Path, stress: bool) -> None:
    """Snakemake tries such a task again; what it said of itself so far is gone, and nothing else."""
    for number, renames in enumerate(in_turn(RENAMES if stress else SHORT_RENAMES)):
        run = Run(tmp_path / str(number), config)
        names = ("verb", "name", "when", "victim")
        started = run.start(ambushes=[dict(zip(names, (*rename, "worker"), strict=True)) for rename in renames])
        assert started.wait(300) == 0, run.output[-3000:]
        assert run.struck() == len(renames)
        run.finish()
        same(run.tables(), undisturbed)
        run.no_litter()


def test_runs_killed_at_a_rename(
    config: Path, undisturbed: dict[str, object], tmp_path: Path, stress: bool, chance: random.Random
) -> None:
    """One folder takes every one of them before a run may finish; without Snakemake, a task lives on and ends."""
    renames = SHORT_RUN_RENAMES
    if stress:
        chosen = sorted(chance.sample(range(len(RENAMES)), 17))
        renames = [(*RENAMES[number], chance.choice(["snakemake", "group"])) for number in chosen]
    run = Run(tmp_path, config)
    for number, (verb, name, when, victim) in enumerate(renames):
        started = run.start(ambushes=[{"verb": verb, "name": name, "when": when, "victim": victim}])
        assert started.wait(300) == -signal.SIGKILL, (renames[number], run.output[-3000:])
        assert run.struck() == number + 1
        run.no_half_file()
    run.finish()
    same(run.tables(), undisturbed)
    run.no_litter()


def working(started: subprocess.Popen[str]) -> bool | None:
    return bool(workers(started)) or None


def strike(started: subprocess.Popen[str], victim: str) -> bool:
    """Kill what is named; return whether it was there."""
    targets = workers(started) if victim == "worker" else [psutil.Process(started.pid)]
    if not targets or started.poll() is not None:
        return False
    if victim == "group":
        os.killpg(started.pid, signal.SIGKILL)
    else:
        targets[0].kill()
    return True


def test_kills_at_random_moments(
    config: Path, undisturbed: dict[str, object], tmp_path: Path, stress: bool, chance: random.Random
) -> None:
    """Several in a folder, until its run is through all the same; then the next folder."""
    wanted = 28 if stress else 4
    kills = folders = 0
    run = Run(tmp_path / "0", config)
    while kills < wanted:
        victim = chance.choice(["worker", "snakemake", "group"])
        started = run.start()
        if chance.random() < 0.9:  # else in the first seconds, when no task runs yet
            wait_until(started, partial(working, started))
        time.sleep(chance.uniform(0, 2))
        struck = strike(started, victim)
        kills += struck
        run.no_half_file()
        started.wait(300)
        if (run.folder / "results/catalog.duckdb").exists() or kills == wanted:
            run.finish()
            same(run.tables(), undisturbed)
            run.no_litter()
            shutil.rmtree(run.folder)
            folders += 1
            run = Run(tmp_path / str(folders), config)


@pytest.mark.parametrize("verb", ["transform-chunk", "merge-products"])
def test_a_worker_killed_as_it_writes(config: Path, undisturbed: dict[str, object], tmp_path: Path, verb: str) -> None:
    for attempt in range(5):  # a merge takes less time than a busy machine may take between two looks
        run = Run(tmp_path / str(attempt), config)
        started = run.start()
        with suppress(EndedTooEarlyError):
            wait_for_worker(started, verb).kill()
            break
    run.no_half_file()
    assert started.wait(300) == 0, run.output[-3000:]
    same(run.tables(), undisturbed)
    run.no_litter()


def test_a_killed_run_goes_on_where_it_was(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """Snakemake leaves its lock, its marks of incomplete files, and workers that write on."""
    run = Run(tmp_path, config)
    started = run.start()
    wait_for_worker(started, "transform-chunk")
    started.kill()
    started.wait(60)
    run.no_half_file()
    assert not (tmp_path / PRODUCTS).exists()
    output = run.finish()
    assert "Merging library mine" not in tasks(output)
    assert f"Merging {OME} on mine" in tasks(output)
    same(run.tables(), undisturbed)
    run.no_litter()
