"""The entries under ``libraries``: which are selected, what each is built from, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.config.layers import Layers, dig, same_name_problems
from halogenator.config.patterns import Patterns
from halogenator.config.selection import (
    Entries,
    as_level,
    choice_of,
    library_place,
    natural_products,
    origin_of,
    select,
    selected_levels,
)
from halogenator.config.yaml_files import Keys
from halogenator.errors import UserError, collecting, did_you_mean, located
from halogenator.inputs.files import find_files
from halogenator.model import HALOGENATION, Library, Reading

Find = Callable[[Keys], Path]
Origin = tuple[str, ...]  # class and parents of a level; class, ``from`` and ``by`` of steps


def resolve_libraries(
    layers: Layers, find: Find, patterns: Patterns, transforms: Iterable[str], problems: list[UserError]
) -> dict[str, Library]:
    """Return the selected libraries and those that they are built from, in the order of the configuration.

    A library comes after its base.

    Args:
        layers: the configuration.
        find: returns the file, folder or pattern that a key names, or raises a ``UserError``.
        patterns: those that ``exclude`` may name.
        transforms: the names that ``by`` may have besides ``HALOGENATION``; none if their files are wrong.
        problems: a list to which problems are added.
    """
    entries = {**layers.settings["libraries"], **selected_levels(layers)}
    problems.extend(same_name_problems([(name, library_place(layers, name)) for name in entries]))
    selected = select("libraries", entries, layers, problems, natural_products(layers))
    builder = _Builder(layers, entries, selected, find, list(transforms))
    for name in entries:
        if name in builder.selected:
            with collecting(problems):
                builder.add(name)
    _check_files(builder.libraries, layers, problems)
    common = layers.settings["scores"]
    telling = builder.telling()
    return {
        name: replace(
            library,
            choice=patterns.choice(builder.entries[name], partial(layers.place, "libraries", name), problems),
            scores=tuple(dict.fromkeys((*common, *builder.entries[name].get("scores", ())))),
            tells_steps=name in telling,
        )
        for name, library in builder.libraries.items()
    }


class _Builder:
    """The libraries that were added so far, and the levels below them."""

    def __init__(
        self, layers: Layers, entries: Entries, selected: set[str], find: Find, transforms: Sequence[str]
    ) -> None:
        self.entries = dict(entries)
        self.parents = layers.settings["parents"]
        self.selected = selected
        self.layers = layers
        self.find = find
        self.transforms = transforms
        self.libraries: dict[str, Library] = {}
        self.open: list[str] = []  # libraries that wait for their base, each for that of the next
        self.levels: dict[tuple[Origin, int], str] = {}  # {(origin, number of steps from there): name of the library}
        for name, entry in self.entries.items():
            if "k" in entry and ("class" in entry or "parents" in entry):
                self.levels.setdefault((origin_of(entry), int(entry["k"])), name)
            elif "from" in entry and not _keeps(entry):
                origin, start = self._start(entry)
                self.levels.setdefault((origin, start + int(entry["times"])), name)

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
            self.libraries[name] = Library(name, entry.get("class", ""), **files, implicit=name not in self.selected)
            return
        asked_by = asked_by or name
        if "from" in entry:
            self._add_steps(name, entry, asked_by)
            return
        class_name, parents = self._checked_origin(name, entry)
        k = int(entry["k"])
        built: dict[str, Any] = {"k": k, "parents": parents, "implicit": name not in self.selected}
        if k == 0:
            built |= self._parents(parents, asked_by)
        else:
            built["base"] = self._level(class_name, parents, k - 1, entry)
            self.add(built["base"], asked_by)
        self.libraries[name] = Library(name, class_name, **built)

    def telling(self) -> set[str]:
        """Return the names of the libraries that tell steps: those of this form, and what these are built from."""
        names: set[str] = set()
        for name, library in reversed(self.libraries.items()):
            if library.base and ("from" in self.entries[name] or name in names):
                names |= {name, library.base}
        return {name for name in names if self.libraries[name].base}

    def _add_steps(self, name: str, entry: Mapping[str, Any], asked_by: str) -> None:
        """Add a library that is made from another by steps, after its base.

        Raises:
            UserError: what it names is unknown, or it is made from itself.
        """
        source, by = self._source(name, entry), self._checked_steps(name, entry)
        times = None if entry["times"] == "all" else int(entry["times"])
        walks = _keeps(entry) and times != 1
        base = source if walks or times == 1 else self._level_of_steps(name, entry, int(entry["times"]) - 1)
        if name in self.open:
            raise UserError(
                f"library '{name}' is made from itself: {' from '.join([*self.open[self.open.index(name) :], name])}",
                where=self.layers.place("libraries", name, "from"),
                value=entry["from"],
                allowed="libraries that one can make one after the other",
                fix="name another library",
            )
        self.open.append(name)
        try:
            self.add(base, asked_by)
        finally:
            self.open.pop()
        below = self.libraries[base]
        before = below.k if below.base else 0
        self.libraries[name] = Library(
            name,
            entry.get("class", below.class_name),
            k=None if before is None or times is None else before + (times if walks else 1),
            parents=below.parents,
            base=base,
            by=by,
            times=times if walks else 1,
            keep_levels=walks and entry["keep_levels"],
            implicit=name not in self.selected,
        )

    def _source(self, name: str, entry: Mapping[str, Any]) -> str:
        """Return the name of the library that a library is made from: an entry, or a level such as ``lipid-0X``.

        Raises:
            UserError: there is none.
        """
        source: str = entry["from"]
        named = as_level(source, entry)
        if source not in self.entries and named and named["parents"] in self.parents:
            return self._level(*origin_of(named), int(named["k"]), entry)
        if source not in self.entries:
            others = dict.fromkeys([*self.entries, *natural_products(self.layers)])
            known = [each for each in others if each != name]
            raise UserError(
                f"library '{name}' is made from '{source}', and there is no such library",
                where=self.layers.place("libraries", name, "from"),
                value=source,
                allowed=known,
                fix=did_you_mean(source, known) or f"add '{source}' to libraries, or name one of these",
            )
        return source

    def _checked_steps(self, name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a step of a library applies.

        Raises:
            UserError: a name is unknown.
        """
        known = [HALOGENATION, *self.transforms]
        by = _listed(entry["by"])
        for number, word in enumerate(by):
            if self.transforms and word not in known:
                raise UserError(
                    f"library '{name}' is made by '{word}', and there is no such transform",
                    where=self.layers.place("libraries", name, "by", *([number] if entry["by"] != word else [])),
                    value=word,
                    allowed=known,
                    fix=did_you_mean(word, known) or f"take one of the allowed names, or add '{word}' to transforms",
                )
        return by

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
        return origin_of(entry)

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
        level = (class_name, parents), k
        if level not in self.levels:
            taken = {name.casefold() for name in self.entries}
            name = f"{parents}-{k}X"
            if name.casefold() in taken and class_name != parents:
                name = f"{parents}-{class_name}-{k}X"
            while name.casefold() in taken:
                name += "-base"
            self.levels[level] = name
            self.entries[name] = {"class": class_name, "parents": parents, "k": k, **choice_of(above)}
        return self.levels[level]

    def _level_of_steps(self, name: str, entry: Mapping[str, Any], times: int) -> str:
        """Return the name of the library of fewer steps of the same kind; one is added like by ``_level``."""
        origin, start = self._start(entry)
        if len(origin) == 2:  # natural products
            return self._level(origin[0], origin[1], start + times, entry)
        level = origin, times
        if level not in self.levels:
            below = f"{name}-step-{times}"
            while below.casefold() in {other.casefold() for other in self.entries}:
                below += "-base"
            self.levels[level] = below
            self.entries[below] = {**entry, "times": times}
        return self.levels[level]

    def _start(self, entry: Mapping[str, Any]) -> tuple[Origin, int]:
        """Return what libraries by the same steps have in common that differ in their number, and the steps before.

        Natural products that are halogenated give levels, whichever way that is written.
        """
        source, by = entry["from"], _listed(entry["by"])
        below = self.entries.get(source) or as_level(source, entry)
        if by == (HALOGENATION,) and "k" in below and ("class" in below or "parents" in below):
            before, parents = origin_of(below)
            class_name = entry.get("class", before)
            if class_name == before or below["k"] == 0:  # the rules are the same in all of its levels
                return (class_name, parents), int(below["k"])
        return (entry.get("class", ""), source, *by), 0


def _keeps(entry: Mapping[str, Any]) -> bool:
    """Return whether a library is more than the molecules after a number of steps."""
    return entry["times"] == "all" or bool(entry["keep_levels"])


def _listed(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


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
