"""Words for classes: those that look like a known one misspelt, and that nothing else speaks of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from halogenator.config.layers import Layers
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError
from halogenator.model import CLASSES, Halogenation, HalogenationRule, Transform

_SLIPS = 2  # letters by which a word may differ from a class and still be taken for it misspelt


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
    """Return the known class that a word looks like misspelt, or None.

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
