"""What a library and a job are: what their tasks are told, and fingerprints that tell a change from a comment."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import cache
from pathlib import Path

import duckdb
import rdkit

from halogenator import ENGINE_VERSION
from halogenator.chemistry.index import site_queries
from halogenator.inputs.content_hash import content_hash
from halogenator.inputs.remote import address, is_remote
from halogenator.model import Config, Job, Recipe, fingerprint

# Canonical SMILES of one RDKit are not those of another.
ENGINE = [ENGINE_VERSION, rdkit.__version__]

# Nor are hashes of one DuckDB those of another; no result depends on them, but those of one merge have to agree.
HASHES = duckdb.__version__


def recipe_of(config: Config, name: str) -> Recipe:
    """Return what the tasks of a library are told."""
    library = config.libraries[name]
    is_base = any(other.base == name for other in config.libraries.values())
    rules = config.halogenation.bare(library.class_name) if library.k or is_base else None
    return Recipe(library.brief, site_queries(config.counted(library)), rules, is_base, config.descriptors)


def job_of(config: Config, library: str, transform: str) -> Job:
    """Return what the tasks of a job are told."""
    columns = config.descriptors, "inchikey" in config.identifiers, config.dedup_key
    return Job(config.libraries[library].brief, config.transforms[transform].bare, *columns)


@cache
def source_hash(paths: tuple[Path, ...]) -> str:
    """Return the ``content_hash`` that input files have when it is first asked for: in one run, one content."""
    return content_hash(*paths)


def library_identity(config: Config, name: str, working_dir: Path) -> str:
    """Return what changes with everything that changes a library's molecules, and with nothing else.

    Its base is not in it: that is an input, whose changes Snakemake sees itself.

    Args:
        config: the configuration.
        name: the library.
        working_dir: what the path of an input file is written relative to.
    """
    library = config.libraries[name]
    origin: list[object]
    if not library.paths:
        origin = [library.base, config.halogenation.fingerprint(library.class_name)]
    else:
        paths = [address(path) if is_remote(path) else os.path.relpath(path, working_dir) for path in library.paths]
        origin = [*paths, source_hash(library.paths), asdict(library.reading)]
    return fingerprint(ENGINE, library.name, library.class_name, library.k, origin, config.descriptors)


def job_identity(config: Config, transform: str) -> str:
    """Return what changes with everything that changes a job's products besides its library, and with nothing else."""
    return fingerprint(
        ENGINE,
        config.transforms[transform].fingerprint,
        config.descriptors,
        config.identifiers,
        config.dedup_key,
    )
