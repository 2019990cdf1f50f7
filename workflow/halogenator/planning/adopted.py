"""Adopted jobs, whose products an earlier pipeline made: which of them are still what the configuration asks for.

Snakemake did not make them, so it has no parameters to compare, and their products may be older than their library. So
the statistics of an adopted job have a record of what it was made from. If the record agrees with the configuration,
the rules give the job no input, and Snakemake leaves it alone. If not, the job is outdated, and each run makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from halogenator.model import Config, JobName, fingerprint
from halogenator.planning.identity import job_identity, library_identity
from halogenator.results import Results
from halogenator.tables.statistics import known


def adopted_jobs(config: Config, results: Path, working_dir: Path) -> tuple[list[JobName], list[JobName]]:
    """Return the adopted jobs of a configuration: those that are up to date, and those that are outdated.

    A job is up to date if its transform, its library, all libraries below that, their source files, the columns and
    the engine are the same as when it was adopted. A job with a missing file is in neither list: Snakemake sees that.
    """
    up_to_date: list[JobName] = []
    outdated: list[JobName] = []
    for job in config.jobs:
        record = _record(results, job)
        if record is not None:
            same = record.get("identity") == adopted_identity(config, job, working_dir)
            (up_to_date if same else outdated).append(job)
    return up_to_date, outdated


def adopted_identity(config: Config, job: JobName, working_dir: Path) -> str:
    """Return a fingerprint of a job, of its library and of all libraries below that."""
    line = config.line(config.libraries[job[0]])
    libraries = [library_identity(config, library.name, working_dir) for library in reversed(line)]
    return fingerprint(job_identity(config, *job), libraries)


def finished(results: Path, job: JobName) -> bool:
    """Return whether all files of a job are there."""
    return all(path.is_file() for path in Results(results).files(*job))


def any_of(names: Iterable[str]) -> str:
    """Return the constraint of a wildcard that can be any of some names.

    Examples:
        >>> any_of(["lipid", "mine"])
        'lipid|mine'
    """
    return "|".join(map(re.escape, names)) or "none"


def library_constraint(names: Iterable[str], jobs: Iterable[JobName], *, among: bool) -> str:
    """Return the constraint of the wildcard ``library`` in the paths of some jobs, or of all other jobs.

    Snakemake cannot constrain two wildcards together. But the pattern can look ahead to the transform, which follows
    the name of the library as ``/transform=<name>/`` or ``/<name>.json``.

    Args:
        names: the names of all libraries.
        jobs: some jobs.
        among: whether the constraint is for these jobs; else it is for all others.
    """
    pairs = [f"{re.escape(name)}/(?:transform=)?{re.escape(transform)}" for name, transform in jobs] or ["(?!)"]
    return f"(?{'=' if among else '!'}(?:{'|'.join(pairs)})[/.])(?:{any_of(names)})"


def _record(results: Path, job: JobName) -> dict[str, Any] | None:
    """Return the record of a job's adoption in its statistics; None if it was not adopted or a file is missing."""
    if not finished(results, job):
        return None
    adopted = known(Results(results).stats(*job)).get("adopted")
    return adopted if isinstance(adopted, dict) else None
