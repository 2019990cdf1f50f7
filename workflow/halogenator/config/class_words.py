"""Misspelt classes: words for a class that are nearly a known class, and that nothing else uses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from halogenator.config.layers import Layers
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError
from halogenator.model import CLASSES, Halogenation, HalogenationRule, Transform

_SLIPS = 2  # a word with up to so many wrong letters is a misspelt class


def class_problems(
    transforms: Collection[Transform], halogenation: Halogenation, paths: Mapping[str, Sequence[Path]], layers: Layers
) -> list[UserError]:
    """Return a problem for each misspelt class of a library or of natural products, or in the scope of an entry.

    A word that is used both by libraries and in scopes is a class of the user's own, and no problem.

    Args:
        transforms: all transforms.
        halogenation: the halogenation rules.
        paths: the files of the "transforms" and of the "rules".
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
    """Return the problem of a word that is nearly a known one; None for a known or quite different word."""
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
    """Return the known class of which a word looks like a misspelling; None if there is none.

    Examples:
        >>> near_class("polyphenols", CLASSES)
        'polyphenol'
        >>> near_class("flavonoid", CLASSES) is None
        True
    """
    return next((name for name in known if _looks_like(word, name)), None)


def _looks_like(word: str, name: str) -> bool:
    one, other = (re.sub(r"[-_.]", "", text.casefold()) for text in (word, name))
    if one == other:
        return True
    same_start = one[:1] == other[:1] and re.findall(r"\d", one) == re.findall(r"\d", other)
    return same_start and min(len(one), len(other)) > _SLIPS + 2 and _distance(one, other) <= _SLIPS


def _distance(one: str, other: str) -> int:
    """Return the Levenshtein distance: how many letters to add, remove or change to make one word the other."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, against in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != against))
    return row[-1]


def _place(paths: Sequence[Path], kind: str, name: str) -> str | None:
    """Return the file and line of the scope of a transform or rule."""
    for path in paths:
        document = read_yaml(path)
        for number, entry in enumerate(document.data[kind]):
            if entry["name"] == name:
                return Layers([document], document.data).place(kind, number, "scope_classes")
    return None
