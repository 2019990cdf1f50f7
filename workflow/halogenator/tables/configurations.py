"""The configurations that made results: each is kept as its files were, under a name that its statistics record.

A file may be edited after a run, or during it, and results of several configurations may stand side by side.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from halogenator.model import fingerprint
from halogenator.results import Results
from halogenator.tables.statistics import read_object, write_object

_ENTRIES = ("transforms", "rules", "patterns")  # keys of files whose entries have names


def read_configuration(files: Iterable[Path], overrides: str) -> dict[str, Any]:
    """Return a configuration as a record.

    Args:
        files: its YAML files.
        overrides: the settings made outside these files, in words; "" if none.

    Returns:
        ``overrides``, and ``files`` with name, path, SHA-256 and text of each.
    """
    found = []
    for path in filter(Path.is_file, files):
        data = path.read_bytes()
        text = data.decode(errors="replace")
        found.append({"name": path.name, "path": str(path), "sha256": hashlib.sha256(data).hexdigest(), "text": text})
    return {"overrides": overrides, "files": found}


def name_of(configuration: Mapping[str, Any]) -> str:
    """Return the name of a configuration: a fingerprint of its settings and its files, wherever they stand."""
    files = [(file["name"], file["sha256"], file["text"]) for file in configuration["files"]]
    return fingerprint(configuration["overrides"], files)


def keep(results: Results, configuration: Mapping[str, Any]) -> None:
    """Keep a configuration in a results folder."""
    path = results.configuration(name_of(configuration))
    if wrong_configuration(path):
        write_object(configuration, path)


def kept(results: Results, name: str) -> dict[str, Any] | None:
    """Return the configuration of a name; None if it is not kept, or damaged."""
    path = results.configuration(name)
    return None if wrong_configuration(path) else read_object(path)


def made_with(results: Results) -> list[str]:
    """Return the names of the configurations that made a folder's results, that of most of them first."""
    made = Counter(read_object(path).get("configuration") for path in results.all_stats())
    return [str(name) for name, _ in made.most_common() if name is not None]


def entries_of(text: str) -> dict[str, Any] | None:
    """Return what a YAML file of a record says if it is one of transforms, rules or patterns; None if it is a layer."""
    data = data_of(text)
    return data if any(is_named(data.get(key)) for key in _ENTRIES) else None


def is_layer(text: str) -> bool:
    """Return whether a YAML file of a record is a layer of settings, not one of transforms, rules or patterns."""
    return entries_of(text) is None


def data_of(text: str) -> dict[str, Any]:
    """Return the mapping in a YAML text; empty if it has none."""
    try:
        data = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return {}
    return data if isinstance(data, dict) else {}


def is_named(value: object) -> bool:
    """Return whether a value is a list of entries that have names."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and "name" in each for each in value)


def wrong_configuration(path: Path) -> str | None:
    """Return what is wrong with the file of a configuration, or None."""
    try:
        return None if name_of(read_object(path)) == path.stem else "it is not what was written"
    except (LookupError, TypeError):
        return "no record of a configuration"
