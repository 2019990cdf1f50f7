"""No bit of a file changes unseen; files from the future keep their order; a mark follows the content."""

import hashlib
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
from halogenator.tables.seal import (
    BLANK,
    SEAL_KEY,
    check_chunks,
    damage,
    read_seal,
    remove_damaged,
    seal,
    sha256,
    wrong_bytes,
)

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


def test_a_seal_is_the_checksum_of_all_bytes_with_zeros_in_its_place(tmp_path: Path) -> None:
    """Anyone can compute it: three pages of incompressible text, so that the file is longer than a block."""
    path = tmp_path / "big.parquet"
    chance = random.Random(4)
    with table_writer(path, COLUMNS, {}) as writer:
        for _ in range(900):
            writer.append(chance.randbytes(2_000).hex(), 1)
    content = path.read_bytes()
    assert len(content) > 1_500_000
    sealed = read_seal(path)
    assert sealed is not None and content.count(sealed.encode()) == 1
    blank = content.replace(sealed.encode(), b"sha256:" + 64 * b"0")
    assert sealed == "sha256:" + hashlib.sha256(blank).hexdigest()
    assert damage(path) is None
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def with_footer(path: Path, before: bytes, footer: bytes, *, length: int | None = None) -> Path:
    """Write a file whose end is that of a Parquet file, and seal it if that can be done."""
    size = len(footer) if length is None else length
    path.write_bytes(before + footer + size.to_bytes(4, "little") + b"PAR1")
    return path


ENTRY = SEAL_KEY.encode() + b"\x18\x47" + BLANK.encode()


@pytest.mark.parametrize("padding", [0, 2**24])
def test_a_footer_of_any_size_is_sealed(tmp_path: Path, padding: int) -> None:
    """Of a file with many row groups it takes more than 16 MB; nothing stands before that of the smallest file."""
    path = with_footer(tmp_path / "a.parquet", b"PAR1", ENTRY + padding * b"\0")
    sealed = seal(path)
    assert sealed != BLANK and read_seal(path) == sealed
    assert damage(path) is None


def test_a_seal_is_found_wherever_the_footer_begins(tmp_path: Path) -> None:
    for before in range(4, 300, 7):
        path = with_footer(tmp_path / "a.parquet", before * b"\0", ENTRY + 9 * b"\0")
        sealed = seal(path)
        assert read_seal(path) == sealed and damage(path) is None


def test_only_a_blank_seal_is_written_over(tmp_path: Path) -> None:
    path = with_footer(tmp_path / "a.parquet", b"PAR1", ENTRY)
    sealed = seal(path)
    with pytest.raises(AssertionError):
        seal(path)
    assert read_seal(path) == sealed
    with pytest.raises(AssertionError):
        seal(with_footer(path, b"PAR1", b"nothing"))


@pytest.mark.parametrize("magic", [b"PARE", b"PAR0", b"QAR1"])
def test_a_file_that_ends_otherwise_is_no_parquet_file(tmp_path: Path, magic: bytes) -> None:
    """PARE is the end of an encrypted one."""
    path = with_footer(tmp_path / "a.parquet", b"PAR1", ENTRY)
    path.write_bytes(path.read_bytes()[:-4] + magic)
    assert read_seal(path) is None
    assert damage(path) == "no whole Parquet file with a checksum"


@pytest.mark.parametrize("length", [-4, -1, 1, 5, 2**31])
def test_a_length_of_the_footer_that_is_wrong_is_noticed(tmp_path: Path, length: int) -> None:
    """A length that reaches into the first four bytes, or beyond them, is no whole file's."""
    size = len(ENTRY) + length if length < 2**31 else length
    path = with_footer(tmp_path / "a.parquet", b"PAR1", ENTRY, length=size)
    if length > 0:
        assert read_seal(path) is None
    assert damage(path)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1PAR1", b"\0\0\0\0PAR1", b"PAR1\0\0\0\0PAR1", b"id,smiles\n1,CCO\n"]
)
def test_what_is_no_parquet_file_has_no_seal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    assert read_seal(path) is None
    assert damage(path) == "no whole Parquet file with a checksum"


def test_bytes_are_compared_with_the_record_and_with_the_seal(chunk: Path, tmp_path: Path) -> None:
    sealed, changed = read_seal(chunk), "its bytes are not those that were written"
    for recorded in (None, sealed, sha256(chunk)):  # older statistics record the last
        assert wrong_bytes(chunk, recorded) is None
    for recorded in (BLANK, "sha256:" + 64 * "f", 64 * "0", 64 * "f", sha256(chunk)[:-1], "sha256:", ""):
        assert wrong_bytes(chunk, recorded) == changed
    content = chunk.read_bytes()
    for at in range(100, 120):  # the checksum of what is changed may be greater or less
        chunk.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        for recorded in (None, sealed):
            assert wrong_bytes(chunk, recorded) == changed
    unsealed = tmp_path / "older.parquet"
    pq.write_table(pa.table({"smiles": ["CCO"]}), unsealed)
    assert wrong_bytes(unsealed, None) is None
    assert wrong_bytes(unsealed, sha256(unsealed)) is None
    assert wrong_bytes(unsealed, sealed) == changed


def test_damaged_chunks_are_counted_and_the_first_is_named(chunk: Path, tmp_path: Path) -> None:
    check_chunks([chunk, chunk])
    cut, gone = tmp_path / "cut.parquet", tmp_path / "gone.parquet"
    cut.write_bytes(chunk.read_bytes()[:-9])
    for paths, where in (
        ([chunk, cut], str(cut)),
        ([gone, chunk, cut], f"{gone}, and 1 more"),
        ([cut, gone, gone, chunk], f"{cut}, and 2 more"),
    ):
        with pytest.raises(UserError, match="a chunk file is damaged or gone") as caught:
            check_chunks(paths)
        assert caught.value.where == where
    with pytest.raises(UserError, match="gone: missing"):
        check_chunks([gone])
    remove_damaged([chunk, cut, gone])
    assert chunk.exists() and not cut.exists()
