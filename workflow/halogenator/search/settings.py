"""The configuration that made the libraries and jobs of a results folder, as far as its files are still there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from halogenator.config.layers import merge
from halogenator.config.loader import load_config, read_config
from halogenator.config.paths import lowest_layer
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError
from halogenator.model import Config
from halogenator.results import Results
from halogenator.tables.configurations import is_layer, kept, made_with


@dataclass(frozen=True)
class Recorded:
    """The configuration that made most of a folder's results.

    Attributes:
        files: its YAML files, lowest layer first, as far as they are still there.
        overrides: settings from outside these files.
        changed: the names of files that are gone, or have another text now.
        gone: whether a layer is gone. In place of the lowest one stands that from which a run would start now.
    """

    files: tuple[Path, ...] = ()
    overrides: str = ""
    changed: tuple[str, ...] = ()
    gone: bool = False


def recorded(results: Results) -> Recorded:
    """Return the configuration that made most of a folder's results; without files if none is recorded."""
    names = made_with(results)
    record = (kept(results, names[0]) if names else None) or {"files": [], "overrides": ""}
    layers, changed = [], []
    for file in record["files"]:
        path = Path(file["path"])
        if not (path.is_file() and path.read_bytes().decode(errors="replace") == file["text"]):
            changed.append(file["name"])
        if is_layer(file["text"]):
            layers.append(path)
    there = [path for path in layers if path.is_file()]
    if layers and layers[0] not in there:
        there.insert(0, lowest_layer(results.folder.absolute().parent))
    return Recorded(tuple(there), str(record["overrides"]), tuple(changed), gone=there != layers)


def settings_of(results: Path) -> tuple[Config, str | None]:
    """Return the configuration that made most of a folder's results, and what is to be said of it, or None.

    Raises:
        UserError: it cannot be read, or no longer fits its files.
    """
    found, folder = recorded(Results(results)), results.absolute().parent
    config = config_of(found, folder)
    if not found.changed:
        return config, None
    taken = f"; what is taken: {', '.join(map(str, found.files))}" if found.gone else ""
    return config, f"gone, or changed since the run: {', '.join(found.changed)}{taken}"


def config_of(found: Recorded, working_dir: Path) -> Config:
    """Return the configuration of recorded files, with the settings from outside on top; without files the lowest one.

    Raises:
        UserError: it cannot be read, or no longer fits its files.
    """
    if not found.files:
        return read_config([lowest_layer(working_dir)], working_dir=working_dir)
    raw: dict[str, object] = {}
    for path in found.files:
        data = read_yaml(path).data
        raw = merge(raw, data) if isinstance(data, dict) else raw
    raw = merge(raw, _given(found.overrides))
    return load_config(raw, sources=found.files, working_dir=working_dir)


def _given(overrides: str) -> dict[str, object]:
    """Return the settings in a text ``key=JSON key=JSON``.

    Raises:
        UserError: it is no such text.
    """
    found: dict[str, object] = {}
    rest = overrides.strip()
    while rest:
        key, _, rest = rest.partition("=")
        try:
            value, end = json.JSONDecoder().raw_decode(rest)
        except ValueError:
            raise UserError(
                "settings that the results record cannot be read",
                value=overrides,
                allowed="key=JSON, one after the other",
                fix="name the configuration: --configfile my.yaml",
            ) from None
        found[key] = value
        rest = rest[end:].strip()
    return found
