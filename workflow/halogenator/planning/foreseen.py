"""What Snakemake would make again, worked out from files alone, for the verb ``plan``.

A run and a dry run ask Snakemake itself (``states.planned_standings``). The verb does not ask it: so it is several
times as quick, and works in a folder where it may not write. This module alone repeats Snakemake's decisions; tests
check that both agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from halogenator.model import Config
from halogenator.planning.adopted import adopted_jobs
from halogenator.planning.estimate import Estimates
from halogenator.planning.identity import job_identity, library_identity
from halogenator.planning.states import Name, Standing, finished_standing, names_in
from halogenator.results import Results
from halogenator.tables.metadata import read_metadata
from halogenator.tables.statistics import read_object

# Snakemake compares input files up to this size (bytes) by checksum, so that a newer time alone changes nothing.
_CHECKSUM_BYTES = 1_000_000


def standings(config: Config, estimates: Estimates, results: Path, working_dir: Path) -> dict[Name, Standing]:
    """Return where each library and job stands.

    It is to be made if a file of it is missing, older than what it is made from, or made with other settings, or if
    what it is made from is to be made.

    Args:
        config: the configuration.
        estimates: those of the configuration.
        results: the results folder.
        working_dir: the working directory.
    """
    places = Results(results)
    adopted = set(adopted_jobs(config, results, working_dir)[0])
    found: dict[Name, Standing] = {}
    for name in names_in(config):
        library, transform = config.libraries[name[0]], name[1]
        base: str | None
        chunks = estimates.chunks(library, transform)
        if name in adopted:
            found[name] = Standing("adopted", chunks, chunks, stats=read_object(places.stats(*name)))
            continue
        if transform:
            base, ending, made_by = library.name, "products", job_identity(config, library.name, transform)
        else:
            base, ending = library.base, "built" if library.base else "read"
            made_by = library_identity(config, library.name, working_dir)
        origin = places.molecules(base) if base else _newest(library.paths)
        waiting = 0
        if base is None or found[base, None].finished:
            there = _finished(places.files(*name), origin, made_by, chunks, from_file=base is None)
            if there:
                found[name] = there
                continue
            waiting = _chunks_there(places.chunks(*name), ending, chunks, origin)
        parts = estimates.parts(library, transform) * (1 if base else 2)  # what repeats in a file is found, too
        found[name] = Standing("partial" if waiting else "to do", chunks, waiting, parts)
    return found


def _finished(
    files: tuple[Path, Path, Path], origin: Path | None, made_by: str, chunks: int, *, from_file: bool
) -> Standing | None:
    """Return the standing of a library or a job whose files are there and up to date; None if it is to be made.

    Args:
        files: its files.
        origin: the file that it is made from; None if that is not on this machine.
        made_by: its fingerprint, which has the content of an input file too.
        chunks: the number of its chunks.
        from_file: whether ``origin`` is an input file, of which Snakemake compares the time only if it is large.
    """
    if not all(path.is_file() for path in files):
        return None
    standing = finished_standing(files, chunks)
    if standing.detail:
        return standing
    if origin is not None and origin.exists():
        status = origin.stat()
        by_time = not from_file or status.st_size > _CHECKSUM_BYTES
        if by_time and status.st_mtime_ns > min(path.stat().st_mtime_ns for path in files):
            return None
    return standing if read_metadata(files[0]).get("config_hash") == made_by else None


def _newest(paths: Iterable[Path]) -> Path | None:
    """Return the file that was changed last; None if none is on this machine."""
    return max((path for path in paths if path.exists()), key=lambda path: path.stat().st_mtime_ns, default=None)


def _chunks_there(work: Path, ending: str, chunks: int, origin: Path | None) -> int:
    """Return how many files of the present chunks are there and are newer than ``origin``."""
    if not work.is_dir() or origin is None or not origin.exists():
        return 0
    made = origin.stat().st_mtime_ns
    name = re.compile(rf"\d+of0*{chunks}\.{ending}\.parquet")
    return sum(bool(name.fullmatch(path.name)) and path.stat().st_mtime_ns >= made for path in work.iterdir())
