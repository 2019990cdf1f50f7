"""A preview of a run: estimates of what each library and job will have, and of what is left out, with samples of it.

Walks go up from natural products. A walk picks one of the products of its molecule, at random, for each level of built
libraries, and jobs act on the molecules that it comes to. It stands for as many molecules as there were to choose from.
A molecule with several parents is come to from each, so that it counts for as much less. Of few natural products each
has some walks, of many a random sample has one each.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from halogenator.chemistry.choosing import MAX_EXAMPLES
from halogenator.chemistry.molecules import RejectError, quiet, reread
from halogenator.chemistry.prepare import prepare
from halogenator.chemistry.reaction import Query
from halogenator.chemistry.steps import Key
from halogenator.inputs.sampling import sample_files
from halogenator.model import Config, Library, Transform
from halogenator.planning.identity import job_of, recipe_of
from halogenator.planning.intervals import Estimate, estimate, total
from halogenator.planning.levels import MOST_REACHED, Bottom, Level, Made, Molecule, molecule_of
from halogenator.planning.sample import READ_ROWS
from halogenator.process import limits

WALKS = 500
_FEWEST = 40  # walks of natural products, or of a file
_INDEXED = 3_000  # most rows of a file among which parents are looked for
_CHECKED = 2  # most products of a molecule by a job whose other parents are looked for


@dataclass(frozen=True)
class LeftOut:
    """What one entry of a choice leaves out, as a row of the audit.

    Attributes:
        library, transform, made, kind, name, examples: as in ``tables.left_out.AUDIT``.
        molecules: None where nothing was made.
        routes: to these.
    """

    library: str
    transform: str
    made: str
    kind: str
    name: str
    molecules: Estimate | None
    routes: Estimate
    examples: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Sampled:
    """A product that the run would make.

    Attributes:
        weight: how many it stands for.
        library, transform: its job.
        parent, product: SMILES.
        site: atom of the parent.
        values: its descriptors.
    """

    weight: float
    library: str
    transform: str
    parent: str
    product: str
    site: int
    values: tuple[float, ...]


@dataclass
class LibraryPreview:
    """What a library will have.

    Attributes:
        name: the library.
        molecules, rejects: how many.
        products: how many all its jobs make together; None without a job.
        jobs: {transform: (products, rejects)}.
        values: (weight, descriptors) of molecules.
        sampled: products of its jobs.
    """

    name: str
    molecules: Estimate
    rejects: Estimate
    products: Estimate | None = None
    jobs: dict[str, tuple[Estimate, Estimate]] = field(default_factory=dict)
    values: list[tuple[float, tuple[float, ...]]] = field(default_factory=list)
    sampled: list[Sampled] = field(default_factory=list)


@dataclass
class Preview:
    """What a run will make.

    Attributes:
        libraries: the libraries, without those that only others are built upon.
        left_out: what choices leave out, most first.
        products: how many all jobs make together.
        notes: what the estimates do not know.
        walks: the number of walks.
    """

    libraries: list[LibraryPreview]
    left_out: list[LeftOut]
    products: Estimate
    notes: list[str]
    walks: int


def make_preview(config: Config, number: int = WALKS, seed: int = 0) -> Preview:
    """Return the preview of a run. A child process makes it, with a time limit for each molecule.

    Args:
        config: the configuration.
        number: about how many walks there are.
        seed: of all random choices.

    Raises:
        UserError: a file of natural products or molecules cannot be read.
    """
    return limits.in_child(lambda: _preview(config, number, seed))


def _preview(config: Config, number: int, seed: int) -> Preview:
    quiet()
    sources = [library for library in config.libraries.values() if library.base is None]
    steps = _Steps()
    each = max(_FEWEST, number // max(len(sources), 1))
    made = [_SourcePreview(config, source, each, f"{seed}", steps) for source in sources]
    shown = {library.name: library for part in made for library in part.libraries()}
    left_out = sorted(
        (entry for part in made for entry in part.left_out()), key=lambda entry: (-entry.routes.value, entry.library)
    )
    notes = [note for part in made for note in part.notes]
    if steps.skipped:
        notes.append(f"{steps.skipped:,} molecules took longer than {limits.PLAN_SECONDS} s and are counted as without")
    if config.dedup_key != "smiles":
        notes.append("products are told apart by SMILES here; tautomers, which InChIKeys join, count each")
    order = [name for name, library in config.libraries.items() if not library.implicit]
    walks = sum(len(part.walks.strata) for part in made)
    return Preview([shown[name] for name in order], left_out, total(part.products() for part in made), notes, walks)


class _Steps:
    """Numbers for ``limits.begin``, of which those that took too long are skipped."""

    def __init__(self) -> None:
        self._number = 0
        self.skipped = 0

    def begin(self) -> bool:
        """Begin a step; return whether it can be done."""
        self._number += 1
        skip = limits.begin(self._number) is not None
        self.skipped += skip
        return not skip


@dataclass
class _Walks:
    """Walks that have come to a level.

    Attributes:
        strata: as for ``estimate``.
        molecules: where each is; None if it could not go on.
        weights: how many molecules of the level each stands for.
    """

    strata: list[int]
    molecules: list[Molecule | None]
    weights: list[float]

    def there(self) -> Iterator[tuple[int, Molecule, float]]:
        """Yield number, molecule and weight of those that have come so far."""
        for number, (molecule, weight) in enumerate(zip(self.molecules, self.weights, strict=True)):
            if molecule is not None:
                yield number, molecule, weight


class _SourcePreview:
    """The preview of what is built from the natural products, or the molecules, of one library."""

    def __init__(self, config: Config, source: Library, number: int, seed: str, steps: _Steps) -> None:
        self._config = config
        self._steps = steps
        self._seed = f"{seed} {source.name}"
        self.notes: list[str] = []
        self._family = [library for library in config.libraries.values() if config.line(library)[0] is source]
        self._levels: dict[str, Bottom | Level] = {}
        self._walks: dict[str, _Walks] = {}
        self._tallies: dict[tuple[str, ...], np.ndarray] = defaultdict(lambda: np.zeros(len(self.walks.strata)))
        self._seen: dict[tuple[str, ...], set[Key]] = defaultdict(set)
        self._examples: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        self._values: dict[str, list[tuple[float, tuple[float, ...]]]] = defaultdict(list)
        self._sampled: dict[str, list[Sampled]] = defaultdict(list)
        self._read(source, number)
        for library in self._family:
            if library.base is not None:
                self._build(library)
            self._describe(library)
            found = self._walks[library.name]
            mols = {molecule.smiles: reread(molecule.smiles) for _, molecule, _ in found.there()}
            for transform in (name for owner, name in config.jobs if owner == library.name):
                query = Query(config.transforms[transform].query)
                sites = {smiles for smiles, mol in mols.items() if query.count(mol)}
                self._act(library, config.transforms[transform], sites)

    # ---- walking -----------------------------------------------------------------------------------------------------

    def _read(self, source: Library, number: int) -> None:
        """Begin the walks of a source."""
        rng = random.Random(self._seed)
        texts, rows, whole, _ = sample_files(source.paths, source.reading, READ_ROWS)
        built = len(self._family) > 1
        taken = texts if len(texts) <= _INDEXED else rng.sample(texts, _INDEXED)
        found = [self._prepared(text, source) for text in taken]
        bottom = self._levels[source.name] = Bottom(molecule for molecule in found if molecule)
        all_read = whole and len(taken) == len(texts)
        self._all_walked = all_read and len(bottom.molecules) * (2 if built else 1) <= number
        if self._all_walked:
            strata = self._shares(bottom, number) if built else list(range(len(bottom.molecules)))
            weights = [1 / strata.count(stratum) for stratum in strata]
            starts: list[Molecule | None] = [bottom.molecules[stratum] for stratum in strata]
        else:
            if all_read:
                starts, rows = list(bottom.molecules), len(bottom.molecules)
            else:
                starts = found
                self.notes.append(
                    f"{source.name}: {len(taken):,} of {rows:,} rows were looked at; what others give too counts twice"
                )
            starts = rng.sample(starts, min(number, len(starts)))
            strata, weights = [0] * len(starts), [rows / max(len(starts), 1)] * len(starts)
        self.walks = self._walks[source.name] = _Walks(strata, starts, weights)
        for at, _, weight in self.walks.there():
            self._tallies["molecules", source.name][at] += weight

    def _prepared(self, text: str, source: Library) -> Molecule | None:
        if not self._steps.begin():
            return None
        try:
            found = prepare(text, source.reading)
        except RejectError:
            return None
        return Molecule(found.smiles, found.enhanced_stereo)

    def _shares(self, bottom: Bottom, number: int) -> list[int]:
        """Return the natural product of each walk: two walks at least of each, more of those that give more."""
        first = [self._level(library) for library in self._family if library.base is not None][:1]
        counts = [len(self._made(level, molecule).products) for level in first for molecule in bottom.molecules]
        squares = [float(count) ** 2 for count in counts] or [1.0] * len(bottom.molecules)
        spare, everything = number - 2 * len(bottom.molecules), sum(squares) or 1.0
        return [at for at, square in enumerate(squares) for _ in range(2 + round(spare * square / everything))]

    def _level(self, library: Library) -> Level:
        """Return the level of a built library."""
        found = self._levels.get(library.name)
        if not isinstance(found, Level):
            recipe = recipe_of(self._config, library.name)
            assert library.base is not None
            found = Level(
                self._levels[library.base],
                recipe.transforms,
                recipe.choice,
                recipe.descriptors,
                times=library.times,
                keep_levels=library.keep_levels,
            )
            self._levels[library.name] = found
        return found

    def _made(self, level: Level, molecule: Molecule) -> Made:
        return level.made(molecule) if self._steps.begin() else Made((), 1, ())

    def _build(self, library: Library) -> None:
        """Have the walks go on to a library that is built from one that they have come to."""
        assert library.base is not None
        level, before = self._level(library), self._walks[library.base]
        rng = random.Random(f"{self._seed} {library.name}")
        size = len(before.strata)
        after = self._walks[library.name] = _Walks(before.strata, [None] * size, [0.0] * size)
        for number, molecule, weight in before.there():
            made = self._made(level, molecule)
            self._leave_out((library.name, "molecules"), number, weight, made)
            if not made.products or not self._steps.begin():
                continue
            chosen = molecule_of(rng.choice(made.products))
            after.molecules[number] = chosen
            after.weights[number] = weight * len(made.products) / len(level.parents(chosen, molecule))
            self._tallies["molecules", library.name][number] += after.weights[number]
            self._seen["molecules", library.name].add(chosen.key)
        if level.is_cut:
            self.notes.append(f"{library.name}: some molecules give more than {MOST_REACHED:,}, which were not counted")

    def _describe(self, library: Library) -> None:
        for _, molecule, weight in self._walks[library.name].there():
            if molecule.values is not None:
                self._values[library.name].append((weight, molecule.values))

    def _act(self, library: Library, transform: Transform, sites: Collection[str]) -> None:
        """Have a job act on those of the molecules that the walks have come to which are in ``sites``."""
        job = job_of(self._config, library.name, transform.name)
        name = library.name, transform.name
        level = Level(self._levels[library.name], [job.transform], job.choice, job.descriptors)
        rng = random.Random(f"{self._seed} {name}")
        for number, molecule, weight in self._walks[library.name].there():
            if molecule.smiles not in sites:
                continue
            made = self._made(level, molecule)
            self._leave_out((library.name, "products"), number, weight, made, transform.name)
            if not made.products or not self._steps.begin():
                continue
            number_checked = len(made.products) if library.base is None else _CHECKED
            checked = rng.sample(made.products, min(number_checked, len(made.products)))
            shares = [1 / len(level.parents(molecule_of(product), molecule)) for product in checked]
            counted = weight * sum(shares) / len(shares)
            self._sampled[library.name] += [
                Sampled(counted, *name, molecule.smiles, product.smiles, product.site, product.descriptors)
                for product in made.products
            ]
            self._tallies["products", *name][number] += counted * len(made.products)
            self._tallies["products", library.name][number] += counted * len(made.products)
            self._tallies["products",][number] += counted * len(made.products)
            self._seen["products", *name] |= made.keys

    def _leave_out(
        self, where: tuple[str, str], number: int, weight: float, made: Made, transform: str | None = None
    ) -> None:
        self._tallies["rejects", *where, transform or ""][number] += weight * made.rejects
        for entry in made.left_out:
            key = *where, transform or entry["transform"], entry["kind"], entry["name"]
            self._tallies["routes", *key][number] += weight * entry["routes"]
            if entry["molecules"] is not None:
                self._tallies["left out", *key][number] += weight * entry["molecules"]
            shown = [tuple(each) for each in entry["examples"] if tuple(each) not in self._examples[key]]
            self._examples[key] = [*self._examples[key], *shown][:MAX_EXAMPLES]

    # ---- what was found ----------------------------------------------------------------------------------------------

    def _estimate(self, *key: str, unit: float = 0.0, exact: bool = False) -> Estimate:
        return estimate(self._tallies[key], self.walks.strata, seen=len(self._seen[key]), unit=unit, exact=exact)

    def libraries(self) -> Iterator[LibraryPreview]:
        """Yield what each library will have, except those that only others are built upon."""
        for library in self._family:
            if library.implicit:
                continue
            name, exact = library.name, self._is_exact(library)
            molecules = self._estimate("molecules", name, exact=exact)
            unit = molecules.value / max(len(self.walks.strata), 1)
            jobs = {
                transform: (
                    self._estimate("products", name, transform, unit=unit, exact=exact),
                    self._estimate("rejects", name, "products", transform, unit=unit, exact=exact),
                )
                for owner, transform in self._config.jobs
                if owner == name
            }
            rejects = self._estimate("rejects", name, "molecules", "", exact=self._is_exact(library, made=True))
            products = self._estimate("products", name, unit=unit, exact=exact) if jobs else None
            yield LibraryPreview(name, molecules, rejects, products, jobs, self._values[name], self._sampled[name])

    def _is_exact(self, library: Library, *, made: bool = False) -> bool:
        """Return whether walks have come to all molecules of a library, or, if ``made``, to all that it is made of."""
        return self._all_walked and (
            library.base is None or (made and self._config.libraries[library.base].base is None)
        )

    def products(self) -> Estimate:
        """Return how many products all jobs make."""
        return self._estimate("products", exact=self._all_walked and len(self._family) == 1)

    def left_out(self) -> Iterator[LeftOut]:
        """Yield what choices leave out."""
        for key in [key for key in self._tallies if key[0] == "routes"]:
            _, library, made, transform, kind, name = key
            owner = self._config.libraries[library]
            if owner.implicit:
                continue
            exact = self._is_exact(owner, made=made == "molecules")
            known = ("left out", *key[1:]) in self._tallies
            molecules = self._estimate("left out", *key[1:], exact=exact) if known else None
            routes, examples = self._estimate(*key, exact=exact), tuple(self._examples[key[1:]])
            yield LeftOut(library, transform, made, kind, name, molecules, routes, examples)
