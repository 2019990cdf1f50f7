"""Jobs whose products an earlier pipeline made: which of them still are what the configuration asks for.

Snakemake knows nothing of their making, so it can neither compare parameters nor trust times: the library that a job
starts from is made later than products that were made before it. So an adopted job carries a record in its statistics.
Where the record agrees with the configuration the rules leave the job alone: no input, so nothing to be older than.
Where it does not agree, the job is outdated, and a rule that each run forces makes it like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from halogenator.model import Config, fingerprint
from halogenator.planning.identity import job_identity, library_identity
from halogenator.results import Results
from halogenator.tables.statistics import read_object

Job = tuple[str, str]  # library, transform


def adopted_jobs(config: Config, results: Path, working_dir: Path) -> tuple[list[Job], list[Job]]:
    """Return the adopted jobs of a configuration: those that stand, and the outdated ones, which are to be made again.

    An adopted job stands while its files are there and its transform, its library, every library below that, the
    source files, the columns and the engine are what they were when it was adopted. A job whose files are not all there
    is in neither list: Snakemake itself sees that they are missing.
    """
    standing: list[Job] = []
    outdated: list[Job] = []
    for job in config.jobs:
        record = _record(results, job)
        if record is not None:
            same = record.get("identity") == adopted_identity(config, job, working_dir)
            (standing if same else outdated).append(job)
    return standing, outdated


def adopted_identity(config: Config, job: Job, working_dir: Path) -> str:
    """Return what ``adopted_jobs`` compares: the identity of a job, of its library and of all libraries below it."""
    library, transform = job
    below = [library_identity(config, name, working_dir) for name in _levels(config, library)]
    return fingerprint(job_identity(config, transform), below)


def finished(results: Path, job: Job) -> bool:
    """Return whether all files of a job are there."""
    return all(path.is_file() for path in Results(results).files(*job))


def any_of(names: Iterable[str]) -> str:
    """Return the constraint of a wildcard that is one of these names.

    Examples:
        >>> any_of(["lipid", "mine"])
        'lipid|mine'
    """
    return "|".join(map(re.escape, names)) or "none"


def library_constraint(names: Iterable[str], jobs: Iterable[Job], *, among: bool) -> str:
    """Return the constraint of the wildcard ``library`` in a job's paths, for some jobs or for all others.

    No two wildcards can be constrained together, but a pattern can look ahead, past the library's name, at what
    follows it: ``/transform=<name>/`` or ``/<name>.json``.

    Args:
        names: of all libraries.
        jobs: some jobs.
        among: whether the constraint is for these jobs; else it is for all others.
    """
    pairs = [f"{re.escape(name)}/(?:transform=)?{re.escape(transform)}" for name, transform in jobs] or ["(?!)"]
    return f"(?{'=' if among else '!'}(?:{'|'.join(pairs)})[/.])(?:{any_of(names)})"


def _record(results: Path, job: Job) -> dict[str, Any] | None:
    """Return what the statistics say of a job's adoption; None where it was not adopted or is not whole."""
    if not finished(results, job):
        return None
    adopted = read_object(Results(results).stats(*job)).get("adopted")
    return adopted if isinstance(adopted, dict) else None


def _levels(config: Config, name: str | None) -> Iterator[str]:
    """Yield a library and every one that it is built upon."""
    while name is not None:
        yield name
        name = config.libraries[name].base
