"""The sample from which the plan counts sites and rows."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.model import Library
from halogenator.planning.sample import read_sample

PHENOL = "[c:1][OX2H:2]"


def sorted_phenols(count: int) -> list[str]:
    """Phenols in order of their hydroxyl groups: one in the first row, nine in the last."""
    return [f"Oc2ccc({'C' * (1 + i % 7)}{'Oc1ccc(O)cc1' * (9 * i // count)})cc2" for i in range(count)]


@pytest.mark.parametrize("name", ["big.smi", "big.csv", "big.parquet"])
def test_a_sorted_file_is_sampled_all_over(name: str, tmp_path: Path) -> None:
    molecules = sorted_phenols(60_000)
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(pa.table({"smiles": molecules, "id": range(len(molecules))}), path, row_group_size=25_000)
    elif name.endswith("csv"):
        path.write_text("id,smiles\n" + "".join(f"N{i},{smiles}\n" for i, smiles in enumerate(molecules)))
    else:
        path.write_text("".join(f"{smiles} N{i}\n" for i, smiles in enumerate(molecules)))
    sample = read_sample(Library("big", "polyphenol", paths=(path,)), {PHENOL: "phenols"})
    assert 0.85 * 60_000 < sample.rows < 1.15 * 60_000
    assert not sample.whole and not sample.first
    expected = sum(1 + 9 * i // 60_000 for i in range(60_000))
    assert 0.9 * expected < sample.scale * sum(len(sites[PHENOL].matches) for sites in sample.sites) < 1.1 * expected
    assert sample == read_sample(Library("big", "polyphenol", paths=(path,)), {PHENOL: "phenols"})


def test_of_a_compressed_file_the_first_rows_stand_for_all_and_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "big.smi.gz"
    path.write_bytes(gzip.compress("".join(f"{smiles}\n" for smiles in sorted_phenols(40_000)).encode(), 1))
    assert read_sample(Library("big", "polyphenol", paths=(path,)), {PHENOL: "phenols"}).first
