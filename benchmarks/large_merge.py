"""The merge of one job of 100 million rows and of a file of ten million, by one task and in parts; of a built library.

Beside the last, how long a file of a million rows is read.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from halogenator.model import Library, Recipe
from halogenator.planning.resources import merge_mb, stream_mb
from halogenator.tables.columns import LIBRARY, REJECTS, descriptor_columns, product_columns, site_columns
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, table_writer
from halogenator.tables.seal import sha256
from halogenator.tasks.commands import FindDuplicates, FindRepeats, MergeLibrary, ReadLibrary, declaration
from harness import FOLDER, MB, Figure, Watch, halogenator, progress, run
from merge import GROUP_ROWS, merge_command, write_chunks
from molecules import DESCRIPTORS, dihalogenated

ROWS = 100_000_000
PARTS = 4
_CHUNK_ROWS = 2_000_000
_FOLDER = FOLDER / "large-merge"


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the figures of both ways, after a check that both give the same file."""
    rows = ROWS // 10 if quick else ROWS
    shutil.rmtree(_FOLDER, ignore_errors=True)
    progress(f"merge: making {rows:,} rows")
    chunks, rejects = zip(*write_chunks(_FOLDER, rows, _CHUNK_ROWS), strict=True)
    products, stats = _FOLDER / "products.parquet", _FOLDER / "stats.json"
    figures = _measured("whole", rows, merge_command(_FOLDER, chunks, rejects, merge_mb(rows)), stats)
    expected = sha256(products)
    found = list(_part_files("duplicates"))
    for part, out in enumerate(found):
        figures += _measured(f"part{part}", rows, _part_command(chunks, part, out, merge_mb(rows, PARTS)), out)
    figures += _measured("of_parts", rows, merge_command(_FOLDER, chunks, rejects, stream_mb(), found))
    if sha256(products) != expected:
        raise RuntimeError("a merge in parts gives another file")
    shutil.rmtree(_FOLDER)
    return [*figures, *_libraries(rows // 10), *_reading(rows // 100)]


def _measured(name: str, rows: int, command: Sequence[object], record: Path | None = None) -> list[Figure]:
    """Run a task and return its figures; its peak as it recorded it in a file, or else as it is seen from outside."""
    progress(f"merge: {name}")
    with Watch(_scratch_mb) as scratch:
        used = run(command, sample=record is None)
    peak: object = used.peak_mb
    if record is not None:
        # The statistics hold the most of merge and chunks; no chunk used as much of what it declared.
        usage = json.loads(record.read_text())["usage"] if record.suffix == ".json" else read_metadata(record)["task"]
        peak = usage["peak_mb"]
    name = f"merge_{rows // MB}M_{name}"
    return [
        Figure(f"{name}_wall", round(used.wall_seconds, 1), "s"),
        Figure(f"{name}_cpu", round(used.cpu_seconds / rows * 1e6, 3), "µs/row"),
        Figure(f"{name}_peak_mb", peak, "MB"),
        Figure(f"{name}_spill_mb", round(scratch.highest), "MB"),
    ]


def _scratch_mb() -> float:
    """Return what the temporary files of a merge take on disk, in MB."""
    size = 0
    for parent, _, names in os.walk(_FOLDER / "scratch"):
        for name in names:
            with suppress(OSError):
                size += Path(parent, name).stat().st_blocks * 512
    return size / MB


def _part_command(chunks: Sequence[Path], part: int, out: Path, declared_mb: int) -> list[object]:
    command = FindDuplicates(
        library="polyphenol-2X", chunks=chunks, part=(part, PARTS), out=out, scratch=_FOLDER / "scratch"
    )
    return halogenator(*command.words, *declaration(declared_mb))


def _libraries(rows: int) -> Iterator[Figure]:
    """Yield the figures of the merge of so many molecules as a built library, and as one that is read from a file."""
    progress(f"merge: making a library of {rows:,} molecules")
    chunks, rejects = zip(*_library_chunks(rows), strict=True)
    built = Library("polyphenol-2X", "polyphenol", 2)
    of_file = Library("polyphenol-2X", "polyphenol", paths=(Path("not-read.csv"),))
    merge: dict[str, Any] = {"chunks": chunks, "reject_chunks": rejects, "scratch": _FOLDER / "scratch"}
    merge |= {"out": _FOLDER / "m.parquet", "rejects": _FOLDER / "r.parquet", "stats": _FOLDER / "s.json"}
    for name, library in (("library", built), ("library_of_file", of_file)):
        command = MergeLibrary(recipe=Recipe(library), **merge)
        yield from _measured(name, rows, halogenator(*command.words, *declaration(merge_mb(rows))))
    expected = sha256(merge["out"])
    found = {name: list(_part_files(name)) for name in ("duplicates", "repeated_ids", "repeated_rows")}
    for part, out in enumerate(found["duplicates"]):
        words = _part_command(chunks, part, out, merge_mb(rows, PARTS))
        yield from _measured(f"file_duplicates{part}", rows, words, out)
    for part, (out, rejects_out) in enumerate(zip(found["repeated_ids"], found["repeated_rows"], strict=True)):
        repeats = FindRepeats(
            library=of_file.name,
            chunks=chunks,
            duplicates=found["duplicates"],
            part=(part, PARTS),
            out=out,
            rejects=rejects_out,
            scratch=merge["scratch"],
        )
        words = halogenator(*repeats.words, *declaration(merge_mb(rows, PARTS)))
        yield from _measured(f"file_repeats{part}", rows, words, out)
    command = MergeLibrary(recipe=Recipe(of_file), **merge, **found)
    yield from _measured("library_of_file_of_parts", rows, halogenator(*command.words, *declaration(stream_mb())))
    if sha256(merge["out"]) != expected:
        raise RuntimeError("a merge of a file in parts gives another library")
    shutil.rmtree(_FOLDER)


def _part_files(kind: str) -> Iterator[Path]:
    """Yield the files of one kind that the tasks for each part make."""
    yield from (_FOLDER / f"{part:03}of{PARTS:03}.{kind}.parquet" for part in range(PARTS))


def _library_chunks(rows: int) -> Iterator[tuple[Path, Path]]:
    """Write products as the molecules of a library; yield the two files of each chunk, molecules and rejects."""
    columns = LIBRARY + descriptor_columns(DESCRIPTORS) + site_columns({f"sites_{number}": "" for number in range(4)})
    products = [column.name for column in product_columns(DESCRIPTORS, with_inchikey=False)]
    same = ("smiles", "n_routes", *(column.name for column in descriptor_columns(DESCRIPTORS)))
    constant = {"id": None, "k": 2, "halogens": "Cl,F", "rules": "aromatic_ch,hydroxyl", "stripped_from": None}
    first = 1
    for chunk, _ in write_chunks(_FOLDER, rows, _CHUNK_ROWS):
        out, rejects = chunk.with_suffix(".library"), chunk.with_suffix(".rejects")
        with table_writer(out, columns, read_metadata(chunk)) as writer, table_writer(rejects, REJECTS, {}):
            for batch in open_parquet(chunk).iter_batches(GROUP_ROWS, columns=products):
                size = batch.num_rows
                known = {name: batch[name] for name in same} | {"parent": batch["parent_id"]}
                known["row"] = pa.array(range(first, first + size))
                first += size
                filled = {
                    c.name: pa.array([constant.get(c.name, None if pa.types.is_string(c.type) else 1)] * size, c.type)
                    for c in columns
                    if c.name not in known
                }
                writer.copy([pa.RecordBatch.from_pydict(filled | known)])
                writer.flush()
        yield out, rejects


def _reading(rows: int) -> Iterator[Figure]:
    """Yield the figures of reading so many rows from a file."""
    _FOLDER.mkdir(parents=True)
    molecules = dihalogenated()
    with (_FOLDER / "mine.csv").open("w") as file:
        file.write("id,smiles\n")
        file.writelines(f"mol{row},{molecules[row % len(molecules)]}\n" for row in range(rows))
    recipe = Recipe(Library("mine", "polyphenol", paths=(_FOLDER / "mine.csv",)))
    command = ReadLibrary(recipe=recipe, out=_FOLDER / "raw.parquet")
    yield from _measured("reading", rows, halogenator(*command.words, *declaration(stream_mb())))
    shutil.rmtree(_FOLDER)
