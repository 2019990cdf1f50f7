"""Libraries, how each is read or built, and the jobs that put one through a transform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from halogenator.model.choice import Choice
from halogenator.model.transform import Halogenation, Transform
from halogenator.model.words import HALOGENATION


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
