"""The merge of one job of 100 million rows, by one task and in parts; of a library of ten million, built and of a file.

Beside the last, how long a file of a million rows is read.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from halogenator.planning.resources import merge_mb, stream_mb
from halogenator.storage.columns import LIBRARY, REJECTS, descriptor_columns, product_columns, site_columns
from halogenator.storage.metadata import read_metadata
from halogenator.storage.parquet import open_parquet, table_writer
from halogenator.storage.seal import sha256
from measure import FOLDER, MB, Figure, halogenator, progress, run
from merge import merge_command, write_chunks
from molecules import DESCRIPTORS, dihalogenated

ROWS = 100_000_000
PARTS = 4
_CHUNK_ROWS = 2_000_000
_GROUP_ROWS = 13_000
_SAMPLE_SECONDS = 0.2


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the figures of both ways, after a check that both give the same file."""
    rows = ROWS // 10 if quick else ROWS
    folder = FOLDER / "scale-merge"
    shutil.rmtree(folder, ignore_errors=True)
    progress(f"merge: making {rows:,} rows")
    chunks, rejects = zip(*write_chunks(folder, rows, _CHUNK_ROWS), strict=True)
    progress("merge: by one task")
    figures, spilled = [], [0.0]
    with _watched(folder / "scratch", spilled):
        began = time.monotonic()
        used = run(merge_command(folder, chunks, rejects, merge_mb(rows)))
    stats = json.loads((folder / "stats.json").read_text())
    # Of the merge alone: the statistics hold those of the chunks too, none of which used as much of what it declared.
    figures += _figures("whole", rows, time.monotonic() - began, used.cpu_seconds, stats["usage"], spilled[0])
    expected = sha256(folder / "products.parquet")
    found = []
    for part in range(PARTS):
        progress(f"merge: part {part + 1} of {PARTS}")
        found.append(folder / f"{part:03}of{PARTS:03}.duplicates.parquet")
        with _watched(folder / "scratch", spilled):
            began = time.monotonic()
            used = run(_part_command(folder, chunks, part, found[-1], merge_mb(rows, PARTS)))
        usage = read_metadata(found[-1])["task"]
        assert isinstance(usage, dict)
        figures += _figures(f"part{part}", rows, time.monotonic() - began, used.cpu_seconds, usage, spilled[0])
    with _watched(folder / "scratch", spilled):
        began = time.monotonic()
        used = run(merge_command(folder, chunks, rejects, stream_mb(), found), sample=True)
    figures += _figures(
        "of_parts", rows, time.monotonic() - began, used.cpu_seconds, {"peak_mb": used.peak_mb}, spilled[0]
    )
    if sha256(folder / "products.parquet") != expected:
        raise RuntimeError("a merge in parts gives another file")
    shutil.rmtree(folder)
    return [*figures, *_libraries(rows // 10), *_reading(rows // 100)]


def _libraries(rows: int) -> Iterator[Figure]:
    """Yield the figures of the merge of so many molecules as a built library, and as one that is read from a file."""
    folder = FOLDER / "scale-merge"
    progress(f"merge: making a library of {rows:,} molecules")
    columns = LIBRARY + descriptor_columns(DESCRIPTORS) + site_columns({f"sites_{number}": "" for number in range(4)})
    products = product_columns(DESCRIPTORS, with_inchikey=False)
    described = [column.name for column in descriptor_columns(DESCRIPTORS)]
    chunks, rejects, first = [], [], 1
    for chunk, _ in write_chunks(folder, rows, _CHUNK_ROWS):
        chunks.append(chunk.with_suffix(".library"))
        rejects.append(chunk.with_suffix(".rejects"))
        with table_writer(chunks[-1], columns, read_metadata(chunk)) as out, table_writer(rejects[-1], REJECTS, {}):
            for batch in open_parquet(chunk).iter_batches(_GROUP_ROWS, columns=[column.name for column in products]):
                size = batch.num_rows
                values = {"id": None, "k": 2, "halogens": "Cl,F", "rules": "aromatic_ch,hydroxyl"}
                numbers = pa.array(range(first, first + size))
                first += size
                known = {"smiles": batch["smiles"], "parent": batch["parent_id"], "n_routes": batch["n_routes"]}
                known["row"] = numbers
                known |= {name: batch[name] for name in described}
                filled = {
                    **{
                        c.name: pa.array([values.get(c.name, 1)] * size, c.type)
                        for c in columns
                        if c.name not in known and c.name != "stripped_from"
                    },
                    **known,
                }
                filled["stripped_from"] = pa.nulls(size, pa.string())
                out.copy([pa.RecordBatch.from_pydict(filled)])
                out.flush()
    words = ["--library", "polyphenol-2X", "--class", "polyphenol", "--mem-mb", merge_mb(rows)]
    words += ["--out", folder / "m.parquet", "--rejects", folder / "r.parquet", "--stats", folder / "s.json"]
    words += ["--scratch", folder / "scratch", "--chunks", *chunks, "--reject-chunks", *rejects]
    for name, origin in (("library", ["--k", 2]), ("library_of_file", ["--path", "not-read.csv"])):
        progress(f"merge: {name}")
        spilled = [0.0]
        with _watched(folder / "scratch", spilled):
            began = time.monotonic()
            used = run(halogenator("merge-library", *words, *origin), sample=True)
        wall = time.monotonic() - began
        yield from _figures(name, rows, wall, used.cpu_seconds, {"peak_mb": used.peak_mb}, spilled[0])
    shutil.rmtree(folder)


def _reading(rows: int) -> Iterator[Figure]:
    """Yield the figures of reading so many rows from a file."""
    folder = FOLDER / "scale-merge"
    folder.mkdir(parents=True)
    progress(f"merge: reading {rows:,} rows")
    molecules = dihalogenated()
    lines = (f"mol{row},{molecules[row % len(molecules)]}\n" for row in range(rows))
    with (folder / "mine.csv").open("w") as file:
        file.write("id,smiles\n")
        file.writelines(lines)
    words = ["--library", "mine", "--class", "polyphenol", "--path", folder / "mine.csv", "--mem-mb", stream_mb()]
    began = time.monotonic()
    used = run(halogenator("read-library", *words, "--out", folder / "raw.parquet"), sample=True)
    wall = time.monotonic() - began
    yield from _figures("reading", rows, wall, used.cpu_seconds, {"peak_mb": used.peak_mb}, 0.0)
    shutil.rmtree(folder)


def _part_command(folder: Path, chunks: Sequence[Path], part: int, out: Path, declared_mb: int) -> list[object]:
    words = ["--library", "polyphenol-2X", "--part", f"{part}/{PARTS}", "--mem-mb", declared_mb]
    return halogenator("find-duplicates", *words, "--out", out, "--scratch", folder / "scratch", "--chunks", *chunks)


def _figures(
    name: str, rows: int, wall: float, cpu: float, usage: dict[str, float], spilled: float
) -> Iterator[Figure]:
    name = f"merge_{rows // MB}M_{name}"
    yield Figure(f"{name}_wall", round(wall, 1), "s")
    yield Figure(f"{name}_cpu", round(cpu / rows * 1e6, 3), "µs/row")
    yield Figure(f"{name}_peak_mb", usage["peak_mb"], "MB")
    yield Figure(f"{name}_spill_mb", round(spilled), "MB")


@contextmanager
def _watched(folder: Path, largest: list[float]) -> Iterator[None]:
    """Leave the largest size that a folder has meanwhile, in MB, in the list."""
    ended = threading.Event()
    largest[0] = 0.0

    def look() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            size = 0
            for parent, _, names in os.walk(folder):
                for name in names:
                    with suppress(OSError):
                        size += Path(parent, name).stat().st_blocks * 512
            largest[0] = max(largest[0], size / MB)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
