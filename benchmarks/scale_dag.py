"""Snakemake's dry run of a configuration with 1,000, 10,000 and 50,000 chunk tasks: time and memory.

In three states: nothing made; all chunks there, as after an interruption (empty files, which Snakemake takes as they
are); and the same with one task of each job already merged. One library of 500 molecules with 20 phenols each, through
ten transforms, is cut as finely as it takes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

from halogenator.planning.chunks import chunk_names
from halogenator.results import Results
from measure import FOLDER, MB, REPOSITORY, Figure, environment, progress

TASKS = (1_000, 10_000, 50_000)
_JOBS = 10
_MOLECULES = 500
_SITES = 20
_AGE = 1_000  # seconds that what is made from nothing is older than what is made of it


def measure(*, quick: bool = False) -> list[Figure]:
    """Return time and peak memory of each dry run."""
    figures = []
    for tasks in TASKS[:-1] if quick else TASKS:
        folder = FOLDER / "scale-dag"
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
    transforms = [
        {
            "name": f"T{number}",
            "label": f"T{number}",
            "family": "ether",
            "scope_classes": ["polyphenol"],
            "smirks": f"[c:1][OX2H:2]>>[c:1][O:2]{'C' * number}",
            "examples": [{"reactant": "Oc1ccccc1", "products": [f"{'C' * number}Oc1ccccc1"]}],
        }
        for number in range(1, _JOBS + 1)
    ]
    (folder / "transforms.yaml").write_text(yaml.safe_dump({"transforms": transforms}))
    config = {
        "libraries": {"mine": {"class": "polyphenol", "path": "mine.smi"}},
        "select": {"libraries": ["mine"]},
        "transforms": "transforms.yaml",
        "chunk": {"products": _MOLECULES * _SITES * _JOBS // tasks},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


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
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "2", "--directory", str(folder)]
    command += ["--configfile", str(folder / "config.yaml")]
    output = folder / f"{state}.txt"
    began = time.monotonic()
    with output.open("w") as file:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT, env=environment(mimalloc=False)
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text()
    planned = next((int(line.split()[1]) for line in text.splitlines() if line.startswith("transform_chunk ")), 0)
    if process.returncode or planned != expected:
        raise RuntimeError(f"{planned:,} chunk tasks planned, not {expected:,}\n{text[-2000:]}")
    name = f"dag_{tasks}_{state}"
    return [
        Figure(f"{name}_wall", round(time.monotonic() - began, 1), "s"),
        Figure(f"{name}_cpu", round(usage.ru_utime + usage.ru_stime, 1), "CPU s"),
        Figure(f"{name}_peak_mb", round(usage.ru_maxrss * 1024 / MB), "MB"),
    ]
