"""Killed at any moment, a run leaves no half file and goes on when it is started again, with no flag.

``make test`` kills once, the long form some 70 times; ``--seed`` decides the random moments.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from helpers.planned import Planned
from helpers.runs import named_parents, tasks, write_molecules, write_yaml
from helpers.samples import SAFETY_NET, SEED, size
from helpers.small_run import OME, PRODUCTS, Run, lay_out, same

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


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("settings"), every=size(47, 2), products=size(15, 300))


@pytest.fixture(scope="module")
def undisturbed(config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    run = Run(tmp_path_factory.mktemp("undisturbed"), config)
    run.finish()
    run.no_litter()
    return run.tables()


def in_turn(renames: list[tuple[str, str, str]], limit: int = 2) -> list[list[tuple[str, str, str]]]:
    """Renames dealt to runs, at most ``limit`` of a verb in each: the third attempt at a task is the last."""
    rounds: list[list[tuple[str, str, str]]] = []
    for rename in renames:
        for dealt in rounds:
            if sum(verb == rename[0] for verb, _, _ in dealt) < limit:
                dealt.append(rename)
                break
        else:
            rounds.append([rename])
    return rounds


@pytest.mark.long
def test_workers_killed_at_a_rename(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """Snakemake tries such a task again; what it said of itself so far is gone, and nothing else."""
    for number, renames in enumerate(in_turn(RENAMES)):
        run = Run(tmp_path / str(number), config)
        started = run.start(*(Planned(verb, "kill the task", name, when) for verb, name, when in renames))
        assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
        assert run.plan.happened == len(renames)
        run.finish()
        same(run.tables(), undisturbed)
        run.no_litter()


@pytest.mark.long
def test_runs_killed_at_a_rename(
    config: Path, undisturbed: dict[str, object], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """One folder takes every one of them before a run may finish; without Snakemake, a task lives on and ends."""
    chance = random.Random(SEED)
    run = Run(tmp_path, config)
    for number in sorted(chance.sample(range(len(RENAMES)), min(pytestconfig.getoption("--kills"), len(RENAMES)))):
        verb, name, when = RENAMES[number]
        started = run.start(Planned(verb, chance.choice(["kill Snakemake", "kill all"]), name, when))
        assert started.wait(SAFETY_NET) == -signal.SIGKILL, (RENAMES[number], run.output[-3000:])
        assert run.plan.happened == 1
        run.no_half_file()
    run.finish()
    same(run.tables(), undisturbed)
    run.no_litter()


@pytest.mark.long
def test_kills_at_random_moments(
    config: Path, undisturbed: dict[str, object], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Several in a folder, until its run is through all the same; then the next folder. Any moment will do."""
    wanted, kills, folders = pytestconfig.getoption("--kills"), 0, 0
    chance = random.Random(SEED)
    run = Run(tmp_path / "0", config)
    while kills < wanted:
        victim = chance.choice(["task", "Snakemake", "all"])
        started = run.start()
        time.sleep(chance.uniform(0, 12))
        kills += kill(started.pid, victim)
        run.no_half_file()
        started.wait(SAFETY_NET)
        if (run.folder / "results/catalog.duckdb").exists() or kills == wanted:
            run.finish()
            same(run.tables(), undisturbed)
            run.no_litter()
            shutil.rmtree(run.folder)
            folders += 1
            run = Run(tmp_path / str(folders), config)


def kill(snakemake: int, victim: str) -> bool:
    """Kill what is named; return whether it was there."""
    try:
        process = psutil.Process(snakemake)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if victim == "all":
            os.killpg(snakemake, signal.SIGKILL)
        elif victim == "Snakemake":
            process.kill()
        else:
            tasks = [each for each in process.children(recursive=True) if "halogenator" in each.cmdline()]
            tasks[-1].kill()
    except (psutil.Error, IndexError):
        return False
    return True


def test_a_killed_run_goes_on_where_it_was(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """Snakemake leaves its lock, its marks of incomplete files, and a task that writes on."""
    run = Run(tmp_path, config)
    started = run.start(Planned("transform-chunk", name=".products.parquet"))
    run.plan.reached(started)
    started.kill()
    started.wait(SAFETY_NET)
    run.plan.let_go()
    run.no_half_file()
    assert not (tmp_path / PRODUCTS).exists()
    output = run.finish()
    assert "Merging library mine" not in tasks(output)
    assert f"Merging {OME} on mine" in tasks(output)
    same(run.tables(), undisturbed)
    run.no_litter()


# ---- the process that forks the tasks --------------------------------------------------------------------------------


def held(run: Run) -> tuple[subprocess.Popen[str], psutil.Process, psutil.Process]:
    """Start a run and hold a chunk task; return Snakemake, the task, and the process that started its guard."""
    started = run.start(Planned("transform-chunk", name=".products.parquet"))
    task = psutil.Process(run.plan.reached(started))
    guard = task.parent()
    assert guard is not None
    starter = guard.parent()
    assert starter is not None
    return started, task, starter


def is_server(process: psutil.Process) -> bool:
    return "serve-tasks" in process.cmdline()


def test_a_killed_task_server_costs_speed_alone(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """Its tasks end with it. Their clients do them instead, and those that come later, in the same attempt."""
    run = Run(tmp_path, config)
    started, task, server = held(run)
    assert is_server(server)
    server.kill()
    task.wait(SAFETY_NET)
    assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
    assert "Trying to restart" not in run.output
    same(run.tables(), undisturbed)
    run.no_litter()


@pytest.mark.long
def test_a_task_ends_with_its_client(config: Path, undisturbed: dict[str, object], tmp_path: Path) -> None:
    """What Snakemake ends is the client."""
    run = Run(tmp_path, config)
    started, task, server = held(run)
    assert is_server(server)
    for client in psutil.Process(started.pid).children(recursive=True):
        if any(word.endswith("task_client.py") for word in client.cmdline()):
            client.kill()
    task.wait(SAFETY_NET)
    assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
    assert "Trying to restart" in run.output
    same(run.tables(), undisturbed)
    run.no_litter()


@pytest.mark.long
def test_without_a_task_server_a_run_makes_the_same(
    config: Path, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """As where its socket cannot be: each task starts as a process of its own."""
    run = Run(tmp_path, config)
    (tmp_path / ".snakemake/halogenator.socket").mkdir(parents=True)
    started, _, starter = held(run)
    assert not is_server(starter)
    run.plan.let_go()
    assert started.wait(SAFETY_NET) == 0, run.output[-3000:]
    same(run.tables(), undisturbed)
    run.no_litter()


# ---- libraries made by steps -----------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_library_by_steps_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    """Ethers by one task's steps, esters level by level: the same tables, and the same account of what was left out."""
    write_molecules(tmp_path / "mine.csv", named_parents("polyphenol")[:12])
    config = write_yaml(
        tmp_path / "config.yaml",
        {
            "libraries": {
                "mine": {"class": "polyphenol", "path": str(tmp_path / "mine.csv")},
                "ethers": {
                    "from": "mine",
                    "by": [OME],
                    "times": 3,
                    "keep_levels": True,
                    "protect": ["chelated_phenol"],
                },
                "both": {"from": "ethers", "by": ["halogenation"], "times": 1, "quota": {"per_parent": 5}},
            },
            "select": {"libraries": ["ethers", "both"], "transforms": []},
            "chunk": {"products": 100},
        },
    )
    undisturbed = Run(tmp_path / "undisturbed", config)
    undisturbed.finish()
    run = Run(tmp_path / "killed", config)
    for planned in (
        Planned("halogenate-chunk", "kill all", ".built.parquet", "before"),
        Planned("halogenate-chunk", "kill Snakemake", ".built-rejects.parquet", "after"),
        Planned("merge-library", "kill all", "library=ethers/molecules.parquet", "before"),
        Planned("merge-library", "kill all", "library=both/molecules.parquet", "after"),
    ):
        started = run.start(planned)
        assert started.wait(SAFETY_NET) == -signal.SIGKILL, (planned, run.output[-3000:])
        assert run.plan.happened == 1
        run.no_half_file()
    output = run.finish()
    assert not any("ethers" in task for task in tasks(output))
    assert run.tables() == undisturbed.tables()
    audits = [(each.folder / "results/audit.tsv").read_text() for each in (run, undisturbed)]
    assert audits[0] == audits[1] and audits[0].count("\n") > 2
    run.no_litter()
