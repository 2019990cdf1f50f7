"""Turns the layered configuration into a ``Config``: checked, defaults filled in, paths and libraries resolved."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.config import schema, scope
from halogenator.config.exports import resolve_exports
from halogenator.config.libraries import resolve_libraries, select
from halogenator.config.locate import Document, Keys, Layers, dig, read_yaml
from halogenator.config.places import place_problems
from halogenator.config.problems import collecting, located, raise_all
from halogenator.config.transforms import load_halogenation, load_transforms
from halogenator.errors import UserError, did_you_mean
from halogenator.model import Config, Halogenation, Transform
from halogenator.planning.speed import INCHIKEY_SECONDS, PRODUCT_SECONDS
from halogenator.storage.remote import is_remote, object_path


def load_config(raw: Mapping[str, Any], *, sources: Sequence[Path], working_dir: Path, repository: Path) -> Config:
    """Return the configuration that ``raw`` describes.

    Args:
        raw: the merged mapping, as Snakemake gives it (files layered, ``--config`` on top).
        sources: the YAML files that went into it, lowest layer first; only used to name file and line in messages.
        working_dir: where relative paths are looked up first.
        repository: where they are looked up next.

    Raises:
        UserError: anything is wrong with the configuration or the files it names. All problems that can be told apart
            are in one error.
    """
    documents = _read_all(sources)
    return _resolve(Layers(documents, _typed(_plain(raw), (), documents)), working_dir, repository)


def read_config(paths: Sequence[Path], *, working_dir: Path, repository: Path) -> Config:
    """Return the configuration in YAML files, the later layered over the earlier ones as Snakemake does it.

    Raises:
        UserError: as ``load_config``.
    """
    documents = _read_all(paths)
    merged: dict[str, Any] = {}
    for document in documents:
        merged = merge(merged, document.data or {})
    return _resolve(Layers(documents, merged), working_dir, repository)


def merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``high`` layered over ``low``: mappings are merged at every depth, all else is replaced."""
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        merged[key] = merge(below if isinstance(below, Mapping) else {}, value) if isinstance(value, Mapping) else value
    return merged


def find_path(text: str, working_dir: Path, repository: Path, *, several: bool = False) -> Path:
    """Return the absolute path of a file named in the configuration; if ``several``, also of a folder, or a pattern.

    A relative path is looked up in the working directory, then in the repository's root; ``~`` is the home directory.
    One in a store is not looked up here: ``check_readable`` does.

    Raises:
        UserError: there is no such file in either place, or it is a folder; or the address of an object is none.
    """
    if is_remote(text):
        return object_path(text)
    try:
        wanted = Path(text).expanduser()
    except RuntimeError as error:
        raise UserError(f"{text} has no home directory", value=text, fix="write the path in full") from error
    places = list(dict.fromkeys((base / wanted).absolute() for base in (working_dir, repository)))
    for place in places:
        if _is_file(place):
            return place.parent.resolve() / place.name  # the name itself stays: its ending says what is in the file
    if several:
        for base, place in zip((working_dir, repository), places, strict=False):
            if place.is_dir():
                return place.resolve()
            pattern = Path(glob.escape(str(base.absolute()))) / wanted  # the folder's own name may have a bracket
            if glob.has_magic(str(wanted)) and next(glob.iglob(str(pattern), recursive=True), None):  # noqa: PTH207
                return pattern
    folders = [place for place in places if _listing(place) is not None]
    hints = filter(None, (did_you_mean(place.name, _listing(place.parent) or ()) for place in places))
    raise UserError(
        f"{text} is a folder, not a file" if folders and not several else f"there is no file {text}",
        value=text,
        allowed="a file at " + " or at ".join(map(str, places)),
        fix=next(hints, "mend the path, or give it in full"),
    )


def _read_all(paths: Sequence[Path]) -> list[Document]:
    documents: list[Document] = []
    problems: list[UserError] = []
    for path in paths:
        with collecting(problems):
            document = read_yaml(Path(path))
            if not isinstance(document.data, Mapping | None):
                raise UserError(
                    f"{path} is not a configuration",
                    where=path,
                    value=document.data,
                    allowed="keys with values",
                    fix="see the shipped configs/config.yaml",
                )
            if not document.data:
                raise UserError(
                    f"{path} holds no key",
                    where=path,
                    allowed="keys with values",
                    fix="write what is to be made into it, or leave it out for all that is shipped",
                )
            documents.append(document)
    raise_all(problems)
    return documents


def _resolve(layers: Layers, working_dir: Path, repository: Path) -> Config:
    raise_all(schema.problems(layers, "config"))
    settings = schema.with_defaults(layers.data, "config")
    problems = _inchikey_problems(settings, layers)

    def find(keys: Keys, *, several: bool = False) -> Path:
        with located(layers.place(keys)):
            return find_path(dig(settings, keys), working_dir, repository, several=several)

    transforms: dict[str, Transform] = {}
    halogenation = Halogenation((), ())
    transforms_paths: list[Path] = []
    halogenation_path = Path()
    chosen: set[str] = set()
    with collecting(problems):
        transforms_paths = [find(keys) for keys in _places("transforms", settings)]
        transforms = load_transforms(*transforms_paths)
        chosen = select("transforms", transforms, settings, layers, problems)
    with collecting(problems):
        halogenation_path = find(("halogenation",))
        halogenation = load_halogenation(halogenation_path)
    slips: list[UserError] = []
    if halogenation.rules and transforms:
        paths = {"transforms": transforms_paths, "rules": [halogenation_path]}
        slips = scope.class_problems(settings, transforms.values(), halogenation, paths, layers)
        problems += slips
    libraries = {} if slips else resolve_libraries(settings, layers, partial(find, several=True), problems)
    problems += place_problems(working_dir, [path for library in libraries.values() for path in library.paths])
    problems.extend(scope.idle_levels(libraries, halogenation, layers) if halogenation.rules else ())
    wanted = [transform for name, transform in transforms.items() if name in chosen]
    jobs = scope.make_jobs(libraries, wanted, settings)
    if not problems:
        problems += scope.job_problems(jobs, libraries, wanted, settings, layers)
    exports = resolve_exports(settings, libraries, transforms, jobs, layers, problems) if not problems else {}
    raise_all(problems)
    return Config(
        libraries=libraries,
        transforms=transforms,
        halogenation=halogenation,
        transforms_paths=tuple(transforms_paths),
        halogenation_path=halogenation_path,
        jobs=jobs,
        cap_mb=int(settings["memory"]["cap_mb"]),
        chunk_products=_chunk_products(settings),
        merge_rows=int(settings["chunk"]["merge_rows"]),
        descriptors=tuple(settings["descriptors"]),
        identifiers=tuple(settings["identifiers"]),
        dedup_key=settings["dedup"]["key"],
        sources=tuple(document.path for document in layers.documents),
        exports=exports,
        notes=tuple(scope.notes(jobs, libraries, wanted, halogenation, settings, layers)),
    )


def _chunk_products(settings: Mapping[str, Any]) -> int:
    """Return how many products a chunk task aims at: the same on every machine, also where minutes are given."""
    minutes = settings["chunk"]["minutes"]
    if minutes is None:
        return int(settings["chunk"]["products"])
    each = PRODUCT_SECONDS + (INCHIKEY_SECONDS if "inchikey" in settings["identifiers"] else 0)
    return max(1, round(float(minutes) * 60 / each))


def _places(key: str, settings: Mapping[str, Any]) -> list[Keys]:
    """Return the keys of each file that ``key`` names, alone or in a list."""
    return [(key, index) for index in range(len(settings[key]))] if isinstance(settings[key], list) else [(key,)]


def _inchikey_problems(settings: Mapping[str, Any], layers: Layers) -> list[UserError]:
    if settings["dedup"]["key"] != "inchikey" or "inchikey" in settings["identifiers"]:
        return []
    return [
        UserError(
            "dedup.key is inchikey, but no InChIKey is computed",
            where=layers.place(("dedup", "key")),
            value="inchikey",
            allowed="smiles; or inchikey with identifiers: [inchikey]",
            fix="set identifiers: [inchikey], or dedup: {key: smiles}",
        )
    ]


def _typed(value: Any, keys: Keys, documents: Sequence[Document]) -> Any:
    """Return a copy with numbers as numbers: Snakemake's ``--config`` hands over every nested value as text."""
    if isinstance(value, dict):
        return {key: _typed(item, (*keys, key), documents) for key, item in value.items()}
    if isinstance(value, str) and value.isdecimal() and all(dig(d.data, keys) != value for d in documents):
        return int(value)
    return value


def _plain(value: Any) -> Any:
    """Return a copy in plain dicts and lists: Snakemake hands over ordered and nested mapping types of its own."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long or holds NUL, a folder that may not be entered
        return False


def _listing(folder: Path) -> list[str] | None:
    """Return names in a folder, of a huge one only some; None if it is no folder or may not be read."""
    try:
        return [path.name for path in itertools.islice(folder.iterdir(), 10_000)]
    except (OSError, ValueError):
        return None
