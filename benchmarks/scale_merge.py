"""The merge of one job of 100 million rows: by one task, and its duplicates found by four."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from halogenator.planning.resources import merge_mb, stream_mb
from halogenator.storage.checksum import sha256
from halogenator.storage.schema import read_metadata
from measure import FOLDER, MB, Figure, halogenator, progress, run
from merge import merge_command, write_chunks

ROWS = 100_000_000
PARTS = 4
_CHUNK_ROWS = 2_000_000
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
    return figures


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
