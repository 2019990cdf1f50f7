"""The Python interface makes what a run makes: the same rows in the same order, with the same values and rejects."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

import halogenator
from halogenator.model import CLASSES
from helpers.finished import BAD, PHENOLS, SALT
from helpers.runs import COOME, OME, REPOSITORY, named_parents
from helpers.samples import LONG, few
from helpers.verbs import Made, build_libraries, build_library, run_job

HALOGENATED = ["smiles", "enhanced_stereo", "parent", "k", "halogens", "rules", "n_routes"]
DESCRIBED = ["mw", "tpsa", "hbd", "hba", "clogp", "rotb"]


def same(products: halogenator.Products, run: Made, columns: list[str]) -> None:
    """All rows are equal, in all columns that a run has."""
    found, expected = products.to_arrow().select(columns), pq.read_table(run.path, partitioning=None).select(columns)
    assert found.num_rows == expected.num_rows > 0
    assert found.replace_schema_metadata() == expected.replace_schema_metadata()


@pytest.mark.sampled
@pytest.mark.parametrize("class_name", few(CLASSES, 2))
def test_halogenation_of_the_parents_of_a_class_is_that_of_a_run(class_name: str, tmp_path: Path) -> None:
    """Some parents share their products, as phloroglucinol and resorcinol do: their routes are added up once."""
    settings = yaml.safe_load((REPOSITORY / "configs" / "config.yaml").read_text())
    levels = (1, 2) if LONG else (1,)
    libraries = {f"{class_name}-{k}X": {"class": class_name, "k": k} for k in levels}
    made = build_libraries(tmp_path, {**settings, "libraries": libraries}, chunks=2)
    parents = dict(named_parents(class_name))
    for k in levels:
        run = made[f"{class_name}-{k}X"]
        products = halogenator.halogenate(parents, k, class_name, workers=k - 1 or None)
        same(products, run, [*HALOGENATED, *DESCRIBED])
        if k == 1:  # deeper, a run counts what parents share once, and each level for itself
            assert list(products.left_out) == run.stats.get("left_out", [])


def test_parents_that_share_molecules_on_the_way_share_them_as_in_a_run(tmp_path: Path) -> None:
    """Phloroglucinol and resorcinol both give 5-fluororesorcinol, and what comes from that belongs to the first."""
    settings = yaml.safe_load((REPOSITORY / "configs" / "config.yaml").read_text())
    parents = {"phloroglucinol": "Oc1cc(O)cc(O)c1", "resorcinol": "Oc1cccc(O)c1", "phenol": "Oc1ccccc1"}
    source = tmp_path / "parents.smi"
    source.write_text("".join(f"{smiles}\t{name}\n" for name, smiles in parents.items()))
    libraries = {f"L{k}": {"class": "polyphenol", "k": k, "parents": "mine"} for k in (1, 2, 3)}
    made = build_libraries(tmp_path, {**settings, "parents": {"mine": str(source)}, "libraries": libraries})
    for k in (1, 2, 3):
        products = halogenator.halogenate(parents, k, "polyphenol")
        same(products, made[f"L{k}"], [*HALOGENATED, *DESCRIBED])
        assert products.counts.products > len(products.to_arrow())


@pytest.mark.filterwarnings("ignore::halogenator.RejectWarning")
def test_products_of_a_transform_are_those_of_a_run_and_so_are_rejects(tmp_path: Path) -> None:
    rows = [*PHENOLS, *BAD, SALT, ("R group", "*c1ccccc1O"), ("two sites", "Sc1cc(S)cc(O)c1")]
    library = build_library(tmp_path, rows)
    products = halogenator.transform([smiles for _, smiles in rows], OME, ids=[name or "none" for name, _ in rows])
    expected = [row for row in library.rejected if row["reason"] != "duplicate"]
    columns = ("smiles", "reason", "detail", "site")
    found = [tuple(getattr(each, name) for name in columns) for each in products.rejects]
    assert found == [
        tuple((row[name] or "") if name == "smiles" else row[name] for name in columns) for row in expected
    ]
    assert [each.position + 1 for each in products.rejects] == [row["row"] for row in expected]
    for name in (OME, COOME):
        run = run_job(tmp_path, library.path, halogenator.transforms()[name].smirks, chunks=3, inchikey=True)
        made = halogenator.transform(
            [smiles for _, smiles in rows], name, ids=[name for name, _ in rows], inchikey=True
        )
        same(made, run, ["smiles", "parent_id", "site", "n_routes", "enhanced_stereo", *DESCRIBED, "inchikey"])
    impossible = "[S:1][H]>>[S:1](=O)(=O)(=O)=O"
    run = run_job(tmp_path, library.path, impossible)
    refused = halogenator.transform([smiles for _, smiles in rows], impossible, ids=[name for name, _ in rows]).rejects
    columns = ("id", "site", "smiles", "reason", "detail")
    found = [tuple(getattr(each, name) for name in columns) for each in refused if each.site is not None]
    assert found == [tuple(row[name] for name in columns) for row in run.rejected] and len(found) == 2


def test_molecules_of_a_run_give_the_products_of_its_job(tmp_path: Path) -> None:
    settings = yaml.safe_load((REPOSITORY / "configs" / "config.yaml").read_text())
    made = build_libraries(tmp_path, {**settings, "libraries": {"alkaloid-1X": {"class": "alkaloid", "k": 1}}})
    library = made["alkaloid-1X"]
    amine = halogenator.transforms()["FG_AMINE_AR__NH2__TO__NHAc"]
    for transform in (amine, halogenator.transforms()[COOME]):
        run = run_job(tmp_path, library.path, transform.smirks, chunks=2)
        products = halogenator.transform({row["id"]: row["smiles"] for row in library.rows}, transform, workers=2)
        if run.rows:
            same(products, run, ["smiles", "parent_id", "site", "n_routes", "enhanced_stereo", *DESCRIBED])
