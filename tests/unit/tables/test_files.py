"""Files are whole or absent, batches are bounded by bytes, chunks balance sites, a folder has one run at a time."""

import itertools
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.errors import UserError
from halogenator.planning.chunks import chunk_bounds
from halogenator.process.ownership import unfinished
from halogenator.process.run_folder import claim_folder
from halogenator.tables.columns import Column
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import open_parquet, read_rows, table_writer, verify, whole_or_absent

COLUMNS = (Column("smiles", pa.string(), "SMILES"), Column("sites", pa.int32(), "sites"))


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "products.parquet"
    note: dict[str, object] = {}
    with table_writer(path, COLUMNS, note) as writer:
        writer.append("CCO", 1)
        assert not path.exists()
        note["rows_in"] = 1
    assert pq.read_table(path).to_pylist() == [{"smiles": "CCO", "sites": 1}]
    assert read_metadata(path) == {"rows_in": 1}


def test_a_file_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "products.parquet"
    path.write_text("what was there")
    with pytest.raises(RuntimeError), table_writer(path, COLUMNS, {}) as writer:
        writer.append("CCO", 1)
        raise RuntimeError("power failure")
    assert [file.name for file in tmp_path.iterdir()] == ["products.parquet"]
    assert path.read_text() == "what was there"


def test_what_a_killed_process_left_is_removed_and_nothing_like_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    left = unfinished(path, 4711)
    yours = ("a.parquet.tmp.bak", "a.parquet.tmp.2024", "a.parquet.tmpl", f"{left.name}.bak", f"b{left.name[1:]}")
    for name in (*yours, left.name, f"{left.name}.wal"):
        (tmp_path / name).write_text("mine")
    with whole_or_absent(path) as temporary:
        temporary.touch()
    assert {file.name for file in tmp_path.iterdir()} == {path.name, *yours}


def test_a_file_with_fewer_rows_than_were_written_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "products.parquet"
    pq.write_table(pa.table({"smiles": ["CCO"]}), path)
    with pytest.raises(UserError, match="the disk or its network lost something") as raised:
        verify(path, rows=2)
    assert (raised.value.value, raised.value.allowed) == ("1 rows", "2 rows")


def test_a_truncated_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "products.parquet"
    pq.write_table(pa.table({"smiles": ["CCO"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError) as caught:
        open_parquet(path)
    assert str(path) in str(caught.value)
    assert "run again" in str(caught.value)


def test_batches_are_cut_by_bytes_not_by_rows(tmp_path: Path) -> None:
    path = tmp_path / "peptides.parquet"
    with table_writer(path, COLUMNS, {}) as writer:
        for _ in range(50):
            writer.append("N" * 1_000_000, 1)
    assert pq.read_metadata(path).num_row_groups >= 6
    assert pq.read_metadata(path).num_rows == 50


def test_rows_are_read_from_where_a_chunk_begins_to_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "molecules.parquet"
    pq.write_table(pa.table({"row": range(1000)}), path, row_group_size=64)
    for start, stop in ((0, 1000), (0, 0), (63, 65), (64, 128), (999, 1000), (100, 901)):
        batches = read_rows(open_parquet(path), ["row"], start, stop, batch_rows=10)
        assert [row for batch in batches for row in batch.column(0).to_pylist()] == list(range(start, stop))


@pytest.mark.parametrize("sites", [[3] * 40, [0] * 40, [0, 100, 0, 0, 1, 1, 1, 7, 50, 0], [1], [], [0, 0, 9]])
@pytest.mark.parametrize("chunks", [1, 2, 3, 7, 60])
def test_chunks_cover_every_row_once_and_balance_sites(tmp_path: Path, sites: list[int], chunks: int) -> None:
    path = tmp_path / "molecules.parquet"
    pq.write_table(pa.table({"sites": pa.array(sites, pa.int32())}), path, row_group_size=4)
    bounds = [chunk_bounds(open_parquet(path), ["sites"], number, chunks) for number in range(chunks)]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == len(sites)
    assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(bounds))
    weights = [sum(sites[start:stop]) for start, stop in bounds]
    assert max(weights) <= sum(sites) / chunks + max(sites, default=0)


def test_a_second_run_in_a_folder_is_refused_and_a_dead_ones_lock_is_not_kept(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from halogenator.process.run_folder import claim_folder; "
            "claim_folder(Path(sys.argv[1]), Path(sys.argv[2]), cap_mb=1); print('held', flush=True); sys.stdin.read()",
            tmp_path / ".snakemake",
            tmp_path / "scratch",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UserError, match="another run is going on") as caught:
        claim_folder(tmp_path / ".snakemake", tmp_path / "scratch", cap_mb=1)
    assert str(holder.pid) in str(caught.value)
    stale = tmp_path / ".snakemake" / "locks" / "0.output.lock"
    stale.parent.mkdir()
    stale.touch()
    holder.kill()
    holder.wait()
    claim_folder(tmp_path / ".snakemake", tmp_path / "scratch", cap_mb=1)
    assert not stale.exists()
