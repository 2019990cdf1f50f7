"""Exports of what is in results or in files, and of what is not: as RDKit tells molecules apart, in any format."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from halogenator.cli import main
from helpers.exports import OME, PHENOLS, export, lay_out, rows

NAMED = PHENOLS | {
    "4-hydroxycoumarin": "O=c1cc(O)c2ccccc2o1",
}
GUAIACOL, ISOVANILLIC = "COc1ccccc1O", "OC(=O)c1cc(OC)c(O)c(O)c1"
# What is known, as people write it: another order of atoms, a salt, an extension, no molecule, one that is not made.
KNOWN = [
    ("c1cc(OC)c(O)cc1", "guaiacol"),
    ("[Na+].[O-]C(=O)c1cc(OC)c(O)c(O)c1", "a salt"),
    ("C1CC(", "slip"),
    ("CCO", ""),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("made"), list(NAMED.items()), OME)


def smiles_of(paths: list[Path]) -> list[str]:
    return [row["smiles"] for row in rows(paths)]


def known_file(path: Path) -> Path:
    separator = "\t" if path.suffix == ".tsv" else ","
    lines = [separator.join(("smiles", "name")), *(separator.join(row) for row in KNOWN)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "smi"])
def test_novel_is_all_but_what_a_file_has_in_whatever_form(results: Path, tmp_path: Path, ending: str) -> None:
    known = known_file(tmp_path / f"known.{ending}")
    if ending == "smi":
        known.write_text("".join(f"{smiles} {name}\n" for smiles, name in KNOWN))
    every = smiles_of(export(results, tmp_path / "all.csv", "--library", "mine"))
    novel = smiles_of(export(results, tmp_path / "novel.csv", "--library", "mine", "--novel", known))
    taken = {Chem.CanonSmiles(GUAIACOL), Chem.CanonSmiles(ISOVANILLIC)}
    assert taken < set(every)
    assert novel == [smiles for smiles in every if smiles not in taken]
    manifest = json.loads((tmp_path / "novel.csv.json").read_text())
    assert manifest["left_out"] == [{"kind": "novel", "name": str(known), "rows": 2}]
    assert manifest["compared_with"] == [{"source": str(known), "rows": 4, "unreadable": 1}]


def test_in_and_not_in_share_out_all_rows(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = lay_out(
        tmp_path, [("phenol", "Oc1ccccc1"), ("gallic acid", NAMED["gallic acid"]), ("guaiacol", GUAIACOL)], OME
    )
    every = smiles_of(export(results, tmp_path / "all.csv", "--library", "mine"))
    both = smiles_of(export(results, tmp_path / "both.csv", "--library", "mine", "--in", other))
    mine = smiles_of(export(results, tmp_path / "mine.csv", "--library", "mine", "--not-in", other))
    tables = [*other.glob("*/*/molecules.parquet"), *other.glob("*/*/*/products.parquet")]
    there = {smiles for path in tables for smiles in pq.ParquetFile(path).read()["smiles"].to_pylist()}
    assert both and mine
    assert both == [smiles for smiles in every if smiles in there]
    assert mine == [smiles for smiles in every if smiles not in there]
    assert f"taken away: {len(both)} by not_in {other}" in capsys.readouterr().out


def test_of_several_sets_all_have_to_hold(results: Path, tmp_path: Path) -> None:
    one, two = known_file(tmp_path / "one.csv"), tmp_path / "two.smi"
    two.write_text(f"{GUAIACOL} guaiacol\n")
    words = ("--library", "mine", "--in", one)
    assert smiles_of(export(results, tmp_path / "a.csv", *words, "--in", two)) == [Chem.CanonSmiles(GUAIACOL)]
    left = smiles_of(export(results, tmp_path / "b.csv", *words, "--not-in", two))
    assert left == [Chem.CanonSmiles(ISOVANILLIC)]
    assert smiles_of(export(results, tmp_path / "c.csv", *words, "--not-in", two, "--novel", one)) == []


@pytest.mark.parametrize("form", ["smiles", "keys"])
def test_an_inchikey_takes_tautomers_for_one(results: Path, tmp_path: Path, form: str) -> None:
    keto, known = "O=C1CC(=O)c2ccccc2O1", tmp_path / "known.csv"  # of 4-hydroxycoumarin
    value = keto if form == "smiles" else Chem.MolToInchiKey(Chem.MolFromSmiles(NAMED["4-hydroxycoumarin"]))
    known.write_text(f"{'smiles' if form == 'smiles' else 'InChIKey'}\n{value}\n")
    words = ("--library", "mine", "--molecules", "--in", known)
    if form == "smiles":
        assert smiles_of(export(results, tmp_path / "smiles.csv", *words)) == []
    same = Chem.MolToInchiKey(Chem.MolFromSmiles(keto)) == Chem.MolToInchiKey(
        Chem.MolFromSmiles(NAMED["4-hydroxycoumarin"])
    )
    found = smiles_of(export(results, tmp_path / "keys.csv", *words, "--same-by", "inchikey"))
    assert found == ([Chem.CanonSmiles(NAMED["4-hydroxycoumarin"])] if same or form == "keys" else [])


def test_a_racemate_is_not_the_enantiomer(tmp_path: Path) -> None:
    results = lay_out(tmp_path, [("racemate", "C[C@H](N)C(=O)O |&1:1|"), ("L-alanine", "C[C@H](N)C(=O)O")])
    known = tmp_path / "known.cxsmiles"
    known.write_text("C[C@H](N)C(O)=O |&1:1|\n")
    left = rows(export(results, tmp_path / "out.csv", "--library", "mine", "--molecules", "--not-in", known))
    assert [row["id"] for row in left] == ["L-alanine"]


def test_rows_of_a_query_are_compared_however_they_are_written(results: Path, tmp_path: Path) -> None:
    known = known_file(tmp_path / "known.csv")
    query = (
        "SELECT 'OC1=CC=CC=C1OC' AS smiles UNION ALL SELECT 'CCO' UNION ALL SELECT 'CCC' UNION ALL SELECT 'nonsense'"
    )
    found = smiles_of(export(results, tmp_path / "out.csv", "--sql", query, "--not-in", known))
    assert found == ["CCC", "nonsense"] or found == ["CCC"]
    assert smiles_of(export(results, tmp_path / "in.csv", "--sql", query, "--in", known)) == ["OC1=CC=CC=C1OC", "CCO"]


def test_another_content_of_the_file_is_another_export(results: Path, tmp_path: Path) -> None:
    known = known_file(tmp_path / "known.csv")
    words = ("--library", "mine", "--novel", known)
    before = smiles_of(export(results, tmp_path / "out.csv", *words))
    known.write_text("smiles\nCCO\n")
    export(results, tmp_path / "out.csv", *words, fails=True)
    assert set(smiles_of(export(results, tmp_path / "out.csv", *words, "--force"))) > set(before)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("knwon.csv", "did you mean 'known.csv'?"),
        ("empty", "no finished results in this folder"),
        ("odd.csv", "'smiles'"),
    ],
)
def test_what_cannot_be_compared_with_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    known_file(tmp_path / "known.csv")
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd.csv").write_text("colour,weight\nred,5\n")
    words = ["--library", "mine", "--out", tmp_path / "out.csv", "--novel", tmp_path / name]
    assert main(["export", "--results", str(results), *map(str, words)]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
