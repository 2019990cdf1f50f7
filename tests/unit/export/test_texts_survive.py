"""Ids of any kind come back from every format as they were, run in no spreadsheet, and end no record."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import openpyxl
import pytest
from rdkit import Chem

from halogenator.inputs.reading import read_records
from halogenator.model import Reading
from helpers.exports import export, lay_out, records, rows, text

IDS = (
    *("$$$$", "$$$$ twice $$$$", "> <id>", ">  <smiles>  (7)", "M  END", "V2000", "|&1:1|", "#1", "'quoted", "''", "$"),
    *("=1+1", "=cmd|' /C calc'!A0", "+49", "-1.5", "-dopa", "@SUM(A1)", "'=1", "''-x", "＝1", "1e5", "007"),
    *('quote, "and" comma', "semi;colon", '"', "back\\slash", "smiles", "None", "nan"),
)  # fmt: skip
PHENOLS = [f"Oc1ccc({group})cc1" for group in ("C" * n + end for n in range(1, 13) for end in ("", "O", "N"))]
ROWS = list(zip(IDS, PHENOLS, strict=False))
FORMULAS = tuple("=+-@＝\t\r\n")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("made"), ROWS, "[OX2H:1][c:2]>>[O:1](C)[c:2]")


@pytest.mark.parametrize("ending", ["csv", "tsv", "sdf", "csv.gz", "parquet"])
def test_every_id_comes_back(results: Path, tmp_path: Path, ending: str) -> None:
    (path,) = export(results, tmp_path / f"back.{ending}", "--library", "mine", "--molecules")
    found = list(read_records(path, Reading(id_column="id")))
    assert [(record.id, record.smiles, record.problem) for record in found] == [
        (identifier, Chem.CanonSmiles(smiles), None) for identifier, smiles in ROWS
    ]


def test_a_name_in_a_smiles_file_is_one_word(results: Path, tmp_path: Path) -> None:
    query = "SELECT smiles, id || chr(9) || chr(10) || 'x' AS name FROM molecules"
    (path,) = export(results, tmp_path / "back.smi", "--sql", query)
    found = list(read_records(path, Reading()))
    assert [record.smiles for record in found] == [Chem.CanonSmiles(smiles) for _, smiles in ROWS]
    assert all(record.id and record.id.endswith("_x") and not set(record.id) & set("\t\n ") for record in found)


def test_rdkit_reads_records_whose_texts_look_like_an_end(results: Path, tmp_path: Path) -> None:
    lines = "chr(10) || '$$$$' || chr(10) || chr(10) || '> <b>'"
    query = f"SELECT smiles, id AS name, id, '$$$$' AS a, {lines} AS b FROM molecules"
    (path,) = export(results, tmp_path / "all.sdf", "--sql", query)
    assert [line for line in text(path).splitlines() if line.startswith("$$$$")] == ["$$$$"] * len(ROWS)
    found = records([path])
    assert [mol.GetProp("id").strip() for mol in found] == [identifier for identifier, _ in ROWS]
    assert {(mol.GetProp("a").strip(), mol.GetProp("b").strip()) for mol in found} == {("$$$$", "$$$$ > <b>")}
    assert found[0].GetProp("_Name").strip() == "$$$$"


def test_a_title_of_four_dollars_that_rdkit_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rdkit.sdf"
    with Chem.SDWriter(str(path)) as writer:
        for name, smiles in (("$$$$", "CCO"), ("$$$$", "CCN"), ("plain", "CCC"), ("$$$$ 2", "CCS")):
            molecule = Chem.MolFromSmiles(smiles)
            molecule.SetProp("_Name", name)
            writer.write(molecule)
    path.write_text(path.read_text() + "$$$$\n")  # an empty record
    found = [(record.id, record.smiles, bool(record.problem)) for record in read_records(path, Reading())]
    assert found[:2] == [("$$$$", "CCO", False), ("$$$$", "CCN", False)]
    assert found[2:4] == [("plain", "CCC", False), ("$$$$ 2", "CCS", False)]
    assert [(smiles, is_bad) for _, smiles, is_bad in found[4:]] == [(None, True)]


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_no_text_begins_like_a_formula(results: Path, tmp_path: Path, ending: str) -> None:
    query = "SELECT smiles, id, id AS note, chr(9) || id AS tab, -1.5 AS number, '-1.5' AS \"=measured\" FROM molecules"
    (path,) = export(results, tmp_path / f"all.{ending}", "--sql", query)
    with path.open(newline="") as file:
        header, *found = csv.reader(file, delimiter="," if ending == "csv" else "\t")
    assert header == ["smiles", "name", "note", "tab", "number", "'=measured"]
    assert {tuple(row[4:]) for row in found} == {("-1.5", "-1.5")}  # numbers stay numbers
    names, notes, tabs = ([row[at] for row in found] for at in (1, 2, 3))
    assert not [cell for cell in (*names, *tabs) if cell.startswith(FORMULAS)]
    assert [cell for cell in notes if cell.startswith(FORMULAS)] == ["+49", "-1.5"]


def test_a_workbook_of_an_export_gives_the_same_ids(results: Path, tmp_path: Path) -> None:
    (path,) = export(results, tmp_path / "all.csv", "--library", "mine", "--molecules")
    book = openpyxl.Workbook()
    for row in csv.reader(path.read_text().splitlines()):
        book.active.append(row)
    book.save(tmp_path / "all.xlsx")
    found = list(read_records(tmp_path / "all.xlsx", Reading(id_column="id")))
    assert [record.id for record in found] == [identifier for identifier, _ in ROWS]


# ---- queries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["smi", "csv", "sdf", "parquet"])
@pytest.mark.parametrize("more", [(), ("--sample", 6), ("--mw", "1:", "--without", "pains")])
def test_a_row_of_a_query_without_smiles_is_a_reject(
    results: Path, tmp_path: Path, ending: str, more: tuple[object, ...]
) -> None:
    cases = ("WHEN 0 THEN NULL", "WHEN 1 THEN ''", "WHEN 2 THEN ' '", "WHEN 3 THEN 'C' || chr(10) || 'C'")
    query = f"SELECT CASE row % 5 {' '.join(cases)} ELSE smiles END AS smiles, id FROM molecules"
    (path,) = export(results, tmp_path / f"some.{ending}", "--sql", query, *more)
    made = json.loads((tmp_path / f"some.{ending}.json").read_text())
    kinds = Counter(row % 5 for row in range(1, len(ROWS) + 1))
    assert made["molecules"] == len(list(read_records(path, Reading()))) == kinds[4] == 6
    assert made["rejects"] == {"empty": kinds[0] + kinds[1] + kinds[2], "unparsable SMILES": kinds[3]}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("NULL", "row_1"),
        ("''", "row_1"),
        ("'nan'::DOUBLE", "row_1"),
        ("17::BIGINT", "17"),
        ("1.0::DOUBLE", "1"),
        ("[1, 2]", "[1,_2]"),
        ("'\\xFF'::BLOB", "ff"),
        ("true", "true"),
    ],
)
def test_a_name_of_a_query_has_any_type(results: Path, tmp_path: Path, name: str, written: str) -> None:
    (path,) = export(results, tmp_path / "one.csv", "--sql", f"SELECT smiles, {name} AS name FROM molecules LIMIT 1")
    assert [row["name"] for row in rows([path])] == [written]


def test_a_column_that_no_file_can_hold_is_named(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT smiles, [INTERVAL 1 DAY] AS spans FROM molecules"
    export(results, tmp_path / "one.csv", "--sql", query, fails=True)
    assert 'CAST("spans" AS VARCHAR)' in capsys.readouterr().err
    mended = query.replace("[INTERVAL 1 DAY]", "CAST([INTERVAL 1 DAY] AS VARCHAR)")
    assert export(results, tmp_path / "one.csv", "--sql", mended)


def test_line_ends_of_any_kind_and_nul_bytes_stay_in_their_cell(results: Path, tmp_path: Path) -> None:
    texts = (
        "'a' || chr(13) || 'b'",
        "'a' || chr(10) || '=b'",
        "'a' || chr(13) || chr(10) || 'b'",
        "'a' || chr(0) || 'b'",
    )
    columns = ", ".join(f"{value} AS c{number}" for number, value in enumerate(texts))
    for ending in ("csv", "tsv", "sdf"):
        query = f"SELECT smiles, id AS name, {columns} FROM molecules"
        (path,) = export(results, tmp_path / f"all.{ending}", "--sql", query)
        found = list(read_records(path, Reading()))
        assert [record.problem for record in found] == [None] * len(ROWS)
        # An SDF has a space for a line end, since an empty line would end a value.
        written = [{str(text).replace(" ", "\n") for text in record.extra} for record in found]
        assert all({"a\nb", "a\n=b"} <= each for each in written)
