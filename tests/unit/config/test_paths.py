"""Paths in a configuration: where a file is looked up, and which names of folders and files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from halogenator.config.paths import find_path, place_problems
from halogenator.errors import UserError
from halogenator.shipped import ROOT


def complaint(text: str, folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        find_path(text, folder)
    return str(caught.value)


def test_paths_are_looked_up_in_the_working_directory_then_among_the_shipped_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, name = tmp_path / "here", tmp_path / "there", "configs/parents/lipid.smi"
    assert find_path(name, here) == ROOT / name
    for place in (here, there):
        (place / name).parent.mkdir(parents=True)
    (there / name).write_text("CCO\n")
    assert find_path(name, here) == ROOT / name
    (here / name).write_text("CCO\n")
    assert find_path(name, here) == here / name
    assert find_path(f"../there/{name}", here) == there / name
    monkeypatch.setenv("HOME", str(there))
    assert find_path(f"~/{name}", here) == there / name

    text = complaint("configs/parents/lipids.smi", here)
    assert "there is no file configs/parents/lipids.smi" in text
    assert f"a file at {here}/configs/parents/lipids.smi or at {ROOT}/configs/parents/lipids.smi" in text
    assert "did you mean 'lipid.smi'?" in text
    assert "configs/parents is a folder" in complaint("configs/parents", here)
    assert "there is no file" in complaint("x" * 5000, here)


@pytest.mark.parametrize(
    ("folder", "files", "sign"),
    [
        ("/data/why?", [], "'?'"),
        ("/data/{guid}", [], "'{'"),
        ("/data/a\\b", [], "'\\\\'"),
        ("/data/a\nb", [], "'\\n'"),
        ("/data/a<results>", [], "'<results>'"),
        ("/data/M\udcfcller", [], "'\\udcfc'"),
        ("/data/k=2/run", [], "'k=2'"),
        ("/data", ["/data/part{1}.csv"], "'{'"),
        ("/data", ["/data/<draft>/mine.csv"], "'<draft>'"),
        ("/data", ["/data/M\udcfcller.csv"], "'\\udcfc'"),
    ],
)
def test_a_name_that_would_be_taken_for_something_else_is_refused(folder: str, files: list[str], sign: str) -> None:
    (problem,) = place_problems(Path(folder), map(Path, files))
    assert f"found:   {sign}" in str(problem)
    assert "fix:" in str(problem)


@pytest.mark.parametrize(
    "folder", ["My Drive [v1] (2)", "o'neil α *", "#1 100% $HOME", "semi;amp&", "run=3", 'quo"te', "a<b", "<A>"]
)
def test_other_names_are_not(folder: str) -> None:
    assert place_problems(Path("/data") / folder, [Path("/data") / folder / "why?.csv"]) == []
