"""How long do searches take among tens of millions of products?

    python benchmarks/find.py RESULTS OUT --copies 18

Takes a finished results folder, best with one large job and its fingerprints, and writes copies of all of its rows,
each copy under ids of its own, into OUT/results. Then asks ``find`` of OUT, and prints for each question the processor
time until the first page stands and until the end, and the peak of memory. The rows of a copy are real; that they
repeat gives no advantage, as nothing is remembered of so many rows before. Copies are as alike, so their order in a
list of the most alike is that of their files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.results import Results
from halogenator.search.fingerprints import source_of
from halogenator.search.parts import batches
from halogenator.tables.file_columns import ROOT_KEY
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import footer, open_parquet, table_writer
from harness import Figure, Watch, environment, progress, table, tree_memory

PAGE = 20  # rows
QUESTIONS = {
    "flavones": ["--smarts", "O=c1cc(-c2ccccc2)oc2ccccc12"],
    "catechols": ["--smarts", "[OX2H]c1ccccc1[OX2H]"],
    "o-fluorophenols": ["--smarts", "[OX2H]c1ccccc1F"],
    "aryl methyl ethers with iodine": ["--smarts", "cO[CH3]", "--smarts", "cI"],
    "nitriles, which none has": ["--smarts", "C#N"],
    "rings of seven": ["--smarts", "[r7]"],
}
ALIKE = "COc1cc(O)c2c(=O)cc(-c3ccc(O)c(Cl)c3)oc2c1"


def main() -> None:
    """Make the copies that are not there yet, and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--copies", type=int, default=18)
    parser.add_argument("--only", nargs="*", help="questions that have one of these words in their name")
    options = parser.parse_args()
    source, copied = Results(options.results), Results(options.out / "results")
    copy_all(source, copied, options.copies)
    rows = sum(footer(path).rows for path in copied.jobs().values())
    progress(f"{rows:,} products")
    figures: list[Figure] = []
    for name, words in asked().items():
        if not options.only or any(word in name for word in options.only):
            figures += measured(name, words, copied.folder)
    print(table(figures))


def asked() -> dict[str, list[str]]:
    """Return {name: the words of a search}."""
    found = {f"{name}: {how}": [*words, *more] for name, words in QUESTIONS.items() for how, more in _PAGED.items()}
    found[f"{PAGE} most alike"] = ["--similar", ALIKE, "--limit", str(PAGE)]
    found["100 most alike"] = ["--similar", ALIKE, "--limit", "100"]
    found["number of those alike"] = ["--similar", ALIKE, "--count"]
    return found


_PAGED = {"first page": ["--limit", str(PAGE)], "count": ["--count"]}


def measured(name: str, words: list[str], results: Path) -> list[Figure]:
    """Return what a search took until its first lines stood, and in all."""
    progress(name)
    command = [sys.executable, "-m", "halogenator", "find", *words, "--results", str(results)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    began, used = time.monotonic(), {0: 0.0}

    def look() -> float:
        used.update(_processor_time(process.pid))
        return tree_memory(process.pid)[1]

    with Watch(look, 0.05) as memory:
        first = process.stdout.readline()
        used.update(_processor_time(process.pid))
        until_first, wall_until_first = sum(used.values()), time.monotonic() - began
        rest = process.stdout.read()
        process.wait()
    progress(
        f"  {first.strip()[:80]} … {len(rest.splitlines())} lines more; {time.monotonic() - began:.1f} s of wall time"
    )
    figures = [Figure(f"{name}, CPU", round(sum(used.values()), 1), "s")]
    if "first page" in name:
        figures = [
            Figure(f"{name}, CPU", round(until_first, 2), "s"),
            Figure(f"{name}, wall", round(wall_until_first, 2), "s"),
        ]
    return [*figures, Figure(f"{name}, memory", round(memory.highest), "MB")]


def _processor_time(pid: int) -> dict[int, float]:
    """Return {process: its processor time in seconds} of a command and its children."""
    found = {}
    try:
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    except psutil.Error:  # it has ended
        pass
    return found


# ---- copies ----------------------------------------------------------------------------------------------------------


def copy_all(source: Results, out: Results, copies: int) -> None:
    """Write copies of all libraries and jobs, and of fingerprints, as far as there are none yet."""
    for library, path in source.libraries().items():
        if not out.molecules(library).exists():
            progress(f"copies of {library}")
            copy_rows(path, out.molecules(library), ["id", "parent"], copies)
    for job, path in source.jobs().items():
        if not out.products(*job).exists():
            progress(f"copies of {' '.join(job)}")
            copy_rows(path, out.products(*job), ["parent_id"], copies)
    for names in [*((library,) for library in source.libraries()), *source.jobs()]:
        fingerprints = source.fingerprints(*names)
        if fingerprints.exists() and not out.fingerprints(*names).exists():
            root = footer(source.molecules(names[0])).metadata.get(ROOT_KEY)
            base = names[0] if len(names) > 1 else root
            copy_fingerprints(fingerprints, out, names, str(base) if base else None, copies)


def copy_rows(path: Path, out: Path, ids: list[str], copies: int) -> None:
    """Write a file's rows several times, each time with another ending of the ids."""
    with open_parquet(path) as file:
        schema, columns = file.schema_arrow, file.schema_arrow.names
    with table_writer(out, schema, footer(path).metadata) as writer:
        for copy in range(copies):
            writer.copy(_renamed(batch, ids, f"c{copy}") for _, batch in batches(path, columns))


def _renamed(batch: pa.RecordBatch, ids: list[str], ending: str) -> pa.RecordBatch:
    for name in ids:
        at = batch.schema.get_field_index(name)
        batch = batch.set_column(at, batch.schema.field(at), pc.binary_join_element_wise(batch[name], ending, ""))
    return batch


def copy_fingerprints(path: Path, out: Results, names: tuple[str, ...], base: str | None, copies: int) -> None:
    """Write those of the copies: the same changes, from the copies of the molecules that the rows came from."""
    of_base = out.molecules(base) if base else None
    rows = footer(of_base).rows // copies if of_base else 0

    def moved() -> Iterator[pa.RecordBatch]:
        for copy in range(copies):
            for _, batch in batches(path, ["base", "change"]):
                yield batch.set_column(
                    0, batch.schema.field(0), pc.add(batch["base"], pa.scalar(copy * rows, pa.int32()))
                )

    with open_parquet(path) as file:
        schema = file.schema_arrow
    with table_writer(
        out.fingerprints(*names), schema, with_versions(**source_of(out.main(*names), of_base))
    ) as writer:
        writer.copy(moved())


if __name__ == "__main__":
    main()
