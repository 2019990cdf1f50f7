"""Paths in a configuration: where a file is looked up, and which names of folders and files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from halogenator.config.paths import find_path, place_problems
from halogenator.errors import UserError


def complaint(text: str, *folders: Path) -> str:
    with pytest.raises(UserError) as caught:
        find_path(text, *folders)
    return str(caught.value)


def test_paths_are_looked_up_in_the_working_directory_then_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        (place / "sub").mkdir(parents=True)
    (there / "sub/a.csv").write_text("smiles\n")
    assert find_path("sub/a.csv", here, there) == there / "sub/a.csv"
    (here / "sub/a.csv").write_text("smiles\n")
    assert find_path("sub/a.csv", here, there) == here / "sub/a.csv"
    assert find_path("../there/sub/a.csv", here, here) == there / "sub/a.csv"
    monkeypatch.setenv("HOME", str(there))
    assert find_path("~/sub/a.csv", here, here) == there / "sub/a.csv"

    text = complaint("sub/a.cvs", here, there)
    assert "there is no file sub/a.cvs" in text
    assert f"a file at {here}/sub/a.cvs or at {there}/sub/a.cvs" in text
    assert "did you mean 'a.csv'?" in text
    assert "sub is a folder" in complaint("sub", here, there)
    assert "there is no file" in complaint("x" * 5000, here, there)


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
