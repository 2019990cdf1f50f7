"""The verb that lists patterns and finds them in molecules."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from halogenator import shipped
from halogenator.chemistry.drawing import CANNOT_DRAW
from halogenator.cli import main
from halogenator.config.patterns import load_patterns


def test_every_name_is_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patterns"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for name, (pattern, *_) in load_patterns(shipped.PATTERNS).items():
        assert f"{name} {pattern.matches[0]} {' '.join(pattern.why.split())}" in said
    assert "pains" in said and "chembl_bms" in said


def test_patterns_are_found_at_their_atoms(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of chrysin, whose 5-OH is its last oxygen, and a halohydrin."""
    own = tmp_path / "my.yaml"
    own.write_text("patterns: [{name: mine, smarts: '[OX2H]', why: w, matches: [CCO], spares: [CCC]}]")
    molecules = ["O=c1cc(-c2ccccc2)oc2cc(O)cc(O)c12", "OC1(F)CCCCC1", "CCC"]
    assert main(["patterns", "--file", str(own), "--on", *molecules]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(("  brenk", "  chembl"))]
    assert "  chelated_phenol: O17" in lines and "  mine: O14; O17" in lines and "  mine: O0" in lines
    assert "  gem_halohydrin: F2 C1 O0" in lines and lines[-1] == "CCC"


def test_a_molecule_that_cannot_be_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patterns", "--on", "C1CC"]) == 1
    assert "RDKit cannot read a molecule" in capsys.readouterr().err


@pytest.mark.skipif(bool(CANNOT_DRAW), reason=CANNOT_DRAW)
def test_each_pattern_is_drawn_with_its_examples(tmp_path: Path) -> None:
    """What a match marks is marked, in those that have it alone."""
    own = tmp_path / "my.yaml"
    own.write_text("patterns: [{name: mine, smarts: '[OX2H]', why: w, matches: [CCO], spares: [CCC]}]")
    folder = tmp_path / "drawings"
    assert main(["patterns", "--file", str(own), "--draw", str(folder)]) == 0
    patterns = load_patterns(shipped.PATTERNS, own)
    assert {path.stem for path in folder.iterdir()} == {"index", *patterns}
    page = (folder / "index.html").read_text()
    for name, (pattern, *others) in patterns.items():
        drawn = (folder / f"{name}.svg").read_text()
        texts = [element.text for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
        examples = {each if len(each) <= 34 else f"{each[:33]}…" for each in (*pattern.matches, *pattern.spares)}
        assert {name, pattern.smarts, *(each.smarts for each in others)} | examples <= set(texts)
        assert f'src="{name}.svg"' in page
    having, not_having = (folder / "mine.svg").read_text().split("does not")
    assert having.count('class="m"') == 1 and 'class="m"' not in not_having


def test_drawings_of_transforms_are_not_replaced_by_those_of_patterns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>\n<meta charset=utf-8>\n<title>Transforms</title>\n")
    assert main(["patterns", "--draw", str(tmp_path)]) == 1
    assert "did not make" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
