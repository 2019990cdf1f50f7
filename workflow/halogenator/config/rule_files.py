"""The files of transforms and of halogenation rules: read, checked, or only described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halogenator.config.layers import Layers, Place, dig, same_name_problems
from halogenator.config.smirks_check import check_transforms
from halogenator.config.validation import MAX_PROBLEMS, checked, slips, with_defaults
from halogenator.config.yaml_files import Keys, read_yaml
from halogenator.errors import UserError, collecting, did_you_mean, raise_all
from halogenator.model import Example, Halogenation, HalogenationRule, Transform


@dataclass(frozen=True)
class _Entry:
    """An entry of a file: where a transform or a rule is written."""

    layers: Layers
    keys: Keys

    @property
    def data(self) -> Any:
        return dig(self.layers.settings, self.keys)

    def place(self, *keys: Any) -> Place:
        """Return where a value of the entry was written."""
        return self.layers.place(*self.keys, *keys)


def load_transforms(*paths: Path) -> dict[str, Transform]:
    """Return the transforms of one or more files by name, in file order, each SMIRKS and each example checked.

    Raises:
        UserError: a file cannot be read, breaks the schema, names two transforms alike, or holds a SMIRKS that RDKit
            does not take or that does not do what its examples say. All such problems are in one error.
    """
    transforms, problems = sound_transforms(*paths)
    raise_all(problems)
    return transforms


def sound_transforms(*paths: Path) -> tuple[dict[str, Transform], list[UserError]]:
    """Return those transforms of the files in which nothing is wrong, as ``load_transforms``, and all that is."""
    problems: list[UserError] = []
    entries: list[_Entry] = []
    for path in paths:
        with collecting(problems):
            found, wrong = _read_entries(path)
            entries += found
            problems += wrong
    twice = _same_names(entries)
    transforms = [Transform(**_fields(entry.data)) for entry in entries]
    chemistry = check_transforms(
        [(transform, entry.place) for transform, entry in zip(transforms, entries, strict=True)]
    )
    refused = {index for index, _ in chemistry}
    sound: dict[str, Transform] = {}
    for index, transform in enumerate(transforms):
        if index not in refused and transform.name.casefold() not in map(str.casefold, sound if twice else ()):
            sound[transform.name] = transform
    return sound, [*problems, *twice, *(problem for _, problem in chemistry)]


def _read_entries(path: Path) -> tuple[list[_Entry], list[UserError]]:
    """Return the entries of a file that fit the schema, and what is wrong with the others.

    Raises:
        UserError: the file cannot be read, or not its entries are wrong but the file itself.
    """
    document = read_yaml(path)
    layers = Layers([document], document.data)
    found = slips(layers, "transforms")
    problems = [problem for _, problem in found]
    if len(found) >= MAX_PROBLEMS or any(len(keys) < 2 or keys[0] != "transforms" for keys, _ in found):
        raise_all(problems)
    bad = {keys[1] for keys, _ in found}
    layers.settings = with_defaults(document.data, "transforms")
    indices = [index for index in range(len(document.data["transforms"])) if index not in bad]
    return [_Entry(layers, ("transforms", index)) for index in indices], problems


def find_transform(name: str, transforms: Mapping[str, Transform], where: object) -> Transform:
    """Return the transform of a name.

    Raises:
        UserError: there is none; it offers the nearest name.
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


def load_halogenation(path: Path) -> Halogenation:
    """Return the halogenation rules of a file, each SMIRKS and each example checked with each halogen.

    Raises:
        UserError: as ``load_transforms``.
    """
    document = read_yaml(path)
    layers = checked(Layers([document], document.data), "halogenation")
    places = [_Entry(layers, ("rules", index)) for index in range(len(layers.settings["rules"]))]
    rules = tuple(HalogenationRule(**_fields(entry.data)) for entry in places)
    halogens = tuple(layers.settings["halogens"])
    entries = [(t, entry.place) for rule, entry in zip(rules, places, strict=True) for t in rule.transforms(halogens)]
    by_place: dict[str, UserError] = {}
    for _, problem in check_transforms(entries):
        by_place.setdefault(str(problem.where), problem)  # a slip shows alike with every halogen
    raise_all([*_same_names(places), *by_place.values()])
    return Halogenation(halogens, rules)


def _same_names(entries: Iterable[_Entry]) -> list[UserError]:
    return same_name_problems([(entry.data["name"], entry.layers, (*entry.keys, "name")) for entry in entries])


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    examples = tuple(Example(example["reactant"], tuple(example["products"])) for example in entry["examples"])
    scope = tuple(entry.get("scope_classes", ()))
    return {"label": entry["name"], **entry, "scope_classes": scope, "examples": examples}


def describe_transforms(paths: Iterable[Path]) -> dict[str, Transform]:
    """Return the transforms that files describe, by name, as far as they can be understood: nothing is checked.

    For results of long ago, whose files may say what no run would take today. What is no such file is passed over.
    """
    found: dict[str, Transform] = {}
    for path in paths:
        with collecting([]):
            listed = dig(read_yaml(path).data, ("transforms",))
            for entry in listed if isinstance(listed, list) else ():
                if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                    smirks, label, family = (str(entry.get(key) or "") for key in ("smirks", "label", "family"))
                    scope = entry.get("scope_classes")
                    classes = tuple(map(str, scope)) if isinstance(scope, list) else ()
                    found[entry["name"]] = Transform(entry["name"], smirks, label, family, classes)
    return found
