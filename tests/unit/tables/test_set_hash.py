"""The set hash: one text for a set of molecules, which another program computes by its description."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.results import Results
from halogenator.tables.set_hash import set_hash
from halogenator.tables.statistics import write_statistics
from helpers.finished import JOBS, Finished
from helpers.runs import OME, REPOSITORY

PHENOL, ANISOLE = "Oc1ccccc1", "COc1ccccc1"
ALANINE = "C[C@H](N)C(=O)O"


PAGE = (REPOSITORY / "docs" / "how-to" / "publish.md").read_text()


def by_the_description(path: Path) -> str:
    """What the program says that docs/how-to/publish.md gives to others, with hashlib and pyarrow alone."""
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (program,) = [program for program in programs if "def set_hash" in program]
    names: dict[str, Any] = {}
    exec(program, names)
    found: str = names["set_hash"](path)
    return found


def write(path: Path, rows: list[tuple[str, str | None]]) -> Path:
    smiles, stereo = zip(*rows, strict=True) if rows else ((), ())
    columns = {"smiles": pa.array(smiles, pa.string()), "enhanced_stereo": pa.array(stereo, pa.string())}
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return path


def of(path: Path) -> str:
    return set_hash(duckdb.connect(), path)


def test_the_statistics_of_a_run_have_it(finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    results = Results(finished.folder / "results")
    with results.summary.open() as file:
        summary = {(row["library"], row["transform"]): row["set_hash"] for row in csv.DictReader(file, delimiter="\t")}
    assert summary.keys() == JOBS
    expected = {}
    for names in [*((library, None) for library in results.libraries()), *JOBS]:
        expected[" × ".join(filter(None, names))] = by_the_description(results.main(*names))
        assert json.loads(results.stats(*names).read_text())["set_hash"] == by_the_description(results.main(*names))
    assert len(set(expected.values())) == len(expected)
    assert {f"{library} × {transform}": value for (library, transform), value in summary.items()}.items() <= expected.items()  # fmt: skip # noqa: E501
    for words in ([], ["--compute"]):
        assert main(["hash", str(results.folder), *words]) == 0
        printed = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert {name: value for value, _, name in printed} == expected


# As RDKit 2026.3.1 and 2026.9.1 make them (docs/how-to/versions.md); another run of the fixture gives others.
MADE = {
    ("mine", OME): "set:993ea13e8e494e540c8667c72b4d8727",
    ("other-1X", OME): "set:a3c6cba739a68f34d3d217d931c3068c",
    ("other-1X", None): "set:37d9d842eb7e2363331b6ae52177a168",
}


def test_versions_of_rdkit_agree(finished: Finished) -> None:
    results = Results(finished.folder / "results")
    assert {names: of(results.main(*names)) for names in MADE} == MADE


def test_views_have_it(finished: Finished) -> None:
    results = Results(finished.folder / "results")
    with duckdb.connect(str(results.catalog), read_only=True) as connection:
        found = connection.execute("SELECT set_hash FROM libraries UNION ALL SELECT set_hash FROM jobs").fetchall()
    assert sorted(value for (value,) in found) == sorted(
        by_the_description(path) for path in [*results.libraries().values(), *results.jobs().values()]
    )


def test_order_is_no_matter_and_every_molecule_counts(tmp_path: Path) -> None:
    rows: list[tuple[str, str | None]] = [("C" * n + "O", "&1:1" if n % 3 else None) for n in range(1, 200)]
    value = of(write(tmp_path / "a.parquet", rows))
    assert value == by_the_description(tmp_path / "a.parquet")
    random.Random(1).shuffle(rows)
    assert of(write(tmp_path / "b.parquet", rows)) == value
    for other in (rows[1:], [*rows, rows[0]], [(PHENOL, None), *rows[1:]], [(rows[0][0], "o1:1"), *rows[1:]]):
        assert of(write(tmp_path / "c.parquet", other)) != value
    assert of(write(tmp_path / "d.parquet", [])) == f"set:{0:032x}"


def test_a_racemate_is_another_molecule(tmp_path: Path) -> None:
    found = {of(write(tmp_path / "a.parquet", [(ALANINE, stereo)])) for stereo in (None, "&1:1", "o1:1")}
    assert len(found) == 3
    text = hashlib.md5(f"{ALANINE} |&1:1|".encode()).digest()[::-1].hex()
    assert f"set:{text}" in found


def test_any_parquet_file_with_smiles_has_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"smiles": [PHENOL, ANISOLE]}), tmp_path / "bare.parquet")
    write(tmp_path / "with.parquet", [(ANISOLE, None), (PHENOL, None)])
    assert main(["hash", str(tmp_path / "bare.parquet"), str(tmp_path / "with.parquet")]) == 0
    one, two = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert one[:2] == two[:2] == [by_the_description(tmp_path / "with.parquet"), "2"]
    pq.write_table(pa.table({"name": ["phenol"]}), tmp_path / "none.parquet")
    for path in (tmp_path / "none.parquet", tmp_path):
        assert main(["hash", str(path)]) == 1


def test_a_wrong_record_is_named_and_none_is_computed(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(finished.copy(tmp_path) / "results")
    path = results.stats("mine", OME)
    values = json.loads(path.read_text())
    true = values.pop("set_hash")
    write_statistics(values, path)  # as an earlier version wrote them
    assert main(["hash", str(results.folder)]) == 0
    assert f"{true}\t{values['products']}\tmine × {OME}\n" in capsys.readouterr().out
    write_statistics({**values, "set_hash": f"set:{1:032x}"}, path)
    assert main(["hash", str(results.folder), "--compute"]) == 1
    assert str(results.products("mine", OME)) in capsys.readouterr().err


def test_the_summary_of_an_earlier_version_is_no_damage(finished: Finished, tmp_path: Path) -> None:
    results = Results(finished.copy(tmp_path) / "results")
    lines = results.summary.read_text().splitlines()
    results.summary.write_text("".join(line.rpartition("\t")[0] + "\n" for line in lines))
    assert main(["verify", str(results.folder)]) == 0
    results.summary.write_text(results.summary.read_text().replace(OME, "OTHER", 1))
    assert main(["verify", str(results.folder)]) == 1
