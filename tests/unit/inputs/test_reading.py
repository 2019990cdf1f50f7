"""Every format gives the same records, a bad row costs only itself, a bad file says how to mend it."""

from __future__ import annotations

import gzip
import io
import random
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from halogenator.errors import UserError
from halogenator.inputs import delimited, reading, sdf
from halogenator.inputs.arrow_values import texts_of
from halogenator.inputs.column_choice import is_molecule
from halogenator.inputs.column_names import COLUMN_NAMES
from halogenator.inputs.reading import check_readable, describe, estimate_rows, head, read_records
from halogenator.inputs.rows import MAX_LINE, Record
from halogenator.model import Reading
from helpers.samples import examples

BARE = Reading(columns="none")
MOLECULES = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "quercetin": "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12",
    "L-alanine": "C[C@H](N)C(=O)O",
    "betaine": "C[N+](C)(C)CC(=O)[O-]",
}
EXPECTED = [Record(row, name, None, smiles, None) for row, (name, smiles) in enumerate(MOLECULES.items(), 1)]
VALENCE_5_CARBON = "\n     RDKit          2D\n\n" + "".join(
    ["  6  5  0  0  0  0  0  0  0  0999 V2000\n"]
    + ["    0.0000    0.0000    0.0000 C   0  0  0  0  0  0  0  0  0  0  0  0\n"] * 6
    + [f"  1  {i}  1  0\n" for i in range(2, 7)]
    + ["M  END\n"]
)


def columns_text(delimiter: str) -> str:
    rows = [f"{name}{delimiter}{smiles}{delimiter}1" for name, smiles in MOLECULES.items()]
    return "\n".join([f"Name{delimiter}SMILES{delimiter}n", *rows]) + "\n"


def sdf_text() -> str:
    out = io.StringIO()
    with Chem.SDWriter(out) as writer:
        for name, smiles in MOLECULES.items():
            molecule = Chem.MolFromSmiles(smiles)
            molecule.SetProp("_Name", name)
            molecule.SetProp("supplier", f"S-{name}")
            writer.write(molecule)
    return out.getvalue()


TEXTS = {
    ".csv": columns_text(","),
    ".tsv": columns_text("\t"),
    ".tab": columns_text("\t"),
    ".smi": "".join(f"{smiles} {name}\n" for name, smiles in MOLECULES.items()),
    ".smiles": "".join(f"{smiles}\t{name}\tC9\n" for name, smiles in MOLECULES.items()),
    ".sdf": sdf_text(),
    ".sd": sdf_text(),
}


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, data: str | bytes | pa.Table) -> Path:
        path = tmp_path / name
        if isinstance(data, pa.Table):
            pq.write_table(data, path, row_group_size=2)
        else:
            raw = data.encode() if isinstance(data, str) else data
            path.write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
        return path

    return write


def pairs(path: Path, **columns: str) -> list[tuple[str | None, str | None]]:
    records = read_records(path, Reading(columns="none", **columns))
    return [(record.id, record.smiles) for record in records]


def problems(path: Path) -> dict[int, str]:
    return {record.row: record.problem for record in read_records(path, BARE) if record.problem}


def refusal(path: Path, **columns: Any) -> str:
    with pytest.raises(UserError) as caught:
        check_readable(path, Reading(**columns))
    assert caught.value.fix
    assert str(path) in str(caught.value.where)
    return str(caught.value)


# --- every format, the same records ---


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize("change", ["as is", "CRLF", "CR", "BOM", "blank end", "no last newline", "upper-case name"])
def test_text_formats(write, ending: str, gz: str, change: str) -> None:
    text = {
        "CRLF": TEXTS[ending].replace("\n", "\r\n"),
        "CR": TEXTS[ending].replace("\n", "\r"),
        "BOM": "\ufeff" + TEXTS[ending],
        "blank end": TEXTS[ending] + "\n \n\n",
        "no last newline": TEXTS[ending].removesuffix("\n"),
    }.get(change, TEXTS[ending])
    path = write(f"library{ending.upper() if change.startswith('upper') else ending}{gz}", text)
    check_readable(path)
    assert list(read_records(path, BARE)) == EXPECTED
    assert estimate_rows(path) == len(EXPECTED)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_parquet(write, kind: pa.DataType) -> None:
    smiles = pa.array(list(MOLECULES.values())).cast(kind)
    odd = pa.array([[{"x": 1}]] * len(smiles))
    path = write("library.pq", pa.table({"odd": odd, "Compound ID": list(MOLECULES), "Canonical SMILES": smiles}))
    check_readable(path)
    assert list(read_records(path, BARE)) == EXPECTED
    assert estimate_rows(path) == 5


def test_parquet_nulls_and_other_types_of_id(write) -> None:
    path = write("a.parquet", pa.table({"smiles": ["CCO", None, " "], "id": pa.array([7, None, 9])}))
    assert list(read_records(path, BARE)) == [
        Record(1, "7", None, "CCO", None),
        Record(2, None, None, "", None),
        Record(3, "9", None, "", None),
    ]
    nested = pa.table({"smiles": ["CCO"], "id": [[1]], "cid": pa.array([b"x\xff"])})
    assert pairs(write("b.parquet", nested)) == [("x\\xff", "CCO")]  # a list is no id: the next candidate is


def test_parquet_invalid_utf8_costs_its_row(write) -> None:
    raw = pa.array([b"CCO", b"C\xff", None, b"CCN"])
    text = pa.StringArray.from_buffers(4, raw.buffers()[1], raw.buffers()[2], raw.buffers()[0], raw.null_count)
    path = write("a.parquet", pa.table({"smiles": text}))
    assert [record.smiles for record in read_records(path, BARE)] == ["CCO", "C\\xff", "", "CCN"]
    assert problems(path) == {2: "not UTF-8 text, as the rest of the file is"}


def test_parquet_long_smiles_make_small_batches(write) -> None:
    path = write("a.parquet", pa.table({"smiles": [f"{i:06}" + "C" * 100_000 for i in range(300)]}))
    tracemalloc.start()
    assert sum(1 for _ in read_records(path, BARE)) == 300
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # 30 MB if all came at once


# --- columns ---


@pytest.mark.parametrize(
    ("header", "smiles", "identifier"),
    [
        ("smiles,canonical_smiles,id,name", "0", "2"),
        ("canonical_smiles,SMILES,name,ID", "1", "3"),
        ("title,smi,structure,chembl_id", "1", "3"),
        ("ChEMBL ID,Smiles,Compound-ID,x", "1", "0"),
        ("x,smiles,y,z", "1", None),
        ("smiles,Smiles,id,id", "0", "2"),
    ],
)
def test_first_name_of_the_table_is_taken(write, header: str, smiles: str, identifier: str | None) -> None:
    assert pairs(write("a.csv", f"{header}\n0,1,2,3\n")) == [(identifier, smiles)]
    row = pa.Table.from_arrays([pa.array([str(i)]) for i in range(4)], names=header.split(","))
    if len(set(header.split(","))) == 4:
        assert pairs(write("a.parquet", row)) == [(identifier, smiles)]


def test_named_columns(write) -> None:
    path = write("a.csv", "smiles,parent,id,code\nC,CC,1,x\n")
    assert pairs(path, smiles_column="parent") == [("1", "CC")]
    assert pairs(path, smiles_column="parent", id_column="code") == [("x", "CC")]
    assert "did you mean 'parent'?" in refusal(path, smiles_column="Parents")
    message = refusal(path, id_column="coed")
    assert "id_column" in message and "smiles, parent, id, code" in message and "did you mean 'code'?" in message


def test_no_name_of_the_table_is_a_smiles() -> None:
    """A .smi header is told from a molecule by its name alone."""
    assert not [name for names in COLUMN_NAMES.values() for name in names if is_molecule(name)]


# --- CSV ---


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_csv_delimiter_is_the_one_that_gives_a_smiles_column(write, delimiter: str) -> None:
    header = f'"a,b;c|d"{delimiter}smiles{delimiter}name'
    assert pairs(write("a.csv", f"{header}\nx{delimiter}CCO{delimiter}ethanol\n")) == [("ethanol", "CCO")]


def test_a_column_without_a_name_at_the_end_comes_along_if_it_has_values(write) -> None:
    """Each row with a value in it was a reject, of a file of which all rows had one."""
    path = write("a.csv", "smiles;id;\r\nCCO;ethanol;b.p. 78\r\nCO;methanol;\r\n")
    assert [name for name, _ in describe(path).others] == ["column_3"]
    found = [(record.smiles, record.id, record.extra, record.problem) for record in read_records(path)]
    assert found == [("CCO", "ethanol", ("b.p. 78",), None), ("CO", "methanol", (None,), None)]
    empty = write("b.csv", "smiles;id;\r\nCCO;ethanol;\r\n")
    assert describe(empty).others == ()
    assert pairs(empty) == [("ethanol", "CCO")]


def test_csv_quotes(write) -> None:
    text = 'id,smiles,note\n"acid, ""acetic""",CC(=O)O,\nb,"CCO","two\nlines"\nc,CCN,\n'
    assert list(read_records(write("a.csv", text), BARE)) == [
        Record(1, 'acid, "acetic"', None, "CC(=O)O", None),
        Record(2, "b", None, "CCO", None),
        Record(3, "c", None, "CCN", None),
    ]


def test_csv_bad_rows_cost_themselves(write) -> None:
    rows = ["CCO,a", "CC", "C,b,c", "", ',"d"', 'CC,"e"f', "CCC,g"]
    records = list(read_records(write("a.csv", "smiles,id\n" + "\n".join(rows) + "\n"), BARE))
    assert [record.row for record in records] == [1, 2, 3, 4, 5, 6, 7]
    assert [record.smiles for record in records] == ["CCO", "CC", "C", "", "", "CC", "CCC"]
    assert records[2].problem == "expected 2 columns, found 3"
    assert "expected after" in records[5].problem


@pytest.mark.parametrize("rows", [3, 300])
def test_csv_unclosed_quote_costs_one_row(write, rows: int) -> None:
    path = write("a.csv", 'smiles,id\nC,"methane\n' + "CCO,ethanol\n" * rows)
    assert problems(path) == {1: "a quote is opened and not closed"}
    assert len(list(read_records(path, BARE))) == rows + 1


def test_csv_stray_quote_that_a_later_one_closes(write) -> None:
    text = 'smiles,id\nC,"methane\nCC,ethane\nCCC,{}\nCCO,ethanol\n'
    path = write("a.csv", text.format('"propane, n"'))  # closed before a letter: no CSV, so the next line is read anew
    assert list(problems(path)) == [1]
    assert pairs(path)[1:] == [("ethane", "CC"), ("propane, n", "CCC"), ("ethanol", "CCO")]
    path = write("a.csv", text.format('propane"'))  # proper CSV, if odd
    assert pairs(path) == [("methane\nCC,ethane\nCCC,propane", "C"), ("ethanol", "CCO")]
    assert problems(write("a.csv", 'id,smiles\n1,"C\nCC"\n')) == {1: "line end in the SMILES"}


def test_tsv_quote_marks_may_be_plain(write) -> None:
    assert pairs(write("a.tsv", 'smiles\tid\nC\t"5" nail\nCC\t"x"\n')) == [('"5" nail', "C"), ("x", "CC")]


def test_nul_and_latin_1(write) -> None:
    path = write("a.csv", b"smiles,id\nCC\0O,a\nCCO,b\0\nCCN,caf\xe9\n")
    check_readable(path)
    records = list(read_records(path, BARE))
    assert [record.problem for record in records] == ["NUL byte in the row"] * 2 + [None]
    assert records[2] == Record(3, "café", None, "CCN", None)
    assert pairs(write("b.smi", b"CC\0O a\nCCO b\n")) == [("a", "CC\\0O"), ("b", "CCO")]


@pytest.mark.parametrize("ending", [".csv", ".smi"])
@pytest.mark.parametrize("size", [MAX_LINE - 10, MAX_LINE + 1, 3 * MAX_LINE + 7])
def test_long_line_costs_its_row(write, ending: str, size: int) -> None:
    fits = size <= MAX_LINE
    path = write(f"a{ending}", "SMILES\nCCO\n" + "C" * size + "\nCCN\n" + "C" * size)
    records = list(read_records(path, BARE))
    assert [record.smiles and len(record.smiles) for record in records] == [
        3,
        *([size, 3, size] if fits else [None, 3, None]),
    ]
    assert fits or records[1].problem == "line longer than 1,000,000 characters"


def test_line_without_end_keeps_memory_bounded(write) -> None:
    path = write("a.csv.gz", b"smiles\n" + b"C" * 60_000_000)
    tracemalloc.start()
    check_readable(path)
    assert [record.smiles for record in read_records(path, BARE)] == [None]
    assert estimate_rows(path) > 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15e6


def test_giant_quoted_field_costs_its_row(write) -> None:
    path = write("a.csv", 'smiles,id\nC,"' + "x" * 200_000 + '"\nCC,b\n')
    assert "field larger than field limit" in problems(path)[1]
    assert pairs(path)[1:] == [("b", "CC")]


# --- SMILES files ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CCO\n", [(None, "CCO")]),
        ("CCO acetic acid\n", [("acetic acid", "CCO")]),
        (" CCO\tacetic acid\tC2\n", [("acetic acid", "CCO")]),
        ("CCO name\tC2\n", [("name", "CCO")]),
        ("\tname\n", [("name", "")]),
        ("CCO |$;;R1$| ethanol one\n", [("ethanol one", "CCO |$;;R1$|")]),
        ("CCO |a, b|\tethanol\n", [("ethanol", "CCO |a, b|")]),
        ("CCO |a|\n", [(None, "CCO |a|")]),
        ("SMILES Name \nCCO ethyl alcohol\n", [("ethyl alcohol", "CCO")]),
        ("#smiles\tID\nCCO\te\n", [("e", "CCO")]),
        ("# SMILES\tID\nCCO\te\n", [("e", "CCO")]),
        ("# smiles of ethanol\nCCO e\n", [("e", "CCO")]),
        ("# exported\n\nid\tsmiles\ne\tCCO |x|\n", [("e", "CCO |x|")]),
        ("name smiles\nethanol CCO\n", [("ethanol", "CCO")]),
        ("smiles mw name\nCCO |x| 46 ethyl alcohol\n", [("ethyl alcohol", "CCO |x|")]),
        ("smiles\tname\nCCO e\n", [("e", "CCO")]),
        ("smiles\nCCO e\n", [("e", "CCO")]),
        ("CCO smiles\n", [("smiles", "CCO")]),  # a molecule of that name is no header
        ("id\tsmiles\nlost\ne\tCCO\n", [("lost", None), ("e", "CCO")]),
    ],
)
def test_smi_lines(write, text: str, expected: list[tuple[str | None, str | None]]) -> None:
    path = write("a.smi", text)
    check_readable(path)
    assert pairs(path) == expected
    assert estimate_rows(path) == len(expected)


def test_smi_rows_are_line_numbers(write) -> None:
    path = write("a.smi", "# made today\nCCO a\n\n# more\nCCN b\n\n\n")
    assert [(record.row, record.smiles) for record in read_records(path, BARE)] == [(2, "CCO"), (3, ""), (5, "CCN")]


def test_smi_named_columns(write) -> None:
    assert pairs(write("a.smi", "parent code smiles\nCC x C\n"), smiles_column="parent", id_column="code") == [
        ("x", "CC")
    ]
    assert "no header line" in refusal(write("b.smi", "CCO a\n"), id_column="name")
    assert "rename it to end in .csv" in refusal(write("c.smi", "id,smiles\n1,CCO\n"))


# --- SDF ---


def test_sdf_id(write) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    text = f"{block}>  <Catalog>  (1)\nX1\n\n> <chembl_id>\nCHEMBL545\nsecond line\n\n$$$$\n{block}$$$$\n"
    path = write("a.sdf", text)
    assert pairs(path) == [("CHEMBL545", "CCO"), (None, "CCO")]
    assert pairs(path, id_column="Catalog") == [("X1", "CCO"), (None, "CCO")]
    titled = write("b.sdf", sdf_text())
    assert [name for name, _ in pairs(titled, id_column="supplier")] == [f"S-{name}" for name in MOLECULES]
    assert "did you mean 'supplier'?" in refusal(titled, id_column="Supplier")
    assert "leave smiles_column out" in refusal(titled, smiles_column="smiles")


def test_sdf_bad_records_cost_themselves(write, capfd) -> None:
    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) + "$$$$\n"
    bad = {
        2: ("t\n\n\nabc\nM  END\n$$$$\n", "Counts line too short"),
        4: (VALENCE_5_CARBON + "$$$$\n", "Explicit valence for atom # 0 C, 5"),
        6: (good.replace(" O ", " Xq", 1), "Element 'Xq' not found"),
        8: (good.replace("O", "\0", 1), "NUL byte"),
        10: ("$$$$\n", "it has no molecule"),
        12: (good[:-40], ""),  # the file breaks off in a record
    }
    path = write("a.sdf", "".join(good + text for text, _ in bad.values()))
    records = list(read_records(path, BARE))
    assert [record.row for record in records if record.smiles == "CCO"] == [1, 3, 5, 7, 9, 11]
    for row, (_, reason) in bad.items():
        problem = records[row - 1].problem
        assert problem.startswith("SDF record has no readable molecule: ") and reason in problem, problem
        assert "\n" not in problem and len(problem) < 200
    assert capfd.readouterr().err == ""  # RDKit's log stays silent


def test_sdf_giant_record_costs_itself(write, monkeypatch) -> None:
    monkeypatch.setattr(sdf, "MAX_RECORD", 50_000)
    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) + "$$$$\n"
    path = write("a.sdf", good + good.replace("$$$$", "> <x>\n" + "a\n" * 1000 + "\n$$$$") + good)
    assert list(problems(path)) == [2]


def test_sdf_stereo_is_kept(write) -> None:
    assert pairs(write("a.sdf", sdf_text()))[3] == ("L-alanine", Chem.CanonSmiles(MOLECULES["L-alanine"]))


# --- what check_readable refuses ---

GOOD_CSV = "smiles,id\nCCO,1\n"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.dat", "x", ["ending is not known", "'.dat'", ".parquet, .pq, .csv", "rename it to what it is: .smi"]),
        ("a.xlsx", "x", ["not an Excel workbook", "export the sheet as CSV"]),
        ("a.parquet.gz", b"PAR1", ["ending is not known", "decompress it"]),
        ("a.csv", "", ["has no rows"]),
        ("a.smi", "\n\n", ["has no rows"]),
        ("a.csv", "smiles,id\n\n", ["has no rows"]),
        ("a.csv.gz", "", ["has no rows"]),
        ("a.sdf", "\n", ["has no rows"]),
        ("a.parquet", pa.table({"smiles": pa.array([], pa.string())}), ["has no rows"]),
        ("a.parquet", GOOD_CSV, ["is not Parquet", "b'smil'", "b'PAR1'"]),
        ("a.parquet", b"PAR1" + b"x" * 100, ["no readable footer", "broken off", "write it again"]),
        ("a.parquet", b"PAR1\0\0\0\xffPAR1", ["no readable footer"]),
        ("a.parquet", b"PAR1", ["no readable footer"]),
        ("a.csv", gzip.compress(GOOD_CSV.encode(), mtime=0), ["gzip-compressed", "add .gz to its name"]),
        ("a.csv", b"PK\x03\x04...", ["Excel", "CSV (UTF-8)"]),
        ("a.smi", b"PAR1\1\2", ["a Parquet file", ".parquet"]),
        ("a.csv", random.Random(1).randbytes(9000), ["binary", "export it again as text"]),
        ("a.sdf", "CCO ethanol\n", ["is not an SDF", "'CCO ethanol", "M  END"]),
        ("a.csv", "x,smyles\n1,CCO\n", ["no SMILES column", "['x', 'smyles']", "isomeric_smiles", "column: smyles"]),
        ("a.csv", "CCO,1\nCCN,2\n", ["no SMILES column", "looks like a molecule", "header"]),
        ("a.csv", "q\n1\n", ["smiles_column: <the column"]),
        ("a.parquet", pa.table({"q": ["C"], "m": ["CC"], "x": ["y"]}), ["no SMILES column", "smiles_column: m"]),
        ("a.parquet", pa.table({"smiles": [1]}), ["does not hold text", "int64", "column 'smiles'"]),
    ],
)  # fmt: skip
def test_check_refuses(write, name: str, data: str | bytes | pa.Table, words: list[str]) -> None:
    message = refusal(write(name, data))
    assert [word for word in words if word not in message] == [], message


def test_check_refuses_what_is_no_file(tmp_path: Path, write) -> None:
    write("library.csv", GOOD_CSV)
    assert "did you mean 'library.csv'?" in refusal(tmp_path / "librray.csv")
    assert "does not exist" in refusal(tmp_path / "none" / "x.csv")
    assert "does not exist" in refusal(tmp_path / ("x" * 300 + ".csv"))
    (tmp_path / "folder.csv").mkdir()
    assert "a folder stands" in refusal(tmp_path / "folder.csv")
    (tmp_path / "plain.csv.gz").write_text(GOOD_CSV)
    message = refusal(tmp_path / "plain.csv.gz")
    assert "not gzip-compressed" in message and "take .gz off its name" in message


def test_check_refuses_a_nested_id(write) -> None:
    assert "no text form" in refusal(write("a.parquet", pa.table({"smiles": ["C"], "x": [[1]]})), id_column="x")


def test_check_accepts_a_few_control_bytes_and_a_wide_header(write) -> None:
    check_readable(write("a.csv", b"smiles,id\nCCO,a\0b\nCCN,\x01\n" + b"CCC,ok\n" * 20))
    wide = ",".join(f"descriptor_{i}" for i in range(9000)) + ",smiles\n" + "," * 9000 + "CCO\n"
    check_readable(write("b.csv", wide))
    assert pairs(write("b.csv", wide)) == [(None, "CCO")]


# --- files that break off ---


def test_gzip_that_ends_early_gives_its_rows_first(write) -> None:
    lines = [f"{'C' * (i % 50 + 1)} m{random.Random(i).random()}\n" for i in range(20_000)]
    path = write("a.smi.gz", "".join(lines))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    check_readable(path)
    seen = []
    with pytest.raises(UserError) as caught:
        seen.extend(read_records(path, BARE))  # list.extend keeps what came before the error
    assert 5_000 < len(seen) < 15_000
    assert [record.smiles for record in seen] == [line.split()[0] for line in lines[: len(seen)]]
    message = str(caught.value)
    assert "the gzip stream ends early" in message and f"after row {len(seen):,}" in message and "again" in message
    assert head(path, 10) == ([line.split()[0] for line in lines[:10]], False)
    small = write("b.csv.gz", GOOD_CSV)
    small.write_bytes(small.read_bytes()[:-9])
    assert "ends early" in refusal(small)


def test_gzip_with_damage_and_with_two_members(write) -> None:
    path = write("a.smi.gz", TEXTS[".smi"] * 3000)
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(data) * 2)
    assert sum(1 for _ in read_records(path, BARE)) == 30_000
    data[-8] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"the gzip stream is corrupt \(CRC check failed"):
        list(read_records(path, BARE))


def test_corrupt_parquet_page_says_the_row(write) -> None:
    smiles = ["".join(random.Random(i).choices("CNOS", k=200)) for i in range(20_000)]
    path = write("a.parquet", b"")
    pq.write_table(pa.table({"smiles": smiles}), path, row_group_size=5_000, compression="zstd")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(data)
    check_readable(path)
    with pytest.raises(UserError) as caught:
        list(read_records(path, BARE))
    assert "the Parquet file is corrupt" in str(caught.value) and "after row 10,000" in str(caught.value)


def test_parquet_column_name_that_is_not_utf8(write) -> None:
    """PyArrow raised UnicodeDecodeError on opening it (found by fuzzing)."""
    path = write("a.parquet", pa.table({"smiles": ["CCO"], "naam": ["a"]}))
    path.write_bytes(path.read_bytes().replace(b"naam", b"naa\xff"))
    assert "can't decode byte" in refusal(path)


# --- estimates and heads ---


@pytest.mark.parametrize("name", ["a.smi", "a.csv", "a.csv.gz", "a.sdf", "a.sdf.gz", "a.smi.gz"])
def test_estimate_of_a_large_file_is_near(write, name: str) -> None:
    rng = random.Random(7)
    count = 1_500 if ".sdf" in name else 30_000
    if ".sdf" in name:
        block = Chem.MolToMolBlock(Chem.MolFromSmiles(MOLECULES["quercetin"]))
        shaken = (re.sub(r"\d\.\d{4}", lambda _: f"{rng.random() * 9:.4f}", block) for _ in range(count))
        text = "".join(f"{record}$$$$\n" for record in shaken)
    else:
        mark = " " if ".smi" in name else ","
        text = f"smiles{mark}id\n" + "".join(f"{'C' * rng.randint(5, 60)}{mark}{rng.random()}\n" for _ in range(count))
    path = write(name, text)
    assert len(text) > 3 * reading.ESTIMATE_BYTES
    assert estimate_rows(path) == estimate_rows(str(path)) == pytest.approx(count, rel=0.1)


def test_estimate_of_one_giant_row_and_of_nothing(write) -> None:
    assert estimate_rows(write("a.smi", "C" * 600_000)) >= 1
    assert estimate_rows(write("b.csv", "")) == estimate_rows(write("b.parquet", "")) == 0
    assert estimate_rows(write("c.csv", "q,r\n1,2\n")) == 1  # whichever column has the SMILES
    with pytest.raises(UserError):
        estimate_rows(write("d.parquet", "x"))


def test_head(write) -> None:
    path = write("a.csv", "smiles\nC\nC,C\n\nCC\nCCC\n")
    assert head(path, 2) == (["C", "CC"], False)
    assert head(path, 3) == head(path, 99) == (["C", "CC", "CCC"], True)


def test_records_come_before_the_file_is_read(write) -> None:
    path = write("a.smi", "CCO a\n" * 2_000_000)
    tracemalloc.start()
    records = read_records(path, BARE)
    assert next(records) == Record(1, "a", None, "CCO", None)
    records.close()
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".smi", ".sdf", ".parquet"])
def test_a_listed_column_that_no_file_has_is_named_in_every_format(write, ending: str) -> None:
    table = pa.table({"smiles": ["CCO"], "id": ["1"]})
    text = refusal(write(f"a{ending}", table if ending == ".parquet" else TEXTS[ending]), columns=("suplier",))
    assert "columns: names a column that the file has not" in text and "'suplier'" in text


# --- fuzz ---

PARQUET = io.BytesIO()
pq.write_table(pa.table({"smiles": list(MOLECULES.values()) * 20, "id": range(100)}), PARQUET, row_group_size=30)
SEEDS = {
    ".csv": TEXTS[".csv"].encode(),
    ".tsv": TEXTS[".tsv"].encode(),
    ".smi": TEXTS[".smi"].encode(),
    ".sdf": TEXTS[".sdf"].encode(),
    ".csv.gz": gzip.compress(TEXTS[".csv"].encode(), mtime=0),
    ".sdf.gz": gzip.compress(TEXTS[".sdf"].encode(), mtime=0),
    ".parquet": PARQUET.getvalue(),
}
TOKENS = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\t",
    b"|",
    b"\0",
    b"#",
    b"$$$$\n",
    b"M  END\n",
    b"smiles",
    b"id",
    b"> <id>\n",
    b"\xff",
]


@st.composite
def damaged(draw: st.DrawFn, ending: str) -> bytes:
    """Arbitrary bytes, tokens that mean something, or a good file with bytes replaced, cut out or put in."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=400))
    if kind == 1:
        data = b"".join(draw(st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=40)))
        return gzip.compress(data, mtime=0) if ending.endswith(".gz") else data
    data = bytearray(SEEDS[ending])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 30))] = draw(st.binary(max_size=6) | st.sampled_from(TOKENS))
    return bytes(data)


@pytest.mark.sampled
@pytest.mark.parametrize("ending", SEEDS)
def test_any_bytes_give_records_or_a_user_error(tmp_path_factory: pytest.TempPathFactory, ending: str) -> None:
    path = tmp_path_factory.mktemp("fuzz") / f"library{ending}"

    @examples(20, 300)
    @given(data=damaged(ending))
    def run(data: bytes) -> None:
        path.write_bytes(data)
        rows = None
        for action in (check_readable, lambda path: head(path, 3)):
            try:
                action(path)
            except UserError as error:
                assert str(error) and error.fix
        try:
            rows = [record.row for record in read_records(path, BARE)]
        except UserError as error:
            assert str(error) and error.fix
        try:
            estimate = estimate_rows(path)
        except UserError:
            return
        if rows is not None:
            assert rows == sorted(set(rows))
            assert estimate == len(rows) <= 3000

    run()


@examples(20, 100)
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0"), max_size=8), min_size=2, max_size=2), max_size=6
    )
)
def test_csv_agrees_with_the_csv_module(tmp_path: Path, rows: list[list[str]]) -> None:
    import csv

    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["smiles", "id"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(out.getvalue().encode("utf-8", "replace"))
    text = path.read_text(encoding="utf-8")  # universal newlines, as the readers have them
    cells = [[cell.strip() for cell in row] for row in list(csv.reader(io.StringIO(text)))[1:]]
    expected = [(name or None, None if "\n" in smiles else smiles) for smiles, name in cells]
    records = read_records(path, BARE)
    assert [(record.id, None if record.problem else record.smiles) for record in records] == expected


def test_a_quote_takes_at_most_max_span_lines(write) -> None:
    span = delimited.MAX_SPAN
    note = "\n".join("x" * (span - 1))
    assert pairs(write("a.csv", f'smiles,id\nC,"{note}"\nCC,b\n')) == [(note, "C"), ("b", "CC")]


def test_an_index_beyond_its_dictionary_is_damage_of_the_file() -> None:
    beyond = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int32()), pa.array(["CCO"]), safe=False)
    with pytest.raises(pa.ArrowInvalid, match="beyond its dictionary"):
        texts_of(beyond)
