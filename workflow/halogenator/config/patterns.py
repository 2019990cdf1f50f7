"""Patterns: substructures with a name, from files; and the choices of a configuration, which name them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from halogenator import shipped
from halogenator.chemistry.filters import CATALOGS
from halogenator.config.layers import Layers, same_name_problems
from halogenator.config.validation import checked
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError, did_you_mean, raise_all
from halogenator.model import Choice, Pattern, Window
from halogenator.process import limits

# Keys that say what is left out, of any entry and of a transform or rule.
CHOICE_KEYS = ("exclude", "within", "protect", "quota")
SITE_KEYS = (*CHOICE_KEYS, "rank", "parents")

Place = Callable[..., str]  # takes keys below an entry, returns the file and line where they are written
Entry = tuple[tuple[Pattern, ...], Place]  # a name's SMARTS, and where they are written


class Patterns:
    """The patterns that a name can mean: those of files, and RDKit's sets of alerts.

    Args:
        paths: YAML files besides the shipped one. They are read when a name is first looked up.

    Attributes:
        paths: the YAML files.
    """

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self.paths = [shipped.PATTERNS, *(path for path in paths if path.resolve() != shipped.PATTERNS)]
        self._known: dict[str, tuple[Pattern, ...]] = {}

    def load(self) -> Mapping[str, tuple[Pattern, ...]]:
        """Return {name: pattern}, of several SMARTS several.

        Raises:
            UserError: a file cannot be read, or a pattern in it is wrong.
        """
        if not self._known:
            alerts = {name: (Pattern(name, catalog=catalog),) for name, catalog in CATALOGS.items()}
            # A name may be given anew: a project has a copy of the shipped file, to be edited.
            self._known = load_patterns(shipped.PATTERNS) | load_patterns(*self.paths[1:]) | alerts
        return self._known

    def choice(self, entry: Mapping[str, Any], place: Place, problems: list[UserError]) -> Choice:
        """Return what an entry of a configuration leaves out; what is wrong with it is added to ``problems``."""
        return Choice(
            exclude=self.named(entry.get("exclude", ()), partial(place, "exclude"), problems),
            protect=self._structures(entry.get("protect", ()), partial(place, "protect"), problems),
            within=tuple(_bounds(entry.get("within", {}), partial(place, "within"), problems)),
            quota=tuple(_quotas(entry.get("quota", {}))),
        )

    def choice_of_sites(self, entry: Mapping[str, Any], place: Place, problems: list[UserError]) -> Choice:
        """Return what the entry of a transform or a rule leaves out; it may also choose sites and parents."""
        parents, above = entry.get("parents", {}), partial(place, "parents")
        return self.choice(entry, place, problems) + Choice(
            rank=self._structures(entry.get("rank", ()), partial(place, "rank"), problems),
            parents_within=tuple(_bounds(parents.get("within", {}), partial(above, "within"), problems)),
            parents_matching=self._structures(parents.get("matching", ()), partial(above, "matching"), problems),
            parents_not_matching=self._structures(
                parents.get("not_matching", ()), partial(above, "not_matching"), problems
            ),
        )

    def _structures(self, names: Sequence[str], place: Place, problems: list[UserError]) -> tuple[Pattern, ...]:
        """Return the patterns of names that must have atoms: sets of alerts are added to ``problems``."""
        for number, name in enumerate(names):
            if name in CATALOGS:
                what, fix = f"'{name}' is a set of alerts, which name no atoms", "name a pattern or write a SMARTS"
                problems.append(UserError(what, where=place(number), value=name, fix=fix))
        return tuple(pattern for pattern in self.named(names, place, problems) if pattern.smarts)

    def named(self, names: Sequence[str], place: Place, problems: list[UserError]) -> tuple[Pattern, ...]:
        """Return the patterns of names and SMARTS; unknown ones are added to ``problems``.

        A SMARTS is told from a name by its brackets.
        """
        found = []
        for number, name in enumerate(names):
            if "[" in name:
                found.append(Pattern(name, smarts=name))
                problem = _smarts_problem(name)
            elif name in self.load():
                found += self.load()[name]
                continue
            else:
                problem = f"there is no pattern '{name}'"
            if problem:
                where = ", ".join(map(str, self.paths))
                near = did_you_mean(name, self.load())
                add = f"add it to a file of patterns ({where}), or write a SMARTS, with its atoms in brackets"
                problems.append(
                    UserError(problem, where=place(number), value=name, allowed=list(self.load()), fix=near or add)
                )
        return tuple(found)


def _bounds(
    entry: Mapping[str, Sequence[float | None]], place: Place, problems: list[UserError]
) -> Iterator[tuple[str, Window]]:
    """Yield (descriptor, bounds); those between which no value is are added to ``problems``."""
    for name, (low, high) in entry.items():
        window = Window(-math.inf if low is None else float(low), math.inf if high is None else float(high))
        if not window.low <= window.high:  # neither are bounds that are no number, .nan
            turned = window.low > window.high
            allowed, fix = "[low, high], either of them null", "turn them round" if turned else "give numbers, or null"
            what = f"no {name} is within these bounds"
            problems.append(UserError(what, where=place(name), value=[low, high], allowed=allowed, fix=fix))
        yield name, window


def _quotas(entry: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield (name, number), with halogens as names of their own."""
    for name, number in entry.items():
        yield from number.items() if isinstance(number, dict) else [(name, number)]


def load_patterns(*paths: Path) -> dict[str, tuple[Pattern, ...]]:
    """Return {name: pattern, of several SMARTS several} of files, after a check of each SMARTS and its examples.

    Raises:
        UserError: a file cannot be read or breaks the schema, two patterns have the same name, RDKit refuses a SMARTS,
            or an example is wrong. All such problems are in one error.
    """
    entries: list[Entry] = []
    for path in paths:
        document = read_yaml(path)
        layers = checked(Layers([document], document.data), "patterns")
        for number, entry in enumerate(layers.settings["patterns"]):
            listed = entry["smarts"] if isinstance(entry["smarts"], list) else [entry["smarts"]]
            examples = {key: tuple(entry[key]) for key in ("matches", "spares")}
            found = tuple(Pattern(**{**entry, **examples, "smarts": smarts}) for smarts in listed)
            entries.append((found, partial(layers.place, "patterns", number)))
    names = [(found[0].name, place("name")) for found, place in entries]
    raise_all([*same_name_problems(names), *_problems(entries)])
    return {found[0].name: found for found, _ in entries}


def _problems(entries: Sequence[Entry]) -> list[UserError]:
    """Return the problems of patterns. A child process finds them, and is stopped if one takes RDKit too long."""
    import rdkit.Chem  # noqa: F401 - loaded once here, not again in each child process

    def work() -> list[UserError]:
        found: list[UserError] = []
        for step, (patterns, place) in enumerate(entries):
            late = limits.begin(step)
            found += [_endless(patterns[0], place, late)] if late else _pattern_problems(patterns, place)
        return found

    return limits.in_child(work)


def _endless(pattern: Pattern, place: Place, reason: str) -> UserError:
    return UserError(
        f"the SMARTS of '{pattern.name}' cannot be matched to its own examples: {reason}",
        where=place("smarts"),
        value=pattern.smarts,
        allowed=f"a SMARTS that is found in {limits.PLAN_SECONDS} s",
        fix="make it smaller or more specific: long runs of atoms that match much match in endless ways",
    )


def _pattern_problems(patterns: Sequence[Pattern], place: Place) -> Iterator[UserError]:
    from rdkit import Chem, rdBase

    for pattern in patterns:
        if problem := _smarts_problem(pattern.smarts):
            fix = "mend the SMARTS; e.g. [CX3](=[OX1])Cl is an acyl chloride"
            yield UserError(problem, where=place("smarts"), value=pattern.smarts, allowed="a SMARTS", fix=fix)
            return
    queries, name = [Chem.MolFromSmarts(pattern.smarts) for pattern in patterns], patterns[0].name
    with rdBase.BlockLogs():
        for key, wanted in (("matches", True), ("spares", False)):
            for number, smiles in enumerate(getattr(patterns[0], key)):
                mol = Chem.MolFromSmiles(smiles)
                if mol is not None and any(map(mol.HasSubstructMatch, queries)) == wanted:
                    continue
                yield UserError(
                    f"'{name}' is {'not ' if wanted else ''}in one of its {key}"
                    if mol is not None
                    else f"one of the {key} of '{name}' does not parse",
                    where=place(key, number),
                    value=smiles,
                    allowed=f"SMILES of molecules that {'have' if wanted else 'do not have'} {patterns[0].smarts}",
                    fix="mend the SMARTS or the SMILES",
                )


def _smarts_problem(smarts: str) -> str | None:
    """Return what is wrong with a SMARTS, or None."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        query = Chem.MolFromSmarts(smarts)
    return None if query is not None and query.GetNumAtoms() else "RDKit cannot read this SMARTS"
