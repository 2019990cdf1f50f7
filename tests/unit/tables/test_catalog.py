"""Queries of the catalog, and the summary of all jobs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from halogenator.cli import main


@pytest.mark.parametrize(("asked", "shown"), [(5, 5), (1, 1), (8, 8), (30, 8), (7, 7)])
def test_query_prints_as_many_rows_as_asked_and_says_how_many_there_are(
    asked: int, shown: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = tmp_path / "catalog.duckdb"
    with duckdb.connect(str(catalog)) as connection:
        connection.execute("CREATE TABLE products AS SELECT 'CC' || i AS smiles FROM range(8) t(i)")
    assert main(["query", "SELECT smiles FROM products", "--catalog", str(catalog), "--rows", str(asked)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("CC") == shown
    assert ("of 8 rows" in printed) == (asked < 8)


def test_query_takes_no_number_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["query", "SELECT 1", "--rows", "-1"])
    assert "-1" in capsys.readouterr().err


def test_damaged_statistics_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stats" / "products" / "mine" / "T.json"
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"library": "mine"}'):
        path.write_text(text)
        assert main(["summarize", "--results", str(tmp_path), "--out", str(tmp_path / "s.tsv")]) == 1
        assert f"where:   {path}" in capsys.readouterr().err
