"""What a file's columns are taken for, and how many of its first rows are readable: said before a run, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from halogenator.cli import main
from halogenator.model import Library, Recipe
from halogenator.tasks.commands import ReadLibrary

COCONUT = """identifier,name,canonical_smiles,mw,np_likeness
CNP1,guaiacol,COc1ccccc1O,124.1,0.3
CNP2,p-cresol,Cc1ccc(O)cc1,108.1,
CNP3,,not a molecule,,
"""
# The column called smiles has formulas, as some spreadsheets do.
FORMULAS = """id,smiles,Drawn as
1,C6H6O,Oc1ccccc1
2,C7H8O,Cc1ccc(O)cc1
"""
OME = "FG_PHENOL_OH__OH__TO__OMe"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(text: str, name: str = "mine.csv", **keys: object) -> str:
    """Write a file and a configuration of one library, and return that one's name."""
    Path(name).write_text(text)
    library = {"path": name, "class": "polyphenol", **keys}
    document = {"libraries": {"mine": library}, "select": {"libraries": ["mine"], "transforms": [OME]}}
    Path("mine.yaml").write_text(yaml.safe_dump(document))
    return "mine.yaml"


def test_check_says_what_the_columns_are_taken_for(capsys: Captured) -> None:
    assert main(["check", configured(COCONUT)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        'mine: SMILES from "canonical_smiles", id from "identifier", name from "name", '
        '2 other columns: "mw", "np_likeness" (in the results "mw" is "mw_in_file"); 2 of the first 3 rows readable'
    )


def test_check_says_that_rows_are_numbered(capsys: Captured) -> None:
    assert main(["check", configured("smiles\nOc1ccccc1\n")]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert (
        line
        == 'mine: SMILES from "smiles", no ids, so rows are numbered, no other columns; 1 of the first 1 rows readable'
    )


def test_check_says_which_columns_come_along(capsys: Captured) -> None:
    assert main(["check", configured(COCONUT, columns=["np_likeness"])]) == 0
    assert '1 other column: "np_likeness";' in capsys.readouterr().out
    assert main(["check", configured(COCONUT, columns="none")]) == 0
    assert "no other columns;" in capsys.readouterr().out


def test_many_columns_are_counted(capsys: Captured) -> None:
    names = [f"x{number}" for number in range(200)]
    text = f"smiles,{','.join(names)}\nOc1ccccc1{',1' * 200}\n"
    assert main(["check", configured(text)]) == 0
    assert ", 200 other columns;" in capsys.readouterr().out


def test_a_file_of_which_no_row_is_readable_is_refused_and_the_fix_works(capsys: Captured) -> None:
    assert main(["check", configured(FORMULAS)]) == 1
    told = capsys.readouterr().err
    assert "none of the first 2 rows has a molecule that can be read from column 'smiles'" in told
    assert "mine.csv, row 1" in told
    assert "'C6H6O'" in told
    fix = told.partition("fix:")[2]
    assert 'set smiles_column: "Drawn as"' in fix
    assert main(["check", configured(FORMULAS, smiles_column="Drawn as")]) == 0
    assert "2 of the first 2 rows readable" in capsys.readouterr().out


def test_a_file_without_any_smiles_is_refused(capsys: Captured) -> None:
    assert main(["check", configured("id,smiles\n1,C6H6O\n2,phenol\n")]) == 1
    assert "no other column has SMILES either" in capsys.readouterr().err


def test_a_header_that_lacks_a_name_is_told_as_that_and_the_fix_works(capsys: Captured) -> None:
    """R writes names of rows without a name of their column; the message asked for a column of SMILES."""
    table = "smiles\tid\n1\tOc1ccccc1\tphenol\n2\tCCO\tethanol\n"
    assert main(["check", configured(table, "mine.tsv")]) == 1
    told = capsys.readouterr().err
    assert "expected 2 columns, found 3" in told
    assert "give that column a name in the header" in told
    assert main(["check", configured(f"row\t{table}", "mine.tsv")]) == 0


def test_rows_without_smiles_may_come_first(capsys: Captured) -> None:
    text = "id,smiles\n" + "".join(f"{row},\n" for row in range(150)) + "151,Oc1ccccc1\n"
    assert main(["check", configured(text)]) == 0
    assert "1 of the first 151 rows readable" in capsys.readouterr().out


def test_plan_says_it_too_and_stays_json(capsys: Captured) -> None:
    name = configured(COCONUT)
    assert main(["plan", name, "--no-file"]) == 0
    assert capsys.readouterr().out.startswith('mine: SMILES from "canonical_smiles"')
    assert main(["plan", name, "--no-file", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["files"]
    assert (found["smiles"], found["id"], found["name"]) == ("canonical_smiles", "identifier", "name")
    assert (found["readable"], found["rows"]) == (2, 3)
    assert found["columns"] == {"mw_in_file": "mw", "np_likeness": "np_likeness"}
    assert main(["plan", name, "--no-file", "--tsv"]) == 0
    assert capsys.readouterr().out.startswith("library\ttransform")


def test_plan_refuses_what_check_refuses(capsys: Captured) -> None:
    assert main(["plan", configured(FORMULAS), "--no-file"]) == 1
    assert 'set smiles_column: "Drawn as"' in capsys.readouterr().err


def test_apply_says_it_and_names_its_own_option(capsys: Captured, here: Path) -> None:
    (here / "formulas.csv").write_text(FORMULAS)
    words = ["apply", "--input", "formulas.csv", "--outdir", "out", "--transform", OME]
    assert main(words) == 1
    assert "add --smiles-column 'Drawn as'" in capsys.readouterr().err
    assert not (here / "out" / "products.parquet").exists()
    assert main([*words, "--smiles-column", "Drawn as", "--workers", "1"]) == 0
    assert 'formulas: SMILES from "Drawn as", id from "id", 1 other column: "smiles"' in capsys.readouterr().err


def test_the_task_that_reads_says_it_in_its_log(capsys: Captured, here: Path) -> None:
    (here / "mine.csv").write_text(COCONUT)
    recipe = Recipe(Library("mine", "lipid", paths=(Path("mine.csv"),)))
    assert main(ReadLibrary(recipe=recipe, out=Path("raw.parquet")).words) == 0
    assert capsys.readouterr().out.startswith('mine: SMILES from "canonical_smiles", id from "identifier"')
