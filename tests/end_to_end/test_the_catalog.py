"""The catalog is whole or absent, and answers for the folder in which it stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from halogenator.cli import main
from helpers.finished import JOBS, Finished
from helpers.mounted import mounted
from helpers.runs import OME, snakemake

VIEWS = ("molecules", "products", "rejects", "libraries", "jobs")
NOTES = "CREATE TABLE notes AS SELECT 'try this one' AS note"
# Opens the catalog as a person's own program does, writes into it, and goes on until its input ends.
PERSON = f"""
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute({NOTES!r})
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def results(finished: Finished, tmp_path: Path) -> Path:
    """Results of a folder that was copied, for which no verb has answered yet."""
    return finished.copy(tmp_path / "o'brien's copy [2]") / "results"


def catalog_verb(results: Path, out: Path) -> int:
    return main(["catalog", "--results", str(results), "--summary", str(results / "summary.tsv"), "--out", str(out)])


def asked(results: Path, capsys: pytest.CaptureFixture[str], sql: str = "SELECT count(*) AS n FROM products") -> str:
    """What ``query`` prints."""
    capsys.readouterr()
    assert main(["query", sql, "--catalog", str(results / "catalog.duckdb")]) == 0
    return capsys.readouterr().out


def toured(results: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["tour", "--results", str(results)]) == 0
    return capsys.readouterr().out


def answers_from_anywhere(results: Path) -> None:
    """A DuckDB that knows nothing of us reads all views, and from this folder."""
    with duckdb.connect(str(results / "catalog.duckdb"), read_only=True) as connection:
        for view in VIEWS:
            assert connection.execute(f"SELECT count(*) FROM {view}").fetchone() > (0,)
        texts = connection.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
    escaped = str(results.resolve()).replace("[2]", "[[]2]").replace("'", "''")
    assert all(escaped in text for (text,) in texts)


def lose_a_job(results: Path) -> None:
    """Make these results unlike those that they were copied from: 25 products of 78."""
    shutil.rmtree(results / f"products/library=mine/transform={OME}")


# ---- whole or absent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kilobytes", [4, 100, 260])
def test_a_full_disk_leaves_no_catalog_and_says_so(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str], kilobytes: int
) -> None:
    with mounted(tmp_path / "full", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"):
        assert catalog_verb(finished.folder / "results", tmp_path / "full" / "catalog.duckdb") == 1
        said = capsys.readouterr().err
        assert "cannot write: the disk is full" in said
        assert str(tmp_path / "full" / "catalog.duckdb") in said
        assert "fix:" in said
        assert list((tmp_path / "full").iterdir()) == []


def test_a_full_disk_leaves_the_old_catalog_as_it_was(results: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "full", "-t", "tmpfs", "-o", "size=400k", "tmpfs"):
        out = tmp_path / "full" / "catalog.duckdb"
        assert catalog_verb(results, out) == 0
        before = out.read_bytes()
        assert catalog_verb(results, out) == 1
        assert {out, out.with_name("audit.tsv")} == set(out.parent.iterdir())
        assert out.read_bytes() == before


def test_duckdb_from_0_10_2_on_opens_the_catalog(results: Path) -> None:
    assert catalog_verb(results, results / "catalog.duckdb") == 0
    head = (results / "catalog.duckdb").read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    assert int.from_bytes(head[12:20], "little") == 64  # the storage version of DuckDB 0.10.2 to 1.1


def wal(kind: str, catalog: Path, folder: Path) -> bytes:
    """What a program that was killed as it wrote into a database leaves beside it."""
    database = folder / "database.duckdb"
    if kind == "of this catalog":
        shutil.copy(catalog, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(NOTES)
        return database.with_name("database.duckdb.wal").read_bytes()


@pytest.mark.parametrize("kind", ["of this catalog", "of another database"])
def test_another_programs_wal_goes_with_the_catalog_that_is_replaced(results: Path, tmp_path: Path, kind: str) -> None:
    catalog, left = results / "catalog.duckdb", results / "catalog.duckdb.wal"
    left.write_bytes(wal(kind, catalog, tmp_path))
    assert catalog_verb(results, catalog) == 0
    assert not left.exists()
    answers_from_anywhere(results)


def test_query_gets_rid_of_a_wal_that_makes_the_catalog_unreadable(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog, left = results / "catalog.duckdb", results / "catalog.duckdb.wal"
    for content in (wal("of another database", catalog, tmp_path), bytes(range(256)) * 2):
        left.write_bytes(content)
        assert " 78 " in asked(results, capsys)
        assert not left.exists()
        answers_from_anywhere(results)


@pytest.mark.parametrize("content", [b"", b"nothing that DuckDB knows", None], ids=["empty", "text", "cut off"])
def test_a_catalog_that_cannot_be_opened_is_made_anew(
    results: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    catalog = results / "catalog.duckdb"
    catalog.write_bytes(catalog.read_bytes()[:100_000] if content is None else content)
    assert " 78 " in asked(results, capsys)
    answers_from_anywhere(results)


def test_a_catalog_without_views_is_made_anew(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a full disk left them before."""
    (results / "catalog.duckdb").unlink()
    duckdb.connect(str(results / "catalog.duckdb")).close()
    assert "with 78 products" in toured(results, capsys)
    answers_from_anywhere(results)


# ---- while it is replaced --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [("summary.tsv",), ("catalog.duckdb", "summary.tsv")])
def test_query_and_tour_answer_while_a_run_makes_the_catalog_anew(
    results: Path, capsys: pytest.CaptureFixture[str], gone: tuple[str, ...]
) -> None:
    """Snakemake removes what a task is about to make."""
    for name in gone:
        (results / name).unlink()
    assert "with 78 products" in toured(results, capsys)
    assert " 78 " in asked(results, capsys)
    assert f"{len(JOBS)}" in asked(results, capsys, "SELECT count(*) AS n FROM jobs")
    assert not any((results / name).exists() for name in gone)


def test_a_catalog_in_use_by_another_program_is_answered_for_and_replaced(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = results / "catalog.duckdb"
    assert catalog_verb(results, catalog) == 0
    words = [sys.executable, "-c", PERSON, str(catalog)]
    person = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert person.stdout.readline() == "ready\n"
        inode = catalog.stat().st_ino
        assert " 78 " in asked(results, capsys)
        assert "with 78 products" in toured(results, capsys)
        assert catalog.stat().st_ino == inode  # a verb that only asks takes nothing from the other program
        assert catalog_verb(results, catalog) == 0
        assert " 78 " in asked(results, capsys)
    finally:
        person.communicate("")
    assert person.returncode == 0
    assert " 78 " in asked(results, capsys)
    answers_from_anywhere(results)


def test_a_database_of_ones_own_is_only_read(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = results / "own.duckdb"
    with duckdb.connect(str(own)) as connection:
        connection.execute("CREATE VIEW products AS SELECT 'CCO' AS smiles")
    before = own.read_bytes()
    assert main(["query", "FROM products", "--catalog", str(own)]) == 0
    assert main(["query", "FROM products", "--results", str(own.parent)]) == 0
    assert "CCO" in capsys.readouterr().out
    assert own.read_bytes() == before


# ---- results that were moved or copied -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["query", "tour"])
def test_a_copy_answers_for_itself(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], first: str
) -> None:
    """The results that it was copied from still stand, and are answered for as before."""
    assert catalog_verb(results, results / "catalog.duckdb") == 0
    copy = Path(shutil.copytree(results, tmp_path / "second [2]" / "results"))
    lose_a_job(copy)
    dated = (copy / "catalog.duckdb").stat().st_mtime_ns
    (toured if first == "tour" else asked)(copy, capsys)
    answers_from_anywhere(copy)
    assert (copy / "catalog.duckdb").stat().st_mtime_ns == dated  # so the report is not made again
    assert " 25 " in asked(copy, capsys)
    assert " 78 " in asked(results, capsys)
    answers_from_anywhere(results)


def test_moved_results_that_are_only_to_be_read_answer_for_themselves(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lose_a_job(results)
    with mounted(tmp_path / "moved", "--bind", str(results)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(tmp_path / "moved")], check=True)
        assert " 25 " in asked(tmp_path / "moved", capsys)
        assert f"Results are in {tmp_path / 'moved'}" in toured(tmp_path / "moved", capsys)
        report = tmp_path / "report.html"
        assert main(["report", "--results", str(tmp_path / "moved"), "--out", str(report)]) == 0
        assert report.stat().st_size > 100_000


def test_a_persons_table_in_a_moved_catalog_stays(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(results / "catalog.duckdb")) as connection:
        connection.execute(NOTES)
    moved = results.rename(tmp_path / "moved")
    assert " 78 " in asked(moved, capsys)
    with duckdb.connect(str(moved / "catalog.duckdb"), read_only=True) as connection:
        assert connection.execute("FROM notes").fetchall() == [("try this one",)]


@pytest.mark.long
def test_results_that_were_moved_with_their_inputs_are_not_made_again(results: Path, tmp_path: Path) -> None:
    moved = results.parent.rename(tmp_path / "elsewhere [2]")
    assert "Nothing to be done" in snakemake(moved, "--cores", 2)
    answers_from_anywhere(moved / "results")
    assert "Nothing to be done" in snakemake(moved, "-n")
