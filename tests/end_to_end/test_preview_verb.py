"""``preview``: what a chemist sees before a run, and whether the run then makes it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from halogenator.chemistry.drawing import CANNOT_DRAW
from halogenator.cli import main
from halogenator.cli.options import configuration
from halogenator.planning.intervals import Estimate
from halogenator.planning.preview import make_preview
from helpers.runs import OME, REPOSITORY, snakemake, write_yaml

COCL = "FG_CARBOXYL__COOH__TO__COCl"
ACIDS = "OC(=O)c1ccc(O)cc1 </style><script>alert(1)</script>\nOC(=O)c1cc(O)c(O)c(O)c1 gallic acid\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration that leaves something out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acids.smi").write_text(ACIDS)
    settings = {
        "libraries": {"acids": {"class": "polyphenol", "path": "acids.smi"}},
        "select": {"libraries": ["acids"], "transforms": [OME, COCL]},
        "exclude": {"products": ["anhydride_by_itself"]},
        "protect": ["[OX2H]c1c(O)cccc1O"],
    }
    write_yaml(tmp_path / "my.yaml", settings)
    return tmp_path


def preview(*words: object) -> int:
    return main(["preview", *map(str, words)])


def test_it_says_and_draws_what_would_be_made_and_what_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview("my.yaml") == 0
    said = capsys.readouterr().out
    rows = [re.split(r" {2,}", line.strip()) for line in said.splitlines()]
    assert ["acids", "2 molecules"] in rows
    # The ether of p-hydroxybenzoic acid; all three phenols of gallic acid are protected.
    assert [row[1:] for row in rows if row[0] == OME] == [["1", "protect [OX2H]c1c(O)cccc1O: 3 sites"]]
    assert [row[1:] for row in rows if row[0] == COCL] == [["0", "exclude anhydride_by_itself: 2"]]
    page = (folder / "preview.html").read_text()
    assert "anhydride_by_itself" in page and "COc1ccc(C(=O)O)cc1" in page
    assert CANNOT_DRAW or page.count('<svg class="mol"') >= 4
    assert "<script" not in page and "http" not in re.sub("http-equiv|https?://www.w3.org", "", page)


def test_only_its_own_page_is_replaced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "preview.html"
    for _ in range(2):
        assert preview("my.yaml") == 0
    edited = page.read_text().replace("<title>", "<title>my notes: ")
    page.write_text(edited)
    assert preview("my.yaml") == 1
    assert "not a page that this verb made" in capsys.readouterr().err
    assert page.read_text() == edited
    (folder / "link.html").symlink_to(page)
    assert preview("my.yaml", "--out", "link.html") == 1
    assert (folder / "link.html").is_symlink() and page.read_text() == edited


def test_slips_in_a_configuration_are_named_as_everywhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "slip.yaml").write_text("exclude: [anhydride_by_itsel]\n")
    assert preview("slip.yaml") == 1
    assert "did you mean" in capsys.readouterr().err
    assert not (folder / "preview.html").exists()
    (folder / "acids.smi").unlink()
    assert preview("my.yaml") == 1
    assert "acids.smi" in capsys.readouterr().err


@pytest.mark.long
def test_the_default_run_makes_what_its_preview_says(tmp_path: Path) -> None:
    snakemake(tmp_path, "--cores", 2, "--configfile", REPOSITORY / "configs/config.yaml")
    results = tmp_path / "results"
    with (results / "summary.tsv").open() as file:
        made = {
            (row["library"], row["transform"]): int(row["products"]) for row in csv.DictReader(file, delimiter="\t")
        }
    total = sum(made.values())
    for path in (results / "stats/libraries").glob("*.json"):
        statistics = json.loads(path.read_text())
        made[statistics["library"], ""] = statistics["molecules"]
    with (results / "audit.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    left_out = {(row["library"], row["transform"], row["name"]): int(row["molecules"] or 0) for row in rows}
    held: list[bool] = []
    totals: list[bool] = []
    for seed in range(3):
        found = make_preview(configuration([], tmp_path), seed=seed)
        totals.append(found.products.low <= total <= found.products.high)
        held += [_holds(row.molecules, made[row.name, ""]) for row in found.libraries]
        held += [_holds(own, made[row.name, job]) for row in found.libraries for job, (own, _) in row.jobs.items()]
        held += [
            _holds(each.molecules, left_out[each.library, each.transform, each.name])
            for each in found.left_out
            if each.molecules
        ]
    assert sum(held) >= 0.9 * len(held)
    assert sum(totals) >= len(totals) - 1


def _holds(estimated: Estimate, count: int) -> bool:
    return estimated.low - 0.5 <= count <= estimated.high + 0.5
