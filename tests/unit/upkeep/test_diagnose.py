"""What diagnose reads of a library, and what it says of a damaged one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.process.failures import explain
from halogenator.upkeep.diagnose import _windows


@pytest.mark.parametrize(
    ("total", "wanted"), [(49, 5000), (5000, 5000), (11, 10), (1, 1), (12_345, 3_001), (2_100, 2_000)]
)
def test_diagnose_takes_no_row_twice_and_as_many_as_asked(total: int, wanted: int) -> None:
    rows = [row for start, stop in _windows(total, wanted) for row in range(start, stop)]
    assert len(rows) == len(set(rows))
    assert 0.99 * min(total, wanted) <= len(rows) <= min(total, wanted)
    assert rows[-1] < total


@pytest.mark.parametrize("damage", ["cut", "junk", "empty"])
def test_a_damaged_result_is_said_in_words(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("results/libraries/library=mine")
    folder.mkdir(parents=True)
    path = folder / "molecules.parquet"
    pq.write_table(pa.table({"id": ["a"], "smiles": ["Oc1ccccc1"]}), path)
    data = path.read_bytes()
    path.write_bytes({"cut": data[: len(data) // 2], "junk": b"PAR1" + b"x" * 300 + b"PAR1", "empty": b""}[damage])
    assert main(["diagnose", "mine", "FG_PHENOL_OH__OH__TO__OMe"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("halogenator: ")
    with pytest.raises(pa.ArrowException) as caught:
        pq.read_table(path)
    assert "python -m halogenator verify" in str(explain(caught.value))
