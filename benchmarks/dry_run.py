"""Snakemake's dry run of a configuration with 1,000, 10,000 and 50,000 chunk tasks: time and memory.

In three states: nothing made; all chunks there, as after an interruption (empty files, which Snakemake takes as they
are); and the same with one task of each job already merged. One library of 500 molecules with 20 phenols each, through
ten transforms, is cut as finely as it takes.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from halogenator.results import Results, chunk_names
from harness import FOLDER, Figure, progress, run, snakemake, write_configuration

TASKS = (1_000, 10_000, 50_000)
_JOBS = 10
_MOLECULES = 500
_SITES = 20
_AGE = 1_000  # seconds that what is made from nothing is older than what is made of it


def measure(*, quick: bool = False) -> list[Figure]:
    """Return time and peak memory of each dry run."""
    figures = []
    for tasks in TASKS[:-1] if quick else TASKS:
        folder = FOLDER / "dry-run"
        shutil.rmtree(folder, ignore_errors=True)
        _lay_out(folder, tasks)
        figures += _dry_run(folder, tasks, "fresh", tasks)
        _make_library(folder)
        _make_chunks(folder, tasks)
        figures += _dry_run(folder, tasks, "premade", 0)
        shutil.rmtree(folder / "results" / "work")
        _make_jobs(folder)
        figures += _dry_run(folder, tasks, "finished", 0)
        shutil.rmtree(folder)
    return figures


def _lay_out(folder: Path, tasks: int) -> None:
    folder.mkdir(parents=True)
    molecules = [f"{'C' * (row % 30 + 1)}{'c1cc(O)ccc1' * _SITES}\tp{row}\n" for row in range(_MOLECULES)]
    (folder / "mine.smi").write_text("".join(molecules))
    write_configuration(folder, ["mine"], _JOBS, chunk={"products": _MOLECULES * _SITES * _JOBS // tasks})


def _make_library(folder: Path) -> None:
    old = time.time() - _AGE
    os.utime(folder / "mine.smi", (old - _AGE, old - _AGE))
    for path in Results(folder / "results").files("mine"):
        _touch(path)
        os.utime(path, (old, old))


def _make_chunks(folder: Path, tasks: int) -> None:
    for number in range(1, _JOBS + 1):
        for name in chunk_names(tasks // _JOBS):
            for kind in ("products", "rejects"):
                _touch(folder / f"results/work/products/mine/T{number}/{name}.{kind}.parquet")


def _make_jobs(folder: Path) -> None:
    for number in range(1, _JOBS + 1):
        for path in Results(folder / "results").files("mine", f"T{number}"):
            _touch(path)
    for name in ("summary.tsv", "catalog.duckdb"):
        _touch(folder / "results" / name)


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _dry_run(folder: Path, tasks: int, state: str, expected: int) -> list[Figure]:
    progress(f"dag: {tasks:,} chunk tasks, {state}")
    used = run(snakemake(folder, 2, "-n"), mimalloc=False)
    lines = used.output.splitlines()
    planned = next((int(line.split()[1]) for line in lines if line.startswith("transform_chunk ")), 0)
    if planned != expected:
        raise RuntimeError(f"{planned:,} chunk tasks planned, not {expected:,}\n{used.output[-2000:]}")
    name = f"dag_{tasks}_{state}"
    return [
        Figure(f"{name}_wall", round(used.wall_seconds, 1), "s"),
        Figure(f"{name}_cpu", round(used.cpu_seconds, 1), "CPU s"),
        Figure(f"{name}_peak_mb", round(used.rss_mb), "MB"),
    ]
