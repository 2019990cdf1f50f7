"""The entries under ``libraries``: which are selected, what each is built from, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.config.layers import Layers, dig, same_name_problems
from halogenator.config.patterns import CHOICE_KEYS, Patterns
from halogenator.config.yaml_files import Keys
from halogenator.errors import UserError, collecting, did_you_mean, located
from halogenator.inputs.files import find_files
from halogenator.model import Library, Reading

Find = Callable[[Keys], Path]


def resolve_libraries(layers: Layers, find: Find, patterns: Patterns, problems: list[UserError]) -> dict[str, Library]:
    """Return the selected libraries and those that they are built from, in the order of the configuration.

    A library comes after its base.

    Args:
        layers: the configuration.
        find: returns the file, folder or pattern that a key names, or raises a ``UserError``.
        patterns: those that ``exclude`` may name.
        problems: a list to which problems are added.
    """
    entries = layers.settings["libraries"]
    problems.extend(same_name_problems([(name, layers.place("libraries", name)) for name in entries]))
    builder = _Builder(layers, select("libraries", entries, layers, problems), find)
    for name in entries:
        if name in builder.selected:
            with collecting(problems):
                builder.add(name)
    _check_files(builder.libraries, layers, problems)
    common = layers.settings["scores"]
    return {
        name: replace(
            library,
            choice=patterns.choice(builder.entries[name], partial(layers.place, "libraries", name), problems),
            scores=tuple(dict.fromkeys((*common, *builder.entries[name].get("scores", ())))),
        )
        for name, library in builder.libraries.items()
    }


def select(kind: str, known: Iterable[str], layers: Layers, problems: list[UserError]) -> set[str]:
    """Return the known names that ``select.<kind>`` takes; unknown names are added to ``problems``."""
    names, wanted = list(known), layers.settings["select"][kind]
    if wanted == "all":
        return set(names)
    problems.extend(
        UserError(
            f"select.{kind}: there is no {'transform' if kind == 'transforms' else 'library'} '{name}'",
            where=layers.place("select", kind, index),
            value=name,
            allowed=["all", *names],
            fix=did_you_mean(name, names) or f"take one of the allowed names, or add '{name}' to {kind}",
        )
        for index, name in enumerate(wanted)
        if name not in names
    )
    return set(wanted) & set(names)


class _Builder:
    """The libraries that were added so far, and the levels below them."""

    def __init__(self, layers: Layers, selected: set[str], find: Find) -> None:
        self.entries: dict[str, Mapping[str, Any]] = dict(layers.settings["libraries"])
        self.parents = layers.settings["parents"]
        self.selected = selected
        self.layers = layers
        self.find = find
        self.libraries: dict[str, Library] = {}
        self.levels: dict[tuple[str, str, int], str] = {}  # {(class, parents, k): name of the library}
        for name, entry in self.entries.items():
            if "k" in entry and ("class" in entry or "parents" in entry):
                self.levels.setdefault((*_origin(entry), int(entry["k"])), name)

    def add(self, name: str, asked_by: str | None = None) -> None:
        """Add a library, after its base.

        Args:
            name: of the library.
            asked_by: the selected library that is built upon it; None: it is selected itself.

        Raises:
            UserError: a file is missing, or ``parents`` has no entry for it.
        """
        if name in self.libraries:
            return
        entry = self.entries[name]
        if "path" in entry:
            files = self._files(("libraries", name, "path"), entry["path"], _reading(entry))
            self.libraries[name] = Library(name, entry.get("class", ""), **files)
            return
        class_name, parents = self._checked_origin(name, entry)
        k, asked_by = int(entry["k"]), asked_by or name
        built: dict[str, Any] = {"k": k, "parents": parents, "implicit": name not in self.selected}
        if k == 0:
            built |= self._parents(parents, asked_by)
        else:
            built["base"] = self._level(class_name, parents, k - 1, entry)
            self.add(built["base"], asked_by)
        self.libraries[name] = Library(name, class_name, **built)

    def _checked_origin(self, name: str, entry: Mapping[str, Any]) -> tuple[str, str]:
        """Return the class and the name of the parents of a built library.

        Raises:
            UserError: the entry has neither.
        """
        if "class" not in entry and "parents" not in entry:
            raise UserError(
                f"nothing says which natural products library '{name}' is built from",
                where=self.layers.place("libraries", name),
                value=entry,
                allowed=f"class or parents, of parents: {', '.join(self.parents)}",
                fix="add parents: NAME, one of those under parents; or class: CLASS, whose parents have the same name",
            )
        return _origin(entry)

    def _files(self, keys: Keys, value: object, reading: Reading) -> dict[str, Any]:
        """Return the fields of ``Library`` for its files, and for how they are read."""
        given = [self.find((*keys, i)) for i in range(len(value))] if isinstance(value, list) else [self.find(keys)]
        with located(self.layers.place(*keys)):
            paths = tuple(path for each in given for path in find_files(each))
        return {"paths": paths, "given": () if paths == tuple(given) else tuple(given), "reading": reading}

    def _parents(self, parents: str, asked_by: str) -> dict[str, Any]:
        """Return the fields of ``Library`` for the files of natural products.

        Raises:
            UserError: ``parents`` has no entry of this name.
        """
        if parents not in self.parents:
            named = "parents" in self.entries[asked_by]
            add = f"add {parents}: FILE under parents"
            fix = f"{add}, or name another of them" if named else f"{add}, or give the library a path instead of k"
            near = did_you_mean(parents, self.parents) if named else None
            raise UserError(
                f"library '{asked_by}' is built from natural products, but parents.{parents} is not set",
                where=self.layers.place("libraries", asked_by),
                value=sorted(self.parents),
                allowed=f"a file of natural products named {parents}",
                fix=f"{near} Else {fix}" if near else fix,
            )
        entry = self.parents[parents]
        if isinstance(entry, dict):
            return self._files(("parents", parents, "path"), entry["path"], _reading(entry))
        return self._files(("parents", parents), entry, Reading())

    def _level(self, class_name: str, parents: str, k: int, above: Mapping[str, Any]) -> str:
        """Return the name of the library of level k of a class and parents.

        If there is none, an entry is added, which leaves out what the one above it does.
        """
        level = class_name, parents, k
        if level not in self.levels:
            taken = {name.casefold() for name in self.entries}
            name = f"{parents}-{k}X"
            if name.casefold() in taken and class_name != parents:
                name = f"{parents}-{class_name}-{k}X"
            while name.casefold() in taken:
                name += "-base"
            self.levels[level] = name
            choice = {key: above[key] for key in CHOICE_KEYS if key in above}
            self.entries[name] = {"class": class_name, "parents": parents, "k": k, **choice}
        return self.levels[level]


def _origin(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the class and the name of the parents of a built library; if one is left out, it equals the other."""
    return entry.get("class", entry.get("parents")), entry.get("parents", entry.get("class"))


def _reading(entry: Mapping[str, Any]) -> Reading:
    """Return how the files of a library are read."""
    prepare, columns = entry["prepare"], entry["columns"]
    return Reading(
        smiles_column=entry.get("smiles_column"),
        id_column=entry.get("id_column"),
        columns=columns if isinstance(columns, str) else tuple(columns),
        encoding=entry.get("encoding"),
        fragments=prepare.get("fragments", entry["fragments"]),
        charges=prepare["charges"],
        tautomers=prepare["tautomers"],
    )


def _check_files(libraries: Mapping[str, Library], layers: Layers, problems: list[UserError]) -> None:
    """Add the problems of the files that the libraries are read from."""
    from halogenator.inputs.reading import check_readable

    checked: set[tuple[tuple[Path, ...], Reading]] = set()
    for library in libraries.values():
        if not library.paths or (library.paths, library.reading) in checked:
            continue
        checked.add((library.paths, library.reading))
        keys = ("parents", library.parents) if library.k == 0 else ("libraries", library.name, "path")
        with collecting(problems), located(layers.place(*keys)), _as_mapping(keys, layers):
            check_readable(library.paths, library.reading)


@contextmanager
def _as_mapping(keys: Keys, layers: Layers) -> Iterator[None]:
    """Complete advice to set a key, where ``parents`` has a path alone: a mapping is needed to set it there."""
    try:
        yield
    except UserError as error:
        entry = dig(layers.data, keys)
        named = re.search(r"(?:smiles_column|id_column|encoding): [^,;)]+", error.fix or "")
        if keys[0] == "parents" and isinstance(entry, str) and named:
            error.fix = f"{error.fix}; of parents, in a mapping: {keys[1]}: {{path: {entry}, {named[0]}}}"
        raise
