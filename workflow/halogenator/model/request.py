"""What is asked of results: conditions on their rows, and exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halogenator.model.choice import Window
from halogenator.model.words import REACTION, TITLE


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
