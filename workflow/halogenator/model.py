"""The words of this project as data: transform, halogenation rule, library, configuration."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# Those that the shipped rules and transforms speak of; a class may also be a word of the user's own.
CLASSES = ("polyphenol", "terpenoid", "alkaloid", "lipid", "aa_peptide", "polysaccharide", "other")
HALOGENS = ("F", "Cl", "Br", "I")

# The words of the column ``prepared``, in the order in which things are done, and what was done.
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
    """Return 12 hex digits that change when any of ``parts`` (JSON values) does.

    Examples:
        >>> fingerprint("[c:1][OX2H:2]"), fingerprint("[c:1][OX2H:2]", None)
        ('ec613fccf89e', '95ff94d70f3f')
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def reactant_of(smirks: str) -> str:
    """Return the reactant template of a SMIRKS, as SMARTS.

    Examples:
        >>> reactant_of("[c:1][OX2H:2]>>[c:1][O:2]C")
        '[c:1][OX2H:2]'
    """
    return smirks.split(">>")[0].strip()


@dataclass(frozen=True)
class Example:
    """A reactant's SMILES and the SMILES of all its products, one site changed in each."""

    reactant: str
    products: tuple[str, ...]


@dataclass(frozen=True)
class Transform:
    """A named SMIRKS with one reactant and one product.

    Attributes:
        scope_classes: the classes whose libraries it is for; none: all.
        max_sites: how many sites are used per parent, those of lowest atom index; None: all.
        stereo: what becomes of the configuration where neighbours are exchanged: "keep", "open" or "invert".
        new_stereo: "open" leaves a new stereocentre unspecified, "both" makes both configurations.
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

    def is_for(self, class_name: str) -> bool:
        """Tell whether a class is in its scope; "", of a library without class, is in no scope but that of all."""
        return not self.scope_classes or class_name in self.scope_classes

    @property
    def query(self) -> str:
        """The reactant template as SMARTS: what decides which molecules the transform touches."""
        return reactant_of(self.smirks)

    @property
    def bare(self) -> Transform:
        """The transform with what decides on products alone, for a task."""
        return replace(self, label="", family="", scope_classes=(), examples=(), description="")

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes this transform's products, and with nothing else."""
        return fingerprint(self.smirks, self.max_sites, self.stereo, self.new_stereo)


@dataclass(frozen=True)
class HalogenationRule:
    """A SMIRKS with ``{X}`` in the halogen's place, and the classes whose parents it applies to (none: all of them)."""

    name: str
    smirks: str
    scope_classes: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    max_sites: int | None = None
    examples: tuple[Example, ...] = ()  # {X} in the products stands for the halogen
    stereo: str = "keep"
    new_stereo: str = "open"

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
                family="halogenation",
                scope_classes=self.scope_classes,
                max_sites=self.max_sites,
                stereo=self.stereo,
                new_stereo=self.new_stereo,
                examples=tuple(
                    Example(example.reactant, tuple(product.replace("{X}", halogen) for product in example.products))
                    for example in self.examples
                ),
            )
            for halogen in halogens
        ]


@dataclass(frozen=True)
class Halogenation:
    """The rule set that, applied k times to a class's parents, builds the class's level-k library."""

    halogens: tuple[str, ...]
    rules: tuple[HalogenationRule, ...]

    def counts_as(self, class_name: str) -> str:
        """Return the class whose rules a class takes: its own, or "other" for a user's own word that no rule names."""
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
        """Return the rules that apply to a class, with what decides on products alone, for a task."""
        rules = (replace(rule, label="", scope_classes=(), examples=(), description="") for rule in self.rules)
        applied = {rule.name for rule in self.rules_for(class_name)}
        return Halogenation(self.halogens, tuple(rule for rule in rules if rule.name in applied))

    def fingerprint(self, class_name: str) -> str:
        """Changes with everything that changes the class's built libraries, and with nothing else."""
        return fingerprint([(transform.name, transform.fingerprint) for transform in self.transforms(class_name)])


@dataclass(frozen=True)
class Reading:
    """How a file becomes the molecules of a library.

    Attributes:
        smiles_column, id_column: columns of the file; None: found by name.
        columns: which of the file's other columns come along: "all", "none" or their names.
        encoding: of a text file; None: found out.
        fragments: "largest" keeps the compound of a salt, solvate or mixture, "keep" keeps all of it.
        charges: "neutralize" takes up and gives off protons until no charge is left that can go, "keep" leaves them.
        tautomers: "keep" leaves the tautomer as it is, "canonical" takes RDKit's canonical one.
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
    """A named set of molecules: built (``base`` halogenated once more) or read from ``paths``.

    Attributes:
        name: wildcard-safe name, also the folder's.
        class_name: one of ``CLASSES`` or a word of the user's own; decides which transforms and halogenation rules are
            in scope. "" where none is given.
        k: how many times halogenated; None for an external library.
        parents: name, among the configuration's ``parents``, of the natural products that a built one begins with.
        base: name of the level k-1 library that a built library is made from.
        paths: the files that an external library, or a level-0 library (the class's parents), is read from, in order.
        given: the files, folders and patterns that stand for them; () where these are the files themselves.
        reading: how they are read.
        implicit: made only because another library is built from it; no job is derived from it.
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

    @property
    def brief(self) -> Library:
        """The library with its files as they were given, for a task: a folder, and not all that is in it."""
        return replace(self, paths=self.given or self.paths, given=(), parents=None, base=None, implicit=False)

    @property
    def shown(self) -> str:
        """The files as a message shows them."""
        first = str(self.paths[0])
        first = f"s3://{first.removeprefix('s3:/')}" if first.startswith("s3:/") else first
        return f"{first} and {len(self.paths) - 1:,} more" if len(self.paths) > 1 else first


@dataclass(frozen=True)
class Recipe:
    """All that the tasks of a library are to know of it.

    Attributes:
        library: the library.
        queries: {column: query SMARTS} of the sites that its index counts.
        halogenation: the rules of its class, where it is built by them or others are built upon it.
        is_base: whether others are built upon it, so that its index also counts the sites of the rules.
        descriptors: columns to compute, in order.
    """

    library: Library
    queries: Mapping[str, str] = field(default_factory=dict)
    halogenation: Halogenation | None = None
    is_base: bool = False
    descriptors: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called in messages."""
        return (self.library.name,)


@dataclass(frozen=True)
class Job:
    """All that the tasks of a job are to know of it.

    Attributes:
        library: the library.
        transform: what is applied to it.
        descriptors: columns to compute, in order.
        inchikey: whether products have the standard InChIKey.
        key: the column that no two products share: "smiles" or "inchikey".
    """

    library: Library
    transform: Transform
    descriptors: tuple[str, ...] = ()
    inchikey: bool = False
    key: str = "smiles"

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called in messages."""
        return self.library.name, self.transform.name


@dataclass(frozen=True)
class Window:
    """Bounds of a descriptor, both inclusive and either of them infinite, in its unit.

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
class Export:
    """A request.

    Attributes:
        libraries, transforms: names; none for all. The products of the finished jobs among them are meant,
        molecules: or the molecules of the libraries themselves,
        sql: or the rows of a query.
        format: the ending of its files, one of ``tables.molecule_files.FORMATS``.
        split: molecules per file; None: all in one.
        coordinates: whether an SDF's molecules are all drawn in 2D.
        parents: whether a product has its parent's SMILES beside it, and the natural product's id.
        columns: those to write; none for all.
        windows: {descriptor: bounds}.
        only, without, flag: names of ``chemistry.filters.FILTERS``.
        sample: how many to draw at random of what passes; diverse: how many to pick of these by MaxMin.
        seed: of both.
    """

    libraries: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    molecules: bool = False
    sql: str | None = None
    format: str = "smi"
    split: int | None = None
    coordinates: bool = False
    parents: bool = False
    columns: tuple[str, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    sample: int | None = None
    diverse: int | None = None
    seed: int = 0

    def plain(self) -> dict[str, Any]:
        """Return as JSON values what was asked for, without what was not."""
        values = {**vars(self), "windows": {name: str(window) for name, window in self.windows.items()}}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


@dataclass(frozen=True)
class Config:
    """A validated configuration, with every path resolved and every level of every built library named.

    Attributes:
        libraries: all libraries by name, each after the one that it is built from.
        transforms: all transforms by name, in file order.
        jobs: the (library, transform) pairs that ``select`` and ``scope_classes`` leave, in library then file order.
        notes: what there is to say about the configuration before a run, a sentence or two each.
        cap_mb: what all running tasks together may use, in MB (10^6 bytes, as Snakemake counts).
        chunk_products: target number of products per chunk task.
        merge_rows: rows that one task is to find duplicates in.
        descriptors, identifiers: names of the extra product columns.
        dedup_key: "smiles" or "inchikey".
        sources: the YAML files it came from, lowest layer first.
        exports: what to write for other programs, by name.
    """

    libraries: dict[str, Library]
    transforms: dict[str, Transform]
    halogenation: Halogenation
    transforms_paths: tuple[Path, ...]
    halogenation_path: Path
    jobs: tuple[tuple[str, str], ...]
    cap_mb: int
    chunk_products: int
    merge_rows: int
    descriptors: tuple[str, ...]
    identifiers: tuple[str, ...]
    dedup_key: str
    sources: tuple[Path, ...]
    exports: Mapping[str, Export] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def counted(self, library: Library) -> list[Transform]:
        """Return the transforms whose sites a library's index counts: those for its class, and those of its jobs."""
        return [
            t for t in self.transforms.values() if t.is_for(library.class_name) or (library.name, t.name) in self.jobs
        ]
