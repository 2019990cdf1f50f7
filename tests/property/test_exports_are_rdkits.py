"""What is exported is what RDKit says: blocks read back, alerts and windows are exact, samples are uniform."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Descriptors, Lipinski
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.filters import alerts
from helpers import samples
from helpers.exports import export, lay_out, records, rows
from helpers.molecules import POOLS
from helpers.oracle import CLASSES, parents
from helpers.samples import examples

# In a crowded drawing of these, RDKit's wedges at the quaternary carbons are ambiguous: read back, a centre is lost.
CROWDED = [
    "CC(C)c1c(O)c(N)c2c(c1F)[C@H]1OC(=O)[C@@]23CCCC(C)(C)[C@@H]3C1Br",  # from carnosol
    "CC(C)c1c(O)c(N)c2c(c1Cl)[C@H]1OC(=O)[C@@]23CCCC(C)(C)[C@@H]3C1I",
    "C=C1C[C@]23C[C@@]1(O)CC[C@]2(Br)[C@@]12C=C[C@](O)(I)[C@@](C)(C(=O)O1)[C@H]2[C@@H]3C(=O)OCC",  # gibberellins
    "C=C1C[C@]23C[C@@]1(O)CC(I)[C@H]2[C@@]12C=C[C@](O)(Br)[C@@](C)(C(=O)O1)[C@H]2[C@@H]3C(=O)OCC",
]
OPEN = ["CC=CC(=O)O", "C/C=C/C(=O)O", "C/C=C\\C(=O)O", "CC(O)C(F)Cl", "C[C@H](O)C(F)Cl"]  # of unknown stereo, and known
PARENTS = chain.from_iterable(map(parents, CLASSES))
MOLECULES = list(dict.fromkeys([*CROWDED, *OPEN, *PARENTS, *chain.from_iterable(POOLS.values())]))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("pools"), [(None, smiles) for smiles in MOLECULES])


@pytest.fixture(scope="module")
def stored(results: Path) -> list[str]:
    path = results / "libraries/library=mine/molecules.parquet"
    found: list[str] = pq.read_table(path, partitioning=None)["smiles"].to_pylist()
    return found


@pytest.mark.parametrize("how", [[], ["--coordinates"]], ids=["as stereo needs", "all"])
def test_every_record_reads_back_to_its_smiles(
    results: Path, stored: list[str], tmp_path: Path, how: list[str]
) -> None:
    found = records(export(results, tmp_path / "all.sdf", "--library", "mine", "--molecules", *how))
    assert [mol.GetProp("smiles") for mol in found] == stored
    assert [Chem.MolToSmiles(mol) for mol in found] == stored
    for mol, smiles in zip(found, stored, strict=True):
        is_drawn = bool(np.ptp(mol.GetConformer().GetPositions()[:, :2]))
        assert is_drawn == ((bool(how) or not {"@", "/", "\\"}.isdisjoint(smiles)) and mol.GetNumAtoms() > 1)


@pytest.mark.parametrize("name", ["PAINS", "BRENK"])
@pytest.mark.parametrize("threads", [1, 2])
def test_alerts_are_those_of_the_plain_catalog(stored: list[str], name: str, threads: int) -> None:
    parameters = FilterCatalogParams()
    parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, name))
    catalog = FilterCatalog(parameters)
    found = alerts(name.lower(), stored, threads)
    assert sum(map(bool, found)) > 20
    for smiles, names in zip(stored, found, strict=True):
        mol = Chem.MolFromSmiles(smiles)
        assert names == [entry.GetDescription() for entry in catalog.GetMatches(mol)]
        assert bool(names) == catalog.HasMatch(mol)


def test_flags_and_selections_agree_with_rdkit(results: Path, stored: list[str], tmp_path: Path) -> None:
    flagged = rows(
        export(results, tmp_path / "f.csv", "--library", "mine", "--molecules", "--flag", "lipinski,veber,pains,brenk")
    )
    assert [row["smiles"] for row in flagged] == stored
    for row in flagged:
        mol = Chem.MolFromSmiles(row["smiles"])
        broken = (Descriptors.MolWt(mol) > 500) + (Descriptors.MolLogP(mol) > 5)
        broken += (Lipinski.NumHDonors(mol) > 5) + (Lipinski.NumHAcceptors(mol) > 10)
        veber = Descriptors.TPSA(mol) <= 140 and Lipinski.NumRotatableBonds(mol) <= 10
        assert (row["lipinski"], row["veber"]) == (str(broken <= 1).lower(), str(veber).lower())
        assert bool(row["pains_alerts"]) == (row["pains"] == "true")
    for words, keep in (
        (("--only", "lipinski,veber"), lambda row: row["lipinski"] == row["veber"] == "true"),
        (("--without", "pains,brenk"), lambda row: row["pains"] == row["brenk"] == "false"),
        (
            ("--only", "brenk", "--without", "lipinski"),
            lambda row: row["brenk"] != row["lipinski"] == "false",
        ),
    ):
        kept = rows(export(results, tmp_path / f"{words[1]}.csv", "--library", "mine", "--molecules", *words))
        assert [row["smiles"] for row in kept] == [row["smiles"] for row in flagged if keep(row)]


def taken(out: Path) -> dict[tuple[str, str], int]:
    """What each filter took away, of an export that accounts for each row."""
    manifest = json.loads(out.with_name(f"{out.name}.json").read_text())
    found = {(entry["kind"], entry["name"]): entry["rows"] for entry in manifest["left_out"]}
    rejects = sum(manifest["rejects"].values())
    assert manifest["molecules"] + rejects + sum(found.values()) == manifest["of_rows"]
    return found


def spared_by(name: str) -> Callable[[Chem.Mol], bool]:
    parameters = FilterCatalogParams()
    parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, name))
    catalog = FilterCatalog(parameters)
    return lambda mol: not catalog.HasMatch(mol)


def test_each_filter_says_how_many_rows_it_took(
    results: Path, stored: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each row by the first that speaks against it; also in pieces of which one is made again."""
    words = ["--mw", "150:450", "--tpsa", ":90", "--fsp3", "0.1:0.6"]
    words += ["--only", "veber", "--without", "pains,brenk"]
    steps: dict[tuple[str, str], Callable[[Chem.Mol], bool]] = {
        ("within", "mw 150:450"): lambda mol: 150 <= Descriptors.MolWt(mol) <= 450,
        ("within", "tpsa :90"): lambda mol: Descriptors.TPSA(mol) <= 90,
        ("only", "veber"): lambda mol: Lipinski.NumRotatableBonds(mol) <= 10,
        ("within", "fsp3 0.1:0.6"): lambda mol: 0.1 <= Lipinski.FractionCSP3(mol) <= 0.6,
        ("without", "brenk"): spared_by("BRENK"),
        ("without", "pains"): spared_by("PAINS"),
    }
    left, expected = [Chem.MolFromSmiles(smiles) for smiles in stored], {}
    for name, holds in steps.items():
        passing = [mol for mol in left if holds(mol)]
        expected[name], left = len(left) - len(passing), passing
    assert all(expected.values())
    source = ["--library", "mine", "--molecules", *words]
    export(results, tmp_path / "a.csv", *source)
    told = capsys.readouterr().out
    for (kind, name), number in expected.items():
        assert f"taken away: {number:,} by {kind} {name}\n" in told
    made = export(results, tmp_path / "b.csv", *source, "--split", 9)
    assert taken(tmp_path / "a.csv") == taken(tmp_path / "b.csv") == expected
    manifest = (tmp_path / "b.csv.json").read_bytes()
    made[1].unlink()
    export(results, tmp_path / "b.csv", *source, "--split", 9)
    assert (tmp_path / "b.csv.json").read_bytes() == manifest


def test_a_sample_and_a_pick_say_how_many_they_took(results: Path, stored: list[str], tmp_path: Path) -> None:
    """Of a query with rows that are no molecules."""
    query = "SELECT smiles FROM molecules UNION ALL VALUES ('C1CC('), (''), ('OC(=O)C(F)(F)(F)F')"
    out, light = tmp_path / "a.smi", sum(Descriptors.MolWt(Chem.MolFromSmiles(smiles)) <= 300 for smiles in stored)
    export(results, out, "--sql", query, "--mw", ":300", "--sample", 40, "--diverse", 10)
    heavy = {("within", "mw :300"): len(stored) - light}
    assert taken(out) == {**heavy, ("sample", "40"): light - 40, ("diverse", "10"): 30}
    export(results, out, "--sql", query, "--mw", ":300", "--diverse", 10, "--force")
    assert taken(out) == {**heavy, ("diverse", "10"): light - 10}
    export(results, out, "--sql", query, "--sample", 10, "--without", "brenk", "--force")
    assert taken(out).keys() == {("without", "brenk"), ("sample", "10")}


BOUND = st.none() | st.integers(-5, 600)


@examples(4, 15)
@given(name=st.sampled_from(sorted(DESCRIPTORS)), low=BOUND, high=BOUND)
def test_windows_are_inclusive(results: Path, tmp_path: Path, name: str, low: int | None, high: int | None) -> None:
    """And the same whether the file has the column or RDKit has to be asked."""
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return
    window = f"{'' if low is None else low}:{'' if high is None else high}"
    table = pq.read_table(results / "libraries/library=mine/molecules.parquet", partitioning=None).to_pylist()
    expected = [
        row["smiles"] for row in table if (low is None or row[name] >= low) and (high is None or row[name] <= high)
    ]
    sources = (["--library", "mine", "--molecules"], ["--sql", "SELECT smiles FROM molecules"])
    for number, source in enumerate(sources):
        out = tmp_path / f"{number}.csv"
        made = export(results, out, *source, f"--{name}", window, "--columns", "smiles", "--force")
        assert [row["smiles"] for row in rows(made)] == expected


@pytest.mark.sampled
def test_a_sample_is_uniform_reproducible_and_independent_of_order(
    results: Path, stored: list[str], tmp_path: Path
) -> None:
    size, seeds = len(stored) // 4, samples.size(40, 120)
    index = {smiles: number for number, smiles in enumerate(stored)}
    drawn = np.zeros(len(stored))
    for seed in range(seeds):
        source = ["--library", "mine", "--molecules", "--sample", size, "--seed", seed, "--force"]
        (path,) = export(results, tmp_path / "s.smi", *source)
        found = [line.split("\t")[0] for line in path.read_text().splitlines()]
        assert len(set(found)) == size
        assert [index[smiles] for smiles in found] == sorted(index[smiles] for smiles in found)
        drawn[[index[smiles] for smiles in found]] += 1
    share = size / len(stored)
    expected, spread = seeds * share, seeds * share * (1 - share)
    chi_square = float(((drawn - expected) ** 2 / spread).sum())
    assert abs(chi_square - len(stored)) < 5 * np.sqrt(2 * len(stored))

    for order in ("smiles", "smiles DESC"):
        (path,) = export(
            results, tmp_path / "o.smi", "--sql", f"SELECT 'mine' AS library, smiles FROM molecules ORDER BY {order}",
            "--sample", size, "--seed", seed, "--force",
        )  # fmt: skip
        assert {line.split("\t")[0] for line in path.read_text().splitlines()} == set(found)


def test_a_diverse_pick_is_rdkits(results: Path, stored: list[str], tmp_path: Path) -> None:
    from rdkit.Chem import rdFingerprintGenerator
    from rdkit.SimDivFilters.rdSimDivPickers import MaxMinPicker

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(smiles)) for smiles in stored]
    expected = sorted(MaxMinPicker().LazyBitVectorPick(prints, len(prints), 12, [], 5))
    source = ["--library", "mine", "--molecules", "--diverse", 12, "--seed", 5]
    for threads in (1, 2):
        (path,) = export(results, tmp_path / f"{threads}.smi", *source, "--workers", threads)
        assert [line.split("\t")[0] for line in path.read_text().splitlines()] == [stored[i] for i in expected]
