"""Exports replace and remove what a manifest of theirs records, and nothing else that has such a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.exports import export, lay_out

MINE = b"three years of work"
PHENOLS = [("phenol", "Oc1ccccc1"), ("o-cresol", "Cc1ccccc1O"), ("resorcinol", "Oc1cccc(O)c1")]
ALL = ("--library", "mine", "--molecules")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("made"), PHENOLS)


def stays(path: Path, results: Path, out: Path, *words: object) -> None:
    """An export, forced or not, is refused, and leaves the folder with this one file as it is."""
    path.write_bytes(MINE)
    before = sorted(path.parent.iterdir())
    for force in ((), ("--force",)):
        export(results, out, *(words or ALL), *force, fails=True)
        assert path.read_bytes() == MINE
        assert sorted(path.parent.iterdir()) == before


@pytest.mark.parametrize("name", ["my.v2-0001.csv", "my.v2-0002.csv", "my.v2-0003.csv"])
def test_a_file_with_the_name_of_any_split(results: Path, tmp_path: Path, name: str) -> None:
    stays(tmp_path / name, results, tmp_path / "my.v2.csv", *ALL, "--split", 1)


def test_a_file_with_the_name_of_a_split_that_is_not_made_is_no_hindrance(results: Path, tmp_path: Path) -> None:
    for name in ("my-2024.csv", "my-00001.csv", "my.csv"):
        (tmp_path / name).write_bytes(MINE)
    export(results, tmp_path / "my.csv", *ALL, "--split", 1)
    assert (tmp_path / "my-0003.csv").exists()
    assert all((tmp_path / name).read_bytes() == MINE for name in ("my-2024.csv", "my-00001.csv", "my.csv"))


@pytest.mark.parametrize("name", ["my.csv", "my.csv.part", "my.csv.json"])
def test_a_file_that_no_export_made(results: Path, tmp_path: Path, name: str) -> None:
    stays(tmp_path / name, results, tmp_path / "my.csv")


def test_a_file_where_rows_of_a_query_would_go(results: Path, tmp_path: Path) -> None:
    rows = tmp_path / ".my.csv.rows.parquet"
    stays(rows, results, tmp_path / "my.csv", "--sql", "SELECT * FROM molecules")
    export(results, tmp_path / "my.csv", *ALL)
    assert rows.read_bytes() == MINE


def test_copies_with_names_like_temporary_ones(results: Path, tmp_path: Path) -> None:
    names = [f"{name}.tmp.{end}" for name in ("my.csv", "my.csv.json", "my.csv.part") for end in ("bak", "1", "2024")]
    for name in names:
        (tmp_path / name).write_bytes(MINE)
    export(results, tmp_path / "my.csv", *ALL)
    assert all((tmp_path / name).read_bytes() == MINE for name in names)


@pytest.mark.parametrize("kind", ["../thesis.txt", "absolute", "other.csv", "sub/my.csv", "my-1.csv"])
@pytest.mark.parametrize("ending", [".json", ".part"])
def test_what_a_manifest_names_outside_of_its_export(results: Path, tmp_path: Path, kind: str, ending: str) -> None:
    folder, whole = tmp_path / "export", tmp_path / "whole"
    export(results, whole / "my.csv", *ALL)
    manifest = json.loads((whole / "my.csv.json").read_text())
    path = tmp_path / "thesis.txt" if kind == "absolute" else folder / kind
    for each in (folder, path.parent):
        each.mkdir(exist_ok=True)
    path.write_bytes((whole / "my.csv").read_bytes())  # with the very bytes that are recorded
    manifest["files"][0]["file"] = str(path) if kind == "absolute" else kind
    text = json.dumps(manifest)
    if ending == ".part":
        text = "".join(f"{json.dumps(line)}\n" for line in (manifest, *manifest["files"]))
    (folder / f"my.csv{ending}").write_text(text)
    for force in ((), ("--force",)):
        export(results, folder / "my.csv", *ALL, "--mw", "100:", *force, fails=True)
    assert path.read_bytes() == (whole / "my.csv").read_bytes()


def test_what_somebody_put_in_the_place_of_an_exported_file(results: Path, tmp_path: Path) -> None:
    """Be it the file itself, changed by hand: neither another export nor the same one replaces or removes it."""
    export(results, tmp_path / "my.csv", *ALL, "--split", 1)
    edited = tmp_path / "my-0002.csv"
    edited.write_bytes(edited.read_bytes() + MINE)
    content = edited.read_bytes()
    for words in ((), ("--force",), ("--mw", "100:", "--force")):
        export(results, tmp_path / "my.csv", *ALL, "--split", 1, *words, fails=True)
    export(results, tmp_path / "my.csv", *ALL, "--split", 1000, "--force", "--sample", 1)
    assert not (tmp_path / "my-0003.csv").exists()
    assert edited.read_bytes() == content


def test_files_of_results(results: Path, tmp_path: Path) -> None:
    path = results / "libraries/library=mine/molecules.parquet"
    before = path.read_bytes()
    export(results, path, *ALL, "--force", fails=True)
    export(results, path.with_name("new.csv"), *ALL, "--force", fails=True)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
