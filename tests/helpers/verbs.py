"""The package's stages strung together in this process by ``python -m halogenator``'s verbs, as the rules do it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from halogenator.cli import main
from halogenator.config import read_config
from halogenator.model import Job, Library, Reading, Recipe, Transform
from halogenator.planning.identity import recipe_of
from halogenator.tasks.commands import (
    Command,
    FindDuplicates,
    FindRepeats,
    HalogenateChunk,
    MergeLibrary,
    MergeProducts,
    ReadLibrary,
    StandardizeChunk,
    TransformChunk,
)
from helpers.oracle import DESCRIPTORS, shipped_transforms

DESCRIBED = tuple(DESCRIPTORS)
QUERIES = list(dict.fromkeys(rule.smirks.split(">>")[0] for rule in shipped_transforms()))
Row = tuple[str | None, str | None]  # id, SMILES


class Made(NamedTuple):
    """A merged file, its rejects and its statistics."""

    path: Path
    rejects: Path
    stats: dict[str, object]

    @property
    def rows(self) -> list[dict[str, object]]:
        return pq.read_table(self.path).to_pylist()

    @property
    def rejected(self) -> list[dict[str, object]]:
        return pq.read_table(self.rejects).to_pylist()


def verb(*words: object) -> None:
    """Run a verb as its rule does."""
    assert main([str(word) for word in words]) == 0


def do(command: Command) -> None:
    """Do a task as its rule does: by its command line."""
    verb(*command.words)


def job_of(smirks: str, *, scores: Sequence[str] = (), **columns: object) -> Job:
    """The job T of the library ``mine``, whose products have these scores."""
    return Job(Library("mine", "polyphenol"), Transform("T", smirks, scores=tuple(scores)), **columns)


def build_library(
    folder: Path,
    rows: Sequence[Row],
    *,
    chunks: int = 1,
    fragments: str = "largest",
    queries: Sequence[str] = QUERIES,
    parts: int = 0,
    scores: Sequence[str] = (),
) -> Made:
    """Read, standardise and merge rows into the library ``mine``, its duplicates found in so many parts, or in none."""
    source, raw = folder / "mine.parquet", folder / "raw.parquet"
    ids, smiles = zip(*rows, strict=True)
    pq.write_table(pa.table({"id": pa.array(ids, pa.string()), "smiles": pa.array(smiles, pa.string())}), source)
    how = {"reading": Reading(fragments=fragments), "scores": tuple(scores)}
    library = Library("mine", "polyphenol", paths=(source,), **how)
    recipe = Recipe(library, {f"sites_{i}": query for i, query in enumerate(queries)}, descriptors=DESCRIBED)
    do(ReadLibrary(recipe=recipe, out=raw))
    made = []
    for number in range(chunks):
        made.append((folder / f"library-{number}.parquet", folder / f"library-rejects-{number}.parquet"))
        out, rejects = made[-1]
        do(StandardizeChunk(recipe=recipe, raw=raw, chunk=(number, chunks), out=out, rejects=rejects))
    repeats = _find_repeats(folder, [chunk for chunk, _ in made], parts)
    return _merge(folder, "molecules", MergeLibrary, made, recipe=recipe, **repeats)


def _find_repeats(folder: Path, chunks: Sequence[Path], parts: int) -> dict[str, list[Path]]:
    """Find the duplicates of a library from a file, and what repeats in it, in parts; return what its merge reads."""
    names = {"duplicates": "duplicates", "repeated_ids": "repeats", "repeated_rows": "repeats-rejects"}
    found = {
        name: [folder / f"{number}of{parts}.{ending}.parquet" for number in range(parts)]
        for name, ending in names.items()
    }
    files = {"library": "mine", "chunks": chunks, "scratch": folder / "scratch"}
    for number, out in enumerate(found["duplicates"]):
        do(FindDuplicates(**files, part=(number, parts), out=out))
    for number, (out, rejects) in enumerate(zip(found["repeated_ids"], found["repeated_rows"], strict=True)):
        do(FindRepeats(**files, duplicates=found["duplicates"], part=(number, parts), out=out, rejects=rejects))
    return found


def run_job(
    folder: Path,
    molecules: Path,
    smirks: str,
    *,
    chunks: int = 1,
    key: str = "smiles",
    inchikey: bool = False,
    scores: Sequence[str] = (),
) -> Made:
    """Put a library through a transform, in chunks, and merge them."""
    job = job_of(smirks, scores=scores, descriptors=DESCRIBED, inchikey=inchikey, key=key)
    made = []
    for number in range(chunks):
        made.append((folder / f"chunk-{number}.parquet", folder / f"chunk-rejects-{number}.parquet"))
        out, rejects = made[-1]
        do(TransformChunk(job=job, molecules=molecules, chunk=(number, chunks), out=out, rejects=rejects))
    return merge_chunks(folder, job, made, molecules=molecules)


def merge_chunks(
    folder: Path, job: Job, chunks: Sequence[tuple[Path, Path]], *, molecules: Path = Path("none"), parts: int = 0
) -> Made:
    """Merge the chunks of a job, whose duplicates are found in so many parts, or in none."""
    found = []
    for number in range(parts):
        found.append(folder / f"{number}of{parts}.duplicates.parquet")
        files = {"chunks": [chunk for chunk, _ in chunks], "out": found[-1], "scratch": folder / "scratch"}
        do(FindDuplicates(library="mine", key=job.key, part=(number, parts), **files))
    return _merge(folder, "products", MergeProducts, chunks, job=job, molecules=molecules, duplicates=found)


def _merge(
    folder: Path, name: str, kind: type[Command], chunks: Sequence[tuple[Path, Path]], **settings: object
) -> Made:
    out, rejects, stats = (folder / f"{name}{ending}" for ending in (".parquet", "-rejects.parquet", ".json"))
    merged = {"chunks": [chunk for chunk, _ in chunks], "reject_chunks": [rejected for _, rejected in chunks]}
    do(kind(**settings, **merged, out=out, rejects=rejects, stats=stats, scratch=folder / "scratch"))
    return Made(out, rejects, json.loads(stats.read_text()))


def build_libraries(folder: Path, settings: Mapping[str, object], *, chunks: int = 1) -> dict[str, Made]:
    """Make all libraries of a configuration, each in so many chunks."""
    written = folder / "config.yaml"
    written.write_text(yaml.safe_dump(settings, sort_keys=False))
    config = read_config([written], working_dir=folder)
    found: dict[str, Made] = {}
    for name, library in config.libraries.items():
        recipe, place = recipe_of(config, name), folder / name
        place.mkdir()
        parts = [(place / f"{number}.parquet", place / f"{number}-rejects.parquet") for number in range(chunks)]
        raw = place / "raw.parquet"
        if library.base is None:
            do(ReadLibrary(recipe=recipe, out=raw))
        for number, (out, rejects) in enumerate(parts):
            made = {"recipe": recipe, "chunk": (number, chunks), "out": out, "rejects": rejects}
            step = HalogenateChunk(base=found[library.base].path, **made) if library.base else None
            do(step or StandardizeChunk(raw=raw, **made))
        found[name] = _merge(place, "molecules", MergeLibrary, parts, recipe=recipe)
    return found
