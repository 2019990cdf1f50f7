"""Reads the transforms and the halogenation rules, and runs every example they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from halogenator import limits
from halogenator.config import schema
from halogenator.config.locate import Keys, Layers, Place, dig, read_yaml
from halogenator.config.problems import collecting, raise_all
from halogenator.errors import UserError, did_you_mean
from halogenator.model import Example, Halogenation, HalogenationRule, Transform

# RDKit's own default of 1,000 cuts products off without a word; an example with more than this is not one for people.
_MAX_PRODUCTS = 10_000
# Atoms that all products of an example may have together: all are held at once, at 470 bytes an atom.
_MAX_PRODUCT_ATOMS = 500_000


@dataclass(frozen=True)
class _Entry:
    """An entry of a file: where a transform or a rule is written."""

    layers: Layers
    keys: Keys

    @property
    def data(self) -> Any:
        return dig(self.layers.data, self.keys)

    def place(self, *keys: Any) -> Place:
        """Return where a value of the entry was written."""
        return self.layers.place((*self.keys, *keys))


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
    chemistry = _chemistry(list(zip(transforms, entries, strict=True)))
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
    located = schema.located_problems(layers, "transforms")
    problems = [problem for _, problem in located]
    if len(located) >= schema.MAX_PROBLEMS or any(len(keys) < 2 or keys[0] != "transforms" for keys, _ in located):
        raise_all(problems)
    bad = {keys[1] for keys, _ in located}
    layers = Layers([document], schema.with_defaults(document.data, "transforms"))
    indices = [index for index in range(len(layers.data["transforms"])) if index not in bad]
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
    layers = _read(path, "halogenation")
    places = [_Entry(layers, ("rules", index)) for index in range(len(layers.data["rules"]))]
    problems = _same_names(places)
    rules = tuple(HalogenationRule(**_fields(entry)) for entry in layers.data["rules"])
    halogens = tuple(layers.data["halogens"])
    entries = [(t, place) for rule, place in zip(rules, places, strict=True) for t in rule.transforms(halogens)]
    by_place: dict[str, UserError] = {}
    for _, problem in _chemistry(entries):
        by_place.setdefault(str(problem.where), problem)  # a slip shows alike with every halogen
    raise_all([*problems, *by_place.values()])
    return Halogenation(halogens, rules)


def _read(path: Path, name: str) -> Layers:
    document = read_yaml(path)
    layers = Layers([document], document.data)
    raise_all(schema.problems(layers, name))
    return Layers([document], schema.with_defaults(document.data, name))


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    examples = tuple(Example(example["reactant"], tuple(example["products"])) for example in entry["examples"])
    scope = tuple(entry.get("scope_classes", ()))
    return {"label": entry["name"], **entry, "scope_classes": scope, "examples": examples}


def _same_names(entries: Sequence[_Entry]) -> list[UserError]:
    problems: list[UserError] = []
    first: dict[str, _Entry] = {}
    for entry in entries:
        name = entry.data["name"]
        earlier = first.setdefault(name.casefold(), entry)
        if earlier is not entry:
            same = earlier.data["name"] == name
            place = entry.place("name")
            second = f"line {place.line}" if earlier.layers is entry.layers else place
            problems.append(
                UserError(
                    f"the name '{name}' is given twice"
                    if same
                    else f"the name '{name}' differs from another in case only",
                    where=f"{earlier.place('name')} and {second}",
                    value=name,
                    allowed="names that differ, also on file systems that ignore case",
                    fix="rename or remove one of the two",
                )
            )
    return problems


def _chemistry(entries: Sequence[tuple[Transform, _Entry]]) -> list[tuple[int, UserError]]:
    """Return what is chemically wrong with transforms, each with its index.

    It is worked out in a child: a SMIRKS may take RDKit hours.
    """
    import rdkit.Chem.rdChemReactions  # noqa: F401 - here, or every child would load it anew

    def work() -> list[tuple[int, UserError]]:
        found: list[tuple[int, UserError]] = []
        for step, (transform, entry) in enumerate(entries):
            late = limits.begin(step)
            problems = [_endless(transform, entry, late)] if late else _transform_problems(transform, entry)
            found += [(step, problem) for problem in problems]
        return found

    return limits.answer(work)


def _endless(transform: Transform, entry: _Entry, reason: str) -> UserError:
    return UserError(
        f"the SMIRKS of '{transform.name}' cannot be applied to its own examples: {reason}",
        where=entry.place("smirks"),
        value=transform.smirks,
        allowed=f"a SMIRKS whose examples are done in {limits.PLAN_SECONDS} s",
        fix="make the reactant smaller or more specific: long runs of atoms that match much match in endless ways",
    )


def _transform_problems(transform: Transform, entry: _Entry) -> Iterator[UserError]:
    """Yield what is chemically wrong with one transform: of its SMIRKS, else of its examples."""
    from rdkit import rdBase

    with rdBase.BlockLogs():
        reaction, reason = _reaction(transform.smirks)
        if reaction is None:
            yield UserError(
                f"the SMIRKS of '{transform.name}' {reason}",
                where=entry.place("smirks"),
                value=transform.smirks,
                allowed="reactant>>product in reaction SMARTS, one of each, with map numbers on the atoms that stay",
                fix="mend the SMIRKS; e.g. [c:1][OX2H:2]>>[c:1][O:2]C methylates a phenol",
            )
            return
        gaps = list(_gaps(transform, reaction, entry.place("smirks")))
        yield from gaps
        for index, example in enumerate(() if gaps else transform.examples):
            where = entry.place("examples", index)
            yield from _check_example(f"example {index + 1} of '{transform.name}'", example, transform, where)


def _gaps(transform: Transform, reaction: Any, where: object) -> Iterator[UserError]:
    from halogenator.chemistry.openness import gaps

    for gap in gaps(reaction.GetReactantTemplate(0), reaction.GetProductTemplate(0)):
        what = f"the SMIRKS of '{transform.name}' {gap.what}"
        yield UserError(what, where=where, value=transform.smirks, allowed=gap.allowed, fix=gap.fix)


def _reaction(smirks: str) -> tuple[Any, str]:
    """Return RDKit's reaction, or None and why this project cannot use it."""
    from rdkit import Chem
    from rdkit.Chem import rdChemReactions

    try:
        reaction = rdChemReactions.ReactionFromSmarts(smirks)
    except ValueError as error:
        return None, f"does not parse: {_reason(error)}"
    counts = {
        "reactant": reaction.GetNumReactantTemplates(),
        "agent": reaction.GetNumAgentTemplates(),
        "product": reaction.GetNumProductTemplates(),
    }
    if tuple(counts.values()) != (1, 0, 1):
        given = ", ".join(f"{count} {role}{'' if count == 1 else 's'}" for role, count in counts.items())
        return None, f"has {given}; it must have one reactant, no agent and one product"
    before, after = (
        [atom.GetAtomMapNum() for atom in template.GetAtoms() if atom.GetAtomMapNum()]
        for template in (reaction.GetReactantTemplate(0), reaction.GetProductTemplate(0))
    )
    for side, numbers in (("reactant", before), ("product", after)):
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            return None, f"uses map number {twice[0]} twice in the {side}"
    if not set(before) & set(after):
        return (
            None,
            "has no map number that is in the reactant and in the product, so nothing of the molecule would stay",
        )
    if Chem.MolFromSmarts(smirks.split(">>")[0].strip()) is None:
        return None, "groups its reactant in parentheses; write the reactant as plain SMARTS"
    _, errors = reaction.Validate(True)
    return (None, f"is refused by RDKit's Validate() with {errors} errors") if errors else (reaction, "")


def _check_example(title: str, example: Example, transform: Transform, where: object) -> Iterator[UserError]:
    reactant, reason = _molecule(example.reactant)
    if reactant is None:
        yield _bad_smiles(f"the reactant of {title}", example.reactant, reason, where)
        return
    expected = set()
    for text in example.products:
        product, reason = _molecule(text)
        if product is None:
            yield _bad_smiles(f"a product of {title}", text, reason, where)
            return
        expected.add(product)
    found, error = _made(transform, reactant)
    if error is None and found != expected:
        yield _other_products(title, found, expected, where)
    elif isinstance(error, int):
        yield UserError(
            f"{title} is too large",
            where=where,
            value=example.reactant,
            allowed=f"at most {error:,} products of such a reactant",
            fix="take a smaller reactant, or one with fewer sites",
        )
    elif error is not None:
        yield _bad_product(title, example.reactant, error, where)


def _made(transform: Transform, reactant: str) -> tuple[set[str], str | int | None]:
    """Return all products of a SMILES, ``max_sites`` not counted; where not, the reason, or how many are allowed."""
    from rdkit import Chem

    from halogenator.chemistry.kernel import Kernel

    mol = Chem.MolFromSmiles(reactant)
    room = min(_MAX_PRODUCTS, _MAX_PRODUCT_ATOMS // mol.GetNumAtoms())
    query = Chem.MolFromSmarts(transform.query)
    if len(mol.GetSubstructMatches(query, uniquify=False, maxMatches=room + 1)) > room:
        return set(), room
    products, rejects = Kernel([replace(transform, max_sites=None)]).products(reactant)
    if any(error.reason == "too many matches" for _, error in rejects):
        return set(), room
    for _, error in rejects:
        return set(), error.detail
    return {_canonical(product.smiles) for product in products}, None


def _molecule(smiles: str) -> tuple[str | None, str]:
    """Return the SMILES that a library would hold of a molecule, or None and why there is none."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles, sanitize=False)
    if molecule is None or molecule.GetNumAtoms() == 0:
        return None, "not a SMILES"
    try:
        Chem.SanitizeMol(molecule)
    except ValueError as error:
        return None, _reason(error)
    # Parsed again: without sanitization, MolFromSmiles leaves stereochemistry unassigned.
    settled = _canonical(str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles))))
    return (settled, "") if Chem.MolFromSmiles(settled) else (None, "RDKit cannot read it back")


def _canonical(smiles: str) -> str:
    """Return the SMILES that both sides of a comparison use; one that RDKit cannot read back is left as it is."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    return smiles if molecule is None else str(Chem.MolToSmiles(molecule))


def _bad_smiles(what: str, smiles: str, reason: str, where: object) -> UserError:
    return UserError(
        f"{what} does not parse: {reason}",
        where=where,
        value=smiles,
        allowed="a SMILES that RDKit can read",
        fix="mend the SMILES",
    )


def _bad_product(title: str, reactant: str, reason: str, where: object) -> UserError:
    return UserError(
        f"{title} gives a product that RDKit cannot sanitize: {reason}",
        where=where,
        value=reactant,
        allowed="products with normal valences",
        fix="give the changed atoms of the SMIRKS the right hydrogens, charges and bonds, or narrow its reactant",
    )


def _other_products(title: str, found: set[str], expected: set[str], where: object) -> UserError:
    what = (
        f"{title} gives other products than it lists" if found else f"{title}: the SMIRKS does not match the reactant"
    )
    differences = [_only("missing", expected - found), _only("not listed", found - expected)]
    return UserError(
        what,
        where=where,
        value=sorted(found),
        allowed=f"exactly {sorted(expected)}; {'; '.join(filter(None, differences))}",
        fix="mend the SMIRKS; or, if what was found is right, list that under products",
    )


def _only(title: str, smiles: Sequence[str] | set[str]) -> str:
    return f"{title}: {', '.join(sorted(smiles))}" if smiles else ""


def _reason(error: Exception) -> str:
    return str(error).removeprefix("ChemicalReactionParserException: ").strip()
