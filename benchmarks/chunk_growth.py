"""A chunk task at ten, a hundred and three hundred thousand molecules, on one core and on two: rate and memory.

The molecules are phenols with one site each, of the same mean size at every number, made without descriptors. A rate is
products per CPU second beyond what a task of one molecule takes, which is the start of Python and of the libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import mean, median

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.model import Job, Library
from halogenator.tables.metadata import read_metadata
from halogenator.tasks.commands import TransformChunk
from harness import FOLDER, Figure, Used, halogenator, progress, run_together
from molecules import phenols, transform

_ONE_CORE = (10_000, 100_000, 150_000)
_TWO_CORES = (100_000, 150_000)
_ROUNDS = {1: 2, 10_000: 2, 100_000: 1}  # of a size; one, where none is given
_GROUP_ROWS = 20_000
_FOLDER = FOLDER / "growth"


def measure(*, quick: bool = False) -> list[Figure]:
    """Return rates and peaks at every size, and how far apart they lie."""
    plan = [(rows, 1) for rows in (1, *_ONE_CORE)] + [(rows, 2) for rows in _TWO_CORES]
    if quick:
        plan = [(rows, cores) for rows, cores in plan if rows <= 100_000]
    rounds: dict[tuple[int, int], list[list[Used]]] = {size: [] for size in plan}
    peaks: dict[tuple[int, int], list[int]] = {size: [] for size in plan}
    for number in range(max(_ROUNDS.values())):
        for size in plan:
            if number < _ROUNDS.get(size[0], 1):
                progress(f"growth: {size[0]:,} molecules on {size[1]} core{'s' * (size[1] > 1)}")
                used, peak = _transform(*size)
                rounds[size].append(used)
                peaks[size].append(peak)
    start = median(used[0].cpu_seconds for used in rounds[1, 1])
    figures = [Figure("growth_start", round(start, 2), "CPU s", rounds=_seconds(rounds[1, 1]))]
    rates, highest = [], []
    for (rows, cores), found in rounds.items():
        if rows > 1:
            rates.append(rows / (median(sum(used.cpu_seconds for used in task) for task in found) - cores * start))
            highest.append(max(peaks[rows, cores]))
            name = f"growth_{rows}_rows_{cores}_core{'s' * (cores > 1)}"
            figures.append(Figure(f"{name}_rate", round(rates[-1]), "molecules/CPU s", rounds=_seconds(found)))
            figures.append(Figure(f"{name}_peak_mb", highest[-1], "MB/process", rounds=peaks[rows, cores]))
    return [
        *figures,
        Figure("growth_rate_spread", round(max(rates) / min(rates), 3), "max/min", 1.15),
        Figure("growth_peak_mb_spread", round((max(highest) - min(highest)) / mean(highest), 3), "of mean", 0.20),
    ]


def _seconds(rounds: Sequence[Sequence[Used]]) -> list[list[float]]:
    return [[round(used.cpu_seconds, 3) for used in task] for task in rounds]


def _transform(rows: int, processes: int) -> tuple[list[Used], int]:
    """Transform a library in as many processes side by side; return what each used, and the highest peak in MB."""
    library = _library(rows)
    outputs = [_FOLDER / f"products-{part}.parquet" for part in range(processes)]
    job = Job(Library("phenols", "polyphenol"), transform().bare)
    commands = [
        TransformChunk(
            job=job,
            molecules=library,
            chunk=(part, processes),
            out=out,
            rejects=out.with_suffix(".rejects.parquet"),
        )
        for part, out in enumerate(outputs)
    ]
    used = run_together([halogenator(*command.words) for command in commands])
    made = sum(pq.read_metadata(out).num_rows for out in outputs)
    if made != rows:
        raise RuntimeError(f"{made:,} products of {rows:,} phenols with one site each")
    return used, max(_peak_mb(out) for out in outputs)


def _peak_mb(path: Path) -> int:
    task = read_metadata(path)["task"]
    assert isinstance(task, dict)
    return int(task["peak_mb"])


def _library(rows: int) -> Path:
    """Return a library of the first ``rows`` phenols, as much of one as a chunk task reads."""
    path = _FOLDER / f"phenols-{rows}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        molecules = phenols(rows)
        schema = pa.schema([(name, pa.string()) for name in ("id", "smiles", "enhanced_stereo")])
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for first in range(0, rows, _GROUP_ROWS):
                group = list(islice(molecules, _GROUP_ROWS))
                names = [f"phenol-{number}" for number in range(first + 1, first + len(group) + 1)]
                nothing = [None] * len(group)
                writer.write_table(pa.table([names, group, nothing], schema=schema))
    return path
