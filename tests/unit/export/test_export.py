"""Exports by the verb: formats, splits, names, what is refused, what is taken up again."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from html import escape
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import FILTERS
from halogenator.chemistry.maxmin import MAX_CANDIDATES, needed_mb
from halogenator.chemistry.scores import SCORES, WINDOWED
from halogenator.cli import main
from halogenator.cli.export_verb import add_verbs, request_of
from halogenator.config.validation import load_schema
from halogenator.dataclass_json import to_json
from halogenator.model import Export, Window
from halogenator.planning.resources import EXPORT_MB
from halogenator.tables.molecule_files import FORMATS
from helpers.exports import OME, PHENOLS, export, lay_out, records, rows, text

NAMED = PHENOLS | {
    "phloroglucinol": "Oc1cc(O)cc(O)c1",
    "quote, \"and\" comma": "Oc1ccc(C=O)cc1",
}  # fmt: skip
# Molecule -> lipinski, veber, pains, brenk.
KNOWN = {
    "ibuprofen": ("CC(C)Cc1ccc(C(C)C(=O)O)cc1", True, True, False, False),
    "aspirin": ("CC(=O)Oc1ccccc1C(=O)O", True, True, False, True),  # phenol ester
    "catechol": ("Oc1ccccc1O", True, True, True, True),
    "rhodanine": ("O=C1CSC(=S)N1", True, True, True, True),
    "stearic acid": ("CCCCCCCCCCCCCCCCCC(=O)O", True, False, False, True),  # clogp alone is too high; a long chain
    "erythromycin": (
        "CC[C@@H]1[C@@]([C@@H]([C@H](C(=O)[C@@H](C[C@@]([C@@H]([C@H]([C@@H]([C@H](C(=O)O1)C)O[C@H]2C[C@@]([C@H]"
        "([C@@H](O2)C)O)(C)OC)C)O[C@H]3[C@@H]([C@H](C[C@H](O3)C)N(C)C)O)(C)O)C)C)O)(C)O",
        False,  # mw and hba
        False,
        False,
        False,
    ),
    "tridecane": ("CCCCCCCCCCCCC", True, True, False, True),  # 10 rotatable bonds
    "tetradecane": ("CCCCCCCCCCCCCC", True, False, False, True),  # 11
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("made"), list(NAMED.items()), OME)


def products(results: Path) -> list[dict[str, object]]:
    return pq.read_table(results / "products/library=mine/transform=T/products.parquet", partitioning=None).to_pylist()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    rows_in = [(name, smiles) for name, (smiles, *_) in KNOWN.items()]
    folder = lay_out(tmp_path_factory.mktemp("known"), rows_in)
    out = tmp_path_factory.mktemp("flags") / "known.csv"
    made = rows(export(folder, out, "--library", "mine", "--molecules", "--flag", ",".join(FILTERS)))
    return {row["id"]: row for row in made}


@pytest.mark.parametrize("name", KNOWN)
def test_named_molecules_pass_or_fail(known: dict[str, dict[str, str]], name: str) -> None:
    assert [known[name][flag] == "true" for flag in ("lipinski", "veber", "pains", "brenk")] == list(KNOWN[name][1:])


def test_alerts_are_named(known: dict[str, dict[str, str]]) -> None:
    assert known["catechol"]["pains_alerts"] == "catechol_A(92)"
    assert known["ibuprofen"]["pains_alerts"] == known["ibuprofen"]["brenk_alerts"] == ""


# ---- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_has_every_row(results: Path, tmp_path: Path, ending: str) -> None:
    made = export(results, tmp_path / f"all.{ending}", "--library", "mine", "--transform", "T", "--split", 5)
    assert [path.name for path in made] == [f"all-{number:04}.{ending}" for number in range(1, len(made) + 1)]
    expected = products(results)
    smiles = [row["smiles"] for row in expected]
    kind = ending.removesuffix(".gz")
    if kind == "smi":
        lines = [line.split("\t") for path in made for line in text(path).splitlines()]
        assert [line[0] for line in lines] == smiles
        assert len({line[1] for line in lines}) == len(smiles)
    elif kind == "sdf":
        assert [Chem.MolToSmiles(mol) for mol in records(made)] == smiles
        assert [mol.GetProp("_Name") for mol in records(made)] == [mol.GetProp("name") for mol in records(made)]
    elif kind == "html":
        headings = [line for path in made for line in text(path).splitlines() if line.startswith("<h2>")]
        assert headings == [f"<h2>{escape(str(row['parent_id']))}, T</h2>" for row in expected]
    elif kind == "xlsx":
        sheets = [list(openpyxl.load_workbook(path).active.values) for path in made]
        assert [row[2] for _, *sheet in sheets for row in sheet] == smiles
    elif kind == "parquet":
        tables = pa.concat_tables([pq.read_table(path) for path in made])
        assert tables.drop_columns(["name", "library", "transform"]).to_pylist() == expected
    else:
        found = duckdb.sql(f"SELECT * FROM read_csv({list(map(str, made))!r}, header = true)").fetchall()
        assert [row[0] for row in found] == smiles


def test_names_are_parent_transform_and_site(results: Path, tmp_path: Path) -> None:
    (path,) = export(results, tmp_path / "all.csv", "--library", "mine", "--parents")
    molecules = {row["id"]: row["smiles"] for row in rows(export(results, tmp_path / "m.csv", "--library", "mine", "--molecules"))}  # fmt: skip # noqa: E501
    for row in rows([path]):
        assert row["name"] == f"{row['parent_id']}_T_{row['site']}".replace(" ", "_")
        assert row["parent_smiles"] == molecules[row["parent_id"]]
        assert row["parent"] == row["parent_id"]


def test_products_of_one_site_have_names_of_their_own(tmp_path: Path) -> None:
    """The amide carbon of a urea is the site of a product at either nitrogen, also where reading begins between."""
    ureas = [("ethyl methyl", "CNC(=O)NCC"), ("methyl phenyl", "CNC(=O)Nc1ccccc1"), ("urea", "NC(N)=O")]
    results = lay_out(tmp_path, ureas, "[C:1](=[O:2])[NX3;!H0:3]>>[C:1](=[O:2])[N:3]C")
    sites = {(row["parent_id"], row["site"]) for row in products(results)}
    assert len(sites) < len(products(results))
    made = export(results, tmp_path / "n.csv", "--library", "mine", "--split", 1)
    whole = [path.read_bytes() for path in made]
    names = [row["name"] for row in rows(made)]
    assert len(set(names)) == len(names)
    assert any(name.endswith(".2") for name in names)
    made[1].unlink()
    assert [
        path.read_bytes() for path in export(results, tmp_path / "n.csv", "--library", "mine", "--split", 1)
    ] == whole


def test_two_libraries_have_names_of_their_own(tmp_path: Path) -> None:
    for library in ("mine", "yours"):
        lay_out(tmp_path, list(NAMED.items()), OME, library=library)
    made = rows(export(tmp_path / "results", tmp_path / "both.csv", "--library", "mine", "yours"))
    assert len({row["name"] for row in made}) == len(made) == 2 * len(products(tmp_path / "results"))


def test_giants_are_v3000(tmp_path: Path) -> None:
    chain = ("chain", "C" * 1000)
    results = lay_out(tmp_path, [("nonacosane", "C" * 29), chain])
    (path,) = export(results, tmp_path / "a.sdf", "--library", "mine", "--molecules")
    assert text(path).count("V3000") == 1 and text(path).count("V2000") == 1
    assert [mol.GetNumAtoms() for mol in records([path])] == [29, 1000]


def test_adopted_products_without_parents_are_named_by_their_row(results: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(results, tmp_path / "results")
    path = copy / "products/library=mine/transform=T/products.parquet"
    table = pq.read_table(path, partitioning=None)
    nulls = pa.nulls(table.num_rows, pa.string())
    pq.write_table(table.set_column(1, "parent_id", nulls), path)
    made = rows(export(copy, tmp_path / "a.csv", "--library", "mine", "--parents"))
    assert [row["name"] for row in made] == [f"mine_T_row_{number + 1}" for number in range(len(made))]
    assert {row["parent_smiles"] for row in made} == {""}


def test_what_rdkit_cannot_read_is_counted(results: Path, tmp_path: Path) -> None:
    sql = "SELECT * FROM (VALUES ('a', 'CCO'), ('b', 'C1CC('), ('c', 'C(C)(C)(C)(C)C'), ('d', 'OCC')) t(id, smiles)"
    (path,) = export(results, tmp_path / "odd.sdf", "--sql", sql)
    assert [(mol.GetProp("_Name"), Chem.MolToSmiles(mol)) for mol in records([path])] == [("a", "CCO"), ("d", "CCO")]
    manifest = json.loads((tmp_path / "odd.sdf.json").read_text())
    assert manifest["rejects"] == {"unparsable SMILES": 1, "impossible molecule": 1}
    assert [example[0] for example in manifest["examples_of_rejects"]] == ["b", "c"]


def test_nothing_that_passes_is_one_empty_file(results: Path, tmp_path: Path) -> None:
    (path,) = export(results, tmp_path / "none.csv", "--library", "mine", "--mw", "5000:", "--split", 3)
    assert path.name == "none-0001.csv"
    assert len(text(path).splitlines()) == 1


# ---- taken up again --------------------------------------------------------------------------------------------------


def test_a_finished_export_is_left_and_a_lost_or_damaged_split_made_again(results: Path, tmp_path: Path) -> None:
    command = (results, tmp_path / "a.smi.gz", "--library", "mine", "--split", 3)
    made = export(*command)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    export(*command)
    assert all(path.stat().st_mtime_ns == before[path.name][1] for path in made)
    made[1].unlink()
    made[2].write_bytes(b"x" + made[2].read_bytes()[1:])
    export(*command)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: content for name, (content, _) in before.items()
    }
    assert made[0].stat().st_mtime_ns == before[made[0].name][1]


def test_another_export_under_the_same_name_needs_force(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.csv"
    assert len(export(results, out, "--library", "mine", "--split", 2)) > 2
    export(results, out, "--library", "mine", "--split", 4, fails=True)
    assert "--force" in capsys.readouterr().err
    made = export(results, out, "--library", "mine", "--split", 1000, "--force")
    assert len(made) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-0001.csv", "a.csv.json"]


def test_other_data_is_another_export(results: Path, tmp_path: Path) -> None:
    copy = lay_out(tmp_path / "other", list(NAMED.items())[:3], OME)
    export(results, tmp_path / "a.csv", "--library", "mine")
    export(copy, tmp_path / "a.csv", "--library", "mine", fails=True)


def test_a_file_of_somebody_else_is_not_overwritten(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.csv").write_text("mine")
    export(results, tmp_path / "notes.csv", "--library", "mine", fails=True)
    assert (tmp_path / "notes.csv").read_text() == "mine"
    assert "made by no export" in capsys.readouterr().err


# ---- refused ---------------------------------------------------------------------------------------------------------

REFUSED = {
    "library": (["--library", "mime"], "did you mean 'mine'?"),
    "transform": (["--library", "mine", "--transform", "U"], "there are no results of transform 'U'"),
    "nothing": ([], "--library all"),
    "filter": (["--library", "mine", "--only", "lipinksi"], "did you mean 'lipinski'?"),
    "both": (["--library", "mine", "--only", "pains", "--without", "pains"], "pains is in only and in without"),
    "empty window": (["--library", "mine", "--mw", "500:200"], "LOW <= HIGH"),
    "coordinates": (["--library", "mine", "--coordinates"], "coordinates are for SDF"),
    "column": (["--library", "mine", "--columns", "smiles,mass"], "there is no column 'mass'"),
    "molecules of a transform": (["--library", "mine", "--transform", "T", "--molecules"], "before any transform"),
    "sql and library": (["--sql", "SELECT smiles FROM products", "--library", "mine"], "a query says itself"),
    "no smiles": (["--sql", "SELECT mw FROM products"], "the query has no column of SMILES"),
    "smiles is a number": (["--sql", "SELECT mw AS smiles FROM products"], "the query has no column of SMILES"),
    "two statements": (["--sql", "SELECT smiles FROM products; DROP VIEW products"], "not one SELECT"),
    "not a select": (["--sql", "COPY products TO 'stolen.csv'"], "not one SELECT"),
    "slip": (["--sql", "SELEC smiles FROM products"], "syntax error"),
    "unknown table": (["--sql", "SELECT smiles FROM product"], "products"),
    "twice": (["--sql", "SELECT smiles, smiles FROM products"], "two columns have one name"),
    "more picked than drawn": (["--library", "mine", "--sample", "5", "--diverse", "6"], "more molecules are to be"),
    "large sample": (["--library", "mine", "--sample", "9999999"], "1 to 5,000,000"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_request_is_told_before_the_first_row(
    results: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given, said = REFUSED[name]
    assert main(["export", "--results", str(results), "--out", str(tmp_path / "a.csv"), *given]) == 1
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_more_candidates_than_memory_for_them(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(results, tmp_path / "a.smi", "--library", "mine", "--diverse", 2, "--mem-mb", 300, fails=True)
    assert "--mem-mb 400" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"), [("a.sfd", "did you mean"), ("a.parquet.gz", "leave .gz away"), ("a", ".smi")]
)
def test_an_ending_that_is_no_format(
    results: Path, tmp_path: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--results", str(results), "--library", "mine", "--out", str(tmp_path / name)]) == 1
    assert said in capsys.readouterr().err


def test_an_empty_folder_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["--library", "mine"], ["--sql", "SELECT smiles FROM products"]):
        assert main(["export", "--results", str(tmp_path), "--out", str(tmp_path / "a.csv"), *given]) == 1
        assert "run snakemake --cores all first" in capsys.readouterr().err


# ---- one table -------------------------------------------------------------------------------------------------------


def test_windows_filters_and_formats_are_the_same_everywhere() -> None:
    keys = load_schema("config")["$defs"]["export"]["properties"]
    assert set(WINDOWED) == {name for name, key in keys.items() if key.get("$ref") == "#/$defs/window"}
    assert set(WINDOWED) > set(DESCRIPTORS)
    assert load_schema("config")["$defs"]["properties"]["items"]["enum"] == list(FILTERS)
    assert load_schema("config")["$defs"]["flags"]["items"]["enum"] == [*FILTERS, *SCORES]
    assert keys["format"]["enum"] == list(FORMATS)
    parser = argparse.ArgumentParser()
    add_verbs(parser.add_subparsers())
    assert parser.parse_args(["export", "--out", "x"]).mem_mb == EXPORT_MB >= needed_mb(MAX_CANDIDATES)


FULL = Export(
    libraries=("a", "b"),
    transforms=("T",),
    format="sdf.gz",
    split=10,
    coordinates=True,
    parents=True,
    reaction=True,
    titles=True,
    fingerprints=("maccs",),
    conformers=3,
    columns=("smiles", "name"),
    windows={"clogp": Window(-2.5, 5), "mw": Window(high=500), "hbd": Window(low=1e-7), "qed": Window(0.5)},
    only=("lipinski",),
    without=("pains", "brenk"),
    flag=("veber", "sa_score"),
    sample=100,
    diverse=7,
    scaffold_split=(0.5, 0.25, 0.25),
    seed=-3,
    in_sets=(Path("/data/stock.sdf"), Path("/data/results")),
    not_in_sets=(Path("/data/old.csv"),),
    novel=(Path("/data/chembl.smi.gz"),),
    same_by="inchikey",
)


@pytest.mark.parametrize(
    "asked", [FULL, Export(), Export(molecules=True, libraries=("x",)), Export(sql="SELECT '--x=1' AS smiles")]
)
def test_a_request_in_json_is_the_request(asked: Export) -> None:
    """The rule hands its configuration to the verb so."""
    parser = argparse.ArgumentParser()
    add_verbs(parser.add_subparsers())
    options = parser.parse_args(["export", "--request", to_json(asked), "--out", f"x.{asked.format}"])
    assert request_of(options) == asked


def test_a_window_may_begin_with_a_negative_number(results: Path, tmp_path: Path) -> None:
    low = rows(export(results, tmp_path / "a.csv", "--library", "mine", "--clogp", "-2:0.9"))
    assert {row["smiles"] for row in low} == {row["smiles"] for row in products(results) if row["clogp"] <= 0.9}


def test_help_needs_no_rdkit() -> None:
    import subprocess

    code = "import sys; from halogenator.cli import main\ntry: main(['export', '--help'])\nfinally: print('rdkit' in sys.modules)"  # fmt: skip # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout.splitlines()[-1] == "False"
    assert "Adv. Drug Deliv. Rev. 1997" in " ".join(done.stdout.split())
