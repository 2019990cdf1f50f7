"""The job that ended the first pipeline, at full size: a built library through transforms, with all figures kept.

``python benchmarks/full_size.py PARENTS OUT [--class CLASS] [--transforms NAME …]``: PARENTS is a Parquet file with
``smiles``, ``id`` and ``library_class``. A rehearsal on every n-th parent (``--every``) first measures this machine's
speed. The plan made from it is kept beside what then happens, in OUT/full-size.json. The memory of the process tree
goes to OUT/run/memory.tsv, a row a second, and as a picture to OUT/run/memory.svg.

Nothing is excluded, so that the molecules are those that the first pipeline had.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

CORES = 2

# SMILES and id of a natural product.
Parent = tuple[str, str]


@dataclass(frozen=True)
class Work:
    """A class whose library of two halogens goes through transforms."""

    name: str
    transforms: Sequence[str]

    @property
    def library(self) -> str:
        """Name of the library."""
        return f"{self.name}-2X"

    def stages(self) -> Iterator[tuple[str, str, str]]:
        """Yield the name, the file and the statistics of the library, and of each transform's job."""
        molecules = f"results/libraries/library={self.library}/molecules.parquet"
        yield "library", molecules, f"libraries/{self.library}.json"
        for transform in self.transforms:
            products = f"results/products/library={self.library}/transform={transform}/products.parquet"
            yield transform, products, f"products/{self.library}/{transform}.json"


def main() -> None:
    """Rehearse, plan, run, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parents", type=Path)
    parser.add_argument("out", type=lambda text: Path(text).resolve())
    parser.add_argument("--class", dest="name", default="polyphenol", help="class of parents (default: %(default)s)")
    parser.add_argument("--transforms", nargs="+", default=[OME], metavar="NAME", help=f"(default: {OME})")
    parser.add_argument("--every", type=int, default=100, help="rehearse on every n-th parent (default: %(default)s)")
    options = parser.parse_args()
    work = Work(options.name, options.transforms)

    table = pq.read_table(options.parents, columns=["smiles", "id", "library_class"])
    table = table.filter(pc.equal(table["library_class"], work.name))
    parents = list(zip(table["smiles"].to_pylist(), table["id"].to_pylist(), strict=True))
    rehearsal = perform(work, parents[:: options.every], options.out / "rehearsal")
    _lay_out(work, parents, options.out / "run")
    expected = predict(work, rehearsal, options.out / "run")
    progress(json.dumps(expected, indent=1))
    real = perform(work, parents, options.out / "run")
    everything = {"predicted": expected, "real": real, "rehearsal": rehearsal}
    (options.out / "full-size.json").write_text(json.dumps(everything, indent=1) + "\n")
    print(json.dumps(real, indent=1))


def perform(work: Work, parents: list[Parent], folder: Path) -> dict[str, Any]:
    """Build the library and run its jobs in a folder; return what was made and what it took."""
    _lay_out(work, parents, folder)
    samples: list[tuple[str, float, int, float]] = []
    found: dict[str, Any] = {"parents": len(parents)}
    start = time.monotonic()
    for stage, target, statistics in work.stages():
        progress(f"{folder.name}: {target}")

        def keep(processes: int, size: float, stage: str = stage) -> None:
            samples.append((stage, round(time.monotonic() - start, 1), processes, round(size, 1)))

        used = run(snakemake(folder, CORES, target), mimalloc=False, on_sample=keep)
        found[stage] = {
            "wall_seconds": round(used.wall_seconds, 1),
            "tree_cpu_seconds": round(used.cpu_seconds, 1),
            "tree_peak_mb": used.peak_mb,
            **json.loads((folder / "results/stats" / statistics).read_text()),
        }
    with (folder / "memory.tsv").open("w", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerows([("stage", "seconds", "processes", "unique_mb"), *samples])
    (folder / "memory.svg").write_text(draw([(stage, seconds / 60, size) for stage, seconds, _, size in samples]))
    for transform in work.transforms:
        chunks = folder / "results/benchmarks/products" / work.library / transform
        found[transform]["chunk_seconds"] = _chunk_seconds(chunks)
    found["disk_mb"] = round(sum(p.stat().st_size for p in (folder / "results").rglob("*") if p.is_file()) / MB, 1)
    return found


def predict(work: Work, rehearsal: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the figures of the full run, from its estimates and from the speed of the rehearsal."""
    files = [REPOSITORY / "configs/config.yaml", folder / "config.yaml"]
    estimates = Estimates(config := read_config(files, working_dir=folder))
    library = config.libraries[work.library]
    expected = {}
    for stage, _, _ in work.stages():
        small, transform = rehearsal[stage], None if stage == "library" else stage
        rows = estimates.rows(library, transform)
        scale = rows / small["products" if transform else "molecules"]
        expected[stage] = {
            "rows": rows,
            "chunks": estimates.chunks(library, transform),
            "cpu_seconds": round(small["usage"]["cpu_seconds"] * scale),
            "mb": round(small["bytes"] * scale / MB),
            "task_peak_mb": small["usage"]["peak_mb"],
        }
    return expected


def _lay_out(work: Work, parents: list[Parent], folder: Path) -> None:
    """Write the natural products and a configuration for them."""
    folder.mkdir(parents=True, exist_ok=True)
    natural = folder / "parents.smi"
    natural.write_text("".join(f"{smiles}\t{name}\n" for smiles, name in parents))
    settings = {
        "parents": {work.name: {"path": str(natural.resolve()), "replace": True}},
        "libraries": {work.library: {"class": work.name, "k": 2}},
        "select": {"libraries": [work.library], "transforms": list(work.transforms)},
        "exclude": [],
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
