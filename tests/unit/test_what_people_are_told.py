"""What is shown to people is so: numbers of rows, the plan, words instead of tracebacks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.cli.apply_verb import as_options
from halogenator.model import Library
from halogenator.planning.sample import read_sample
from halogenator.planning.speed import LIBRARY, finished_in, recorded_speed
from halogenator.upkeep.diagnose import _windows
from snakemake_logger_plugin_halogenator.configfiles import explain

PHENOL = "[c:1][OX2H:2]"


# ---- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "wanted"), [(49, 5000), (5000, 5000), (11, 10), (1, 1), (12_345, 3_001), (2_100, 2_000)]
)
def test_diagnose_takes_no_row_twice_and_as_many_as_asked(total: int, wanted: int) -> None:
    rows = [row for start, stop in _windows(total, wanted) for row in range(start, stop)]
    assert len(rows) == len(set(rows))
    assert 0.99 * min(total, wanted) <= len(rows) <= min(total, wanted)
    assert rows[-1] < total


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


# ---- the plan --------------------------------------------------------------------------------------------------------


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
    assert 0.9 * expected < sample.scale * sum(sites[PHENOL] for sites in sample.sites) < 1.1 * expected
    assert sample == read_sample(Library("big", "polyphenol", paths=(path,)), {PHENOL: "phenols"})


def test_of_a_compressed_file_the_first_rows_stand_for_all_and_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "big.smi.gz"
    path.write_bytes(gzip.compress("".join(f"{smiles}\n" for smiles in sorted_phenols(40_000)).encode(), 1))
    assert read_sample(Library("big", "polyphenol", paths=(path,)), {PHENOL: "phenols"}).first


def stats(**values: Any) -> str:
    figures = {"chunks": 1, "duplicates": 0, "bytes": 130_000, "usage": {"cpu_seconds": 20.0}}
    return json.dumps({**figures, **values})


def test_the_speed_of_all_that_was_ever_finished_counts(tmp_path: Path) -> None:
    for place, text in {
        "libraries/mine.json": stats(library="mine", **{"class": "lipid"}, molecules=10_000, k=None),
        "products/mine/T.json": stats(library="mine", transform="T", products=10_000),
        "products/mine/U.json": "{",
        "products/gone/T.json": "[]",
    }.items():
        path = tmp_path / "stats" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    speed = recorded_speed(finished_in(tmp_path))
    assert speed.recorded
    assert set(speed.row_seconds) == {LIBRARY, "lipid", "any class"}
    assert not recorded_speed(finished_in(tmp_path / "elsewhere")).recorded


# ---- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "---\n"])
def test_an_empty_configuration_file_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text(text, encoding="utf-8")
    assert main(["check", "my.yaml"]) == 1
    assert "my.yaml holds no key" in capsys.readouterr().err
    assert "my.yaml holds no key" in str(explain("Config file must be given as YAML", lambda: [Path("my.yaml")]))


def test_a_target_behind_configfile_is_told_from_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text("select: {transforms: []}\n", encoding="utf-8")
    Path("broken.yaml").write_text("a: [1\n", encoding="utf-8")
    said = "UnicodeDecodeError in load_configfile"
    target = "results/summary.tsv"
    assert f"-- {target}" in str(explain(said, lambda: [Path("my.yaml"), Path(target)]))
    assert "did you mean 'my.yaml'?" in str(explain(said, lambda: [Path("mi.yaml")]))
    assert "cannot be read as YAML" in str(explain(said, lambda: [Path("broken.yaml")]))
    assert explain(said, lambda: [Path("my.yaml")]) is None
    assert explain("some other error", lambda: [Path(target)]) is None


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
    from halogenator.process.failures import explain as in_words

    assert "python -m halogenator verify" in str(in_words(caught.value))


def test_damaged_statistics_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stats" / "products" / "mine" / "T.json"
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"library": "mine"}'):
        path.write_text(text)
        assert main(["summarize", "--results", str(tmp_path), "--out", str(tmp_path / "s.tsv")]) == 1
        assert f"where:   {path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("name it: smiles_column: Struktur", "name it: --smiles-column Struktur"),
        ("set smiles_column: Mol SMILES", "set --smiles-column 'Mol SMILES'"),
        (
            "name it: smiles_column: <the column that has the SMILES>",
            "name it: --smiles-column <the column that has the SMILES>",
        ),
        (
            "leave smiles_column and id_column out, or add a header line",
            "leave --smiles-column and --id-column out, or add a header line",
        ),
        ("name another column (id_column: ...)", "name another column (--id-column ...)"),
        ("set encoding: cp1252", "set --encoding cp1252"),
        ("it has the columns a, b", "it has the columns a, b"),
    ],
)
def test_apply_names_its_options_and_not_keys(said: str, meant: str) -> None:
    assert as_options(said) == meant


def test_the_advice_of_apply_works_when_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("Nr;Struktur\nP-001;Oc1ccc(C=O)cc1\nP-002;Oc1ccccc1O\n", encoding="utf-8")
    words = [
        "apply",
        "--input",
        "mine.csv",
        "--outdir",
        "out",
        "--transform",
        "FG_PHENOL_OH__OH__TO__OMe",
        "--workers",
        "1",
    ]
    assert main(words) == 1
    fix = capsys.readouterr().err.partition("fix:")[2].strip()
    assert fix == "name it: --smiles-column Struktur"
    assert main([*words, *fix.removeprefix("name it: ").split()]) == 0
    assert pq.read_table("out/products.parquet")["smiles"].to_pylist() == ["COc1ccc(C=O)cc1", "COc1ccccc1O"]
