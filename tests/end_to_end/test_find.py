"""Rows of a run found by structure, likeness and origin: those that RDKit finds when it looks at every row."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from halogenator.cli import build_parser, main
from halogenator.cli.find_verb import conditions_of
from halogenator.model import Export
from halogenator.planning.export_request import check
from halogenator.tables.metadata import read_metadata
from helpers.exports import export, rows
from helpers.finished import BAD, PHENOLS, Finished
from helpers.runs import COOME, OME, REPOSITORY
from helpers.samples import SAFETY_NET

QUERIES = [
    *("c1ccccc1", "[OX2H]c1ccccc1[OX2H]", "cF", "cCl", "cO[CH3]", "O=c1ccoc2ccccc12", "[!#6]", "[O;!H1]", "[cD3]"),
    *("[C@@H](O)c", "C/C=C/C", "[$(c[OX2H])]", "[c;$(cc[OX2H])]", "cF.cI", "[R2]", "[r6]", "[^3]", "[h1]", "[x3]"),
    *("[+]", "[nH]", "[#6]!@[#6]", "C(=O)[OX2H]", "[F,I]", "[v4]", "[ND2]", "C(=O)OC", "[!H0]", "[X4]"),
]
QUERCETIN = "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12"


def find(capsys: pytest.CaptureFixture[str], results: Path, *words: object, fails: bool = False) -> tuple[str, str]:
    """What the verb prints, on standard output and on standard error."""
    capsys.readouterr()
    assert main(["find", "--results", str(results), *map(str, words)]) == int(fails)
    printed = capsys.readouterr()
    return printed.out, printed.err


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["library"], row.get("transform") or "", row["smiles"]


@pytest.fixture(scope="module")
def results(finished: Finished) -> Path:
    return finished.folder / "results"


@pytest.fixture(scope="module")
def every_row(results: Path) -> list[dict[str, Any]]:
    """All molecules and products, with their natural product."""

    def read() -> Iterator[dict[str, Any]]:
        origin = {}
        for path in sorted(results.glob("libraries/*/molecules.parquet")):
            library = path.parent.name.partition("=")[2]
            for row in pq.ParquetFile(path).read().to_pylist():
                origin[library, row["id"]] = row["parent"]
                yield {**row, "library": library}
        for path in sorted(results.glob("products/*/*/products.parquet")):
            names = {folder.name.partition("=")[0]: folder.name.partition("=")[2] for folder in path.parents[:2]}
            for row in pq.ParquetFile(path).read().to_pylist():
                yield {**row, **names, "parent": origin[names["library"], row["parent_id"]]}

    return list(read())


@pytest.fixture(scope="module")
def molecules(every_row: list[dict[str, Any]]) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(row["smiles"]) for row in every_row]


def test_a_built_library_records_the_steps_that_its_molecules_are_told_by(results: Path) -> None:
    metadata = read_metadata(results / "libraries/library=other-1X/molecules.parquet")
    assert metadata["smirks_of_steps"] == {f"aromatic_ch:{x}": f"[cH:1]>>[c:1]{x}" for x in ("F", "I")}


@pytest.mark.parametrize("query", QUERIES)
def test_a_substructure_is_found_as_by_a_look_at_every_row(
    query: str,
    results: Path,
    every_row: list[dict[str, Any]],
    molecules: Sequence[Chem.Mol],
    capsys: pytest.CaptureFixture[str],
) -> None:
    smarts = Chem.MolFromSmarts(query)
    matching = [mol.HasSubstructMatch(smarts, useChirality=True) for mol in molecules]
    wanted = sorted(key(row) for row, matches in zip(every_row, matching, strict=True) if matches)
    out, err = find(capsys, results, "--smarts", query, "--json")
    assert sorted(map(key, objects(out))) == wanted
    assert f"{len(wanted):,} found among {len(every_row):,}" in err


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6])
def test_what_is_like_a_molecule_comes_with_the_most_alike_first(
    threshold: float,
    results: Path,
    every_row: list[dict[str, Any]],
    molecules: Sequence[Chem.Mol],
    capsys: pytest.CaptureFixture[str],
) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    asked = generator.GetFingerprint(Chem.MolFromSmiles(QUERCETIN))
    alike = DataStructs.BulkTanimotoSimilarity(asked, [generator.GetFingerprint(mol) for mol in molecules])
    wanted = {key(row): value for row, value in zip(every_row, alike, strict=True) if value >= threshold}
    out, _ = find(capsys, results, "--similar", QUERCETIN, "--threshold", threshold, "--json")
    found = objects(out)
    assert {key(row): row["similarity"] for row in found} == wanted
    assert [row["similarity"] for row in found] == sorted(wanted.values(), reverse=True)
    out, err = find(capsys, results, "--similar", QUERCETIN, "--threshold", threshold, "--json", "--limit", 3)
    said = f"the 3 most alike of {len(every_row):,}" if len(wanted) >= 3 else f"{len(wanted)} found"
    assert objects(out) == found[:3] and said in err


def test_all_that_was_made_from_a_natural_product_is_found_by_the_name_that_people_type(
    results: Path, every_row: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (str(PHENOLS[0][0]), str(PHENOLS[9][0]), str(every_row[-1]["parent"])):
        wanted = sorted(key(row) for row in every_row if row["parent"] == name)
        for typed in (name.upper(), name.replace("-", " ")):
            out, _ = find(capsys, results, "--parent", typed, "--json")
            assert sorted(map(key, objects(out))) == wanted


def test_a_molecule_is_found_however_it_is_written(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, smiles = PHENOLS[0]
    mol = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(mol)
    other = Chem.MolToSmiles(mol, kekuleSmiles=True, canonical=False, rootedAtAtom=3)
    assert other != smiles
    (found,) = objects(find(capsys, results, "--molecule", other, "--json")[0])
    assert found["name"].endswith(str(name))
    product = objects(find(capsys, results, "--transform", OME, "--where", "true", "--json")[0])[0]["smiles"]
    mol = Chem.MolFromSmiles(product)
    other = Chem.MolToSmiles(mol, canonical=False, rootedAtAtom=mol.GetNumAtoms() - 1)
    assert {row["smiles"] for row in objects(find(capsys, results, "--molecule", other, "--json")[0])} == {product}


def test_conditions_hold_together(
    results: Path,
    every_row: list[dict[str, Any]],
    molecules: Sequence[Chem.Mol],
    capsys: pytest.CaptureFixture[str],
) -> None:
    catechol, ester = map(Chem.MolFromSmarts, ("[OX2H]c1ccccc1[OX2H]", "C(=O)OC"))
    wanted = sorted(
        key(row)
        for row, mol in zip(every_row, molecules, strict=True)
        if mol.HasSubstructMatch(catechol) and mol.HasSubstructMatch(ester) and row["mw"] < 350
    )
    words = ("--smarts", "[OX2H]c1ccccc1[OX2H]", "--smarts", "C(=O)OC", "--where", "mw < 350", "--json")
    found = objects(find(capsys, results, *words)[0])
    assert wanted and sorted(map(key, found)) == wanted
    of_job = objects(find(capsys, results, *words, "--library", "mine", "--transform", COOME)[0])
    assert list(map(key, of_job)) == [each for each in map(key, found) if each[:2] == ("mine", COOME)] != []
    made = objects(find(capsys, results, "--where", "halogens = 'F' AND parent_smiles IS NOT NULL", "--json")[0])
    assert made and {row["transform"] for row in made} == {OME}  # libraries have no such column


def test_a_score_that_one_job_has_is_unknown_of_the_others(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = finished.copy(tmp_path) / "results"
    path = results / f"products/library=mine/transform={COOME}/products.parquet"
    table = pq.ParquetFile(path).read()
    pq.write_table(table.append_column("qed", pa.array([0.5] * len(table))), path)
    for condition, count in (("qed = 0.5", len(table)), ("qed IS NULL AND parent_smiles IS NOT NULL", None)):
        found = objects(find(capsys, results, "--where", condition, "--json")[0])
        jobs = {(row["library"], row["transform"]) for row in found}
        assert jobs == ({("mine", COOME)} if count else {("mine", OME), ("other-1X", OME)})
        assert count in (None, len(found))


def test_a_table_has_a_page_and_says_how_many_there_are(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = find(capsys, results, "--smarts", "c", "--limit", 2)
    assert out.splitlines()[0].split() == ["name", "transform", "SMILES"] and len(out.splitlines()) == 3
    count = int(find(capsys, results, "--smarts", "c", "--count")[0])
    assert f"{count:,} found" in err and "--limit 20" in err
    out, _ = find(capsys, results, "--smarts", "c", "--tsv")
    assert len(out.splitlines()) == count + 1 and out.startswith("smiles\tname\tlibrary")
    header, *lines = [line.split("\t") for line in out.splitlines()]
    assert {len(cells) for cells in lines} == {len(header)}
    told = [dict(zip(header, cells, strict=True)) for cells in lines]
    for row, line in zip(objects(find(capsys, results, "--smarts", "c", "--json")[0]), told, strict=True):
        assert line == {name: str(row.get(name, "")) for name in header}  # molecules and products alike


def test_an_export_has_the_rows_that_are_found(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ("--smarts", "[OX2H]c1ccccc1[OX2H]", "--where", "mw < 350"),
        ("--similar", QUERCETIN, "--threshold", 0.3),
        ("--parent", PHENOLS[1][0]),
    ):
        found = objects(find(capsys, results, *words, "--transform", OME, "--json")[0])
        made = rows(export(results, tmp_path / "found.csv", "--transform", OME, *words, "--force"))
        assert found and sorted(row["name"] for row in made) == sorted(row["name"] for row in found)
    sql = ("--sql", "SELECT * FROM products", "--smarts", "cF")
    of_query = rows(export(results, tmp_path / "query.csv", *sql))
    assert len(of_query) == int(find(capsys, results, "--smarts", "cF", "--transform", OME, "--count")[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("nothing says what to find", "--parent quercetin")),
        (("--smarts", "c1ccccc"), ("RDKit cannot read this SMARTS", "put the SMARTS in quotes")),
        (("--smarts", "[OX2H"), ("RDKit cannot read this SMARTS", "close every [")),
        (("--similar", "c1cccc1"), ("this is no molecule", "kekulize")),
        (("--molecule", str(BAD[0][1])), ("this is no molecule", "put it in quotes")),
        (
            ("--parent", str(PHENOLS[0][0])[:-1]),
            ("no natural product or input molecule", f"did you mean {PHENOLS[0][0]}"),
        ),
        (("--parent", "AGAIN"), ("is a reject: duplicate", f"same molecule as {PHENOLS[0][0]}", "row 22 of")),
        (("--parent", "unclosed"), ("is a reject: unparsable SMILES", "row 19 of")),
        (("--parent", ""), ("no natural product or input molecule", "did you mean")),
        (("--where", ""), ("DuckDB does not take this condition: it is empty",)),
        (("--where", "mw < "), ("DuckDB does not take this condition", "DESCRIBE")),
        (("--where", "weight < 300"), ("DuckDB does not take this condition", "weight")),
        (("--where", "true; SELECT 1"), ("DuckDB does not take this condition",)),
        (("--smarts", "c", "--library", "mien"), ("no results of library 'mien'", "did you mean 'mine'")),
    ],
)
def test_a_slip_is_named_with_what_mends_it(
    words: Sequence[str], said: Sequence[str], results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = find(capsys, results, *words, fails=True)
    assert all(text in err for text in said), err


def test_examples_of_the_page_ask_for_what_can_be_found() -> None:
    page = (REPOSITORY / "docs/how-to/find.md").read_text()
    lines = re.findall(r"^python -m halogenator (find .*?)(?: *[#>] .*)?$", page, flags=re.MULTILINE)
    assert len(lines) == 8
    for line in lines:
        options = build_parser().parse_args(shlex.split(line))
        check(Export(libraries=("all",), conditions=conditions_of(options)))


def test_aromatic_rings_in_double_bonds_are_pointed_out(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = find(capsys, results, "--smarts", "C1=CC=CC=C1", "--count")
    assert "no SMARTS finds; write c1ccccc1" in err


@pytest.fixture(scope="module")
def many_rows(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results whose library has 300,000 rows, each of which has to be read for its likeness."""
    results = finished.copy(tmp_path_factory.mktemp("many")) / "results"
    path = results / "libraries/library=mine/molecules.parquet"
    table = pq.ParquetFile(path).read()
    copies = 300_000 // len(table) + 1
    whole = pa.concat_tables([table] * copies)
    ids = pa.array([f"{name}-{copy}" for copy in range(copies) for name in table["id"].to_pylist()])
    whole = whole.set_column(whole.schema.get_field_index("id"), whole.schema.field("id"), ids)
    pq.write_table(whole, path, row_group_size=20_000)
    return results


def started(results: Path, cores: int) -> subprocess.Popen[str]:
    """A search that takes seconds, under way; of several processes they are at work."""
    words = ["--similar", QUERCETIN, "--threshold", "0.2", "--count", "--cores", str(cores), "--results", str(results)]
    command, pipe = [sys.executable, "-m", "halogenator", "find", *words], subprocess.PIPE
    run = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    while cores > 1 and len(workers_of(run)) < cores:
        assert run.poll() is None
        time.sleep(0.02)
    return run


def workers_of(run: subprocess.Popen[str]) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(run.pid).children(recursive=True):
        with suppress(psutil.Error):
            found += [child] * any("process.workers" in word for word in child.cmdline())
    return found


@pytest.mark.long
def test_a_long_search_takes_the_cores_that_it_is_given_and_finds_the_same(many_rows: Path) -> None:
    alone, shared = (started(many_rows, cores).communicate(timeout=SAFETY_NET)[0] for cores in (1, 2))
    assert alone == shared and int(alone) > 0


@pytest.mark.long
@pytest.mark.parametrize("whom", ["the group", "the process"])
def test_an_interrupted_search_leaves_no_process_and_one_sentence(whom: str, many_rows: Path) -> None:
    run = started(many_rows, 2)
    workers = workers_of(run)
    if whom == "the group":
        os.killpg(run.pid, signal.SIGINT)
    else:
        psutil.Process(run.pid).children()[0].send_signal(signal.SIGINT)  # that of the guard, which leaves it to this
    out, err = run.communicate(timeout=SAFETY_NET)
    assert (run.returncode, out) == (130, "") and err.splitlines()[-1] == "halogenator: interrupted"
    assert "Traceback" not in err
    assert len(workers) == 2 and not psutil.wait_procs(workers, timeout=SAFETY_NET)[1]


@pytest.mark.long
def test_workers_end_with_a_search_that_is_killed(many_rows: Path) -> None:
    run = started(many_rows, 2)
    workers = workers_of(run)
    run.kill()
    run.communicate()
    assert len(workers) == 2 and not psutil.wait_procs(workers, timeout=SAFETY_NET)[1]
