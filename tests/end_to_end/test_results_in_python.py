"""``halogenator.open``: finished results in Python are what the commands say, and DuckDB reads in the files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem, rdBase

import halogenator
from halogenator import UserError
from halogenator.cli import main
from halogenator.upkeep.project import SNAKEFILE
from helpers.finished import JOBS, Finished
from helpers.runs import COOME, OME


@pytest.fixture
def results(finished: Finished) -> halogenator.Results:
    return halogenator.open(finished.folder / "results")


def told(capsys: pytest.CaptureFixture[str], results: halogenator.Results, *words: object) -> str:
    capsys.readouterr()
    assert main([*map(str, words), "--results", str(results.folder)]) == 0
    return capsys.readouterr().out


def test_libraries_and_jobs_are_listed(results: halogenator.Results) -> None:
    assert [(row["library"], row["k"]) for row in results.libraries] == [
        ("mine", None),
        ("other-0X", 0),
        ("other-1X", 1),
    ]
    assert {(row["library"], row["transform"]) for row in results.jobs} == JOBS
    assert {row["reason"] for row in results.rejects} >= {"duplicate", "unparsable SMILES"}
    assert "3 libraries, 3 jobs" in repr(results)


def test_products_and_molecules_are_those_of_the_files_with_their_parents(results: halogenator.Results) -> None:
    path = results.folder / f"products/library=mine/transform={OME}/products.parquet"
    table = results.products("mine", OME).to_arrow()
    own = pq.read_table(path, partitioning=None)
    assert table.select(own.schema.names) == own.replace_schema_metadata()
    smiles = {row["id"]: row["smiles"] for row in results.molecules("mine")}
    assert all(row["parent_smiles"] == smiles[row["parent_id"]] for row in table.to_pylist())
    every = f"read_parquet('{results.folder}/products/*/*/*.parquet', hive_partitioning = true)"
    light = duckdb.sql(f"SELECT smiles, mw FROM {every} WHERE mw < 200 AND hbd <= 2 ORDER BY ALL").fetchall()
    asked = results.products(where="mw < 200 AND hbd <= 2", columns=["smiles", "mw"])
    assert sorted(map(tuple, (row.values() for row in asked))) == light and asked.count() == len(light) > 5
    assert (
        results.products(transform=[OME, COOME]).count()
        == results.products().count()
        == sum(pq.read_metadata(path).num_rows for path in results.folder.glob("products/*/*/*.parquet"))
    )


def test_rows_are_read_in_batches_and_a_loop_may_end_early(results: halogenator.Results) -> None:
    rows = results.products()
    batches = rows.batches()
    assert isinstance(next(batches), pa.RecordBatch)
    batches.close()
    assert rows.first(3) == list(rows)[:3]
    assert pa.RecordBatchReader.from_stream(rows).read_all() == rows.to_arrow()


@pytest.mark.parametrize(
    "asked",
    [
        {"smarts": "[OX2H]c1ccccc1[OX2H]"},
        {"smarts": ["cF", "cOC"], "transform": OME},
        {"similar": "COc1cc(O)cc(O)c1", "threshold": 0.4},
        {"similar": "COc1cc(O)cc(O)c1", "threshold": 0.2, "limit": 4},
        {"parent": "quercetin", "where": "mw < 330"},
        {"molecule": "c1cc(ccc1O)C(=O)O", "molecules": True},
        {"where": "site > 3", "library": "mine"},
    ],
    ids=str,
)
def test_find_gives_what_the_command_gives(
    asked: dict[str, object], results: halogenator.Results, capsys: pytest.CaptureFixture[str]
) -> None:
    words: list[object] = ["find", "--json"]
    for name, value in asked.items():
        for each in value if isinstance(value, list) else [value]:
            words += [f"--{name}"] if each is True else [f"--{name}", each]
    expected = [json.loads(line) for line in told(capsys, results, *words).splitlines()]
    found = results.find(**asked)
    rows = [{name: value for name, value in row.items() if value is not None} for row in found]
    assert rows == expected and (rows or "molecule" in asked)
    assert found.to_arrow().num_rows == len(rows)


def test_lineage_tells_what_explain_tells(results: halogenator.Results, capsys: pytest.CaptureFixture[str]) -> None:
    smiles = results.products("other-1X", OME).first(1)[0]["smiles"]
    expected = json.loads(told(capsys, results, "explain", smiles, "--json"))
    found = results.lineage(smiles)
    assert found and (found.places, found.obstacles) == (expected["found"], expected["obstacles"])
    assert [step["by"] for step in found.ways[0]["steps"]][-1] == OME
    assert str(found).splitlines()[2] in told(capsys, results, "explain", smiles)
    assert found._repr_html_().count("data:image/svg+xml") == 1
    missing = results.lineage("CCO")
    assert not missing and "not in these results" in str(missing) and "<pre>" in missing._repr_html_()


def test_an_export_is_that_of_the_command(results: halogenator.Results, tmp_path: Path) -> None:
    before = pa.cpu_count(), rdBase.LogStatus()
    made = results.export(
        tmp_path / "a.sdf", "mine", OME, only="lipinski", windows={"mw": (None, 250)}, coordinates=True
    )
    words = ["export", "--library", "mine", "--transform", OME, "--only", "lipinski", "--mw", ":250", "--coordinates"]
    assert main([*words, "--results", str(results.folder), "--out", str(tmp_path / "b.sdf")]) == 0
    assert (tmp_path / "a.sdf").read_bytes() == (tmp_path / "b.sdf").read_bytes()
    assert made["molecules"] == len(Chem.SDMolSupplier(str(tmp_path / "a.sdf"))) > 3
    with pytest.raises(UserError, match="did you mean 'only'"):
        results.export(tmp_path / "c.sdf", onyl="lipinski")
    results.export(tmp_path / "c.sdf", "mine", OME)
    assert before[0] == pa.cpu_count()


def test_rows_draw_themselves(results: halogenator.Results) -> None:
    page = results.products()._repr_html_()
    assert page.count("<svg") == 10 and page.count('class="m"') >= 20 and "and more" in page
    assert results.find("[OX2H]", limit=2)._repr_html_().count("<svg") == 2
    assert "polyphenol" in results.libraries._repr_html_()
    assert "no rows" in results.products(where="mw < 1")._repr_html_()
    assert "smiles" in repr(results.molecules())


def test_a_slip_is_answered_at_once(results: halogenator.Results, tmp_path: Path) -> None:
    for ask, expected in (
        (lambda: halogenator.open(tmp_path / "resluts"), "there is no such folder"),
        (lambda: halogenator.open(tmp_path), "no finished results"),
        (lambda: results.products("min"), "did you mean 'mine'"),
        (lambda: results.products(transform="FG_PHENOL_OH__OH__TO__Ome"), f"did you mean '{OME}'"),
        (lambda: results.products(where="mww < 300"), r"mww[\s\S]*\.products\(\)"),
        (lambda: results.products(where="mw <"), "does not take this condition"),
        (lambda: results.products(columns=["mww"]), "mww"),
        (lambda: results.molecules("other"), "other-1X"),
        (lambda: results.find(), "nothing says what to find"),
        (lambda: results.find("c1ccc("), "cannot read this SMARTS"),
        (lambda: results.find(similar="c1ccc("), "similar"),
        (lambda: results.find(parent="quercetinn"), "did you mean 'quercetin'"),
        (lambda: results.lineage("nothing of the kind"), "neither a SMILES nor"),
    ):
        with pytest.raises(UserError, match=expected):
            ask()


def reasons(obstacles: list[dict[str, object]]) -> set[tuple[object, ...]]:
    return {(each["library"], each["transform"], each["kind"], each["why"]) for each in obstacles}


def test_lineage_takes_the_configuration_of_a_project_as_explain_does(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where results do not record theirs: only a project's own configuration made these."""
    folder = finished.copy(tmp_path / "project")
    before = halogenator.open(folder / "results").lineage("CCO")
    shutil.rmtree(folder / "results" / "stats" / "configurations")
    as_shipped = halogenator.open(folder / "results").lineage("CCO")
    assert any("did not make mine" in note for note in as_shipped.notes)
    (folder / "configs").mkdir()
    (folder / "config.yaml").rename(folder / "configs" / "config.yaml")
    (folder / "Snakefile").write_text(SNAKEFILE)
    results = halogenator.open(folder / "results")
    found = results.lineage("CCO")
    assert json.loads(told(capsys, results, "explain", "CCO", "--json"))["obstacles"] == found.obstacles
    assert reasons(found.obstacles) == reasons(before.obstacles) and not found.notes


def test_lineage_starts_from_the_shipped_configuration_where_the_one_of_the_run_is_gone(
    finished: Finished, tmp_path: Path
) -> None:
    """As after an update of Python, which puts the package into another folder."""
    folder = finished.copy(tmp_path / "moved")
    before = halogenator.open(folder / "results").lineage("CCO")
    (path,) = (folder / "results" / "stats" / "configurations").iterdir()
    record = json.loads(path.read_text())
    lowest = record["files"][0]["path"]
    record["files"][0]["path"] = str(tmp_path / "python3.11" / "config.yaml")
    path.write_text(json.dumps(record))
    after = halogenator.open(folder / "results").lineage("CCO")
    assert reasons(after.obstacles) == reasons(before.obstacles)
    (note,) = after.notes
    assert note.startswith("gone, or changed since the run: config.yaml; what is taken: ") and lowest in note
