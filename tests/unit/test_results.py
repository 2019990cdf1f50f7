"""Where results stand: the same question with a name, a wildcard and a pattern; and back from a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from halogenator.results import Results, place_of

HERE = Results(Path("/data/[odd] results"))


@pytest.mark.parametrize("names", [("lipid-1X", "OMe"), ("lipid-1X", None)])
def test_the_place_of_each_file_leads_back_to_its_names(names: tuple[str, str | None]) -> None:
    for path in HERE.files(*names):
        assert place_of(path) == (HERE, *names)


@pytest.mark.parametrize("path", ["/molecules.parquet", "/data/library=x/molecules.parquet", "/data/stats/x.json"])
def test_other_files_stand_in_no_results_folder(path: str) -> None:
    assert place_of(Path(path)) is None


def test_what_is_there_is_found_whatever_letters_are_in_the_name_of_the_folder(tmp_path: Path) -> None:
    results = Results(tmp_path / "[odd] * results")
    for path in (*results.files("a"), *results.files("a", "OMe"), *results.files("b", "OMe")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert results.libraries() == {"a": results.molecules("a")}
    assert results.jobs() == {(name, "OMe"): results.products(name, "OMe") for name in ("a", "b")}
    assert results.find(results.stats("*", "*")) == [results.stats("a", "OMe"), results.stats("b", "OMe")]
