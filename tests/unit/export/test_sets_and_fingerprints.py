"""Files to learn from: sets without a common scaffold, fingerprints as packed bits, what is lead-like."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, Lipinski, MACCSkeys, rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold

from helpers.exports import export, lay_out, rows
from helpers.molecules import embedded

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
MOLECULES = [(f"m{number}", smiles) for number, smiles in enumerate(embedded()[:40])]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("made"), MOLECULES, OME)


# ---- sets ------------------------------------------------------------------------------------------------------------


def sets(made: list[Path]) -> dict[str, str]:
    """{SMILES: its set}."""
    return {row["smiles"]: row["set"] for row in rows(made)}


def scaffold(smiles: str) -> str:
    found = MurckoScaffold.GetScaffoldForMol(Chem.MolFromSmiles(smiles))
    Chem.RemoveStereochemistry(found)
    return Chem.MolToSmiles(found)


SPLIT = ["--library", "mine", "--molecules", "--scaffold-split", "0.6,0.2,0.2"]


def test_no_scaffold_is_in_two_sets(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = sets(export(results, tmp_path / "a.csv", *SPLIT))
    by_scaffold = defaultdict(set)
    for smiles, name in found.items():
        by_scaffold[scaffold(smiles)].add(name)
    assert len(by_scaffold) > 10 and all(len(names) == 1 for names in by_scaffold.values())
    counts = {name: list(found.values()).count(name) for name in ("train", "valid", "test")}
    for name, share in (("train", 0.6), ("valid", 0.2), ("test", 0.2)):
        assert counts[name] / len(found) == pytest.approx(share, abs=0.06)
    assert json.loads((tmp_path / "a.csv.json").read_text())["sets"] == counts
    assert f"{counts['train']} train" in capsys.readouterr().out


def test_sets_depend_on_the_molecules_alone(results: Path, tmp_path: Path) -> None:
    found = sets(export(results, tmp_path / "a.csv", *SPLIT))
    other = lay_out(tmp_path / "turned", [(f"x{name}", smiles) for name, smiles in reversed(MOLECULES)])
    assert sets(export(other, tmp_path / "b.csv", *SPLIT)) == found
    parts = export(results, tmp_path / "c.csv", *SPLIT, "--split", 7)
    assert sets(parts) == found
    parts[1].unlink()  # it alone is made again
    assert sets(export(results, tmp_path / "c.csv", *SPLIT, "--split", 7)) == found
    assert sets(export(results, tmp_path / "d.csv", *SPLIT, "--seed", 5)) != found


def test_a_split_is_of_what_passes(results: Path, tmp_path: Path) -> None:
    words = ["--library", "mine", "--mw", ":300", "--scaffold-split", "0.75,0.25"]
    found = rows(export(results, tmp_path / "a.csv", *words))
    manifest = json.loads((tmp_path / "a.csv.json").read_text())
    assert {row["set"] for row in found} == {"train", "test"} and all(float(row["mw"]) <= 300 for row in found)
    assert len(found) == manifest["molecules"] == sum(manifest["sets"].values())
    assert manifest["of_rows"] == len(found) + sum(each["rows"] for each in manifest["left_out"])
    drawn = rows(export(results, tmp_path / "b.csv", *words, "--sample", 9))
    assert len(drawn) == 9 and {row["set"] for row in drawn} == {"train", "test"}


# ---- fingerprints ----------------------------------------------------------------------------------------------------


def test_packed_bits_are_rdkits(results: Path, tmp_path: Path) -> None:
    words = ["--library", "mine", "--molecules", "--fingerprints", "morgan,rdkit,maccs"]
    (made,) = export(results, tmp_path / "a.parquet", *words)
    oracles = {
        "fp_morgan": rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprintAsNumPy,
        "fp_rdkit": rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=2048).GetFingerprintAsNumPy,
        "fp_maccs": lambda mol: np.array([int(bit) for bit in MACCSkeys.GenMACCSKeys(mol).ToBitString()]),
    }
    table = pq.read_table(made)
    for name, oracle in oracles.items():
        assert b"bitorder='little'" in table.schema.field(name).metadata[b"description"]
        for smiles, packed in zip(table["smiles"].to_pylist(), table[name].to_pylist(), strict=True):
            expected = oracle(Chem.MolFromSmiles(smiles))
            found = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")[: len(expected)]
            assert np.array_equal(found, expected), (name, smiles)
    first = duckdb.sql(f"SELECT bit_count(fp_morgan::BLOB::BIT) FROM '{made}'").fetchall()[0][0]
    assert first == oracles["fp_morgan"](Chem.MolFromSmiles(table["smiles"][0].as_py())).sum()


# ---- properties ------------------------------------------------------------------------------------------------------


def test_lead_like_is_what_zinc_means_by_it(results: Path, tmp_path: Path) -> None:
    flagged = rows(export(results, tmp_path / "a.csv", "--library", "mine", "--molecules", "--flag", "lead_like"))
    for row in flagged:
        mol = Chem.MolFromSmiles(row["smiles"])
        fits = 250 <= Descriptors.MolWt(mol) <= 350 and Crippen.MolLogP(mol) <= 3.5
        assert row["lead_like"] == str(fits and Lipinski.NumRotatableBonds(mol) <= 7).lower()
    kept = [row["smiles"] for row in flagged if row["lead_like"] == "true"]
    assert 0 < len(kept) < len(flagged)
    short = rows(export(results, tmp_path / "b.csv", "--library", "mine", "--molecules", "--lead-like"))
    assert [row["smiles"] for row in short] == kept


# ---- wrong requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("a.smi", ["--titles"], "titles: it is a column"),
        ("a.smi", ["--reaction"], "reaction: it is a column"),
        ("a.csv", ["--molecules", "--reaction"], "molecules with reaction"),
        ("a.csv", ["--fingerprints", "morgan"], "fingerprints are for Parquet"),
        ("a.parquet", ["--fingerprints", "morgen"], "did you mean 'morgan'?"),
        ("a.csv", ["--conformers", "3"], "conformers are for SDF"),
        ("a.sdf", ["--conformers", "3", "--coordinates"], "leave one of them away"),
        ("a.sdf", ["--conformers", "101"], "1 to 100"),
        ("a.csv", ["--scaffold-split", "0.8,0.1"], "add up to 1"),
        ("a.csv", ["--scaffold-split", "1.2,-0.2"], "add up to 1"),
        ("a.csv", ["--format", "sdf"], "two formats"),
    ],
)
def test_a_wrong_request_is_told_before_the_first_row(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, given: list[str], said: str
) -> None:
    export(results, tmp_path / name, "--library", "mine", *given, fails=True)
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
