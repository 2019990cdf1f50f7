"""The layered configuration as a ``Config``: checked, with defaults, paths and libraries filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

from halogenator.chemistry.scores import check as check_score
from halogenator.config import scope
from halogenator.config.class_words import class_problems
from halogenator.config.export_entries import resolve_exports
from halogenator.config.layers import OTHER_WORKFLOW, Layers, dig, merge
from halogenator.config.library_entries import resolve_libraries
from halogenator.config.paths import find_path, place_problems
from halogenator.config.patterns import CHOICE_KEYS, Patterns
from halogenator.config.rule_files import load_halogenation, load_transforms
from halogenator.config.selection import select
from halogenator.config.validation import checked
from halogenator.config.yaml_files import Document, Keys, read_yaml
from halogenator.errors import UserError, collecting, located, raise_all
from halogenator.model import Choice, Config, Halogenation, Transform
from halogenator.planning.speed import INCHIKEY_SECONDS, PRODUCT_SECONDS


def load_config(
    raw: Mapping[str, Any], *, sources: Sequence[Path], working_dir: Path, of_module: bool = False
) -> Config:
    """Return the configuration that Snakemake has merged.

    Args:
        raw: the merged mapping, with ``--config`` on top of the files.
        sources: its YAML files, lowest layer first, which are read to name file and line in messages.
        working_dir: the folder in which relative paths are looked up first; next is the folder of the shipped files.
        of_module: whether ``raw`` is what another workflow hands over, to be layered over the files.

    Raises:
        UserError: something is wrong with the configuration or its files. All problems that are independent of each
            other are in one error.
    """
    documents = _read_all(sources)
    given = _typed(_plain(raw), (), documents)
    if of_module:
        return _resolve(Layers(documents, _merged(documents, given), outside=OTHER_WORKFLOW), working_dir)
    return _resolve(Layers(documents, given), working_dir)


def read_config(paths: Sequence[Path], *, working_dir: Path) -> Config:
    """Return the configuration in YAML files, the later layered over the earlier ones as Snakemake does it.

    Raises:
        UserError: as ``load_config``.
    """
    documents = _read_all(paths)
    return _resolve(Layers(documents, _merged(documents)), working_dir)


def _merged(documents: Sequence[Document], *others: Any) -> dict[str, Any]:
    """Return the data of files, and other data, each over what comes before it."""
    return reduce(merge, [*(document.data or {} for document in documents), *others], {})


def _read_all(paths: Sequence[Path]) -> list[Document]:
    documents: list[Document] = []
    problems: list[UserError] = []
    for path in paths:
        with collecting(problems):
            document = read_yaml(Path(path))
            what, value, fix = "", None, "write what is to be made into it, or leave it out for all that is shipped"
            if not isinstance(document.data, Mapping | None):
                what, value, fix = "is not a configuration", document.data, "see the shipped configs/config.yaml"
            elif not document.data:
                what = "holds no key"
            if what:
                raise UserError(f"{path} {what}", where=path, value=value, allowed="keys with values", fix=fix)
            documents.append(document)
    raise_all(problems)
    return documents


def _resolve(layers: Layers, working_dir: Path) -> Config:
    layers = checked(layers, "config")
    settings = layers.settings
    problems = _inchikey_problems(layers)

    def find(keys: Keys, *, several: bool = False) -> Path:
        with located(layers.place(*keys)):
            return find_path(dig(settings, keys), working_dir, several=several)

    transforms: dict[str, Transform] = {}
    halogenation = Halogenation((), ())
    paths: dict[str, list[Path]] = {"transforms": [], "rules": [Path()]}
    chosen: set[str] = set()
    patterns = Patterns()
    with collecting(problems):
        if "patterns" in layers.data:
            patterns = Patterns([find(keys) for keys in _places("patterns", settings)])
            patterns.load()
    with collecting(problems):
        paths["transforms"] = [find(keys) for keys in _places("transforms", settings)]
        transforms = load_transforms(*paths["transforms"], patterns=patterns)
        chosen = select("transforms", transforms, layers, problems)
    with collecting(problems):
        paths["rules"] = [find(keys) for keys in _places("halogenation", settings)]
        halogenation = load_halogenation(*paths["rules"], patterns=patterns)
    misspelt = class_problems(transforms.values(), halogenation, paths, layers)
    problems += misspelt
    several = partial(find, several=True)
    libraries = {} if misspelt else resolve_libraries(layers, several, patterns, transforms, problems)
    choices = {made: Choice() for made in ("libraries", "products")}
    with collecting(problems):
        choices = {made: _choice(made, layers, patterns, problems) for made in choices}
    problems += place_problems(working_dir, [path for library in libraries.values() for path in library.paths])
    problems += scope.idle_levels(libraries, halogenation, layers)
    wanted = [transform for name, transform in transforms.items() if name in chosen]
    jobs = scope.make_jobs(libraries, wanted, settings)
    if not problems:
        problems += scope.job_problems(jobs, libraries, wanted, layers)
    place = partial(find_path, working_dir=working_dir, several=True)
    exports = {} if problems else resolve_exports(libraries, transforms, jobs, layers, problems, place)
    scored = [each.scores for each in libraries.values()] + [each.scores for each in wanted]
    for score in dict.fromkeys(name for names in scored for name in names):
        with collecting(problems), located(layers.place("scores")):
            check_score(score)
    raise_all(problems)
    return Config(
        libraries=libraries,
        transforms=transforms,
        halogenation=halogenation,
        transforms_paths=tuple(paths["transforms"]),
        halogenation_paths=tuple(paths["rules"]),
        jobs=jobs,
        exports=exports,
        sources=tuple(document.path for document in layers.documents),
        library_choice=choices["libraries"],
        product_choice=choices["products"],
        patterns_paths=tuple(patterns.paths),
        notes=tuple(scope.notes(jobs, libraries, wanted, halogenation, layers)),
        **_plain_settings(settings),
    )


def _choice(made: str, layers: Layers, patterns: Patterns, problems: list[UserError]) -> Choice:
    """Return what is left out of all "libraries" or all "products"."""
    entry = {key: layers.settings[key] for key in CHOICE_KEYS}
    listed = entry["exclude"]
    if not isinstance(listed, dict):
        return patterns.choice(entry, layers.place, problems)

    def place(*keys: Any) -> str:
        return layers.place("exclude", made, *keys[1:]) if keys[0] == "exclude" else layers.place(*keys)

    return patterns.choice({**entry, "exclude": listed[made]}, place, problems)


def _plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of ``Config`` that are as they are written."""
    return {
        "cap_mb": int(settings["memory"]["cap_mb"]),
        "chunk_products": _chunk_products(settings),
        "merge_rows": int(settings["chunk"]["merge_rows"]),
        "descriptors": tuple(settings["descriptors"]),
        "identifiers": tuple(settings["identifiers"]),
        "dedup_key": settings["dedup"]["key"],
    }


def _chunk_products(settings: Mapping[str, Any]) -> int:
    """Return the number of products of a chunk task. Minutes give the same number on every machine."""
    minutes = settings["chunk"]["minutes"]
    if minutes is None:
        return int(settings["chunk"]["products"])
    each = PRODUCT_SECONDS + (INCHIKEY_SECONDS if "inchikey" in settings["identifiers"] else 0)
    return max(1, round(float(minutes) * 60 / each))


def _places(key: str, settings: Mapping[str, Any]) -> list[Keys]:
    """Return the keys of each path under ``key``, which holds one path or a list."""
    return [(key, index) for index in range(len(settings[key]))] if isinstance(settings[key], list) else [(key,)]


def _inchikey_problems(layers: Layers) -> list[UserError]:
    settings = layers.settings
    if settings["dedup"]["key"] != "inchikey" or "inchikey" in settings["identifiers"]:
        return []
    return [
        UserError(
            "dedup.key is inchikey, but no InChIKey is computed",
            where=layers.place("dedup", "key"),
            value="inchikey",
            allowed="smiles; or inchikey with identifiers: [inchikey]",
            fix="set identifiers: [inchikey], or dedup: {key: smiles}",
        )
    ]


def _typed(value: Any, keys: Keys, documents: Sequence[Document]) -> Any:
    """Return a copy with numbers as numbers: Snakemake's ``--config`` gives each nested value as text."""
    if isinstance(value, dict):
        return {key: _typed(item, (*keys, key), documents) for key, item in value.items()}
    if isinstance(value, str) and value.isdecimal() and all(dig(d.data, keys) != value for d in documents):
        return int(value)
    return value


def _plain(value: Any) -> Any:
    """Return a copy of dicts and lists: Snakemake has mapping types of its own."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def read_choice(path: Path, made: str, given: Mapping[str, Any]) -> Choice:
    """Return what a configuration leaves out of all "libraries" or all "products", with other values of its keys.

    Args:
        path: the configuration.
        made: "libraries" or "products".
        given: {key: value} of ``CHOICE_KEYS``, in place of the configuration's.

    Raises:
        UserError: a value is wrong, or names what is not there.
    """
    document = read_yaml(path)
    layers = checked(Layers([document], {**document.data, **given}), "config")
    problems: list[UserError] = []
    choice = _choice(made, layers, Patterns(), problems)
    raise_all(problems)
    return choice
