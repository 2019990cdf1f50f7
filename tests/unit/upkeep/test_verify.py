"""Whatever is wrong with a file is found, and what is sound or still being written is not complained of."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.model import Library, Recipe
from halogenator.planning.sample import sampled
from halogenator.results import Results
from halogenator.tables.catalog import write_catalog, write_summary
from halogenator.tables.columns import PRODUCTS
from halogenator.tables.parquet import table_writer
from halogenator.tables.seal import read_seal, sha256
from halogenator.tasks.commands import MergeLibrary, MergeProducts
from helpers.samples import few
from helpers.verbs import QUERIES, build_library, do, job_of, run_job

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
ROWS = [
    ("catechol", "Oc1ccccc1O"),
    ("gallic acid", "OC(=O)c1cc(O)c(O)c(O)c1"),
    ("again", "OC1=CC=CC=C1O"),
    ("slip", "Oc"),
]

MOLECULES = "libraries/library=mine/molecules.parquet"
MOLECULES_STATS = "stats/libraries/mine.json"
JOB = "products/library=mine/transform=T"
STATS = "stats/products/mine/T.json"
PRODUCTS_FILE = f"{JOB}/products.parquet"
Said = list[list[str]]  # a line's status, path and detail


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results of a library and a job, as the rules lay them out."""
    folder = tmp_path_factory.mktemp("made")
    results = folder / "results"
    made = build_library(folder, ROWS, queries=QUERIES[:1])
    recipe = Recipe(Library("mine", "polyphenol", paths=(folder / "mine.parquet",)))
    do(MergeLibrary(recipe=recipe, **_merged(folder, "library", Results(results).files("mine"))))
    run_job(folder, made.path, OME)
    do(
        MergeProducts(
            job=job_of(OME), molecules=made.path, **_merged(folder, "chunk", Results(results).files("mine", "T"))
        )
    )
    return results


def _merged(folder: Path, name: str, places: tuple[Path, Path, Path]) -> dict[str, object]:
    chunks = {"chunks": [folder / f"{name}-0.parquet"], "reject_chunks": [folder / f"{name}-rejects-0.parquet"]}
    files = dict(zip(("out", "rejects", "stats"), places, strict=True))
    return {**chunks, **files, "scratch": folder / "scratch"}


@pytest.fixture
def results(sound: Path, tmp_path: Path) -> Path:
    """Return a copy, to spoil."""
    return Path(shutil.copytree(sound, tmp_path / "results"))


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Said, str]]:
    """Return the verb: it gives the exit status, what was said of each file, and the last line."""

    def run(*words: object) -> tuple[int, Said, str]:
        capsys.readouterr()
        status = main(["verify", *map(str, words), "--verbose", "--scratch", str(tmp_path / "scratch")])
        *lines, last = capsys.readouterr().out.splitlines() or [""]
        return status, [line.split("  ", 2) for line in lines], last

    return run


def only_bad(answer: tuple[int, Said, str], path: Path) -> str:
    """Return what is said of a file, after checking that it is the only bad one."""
    status, said, last = answer
    bad = [(where, why) for state, where, why in said if state == "BAD"]
    assert status == 1
    assert [where for where, _ in bad] == [str(path)]
    assert last.endswith("1 BAD")
    return bad[0][1]


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a file's table and leave it whole; its record goes, which would tell at once."""
    pq.write_table(change(pq.read_table(path, partitioning=None)), path)
    for stats in (path.parents[3] / STATS, path.parents[2] / MOLECULES_STATS):
        stats.unlink(missing_ok=True)


Verify = Callable[..., tuple[int, Said, str]]


def test_sound_results_are_ok(results: Path, verify: Verify) -> None:
    status, said, last = verify(results)
    assert status == 0
    rows = {Path(path).relative_to(results).as_posix(): (state, int(detail)) for state, path, detail in said}
    assert rows == {
        MOLECULES: ("ok", 2),
        PRODUCTS_FILE: ("ok", 3),
        "rejects/libraries/library=mine/rejects.parquet": ("ok", 2),
        f"rejects/{JOB}/rejects.parquet": ("ok", 0),
    }
    assert last == "All is well: 4 files are whole, 4 of them as they were recorded"


def test_without_verbose_a_line_says_that_all_is_well(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And of bad files, which alone are named then, one line each."""
    assert main(["verify", str(results)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "All is well: 4 files are whole, 4 of them as they were recorded\n"
    assert not captured.err
    products = results / PRODUCTS_FILE
    products.write_bytes(products.read_bytes()[:-9])
    assert main(["verify", str(results)]) == 1
    named, last = capsys.readouterr().out.splitlines()
    assert named.startswith(f"BAD  {products}  ")
    assert last == "4 files: 3 ok, 0 of them without record; 1 BAD"


def test_a_single_file_knows_its_record(results: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results / JOB)
    assert verify("products.parquet")[1] == [["ok", "products.parquet", "3"]]


def test_results_from_before_checksums_say_so(results: Path, verify: Verify) -> None:
    for name in (STATS, MOLECULES_STATS):
        stats = json.loads((results / name).read_text())
        del stats["checksums"], stats["sha256"]
        (results / name).write_text(json.dumps(stats))
    status, said, last = verify(results)
    assert status == 0
    assert {state for state, *_ in said} == {"ok, no record"}
    assert last == "All is well: 4 files are whole, 0 of them as they were recorded; 4 without a record"


def test_the_seal_is_what_statistics_record(results: Path, verify: Verify) -> None:
    """Found without them as well; in statistics of earlier versions the SHA-256 of the whole file stands instead."""
    path, stats = results / PRODUCTS_FILE, json.loads((results / STATS).read_text())
    assert stats["checksums"]["products.parquet"] == read_seal(path)
    del stats["sha256"]
    rejects = results / "rejects" / JOB / "rejects.parquet"
    stats["checksums"] = {"products.parquet": sha256(path), "rejects.parquet": sha256(rejects)}
    (results / STATS).write_text(json.dumps(stats))
    status, said, _ = verify(results)
    assert (status, {state for state, *_ in said}) == (0, {"ok"})
    stats["checksums"]["products.parquet"] = sha256(rejects)
    (results / STATS).write_text(json.dumps(stats))
    assert "another checksum than in" in only_bad(verify(results), path)


@pytest.mark.parametrize("recorded", few([True, False], 1))
def test_any_flipped_bit_is_found(results: Path, verify: Verify, recorded: bool) -> None:
    path, seed = results / PRODUCTS_FILE, 20261124
    print("seed", seed)
    if not recorded:
        (results / STATS).unlink()
    whole = path.read_bytes()
    # A bit of the seal's own name makes it one that is not there, which only the record tells.
    stop = len(whole) if recorded else len(whole) - pq.read_metadata(path).serialized_size
    choose = random.Random(seed)
    for _ in range(40):
        data = bytearray(whole)
        data[choose.randrange(stop)] ^= 1 << choose.randrange(8)
        path.write_bytes(data)
        only_bad(verify(results), path)


@pytest.mark.parametrize("name", [MOLECULES, PRODUCTS_FILE, f"rejects/{JOB}/rejects.parquet"])
def test_a_truncated_file(results: Path, verify: Verify, name: str) -> None:
    path = results / name
    path.write_bytes(path.read_bytes()[:-9])
    only_bad(verify(results), path)


def test_an_empty_file(results: Path, verify: Verify) -> None:
    (results / PRODUCTS_FILE).write_bytes(b"")
    assert only_bad(verify(results), results / PRODUCTS_FILE) == "empty"


def test_a_file_of_other_rows_than_recorded(results: Path, verify: Verify) -> None:
    path = results / PRODUCTS_FILE
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.slice(0, 2), path)
    assert only_bad(verify(results), path).startswith("2 rows, where ")


def test_a_recorded_file_that_is_gone(results: Path, verify: Verify) -> None:
    (results / PRODUCTS_FILE).unlink()
    assert only_bad(verify(results), results / PRODUCTS_FILE).startswith("missing")


@pytest.mark.parametrize(("name", "key"), [(PRODUCTS_FILE, "smiles"), (MOLECULES, "smiles"), (MOLECULES, "id")])
def test_a_key_that_two_rows_share(results: Path, verify: Verify, name: str, key: str) -> None:
    def repeat(table: pa.Table) -> pa.Table:
        values = table.column(key).to_pylist()
        return table.set_column(table.schema.get_field_index(key), key, [[*values[:-1], values[0]]])

    rewrite(results / name, repeat)
    rows = pq.read_metadata(results / name).num_rows
    assert only_bad(verify(results), results / name) == f"rows 1 and {rows} have the same {key}"


def test_a_row_without_key(results: Path, verify: Verify) -> None:
    def forget(table: pa.Table) -> pa.Table:
        return table.set_column(0, "id", pa.array([None, "x"], pa.string()))

    rewrite(results / MOLECULES, forget)
    assert "without id" in only_bad(verify(results), results / MOLECULES)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda table: table.drop_columns(["site"]), "no column site"),
        (lambda table: table.append_column("MW", pa.array([1.0] * len(table))), "a column MW"),
        (lambda table: table.set_column(2, "site", table.column("site").cast(pa.int64())), "column site is int64"),
        (lambda table: table.select(["smiles"]), "no column parent_id"),
    ],
    ids=["a column less", "a column more", "another type", "an earlier pipeline's"],
)
def test_a_wrong_schema(results: Path, verify: Verify, change: Callable[[pa.Table], pa.Table], reason: str) -> None:
    rewrite(results / PRODUCTS_FILE, change)
    assert only_bad(verify(results), results / PRODUCTS_FILE).startswith(reason)


@pytest.mark.parametrize("text", ["COc1ccccc", "C(C)(C)(C)(C)C", ""])
def test_a_smiles_that_rdkit_cannot_read(results: Path, verify: Verify, text: str) -> None:
    rewrite(results / PRODUCTS_FILE, lambda table: table.set_column(0, "smiles", [[*["C", "CC"], text]]))
    assert only_bad(verify(results), results / PRODUCTS_FILE) == f"row 3: RDKit cannot read {text!r}"


def test_a_file_in_another_jobs_folder(results: Path, verify: Verify) -> None:
    moved = results / "products/library=mine/transform=U/products.parquet"
    moved.parent.mkdir()
    shutil.copy(results / PRODUCTS_FILE, moved)
    assert only_bad(verify(results), moved) == "made for transform T, not for U"


def test_a_sample_is_read_unless_all_are_asked_for(tmp_path: Path, verify: Verify) -> None:
    """One of 5,000 rows, which is not in the sample."""
    path = tmp_path / "products.parquet"
    assert 4_001 not in set(sampled(5_000, 1_000, 0, 5_000))
    with table_writer(path, PRODUCTS, {}) as writer:
        for row in range(5_000):
            writer.append(f"[CH4:{row + 1}]" if row != 4_001 else "CO(", "parent", 0, 1, None)
    assert verify(path)[1] == [["ok, no record", str(path), "5000"]]
    assert only_bad(verify(path, "--all"), path) == "row 4002: RDKit cannot read 'CO('"


@pytest.mark.parametrize(("rows", "size"), [(0, 10), (1, 10), (10, 10), (7, 3), (100_003, 1_000)])
def test_a_sample_is_the_same_however_it_is_read(rows: int, size: int) -> None:
    whole = list(sampled(rows, size, 0, rows))
    assert len(set(whole)) == min(rows, size)
    assert all(0 <= row < rows for row in whole)
    pieces = [row for start in range(0, rows, 64) for row in sampled(rows, size, start, min(start + 64, rows))]
    assert pieces == whole


def test_what_a_running_task_writes_is_passed_over(results: Path, verify: Verify) -> None:
    half = results / f"{PRODUCTS_FILE}.tmp.4711"
    half.write_bytes(b"PAR1")
    chunk = results / "work/products/mine/T/000of001.products.parquet"
    chunk.parent.mkdir(parents=True)
    chunk.write_bytes(b"PAR1")
    status, said, last = verify(results)
    assert status == 0
    assert [path for state, path, _ in said if state == "skip"] == [str(results / "work")]
    assert last.startswith("All is well: 4 files ")
    only_bad(verify(results / "work"), chunk)  # unless it is asked for


def test_a_parquet_of_another_kind_is_read_to_its_end(results: Path, verify: Verify) -> None:
    path = results / "monitor.parquet"
    pq.write_table(pa.table({"mb": list(range(10_000))}), path)
    assert ["ok, no record", str(path), "10000"] in verify(results)[1]
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)
    path.write_bytes(data)
    only_bad(verify(results), path)


def test_a_link_to_nothing(results: Path, verify: Verify) -> None:
    path = results / "lost.parquet"
    path.symlink_to(results / "nowhere")
    only_bad(verify(results), path)


def test_a_path_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "nowhere")]) == 1
    assert "nothing to verify" in capsys.readouterr().err


def test_summary_and_catalog_read_statistics_with_and_without_checksums(results: Path) -> None:
    stats = json.loads((results / MOLECULES_STATS).read_text())
    del stats["checksums"]
    (results / "stats/libraries/older.json").write_text(json.dumps(stats | {"library": "older"}))
    write_summary(results, results / "summary.tsv")
    write_catalog(results, results / "summary.tsv", results / "catalog.duckdb", memory_mb=500)
    with duckdb.connect(str(results / "catalog.duckdb"), read_only=True) as catalog:
        assert catalog.execute("SELECT library, molecules FROM libraries ORDER BY 1").fetchall() == [
            ("mine", 2),
            ("older", 2),
        ]
        assert catalog.execute("SELECT transform, products FROM jobs").fetchall() == [("T", 3)]


@pytest.mark.parametrize("change", ["none", "a column fewer", "another type"])
def test_catalog_holds_jobs_of_other_columns(results: Path, change: str) -> None:
    """As when a run with other descriptors has done some of its jobs."""
    (first,) = results.glob("products/library=mine/transform=*/products.parquet")
    table = pq.read_table(first, partitioning=None)
    if change == "a column fewer":
        table = table.drop_columns(["mw"])
    elif change == "another type":
        table = table.set_column(table.column_names.index("mw"), "mw", table["mw"].cast(pa.float64()))
    for name in ("A", "Z"):  # before and after the other one
        other = results / f"products/library=mine/transform={name}/products.parquet"
        other.parent.mkdir()
        pq.write_table(table, other)
    write_summary(results, results / "summary.tsv")
    write_catalog(results, results / "summary.tsv", results / "catalog.duckdb", memory_mb=500)
    with duckdb.connect(str(results / "catalog.duckdb"), read_only=True) as catalog:
        found = catalog.execute(
            "SELECT transform, count(*), count(mw) FROM products GROUP BY ALL ORDER BY 1"
        ).fetchall()
    known = 0 if change == "a column fewer" else 3
    assert found == [("A", 3, known), ("T", 3, 3), ("Z", 3, known)]
