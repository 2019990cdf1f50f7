"""Many small tasks: the default run in an empty folder, and two hundred jobs of three hundred molecules.

What counts is CPU time, since small tasks spend it on starting. Of the jobs it is the time inside tasks, without
Snakemake's own process.
"""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path

import psutil

from harness import FOLDER, REPOSITORY, Figure, Used, progress, run, snakemake, write_configuration
from molecules import phenols

LIBRARIES, TRANSFORMS, MOLECULES = 10, 20, 300


def measure(*, quick: bool = False) -> list[Figure]:
    """Return CPU and wall seconds of the default run, and CPU seconds of many small jobs inside tasks."""
    figures = []
    if not quick:
        progress("small tasks: the default run")
        used, _ = _run(_empty("default"), 2, configuration=REPOSITORY / "configs" / "config.yaml")
        figures = [
            Figure("default_run_cpu_s", round(used.cpu_seconds, 1), "CPU s", 66),
            Figure("default_run_s", round(used.wall_seconds, 1), "s on all cores", 35),
        ]
    libraries = 1 if quick else LIBRARIES
    folder = _empty("small-jobs")
    rows = enumerate(islice(phenols(MOLECULES), MOLECULES), 1)
    (folder / "mine.smi").write_text("".join(f"{smiles}\tp{number}\n" for number, smiles in rows))
    write_configuration(folder, [f"L{number}" for number in range(libraries)], TRANSFORMS)
    progress(f"small tasks: {libraries * TRANSFORMS} jobs")
    used, own = _run(folder, 2)
    return [
        *figures,
        Figure("small_jobs_cpu_s", round(used.cpu_seconds - own, 1), f"CPU s, {libraries * TRANSFORMS} jobs", 30),
        Figure("small_jobs_snakemake_s", round(own, 1), "CPU s of Snakemake"),
    ]


def _empty(name: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _run(folder: Path, cores: int, configuration: Path | None = None) -> tuple[Used, float]:
    """Run Snakemake; return what it used with its tasks, and the CPU seconds of its own process alone."""
    command = snakemake(folder, cores)
    if configuration:
        command[-1] = configuration
    own = 0.0

    def look(process: psutil.Process) -> None:
        nonlocal own
        times = process.cpu_times()
        own = times.user + times.system

    return run(command, mimalloc=False, watch=look), own
