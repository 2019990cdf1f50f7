"""Messages of apply: they name its options, and following them works."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.cli.apply_verb import as_options

PHENOL = "[c:1][OX2H:2]"


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
    Path("mine.csv").write_text("Nr;Struktur\nP-001;Oc1ccc(C=O)cc1\nP-002;Oc1ccccc1O\n")
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
    environment = dict(os.environ)
    assert main([*words, *fix.removeprefix("name it: ").split()]) == 0
    assert dict(os.environ) == environment  # that of its tasks is their own
    assert pq.read_table("out/products.parquet")["smiles"].to_pylist() == ["COc1ccc(C=O)cc1", "COc1ccccc1O"]
