"""The job that ended the first pipeline, at full size: a built library through one transform, with all figures kept.

``python benchmarks/full_size.py PARENTS OUT``: PARENTS is a Parquet file with ``smiles``, ``id`` and a class column.
A rehearsal on every n-th parent (``--every``) first measures this machine's speed; the plan made from it is kept beside
what then happens, in OUT/full-size.json, and the memory of the whole process tree, a row a second, in OUT/memory.tsv.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from halogenator.config import read_config
from halogenator.planning.estimate import Estimates
from measure import MB, REPOSITORY, progress


def main() -> None:
    """Rehearse, plan, run, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parents", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--class", dest="class_name", default="polyphenol", help="default: %(default)s")
    parser.add_argument("--class-column", default="library_class", help="default: %(default)s")
    parser.add_argument("--transform", default="FG_PHENOL_OH__OH__TO__OMe", help="default: %(default)s")
    parser.add_argument("--k", type=int, default=2, help="halogenations (default: %(default)s)")
    parser.add_argument("--every", type=int, default=100, help="rehearse on every n-th parent (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args()

    table = pq.read_table(options.parents, columns=["smiles", "id", options.class_column])
    table = table.filter(pc.equal(table[options.class_column], options.class_name))
    rows = list(zip(table["smiles"].to_pylist(), table["id"].to_pylist(), strict=True))
    rehearsal = perform(options, rows[:: options.every], options.out / "rehearsal")
    expected = predict(options, rehearsal, _lay_out(options, rows, options.out / "run"))
    progress(json.dumps(expected, indent=1))
    real = perform(options, rows, options.out / "run")
    (options.out / "full-size.json").write_text(
        json.dumps({"predicted": expected, "real": real, "rehearsal": rehearsal}, indent=1) + "\n"
    )
    print(json.dumps(real, indent=1))


def perform(options: argparse.Namespace, rows: list[tuple[str, str]], folder: Path) -> dict[str, Any]:
    """Build the library and run the job in a folder; return what was made and what it took."""
    config = _lay_out(options, rows, folder)
    library = f"{options.class_name}-{options.k}X"
    targets = {
        "library": f"results/libraries/library={library}/molecules.parquet",
        "job": f"results/products/library={library}/transform={options.transform}/products.parquet",
    }
    found: dict[str, Any] = {"parents": len(rows)}
    with (folder / "memory.tsv").open("w", newline="") as file:
        samples = csv.writer(file, delimiter="\t", lineterminator="\n")
        samples.writerow(["stage", "seconds", "processes", "unique_mb"])
        start = time.monotonic()
        for stage, target in targets.items():
            found[stage] = _run(options, config, target, lambda *row, s=stage: samples.writerow([s, *row]), start)
    stats = folder / "results" / "stats"
    for stage, path in {
        "library": stats / "libraries" / f"{library}.json",
        "job": stats / "products" / library / f"{options.transform}.json",
    }.items():
        found[stage] |= json.loads(path.read_text())
    found["job"]["chunk_seconds"] = _chunk_seconds(folder / "results/benchmarks/products" / library / options.transform)
    found["disk_mb"] = round(sum(p.stat().st_size for p in (folder / "results").rglob("*") if p.is_file()) / MB, 1)
    return found


def predict(options: argparse.Namespace, rehearsal: dict[str, Any], config: Path) -> dict[str, Any]:
    """Return the figures of the full run, from its estimates and from the speed of the rehearsal."""
    settings = read_config(
        [REPOSITORY / "configs/config.yaml", config], working_dir=config.parent, repository=REPOSITORY
    )
    estimates = Estimates(settings)
    library = settings.libraries[f"{options.class_name}-{options.k}X"]
    rows, products = estimates.rows(library), estimates.rows(library, options.transform)
    before_library, before_job = rehearsal["library"], rehearsal["job"]
    library_cpu = before_library["usage"]["cpu_seconds"] * rows / before_library["molecules"]
    job_cpu = before_job["usage"]["cpu_seconds"] * products / before_job["products"]
    return {
        "molecules": rows,
        "products": products,
        "library_chunks": estimates.chunks(library),
        "job_chunks": estimates.chunks(library, options.transform),
        "library_cpu_seconds": round(library_cpu),
        "job_cpu_seconds": round(job_cpu),
        "library_mb": round(before_library["bytes"] * rows / before_library["molecules"] / MB),
        "products_mb": round(before_job["bytes"] * products / before_job["products"] / MB),
        "task_peak_mb": max(before_library["usage"]["peak_mb"], before_job["usage"]["peak_mb"]),
    }


def _lay_out(options: argparse.Namespace, rows: list[tuple[str, str]], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    parents = folder / "parents.smi"
    parents.write_text("".join(f"{smiles}\t{name}\n" for smiles, name in rows))
    library = f"{options.class_name}-{options.k}X"
    settings = {
        "parents": {options.class_name: str(parents.resolve())},
        "libraries": {library: {"class": options.class_name, "k": options.k}},
        "select": {"libraries": [library], "transforms": [options.transform]},
    }
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(settings, sort_keys=False))
    return config


def _run(options: argparse.Namespace, config: Path, target: str, record: Any, start: float) -> dict[str, Any]:
    """Run Snakemake for a target, sampling the memory of its process tree once a second."""
    progress(f"{config.parent.name}: {target}")
    began = time.monotonic()
    words = [sys.executable, "-m", "snakemake", target, "--cores", options.cores, "--directory", config.parent]
    words += ["--configfile", config]
    with (config.parent / "snakemake.log").open("a") as log:
        process = subprocess.Popen([str(word) for word in words], cwd=REPOSITORY, stdout=log, stderr=log)
        root = psutil.Process(process.pid)
        peak = 0.0
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            processes, size = _tree(root)
            peak = max(peak, size)
            record(round(time.monotonic() - start, 1), processes, round(size, 1))
            time.sleep(1)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"Snakemake failed: see {config.parent / 'snakemake.log'}")
    return {
        "wall_seconds": round(time.monotonic() - began, 1),
        "tree_cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "tree_peak_mb": round(peak),
    }


def _tree(root: psutil.Process) -> tuple[int, float]:
    """Return how many processes a tree has, and the sum of their unique memory in MB."""
    size = count = 0
    try:
        members = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0, 0.0
    for process in members:
        try:
            size += process.memory_full_info().uss
            count += 1
        except psutil.Error:
            continue
    return count, size / MB


def _chunk_seconds(folder: Path) -> dict[str, float]:
    seconds = []
    for path in sorted(folder.glob("*of*.tsv")):
        with path.open(newline="") as file:
            seconds += [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
    return {"count": len(seconds), "smallest": min(seconds), "median": median(seconds), "largest": max(seconds)}


if __name__ == "__main__":
    main()
