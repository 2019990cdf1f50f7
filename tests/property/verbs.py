"""The package's stages strung together in this process by ``python -m halogenator``'s verbs, as the rules do it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.cli import main
from property.oracle import DESCRIPTORS, shipped_transforms

DESCRIBE = ("--descriptors", ",".join(DESCRIPTORS))
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


def build_library(
    folder: Path, rows: Sequence[Row], *, chunks: int = 1, fragments: str = "largest", queries: Sequence[str] = QUERIES
) -> Made:
    """Read, standardise and merge rows into the library ``mine``."""
    source, raw = folder / "mine.parquet", folder / "raw.parquet"
    ids, smiles = zip(*rows, strict=True)
    pq.write_table(pa.table({"id": pa.array(ids, pa.string()), "smiles": pa.array(smiles, pa.string())}), source)
    library = ["--library", "mine", "--class", "polyphenol", "--path", source]
    index = [word for i, query in enumerate(queries) for word in ("--query", f"sites_{i}={query}")]
    verb("read-library", *library, "--out", raw)
    made = []
    for number in range(chunks):
        made.append((folder / f"library-{number}.parquet", folder / f"library-rejects-{number}.parquet"))
        out, rejects = made[-1]
        chunk = ["--chunk", f"{number}/{chunks}", "--out", out, "--rejects", rejects]
        chunk += ["--reading", json.dumps({"fragments": fragments})]
        verb("standardize-chunk", "--raw", raw, *library, *index, *DESCRIBE, *chunk)
    return _merge(folder, "molecules", ["merge-library", *library], made)


def run_job(
    folder: Path,
    molecules: Path,
    smirks: str,
    *,
    chunks: int = 1,
    key: str = "smiles",
    inchikey: bool = False,
) -> Made:
    """Put a library through a transform, in chunks, and merge them."""
    transform = ["--molecules", molecules, "--transform", "T", "--smirks", smirks, *DESCRIBE]
    transform += ["--inchikey"] if inchikey else []
    made = []
    for number in range(chunks):
        made.append((folder / f"chunk-{number}.parquet", folder / f"chunk-rejects-{number}.parquet"))
        out, rejects = made[-1]
        verb("transform-chunk", *transform, "--chunk", f"{number}/{chunks}", "--out", out, "--rejects", rejects)
    return merge_chunks(folder, transform, made, key=key)


def merge_chunks(
    folder: Path,
    transform: Sequence[object],
    chunks: Sequence[tuple[Path, Path]],
    *,
    key: str = "smiles",
    parts: int = 0,
) -> Made:
    """Merge the chunks of a job, whose duplicates are found in so many parts, or in none."""
    found = []
    for number in range(parts):
        found.append(folder / f"{number}of{parts}.duplicates.parquet")
        words = ["--library", "mine", "--key", key, "--part", f"{number}/{parts}", "--scratch", folder / "scratch"]
        verb("find-duplicates", *words, "--chunks", *(chunk for chunk, _ in chunks), "--out", found[-1])
    job = ["merge-products", "--library", "mine", "--class", "polyphenol", *transform, "--key", key]
    return _merge(folder, "products", [*job, "--duplicates", *found], chunks)


def _merge(folder: Path, name: str, words: Sequence[object], chunks: Sequence[tuple[Path, Path]]) -> Made:
    out, rejects, stats = (folder / f"{name}{ending}" for ending in (".parquet", "-rejects.parquet", ".json"))
    files = ["--chunks", *(chunk for chunk, _ in chunks), "--reject-chunks", *(rejects for _, rejects in chunks)]
    verb(*words, *files, "--out", out, "--rejects", rejects, "--stats", stats, "--scratch", folder / "scratch")
    return Made(out, rejects, json.loads(stats.read_text()))
