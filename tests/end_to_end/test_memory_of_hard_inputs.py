"""Whole runs on inputs that are hard on memory: no task takes more than it declares, as the system itself counts it."""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.results import Results
from helpers.measured import measured
from helpers.runs import OME, command, write_yaml

DECLARED_MB = 500  # of each task of a small run: a task that streams, and a small merge
EXPORT_MB = 1_000  # of an export that picks nothing, and of verify

Write = Callable[[Path], Path]  # makes a file in a folder


def phenols(count: int) -> list[str]:
    """Dialkyl phenols, all different."""
    return [f"{'C' * (i % 40 + 1)}c1ccc(O)c({'C' * (i // 40 + 1)})c1" for i in range(count)]


def table(path: Path, columns: dict[str, list[str]]) -> Path:
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        lines.writerows(zip(*columns.values(), strict=True))
    return path


def giant_rows_after_small_ones(folder: Path) -> Path:
    """Less than 60 kB that hold 600 MB."""
    small, giant = 1_000, 3_000
    notes = ["seen"] * small + ["A" * 200_000] * giant
    columns = {"smiles": phenols(small + giant), "id": [f"m{i}" for i in range(small + giant)], "note": notes}
    pq.write_table(pa.table(columns), folder / "a.parquet", compression="zstd")
    return folder / "a.parquet"


def texts_of_half_a_megabyte(folder: Path) -> Path:
    texts = [str(i) + "x" * 500_000 for i in range(300)]
    return table(folder / "a.csv", {"smiles": phenols(300), "id": [f"m{i}" for i in range(300)], "note": texts})


def ids_of_half_a_megabyte(folder: Path) -> Path:
    ids = [f"m{i}" if i % 2 else str(i) + "x" * 500_000 for i in range(300)]
    return table(folder / "a.csv", {"smiles": phenols(300), "id": ids})


def long_ids(folder: Path) -> Path:
    return table(folder / "a.csv", {"smiles": phenols(5_000), "id": [str(i) + "x" * 9_000 for i in range(5_000)]})


def many_columns(folder: Path) -> Path:
    values = random.Random(1)
    words = ["".join(values.choices("abcdefgh", k=20)) for _ in range(2_000)]
    columns = {"smiles": phenols(2_000)}
    for number in range(900):
        words = [*words[7:], *words[:7]]
        columns[f"column {number}"] = words
    pq.write_table(pa.table(columns), folder / "a.parquet", compression="zstd")
    return folder / "a.parquet"


def long_molecules(folder: Path) -> Path:
    chains = ["C" * (900 + i) + "c1ccc(O)cc1" for i in range(80)]
    return table(folder / "a.csv", {"smiles": chains, "id": [f"m{i}" for i in range(80)]})


def dense_sites(folder: Path) -> Path:
    """Poly(4-vinylphenol) with up to a hundred phenols."""
    polymers = ["C" + "C(c1ccc(O)cc1)C" * n for n in range(2, 100)]
    return table(folder / "a.csv", {"smiles": polymers, "id": [f"m{i}" for i in range(len(polymers))]})


HARD: list[Write] = [
    giant_rows_after_small_ones,
    texts_of_half_a_megabyte,
    ids_of_half_a_megabyte,
    long_ids,
    many_columns,
    long_molecules,
    dense_sites,
]


@pytest.mark.long
@pytest.mark.parametrize("write", HARD)
def test_no_task_takes_more_than_it_declares(tmp_path: Path, write: Write) -> None:
    """At its first attempt, from reading to the report; then exports, a query and a check of all rows."""
    given = write(tmp_path)
    config = {
        "libraries": {"mine": {"class": "polyphenol", "path": given.name}},
        "select": {"libraries": ["mine"], "transforms": [OME]},
    }
    write_yaml(tmp_path / "config.yaml", config)
    words, how = command(tmp_path, "--cores", 1, "--retries", 0)
    run = measured(tmp_path, *words, cwd=how["cwd"], env=how["env"])
    assert run.code == 0, run.output[-5000:]
    assert run.peak_mb < DECLARED_MB
    made = Results(tmp_path / "results")
    kept, rejected = (pq.read_metadata(path).num_rows for path in (made.molecules("mine"), made.rejects("mine")))
    assert kept + rejected == rows_of(given)
    verb = (sys.executable, "-m", "halogenator")
    asked: list[list[object]] = [
        ["export", "--library", "mine", "--out", "products.csv"],
        ["export", "--library", "mine", "--molecules", "--out", "molecules.sdf"],
        ["export", "--sql", "SELECT * FROM products", "--out", "query.parquet"],
        ["export", "--sql", "SELECT * FROM molecules ORDER BY smiles DESC", "--out", "sorted.csv"],
        ["verify", "results"],
    ]
    for each in asked:
        done = measured(tmp_path, *verb, *each, "--mem-mb", EXPORT_MB, cwd=tmp_path, env=how["env"])
        assert done.peak_mb < EXPORT_MB
        # DuckDB holds 2,048 rows at a time, however long they are: a query of giant rows may be refused memory.
        giant = write in (giant_rows_after_small_ones, texts_of_half_a_megabyte)
        if "--sql" in each and giant and done.code:
            assert (done.code, "fix:     give it more: --mem-mb" in done.output) == (3, True), done.output
        else:
            assert done.code == 0, done.output


def rows_of(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    with path.open() as file:
        return sum(1 for _ in file) - 1
