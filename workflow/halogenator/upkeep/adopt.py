"""The adoption of an earlier pipeline's outputs as finished jobs, which are not run again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from halogenator.chemistry.molecules import quiet
from halogenator.errors import UserError, did_you_mean
from halogenator.model import Config, Job, JobName
from halogenator.planning.adopted import adopted_identity, finished
from halogenator.planning.identity import job_identity
from halogenator.process.run_folder import claim_folder
from halogenator.process.usage import Task
from halogenator.results import PRODUCTS_FILE, Results
from halogenator.tables.metadata import read_metadata
from halogenator.tables.own_results import check_own
from halogenator.tables.parquet import limit_arrow_threads
from halogenator.tables.seal import sha256
from halogenator.tasks.chunk_task import Chunk
from halogenator.tasks.merge import Merge
from halogenator.tasks.merge_products import merge_products
from halogenator.upkeep.earlier_pipeline import BrokenError, convert, examine


@dataclass(frozen=True)
class Found:
    """The result for an entry of the earlier pipeline's folder.

    Attributes:
        name: the entry.
        state: "adopted", "finished" (by an earlier run, and left unchanged), "broken" or "unknown".
        detail: the number of rows, or the reason.
    """

    name: str
    state: str
    detail: str


def adopt(directory: Path, config: Config, results: Path, *, dry_run: bool, mem_mb: int) -> Iterator[Found]:
    """Adopt each job of the configuration that is whole in ``directory``, and yield the result for each entry.

    The products of a job are expected in ``<library>_<transform>/products.parquet``. Names of entries are only compared
    with those of the configuration: paths for writing are never made from them. Links are not followed. The earlier
    files stay unchanged. Their rows go through the same merge as those of chunks. The statistics, which make the job
    count as finished, are written last.

    Args:
        directory: the earlier pipeline's outputs.
        config: the configuration, with the jobs.
        results: the results folder; Snakemake runs in the folder above it.
        dry_run: examine only, and change nothing.
        mem_mb: memory to stay below, in MB (10^6 bytes).

    Raises:
        UserError: there is no such folder, a run is going on in that of the results, or that is somebody else's.
    """
    if not directory.is_dir():
        raise UserError(
            "there is no such folder to adopt from",
            where=directory,
            allowed=f"a folder that holds <library>_<transform>/{PRODUCTS_FILE}",
        )
    working_dir = results.absolute().parent.resolve()
    if not dry_run:
        check_own(results)
        claim_folder(working_dir / ".snakemake", scratch=Results(results).scratch, cap_mb=0)
    limit_arrow_threads()
    quiet()
    names = _job_names(config)
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        jobs = names.get(entry.name, [])
        folder = Path(entry.path)
        if entry.is_symlink():
            yield Found(entry.name, "unknown", "a symbolic link, which is not followed")
        elif len(jobs) > 1:
            yield Found(entry.name, "unknown", "could be " + " or ".join(" × ".join(job) for job in jobs))
        elif not jobs and entry.is_dir():
            yield Found(entry.name, "unknown", did_you_mean(entry.name, names) or "no job of the configuration is near")
        elif jobs and not entry.is_dir():
            yield Found(entry.name, "broken", "a file, where a folder should be")
        elif jobs and finished(results, jobs[0]):
            yield Found(entry.name, "finished", "its results are there and stay")
        elif jobs:
            yield _adopt_one(folder, config, jobs[0], results, working_dir, None if dry_run else Task(mem_mb))


def unfinished(config: Config, results: Path) -> int:
    """Return how many jobs of a configuration are not finished."""
    return sum(not finished(results, job) for job in config.jobs)


def _job_names(config: Config) -> dict[str, list[JobName]]:
    """Return {name of a job's folder: the jobs that it can belong to}."""
    names: dict[str, list[JobName]] = {}
    for job in config.jobs:
        names.setdefault("_".join(job), []).append(job)
    return names


def _adopt_one(
    folder: Path, config: Config, job: JobName, results: Path, working_dir: Path, task: Task | None
) -> Found:
    """Examine a job's folder, and convert it unless ``task`` is None."""
    try:
        rows = examine(folder)
        detail = f"{rows:,} rows"
        if task is not None:
            detail += _convert(folder / PRODUCTS_FILE, config, job, results, working_dir, task)
    except BrokenError as error:
        return Found(folder.name, "broken", str(error))
    return Found(folder.name, "adopted", detail)


def _convert(path: Path, config: Config, names: JobName, results: Path, working_dir: Path, task: Task) -> str:
    """Make a job's files from earlier products; return the number of rows left out, in words."""
    library, transform = config.libraries[names[0]], config.transforms[names[1]]
    job = Job(library, transform, config.descriptors, "inchikey" in config.identifiers, config.dedup_key)
    identity = adopted_identity(config, names, working_dir)
    record = {"from": str(path.absolute()), "sha256": sha256(path), "identity": identity}
    scratch = Results(results).scratch
    scratch.mkdir(parents=True, exist_ok=True)
    made = Results(results).files(*names)
    with TemporaryDirectory(prefix="adopt-", dir=scratch) as temporary:
        chunk = Chunk.passing(path, Path(temporary), task)
        convert(chunk, job)
        config_hash = job_identity(config, *names)
        merge = Merge([chunk.out], [chunk.rejects_out], *made, scratch, config_hash, task)
        merge_products(merge, job, adopted=record)
    metadata = read_metadata(made[0])
    left_out = {name: metadata[name] for name in ("duplicates", "rejects")}
    return "".join(f", {count:,} {name}" for name, count in left_out.items() if count)
