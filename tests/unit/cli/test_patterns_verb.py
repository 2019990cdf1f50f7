"""The verb that lists patterns and finds them in molecules."""

from __future__ import annotations

from pathlib import Path

import pytest

from halogenator.cli import main
from halogenator.config.patterns import SHIPPED_PATTERNS, load_patterns


def test_every_name_is_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["patterns"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for name, (pattern, *_) in load_patterns(SHIPPED_PATTERNS).items():
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
