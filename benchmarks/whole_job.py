"""A whole job under Snakemake against the bare kernel on the same rows, and against the design of the first pipeline.

The job is phenol OH → OMe on the whole polyphenol-2X library of large natural products. The library is there before;
what counts is the CPU time of every process from the start of Snakemake to the deduplicated products. One task runs at
a time, and the bare kernel beside it on the other core, so that what disturbs the machine disturbs both. What the start
takes, of Snakemake above all, is measured by a small job and left out of the ratio, since a job takes hours.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.siblings import SiblingKernel
from halogenator.planning.chunks import site_column
from harness import FOLDER, Figure, Used, progress, run, snakemake
from molecules import DESCRIPTORS, OME, composition, dihalogenated, parents, transform, write_library

_WHOLE, _RUNS = "polyphenol-2X", "polyphenol-2X-runs"
_SMALL, _LARGE = 400, 1500  # rows that the first design is measured on
_CHUNK_PRODUCTS = 500_000
_FOLDER = FOLDER / "pipeline"


@dataclass(frozen=True)
class _Job:
    """A finished job: what all of its processes used together, and the statistics that it left."""

    cpu_seconds: float
    peak_mb: float
    stats: dict[str, Any]

    @property
    def rows(self) -> int:
        """Molecules of the library."""
        return int(self.stats["rows_in"])

    @property
    def products(self) -> int:
        """Distinct products."""
        return int(self.stats["products"])

    @property
    def rate(self) -> float:
        """Products per CPU second."""
        return self.products / self.cpu_seconds


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the figures of the job and of the first design's."""
    progress("whole job: making the libraries")
    whole = _RUNS if quick else _WHOLE
    _prepare([_RUNS] if quick else [_RUNS, _WHOLE])
    progress(f"whole job: the first design, {_SMALL:,} rows")
    legacy = [_legacy(whole, _SMALL)]
    progress("whole job: the smaller job")
    small = _job(_RUNS)
    progress("whole job: the job, beside the bare kernel")
    with ThreadPoolExecutor() as pool:
        kernel = pool.submit(run, [sys.executable, Path(__file__), whole])
        job = small if quick else _job(whole)
        bare = kernel.result().record
    progress(f"whole job: the first design, {_LARGE:,} rows")
    legacy.append(_legacy(whole, _LARGE))
    if bare["products"] != job.products + job.stats["duplicates"]:
        raise RuntimeError(f"the kernel makes {bare['products']:,} products, the job {job.products:,} and duplicates")
    heavy, sites = composition(_column(whole, "smiles")[::20])
    return [
        Figure("pipeline_rows", job.rows, "molecules"),
        Figure("pipeline_heavy_atoms", round(heavy, 1), "per parent"),
        Figure("pipeline_sites", round(sites, 2), "per parent"),
        Figure("pipeline_bytes_per_row", round(job.stats["bytes"] / job.products, 1), "bytes/row"),
        Figure("kernel_cpu", round(bare["seconds"], 2), "CPU s"),
        Figure("pipeline_cpu", round(job.cpu_seconds, 2), "CPU s", rounds=[job.stats]),
        *_beside_kernel(small, job, bare["seconds"]),
        *_compare_with_legacy(small, job, legacy),
    ]


def _beside_kernel(small: _Job, job: _Job, kernel: float) -> list[Figure]:
    """Return what a job takes beside the kernel's CPU seconds: at its start, and for each product."""
    each = kernel / job.products
    start = small.cpu_seconds - each * small.products  # and a little for the few products of the small job
    beside = (job.cpu_seconds - start - kernel) / job.products
    return [
        Figure("pipeline_start_cpu", round(start, 2), "CPU s"),
        Figure("pipeline_over_kernel", round((job.cpu_seconds - start) / kernel, 3), "ratio", 1.35),
        Figure("beside_kernel_us", round(1e6 * beside, 2), "µs/product", 4),
    ]


def _compare_with_legacy(small: _Job, job: _Job, legacy: Sequence[dict[str, Any]]) -> list[Figure]:
    """Return products per CPU second and memory of both designs, each at two sizes of library."""
    before, after = legacy
    theirs = after["products"] / after["cpu_seconds"]
    return [
        Figure("pipeline_rate", round(job.rate), "products/CPU s"),
        Figure("legacy_rate", round(theirs), "products/CPU s", rounds=legacy),
        Figure("legacy_over_pipeline", round(job.rate / theirs, 2), "ratio", 12, at_least=True),
        Figure(
            "legacy_over_pipeline_small", round(small.rate / theirs, 2), f"ratio, {small.rows:,} rows and the start"
        ),
        Figure("pipeline_peak_mb_small", small.peak_mb, f"MB, {small.rows:,} rows"),
        Figure("pipeline_peak_mb", job.peak_mb, f"MB, {job.rows:,} rows"),
        Figure("legacy_peak_mb_small", before["peak_mb"], f"MB, {before['rows_in']:,} rows"),
        Figure("legacy_peak_mb", after["peak_mb"], f"MB, {after['rows_in']:,} rows"),
        Figure("legacy_dedup_bytes", round(after["dedup_bytes"] / after["products"]), "bytes/row"),
    ]


def _prepare(names: list[str]) -> None:
    """Build the libraries, and take away the products of an earlier run."""
    shutil.rmtree(_FOLDER / "results" / "products", ignore_errors=True)
    runs = _FOLDER / "runs.parquet"
    if not runs.exists():
        write_library(dihalogenated(_LARGE), runs)
    natural = _FOLDER / "parents.smi"
    natural.write_text("".join(f"{smiles}\t{name}\n" for smiles, name in _natural_products()))
    settings = {
        "parents": {"polyphenol": str(natural)},
        "libraries": {_WHOLE: {"class": "polyphenol", "k": 2}, _RUNS: {"class": "polyphenol", "path": str(runs)}},
        "select": {"libraries": [_WHOLE, _RUNS], "transforms": [OME]},
        "chunk": {"products": _CHUNK_PRODUCTS},
        "descriptors": list(DESCRIPTORS),
    }
    (_FOLDER / "config.yaml").write_text(yaml.safe_dump(settings))
    _snakemake(2, *(f"results/libraries/library={name}/molecules.parquet" for name in names))


def _natural_products() -> list[tuple[str, str]]:
    """Return the large natural products and some of their methyl ethers: enough to outweigh the start."""
    products = list(parents(stereo=False))
    kernel = Kernel([transform()])
    ethers = [(made.smiles, f"{name} methyl ether") for smiles, name in products for made in kernel.products(smiles)[0]]
    return products + ethers[::6]


def _job(library: str) -> _Job:
    """Run a job, one task at a time."""
    used = _snakemake(1, f"results/products/library={library}/transform={OME}/products.parquet")
    stats = _FOLDER / "results" / "stats" / "products" / library / f"{OME}.json"
    return _Job(used.cpu_seconds, used.peak_mb, json.loads(stats.read_text()))


def _snakemake(cores: int, *targets: str) -> Used:
    return run(snakemake(_FOLDER, cores, *targets), mimalloc=False, sample=True)


def _legacy(whole: str, rows: int) -> dict[str, Any]:
    """Run the first design on evenly spread rows of a library; return what it says of itself."""
    molecules = _column(whole, "smiles")
    spread = [molecules[number * len(molecules) // rows] for number in range(rows)]
    library, out = write_library(spread, FOLDER / "legacy.parquet"), FOLDER / "legacy"
    shutil.rmtree(out, ignore_errors=True)
    script = Path(__file__).with_name("first_design.py")
    record = run([sys.executable, script, library, transform().smirks, out, "--workers", 2], mimalloc=False).record
    shutil.rmtree(out, ignore_errors=True)
    return record


def _molecules(library: str) -> Path:
    return _FOLDER / "results" / "libraries" / f"library={library}" / "molecules.parquet"


def _column(library: str, name: str) -> list[Any]:
    return pq.read_table(_molecules(library), columns=[name]).column(0).to_pylist()


def _bare_kernel(library: str) -> dict[str, float]:
    """Return CPU seconds and products of a chunk task's kernel on the rows of a library that have a site."""
    column = site_column(_molecules(library), transform())
    table = pq.read_table(_molecules(library), columns=["smiles", *DESCRIPTORS, column])
    smiles, *values = (array.to_pylist() for array in table.filter(pc.greater(table[column], 0)).columns[:-1])
    rows = list(zip(smiles, zip(*values, strict=True), strict=True))
    kernel = SiblingKernel([transform()], DESCRIPTORS)
    start = process_time()
    products = sum(len(kernel.products(text, known)[0]) for text, known in rows)
    return {"seconds": process_time() - start, "products": products}


if __name__ == "__main__":
    quiet()
    print(json.dumps(_bare_kernel(sys.argv[1])))
