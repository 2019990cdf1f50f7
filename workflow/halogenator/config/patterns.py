"""Patterns: substructures with a name, from files; and the choices of a configuration, which name them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.chemistry.filters import CATALOGS
from halogenator.config.layers import Layers, same_name_problems
from halogenator.config.validation import checked
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import UserError, did_you_mean, raise_all
from halogenator.model import Choice, Pattern, Window
from halogenator.process import limits

SHIPPED_PATTERNS = Path(__file__).resolve().parents[3] / "configs" / "patterns.yaml"

CHOICE_KEYS = ("exclude", "within")  # of an entry, that say what is left out

Place = Callable[..., str]  # takes keys below an entry, returns the file and line where they are written


class Patterns:
    """The patterns that a name can mean: those of files, and RDKit's sets of alerts.

    Args:
        paths: YAML files; None for the shipped one. They are read when a name is first looked up.

    Attributes:
        paths: the YAML files.
    """

    def __init__(self, paths: Sequence[Path] | None = None) -> None:
        self.paths = [SHIPPED_PATTERNS] if paths is None else paths
        self._known: dict[str, Pattern] = {}

    def load(self) -> Mapping[str, Pattern]:
        """Return {name: pattern}.

        Raises:
            UserError: a file cannot be read, or a pattern in it is wrong.
        """
        if not self._known:
            alerts = {name: Pattern(name, catalog=catalog) for name, catalog in CATALOGS.items()}
            self._known = load_patterns(*self.paths) | alerts
        return self._known

    def choice(self, entry: Mapping[str, Any], place: Place, problems: list[UserError]) -> Choice:
        """Return what an entry of a configuration leaves out; what is wrong with it is added to ``problems``."""
        exclude = self.named(entry.get("exclude", ()), partial(place, "exclude"), problems)
        return Choice(exclude, tuple(_bounds(entry.get("within", {}), partial(place, "within"), problems)))

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
                found.append(self.load()[name])
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
        if window.low > window.high:
            allowed, fix = "[low, high], either of them null", "turn them round"
            what = f"no {name} is within these bounds"
            problems.append(UserError(what, where=place(name), value=[low, high], allowed=allowed, fix=fix))
        yield name, window


def load_patterns(*paths: Path) -> dict[str, Pattern]:
    """Return {name: pattern} of files, after a check of each SMARTS and its examples.

    Raises:
        UserError: a file cannot be read or breaks the schema, two patterns have the same name, RDKit refuses a SMARTS,
            or an example is wrong. All such problems are in one error.
    """
    entries: list[tuple[Pattern, Place]] = []
    for path in paths:
        document = read_yaml(path)
        layers = checked(Layers([document], document.data), "patterns")
        for number, entry in enumerate(layers.settings["patterns"]):
            examples = {key: tuple(entry[key]) for key in ("matches", "spares")}
            entries.append((Pattern(**{**entry, **examples}), partial(layers.place, "patterns", number)))
    raise_all([*same_name_problems([(p.name, place("name")) for p, place in entries]), *_problems(entries)])
    return {pattern.name: pattern for pattern, _ in entries}


def _problems(entries: Sequence[tuple[Pattern, Place]]) -> list[UserError]:
    """Return the problems of patterns. A child process finds them, and is stopped if one takes RDKit too long."""
    import rdkit.Chem  # noqa: F401 - loaded once here, not again in each child process

    def work() -> list[UserError]:
        found: list[UserError] = []
        for step, (pattern, place) in enumerate(entries):
            late = limits.begin(step)
            found += [_endless(pattern, place, late)] if late else _pattern_problems(pattern, place)
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


def _pattern_problems(pattern: Pattern, place: Place) -> Iterator[UserError]:
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        if problem := _smarts_problem(pattern.smarts):
            fix = "mend the SMARTS; e.g. [CX3](=[OX1])Cl is an acyl chloride"
            yield UserError(problem, where=place("smarts"), value=pattern.smarts, allowed="a SMARTS", fix=fix)
            return
        query = Chem.MolFromSmarts(pattern.smarts)
        for key, wanted in (("matches", True), ("spares", False)):
            for number, smiles in enumerate(getattr(pattern, key)):
                mol = Chem.MolFromSmiles(smiles)
                if mol is not None and mol.HasSubstructMatch(query) == wanted:
                    continue
                yield UserError(
                    f"'{pattern.name}' is {'not ' if wanted else ''}in one of its {key}"
                    if mol is not None
                    else f"one of the {key} of '{pattern.name}' does not parse",
                    where=place(key, number),
                    value=smiles,
                    allowed=f"SMILES of molecules that {'have' if wanted else 'do not have'} {pattern.smarts}",
                    fix="mend the SMARTS or the SMILES",
                )


def _smarts_problem(smarts: str) -> str | None:
    """Return what is wrong with a SMARTS, or None."""
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        query = Chem.MolFromSmarts(smarts)
    return None if query is not None and query.GetNumAtoms() else "RDKit cannot read this SMARTS"
