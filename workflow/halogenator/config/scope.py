"""The jobs of a run, by class and by name: which transforms run on which libraries, and what is refused or noted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from halogenator.config.layers import Layers, dig
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError
from halogenator.model import CLASSES, Halogenation, HalogenationRule, Library, Transform

_SLIPS = 2  # letters by which a word may differ from a class and still be taken for it misspelt
_SHOWN = 4  # names that a sentence lists

Job = tuple[str, str]


def make_jobs(
    libraries: Mapping[str, Library], transforms: Iterable[Transform], settings: Mapping[str, Any]
) -> tuple[Job, ...]:
    """Return the (library, transform) pairs to run, in library then file order.

    A transform runs on the libraries of its scope. One that ``select`` names runs whatever its scope on a library that
    ``select`` names too, and on one without class: whoever names both means both.

    Args:
        libraries: those of the run.
        transforms: those selected.
        settings: the configuration, valid by the schema and with defaults.
    """
    libraries_named, transforms_named = _named(settings)

    def runs(library: Library, transform: Transform) -> bool:
        if transform.is_for(library.class_name):
            return True
        return transform.name in transforms_named and (library.name in libraries_named or not library.class_name)

    chosen = list(transforms)
    made = [library for library in libraries.values() if not library.implicit]
    return tuple((library.name, t.name) for library in made for t in chosen if runs(library, t))


def _named(settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the names of libraries and of transforms that ``select`` lists; none where it says all."""
    libraries, transforms = (settings["select"][kind] for kind in ("libraries", "transforms"))
    return [] if libraries == "all" else libraries, [] if transforms == "all" else transforms


# ---- what is refused -------------------------------------------------------------------------------------------------


def job_problems(
    jobs: Sequence[Job], libraries: Mapping[str, Library], chosen: Sequence[Transform], layers: Layers
) -> list[UserError]:
    """Return the problem with a run whose transforms are named and have no library to run on."""
    if jobs or not chosen or layers.settings["select"]["transforms"] == "all":
        return []
    classes = sorted({library.class_name or "none" for library in libraries.values() if not library.implicit})
    return [
        UserError(
            "nothing to run: none of the selected transforms is for a selected library",
            where=layers.place("select", "transforms"),
            value="; ".join(f"{transform.name} is for {_scope(transform)}" for transform in chosen),
            allowed=f"transforms for the libraries' classes: {', '.join(classes)}",
            fix="name the libraries too, under select.libraries: what is named in both runs whatever its scope; "
            "or select.transforms: [] for the libraries alone",
        )
    ]


def idle_levels(libraries: Mapping[str, Library], halogenation: Halogenation, layers: Layers) -> list[UserError]:
    """Return a problem per built library whose class no halogenation rule applies to: it could only be empty."""
    if not halogenation.rules:
        return []
    ruled = sorted({name for rule in halogenation.rules for name in rule.scope_classes})
    return [
        UserError(
            f"library '{library.name}' would be empty: no halogenation rule applies to class {library.class_name}",
            where=layers.place("libraries", library.name),
            value=library.class_name,
            allowed=f"classes with a rule: {', '.join(ruled)}",
            fix=f"add {library.class_name} to the scope_classes of a rule, remove or unselect the library, "
            f"or halogenate its natural products as one of these: class: {ruled[0]}, parents: {library.parents}",
        )
        for library in libraries.values()
        if library.k and not library.implicit and not halogenation.rules_for(library.class_name)
    ]


def class_problems(
    transforms: Collection[Transform], halogenation: Halogenation, paths: Mapping[str, Sequence[Path]], layers: Layers
) -> list[UserError]:
    """Return a problem per word for a class that looks like a known one misspelt and that only one side knows.

    Args:
        transforms: all of them.
        halogenation: the rules.
        paths: the files that "transforms" and "rules" are from.
        layers: the configuration.
    """
    if not (transforms and halogenation.rules):
        return []
    libraries, parents = layers.settings["libraries"], layers.settings["parents"]
    classes = {entry["class"] for entry in libraries.values() if "class" in entry}
    parents_used = {entry.get("parents", entry.get("class")) for entry in libraries.values() if "k" in entry}
    scoped: dict[str, Collection[Transform | HalogenationRule]] = {
        "transforms": transforms,
        "rules": halogenation.rules,
    }
    scopes = {word for entries in scoped.values() for entry in entries for word in entry.scope_classes}
    found = [
        _misspelt(entry["class"], [*CLASSES, *scopes, *parents], layers.place("libraries", name, "class"))
        for name, entry in libraries.items()
        if "class" in entry
    ]
    found += [_misspelt(word, CLASSES, layers.place("parents", word)) for word in parents if word not in parents_used]
    for kind, entries in scoped.items():
        for entry in entries:
            for word in entry.scope_classes:
                problem = _misspelt(word, [*CLASSES, *classes, *parents_used], None)
                if problem is not None:
                    problem.where = _place(paths[kind], kind, entry.name)
                    found.append(problem)
    return [problem for problem in found if problem is not None]


def _misspelt(word: str, known: Sequence[str], where: object) -> UserError | None:
    """Return the problem with a word that is nearly a known one; None if it is known, or a word of its own."""
    near = None if word in known else near_class(word, known)
    if near is None:
        return None
    return UserError(
        f"nothing else speaks of a class '{word}', which is nearly '{near}'",
        where=where,
        value=word,
        allowed=f"{', '.join(CLASSES)}, or a word of your own",
        fix=f"did you mean '{near}'? A class of your own needs a name that differs more",
    )


def near_class(word: str, known: Iterable[str]) -> str | None:
    """Return the known class that a word looks like misspelt, or None."""
    return next((name for name in known if _looks_like(word, name)), None)


def _looks_like(word: str, name: str) -> bool:
    one, other = (re.sub(r"[-_.]", "", text.casefold()) for text in (word, name))
    if one == other:
        return True
    same_start = one[:1] == other[:1] and re.findall(r"\d", one) == re.findall(r"\d", other)
    return same_start and min(len(one), len(other)) > _SLIPS + 2 and _distance(one, other) <= _SLIPS


def _distance(one: str, other: str) -> int:
    """Return how many letters are to be added, left out or changed to make one word of the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, against in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != against))
    return row[-1]


def _place(paths: Sequence[Path], kind: str, name: str) -> str | None:
    """Return where the scope of a transform or a rule is written."""
    for path in paths:
        document = read_yaml(path)
        for number, entry in enumerate(document.data[kind]):
            if entry["name"] == name:
                return Layers([document], document.data).place(kind, number, "scope_classes")
    return None


# ---- what is noted ---------------------------------------------------------------------------------------------------


def notes(
    jobs: Sequence[Job],
    libraries: Mapping[str, Library],
    chosen: Sequence[Transform],
    halogenation: Halogenation,
    layers: Layers,
) -> Iterator[str]:
    """Yield what a user may not expect of the run.

    Args:
        jobs: of the run.
        libraries: of the run.
        chosen: the selected transforms.
        halogenation: the rules.
        layers: the configuration.
    """
    yield from _replaced_parents(libraries, layers)
    yield from _borrowed_rules(libraries, halogenation)
    yield from _out_of_scope(jobs, libraries, chosen)
    yield from _without_jobs(jobs, libraries, chosen, layers.settings)


def _replaced_parents(libraries: Mapping[str, Library], layers: Layers) -> Iterator[str]:
    for name, entry in layers.settings["parents"].items():
        written = [
            value
            for document in layers.documents
            if isinstance(value := dig(document.data, ("parents", name)), str | list | dict)
        ]
        first, last = (_path(written[0]), _path(entry)) if written else ("", "")
        users = [library.name for library in libraries.values() if library.parents == name and library.k]
        if first != last and users and not (isinstance(entry, dict) and entry["replace"]):
            yield (
                f"parents.{name}: {last} takes the place of {first}, so {_listed(users)} "
                f"{'is' if len(users) == 1 else 'are'} built from it. To keep both, give it a name of its own "
                f"(parents: {{my-{name}: {last}}}, and "
                f"libraries: {{my-{name}-1X: {{class: {name}, parents: my-{name}, k: 1}}}}); "
                f"if it is meant, say so: parents: {{{name}: {{path: {last}, replace: true}}}}"
            )


def _path(entry: Any) -> str:
    return str(entry.get("path", "")) if isinstance(entry, dict) else str(entry)


def _borrowed_rules(libraries: Mapping[str, Library], halogenation: Halogenation) -> Iterator[str]:
    for name in dict.fromkeys(library.class_name for library in libraries.values() if library.k):
        other = halogenation.counts_as(name)
        if other != name and any(rule.scope_classes for rule in halogenation.rules):
            yield (
                f"no halogenation rule names class {name}, so the rules for {other} apply; for others, "
                f"give its libraries class: CLASS, parents: {name}"
            )


def _out_of_scope(jobs: Sequence[Job], libraries: Mapping[str, Library], chosen: Sequence[Transform]) -> Iterator[str]:
    for transform in chosen:
        beyond = [
            library
            for library in libraries.values()
            if (library.name, transform.name) in jobs and not transform.is_for(library.class_name)
        ]
        if beyond:
            names = _listed([f"{library.name} ({_class(library)})" for library in beyond])
            yield f"{transform.name} is for {_scope(transform)}; it runs on {names} too, since select names it"


def _without_jobs(
    jobs: Sequence[Job], libraries: Mapping[str, Library], chosen: Sequence[Transform], settings: Mapping[str, Any]
) -> Iterator[str]:
    if not chosen:
        return
    busy = {library for library, _ in jobs}
    idle = [library for library in libraries.values() if not library.implicit and library.name not in busy]
    if idle:
        names = _listed([f"{library.name} ({_class(library)})" for library in idle])
        what = f"no selected transform is for the class of {names}"
        run = "to run a transform whatever its scope, list it and the library under select"
        if jobs:
            others = "to leave out what no job uses, list the other libraries under select.libraries"
            yield f"{what}: made for the molecules alone; {others}; {run}"
        else:
            yield f"no jobs: {what}; {run}, or give the library another class"
    _, named = _named(settings)
    working = {transform for _, transform in jobs}
    left = [f"{t.name} (for {_scope(t)})" for t in chosen if t.name in named and t.name not in working]
    if left and jobs:
        yield (
            f"no selected library is in the scope of {_listed(left)}; list a library under select.libraries to run "
            "such a transform there"
        )


def _class(library: Library) -> str:
    return library.class_name or "no class"


def _scope(transform: Transform) -> str:
    return ", ".join(transform.scope_classes) or "all classes"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
