"""``transforms``: what a chemist sees of the transforms, and writing one in a minute."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from rdkit import Chem

from halogenator.authoring.trials import try_transforms
from halogenator.model import Transform
from halogenator.process import limits
from helpers import oracle
from helpers.endless import ENDLESS, grid
from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET, few

ETHER = '- {name: MY_ETHER, smirks: "[c:1][OX2H:2]>>[c:1][O:2]CC"}\n'
REDUCTION = '- {name: RING, smirks: "[c:1]1[c:2][c:3][c:4][c:5][c:6]1>>[C:1]1[C:2][C:3][C:4][C:5][C:6]1"}\n'
FIVE_BONDS = '- {name: TWICE, smirks: "[c:1][OX2H:2]>>[c:1][O:2](C)C"}\n'


def run(folder: Path, *words: object, status: int = 0) -> str:
    line = [sys.executable, "-m", "halogenator", "transforms", *map(str, words)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def mine(folder: Path, *entries: str) -> Path:
    path = folder / "my.yaml"
    path.write_text("transforms:\n" + "".join(f"  {entry}" for entry in entries))
    return path


def test_the_table_lists_every_transform(tmp_path: Path) -> None:
    header, *rows = run(tmp_path).splitlines()
    assert re.split(r"  +", header) == ["name", "label", "family", "classes", "max_sites"]
    expected = yaml.safe_load((REPOSITORY / "configs/transforms.yaml").read_text())["transforms"]
    cells = [re.split(r"  +", row) for row in rows]
    shown = [(row[0], row[1], row[2], row[3].split(", ")) for row in cells]
    assert shown == [(e["name"], e["label"], e["family"], e["scope_classes"]) for e in expected]
    mine(tmp_path, ETHER)
    assert run(tmp_path, "--file", "my.yaml").splitlines()[1].split() == ["MY_ETHER", "MY_ETHER", "own", "all", "all"]
    assert len(run(tmp_path, "--file", "configs/transforms.yaml", "my.yaml").splitlines()) == len(expected) + 2


def test_drawings_show_each_transform_with_its_examples(tmp_path: Path) -> None:
    run(tmp_path, "--draw", "drawings")
    entries = yaml.safe_load((REPOSITORY / "configs/transforms.yaml").read_text())["transforms"]
    page = (tmp_path / "drawings/index.html").read_text()
    for entry in entries:
        path = tmp_path / "drawings" / f"{entry['name']}.svg"
        assert f'src="{path.name}"' in page
        texts = [element.text for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
        assert {entry["name"], entry["label"], entry["smirks"]} <= set(texts)
        for example in entry["examples"]:
            assert example["reactant"] in texts
            assert not example["products"] or any(text in texts for text in canonical(example["products"]))
    assert sorted(path.suffix for path in (tmp_path / "drawings").iterdir()) == [".html"] + [".svg"] * len(entries)


@pytest.mark.parametrize("name", ["index.html", "MY_ETHER.svg"])
def test_drawings_replace_only_earlier_ones(tmp_path: Path, name: str) -> None:
    mine(tmp_path, ETHER)
    (tmp_path / "drawings").mkdir()
    (tmp_path / "drawings" / name).write_text("my own page")
    assert "did not make" in run(tmp_path, "--file", "my.yaml", "--draw", "drawings", status=1)
    assert (tmp_path / "drawings" / name).read_text() == "my own page"
    (tmp_path / "drawings" / name).unlink()
    for _ in range(2):
        run(tmp_path, "--file", "my.yaml", "--draw", "drawings")


def canonical(texts: list[str]) -> list[str]:
    return [Chem.CanonSmiles(text) for text in texts]


def test_check_says_that_the_configuration_is_another_one(tmp_path: Path) -> None:
    """The atoms were said not to be joined as in the reactant, which they are."""
    mine(tmp_path, '- {name: ONE_HAND, smirks: "[C@:1]([OH:2])([CH3:3])[c:4]>>[C@@:1](F)([C:3])[c:4]"}\n')
    alcohols = ["C[C@H](O)c1ccccc1", "C[C@@H](O)c1ccccc1"]
    wrong = "on {}\n    nothing: the reactant is there, but not in the configuration that it states"
    said = run(tmp_path, "check", "my.yaml", "--on", *alcohols)
    assert sum(wrong.format(each) in said for each in alcohols) == 1


def test_check_shows_what_each_would_do(tmp_path: Path) -> None:
    mine(tmp_path, ETHER, REDUCTION)
    said = run(tmp_path, "check", "my.yaml", "--on", "Oc1ccc(O)cc1", "CCO", "C1CC", "OC1CCCCC1c1ccccc1")
    ether, ring = said.split("\nRING")
    assert "2 sites match; 1 product\n" in ether
    assert "CCOc1ccc(O)cc1  at atom 1, 2 equivalent sites, by edit" in ether
    assert "on CCO\n    nothing: no atom of the molecule is [c:1]" in ether
    assert "on C1CC\n    nothing: unparsable SMILES" in ether
    assert "are there, but not joined as in the reactant" in ether
    assert re.search(r"OC1CCC\(O\)CC1 +at atom 1, 6 equivalent sites, by RunReactants", ring)


@pytest.mark.parametrize(
    "molecules", few([(), ("Oc1ccc(O)c(C)c1", "CC(=O)O", "[Na+].[O-]c1ccccc1O", "Oc1ccc(O)cc1/C=C/Cl")], 1)
)
def test_the_examples_that_check_writes_hold(tmp_path: Path, molecules: tuple[str, ...]) -> None:
    """They are those of the plain way, and make an entry that is checked from then on."""
    path = mine(tmp_path, ETHER, REDUCTION)
    said = run(tmp_path, "check", path, *(["--on", *molecules] if molecules else []))
    blocks = re.findall(r"^    examples:\n(?:      - .*\n)+", said, flags=re.MULTILINE)
    assert len(blocks) == 2
    entries = yaml.safe_load(path.read_text())["transforms"]
    for entry, block in zip(entries, blocks, strict=True):
        entry |= yaml.safe_load(block)
        assert len(entry["examples"]) == (len(molecules) or 2)
        for example in entry["examples"]:
            assert set(example["products"]) == set(oracle.apply(entry["smirks"], example["reactant"]).products)
    path.write_text(yaml.safe_dump({"transforms": entries}))
    again = run(tmp_path, "check", path)
    assert again == f"{path}: 2 transforms, all well\n"
    entries[0]["smirks"] = entries[0]["smirks"].replace("CC", "CCC")
    path.write_text(yaml.safe_dump({"transforms": entries}))
    assert "gives other products than it lists" in run(tmp_path, "check", path, status=1)


def test_check_tells_a_product_that_cannot_be(tmp_path: Path) -> None:
    said = run(tmp_path, "check", mine(tmp_path, FIVE_BONDS), "--on", "Oc1ccccc1")
    assert "refused: site 1: impossible product: Explicit valence for atom" in said
    assert "nothing: every product is refused" in said
    assert "get them written" in said and "    examples:\n" not in said


def test_examples_do_not_count_max_sites(tmp_path: Path) -> None:
    entry = ETHER.replace("}", ", max_sites: 1}")
    said = run(tmp_path, "check", mine(tmp_path, entry), "--on", "Cc1ccc(O)c(O)c1")
    assert "2 sites match, of which max_sites leaves 1; 1 product" in said
    assert "products: ['CCOc1ccc(C)cc1O', 'CCOc1cc(C)ccc1O']" in said


def test_a_trial_without_end_is_told_of_and_the_others_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PLAN_SECONDS", 1)
    ether = Transform("ETHER", "[c:1][OX2H:2]>>[c:1][O:2]CC")
    trials = try_transforms([Transform("ENDLESS", ENDLESS), ether], [grid(12), "Oc1ccccc1"])
    assert (trials[0].transform, trials[0].reason) == ("ENDLESS", "more than 1 s of processor time")
    assert [product.smiles for product in trials[3].products] == ["CCOc1ccccc1"]


def test_a_wrong_file_is_answered_as_a_run_would(tmp_path: Path) -> None:
    path = mine(tmp_path, ETHER.replace("smirks", "smarts"), ETHER)
    said = run(tmp_path, "check", path, status=1)
    assert "my.yaml, line 2: transforms[MY_ETHER].smarts" in said and "did you mean 'smirks'?" in said
    assert "did you mean 'my.yaml'?" in run(tmp_path, "check", "mi.yaml", status=1)
