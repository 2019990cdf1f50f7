"""Scores of exports: published values, windows and columns that agree, what comes last, what is taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdkit import Chem

from halogenator.chemistry.scores import SCORES, WINDOWED
from halogenator.model import Export, Window
from halogenator.planning.resources import export_minutes, merge_minutes
from helpers.exports import export, lay_out, rows, text

# QED as Biscu-it, which RDKit's comes from, gives it.
QED = {
    "famotidine": ("N=C(CCSCc1csc(N=C(N)N)n1)NS(N)(=O)=O", 0.253),
    "cimetidine": ("CNC(=NCCSCc1nc[nH]c1C)NC#N", 0.234),
    "tegaserod": ("CCCCCNC(=N)NN=Cc1c[nH]c2ccc(CO)cc12", 0.234),
}
# Synthetic accessibility as its authors give it with their script (zim.100.txt).
SA = {
    "guaiacyl benzoate": ("COc1ccccc1OC(=O)c1ccccc1", 1.342),
    "zopiclone": ("CN1CCN(C(=O)OC2c3nccnc3C(=O)N2c2ccc(Cl)cn2)CC1", 3.196),
    "cellobiose": ("OCC1OC(OC2C(CO)OC(O)C(O)C2O)C(O)C(O)C1O", 4.282),
    "methyltestosterone": ("CC1(O)CCC2C3CCC4=CC(=O)CCC4(C)C3CCC21C", 4.022),
    "cotarnine": ("COc1c2c(cc3c1C(O)N(C)CC3)OCO2", 3.183),
    "oxybenzone's sister": ("COc1cc(O)c(C(=O)c2ccccc2)c(O)c1", 1.868),
}
FLAVONE, STERANE = "O=c1cc(-c2ccccc2)oc2ccccc12", "C1CCC2C3CC=C4CCCCC4C3CCC12"
# SMILES, stereocentres as textbooks count them, sp3 carbons of all, scaffold, whether it is a natural product.
KNOWN = {
    "quercetin": ("O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12", 0, (0, 15), FLAVONE, True),
    "apigenin": ("O=c1cc(-c2ccc(O)cc2)oc2cc(O)cc(O)c12", 0, (0, 15), FLAVONE, True),
    "cholesterol": (
        "C[C@H](CCCC(C)C)[C@H]1CC[C@@H]2[C@@]1(CC[C@H]3[C@H]2CC=C4[C@@]3(CC[C@@H](C4)O)C)C",
        8, (25, 27), STERANE, True,
    ),
    "artemisinin": (
        "C[C@@H]1CC[C@H]2[C@H](C(=O)O[C@H]3[C@@]24[C@H]1CC[C@](O3)(OO4)C)C",
        7, (14, 15), "O=C1CC2CCCC3CCC4OOC32C(O1)O4", True,
    ),
    "menthol": ("CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O", 3, (10, 10), "C1CCCCC1", True),
    "menthol, drawn flat": ("CC(C)C1CCC(C)CC1O", 3, (10, 10), "C1CCCCC1", True),
    "geraniol": ("CC(C)=CCC/C(C)=C/CO", 0, (6, 10), None, True),
    "celecoxib": (
        "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
        0, (2, 17), "c1ccc(-c2ccnn2-c2ccccc2)cc1", False,
    ),
    "sildenafil": (
        "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",
        0, (11, 22), "O=c1[nH]c(-c2cccc(S(=O)(=O)N3CCNCC3)c2)nc2cn[nH]c12", False,
    ),
}  # fmt: skip
ALL = {name: entry[0] for table in (QED, SA, KNOWN) for name, entry in table.items()}
NUMBERS = [name for name in WINDOWED if name in SCORES]
OF_MOLECULES = ["--library", "mine", "--molecules"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("made"), list(ALL.items()), "[c:1][OX2H:2]>>[c:1][O:2]C")


@pytest.fixture(scope="module")
def scored(results: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    flags = ",".join([*SCORES, "pains", "brenk", "nih"])
    made = rows(export(results, tmp_path_factory.mktemp("scores") / "a.csv", *OF_MOLECULES, "--flag", flags))
    return {row["id"]: row for row in made}


def test_scores_are_those_that_were_published(scored: dict[str, dict[str, str]]) -> None:
    for score, known in (("qed", QED), ("sa_score", SA)):
        found = {name: float(scored[name][score]) for name in known}
        assert found == pytest.approx({name: value for name, (_, value) in known.items()}, abs=1.001e-3)


@pytest.mark.parametrize("name", KNOWN)
def test_known_molecules(scored: dict[str, dict[str, str]], name: str) -> None:
    _, centres, (sp3, carbons), scaffold, is_natural = KNOWN[name]
    row = scored[name]
    assert int(row["stereocentres"]) == centres
    assert float(row["fsp3"]) == pytest.approx(sp3 / carbons, abs=1e-6)
    assert row["scaffold"] == (Chem.CanonSmiles(scaffold) if scaffold else "")
    assert (float(row["np_score"]) > 0) == is_natural


def test_alerts_are_those_of_the_three_catalogs(scored: dict[str, dict[str, str]]) -> None:
    for row in scored.values():
        of_flags = [f"{flag}: {alert}" for flag in ("pains", "brenk", "nih")
                    for alert in filter(None, row[f"{flag}_alerts"].split("; "))]  # fmt: skip
        assert row["alerts"] == "; ".join(of_flags)
    assert "pains: catechol_A(92); brenk: catechol" in scored["quercetin"]["alerts"]


def test_windows_keep_what_the_columns_say(results: Path, scored: dict[str, dict[str, str]], tmp_path: Path) -> None:
    """Of a library, and all together of a query; a bound is inside."""
    low = {name: sorted({float(row[name]) for row in scored.values()})[2] for name in NUMBERS}
    for name in NUMBERS:
        words = [*OF_MOLECULES, f"--{name}", f"{low[name]}:", "--columns", f"id,{name}"]
        made = rows(export(results, tmp_path / f"{name}.csv", *words))
        assert made == [{"id": i, name: row[name]} for i, row in scored.items() if float(row[name]) >= low[name]]
        assert 1 < len(made) < len(scored)
    windows = [word for name in NUMBERS for word in (f"--{name}", f"{low[name]}:")]
    made = rows(export(results, tmp_path / "all.csv", "--sql", "SELECT smiles FROM molecules", *windows))
    wanted = {row["smiles"] for row in scored.values() if all(float(row[name]) >= low[name] for name in NUMBERS)}
    assert wanted and {row["smiles"] for row in made} == wanted


def test_a_score_is_a_column_of_that_name(results: Path, tmp_path: Path) -> None:
    made = export(results, tmp_path / "a.csv", *OF_MOLECULES, "--columns", "fsp3,name", "--fsp3", ":0.2")
    assert text(made[0]).splitlines()[0] == "fsp3,name"
    made = export(results, tmp_path / "a.smi", "--library", "mine", "--flag", "qed")
    assert all(len(line.split("\t")) == 2 for line in text(made[0]).splitlines())


def test_scores_are_for_rows_that_pass_the_rest(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row that the window of a column leaves out is not even read."""
    query = "SELECT * FROM (VALUES ('CCO', 46.0), ('c1cccc1', 64.0)) AS given(smiles, mw)"
    for window, reads in ((":50", False), (":70", True)):
        export(results, tmp_path / f"{reads}.csv", "--sql", query, "--mw", window, "--fsp3", "0:")
        assert ("left out: 1 × impossible molecule" in capsys.readouterr().out) is reads


def test_an_export_with_scores_goes_on_and_gives_the_same_bytes(results: Path, tmp_path: Path) -> None:
    command = (results, tmp_path / "a.csv", "--library", "mine", "--split", 2)
    command = (*command, "--sample", 9, "--sa_score", ":4", "--np_score", "-1:", "--flag", "sa_score,scaffold")
    made = export(*command)
    assert len(made) > 2
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for lost in ([1], [0, 2], range(len(made))):
        for index in lost:
            made[index].unlink()
        export(*command)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--only", "qed"], "set bounds with qed"),
        (["--flag", "qde"], "did you mean 'qed'?"),
        (["--sql", "SELECT smiles, mw AS qed FROM products", "--flag", "qed"], "there is a column 'qed' already"),
        (["--sql", "SELECT smiles, mw AS qed FROM products", "--qed", "0.5:"], "there is a column 'qed' already"),
    ],
)
def test_a_wrong_request_is_told_before_the_first_row(
    results: Path, tmp_path: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = [] if "--sql" in given else ["--library", "mine"]
    export(results, tmp_path / "a.csv", *source, *given, fails=True)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "a.csv").exists()


def test_an_export_with_scores_has_the_time_for_them() -> None:
    rows = 1_000_000
    assert export_minutes(rows, Export(windows={"mw": Window(high=500)}, flag=("pains",))) == merge_minutes(rows)
    of_columns = export_minutes(rows, Export(flag=("qed",)))
    assert of_columns > merge_minutes(rows) + rows * SCORES["qed"].micros / 6e7
    assert export_minutes(rows, Export(windows={"qed": Window(0.5)})) == of_columns
    assert export_minutes(rows, Export(flag=("qed",), sample=1000)) == merge_minutes(rows) + 1
