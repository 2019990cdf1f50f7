"""A run of one command line, without a project: its configuration, written into the folder that it makes."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from halogenator import shipped
from halogenator.errors import UserError
from halogenator.inputs.remote import is_remote
from halogenator.process.failures import writing
from halogenator.tables.parquet import whole_or_absent

_OURS = "# Written by halogenator run, which replaces it."
_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*):\s+(?P<smirks>\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Wanted:
    """What a command line asks for.

    Attributes:
        files: input files, read as one library.
        name: name of the library.
        class_name: class of its molecules.
        level: how often they are halogenated before the transforms; 0 for not at all.
        transforms: names of transforms, SMIRKS, or ``NAME: SMIRKS``.
        rule_files: YAML files in which named transforms are looked up besides the shipped one.
    """

    files: tuple[Path, ...]
    name: str
    class_name: str
    level: int
    transforms: tuple[str, ...]
    rule_files: tuple[Path, ...] = ()


def write_configuration(wanted: Wanted, folder: Path) -> Path:
    """Write the configuration of a run, and a file of its SMIRKS, into its folder; return the configuration's path.

    Raises:
        UserError: another file has one of their names.
    """
    named, written = _transforms(wanted.transforms)
    transforms_path, config_path = folder / "transforms.yaml", folder / "run.yaml"
    texts = {config_path: _settings(wanted, named, transforms_path if written else None)}
    if written:
        texts[transforms_path] = {"transforms": written}
    for path in texts:
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(_OURS):
            raise UserError(
                "a file has the name of one that this run writes",
                where=path,
                allowed="a new folder, or that of an earlier run of this command",
                fix="name another folder: --out DIR",
            )
    for path, data in texts.items():
        with whole_or_absent(path) as temporary, writing(path):
            text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000)
            temporary.write_text(f"{_OURS}\n{text}", encoding="utf-8")
    return config_path


def library_name(files: Sequence[Path], name: str = "") -> str:
    """Return the name of a library: a given one, or that of its first file in letters that a library's name may have.

    Examples:
        >>> library_name([Path("data/my hits (new).csv.gz")])
        'my-hits-new'
    """
    stem = files[0].name.partition(".")[0]
    return name or re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._") or "library"


def command_line(config: Path, folder: Path, more: Sequence[Path], *words: str) -> list[str]:
    """Return the words that start Snakemake with a configuration, further ones over it, and other options."""
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", shipped.SNAKEFILE, "--directory", folder]
    profile = ["--workflow-profile", shipped.PROFILES / "default"]
    return list(map(str, [*snakemake, *profile, *words, "--configfile", config.absolute(), *more]))


def _transforms(texts: Sequence[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the names of transforms, and the entries of a file of transforms for those that are given by SMIRKS."""
    names: list[str] = []
    entries: list[dict[str, Any]] = []
    for text in texts:
        if ">>" not in text:
            names.append(text)
            continue
        found = _NAMED.fullmatch(text.strip())
        name, smirks = (found["name"], found["smirks"]) if found else (f"SMIRKS_{len(entries) + 1}", text.strip())
        names.append(name)
        entries.append({"name": name, "smirks": smirks})
    return names, entries


def _settings(wanted: Wanted, transforms: list[str], written: Path | None) -> dict[str, Any]:
    files = [str(path) if is_remote(path) else str(path.absolute()) for path in wanted.files]
    settings: dict[str, Any] = {}
    if wanted.level:
        settings["parents"] = {wanted.name: {"path": files, "replace": True}}
        library = f"{wanted.name}-{wanted.level}X"
        entry = {"class": wanted.class_name, "k": wanted.level, "parents": wanted.name}
    else:
        library, entry = wanted.name, {"class": wanted.class_name, "path": files}
    settings["libraries"] = {library: entry}
    rule_files = [shipped.TRANSFORMS, *(path.absolute() for path in wanted.rule_files)]
    settings["transforms"] = [str(path) for path in (*rule_files, *([written.absolute()] if written else []))]
    settings["select"] = {"libraries": [library], "transforms": transforms}
    return settings
