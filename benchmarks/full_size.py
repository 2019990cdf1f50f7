"""The job that ended the first pipeline, at full size: a built library through one transform, with all figures kept.

``python benchmarks/full_size.py PARENTS OUT``: PARENTS is a Parquet file with ``smiles``, ``id`` and ``library_class``.
A rehearsal on every n-th parent (``--every``) first measures this machine's speed. The plan made from it is kept beside
what then happens, in OUT/full-size.json. The memory of the process tree goes to OUT/run/memory.tsv, a row a second,
and as a picture to OUT/run/memory.svg.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from halogenator.config import read_config
from halogenator.planning.estimate import Estimates
from harness import MB, REPOSITORY, progress, run, snakemake
from memory_curve import draw
from molecules import OME

CLASS = "polyphenol"
LIBRARY = f"{CLASS}-2X"
CORES = 2
TARGETS = {
    "library": f"results/libraries/library={LIBRARY}/molecules.parquet",
    "job": f"results/products/library={LIBRARY}/transform={OME}/products.parquet",
}
STATISTICS = {"library": f"libraries/{LIBRARY}.json", "job": f"products/{LIBRARY}/{OME}.json"}

# SMILES and id of a natural product.
Parent = tuple[str, str]


def main() -> None:
    """Rehearse, plan, run, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parents", type=Path)
    parser.add_argument("out", type=lambda text: Path(text).resolve())
    parser.add_argument("--every", type=int, default=100, help="rehearse on every n-th parent (default: %(default)s)")
    options = parser.parse_args()

    table = pq.read_table(options.parents, columns=["smiles", "id", "library_class"])
    table = table.filter(pc.equal(table["library_class"], CLASS))
    parents = list(zip(table["smiles"].to_pylist(), table["id"].to_pylist(), strict=True))
    rehearsal = perform(parents[:: options.every], options.out / "rehearsal")
    _lay_out(parents, options.out / "run")
    expected = predict(rehearsal, options.out / "run")
    progress(json.dumps(expected, indent=1))
    real = perform(parents, options.out / "run")
    everything = {"predicted": expected, "real": real, "rehearsal": rehearsal}
    (options.out / "full-size.json").write_text(json.dumps(everything, indent=1) + "\n")
    print(json.dumps(real, indent=1))


def perform(parents: list[Parent], folder: Path) -> dict[str, Any]:
    """Build the library and run the job in a folder; return what was made and what it took."""
    _lay_out(parents, folder)
    samples: list[tuple[str, float, int, float]] = []
    found: dict[str, Any] = {"parents": len(parents)}
    start = time.monotonic()
    for stage, target in TARGETS.items():
        progress(f"{folder.name}: {target}")

        def keep(processes: int, size: float, stage: str = stage) -> None:
            samples.append((stage, round(time.monotonic() - start, 1), processes, round(size, 1)))

        used = run(snakemake(folder, CORES, target), mimalloc=False, on_sample=keep)
        found[stage] = {
            "wall_seconds": round(used.wall_seconds, 1),
            "tree_cpu_seconds": round(used.cpu_seconds, 1),
            "tree_peak_mb": used.peak_mb,
            **json.loads((folder / "results/stats" / STATISTICS[stage]).read_text()),
        }
    with (folder / "memory.tsv").open("w", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerows([("stage", "seconds", "processes", "unique_mb"), *samples])
    (folder / "memory.svg").write_text(draw([(stage, seconds / 60, size) for stage, seconds, _, size in samples]))
    found["job"]["chunk_seconds"] = _chunk_seconds(folder / "results/benchmarks/products" / LIBRARY / OME)
    found["disk_mb"] = round(sum(p.stat().st_size for p in (folder / "results").rglob("*") if p.is_file()) / MB, 1)
    return found


def predict(rehearsal: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the figures of the full run, from its estimates and from the speed of the rehearsal."""
    files = [REPOSITORY / "configs/config.yaml", folder / "config.yaml"]
    config = read_config(files, working_dir=folder, repository=REPOSITORY)
    estimates = Estimates(config)
    library = config.libraries[LIBRARY]
    rows, products = estimates.rows(library), estimates.rows(library, OME)
    of_library, of_job = rehearsal["library"], rehearsal["job"]
    a_row, a_product = rows / of_library["molecules"], products / of_job["products"]
    return {
        "molecules": rows,
        "products": products,
        "library_chunks": estimates.chunks(library),
        "job_chunks": estimates.chunks(library, OME),
        "library_cpu_seconds": round(of_library["usage"]["cpu_seconds"] * a_row),
        "job_cpu_seconds": round(of_job["usage"]["cpu_seconds"] * a_product),
        "library_mb": round(of_library["bytes"] * a_row / MB),
        "products_mb": round(of_job["bytes"] * a_product / MB),
        "task_peak_mb": max(of_library["usage"]["peak_mb"], of_job["usage"]["peak_mb"]),
    }


def _lay_out(parents: list[Parent], folder: Path) -> None:
    """Write the natural products and a configuration for them."""
    folder.mkdir(parents=True, exist_ok=True)
    natural = folder / "parents.smi"
    natural.write_text("".join(f"{smiles}\t{name}\n" for smiles, name in parents))
    settings = {
        "parents": {CLASS: {"path": str(natural.resolve()), "replace": True}},
        "libraries": {LIBRARY: {"class": CLASS, "k": 2}},
        "select": {"libraries": [LIBRARY], "transforms": [OME]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def _chunk_seconds(folder: Path) -> dict[str, float]:
    """Return the wall time of the smallest, the median and the largest chunk task; a small job has none."""
    seconds = []
    for path in sorted(folder.glob("*of*.tsv")):
        with path.open(newline="") as file:
            seconds += [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
    if not seconds:
        return {"count": 0}
    return {"count": len(seconds), "smallest": min(seconds), "median": median(seconds), "largest": max(seconds)}


if __name__ == "__main__":
    main()
