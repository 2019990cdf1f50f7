"""The words of this project as data: transform, rule, library, job, export, configuration."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from halogenator.smirks import reactant_of

# Classes that the shipped rules and transforms name. A library may also have another word as its class.
CLASSES = ("polyphenol", "terpenoid", "alkaloid", "lipid", "aa_peptide", "polysaccharide", "other")
HALOGENS = ("F", "Cl", "Br", "I")
REACTION, TITLE = "reaction", "title"  # columns of an export: the mapped reaction SMILES, and the molecule in words
HALOGENATION = "halogenation"  # in ``by`` of a library: all halogenation rules; the family of what they make

# {word of the column ``prepared``: what was done to the molecule}, in the order in which it is done.
PREPARED = {
    "atom maps": "atom-map numbers were taken off",
    "axis": "an axis of chirality was left open: a SMILES cannot say it",
    "metal": "a salt drawn with a bond to its metal was taken for the salt",
    "fragments": "counterions, solvents or smaller fragments were taken away",
    "racemate": "two enantiomers side by side were taken for their racemate",
    "charges": "protons were taken up or given off",
    "tautomer": "RDKit's canonical tautomer was taken",
}


def fingerprint(*parts: object) -> str:
    """Return 12 hexadecimal digits that differ for different ``parts``, which are JSON values.

    Examples:
        >>> fingerprint("[c:1][OX2H:2]"), fingerprint("[c:1][OX2H:2]", None)
        ('ec613fccf89e', '95ff94d70f3f')
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Window:
    """Bounds of a descriptor in its unit, both inclusive; an open side is infinite.

    Examples:
        >>> str(Window(200, 500)), str(Window(high=5))
        ('200:500', ':5')
    """

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        low, high = (f"{bound:.15g}" if math.isfinite(bound) else "" for bound in (self.low, self.high))
        return f"{low}:{high}"


@dataclass(frozen=True)
class Pattern:
    """A substructure with a name.

    Attributes:
        name: unique name; of a SMARTS that a user wrote in place of a name, this SMARTS.
        smarts: the substructure; "" if it is a catalog.
        catalog: a set of alerts of RDKit's FilterCatalog, by RDKit's name, each a substructure; "" if it is a SMARTS.
        why: the reason to avoid or protect it.
        matches, spares: SMILES that the check of the file must find it in, and not find it in.
    """

    name: str
    smarts: str = ""
    catalog: str = ""
    why: str = ""
    matches: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()

    @property
    def bare(self) -> Pattern:
        """A copy for a task, with only what decides on matches, and the name."""
        return Pattern(self.name, self.smarts, self.catalog)


@dataclass(frozen=True)
class Choice:
    """What is left out of all that could be made. Choices of several places add up.

    Attributes:
        exclude: a product that gains one of these motifs is not made into a row.
        within: (descriptor, bounds); nor is a product out of bounds.
        protect: nothing is made at a site where one of their atoms would be touched.
        quota: (``per_ring``, ``distance``, ``per_parent`` or a halogen, number); nor is a product that is over one.
        rank: classes of sites, best first; of a parent only those in its first class are used. A site is in a class if
            it is the first atom of a match; patterns of one name are one class.
        parents_within: (descriptor, bounds); nothing is made of a parent out of bounds.
        parents_matching, parents_not_matching: nor of one without a motif of each of these names, or with one of these.
    """

    exclude: tuple[Pattern, ...] = ()
    within: tuple[tuple[str, Window], ...] = ()
    protect: tuple[Pattern, ...] = ()
    quota: tuple[tuple[str, int], ...] = ()
    rank: tuple[Pattern, ...] = ()
    parents_within: tuple[tuple[str, Window], ...] = ()
    parents_matching: tuple[Pattern, ...] = ()
    parents_not_matching: tuple[Pattern, ...] = ()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __add__(self, other: Choice) -> Choice:
        sums = {name: (*values, *getattr(other, name)) for name, values in vars(self).items()}
        return Choice(**{name: tuple(dict.fromkeys(values)) for name, values in sums.items()})

    @property
    def bare(self) -> Choice:
        """A copy for a task."""
        return Choice(**{name: tuple(map(_bare, values)) for name, values in vars(self).items()})

    @property
    def plain(self) -> list[object]:
        """What products depend on, as JSON values; empty if nothing is left out."""
        found = {name: [_plain(value) for value in values] for name, values in vars(self).items() if values}
        return [found] if found else []


def _plain(value: Pattern | tuple[str, Window | int]) -> list[str]:
    return [value.name, value.smarts, value.catalog] if isinstance(value, Pattern) else [*map(str, value)]


def _bare(value: Pattern | tuple[str, Window | int]) -> Any:
    return value.bare if isinstance(value, Pattern) else value


@dataclass(frozen=True)
class Example:
    """A reactant's SMILES and the SMILES of all of its products, each with one site changed."""

    reactant: str
    products: tuple[str, ...]


@dataclass(frozen=True)
class Transform:
    """A named SMIRKS with one reactant.

    Attributes:
        name: unique name.
        smirks: the reaction SMARTS.
        label: short description for tables and pictures.
        family: name of its group, for the report and the columns of an index.
        scope_classes: classes of the libraries that it is for; () for all.
        examples: reactions that the configuration check runs.
        description: free text.
        max_sites: number of sites to use in each parent, from the lowest atom index; None for all.
        stereo: configuration of a stereocentre whose neighbour is exchanged: "keep", "open" or "invert".
        new_stereo: configuration of a new stereocentre: "open" leaves it unspecified, "both" makes two products.
        products: which molecules of a product in several are kept: "largest", or "each" as a product of its own; None
            leaves them together.
        choice: what of its products is left out.
        scores: names of score columns of its products, besides those of the library.
    """

    name: str
    smirks: str
    label: str = ""
    family: str = ""
    scope_classes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    description: str = ""
    max_sites: int | None = None
    stereo: str = "keep"
    new_stereo: str = "open"
    products: str | None = None
    choice: Choice = Choice()
    scores: tuple[str, ...] = ()

    def is_for(self, class_name: str) -> bool:
        """Return whether the transform is for a class. "", of a library without class, is only in a scope of all."""
        return not self.scope_classes or class_name in self.scope_classes

    @property
    def query(self) -> str:
        """The reactant template as SMARTS; molecules that match it have products."""
        return reactant_of(self.smirks)

    @property
    def bare(self) -> Transform:
        """A copy for a task, with only the fields that its products depend on, and the name."""
        return replace(
            self, label="", family="", scope_classes=(), examples=(), description="", choice=self.choice.bare
        )

    @property
    def fingerprint(self) -> str:
        """The hash of all fields that products depend on."""
        kept = [self.products] if self.products else []
        return fingerprint(self.smirks, self.max_sites, self.stereo, self.new_stereo, *kept, *self.choice.plain)


@dataclass(frozen=True)
class HalogenationRule:
    """A SMIRKS with ``{X}`` in the place of the halogen. Its fields mean what they mean in ``Transform``."""

    name: str
    smirks: str
    scope_classes: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    max_sites: int | None = None
    examples: tuple[Example, ...] = ()  # with {X} in the products
    stereo: str = "keep"
    new_stereo: str = "open"
    choice: Choice = Choice()

    @property
    def query(self) -> str:
        """The reactant template as SMARTS."""
        return reactant_of(self.smirks)

    def transforms(self, halogens: tuple[str, ...]) -> list[Transform]:
        """Return one transform per halogen, named ``<rule>:<halogen>``.

        Examples:
            >>> [t.smirks for t in HalogenationRule("aromatic CH", "[cH:1]>>[c:1]{X}").transforms(("F", "Cl"))]
            ['[cH:1]>>[c:1]F', '[cH:1]>>[c:1]Cl']
        """
        return [
            Transform(
                name=f"{self.name}:{halogen}",
                smirks=self.smirks.replace("{X}", halogen),
                label=f"{self.label} ({halogen})",
                family=HALOGENATION,
                scope_classes=self.scope_classes,
                max_sites=self.max_sites,
                stereo=self.stereo,
                new_stereo=self.new_stereo,
                choice=self.choice,
                examples=tuple(
                    Example(example.reactant, tuple(product.replace("{X}", halogen) for product in example.products))
                    for example in self.examples
                ),
            )
            for halogen in halogens
        ]


@dataclass(frozen=True)
class Halogenation:
    """The halogens and rules that build libraries: applied k times to a class's parents, they give its level k."""

    halogens: tuple[str, ...]
    rules: tuple[HalogenationRule, ...]

    def counts_as(self, class_name: str) -> str:
        """Return the class whose rules a class uses: itself, or "other" for a user's own class that no rule names."""
        named = {name for rule in self.rules for name in rule.scope_classes}
        return class_name if class_name in named or class_name in CLASSES else CLASSES[-1]

    def rules_for(self, class_name: str) -> list[HalogenationRule]:
        """Return the rules that apply to a class, in file order."""
        name = self.counts_as(class_name)
        return [rule for rule in self.rules if not rule.scope_classes or name in rule.scope_classes]

    def transforms(self, class_name: str) -> list[Transform]:
        """Return every rule × halogen that applies to a class, in file order."""
        return [transform for rule in self.rules_for(class_name) for transform in rule.transforms(self.halogens)]

    def bare(self, class_name: str) -> Halogenation:
        """Return a copy for a task, with a class's rules only, and in them only what products depend on."""
        rules = self.rules_for(class_name)
        bare = (
            replace(rule, label="", scope_classes=(), examples=(), description="", choice=rule.choice.bare)
            for rule in rules
        )
        return Halogenation(self.halogens, tuple(bare))

    def fingerprint(self, class_name: str) -> str:
        """Return the hash of all that the built libraries of a class depend on."""
        return fingerprint([(transform.name, transform.fingerprint) for transform in self.transforms(class_name)])


@dataclass(frozen=True)
class Reading:
    """Settings for reading molecules from files.

    Attributes:
        smiles_column, id_column: names of these columns; None to find them by usual names.
        columns: the other columns to keep: "all", "none" or their names.
        encoding: encoding of a text file; None to detect it.
        fragments: "largest" keeps the compound of a salt, solvate or mixture, "keep" keeps all of it.
        charges: "neutralize" removes charges by adding and removing protons, as far as that goes; "keep" leaves them.
        tautomers: "keep" leaves the tautomer, "canonical" takes RDKit's canonical one.
    """

    smiles_column: str | None = None
    id_column: str | None = None
    columns: str | tuple[str, ...] = "all"
    encoding: str | None = None
    fragments: str = "largest"
    charges: str = "neutralize"
    tautomers: str = "keep"


@dataclass(frozen=True)
class Library:
    """A named set of molecules: built from the molecules of another, ``base``, by steps, or read from ``paths``.

    A step applies all of ``by`` to a molecule, at one site at a time. A library of several steps is made from one of a
    step less. Only if its tasks ``walks`` do they make several steps themselves, from each molecule of the base.

    Attributes:
        name: unique name, safe in file names and wildcards.
        class_name: one of ``CLASSES``, a word of the user's own, or "" for none; decides which transforms and
            halogenation rules apply.
        k: number of steps since the natural products, the most if molecules differ in it; None if it is not known
            beforehand, and for an external library.
        parents: key, in the configuration's ``parents``, of the natural products of a built library.
        base: name of the library that a built library is made from.
        by: what a step applies, if it is built: names of transforms, and ``HALOGENATION`` for the rules of its class.
        times: steps that its tasks make from each molecule of the base; None: until nothing is left to do.
        keep_levels: whether it has the molecules of every step, not of the last alone.
        tells_steps: whether it has the column ``steps``.
        paths: files of an external library or of level 0, the natural products, in order.
        given: files, folders and patterns in the configuration that gave ``paths``; () if they are the same.
        reading: settings for reading ``paths``.
        implicit: whether it is made only because another library is built from it. It has no jobs then.
        choice: what is left out of it, if it is built, and of products made from it.
        scores: names of score columns of its molecules and of products made from it.
    """

    name: str
    class_name: str
    k: int | None = None
    parents: str | None = None
    base: str | None = None
    paths: tuple[Path, ...] = ()
    given: tuple[Path, ...] = ()
    reading: Reading = Reading()
    implicit: bool = False
    choice: Choice = Choice()
    scores: tuple[str, ...] = ()
    by: tuple[str, ...] = (HALOGENATION,)
    times: int | None = 1
    keep_levels: bool = False
    tells_steps: bool = False

    @property
    def walks(self) -> bool:
        """Whether its tasks make more than one step from each molecule of the base."""
        return self.times != 1

    @property
    def brief(self) -> Library:
        """A copy for a task, with files as they were given: a folder instead of all files in it."""
        paths = self.given or self.paths
        return replace(self, paths=paths, given=(), parents=None, base=None, implicit=False, choice=Choice())

    @property
    def shown(self) -> str:
        """The files, as messages name them: the first, and how many more."""
        first = str(self.paths[0])
        first = f"s3://{first.removeprefix('s3:/')}" if first.startswith("s3:/") else first
        return f"{first} and {len(self.paths) - 1:,} more" if len(self.paths) > 1 else first


@dataclass(frozen=True)
class Recipe:
    """The parameters of the tasks that make a library.

    Attributes:
        library: the library.
        queries: {column: SMARTS} of the sites that its index counts.
        halogenation: the rules of its class; None if neither it nor another library is built with them.
        is_base: whether another library is built from it by the rules. Its index then counts their sites, too.
        descriptors: names of the columns to compute, in order.
        choice: what is left out, besides what each rule and transform leaves out.
        named: the transforms that it is built with.
    """

    library: Library
    queries: Mapping[str, str] = field(default_factory=dict)
    halogenation: Halogenation | None = None
    is_base: bool = False
    descriptors: tuple[str, ...] = ()
    choice: Choice = Choice()
    named: tuple[Transform, ...] = ()

    @property
    def transforms(self) -> list[Transform]:
        """All that a step applies, in the order of ``by``."""
        found: list[Transform] = []
        for name in self.library.by:
            if name != HALOGENATION:
                found += [transform for transform in self.named if transform.name == name]
            elif self.halogenation:
                found += self.halogenation.transforms(self.library.class_name)
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called in messages."""
        return (self.library.name,)


JobName = tuple[str, str]  # library, transform


@dataclass(frozen=True)
class Job:
    """The parameters of the tasks that make the products of a library and a transform.

    Attributes:
        library: the library.
        transform: the transform.
        descriptors: names of the columns to compute, in order.
        inchikey: whether to add a column with the standard InChIKey.
        key: column whose values are unique among products: "smiles" or "inchikey".
        choice: what is left out, besides what the transform leaves out.
    """

    library: Library
    transform: Transform
    descriptors: tuple[str, ...] = ()
    inchikey: bool = False
    key: str = "smiles"
    choice: Choice = Choice()

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called in messages."""
        return self.library.name, self.transform.name

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the score columns to compute, in order."""
        return tuple(dict.fromkeys((*self.library.scores, *self.transform.scores)))


@dataclass(frozen=True)
class Conditions:
    """What rows of results are looked for. All of it has to hold.

    Attributes:
        smarts: substructures, each a SMARTS.
        similar: SMILES of a molecule that they are to be like; None: no likeness is asked for.
        threshold: the least likeness: Tanimoto of Morgan fingerprints, radius 2, 2048 bits.
        parent: name or id of a natural product, or input molecule, that they come from.
        molecule: SMILES of the molecule that they are to be.
        where: SQL condition on the columns of the catalog's views.
    """

    smarts: tuple[str, ...] = ()
    similar: str | None = None
    threshold: float = 0.6
    parent: str | None = None
    molecule: str | None = None
    where: str | None = None

    def __bool__(self) -> bool:
        return bool(self.smarts) or not all(
            each is None for each in (self.similar, self.parent, self.molecule, self.where)
        )

    def plain(self) -> dict[str, Any]:
        """Return the conditions that are set, as JSON values."""
        found = {name: value for name, value in vars(self).items() if value is not None and value != ()}
        if self.similar is None:
            del found["threshold"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


@dataclass(frozen=True)
class Export:
    """A request for files with products, molecules of libraries, or the rows of a query.

    Attributes:
        libraries, transforms: names; () for all. Products of the finished jobs of these are exported, unless
            ``molecules`` or ``sql`` says otherwise.
        molecules: whether to export the molecules of the libraries instead.
        sql: query whose rows to export instead.
        format: ending of the files, one of ``tables.molecule_files.FORMATS``.
        split: molecules per file; None for one file.
        coordinates: whether to give all molecules of an SDF 2D coordinates.
        parents: whether to add the columns with the parent's SMILES and the natural product's id.
        reaction: whether to add the column with the mapped reaction SMILES, parent>>product.
        titles: whether to add the column with a title in words.
        fingerprints: names of ``chemistry.fingerprints.FINGERPRINTS``, to add as columns of packed bytes.
        conformers: number of 3D structures of each molecule in an SDF, at most; None: no 3D structures.
        columns: columns to write; () for all.
        windows: {descriptor: bounds} of the molecules to keep.
        only, without, flag: names of ``chemistry.filters.FILTERS``: to have, not to have, to add as a column.
        sample: number of molecules to draw at random from those that pass; None for all.
        diverse: number of molecules to pick by MaxMin from these; None for all.
        scaffold_split: shares of sets that have no scaffold in common; () for no split.
        seed: seed of all choices, and of conformers.
        conditions: what rows are looked for.
        in_sets, not_in_sets, novel: results folders and files of molecules: a row's molecule is to be in each of the
            first, and in none of the others.
        same_by: "smiles" or "inchikey": when it is the same as one of theirs.
    """

    libraries: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    molecules: bool = False
    sql: str | None = None
    format: str = "smi"
    split: int | None = None
    coordinates: bool = False
    parents: bool = False
    reaction: bool = False
    titles: bool = False
    fingerprints: tuple[str, ...] = ()
    conformers: int | None = None
    columns: tuple[str, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    sample: int | None = None
    diverse: int | None = None
    scaffold_split: tuple[float, ...] = ()
    seed: int = 0
    conditions: Conditions = Conditions()
    in_sets: tuple[Path, ...] = ()
    not_in_sets: tuple[Path, ...] = ()
    novel: tuple[Path, ...] = ()
    same_by: str = "smiles"

    @property
    def sets(self) -> list[tuple[str, Path]]:
        """The sets that rows are compared with, each with the word that asks for it: in, not_in or novel."""
        named = {"in": self.in_sets, "not_in": self.not_in_sets, "novel": self.novel}
        return [(word, path) for word, paths in named.items() for path in paths]

    @property
    def has_reaction(self) -> bool:
        """Whether there is a column with reactions, by its own key or as one of ``columns``."""
        return self.reaction or (REACTION in self.columns and self.sql is None and not self.molecules)

    @property
    def has_titles(self) -> bool:
        """Whether there is a column with titles, likewise."""
        return self.titles or (TITLE in self.columns and self.sql is None)

    def plain(self) -> dict[str, Any]:
        """Return the fields as JSON values, without those that are empty."""
        windows = {name: str(window) for name, window in self.windows.items()}
        values = {**vars(self), "windows": windows, "conditions": self.conditions.plain()}
        values |= {name: [*map(str, values[name])] for name in ("in_sets", "not_in_sets", "novel")}
        if not self.sets:
            del values["same_by"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


@dataclass(frozen=True)
class Config:
    """A checked configuration, with paths resolved and all levels of built libraries named.

    Attributes:
        libraries: all libraries by name, each after the one that it is built from.
        transforms: all transforms by name, in file order.
        halogenation: the rules that build libraries.
        transforms_paths, halogenation_paths: the YAML files of transforms and of rules.
        jobs: the (library, transform) pairs that ``select`` and ``scope_classes`` leave, in library then file order.
        cap_mb: memory that all running tasks together may use, in MB (10^6 bytes, as Snakemake counts).
        chunk_products: target number of products per chunk task.
        merge_rows: largest number of rows in which one task finds duplicates.
        descriptors, identifiers: names of the extra product columns.
        dedup_key: column whose values are unique among products: "smiles" or "inchikey".
        sources: the configuration's YAML files, lowest layer first.
        exports: the exports by name.
        notes: remarks on the configuration, to show before a run.
        library_choice, product_choice: what is left out of all built libraries, and of all products.
        patterns_paths: the YAML files of patterns.
    """

    libraries: dict[str, Library]
    transforms: dict[str, Transform]
    halogenation: Halogenation
    transforms_paths: tuple[Path, ...]
    halogenation_paths: tuple[Path, ...]
    jobs: tuple[JobName, ...]
    cap_mb: int
    chunk_products: int
    merge_rows: int
    descriptors: tuple[str, ...]
    identifiers: tuple[str, ...]
    dedup_key: str
    sources: tuple[Path, ...]
    exports: Mapping[str, Export] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    library_choice: Choice = Choice()
    product_choice: Choice = Choice()
    patterns_paths: tuple[Path, ...] = ()

    def scores(self, library: str, transform: str | None = None) -> tuple[str, ...]:
        """Return the score columns of a library's molecules or, with a transform, of the products of a job."""
        own = self.libraries[library].scores
        return own if transform is None else tuple(dict.fromkeys((*own, *self.transforms[transform].scores)))

    def line(self, library: Library) -> list[Library]:
        """Return the library read from files that a library is built from, then each on the way, itself the last."""
        found = [library]
        while (base := found[-1].base) is not None:
            found.append(self.libraries[base])
        return found[::-1]

    def counted(self, library: Library) -> list[Transform]:
        """Return the transforms whose sites a library's index counts.

        These are those for its class, those of its jobs, and those of the libraries that are built from it.
        """
        above = {name for other in self.libraries.values() if other.base == library.name for name in other.by}
        return [
            t
            for t in self.transforms.values()
            if t.is_for(library.class_name) or (library.name, t.name) in self.jobs or t.name in above
        ]
