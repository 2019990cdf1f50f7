"""A row of a file becomes the compound that a chemist would take for it, and says what was changed."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from halogenator.chemistry.fragments import COMPANIONS
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.chemistry.prepare import prepare
from halogenator.cli import main
from halogenator.model import Reading

quiet()

REPOSITORY = Path(__file__).parents[3]
OME = "FG_PHENOL_OH__OH__TO__OMe"
GALLIC, ELLAGIC = "O=C(O)c1cc(O)c(O)c(O)c1", "O=c1oc2c(O)c(O)cc3c(=O)oc4c(O)c(O)cc1c4c23"
NICOTINE, NAPROXEN = "CN1CCC[C@H]1c1cccnc1", "COc1ccc2cc([C@H](C)C(=O)O)ccc2c1"
ACRIDONE = "O=c1c2ccccc2[nH]c2ccccc12"


@pytest.mark.parametrize(
    ("text", "smiles", "words"),
    [
        (f"{GALLIC}.CCN(CC)CC", GALLIC, "fragments"),  # with triethylamine, of more hydrogens
        (f"{ELLAGIC}.CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO", ELLAGIC, "fragments"),  # meglumine
        (f"{NICOTINE}.O=C(O)c1cc2ccccc2c(Cc2c(O)c(C(=O)O)cc3ccccc23)c1O", NICOTINE, "fragments"),  # pamoate
        ("Oc1ccccc1.C1COCCO1", "Oc1ccccc1", "fragments"),  # phenol with dioxane
        ("COc1ccc2cc([C@H](C)C(=O)[O-])ccc2c1.[Na+]", NAPROXEN, "fragments,charges"),
        ("[Na]OC(=O)c1ccccc1O", "O=C(O)c1ccccc1O", "metal,fragments,charges"),  # salicylate
        ("O=C1O[Bi](O)Oc2ccccc12", "O=C(O)c1ccccc1O", "metal,fragments,charges"),  # bismuth subsalicylate
        ("CC(=O)O[Ca]OC(C)=O", "CC(=O)O", "metal,fragments,charges"),
        ("O=C([O-])CC(O)(CC(=O)O)C(=O)[O-].[Na+].[Na+]", "O=C(O)CC(O)(CC(=O)O)C(=O)O", "fragments,charges"),
        ("[NH3+][C@@H](Cc1ccccc1)C(=O)[O-]", "N[C@@H](Cc1ccccc1)C(=O)O", "charges"),  # phenylalanine
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]", None),  # betaine cannot be neutral
        ("C[N+](C)(C)CC(=O)O.[Cl-]", "C[N+](C)(C)CC(=O)[O-]", "fragments,charges"),  # its hydrochloride
        ("C[n+]1cccc(C(=O)O)c1.[Cl-]", "C[n+]1cccc(C(=O)[O-])c1", "fragments,charges"),  # trigonelline
        ("C[N+](C)(C)CCOC(C)=O.[Cl-]", "CC(=O)OCC[N+](C)(C)C", "fragments"),  # acetylcholine
        ("C[n+]1ccccc1.[I-]", "C[n+]1ccccc1", "fragments"),
        ("[O-][n+]1ccccc1", "[O-][n+]1ccccc1", None),
        ("C[N+](=O)[O-]", "C[N+](=O)[O-]", None),
        ("[13CH3]C(=O)[O-].[Na+]", "[13CH3]C(=O)O", "fragments,charges"),
        ("[BH3-]C(C)=O.[Na+]", "[BH3-]C(C)=O", "fragments"),  # no hydride is taken away
        ("[NH3]->[Pt](<-[NH3])([Cl])[Cl]", "[NH3]->[Pt](<-[NH3])([Cl])[Cl]", None),  # cisplatin
        ("[NH3][Pt]([NH3])(Cl)Cl |C:0.0,2.1|", "[NH3]->[Pt](<-[NH3])([Cl])[Cl]", None),
        ("C[Mg]Br", "[CH3][Mg][Br]", None),
        ("Cc1ccc(O)cc1 |^1:0|", "[CH2]c1ccc(O)cc1", None),  # a radical stays one
        ("C[C@H:2]([CH3:1])[OH:3]", "CC(C)O", "atom maps"),  # a centre by its map numbers alone
        ("[CH3:1][C@H:2]([NH2:3])c1ccccc1", "C[C@H](N)c1ccccc1", "atom maps"),
        ("C[C@H](O)c1ccccc1.C[C@H](O)c1ccccc1", "C[C@H](O)c1ccccc1", "fragments"),
    ],
)
def test_the_compound_is_kept_and_what_was_changed_is_said(text: str, smiles: str, words: str | None) -> None:
    found = prepare(text, Reading())
    assert (found.smiles, found.enhanced_stereo, found.prepared) == (smiles, None, words)
    assert (found.stripped_from is None) == (words is None)
    assert Chem.CanonSmiles(smiles) == smiles


@pytest.mark.parametrize(
    ("text", "smiles", "stereo", "words"),
    [
        ("C[C@H](O)c1ccccc1.C[C@@H](O)c1ccccc1", "C[C@@H](O)c1ccccc1", "&1:1", "racemate"),
        ("C[C@H](N)c1ccccc1.C[C@@H](N)c1ccccc1.Cl", "C[C@@H](N)c1ccccc1", "&1:1", "fragments,racemate"),
        ("C[C@H](O)c1ccccc1 |&1:1|", "C[C@@H](O)c1ccccc1", "&1:1", None),
        ("[CH3:1][C@H:2](O)c1ccccc1 |&3:1|", "C[C@@H](O)c1ccccc1", "&1:1", "atom maps"),
        ("OC(=O)/C=C/C(=O)O.C[C@H](N)c1ccccc1 |o1:9|", "C[C@@H](N)c1ccccc1", "o1:1", "fragments"),  # fumarate
        ("C[C@H]([NH3+])c1ccccc1.C[C@H](O)C(=O)[O-] |&1:1,&2:10|", "C[C@@H](N)c1ccccc1", "&1:1", "fragments,charges"),
    ],
)
def test_racemates_stay_racemates(text: str, smiles: str, stereo: str, words: str | None) -> None:
    found = prepare(text, Reading())
    assert (found.smiles, found.enhanced_stereo, found.prepared) == (smiles, stereo, words)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*c1ccccc1", "R group or query atom"),
        ("[1*]c1ccccc1", "R group or query atom"),
        ("[#6]c1ccccc1", "R group or query atom"),
        ("[R1]c1ccccc1", "R group or query atom"),
        ("[C,N]c1ccccc1", "R group or query atom"),
        ("*c1ccccc1 |$_R1;;;;;;$|", "R group or query atom"),
        ("C~c1ccccc1", "undefined bond"),
        ("CCO |Sg:n:1:n:ht|", "polymer"),
        ("CCCO |LN:1:1.3|", "polymer"),
        ("C[C@H](F)O |r|", "relative stereo"),
        ("Cc1ccccc1 |bad:3|", "unreadable extension"),
        ("[Fe+2].[CH-]1C=CC=C1.[CH-]1C=CC=C1", "metal complex"),  # ferrocene as ions
        ("N.N.Cl[Pt]Cl", "metal complex"),
        ("C[C@H](O)[C@@H](F)c1ccccc1.C[C@@H](O)[C@@H](F)c1ccccc1", "mixture of stereoisomers"),
        ("C[C@H](O)c1ccccc1.CC(O)c1ccccc1", "mixture of stereoisomers"),
    ],
)
def test_what_is_no_one_molecule_is_a_reject(text: str, reason: str) -> None:
    with pytest.raises(RejectError) as caught:
        prepare(text, Reading())
    assert caught.value.reason == reason


def test_an_open_axis_is_said() -> None:
    """BINOL with a wedge at its axis."""
    found = prepare("Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12 |wU:10.11|", Reading())
    assert (found.smiles, found.prepared) == ("Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12", "axis")
    assert found.stripped_from == "Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12 |wU:10.11|"


def test_the_settings_are_kept_to() -> None:
    assert prepare("CC(=O)[O-].[Na+]", Reading(charges="keep")).smiles == "CC(=O)[O-]"
    assert prepare("CC(=O)[O-].C[NH3+]", Reading(fragments="keep")).smiles == "CC(=O)O.CN"
    pyridone = prepare("Oc1ccccn1", Reading(tautomers="canonical"))
    assert (pyridone.smiles, pyridone.prepared, pyridone.stripped_from) == ("O=c1cccc[nH]1", "tautomer", "Oc1ccccn1")
    assert prepare("Oc1ccccn1", Reading()).smiles == "Oc1ccccn1"
    assert prepare(NAPROXEN, Reading(tautomers="canonical")).smiles == NAPROXEN  # its centre is kept


def test_every_companion_leaves_a_natural_product() -> None:
    """Both orders and both forms would take a minute: each companion stands beside one of seven compounds."""
    compounds = [GALLIC, ELLAGIC, NICOTINE, "Oc1ccccc1", ACRIDONE, "COc1cc(C=O)ccc1O", "CN1C(=O)CC1"]
    lines = [line.split("\t") for line in COMPANIONS.read_text().splitlines() if not line.startswith("#")]
    wrong = []
    for number, (smiles, *_) in enumerate(lines):
        wanted = Chem.CanonSmiles(compounds[number % len(compounds)])
        if prepare(f"{smiles}.{wanted}", Reading()).smiles != wanted:
            wrong.append(smiles)
    assert len(lines) > 300 and not wrong


def test_duplicates_say_whether_they_were_the_same_before(tmp_path: Path) -> None:
    rows = [
        ("C[C@H](O)c1ccc(O)cc1 |&1:1|", "racemate"),
        ("C[C@@H](O)c1ccc(O)cc1 |&7:1|", "other-drawing"),
        ("C[C@H](O)c1ccc(O)cc1", "enantiomer"),
        ("C[C@H](O)c1ccc(O)cc1 |o1:1|", "either"),
        ("CC(O)c1ccc(O)cc1", "unspecified"),
        ("C[C@H](O)c1ccc(O)cc1.C[C@@H](O)c1ccc(O)cc1", "both"),
        ("O=C([O-])c1ccccc1O.[Na+]", "sodium-salicylate"),
        ("O=C(O)c1ccccc1O", "salicylic-acid"),
    ]
    source, out = tmp_path / "m.csv", tmp_path / "out"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([("smiles", "id"), *rows])
    words = ["apply", "--input", source, "--outdir", out, "--workers", 1, "--transform", OME]
    assert main([*map(str, words), "--transforms", str(REPOSITORY / "configs" / "transforms.yaml")]) == 0
    molecules = pq.read_table(out / "molecules.parquet").to_pylist()
    kept = {row["id"]: (row["smiles"], row["enhanced_stereo"]) for row in molecules}
    assert list(kept) == ["racemate", "enantiomer", "either", "unspecified", "sodium-salicylate"]
    assert kept["racemate"] == ("C[C@@H](O)c1ccc(O)cc1", "&1:1")
    assert kept["either"] == ("C[C@@H](O)c1ccc(O)cc1", "o1:1")
    said = {row["id"]: row["detail"] for row in pq.read_table(out / "rejects.parquet").to_pylist()}
    assert said == {
        "other-drawing": "same molecule as racemate, row 1",
        "both": "same molecule as racemate, row 1, once prepared: racemate",
        "salicylic-acid": "same molecule as sodium-salicylate, row 7, once prepared: fragments,charges",
    }
    read = json.loads((out / "stats.json").read_text())["input"]
    assert (read["prepared"], read["enhanced_stereo"]) == ({"fragments": 1, "racemate": 1, "charges": 1}, 2)
    assert main(["verify", str(out)]) == 0


def test_an_allene_whose_configuration_is_not_kept_is_said_to_be_opened() -> None:
    """Grasshopper ketone's allene, either way round: RDKit reads both alike."""
    forms = [prepare(f"C/C(=C\\C=[C{turn}]=C1C(C)(C)C[C@H](O)C[C@]1(C)O)/C=O", Reading()) for turn in ("@", "@@")]
    assert forms[0].smiles == forms[1].smiles
    assert [form.prepared for form in forms] == ["axis", "axis"]
    assert forms[0].stripped_from != forms[1].stripped_from


@pytest.mark.parametrize(
    ("text", "compound"),
    [
        ("CC(=O)Oc1ccccc1C(=O)[O-].NCCCCC([NH3+])C(=O)O", "CC(=O)Oc1ccccc1C(=O)O"),  # lysine acetylsalicylate
        ("Oc1ccccc1C(=O)[O-].OCC[NH+](CCO)CCO", "O=C(O)c1ccccc1O"),  # trolamine salicylate
        ("C1CNCCN1.OC(=O)CC(O)(CC(=O)O)C(=O)O", "C1CNCCN1"),  # piperazine citrate
        ("C[C@H](N)c1ccccc1.OC(=O)[C@H](O)[C@@H](O)C(=O)O", "C[C@H](N)c1ccccc1"),
        ("[CH3:0]Oc1ccc(O)cc1", "COc1ccc(O)cc1"),
    ],
)
def test_of_two_listed_companions_the_drug_stays_and_the_counterion_goes(text: str, compound: str) -> None:
    assert prepare(text, Reading()).smiles == compound


@pytest.mark.parametrize(
    "text",
    [
        "C1CCC(C(C1)[NH-])[NH-].C(=O)(C(=O)O)O.[Pt+2]",  # oxaliplatin, as ions
        "N.N.[Cl-].[Cl-].[Pt+2]",  # cisplatin
        "[Gd+3].OC(=O)CN(CCN(CC(=O)[O-])CC(=O)[O-])CCN(CC(=O)O)CC(=O)[O-]",  # gadopentetic acid
    ],
)
def test_a_coordination_compound_is_not_taken_for_its_ligand(text: str) -> None:
    with pytest.raises(RejectError, match="metal complex"):
        prepare(text, Reading())
