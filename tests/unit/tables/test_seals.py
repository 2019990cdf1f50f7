"""No bit of a file changes unseen; files from the future keep their order; a mark follows the content."""

import os
import random
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.errors import UserError
from halogenator.inputs.content_hash import content_hash, unchanged
from halogenator.process.failures import explain
from halogenator.process.run_folder import redate
from halogenator.tables.columns import Column
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, read_rows, table_writer
from halogenator.tables.seal import SEAL_KEY, damage

COLUMNS = (Column("smiles", pa.string(), "SMILES"), Column("sites", pa.int32(), "sites"))


@pytest.fixture
def chunk(tmp_path: Path) -> Path:
    """Alkyl gallates, with metadata that quotes a seal."""
    path = tmp_path / "chunk.parquet"
    with table_writer(path, COLUMNS, {SEAL_KEY: "sha256:" + 64 * "0"}) as writer:
        for length in range(300):
            writer.append("C" * length + "OC(=O)c1cc(O)c(O)c(O)c1", 3)
    return path


def test_an_untouched_file_is_whole(chunk: Path) -> None:
    assert damage(chunk) is None
    assert pq.read_table(chunk).num_rows == 300
    assert read_metadata(chunk) == {SEAL_KEY: "sha256:" + 64 * "0"}


def test_every_flipped_bit_and_every_cut_is_noticed(chunk: Path) -> None:
    content = chunk.read_bytes()
    for at in range(len(content)):
        flipped = bytearray(content)
        flipped[at] ^= 1 << at % 8
        chunk.write_bytes(flipped)
        assert damage(chunk), at
    for size in (0, 3, 8, len(content) // 2, len(content) - 1):
        chunk.write_bytes(content[:size])
        assert damage(chunk), size
    chunk.unlink()
    assert damage(chunk) == "missing"


def test_a_flipped_bit_of_a_page_is_noticed_in_streaming(chunk: Path) -> None:
    """Libraries and raw rows are read in parts by many tasks, each of which checks the pages that it reads."""
    column = pq.read_metadata(chunk).row_group(0).column(0)
    content = bytearray(chunk.read_bytes())
    chance = random.Random(3)
    for _ in range(40):
        at = chance.randrange(column.dictionary_page_offset + 60, column.data_page_offset)  # below the page's header
        flipped = bytearray(content)
        flipped[at] ^= 1 << chance.randrange(8)
        chunk.write_bytes(flipped)
        with pytest.raises(UserError, match="a Parquet file is damaged") as caught:
            list(read_rows(open_parquet(chunk), ["smiles"], 0, 300))
        assert str(chunk) in str(caught.value)


def test_files_from_the_future_keep_their_order(tmp_path: Path) -> None:
    now = time.time()
    ages = {"old": -50, "a": 900, "b": 90_000, "c": 90_000, "d": 100_000}
    for name, age in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now + age, now + age))
    assert redate(tmp_path) == 4
    old, a, b, c, d = ((tmp_path / name).stat().st_mtime_ns for name in ages)
    assert old < a < b == c < d <= time.time_ns() + 1_000_000
    assert redate(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("size", [100, 17_000_000])
def test_a_mark_follows_the_content(tmp_path: Path, size: int) -> None:
    path = tmp_path / "mine.smi"
    path.write_bytes(b"CCO\n" * (size // 4))
    mark = content_hash(path)
    with unchanged(path, mark):
        pass
    times = path.stat()
    path.write_bytes(b"CCN\n" * (size // 4))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert content_hash(path) != mark
    with pytest.raises(UserError, match="replaced while the run was on"), unchanged(path, mark):
        raise AssertionError("read although it was replaced")


def test_an_error_that_is_not_the_disks_stays_what_it_is() -> None:
    assert explain(ValueError("No space left on device")) is None
    assert explain(FileNotFoundError(2, "No such file or directory", "mine.smi")) is None
