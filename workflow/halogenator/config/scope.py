"""The jobs of a run: which transforms run on which libraries, and what users are told about that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from halogenator.config.layers import Layers, dig
from halogenator.config.selection import library_place
from halogenator.errors import UserError
from halogenator.model import HALOGENATION, Halogenation, JobName, Library, Transform

_SHOWN = 4  # names in a sentence


def make_jobs(
    libraries: Mapping[str, Library], transforms: Iterable[Transform], settings: Mapping[str, Any]
) -> tuple[JobName, ...]:
    """Return the jobs, in the order of the libraries, then of the transforms.

    A transform runs on the libraries in its scope. If ``select`` lists it, it runs whatever its scope on libraries
    that ``select`` lists too, and on libraries without a class.

    Args:
        libraries: the libraries of the run.
        transforms: the selected transforms.
        settings: the configuration, valid and with defaults.
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
    """Return the names of libraries and of transforms that ``select`` lists; [] where it says all."""
    libraries, transforms = (settings["select"][kind] for kind in ("libraries", "transforms"))
    return [] if libraries == "all" else libraries, [] if transforms == "all" else transforms


# ---- what is refused -------------------------------------------------------------------------------------------------


def job_problems(
    jobs: Sequence[JobName], libraries: Mapping[str, Library], chosen: Sequence[Transform], layers: Layers
) -> list[UserError]:
    """Return a problem if ``select`` lists transforms, but none of them has a library to run on."""
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
    """Return a problem for each library that is only halogenated, but to whose class no rule applies: it is empty."""
    if not halogenation.rules:
        return []
    ruled = sorted({name for rule in halogenation.rules for name in rule.scope_classes})
    return [
        UserError(
            f"library '{library.name}' would be empty: no halogenation rule applies to class {library.class_name}",
            where=library_place(layers, library.name),
            value=library.class_name,
            allowed=f"classes with a rule: {', '.join(ruled)}",
            fix=f"add {library.class_name} to the scope_classes of a rule, remove or unselect the library, "
            f"or halogenate its natural products as one of these: class: {ruled[0]}, parents: {library.parents}",
        )
        for library in libraries.values()
        if library.base and library.by == (HALOGENATION,) and not library.implicit
        if not halogenation.rules_for(library.class_name)
    ]


# ---- what is noted ---------------------------------------------------------------------------------------------------


def notes(
    jobs: Sequence[JobName],
    libraries: Mapping[str, Library],
    chosen: Sequence[Transform],
    halogenation: Halogenation,
    layers: Layers,
) -> Iterator[str]:
    """Yield what users may not expect of the run, in sentences."""
    yield from _replaced_parents(libraries, layers)
    yield from _borrowed_rules(libraries, halogenation)
    yield from _out_of_scope(jobs, libraries, chosen)
    yield from _without_jobs(jobs, libraries, chosen, layers.settings)
    yield from _empty_lists(libraries, layers)


def _replaced_parents(libraries: Mapping[str, Library], layers: Layers) -> Iterator[str]:
    for name, entry in layers.settings["parents"].items():
        written = [
            value
            for document in layers.documents
            if isinstance(value := dig(document.data, ("parents", name)), str | list | dict)
        ]
        first, last = (_path(written[0]), _path(entry)) if written else ("", "")
        users = [library.name for library in libraries.values() if library.parents == name and library.base]
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
    halogenated = (library for library in libraries.values() if library.base and HALOGENATION in library.by)
    for name in dict.fromkeys(library.class_name for library in halogenated):
        other = halogenation.counts_as(name)
        if other != name and any(rule.scope_classes for rule in halogenation.rules):
            yield (
                f"no halogenation rule names class {name}, so the rules for {other} apply; for others, "
                f"give its libraries class: CLASS, parents: {name}"
            )


def _out_of_scope(
    jobs: Sequence[JobName], libraries: Mapping[str, Library], chosen: Sequence[Transform]
) -> Iterator[str]:
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
    jobs: Sequence[JobName], libraries: Mapping[str, Library], chosen: Sequence[Transform], settings: Mapping[str, Any]
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


def _empty_lists(libraries: Mapping[str, Library], layers: Layers) -> Iterator[str]:
    everywhere = layers.settings["exclude"]
    lists = everywhere.values() if isinstance(everywhere, dict) else [everywhere]
    empty = [f"libraries.{name}" for name in libraries if dig(layers.data, ("libraries", name, "exclude")) == []]
    if empty and any(lists):
        yield (
            f"exclude: [] of {_listed(empty)} turns nothing off, since lists add up: what exclude has at the top is "
            "left out there, too. To leave out nothing there, write exclude: [] at the top, and what other libraries "
            "are to leave out into their entries"
        )


def _class(library: Library) -> str:
    return library.class_name or "no class"


def _scope(transform: Transform) -> str:
    return ", ".join(transform.scope_classes) or "all classes"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
