"""Scores as columns of molecules and products: what they are, what exports make of them, what the plan reckons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit.Chem import MolFromSmiles, MolToInchiKey

from halogenator.chemistry.scores import SCORES, score_seconds
from halogenator.config import read_config
from halogenator.errors import UserError
from halogenator.inputs.first_rows import describe_library
from halogenator.model import Config, Library
from halogenator.planning.estimate import Estimates
from halogenator.planning.identity import job_identity, library_identity
from halogenator.planning.resources import chunk_minutes, stream_mb
from halogenator.planning.speed import chunk_products
from halogenator.process.usage import Task
from halogenator.tables.columns import score_columns
from halogenator.tasks.chunk_task import Chunk
from halogenator.upkeep.earlier_pipeline import convert
from helpers.exports import export, lay_out, rows
from helpers.runs import REPOSITORY, write_yaml
from helpers.samples import few
from helpers.verbs import job_of

OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
NATURAL = {
    "quercetin": "O=c1c(O)c(-c2ccc(O)c(O)c2)oc2cc(O)cc(O)c12",
    "catechin": "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@@H](O)C2",
    "thymol": "Cc1ccc(C(C)C)c(O)c1",
    "geraniol": "CC(C)=CCC/C(C)=C/CO",
}
MOLECULES, PRODUCTS = "libraries/library=mine/molecules.parquet", "products/library=mine/transform=T/products.parquet"
OF = {MOLECULES: ["--library", "mine", "--molecules"], PRODUCTS: ["--library", "mine"]}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("plain"), list(NATURAL.items()), OME)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("scored"), list(NATURAL.items()), OME, scores=list(SCORES))


def table(path: Path) -> pa.Table:
    return pq.read_table(path, partitioning=None)


@pytest.mark.parametrize("name", [MOLECULES, PRODUCTS])
def test_columns_are_what_an_export_computes(plain: Path, scored: Path, tmp_path: Path, name: str) -> None:
    """All else is as it is without scores."""
    found = table(scored / name)
    assert found.drop_columns(list(SCORES)).equals(table(plain / name))
    for column in score_columns(list(SCORES)):
        field = found.schema.field(column.name)
        assert field.type == column.type and field.metadata[b"description"].decode() == column.text
    (path,) = export(plain, tmp_path / "a.parquet", *OF[name], "--flag", ",".join(SCORES))
    assert found.select(list(SCORES)).equals(table(path).select(list(SCORES)))
    assert found["scaffold"].null_count == (name == MOLECULES)  # of geraniol, which has no ring


def test_the_order_is_that_of_the_configuration(tmp_path: Path) -> None:
    results = lay_out(tmp_path, [("thymol", NATURAL["thymol"])], OME, scores=["scaffold", "fsp3"])
    assert table(results / PRODUCTS).schema.names[-2:] == ["scaffold", "fsp3"]


def with_values(results: Path, to: Path, name: str, score: str, values: list[Any]) -> Path:
    """A copy of results in which a score has other values than RDKit gives."""
    found = table(results / name)
    place = found.schema.get_field_index(score)
    (to / name).parent.mkdir(parents=True)
    changed = found.set_column(place, found.schema.field(score), pa.array(values, found.schema.field(score).type))
    pq.write_table(changed.replace_schema_metadata(found.schema.metadata), to / name)
    return to


@pytest.mark.parametrize("name", few([MOLECULES, PRODUCTS], 1))
def test_an_export_takes_what_is_stored(scored: Path, tmp_path: Path, name: str) -> None:
    """In windows and columns; a value that is missing is computed."""
    true = table(scored / name)["fsp3"].to_pylist()
    told = [2.0 + number for number in range(len(true))]
    told[1] = None
    results = with_values(scored, tmp_path / "results", name, "fsp3", told)
    made = rows(export(results, tmp_path / "a.csv", *OF[name], "--flag", "fsp3"))
    assert [float(row["fsp3"]) for row in made] == [2.0, true[1], *told[2:]]
    assert list(made[0]).count("fsp3") == 1
    made = rows(export(results, tmp_path / "b.csv", *OF[name], "--fsp3", "3:", "--columns", "smiles,fsp3"))
    assert [float(row["fsp3"]) for row in made] == told[2:]
    made = rows(export(results, tmp_path / "c.csv", *OF[name], "--columns", "name,qed"))
    assert [float(row["qed"]) for row in made] == table(scored / name)["qed"].to_pylist()


def test_libraries_with_and_without_scores_go_into_one_export(scored: Path, tmp_path: Path) -> None:
    others = tmp_path / "both"
    lay_out(others, list(NATURAL.items())[:2], OME, scores=["fsp3"])
    lay_out(others, list(NATURAL.items())[2:], OME, library="yours")
    made = rows(export(others / "results", tmp_path / "a.csv", "--library", "all", "--flag", "fsp3"))
    wanted = dict(zip(*(table(scored / PRODUCTS)[name].to_pylist() for name in ("smiles", "fsp3")), strict=True))
    assert {row["smiles"]: float(row["fsp3"]) for row in made} == wanted
    assert {row["library"] for row in made} == {"mine", "yours"}


def test_adopted_products_get_them_too(tmp_path: Path) -> None:
    source, out = tmp_path / "earlier.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"smiles": ["COc1cc(C(C)C)ccc1C"], "mw": [164.2]}), source)
    job = job_of(OME, scores=["fsp3", "scaffold"], descriptors=("mw",), inchikey=True)
    convert(Chunk(source, (0, 1), out, tmp_path / "rejects.parquet", Task(500)), job)
    (row,) = table(out).to_pylist()
    assert list(row)[-4:] == ["mw", "fsp3", "scaffold", "inchikey"]
    assert (row["mw"], row["fsp3"], row["scaffold"]) == (164.2, pytest.approx(5 / 11, abs=1e-6), "c1ccccc1")
    assert row["inchikey"] == MolToInchiKey(MolFromSmiles(row["smiles"]))


def configured(folder: Path, **settings: Any) -> Config:
    """The shipped configuration with natural products of one class, and these settings above it."""
    layer = {"libraries": {"lipid-1X": {"class": "lipid", "k": 1}}, "select": {"libraries": ["lipid-1X"]}, **settings}
    paths = [REPOSITORY / "configs/config.yaml", write_yaml(folder / "mine.yaml", layer)]
    return read_config(paths, working_dir=folder)


def test_lists_add_up_and_are_in_the_fingerprint(tmp_path: Path) -> None:
    transforms = {"transforms": [{"name": "T", "smirks": OME, "scores": ["fsp3", "alerts"]}]}
    write_yaml(tmp_path / "transforms.yaml", transforms)
    libraries = {"libraries": {"lipid-1X": {"class": "lipid", "k": 1, "scores": ["scaffold"]}}}
    bare = configured(tmp_path, transforms="transforms.yaml")
    config = configured(tmp_path, transforms="transforms.yaml", scores=["qed"], **libraries)
    assert config.scores("lipid-1X") == ("qed", "scaffold")
    assert config.scores("lipid-1X", "T") == ("qed", "scaffold", "fsp3", "alerts")
    assert bare.scores("lipid-1X", "T") == ("fsp3", "alerts") and bare.scores("lipid-1X") == ()
    assert job_identity(config, "lipid-1X", "T") != job_identity(bare, "lipid-1X", "T")
    identities = [library_identity(each, "lipid-1X", tmp_path) for each in (bare, config)]
    assert identities[0] != identities[1]


def test_the_plan_reckons_with_the_time_and_memory_of_scores(tmp_path: Path) -> None:
    """Chunks are for about the same time, and a merge holds no model."""
    plain, scored = (configured(tmp_path, scores=scores) for scores in ([], ["sa_score", "alerts"]))
    rows = Estimates(plain).rows(plain.libraries["lipid-1X"])
    assert rows == Estimates(scored).rows(scored.libraries["lipid-1X"])
    each = chunk_products(scored, ["sa_score", "alerts"])
    assert each * score_seconds(["sa_score", "alerts"]) == pytest.approx(135, rel=0.05)
    assert chunk_products(plain) == plain.chunk_products
    job = plain.jobs[0]
    assert Estimates(plain).chunks(plain.libraries[job[0]], job[1]) == 0
    assert Estimates(scored).chunks(scored.libraries[job[0]], job[1]) == 1
    assert stream_mb() < stream_mb(["sa_score"]) <= stream_mb(["sa_score", "np_score"])
    assert chunk_minutes(scored, ["alerts"]) < 3 * chunk_minutes(plain)


def test_a_misspelt_score_is_answered(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"did you mean 'qed'\?"):
        configured(tmp_path, scores=["qde"])


def test_a_files_own_column_gives_way_to_a_score(tmp_path: Path) -> None:
    source = tmp_path / "mine.csv"
    source.write_text("smiles,qed,id\nOc1ccccc1,good,phenol\n")
    library = Library("mine", "", paths=(source,), scores=("qed",))
    assert describe_library(library).columns == {"qed_in_file": "qed"}
    assert describe_library(replace(library, scores=())).columns == {"qed": "qed"}
