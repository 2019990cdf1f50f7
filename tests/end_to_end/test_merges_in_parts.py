"""A run whose merges are cut into parts gives, row for row, what a run without gives."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from halogenator.tables.metadata import read_metadata
from helpers.runs import COOME, OME, named_parents, rules, shipped, snakemake, tasks, write_molecules, write_yaml

pytestmark = pytest.mark.long
MINE = [*named_parents("polyphenol")[2:29], *named_parents("polyphenol")]  # all but two of them twice


def lay_out(folder: Path, **chunk: int) -> Path:
    """A library built on three polyphenols and one from a file, with two transforms."""
    folder.mkdir(exist_ok=True)
    write_molecules(folder / "polyphenol.smi", named_parents("polyphenol")[:3], header=None)
    write_molecules(folder / "mine.csv", MINE)
    transforms = [shipped(OME, "polyphenol"), shipped(COOME, "polyphenol")]
    write_yaml(folder / "transforms.yaml", {"transforms": transforms})
    return write_yaml(
        folder / "config.yaml",
        {
            "parents": {"polyphenol": "polyphenol.smi"},
            "libraries": {
                "polyphenol-1X": {"class": "polyphenol", "k": 1},
                "mine": {"class": "polyphenol", "path": "mine.csv"},
            },
            "select": {"libraries": ["polyphenol-1X", "mine"]},
            "transforms": "transforms.yaml",
            "chunk": {"products": 60, **chunk},
        },
    )


# What statistics say of how something was made.
OF_THE_WAY = {"usage", "parts", "bytes", "checksums", "sha256", "configuration"}


def merged(folder: Path) -> dict[str, object]:
    """All results: rows and footers of Parquet files, statistics without what was used."""
    found: dict[str, object] = {}
    for path in sorted((folder / "results").rglob("*")):
        name = str(path.relative_to(folder / "results"))
        if path.suffix == ".parquet" and name.startswith(("libraries", "products", "rejects")):
            told = read_metadata(path)
            record = told.get("statistics") or {}
            told |= {"config_hash": None, "statistics": {key: record[key] for key in record.keys() - OF_THE_WAY}}
            rows = pq.read_table(path).to_pylist()
            found[name] = [row | {"source": None} for row in rows], told  # the source has the path of its folder
        elif path.suffix == ".json" and path.parent.name != "configurations":
            stats = json.loads(path.read_text())
            found[name] = {key: stats[key] for key in stats.keys() - OF_THE_WAY}
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    lay_out(folder)
    output = snakemake(folder, "--cores", 2)
    assert "find_duplicates" not in output
    return folder


def test_a_run_in_parts_gives_the_same_rows(whole: Path, tmp_path: Path) -> None:
    lay_out(tmp_path, merge_rows=50)
    planned = rules(snakemake(tmp_path, "-n"))
    assert planned["find_duplicates"] > 4 and planned["find_library_duplicates"] > planned["find_library_repeats"] == 2
    again = rules(snakemake(tmp_path, "-n"))
    assert again == planned  # as many parts each time
    output = snakemake(tmp_path, "--cores", 2)
    assert rules(output) == planned
    assert merged(tmp_path) == merged(whole)
    stats = json.loads((tmp_path / f"results/stats/products/polyphenol-1X/{OME}.json").read_text())
    assert stats["parts"] > 1 and stats["duplicates"] >= 0
    stats = json.loads((tmp_path / "results/stats/libraries/mine.json").read_text())
    assert (stats["parts"], stats["duplicates"]) == (2, 27)
    assert not list((tmp_path / "results/work").rglob("*.parquet"))
    assert "Nothing to be done" in snakemake(tmp_path, "-n")


def test_another_number_of_rows_a_merge_reruns_nothing(whole: Path) -> None:
    lay_out(whole, merge_rows=50)
    assert "Nothing to be done" in snakemake(whole, "-n")
    lay_out(whole)


@pytest.mark.parametrize(
    ("made", "last", "task"),
    [
        (f"products/polyphenol-1X/{OME}/000of*.products", "find_duplicates", f"{OME} on polyphenol-1X"),
        ("libraries/mine/000of*.read", "find_library_repeats", "Standardising library mine"),
    ],
    ids=["of a job", "of a file"],
)
def test_a_part_of_other_chunks_is_made_anew(whole: Path, tmp_path: Path, made: str, last: str, task: str) -> None:
    """An interrupted run leaves chunks and parts; then a chunk is damaged."""
    lay_out(tmp_path, merge_rows=50)
    snakemake(tmp_path, "--cores", 2, "--until", last, "--notemp")
    (chunk,) = (tmp_path / "results/work").glob(f"{made}.parquet")
    parts = sorted(chunk.parent.glob("*.duplicates.parquet"))
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    output = snakemake(tmp_path, "--cores", 2, fails=True)
    assert "a chunk file is damaged" in output and not chunk.exists()
    output = snakemake(tmp_path, "--cores", 2)
    again = [each for each in tasks(output) if each.startswith(f"{task}, chunk")]
    assert again == [f"{task}, chunk {chunk.name.partition('.')[0]}"]
    assert rules(output)[last] >= len(parts) > 1
    assert merged(tmp_path) == merged(whole)
