"""Memory (MB, 10^6 bytes) and time limits of each kind of task: sums of named parts, which their code keeps to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from halogenator.chemistry.scores import SCORES
from halogenator.model import Config, Export
from halogenator.planning.speed import FINGERPRINT_SECONDS, PRODUCT_SECONDS, chunk_products, product_seconds
from halogenator.tables.duck import MEMORY_SHARE
from halogenator.tables.molecule_files import FORMATS
from halogenator.units import MB

# The two processes of a task: Python with RDKit, Arrow, DuckDB and NumPy loaded. Measured: 130-150.
PROCESS_MB = 160
# Batches of two writers (tables.parquet.BATCH_BYTES each) as Python values, Arrow arrays and encoded; a batch read.
BATCH_MB = 100
# The largest row: the products of chemistry.reaction.MAX_MATCHES matches with their SMILES, and as many whole molecules
# as RunReactants may make at once (chemistry.reaction.MAX_ATOMS_AT_ONCE).
ROW_MB = 110
# Remembered differences (chemistry.descriptor_differences.MAX_ENTRIES) and products of siblings
# (chemistry.siblings.MAX_PRODUCTS), and freed memory that allocators keep.
REMEMBERED_MB = 110
# A walk (tasks.halogenate_chunk.MAX_REACHED molecules with all their columns).
WALK_MB = 200
# With less, small allocations of Arrow and DuckDB fail or hang.
LEAST_MB = 500

# An export: a million fingerprints to pick from (chemistry.maxmin.needed_mb), or twice what DuckDB sorts with.
EXPORT_MB = 1500
# An export that picks nothing: about 250 measured, and DuckDB takes half for a query.
PLAIN_EXPORT_MB = 1000

# DuckDB may use a share of the memory of a merge, and spills what is more. It needs the buffers of one thread and, for
# each row, the part of the hash table that it keeps while it spills the rest.
DUCKDB_THREAD_MB = 240
DUCKDB_ROW_BYTES = 5

# Beside a task on a cluster: the two Snakemake processes that start it there, a wrapper of Slurm's and shells.
SNAKEMAKE_MB = 600

# Time limits: minutes for the start and a busy file system, then five times what a server of the 2020s takes.
START_MINUTES = 15
SLOWER = 5
# Per row of a merge, a summary or an export. Measured: 3 µs, and more if DuckDB spills.
MERGE_SECONDS = 10e-6
# Per row that an export draws, maps, splits by scaffold or gives fingerprints, each; and per 3D structure.
EXPORT_SECONDS = 10e-3
CONFORMER_SECONDS = 1.0


def stream_mb(scores: Iterable[str] = ()) -> int:
    """Return the memory of a task that streams, which is the same for all sizes of libraries, with these scores."""
    models = sum(SCORES[name].mb for name in scores)
    return max(LEAST_MB, _rounded(PROCESS_MB + BATCH_MB + ROW_MB + REMEMBERED_MB + models))


def chunk_mb(config: Config, library: str, transform: str | None = None) -> int:
    """Return the memory of a chunk task of a library or a job: more if it keeps in mind what it reaches."""
    walks = transform is None and config.libraries[library].walks
    return stream_mb(config.scores(library, transform)) + (WALK_MB if walks else 0)


def merge_mb(rows: int, parts: int = 0) -> int:
    """Return the memory of a merge of about ``rows`` rows, or of each of ``parts`` tasks that find its duplicates."""
    duckdb = DUCKDB_THREAD_MB + DUCKDB_ROW_BYTES * rows / max(parts, 1) / MB
    return max(stream_mb(), _rounded(duckdb / MEMORY_SHARE))


def chunk_minutes(config: Config, scores: Sequence[str] = ()) -> int:
    """Return the time limit of a chunk task, which makes products, or molecules of a library, with these scores."""
    each = 2 * PRODUCT_SECONDS + product_seconds(config, scores)
    return START_MINUTES + math.ceil(SLOWER * chunk_products(config, scores) * each / 60)


def merge_minutes(rows: int) -> int:
    """Return the time limit of a task that reads so many rows."""
    return START_MINUTES + math.ceil(SLOWER * rows * MERGE_SECONDS / 60)


def fingerprint_minutes(rows: int) -> int:
    """Return the time limit of a task that computes so many fingerprints."""
    return START_MINUTES + math.ceil(SLOWER * rows * FINGERPRINT_SECONDS / 60)


def export_minutes(rows: int, export: Export) -> int:
    """Return the time limit of an export from so many rows, with what its scores and what it makes of rows take."""
    kept = min(filter(None, (rows, export.sample, export.diverse)), default=0)
    columns = {*export.flag, *export.columns}
    looks = {name: rows * (name in export.windows) + kept * (name in columns) for name in SCORES}
    seconds = sum(SCORES[name].micros * times / 1e6 for name, times in looks.items())
    makes = (export.has_reaction, FORMATS[export.format].most, *export.fingerprints, export.scaffold_split)
    seconds += kept * (EXPORT_SECONDS * sum(map(bool, makes)) + CONFORMER_SECONDS * (export.conformers or 0))
    return merge_minutes(rows) + math.ceil(SLOWER * seconds / 60)


def _rounded(megabytes: float) -> int:
    return math.ceil(megabytes / 100) * 100
