"""All that a run is asked to do: the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from halogenator.model.choice import Choice
from halogenator.model.library import JobName, Library
from halogenator.model.request import Export
from halogenator.model.transform import Halogenation, Transform


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
