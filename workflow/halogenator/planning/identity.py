"""Parameters of the tasks of libraries and jobs, and fingerprints that change when a result would."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import duckdb
import rdkit

from halogenator import ENGINE_VERSION
from halogenator.chemistry.index import site_queries
from halogenator.inputs.content_hash import content_hash
from halogenator.inputs.remote import address, is_remote
from halogenator.model import HALOGENATION, Choice, Config, Job, Library, Recipe, Transform, fingerprint

# Versions of RDKit can write different canonical SMILES.
ENGINE = [ENGINE_VERSION, rdkit.__version__]

# Versions of DuckDB have different hashes. No result depends on them, but all tasks of a merge need the same.
HASHES = duckdb.__version__


def recipe_of(config: Config, name: str) -> Recipe:
    """Return what the tasks of a library need of the configuration."""
    library = config.libraries[name]
    is_base = any(other.base == name and HALOGENATION in other.by for other in config.libraries.values())
    is_halogenated = bool(library.base) and HALOGENATION in library.by
    rules = config.halogenation.bare(library.class_name) if is_halogenated or is_base else None
    choice = (config.library_choice + library.choice).bare if is_halogenated else Choice()
    queries = site_queries(config.counted(library))
    return Recipe(library.brief, queries, rules, is_base, config.descriptors, choice, tuple(_named(config, library)))


def _named(config: Config, library: Library) -> Iterator[Transform]:
    """Yield the transforms that a library is built with, each with all that is left out of its products.

    As of products of jobs, since what a user names is what is wanted, be it an acid chloride.
    """
    for name in library.by if library.base else ():
        if name != HALOGENATION:
            transform = config.transforms[name].bare
            choice = config.product_choice + library.choice
            yield replace(transform, choice=(choice + config.transforms[name].choice).bare)


def job_of(config: Config, library: str, transform: str) -> Job:
    """Return what the tasks of a job need of the configuration."""
    columns = config.descriptors, "inchikey" in config.identifiers, config.dedup_key
    choice = config.product_choice + config.libraries[library].choice
    return Job(config.libraries[library].brief, config.transforms[transform].bare, *columns, choice.bare)


@cache
def source_hash(paths: tuple[Path, ...]) -> str:
    """Return the ``content_hash`` of input files. It is computed once, so that it is the same in the whole run."""
    return content_hash(*paths)


def library_identity(config: Config, name: str, working_dir: Path) -> str:
    """Return a fingerprint of all that the molecules of a library depend on, besides the molecules of its base.

    Args:
        config: the configuration.
        name: the library.
        working_dir: the folder to which paths of input files are made relative.
    """
    library = config.libraries[name]
    origin: list[object]
    if not library.paths:
        origin = [library.base, *_steps(config, library)]
    else:
        paths = [address(path) if is_remote(path) else os.path.relpath(path, working_dir) for path in library.paths]
        origin = [*paths, source_hash(library.paths), asdict(library.reading)]
    columns = config.descriptors, *_plain(config.scores(name))
    return fingerprint(ENGINE, library.name, library.class_name, library.k, origin, *columns)


def _steps(config: Config, library: Library) -> Iterator[object]:
    """Yield what the steps of a built library depend on, as JSON values."""
    if HALOGENATION in library.by:
        choice = config.library_choice + library.choice
        yield from (config.halogenation.fingerprint(library.class_name), *choice.plain)
    named = list(_named(config, library))
    if named or library.walks:
        yield [[transform.name, transform.fingerprint] for transform in named]
        yield [library.by, library.times, library.keep_levels]


def job_identity(config: Config, library: str, transform: str) -> str:
    """Return a fingerprint of all that the products of a job depend on, besides the molecules of its library."""
    return fingerprint(
        ENGINE,
        config.transforms[transform].fingerprint,
        config.descriptors,
        config.identifiers,
        config.dedup_key,
        *(config.product_choice + config.libraries[library].choice).plain,
        *_plain(config.scores(library, transform)),
    )


def _plain(scores: Sequence[str]) -> list[object]:
    """Return score columns as JSON values for a fingerprint; empty if there are none."""
    return [{"scores": list(scores)}] if scores else []
