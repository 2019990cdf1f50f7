"""What two runs have in common, and what one alone has: the sets that their files hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.results import Results
from halogenator.tables.configurations import keep, name_of, read_configuration
from halogenator.tables.statistics import write_statistics
from helpers.exports import lay_out

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
ONE = [("catechol", "Oc1ccccc1O"), ("gallic acid", "OC(=O)c1cc(O)c(O)c(O)c1"), ("L-alanine", "C[C@H](N)C(=O)O")]
TWO = [*ONE[:2], ("racemate", "C[C@H](N)C(=O)O |&1:1|"), ("resorcinol", "Oc1cccc(O)c1")]


def compare(capsys: pytest.CaptureFixture[str], *words: object, fails: bool = False) -> str:
    capsys.readouterr()
    assert main(["compare", *map(str, words)]) == int(fails)
    printed = capsys.readouterr()
    return printed.err if fails else printed.out


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    lay_out(one, ONE, OME)
    lay_out(one, ONE[:1], library="old")
    return one / "results", lay_out(two, TWO, OME)


def keys(path: Path) -> set[tuple[str, str | None]]:
    table = pq.ParquetFile(path).read(["smiles", "enhanced_stereo"])
    return set(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_counts_are_those_of_the_sets(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(compare(capsys, *runs, "--json"))["results"]
    assert [(each["library"], each["transform"]) for each in found] == [("mine", None), ("old", None), ("mine", "T")]
    for each in (found[0], found[2]):
        one, two = (keys(Results(run).main("mine", each["transform"])) for run in runs)
        assert (each["both"], each["only"]) == (len(one & two), [len(one - two), len(two - one)])
        assert all(each["only"]) or each["transform"]
    assert (found[1]["rows"], found[1]["only"]) == ([1, None], [1, 0])


def test_molecules_of_one_run_alone_are_written(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = compare(capsys, *runs, "--tsv", tmp_path / "new")
    assert "in both" in out and "only-in-B.tsv" in out
    for side, (own, other) in zip("AB", (runs, runs[::-1]), strict=True):
        with (tmp_path / f"new/only-in-{side}.tsv").open() as file:
            written = list(csv.DictReader(file, delimiter="\t"))
        for transform in (None, "T"):
            found = {(row["smiles"], row["enhanced_stereo"] or None) for row in written if row["library"] == "mine" and row["transform"] == (transform or "")}  # fmt: skip # noqa: E501
            assert found == keys(Results(own).main("mine", transform)) - keys(Results(other).main("mine", transform))
    assert "there is a file already" in compare(capsys, *runs, "--tsv", tmp_path / "new", fails=True)


def test_a_run_is_as_itself(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    out = compare(capsys, runs[0], runs[0])
    assert "No recorded setting differs." in out and "all 3 libraries and jobs have the same molecules" in out


def test_a_folder_without_results_is_refused(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no finished results here" in compare(capsys, runs[0], tmp_path, fails=True)


def test_settings_that_differ_are_told_by_key_and_by_name(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run, mw, smirks in zip(runs, (700, 500), (OME, OME[:-1] + "CC"), strict=True):
        (tmp_path / "my.yaml").write_text(f"within: {{mw: [null, {mw}]}}\nexclude: []\n")
        (tmp_path / "transforms.yaml").write_text(
            f"transforms:\n- name: FIRST\n  smirks: '{smirks}'\n- name: SECOND\n  smirks: x\n"
        )
        made_with = read_configuration([tmp_path / "my.yaml", tmp_path / "transforms.yaml"], "")
        keep(Results(run), made_with)
        names = {"library": "mine", "configuration": name_of(made_with)}
        write_statistics(names, Results(run).stats("mine"))
    settings = json.loads(compare(capsys, *runs, "--json"))["settings"]
    assert settings == {"within.mw": [[None, 700], [None, 500]], "transforms.FIRST.smirks": [OME, OME[:-1] + "CC"]}
    assert "A: [null, 700]" in compare(capsys, *runs)
