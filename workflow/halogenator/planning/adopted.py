"""Jobs whose products an earlier pipeline made: which of them still are what the configuration asks for.

Snakemake knows nothing of their making, so it can neither compare parameters nor trust times: the library that a job
starts from is made later than products that were made before it. So an adopted job carries a record in its statistics,
and where the record agrees with the configuration the rules leave the job alone: no input, so nothing to be older than.
Where it does not agree, the job is made like any other, and the time of its oldest file makes it run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from halogenator.model import Config, Library, fingerprint
from halogenator.planning.identity import job_identity, library_identity
from halogenator.results import Results
from halogenator.storage.seal import sha256
from halogenator.storage.statistics import read_object

Job = tuple[str, str]  # library, transform

# A file up to this size is compared by what is in it, so that a copy or a fresh checkout of it changes nothing.
_HASHED_BYTES = 10_000_000

# Older than every file that this program has made, in seconds: 1 January 2000.
_LONG_GONE = 946_684_800


@dataclass(frozen=True)
class Source:
    """The file that a job's library is made from, at the lowest level, as it was when the job was adopted.

    Attributes:
        bytes: its size.
        mtime_ns: when it was last changed, in nanoseconds.
        sha256: of its bytes; "" for a file too large to be read each time the workflow starts.
    """

    bytes: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Source:
        """Return what there is to know of a file.

        Raises:
            OSError: it cannot be read.
        """
        status = path.stat()
        small = status.st_size <= _HASHED_BYTES
        return cls(status.st_size, status.st_mtime_ns, sha256(path) if small else "")

    def same(self, path: Path) -> bool:
        """Return whether a file is still this one."""
        try:
            status = path.stat()
            if status.st_size != self.bytes:
                return False
            return status.st_mtime_ns == self.mtime_ns or (bool(self.sha256) and sha256(path) == self.sha256)
        except OSError:
            return False


def adoption_record(config: Config, job: Job, working_dir: Path) -> dict[str, object]:
    """Return what ``adopted_jobs`` compares: the job's identity with that of its library and of all below it."""
    return {"identity": _identity(config, job, working_dir), "source": asdict(Source.of(_origin(config, job)))}


def adopted_jobs(config: Config, results: Path, working_dir: Path) -> tuple[list[Job], list[Job]]:
    """Return the adopted jobs of a configuration: those that stand, and those to be made again.

    An adopted job stands while its files are there and its transform, its library, every library below that, the
    source file, the columns and the engine are what they were when it was adopted. A job whose files are not all there
    is in neither list: Snakemake itself sees that they are missing.
    """
    standing: list[Job] = []
    outdated: list[Job] = []
    for job in config.jobs:
        record = _record(results, job)
        if record is None:
            continue
        same = record.get("identity") == _identity(config, job, working_dir) and _same_source(config, job, record)
        (standing if same else outdated).append(job)
    return standing, outdated


def make_outdated(results: Path, job: Job) -> None:
    """Make Snakemake take an adopted job for outdated, should a rule make it: one of its files gets a time long gone.

    Adoption does this, and Snakemake compares the library with the oldest of a job's files. It is done again where a
    copy of the results has lost the time. Results that may not be changed stay as they are.
    """
    rejects = Results(results).rejects(*job)
    with suppress(OSError):
        if rejects.stat().st_mtime != _LONG_GONE:
            os.utime(rejects, (_LONG_GONE, _LONG_GONE))


def finished(results: Path, job: Job) -> bool:
    """Return whether all files of a job are there."""
    return all(path.is_file() for path in Results(results).files(*job))


def library_constraint(names: Iterable[str], standing: Iterable[Job], *, adopted: bool) -> str:
    """Return the constraint of the wildcard ``library`` in a job's paths, for standing jobs or for all others.

    No two wildcards can be constrained together, but a pattern can look ahead, past the library's name, at what
    follows it: ``/transform=<name>/`` or ``/<name>.json``.
    """
    library = "|".join(map(re.escape, names)) or "none"
    pairs = [f"{re.escape(name)}/(?:transform=)?{re.escape(transform)}" for name, transform in standing] or ["(?!)"]
    return f"(?{'=' if adopted else '!'}(?:{'|'.join(pairs)})[/.])(?:{library})"


def _record(results: Path, job: Job) -> dict[str, Any] | None:
    """Return what the statistics say of a job's adoption; None where it was not adopted or is not whole."""
    if not finished(results, job):
        return None
    adopted = read_object(Results(results).stats(*job)).get("adopted")
    return adopted if isinstance(adopted, dict) else None


def _identity(config: Config, job: Job, working_dir: Path) -> str:
    library, transform = job
    below = [library_identity(config, level.name, working_dir) for level in _levels(config, library)]
    return fingerprint(job_identity(config, transform), below)


def _levels(config: Config, name: str) -> Iterator[Library]:
    """Yield a library and every one that it is built upon."""
    level: str | None = name
    while level is not None:
        yield config.libraries[level]
        level = config.libraries[level].base


def _origin(config: Config, job: Job) -> Path:
    return list(_levels(config, job[0]))[-1].paths[0]


def _same_source(config: Config, job: Job, record: dict[str, Any]) -> bool:
    try:
        source = Source(**record["source"])
    except (KeyError, TypeError):
        return False
    return source.same(_origin(config, job))
