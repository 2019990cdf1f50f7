"""Files as registries, vendors and spreadsheets write them: each is read, or refused with a fix that works."""

from __future__ import annotations

import bz2
import decimal
import gzip
import lzma
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from halogenator.errors import UserError
from halogenator.inputs.files import find_files
from halogenator.inputs.reading import check_readable, describe, estimate_rows, read_records
from halogenator.model import Reading

BARE = Reading(columns="none")
CSV = "smiles,name\nOc1ccccc1,phenol\nCc1ccc(O)cc1,cresol\n"
BOTH = [("phenol", "Oc1ccccc1"), ("cresol", "Cc1ccc(O)cc1")]


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, data: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


def pairs(path: Path, **columns: str) -> list[tuple[str | None, str | None]]:
    reading = Reading(columns="none", **columns)
    check_readable(path, reading)
    return [(each.id, each.smiles) for each in read_records(path, reading)]


# --- which column is what ---


@pytest.mark.parametrize(
    ("header", "smiles", "identifier", "name"),
    [
        ("identifier,canonical_smiles,standard_inchi,name,iupac_name,cas", "canonical_smiles", "identifier", "name"),
        ("npaid,compound_id,compound_names,compound_smiles,genus", "compound_smiles", "npaid", "compound_names"),
        ("ChEMBL ID,Name,Smiles", "Smiles", "ChEMBL ID", "Name"),
        ("cid,cmpdname,canonicalsmiles,isosmiles,iupacname", "isosmiles", "cid", "cmpdname"),
        ("SureChEMBL_ID,SMILES", "SMILES", "SureChEMBL_ID", None),
        ("Catalog Number,Product Name,CAS,SMILES", "SMILES", "Catalog Number", "Product Name"),
        ("name,zinc_id,smiles", "smiles", "zinc_id", "name"),
        ("Molecule Name,Registration No,SMILES (Canonical)", "SMILES (Canonical)", "Registration No", "Molecule Name"),
        ("smiles,inchikey", "smiles", "inchikey", None),
        ("smiles,name,CAS Number", "smiles", "CAS Number", "name"),
        ("smiles,organism_id,compound_name", "smiles", "compound_name", None),
        ("smiles,lipid,is_acid,flavonoid", "smiles", None, None),
        ("Ligand SMILES,BindingDB MonomerID,Ligand InChI Key", "Ligand SMILES", "BindingDB MonomerID", None),
        ("isosmiles,version_id,parent_id", "isosmiles", "version_id", None),
    ],
)  # fmt: skip
def test_the_registry_id_is_the_id(write, header: str, smiles: str, identifier: str | None, name: str | None) -> None:
    width = header.count(",") + 1
    text = header + "\n" + "".join(",".join(f"C{i}x{j}" for j in range(width)) + "\n" for i in range(4))
    assert describe(write("a.csv", text))[:3] == (smiles, identifier, name)


def test_an_id_that_repeats_gives_way_to_one_that_does_not(write) -> None:
    rows = "".join(f"{'C' * i},CHEMBL7,EN-{i}\n" for i in range(1, 30))
    assert describe(write("a.csv", "smiles,chembl_id,catalog_id\n" + rows)).id == "catalog_id"
    rows = "".join(f"{i},{'C' * i},FDB{i:06}\n" for i in range(1, 30))
    assert describe(write("b.csv", "id,smiles,public_id\n" + rows)).id == "public_id"


def test_other_columns_come_along(write) -> None:
    path = write("a.csv", "smiles,id,logP,note\nCCO,e,-0.3,\nCC,f,1.8,x\n")
    source = describe(path)
    assert source.others == (("logP", pa.string()), ("note", pa.string()))
    assert [each.extra for each in read_records(path)] == [("-0.3", None), ("1.8", "x")]
    assert [each.extra for each in read_records(path, Reading(columns=("note",)))] == [(None,), ("x",)]
    with pytest.raises(UserError, match="columns: names a column") as caught:
        describe(path, Reading(columns=("logp",)))
    assert caught.value.fix == "did you mean 'logP'?"


def test_parquet_keeps_its_types_and_ids_stay_what_they_were(tmp_path: Path) -> None:
    whole = [1772661200394.0, None, 900719925474099.0]
    table = pa.table(
        {
            "smiles": pa.array([b"CCO", b"CC", b"C"]),
            "id": pa.array(whole),
            "mass": pa.array([decimal.Decimal("46.07"), None, decimal.Decimal("16.00")]),
            "when": pa.array([1_700_000_000_123_456_789] * 3, pa.timestamp("ns")),
            "tags": pa.array([["a"], None, []]),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "n": pa.array([1, 2, 3], pa.uint64()),
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    source = describe(path)
    records = list(read_records(path))
    assert [each.id for each in records] == ["1772661200394", None, "900719925474099"]
    columns = {
        name: pa.array([each.extra[i] for each in records], kind) for i, (name, kind) in enumerate(source.others)
    }
    assert columns["mass"].type == table["mass"].type and columns["n"].type == pa.uint64()
    assert columns["when"].equals(table["when"].combine_chunks())
    assert columns["tags"].to_pylist() == ['["a"]', None, "[]"]
    assert columns["kind"].to_pylist() == ["x", "y", "x"]


@pytest.mark.parametrize("value", ["000123", "1e5", "12.50", "9007199254740993", "+7"])
def test_an_id_in_a_csv_is_its_text(write, value: str) -> None:
    assert pairs(write("a.csv", f"smiles,id\nCCO,{value}\n")) == [(value, "CCO")]


# --- encodings ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_western_text_is_decoded(write, encoding: str) -> None:
    path = write("a.csv", "smiles,id\nCCO,crésol\nCC,β-x\n".replace("β", "µ").encode(encoding))
    assert pairs(path) == [("crésol", "CCO"), ("µ-x", "CC")]
    assert estimate_rows(path) == 2


@pytest.mark.parametrize(("encoding", "word"), [("cp1251", "аспирин кверцетин"), ("cp932", "アスピリン、ベンゼン")])
def test_other_scripts_are_decoded_or_refused(write, encoding: str, word: str) -> None:
    path = write("a.csv", f"smiles,id\nCCO,{word}\n".encode(encoding))
    assert pairs(path) == [(word, "CCO")] == pairs(path, encoding=encoding)


def test_a_byte_that_is_no_utf8_far_down_is_decoded_too(write) -> None:
    text = "smiles,id\n" + "CCO,x\n" * 400_000
    path = write("a.csv", text.encode() + "CC,café\n".encode("cp1252"))
    *_, last = read_records(path, BARE)
    assert (last.id, last.problem) == ("café", None)


def test_a_broken_byte_in_utf8_costs_its_row(write) -> None:
    path = write("a.csv", "smiles,id\nCCO,crésol\nCC,ok\n".encode() + b"C,caf\xe9\n" + "CN,né\n".encode())
    records = list(read_records(path, BARE))
    assert [each.problem for each in records] == [None, None, "not UTF-8 text, as the rest of the file is", None]
    assert records[2].smiles == "C" and "�" not in str(records)


def test_a_wrong_encoding_is_refused_with_its_line(write) -> None:
    path = write("a.csv", "smiles,id\nCCO,x\nCC,café\n".encode("cp1252"))
    with pytest.raises(UserError, match="not utf-8") as caught:
        list(read_records(path, Reading(encoding="utf-8")))
    assert "line 3" in str(caught.value)
    with pytest.raises(UserError, match="not the name of an encoding"):
        check_readable(path, Reading(encoding="utf-99"))


# --- shapes ---


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffsep=;\nsmiles;name;IC50\nOc1ccccc1;phenol;1,5\nCc1ccc(O)cc1;cresol;2,5\n",
        "Compounds of the group;;\nexported 2026;;\n;;\nsmiles;name;x\nOc1ccccc1;phenol;\nCc1ccc(O)cc1;cresol;\n",
        "smiles,name,note\nOc1ccccc1,phenol\nCc1ccc(O)cc1,cresol,x\n",
        "smiles,name\nOc1ccccc1,phenol,,\nCc1ccc(O)cc1,cresol,,\n",
        "smiles,name,,\nOc1ccccc1,phenol,,\nCc1ccc(O)cc1,cresol,,\n,,,\n,,,\n",
        '"smiles" , "name"\n"Oc1ccccc1","phenol"\nCc1ccc(O)cc1,cresol\n',
        "smiles\tname\nOc1ccccc1\tphenol\nCc1ccc(O)cc1\tcresol\n",
    ],
    ids=["sep", "title", "short", "long", "blank", "quoted", "tabs"],
)
@pytest.mark.parametrize("ending", [".csv", ".txt"])
def test_tables_as_spreadsheets_write_them(write, text: str, ending: str) -> None:
    assert pairs(write(f"a{ending}", text)) == BOTH


@pytest.mark.parametrize("ending", [".smi", ".txt"])
@pytest.mark.parametrize(
    "text",
    [
        "phenol\tOc1ccccc1\ncresol\tCc1ccc(O)cc1\n",
        "Oc1ccccc1\tphenol\nCc1ccc(O)cc1\tcresol\n",
        "smiles zinc_id\nOc1ccccc1 phenol\nCc1ccc(O)cc1 cresol\n",
        "phenol Oc1ccccc1\ncresol Cc1ccc(O)cc1\n",
    ],
)
def test_lines_of_smiles_and_id_in_either_order(write, text: str, ending: str) -> None:
    assert pairs(write(f"a{ending}", text)) == BOTH


def test_pubchems_list_has_the_id_first(write) -> None:
    assert pairs(write("CID-SMILES.smi", "2244\tCC(=O)Oc1ccccc1C(=O)O\n2519\tCn1cnc2c1c(=O)n(C)c(=O)n2C\n"))[0] == (
        "2244",
        "CC(=O)Oc1ccccc1C(=O)O",
    )


@pytest.mark.parametrize("name", ["a.smi", "a.cxsmiles", "a.csv", "a.tsv"])
def test_cxsmiles_is_one_reading_in_every_format(write, name: str) -> None:
    mark = "," if name.endswith("csv") else "\t"
    text = f"smiles{mark}id\nC[C@H](O)[C@H](F)Cl |&1:1,o2:3|{mark}r\nCCO{mark}e\n"
    assert pairs(write(name, text)) == [("r", "C[C@H](O)[C@H](F)Cl |&1:1,o2:3|"), ("e", "CCO")]


# --- containers ---


def test_containers(write, tmp_path: Path) -> None:
    data = CSV.encode()
    archive = tmp_path / "a.csv.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv", data)
    zstd = tmp_path / "a.csv.zst"
    with pa.CompressedOutputStream(str(zstd), "zstd") as stream:
        stream.write(data)
    made = [write("a.csv.gz", gzip.compress(data)), write("a.csv.bz2", bz2.compress(data))]
    made += [write("a.csv.xz", lzma.compress(data)), archive, zstd]
    for path in made:
        assert pairs(path) == BOTH, path
        assert estimate_rows(path) == 2, path
        whole = path.read_bytes()
        for cut in (len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            with pytest.raises(UserError) as caught:
                list(read_records(path))
            assert "again" in str(caught.value.fix)
        path.write_text(CSV)
        with pytest.raises(UserError) as caught:
            check_readable(path)
        assert caught.value.fix


def test_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["nothing here"])
    sheet = book.create_sheet("data")
    for row in (["Compounds"], [], ["ID", "SMILES", "mass"], [177266120039, "Oc1ccccc1", 94.11], [12, "CCO", 46]):
        sheet.append(row)
    sheet["A5"].number_format = "000000"
    book.save(tmp_path / "a.xlsx")
    assert pairs(tmp_path / "a.xlsx") == [("177266120039", "Oc1ccccc1"), ("000012", "CCO")]
    assert [each.extra for each in read_records(tmp_path / "a.xlsx")] == [("94.11",), ("46",)]
    assert estimate_rows(tmp_path / "a.xlsx") == 2


def test_a_column_of_a_workbook_without_a_name_comes_along(tmp_path: Path) -> None:
    """Values to the right of the header's last name were left out, and nothing said so."""
    book = openpyxl.Workbook()
    for row in (["SMILES", "id"], ["Oc1ccccc1", "phenol", None, "toxic"], ["CCO", "ethanol"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [name for name, _ in describe(tmp_path / "a.xlsx").others] == ["column_3", "column_4"]
    assert [each.extra for each in read_records(tmp_path / "a.xlsx")] == [(None, "toxic"), (None, None)]


def test_several_files_are_one_library(tmp_path: Path) -> None:
    for number, text in ((10, "smiles,id,b\nCC,y,2\n"), (2, "smiles,id,a\nC,x,1\nCN,w,1\n")):
        (tmp_path / f"part-{number}.csv").write_text(text)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part-2.csv.crc").touch()
    files = find_files(tmp_path)
    assert (
        [path.name for path in files] == ["part-2.csv", "part-10.csv"] == [p.name for p in find_files(tmp_path / "p*")]
    )
    assert [name for name, _ in describe(files).others] == ["a", "b"]
    rows = [(each.file, each.row, each.id, each.extra) for each in read_records(files)]
    assert rows == [(0, 1, "x", ("1", None)), (0, 2, "w", ("1", None)), (1, 1, "y", (None, "2"))]
    assert estimate_rows(files) == 3


# --- SDF ---

PHENOL = Chem.MolToMolBlock(Chem.MolFromSmiles("Oc1ccccc1"))


def test_a_tag_is_the_id_and_the_title_the_name(write) -> None:
    text = "".join(
        f"title {i}\n{PHENOL.partition(chr(10))[2]}> <Catalog ID>\nEN-{i}\n\n> <note>\none\ntwo\n\n$$$$\n"
        for i in range(3)
    )
    path = write("a.sdf", text)
    assert describe(path, whole=True) == (None, "Catalog ID", "title line", (("note", pa.string()),), None)
    assert [(each.id, each.name, each.extra) for each in read_records(path)][1] == ("EN-1", "title 1", ("one\ntwo",))


def test_a_tag_of_a_late_record_comes_along(write) -> None:
    path = write("a.sdf", f"{PHENOL}$$$$\n" * 400 + f"{PHENOL}> <late>\nx\n\n$$$$\n")
    assert describe(path, whole=True).others == (("late", pa.string()),)
    *_, last = read_records(path)
    assert last.extra == ("x",)


@pytest.mark.parametrize(
    ("find", "put", "reason"),
    [
        (" C   0", " R#  0", "R group"),
        (" C   0", " A   0", "query atom"),
        (" C   0", " *   0", "query atom"),
        ("  1  2  1  0", "  1  2  8  0", "query bond"),
        ("M  END", "M  ALS   2  2 F C   N   \nM  END", "atom list"),
        ("M  END", "M  STY  1   1 SRU\nM  SAL   1  2   1   2\nM  END", "polymer bracket"),
    ],
)
def test_what_is_no_single_molecule_is_a_problem(write, find: str, put: str, reason: str) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("OCCN")).replace(find, put, 1)
    (record,) = read_records(write("a.sdf", f"{block}$$$$\n"), BARE)
    assert record.problem is not None and reason in record.problem, record


def test_enhanced_stereo_of_an_sdf_is_kept(write) -> None:
    mol = Chem.MolFromSmiles("C[C@H](O)[C@@H](C)F |&1:1,3|")
    path = write("a.sdf", Chem.MolToV3KMolBlock(mol) + "$$$$\n")
    (record,) = read_records(path, BARE)
    assert record.smiles is not None and "|&1:" in record.smiles
    assert Chem.MolToCXSmiles(Chem.MolFromSmiles(record.smiles)) == Chem.MolToCXSmiles(mol)


def test_a_double_bond_that_a_smiles_would_state_is_said(write) -> None:
    """1,6-difluorohexatriene, its middle bond crossed: RDKit writes it as all-E."""
    mol = Chem.MolFromSmiles("F/C=C/C=C/C=C/F")
    AllChem.Compute2DCoords(mol)
    block = Chem.MolToMolBlock(mol).split("\n")
    line = next(i for i, text in enumerate(block) if text.startswith("  4  5  2"))
    block[line] = "  4  5  2  3"
    (record,) = read_records(write("a.sdf", "\n".join(block) + "$$$$\n"), BARE)
    assert record.problem is not None and "cannot leave it open" in record.problem
    (record,) = read_records(write("b.sdf", Chem.MolToMolBlock(mol) + "$$$$\n"), BARE)
    assert (record.smiles, record.problem) == ("F/C=C/C=C/C=C/F", None)


@pytest.mark.parametrize(
    ("header", "rows", "identifier"),
    [
        ("molecule_ID,MOL_ID,smiles", ["1,MOL000001,CCO", "2,MOL000007,CC", "3,MOL000010,CCC"], "MOL_ID"),  # TCMSP
        ("id,compound_id,smiles", ["1,15377,O", "2,27732,CCO", "3,16236,CC"], "compound_id"),  # ChEBI's structures
        ("Katalognummer,Name,SMILES", ["A1,Ethanol,CCO", "A2,Ethan,CC"], "Katalognummer"),
        ("broad_id,catalog_no,smiles", ["BRD-1,C1,CCO", "BRD-2,C1,CC"], "broad_id"),
    ],
)
def test_what_counts_rows_gives_way_to_an_id(write, header: str, rows: list[str], identifier: str) -> None:
    assert describe(write("a.csv", "\n".join([header, *rows]) + "\n")).id == identifier


def test_a_programs_name_in_every_title_line_is_no_id(write) -> None:
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)).split("\n", 1)[1] for smiles in ("CCO", "CC", "CCC")]
    path = write("a.sdf", "".join(f"Marvin\n{block}$$$$\n" for block in blocks))
    assert [record.id for record in read_records(path, BARE)] == [None] * 3


@pytest.mark.parametrize("column", ["Ingredient_Smile", "DRUGSMIL"])  # HERB, TTD
def test_columns_that_are_nearly_called_smiles(write, column: str) -> None:
    assert describe(write("a.csv", f"id,{column}\nx,CCO\ny,CC\n")).smiles == column


def test_a_spreadsheets_guard_is_no_part_of_an_id(write) -> None:
    path = write("a.csv", 'smiles,id\nCCO,="00123"\nCC,"=""0456"""\n')
    assert pairs(path) == [("00123", "CCO"), ("0456", "CC")]


def test_text_of_an_old_mac_is_not_read_as_another(tmp_path: Path) -> None:
    """In cp1250 and cp1252 it has capitals within words: fŽrulique."""
    path = tmp_path / "a.csv"
    path.write_bytes("smiles,name\nCCO,acide férulique\nCC,crème\nCCC,Äpfelsäure\n".encode("mac_roman"))
    with pytest.raises(UserError, match="not clear which encoding") as caught:
        list(read_records(path))
    assert "set encoding: mac_roman" in str(caught.value.fix)
    found = [record.id for record in read_records(path, Reading(encoding="mac_roman"))]
    assert found == ["acide férulique", "crème", "Äpfelsäure"]


# --- before a run ---


@pytest.mark.parametrize("ending", [".mol2", ".pdb", ".cdx", ".xls", ".json"])
def test_formats_that_are_not_read_say_what_to_do(write, ending: str) -> None:
    with pytest.raises(UserError, match="are not read") as caught:
        check_readable(write(f"a{ending}", "x"))
    assert "rename" not in str(caught.value.fix)


@pytest.mark.parametrize("line", ["C[C@H](O)F\t|&1:1|\tZ1", "C[C@H](O)F\tZ1\t|&1:1|"])
def test_an_extension_in_a_field_of_its_own_belongs_to_the_smiles(write, line: str) -> None:
    assert pairs(write("a.smi", line + "\n")) == [("Z1", "C[C@H](O)F |&1:1|")]


def test_the_columns_of_pubchem(write) -> None:
    path = write(
        "a.csv", "Compound_CID,Name,PUBCHEM_EXT_DATASOURCE_SMILES\n996,phenol,Oc1ccccc1\n2879,cresol,Cc1ccc(O)cc1\n"
    )
    assert describe(path)[:3] == ("PUBCHEM_EXT_DATASOURCE_SMILES", "Compound_CID", "Name")
    path = write("b.csv", "cid,cmpdname,iupacname,smiles\n996,Phenol,phenol,Oc1ccccc1\n")
    assert describe(path)[:3] == ("smiles", "cid", "cmpdname")


def test_a_later_sdf_with_another_tag_keeps_its_ids(write) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("Oc1ccccc1"))
    first = write("a.sdf", f"{block}> <chembl_id>\nCHEMBL1\n\n$$$$\n")
    second = write("b.sdf", f"{block}> <zinc_id>\nZINC1\n\n$$$$\n")
    assert [record.id for record in read_records([first, second])] == ["CHEMBL1", "ZINC1"]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.smi"])
def test_a_column_of_extensions_belongs_to_the_smiles(write, name: str) -> None:
    for header, cell in [("enhanced_stereo", "|&1:1|"), ("enhanced_stereo", "&1:1"), ("cxsmiles_ext", "|&1:1|")]:
        mark = "," if name == "a.csv" else "\t"
        rows = [["smiles", header, "id"], ["C[C@H](O)F", cell, "Z1"], ["CCO", "", "Z2"]]
        path = write(name, "".join(mark.join(row) + "\n" for row in rows))
        assert describe(path).others == ()
        assert pairs(path) == [("Z1", "C[C@H](O)F |&1:1|"), ("Z2", "CCO")]


def test_a_table_of_molecules_of_our_own_is_read_with_its_enhanced_stereo(tmp_path: Path) -> None:
    path = tmp_path / "molecules.parquet"
    pq.write_table(
        pa.table({"id": ["Z1", "Z2"], "smiles": ["C[C@H](O)F", "CCO"], "enhanced_stereo": ["|&1:1|", None]}), path
    )
    assert pairs(path) == [("Z1", "C[C@H](O)F |&1:1|"), ("Z2", "CCO")]


def test_the_id_of_a_row_that_cannot_be_read_is_not_altered(write) -> None:
    (record,) = read_records(write("a.csv", 'smiles,id\n"C\nC","two\nlines"\n'))
    assert (record.id, record.problem) == ("two\nlines", "line end in the SMILES")
