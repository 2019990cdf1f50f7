"""``transforms check``: what it refuses, what it warns of, and that one slip stops no other rule from being checked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from halogenator.authoring.advice import advise
from halogenator.chemistry.smirks_checks import Templates, likely_mistakes
from halogenator.cli import main
from halogenator.config import load_transforms, sound_transforms
from halogenator.errors import UserError
from halogenator.model import Transform


def write(folder: Path, **smirks: str) -> Path:
    path = folder / "rules.yaml"
    entries = [{"name": name, "smirks": text} for name, text in smirks.items()]
    path.write_text(yaml.safe_dump({"transforms": entries}, width=10_000))
    return path


def warned(smirks: str, *molecules: str) -> str:
    (advice,) = advise([Transform("RULE", smirks)], molecules, [])
    return "\n".join(advice.warnings)


@pytest.mark.parametrize(
    ("smirks", "what", "fix"),
    [
        ("[c:1][OX2H:2]>>[c:1][F,Cl]", "leaves open which element the new atom [F,Cl] is", "one with F, one with Cl"),
        ("[c:1][OX2H:2]>>[c:1]*", "the new atom * is", "write the element"),
        ("[c:1][OX2H:2]>>[c:1][!C]", "the new atom [!C] is", "write the element"),
        ("[c:1][OX2H:2]>>[c:1][N,O:9]", "the new atom [N,O:9] is", "one with N, one with O"),
        ("[C:1][Br,I:2]>>[C:1][F,Cl:2]", "RDKit would leave Br or I there", "one with F, one with Cl"),
        ("[c:1][OX2H:2]>>[c:1][C;H2,H3]", "leaves the hydrogens of [C;H2,H3] open", "state the hydrogens"),
        ("[c:1][OX2H:2]>>[c:1][C!H0]", "leaves the hydrogens of", "state the hydrogens"),
        ("[CH3:1]>>[C;+,-:1]F", "leaves the charge of", "state the charge"),
        ("[c:1][OX2H:2]>>[c:1]~C", "what the new bond ~ is", "write the bond"),
        ("[c:1][OX2H:2]>>[c:1]-,=C", "what the new bond -,= is", "write the bond"),
        ("[c:1][OX2H:2]>>[c:1]C!#C", "what the new bond !# is", "write the bond"),
        ("[C:1]C[C:2]>>[C:1]~[C:2]", "what the new bond ~ is", "write the bond"),
        ("[C:1]-[C:2]>>[C:1]!@[C:2]", "what the bond !@ becomes", "write the bond"),
    ],
)
def test_a_product_that_leaves_something_open_is_refused(tmp_path: Path, smirks: str, what: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        load_transforms(write(tmp_path, RULE=smirks))
    assert what in str(caught.value)
    assert fix in str(caught.value)


@pytest.mark.parametrize(
    "smirks",
    [
        "[c:1][OX2H]>>[*:1]F",
        "[c:1][OX2H]>>[#6:1]F",
        "[c,C:1][OX2H]>>[C,c:1]F",
        "[#6,P:1][OX2H]>>[*;#6,P:1]F",
        "[c:1][OX2H:2]>>[c:1]-;!@C",
        "[C:1]!@[C:2]Br>>[C:1]!@[C:2]F",
        "[C:1]~[C:2]Br>>[C:1]~[C:2]F",
        "[c:1][OX2H:2]>>[c:1][N+](=O)[O-]",
    ],
)
def test_a_kept_atom_or_bond_may_be_written_in_any_way(tmp_path: Path, smirks: str) -> None:
    assert list(load_transforms(write(tmp_path, RULE=smirks))) == ["RULE"]


@pytest.mark.parametrize(
    ("smirks", "said"),
    [
        ("[CX3](=O)[OX2H:1]>>C(=O)[O:1]C", "may have other neighbours, which vanish with it"),
        ("[O-:1]>>[O:1]", "stays, as the product states no other"),
        ("[O-:1]>>[O+0:1]", "leaves a radical or is refused"),
        ("[C@:1]([OX2H:2])([#6:3])[#6:4]>>[C:1]([O:2])([#6:3])[#6:4]", "stated in the reactant only"),
        ("[C:1]([OX2H:2])([#6:3])[#6:4]>>[C@:1]([O:2])([#6:3])[#6:4]", "stated in the product only"),
        ("[C:1]~[C:2]>>[C:1]!#[C:2]", "becomes a triple one"),
        ("[c:1][OX2H:2]>>[c:1][O:3]C", "map number 3 is in the product only"),
        ("[CH5:1]>>[C:1]F", "can never match"),
        ("[OX2H2;X3:1]>>[O:1]C", "can never match"),
        ("[CH3:1]=[O:2]>>[C:1][O:2]", "can never match"),
        ("[CH3:1]([#6:2])[#6:3]>>[C:1](F)([#6:2])[#6:3]", "can never match"),
    ],
)
def test_mistakes_show_in_the_templates(smirks: str, said: str) -> None:
    assert any(said in mistake.text for mistake in likely_mistakes(Templates(smirks)))


@pytest.mark.parametrize(
    "smirks",
    [
        "[c:1][OX2H:2]>>[c:1][O:2]C",
        "[#6:1][CX3](=O)[OX2H]>>[#6:1]F",
        "[O-:1]>>[OH+0:1]",
        "[NX3;H0:1]([#6:2])([#6:3])[#6:4]>>[N+:1]([#6:2])([#6:3])([#6:4])C",
        "[c:1][N+](=O)[O-]>>[c:1]N",
        "[C:1]C(F)(F)F>>[C:1]",
        "[nX3:1]([CH3])>>[nH:1]",
        "[SX4:1](=O)(=O)[OX2H]>>[S:1](=O)(=O)N",
        "[C@:1]([F:2])([Cl:3])[C:4]Br>>[C@:1]([F:2])([Cl:3])[C:4]I",
    ],
)
def test_what_is_meant_is_not_warned_of(smirks: str) -> None:
    assert list(likely_mistakes(Templates(smirks))) == []


def test_warnings_show_what_became_of_a_molecule() -> None:
    said = warned("[CX3](=O)[OX2H:1]>>C(=O)[O:1]C", "OC(=O)c1ccccc1")
    assert "6 atoms vanish that the SMIRKS does not name: e.g. O=C(O)c1ccccc1 gives COC=O" in said
    assert "e.g. CC(=O)[O-] gives CC([O])=O" in warned("[O-:1]>>[O+0:1]")
    assert "it was tried on is refused: impossible product" in warned("[c:1][OX2H:2]>>[c:1][O:2](C)C")
    lost = warned("[C@:1]([OX2H:2])([#6:3])[#6:4]>>[C:1]([O:2])([#6:3])[#6:4]", "CC[C@H](C)O", "CC[C@@H](C)O")
    assert "a stereocentre whose configuration was known is unspecified" in lost


def test_a_rule_that_matches_nothing_is_told_of() -> None:
    (advice,) = advise([Transform("RULE", "[Pt:1][OX2H]>>[Pt:1]F")], [], [])
    assert advice.warnings == () and "matches none of" in advice.notes[0]


def test_a_refused_rule_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, OPEN="[c:1][OX2H:2]>>[c:1][F,Cl]", ETHER="[c:1][OX2H:2]>>[c:1][O:2]C", BROKEN="[c:1>>x")
    sound, problems = sound_transforms(path)
    assert list(sound) == ["ETHER"] and len(problems) == 2
    assert main(["transforms", "check", str(path), "--on", "Oc1ccccc1"]) == 1
    said = capsys.readouterr()
    assert "1 transform, besides 2 problems" in said.out and "COc1ccccc1" in said.out
    assert "[F,Cl]" in said.err and "does not parse" in said.err


def test_strict_makes_a_warning_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(tmp_path, LEFT="[O-:1]>>[O:1]"))
    assert main(["transforms", "check", path]) == 0
    assert "warning: the charge of" in capsys.readouterr().out
    assert main(["transforms", "check", path, "--strict"]) == 1
    assert main(["transforms", "check", "configs/transforms.yaml", "--strict"]) == 0
    assert "19 transforms, all well" in capsys.readouterr().out
