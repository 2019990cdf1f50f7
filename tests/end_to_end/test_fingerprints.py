"""Fingerprints beside results: what they find is what a look at every molecule finds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from halogenator.chemistry.likeness import Likeness
from halogenator.cli import main
from halogenator.errors import UserError
from halogenator.process.usage import Task
from halogenator.report import figures
from halogenator.results import Results
from halogenator.search.fingerprints import Fingerprints
from halogenator.tables.metadata import read_metadata
from halogenator.tasks.commands import Fingerprint, FingerprintChunk
from helpers.exports import export, rows
from helpers.finished import Finished
from helpers.runs import COOME, OME, rules, snakemake

ASKED = {
    "quercetin": "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12",
    "ibuprofen": "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "water": "O",
    "a salt": "[Na+].O=C([O-])c1ccccc1O",
}
FILES = [("mine", None), ("mine", OME), ("other-0X", None), ("other-1X", None), ("other-1X", OME)]


def compute(results: Results) -> None:
    """The fingerprints of all of a run, as its tasks compute them."""
    for library, path in results.libraries().items():
        root = read_metadata(path).get("root")
        base = [results.molecules(str(root))] if root else []
        task = Fingerprint(library=library, rows=path, base=base, out=results.fingerprints(library))
        task.run(Task(500))
    for names, path in results.jobs().items():
        base = [results.molecules(names[0])]
        Fingerprint(library=names[0], rows=path, base=base, out=results.fingerprints(*names)).run(Task(500))


@pytest.fixture(scope="module")
def results(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Results:
    made = finished.copy(tmp_path_factory.mktemp("fingerprints"))
    compute(Results(made / "results"))
    return Results(made / "results")


def found_like(
    results: Results, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[list[dict[str, Any]], str]:
    capsys.readouterr()
    assert main(["find", "--results", str(results.folder), "--json", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()], err


def smiles_of(results: Results, names: tuple[str, str | None]) -> list[str]:
    return pq.ParquetFile(results.main(*names)).read(["smiles"])["smiles"].to_pylist()


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_numbers_of_common_bits_are_those_that_rdkit_counts(asked: str, results: Results) -> None:
    likeness = Likeness(asked)
    kept = Fingerprints(results, likeness)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    acid = "O=C(O)c1ccccc1O"  # that of the salt, as an input is prepared
    own = generator.GetFingerprint(Chem.MolFromSmiles(acid if "." in asked else asked))
    for names in FILES:
        smiles = smiles_of(results, names)
        others = [generator.GetFingerprint(Chem.MolFromSmiles(each)) for each in smiles]
        rows = kept.of(*names)
        assert rows is not None
        counted = rows.between(0, len(smiles))
        assert counted.bits.tolist() == [each.GetNumOnBits() for each in others]
        assert counted.common.tolist() == [(own & each).GetNumOnBits() for each in others]
        assert likeness.own(counted.common, counted.bits).tolist() == DataStructs.BulkTanimotoSimilarity(own, others)


@pytest.mark.parametrize("threshold", [0, 0.6])
def test_the_same_is_found_with_and_without_them(
    threshold: float, finished: Finished, results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    without = Results(finished.folder / "results")
    parent = pq.ParquetFile(results.molecules("mine")).read(["id"])["id"][0]
    for more in ((), ("--limit", 3), ("--parent", parent), ("--smarts", "cF", "--limit", 2)):
        for asked in (ASKED["quercetin"], ASKED["a salt"]):
            words = ("--similar", asked, "--threshold", threshold, *more)
            assert found_like(results, capsys, *words) == found_like(without, capsys, *words)


@pytest.mark.parametrize("asked", [ASKED["quercetin"], ASKED["ibuprofen"]], ids=["quercetin", "ibuprofen"])
def test_the_least_likeness_counts_itself_and_ties_keep_their_order(
    asked: str, finished: Finished, results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    own = generator.GetFingerprint(Chem.MolFromSmiles(asked))
    smiles = [text for names in [*FILES, ("mine", COOME)] for text in smiles_of(results, names)]
    others = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles]
    alike = sorted(DataStructs.BulkTanimotoSimilarity(own, others), reverse=True)
    edge = alike[20]
    tied = next(count for count in range(3, len(alike)) if alike[count - 1] == alike[count])
    for folder in (results, Results(finished.folder / "results")):
        for least in (edge, float(np.nextafter(edge, 2))):
            found = found_like(folder, capsys, "--similar", asked, "--threshold", repr(least))[0]
            assert [row["similarity"] for row in found] == [value for value in alike if value >= least]
        every = found_like(folder, capsys, "--similar", asked, "--threshold", 0)[0]
        assert found_like(folder, capsys, "--similar", asked, "--threshold", 0, "--limit", tied)[0] == every[:tied]


def test_most_rows_are_told_by_the_few_bits_that_a_step_changes(results: Results) -> None:
    table = pq.ParquetFile(results.fingerprints("mine", OME)).read()
    sizes = [len(change.as_py()) // 2 for change in table["change"]]
    assert table["base"].null_count == 0 and max(sizes) < 25
    smiles = smiles_of(results, ("mine", OME))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    assert max(sizes) < min(generator.GetFingerprint(Chem.MolFromSmiles(each)).GetNumOnBits() for each in smiles)


def test_rows_are_read_in_parts_and_may_be_left_out(results: Results) -> None:
    likeness = Likeness(ASKED["quercetin"])
    whole = Fingerprints(results, likeness).of("mine", OME)
    parts = Fingerprints(results, likeness).of("mine", OME)
    assert whole is not None and parts is not None
    count = len(smiles_of(results, ("mine", OME)))
    every = whole.between(0, count)
    for start, stop in ((0, 1), (1, 4), (9, 9), (11, count - 1), (count - 1, count)):
        assert np.array_equal(parts.between(start, stop).bits, every.bits[start:stop])


def test_fingerprints_of_files_that_were_made_again_are_not_used(
    results: Results, finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(results.folder, tmp_path / "results")
    changed = Results(tmp_path / "results")
    likeness = Likeness(ASKED["quercetin"])
    shutil.copyfile(results.products("mine", OME), changed.products("other-1X", OME))
    assert Fingerprints(changed, likeness).of("other-1X", OME) is None
    assert Fingerprints(changed, likeness).of("mine", OME) is not None
    table = pq.ParquetFile(changed.molecules("mine")).read()
    pq.write_table(table.replace_schema_metadata(None), changed.molecules("mine"))  # and with it the seal
    assert Fingerprints(changed, likeness).of("mine", OME) is None
    words = ("--similar", ASKED["quercetin"], "--threshold", 0, "--library", "mine")
    without = Results(finished.folder / "results")
    assert found_like(changed, capsys, *words) == found_like(without, capsys, *words)


def test_an_export_of_what_is_alike_has_the_same_rows(results: Results, finished: Finished, tmp_path: Path) -> None:
    words = ("--transform", OME, "--similar", ASKED["quercetin"], "--threshold", 0.3)
    made = [
        rows(export(folder, tmp_path / f"{number}.csv", *words))
        for number, folder in enumerate((results.folder, finished.folder / "results"))
    ]
    assert made[0] == made[1] != []


@pytest.mark.parametrize("names", [("mine", None), ("mine", OME), ("other-1X", None), ("other-1X", OME)])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_those_of_chunks_are_joined_to_those_of_one_task(
    names: tuple[str, str | None], count: int, results: Results, tmp_path: Path
) -> None:
    root = read_metadata(results.molecules(names[0])).get("root")
    base = [results.molecules(names[0] if names[1] else str(root))] if names[1] or root else []
    files = {"library": names[0], "rows": results.main(*names), "base": base}
    chunks = [tmp_path / f"{number}.parquet" for number in range(count)]
    for number, out in enumerate(chunks):
        FingerprintChunk(**files, chunk=(number, count), out=out).run(Task(500))
    Fingerprint(**files, chunks=chunks, out=tmp_path / "joined.parquet").run(Task(500))
    joined, whole = map(pq.ParquetFile, (tmp_path / "joined.parquet", results.fingerprints(*names)))
    assert joined.read().equals(whole.read())
    assert read_metadata(tmp_path / "joined.parquet") == read_metadata(results.fingerprints(*names))
    if count > 1:
        with pytest.raises(UserError, match="of other rows"):
            Fingerprint(**files, chunks=chunks[1:], out=tmp_path / "less.parquet").run(Task(500))
        others = {**files, "rows": results.main("mine" if names[0] != "mine" else "other-1X")}
        with pytest.raises(UserError, match="of other rows"):
            Fingerprint(**others, chunks=chunks, out=tmp_path / "other.parquet").run(Task(500))
    assert not [*tmp_path.glob("less*"), *tmp_path.glob("other*")]


@pytest.mark.long
def test_snakemake_makes_fingerprints_when_asked_and_again_after_their_rows(
    finished: Finished, results: Results, tmp_path: Path
) -> None:
    made = finished.copy(tmp_path)
    assert "fingerprint" not in snakemake(made, "-n")
    planned = snakemake(made, "-n", "fingerprints")
    counts = rules(planned)
    rows = sum(len(smiles_of(results, names)) for names in [*FILES, ("mine", COOME)])
    assert f"to make: {rows:,} fingerprints, in {sum(counts.values()) - 1} tasks" in planned
    assert "fingerprints of other-1X" in planned and "molecules and 2 jobs" in planned
    assert counts["fingerprint_molecules"] == counts["fingerprint_products"] == 3
    assert counts["fingerprint_molecules_chunk"] > 3 and counts["fingerprint_products_chunk"] > 3  # of 5 rows each
    snakemake(made, "--cores", 2, "fingerprints")
    places = Results(made / "results")
    for names in FILES:
        own, tasks = (pq.ParquetFile(each.fingerprints(*names)).read() for each in (results, places))
        assert own.equals(tasks)
    assert not list(made.glob("results/work/**/*.parquet"))
    told, before = (
        figures.tasks(each.benchmarks, each.processor_time, {"other-1X"})
        for each in (places, Results(finished.folder / "results"))
    )
    (stage,) = (row for row in told["stages"] if row["stage"] == "fingerprints")
    assert stage["tasks"] == sum(counts.values()) - 1
    assert [row for row in told["stages"] if row["stage"] != "fingerprints"] == before["stages"]
    assert told["chunks"] == before["chunks"] != []
    assert "Nothing to be done" in snakemake(made, "--cores", 2, "fingerprints")
