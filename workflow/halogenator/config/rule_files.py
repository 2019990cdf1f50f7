"""Files of transforms and of halogenation rules, read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.config.example_checks import Place, check_transforms
from halogenator.config.layers import Layers, dig, same_name_problems
from halogenator.config.patterns import SITE_KEYS, Patterns
from halogenator.config.validation import MAX_PROBLEMS, checked, slips, with_defaults
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError, collecting, did_you_mean, raise_all
from halogenator.model import Example, Halogenation, HalogenationRule, Transform

# An entry of a file, with defaults, and a function that says where its keys are written.
_Entry = tuple[Mapping[str, Any], Place]


def load_transforms(*paths: Path, patterns: Patterns | None = None) -> dict[str, Transform]:
    """Return {name: transform} of one or more files, in file order, after a check of each SMIRKS and each example.

    Args:
        paths: the files.
        patterns: those that ``exclude`` may name; None for the shipped ones.

    Raises:
        UserError: a file cannot be read or breaks the schema, two transforms have the same name, RDKit refuses a
            SMIRKS, or a SMIRKS gives other products than its examples. All such problems are in one error.
    """
    transforms, problems = sound_transforms(*paths, patterns=patterns)
    raise_all(problems)
    return transforms


def sound_transforms(*paths: Path, patterns: Patterns | None = None) -> tuple[dict[str, Transform], list[UserError]]:
    """Return the transforms without a problem, as ``load_transforms`` does, and the problems of all others."""
    problems: list[UserError] = []
    entries: list[_Entry] = []
    for path in paths:
        with collecting(problems):
            found, wrong = _read_entries(path)
            entries += found
            problems += wrong
    twice = _same_names(entries)
    transforms = [Transform(**_fields(*entry, patterns or Patterns(), problems)) for entry in entries]
    chemistry = check_transforms([(t, place) for t, (_, place) in zip(transforms, entries, strict=True)])
    refused = {index for index, _ in chemistry}
    sound: dict[str, Transform] = {}
    for index, transform in enumerate(transforms):
        if index not in refused and transform.name.casefold() not in map(str.casefold, sound if twice else ()):
            sound[transform.name] = transform
    return sound, [*problems, *twice, *(problem for _, problem in chemistry)]


def _read_entries(path: Path) -> tuple[list[_Entry], list[UserError]]:
    """Return the entries of a file of transforms that fit the schema, and the problems of the others.

    Raises:
        UserError: the file cannot be read, or a problem is not in an entry but in the file itself.
    """
    document = read_yaml(path)
    layers = Layers([document], document.data)
    found = slips(layers, "transforms")
    problems = [problem for _, problem in found]
    if len(found) >= MAX_PROBLEMS or any(len(keys) < 2 or keys[0] != "transforms" for keys, _ in found):
        raise_all(problems)
    bad = {keys[1] for keys, _ in found}
    layers.settings = with_defaults(document.data, "transforms")
    entries = _entries(layers, "transforms")
    return [entry for number, entry in enumerate(entries) if number not in bad], problems


def _entries(layers: Layers, key: str) -> list[_Entry]:
    return [(entry, partial(layers.place, key, number)) for number, entry in enumerate(layers.settings[key])]


def find_transform(name: str, transforms: Mapping[str, Transform], where: object) -> Transform:
    """Return the transform of a name.

    Raises:
        UserError: there is none. The message offers the nearest name.
    """
    if name not in transforms:
        raise UserError(
            f"there is no transform '{name}'",
            where=where,
            value=name,
            allowed=list(transforms),
            fix=did_you_mean(name, transforms) or "list them with: python -m halogenator transforms",
        )
    return transforms[name]


def load_halogenation(*paths: Path, patterns: Patterns | None = None) -> Halogenation:
    """Return the halogenation rules of files, read as one, after a check of each SMIRKS and example with each halogen.

    Raises:
        UserError: as ``load_transforms``; or the files name different halogens.
    """
    entries: list[_Entry] = []
    halogens: tuple[str, ...] = ()
    for path in paths:
        document = read_yaml(path)
        layers = checked(Layers([document], document.data), "halogenation")
        entries += _entries(layers, "rules")
        named = tuple(layers.settings["halogens"])
        if halogens and set(named) != set(halogens):
            what, where = "files of halogenation rules name different halogens", layers.place("halogens")
            raise UserError(what, where=where, value=list(named), allowed=list(halogens), fix="write the same in all")
        halogens = halogens or named
    problems: list[UserError] = []
    rules = tuple(HalogenationRule(**_fields(*entry, patterns or Patterns(), problems)) for entry in entries)
    made = [(t, place) for rule, (_, place) in zip(rules, entries, strict=True) for t in rule.transforms(halogens)]
    by_place: dict[str, UserError] = {}
    for _, problem in check_transforms(made):
        by_place.setdefault(str(problem.where), problem)  # each halogen gives the same problem
    raise_all([*problems, *_same_names(entries), *by_place.values()])
    return Halogenation(halogens, rules)


def _same_names(entries: Iterable[_Entry]) -> list[UserError]:
    return same_name_problems([(entry["name"], place("name")) for entry, place in entries])


def _fields(entry: Mapping[str, Any], place: Place, patterns: Patterns, problems: list[UserError]) -> dict[str, Any]:
    """Return the fields of a transform or a rule; wrong names in its choice are added to ``problems``."""
    examples = tuple(Example(example["reactant"], tuple(example["products"])) for example in entry["examples"])
    scope = tuple(entry.get("scope_classes", ()))
    others = {key: value for key, value in entry.items() if key not in SITE_KEYS}
    choice = patterns.choice_of_sites(entry, place, problems)
    fields = {"label": entry["name"], **others, "scope_classes": scope, "examples": examples, "choice": choice}
    return {**fields, "scores": tuple(entry["scores"])} if "scores" in entry else fields


def describe_transforms(paths: Iterable[Path]) -> dict[str, Transform]:
    """Return {name: transform} of files, as far as they can be understood, without any check.

    It is for results of earlier versions, whose files may be invalid today. Other files give nothing.
    """
    found: dict[str, Transform] = {}
    for entry in _described(paths, "transforms"):
        smirks, label, family = (str(entry.get(key) or "") for key in ("smirks", "label", "family"))
        scope = entry.get("scope_classes")
        classes = tuple(map(str, scope)) if isinstance(scope, list) else ()
        found[entry["name"]] = Transform(entry["name"], smirks, label, family, classes)
    return found


def describe_choices(paths: Iterable[Path]) -> dict[str, str]:
    """Return {name: label of a halogenation rule, or why a pattern matters} of files, without any check, as above."""
    paths = list(paths)
    rules = {entry["name"]: entry.get("label") for entry in _described(paths, "rules")}
    patterns = {entry["name"]: entry.get("why") for entry in _described(paths, "patterns")}
    return {name: str(text) for name, text in {**rules, **patterns}.items() if text}


def _described(paths: Iterable[Path], key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the entries with a name in the lists of this key of those files that are YAML."""
    for path in paths:
        with collecting([]):
            listed = dig(read_yaml(path).data, (key,))
            for entry in listed if isinstance(listed, list) else ():
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    yield entry
