"""A file's other columns and names: on their way through the tables, in the catalog and in exports."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.cli import main
from halogenator.model import Halogenation, HalogenationRule, Job, Library, Recipe, Transform
from halogenator.results import Results as Places
from halogenator.tables.file_columns import as_type, common_type, file_columns, stored_type
from halogenator.tables.parquet import BATCH_BYTES, open_parquet, read_rows, table_writer
from halogenator.tasks.commands import (
    HalogenateChunk,
    MergeLibrary,
    MergeProducts,
    ReadLibrary,
    StandardizeChunk,
    TransformChunk,
)
from helpers.exports import export, rows
from helpers.verbs import do, verb

TEXT = pa.string()
OME = "[c:1][OX2H:2]>>[c:1][O:2]C"
DESCRIPTORS = ("mw", "clogp")
COCONUT = """identifier,name,canonical_smiles,mw,np_likeness,"organism, part"
CNP1,guaiacol,COc1ccccc1O,124.1,0.3,"Guaiacum officinale, resin"
CNP2,p-cresol,Cc1ccc(O)cc1,108.1,,
CNP3,phenol again,Oc1ccc(C)cc1,1,2,3
,,OC1CCCCC1,,,
"""


class Results:
    """A results folder, filled by the verbs as the rules call them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"
        self._work = folder / "work"

    def library(self, name: str, *, file: Path | None = None, base: str | None = None, k: int | None = None) -> Path:
        work = self._work / name
        library = Library(name, "polyphenol", k, paths=(file,) if file else ())
        ring = Halogenation(("F",), (HalogenationRule("ring", "[c;H1:1]>>[c:1]{X}"),))
        recipe = Recipe(library, halogenation=ring, descriptors=DESCRIPTORS)
        chunk = {"chunk": (0, 1), "out": work / "chunk.parquet", "rejects": work / "rejects.parquet"}
        if file:
            do(ReadLibrary(recipe=recipe, out=work / "raw.parquet"))
            do(StandardizeChunk(recipe=recipe, raw=work / "raw.parquet", **chunk))
        else:
            do(HalogenateChunk(recipe=recipe, base=self.molecules(str(base)), **chunk))
        do(MergeLibrary(recipe=recipe, **self._merged(work, name)))
        return self.molecules(name)

    def job(self, library: str) -> None:
        work = self._work / f"{library}-job"
        job = Job(Library(library, "polyphenol"), Transform("T", OME), DESCRIPTORS)
        chunk = {"chunk": (0, 1), "out": work / "chunk.parquet", "rejects": work / "rejects.parquet"}
        do(TransformChunk(job=job, molecules=self.molecules(library), **chunk))
        do(MergeProducts(job=job, molecules=self.molecules(library), **self._merged(work, library, "T")))

    def _merged(self, work: Path, *names: str) -> dict[str, object]:
        files = dict(zip(("out", "rejects", "stats"), Places(self.folder).files(*names), strict=True))
        chunks = {"chunks": [work / "chunk.parquet"], "reject_chunks": [work / "rejects.parquet"]}
        return {**chunks, **files, "scratch": work / "scratch"}

    def molecules(self, library: str) -> Path:
        return self.folder / f"libraries/library={library}/molecules.parquet"

    def catalog(self) -> duckdb.DuckDBPyConnection:
        summary, out = self.folder / "summary.tsv", self.folder / "catalog.duckdb"
        verb("summarize", "--results", self.folder, "--out", summary)
        verb("catalog", "--results", self.folder, "--summary", summary, "--out", out)
        return duckdb.connect(str(out), read_only=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Of two files with columns of the same name, one of natural products, and a file that has none."""
    folder = tmp_path_factory.mktemp("columns")
    (folder / "coconut.csv").write_text(COCONUT)
    table = {
        "id": ["N1", "N2"],
        "smiles": ["Oc1ccccc1O", "Oc1ccc(F)cc1"],
        "Name": ["catechol", "4-fluorophenol"],
        "NP_likeness": [0.5, 2.0],
        "k": pa.array([7, None], pa.int64()),
        "tags": [["a", "b"], None],
        "when": pa.array([1_700_000_000_000_000_001, None], pa.timestamp("ns")),
    }
    pq.write_table(pa.table(table), folder / "natural.parquet")
    (folder / "bare.smi").write_text("Oc1ccccc1Cl b1\n")
    results = Results(folder)
    results.library("coconut", file=folder / "coconut.csv")
    results.library("natural-0X", file=folder / "natural.parquet", k=0)
    results.library("natural-1X", base="natural-0X", k=1)
    results.library("natural-2X", base="natural-1X", k=2)
    results.library("bare", file=folder / "bare.smi")
    for library in ("coconut", "natural-2X", "bare"):
        results.job(library)
    return results


# ---- names and types -------------------------------------------------------------------------------------------------


def named(*names: str) -> list[str]:
    return [column.name for column in file_columns([(name, TEXT) for name in names])]


@pytest.mark.parametrize(
    "name", ["mw", "MW", "Parent", "K", "library", "transform", "parent_smiles", "inchikey", "pains"]
)
def test_a_column_called_as_one_of_ours_gets_another_name(name: str) -> None:
    assert named("organism", name) == ["organism", f"{name}_in_file"]


def test_a_column_called_as_a_count_of_sites_gets_another_name() -> None:
    assert named("sites_phenol_0a1b2c", "sites_visited") == ["sites_phenol_0a1b2c_in_file", "sites_visited"]


def test_a_name_that_another_column_has_gets_a_number() -> None:
    assert named("Activity", "activity", "ACTIVITY") == ["Activity", "activity_2", "ACTIVITY_3"]
    assert named("a_2", "a", "A") == ["a_2", "a", "A_3"]


def test_a_column_keeps_its_name_where_one_that_is_renamed_would_want_it() -> None:
    assert named("mw", "mw_in_file") == ["mw_in_file_2", "mw_in_file"]


def test_odd_names() -> None:
    long = "x" * 300
    assert named("", "  ", "IC50\n(nM)", " padded ", 'say "hi"; --', "a.b", long) == [
        "unnamed",
        "unnamed_2",
        "IC50 (nM)",
        "padded",
        'say "hi"; --',
        "a.b",
        long,
    ]


def test_types_are_those_of_parquet() -> None:
    assert stored_type(pa.dictionary(pa.int32(), pa.large_string())) == TEXT
    assert stored_type(pa.large_binary()) == pa.binary()
    assert stored_type(pa.list_(pa.float32())) == pa.list_(pa.float32())
    assert common_type([pa.int16(), pa.int64()]) == pa.int64()
    assert common_type([pa.int64(), pa.float32()]) == pa.float64()
    assert common_type([pa.date32(), pa.float64()]) == TEXT


def test_what_has_no_text_of_its_own_is_written_as_text() -> None:
    assert as_type(pa.array([["a"], None]), TEXT).to_pylist() == ['["a"]', None]
    assert as_type(pa.array([b"\xff\x00", b"ok"]), TEXT).to_pylist() == ["ff00", "ok"]


# ---- the library -----------------------------------------------------------------------------------------------------


def test_a_library_has_the_columns_and_names_of_its_file(made: Results) -> None:
    found = pq.read_table(made.molecules("coconut"), partitioning=None).to_pylist()
    assert [
        (row["id"], row["name"], row["mw_in_file"], row["np_likeness"], row["organism, part"]) for row in found
    ] == [
        ("CNP1", "guaiacol", "124.1", "0.3", "Guaiacum officinale, resin"),
        ("CNP2", "p-cresol", "108.1", None, None),
        ("coconut-row-4", None, None, None, None),
    ]
    assert found[0]["mw"] == pytest.approx(124.139)


def test_columns_of_parquet_keep_their_type(made: Results) -> None:
    schema = pq.read_schema(made.molecules("natural-0X"))
    assert schema.field("NP_likeness").type == pa.float64()
    assert schema.field("k").type == pa.int8()
    assert schema.field("k_in_file").type == pa.int64()
    assert schema.field("tags").type == TEXT  # the nested, as JSON
    assert schema.field("when").type == pa.timestamp("ns")


def test_built_libraries_hold_no_copy(made: Results) -> None:
    assert "NP_likeness" not in pq.read_schema(made.molecules("natural-2X")).names


def test_verify_takes_the_columns_that_came_along(made: Results, capsys: pytest.CaptureFixture[str]) -> None:
    made.catalog().close()
    assert main(["verify", str(made.folder)]) == 0
    assert "All is well: " in capsys.readouterr().out


# ---- the catalog -----------------------------------------------------------------------------------------------------


def test_products_have_what_the_file_says_of_their_natural_product(made: Results) -> None:
    with made.catalog() as catalog:
        found = catalog.execute(
            "SELECT DISTINCT library, parent, parent_name, np_likeness, k_in_file, tags FROM products ORDER BY ALL"
        ).fetchall()
    assert found == [
        ("bare", "b1", None, None, None, None),
        ("coconut", "CNP1", "guaiacol", "0.3", None, None),
        ("coconut", "CNP2", "p-cresol", None, None, None),
        ("natural-2X", "N1", "catechol", "0.5", 7, '["a", "b"]'),
        ("natural-2X", "N2", "4-fluorophenol", "2.0", None, None),
    ]


def test_molecules_have_what_the_file_says_of_their_natural_product(made: Results) -> None:
    with made.catalog() as catalog:
        columns = 'library, parent_name, "organism, part", k_in_file, count(*)'
        found = catalog.execute(f"SELECT {columns} FROM molecules GROUP BY ALL ORDER BY ALL").fetchall()
        (total,) = catalog.execute("SELECT count(*) FROM molecules").fetchone() or ()
    assert ("natural-1X", "catechol", None, 7, 2) in found
    assert ("coconut", "guaiacol", "Guaiacum officinale, resin", None, 1) in found
    assert total == sum(pq.read_metadata(path).num_rows for path in made.folder.glob("libraries/*/*.parquet"))


def test_all_of_a_view_has_no_name_twice(made: Results) -> None:
    with made.catalog() as catalog:
        for view in ("products", "molecules"):
            names = [row[0].casefold() for row in catalog.execute(f"DESCRIBE {view}").fetchall()]
            assert len(names) == len(set(names))
            assert catalog.execute(f"SELECT * FROM {view}").fetchall()
        assert names.index("smiles") < names.index("parent_name") < names.index("np_likeness")


def test_a_query_prints_a_files_column(made: Results, capsys: pytest.CaptureFixture[str]) -> None:
    made.catalog().close()
    verb("query", "SELECT np_likeness FROM products", "--catalog", made.folder / "catalog.duckdb")
    assert "0.3" in capsys.readouterr().out


# ---- exports ---------------------------------------------------------------------------------------------------------


def test_an_export_of_products_has_the_columns_of_the_file(made: Results, tmp_path: Path) -> None:
    found = rows(export(made.folder, tmp_path / "all.csv", "--library", "all"))
    assert {(row["library"], row["parent_name"], row["np_likeness"], row["tags"]) for row in found} == {
        ("bare", "", "", ""),
        ("coconut", "guaiacol", "0.3", ""),
        ("coconut", "p-cresol", "", ""),
        ("natural-2X", "catechol", "0.5", '["a", "b"]'),
        ("natural-2X", "4-fluorophenol", "2.0", ""),
    }
    assert "parent_smiles" not in found[0]
    parquet = export(made.folder, tmp_path / "all.parquet", "--library", "natural-2X")[0]
    assert pq.read_schema(parquet).field("NP_likeness").type == pa.float64()


def test_columns_of_a_file_can_be_named_with_those_of_the_parent(made: Results, tmp_path: Path) -> None:
    columns = "smiles,parent_smiles,parent_name,k_in_file"
    found = rows(export(made.folder, tmp_path / "some.csv", "--library", "natural-2X", "--columns", columns))
    assert list(found[0]) == columns.split(",")
    assert {(row["parent_name"], row["k_in_file"]) for row in found} == {("catechol", "7"), ("4-fluorophenol", "")}


def test_an_export_of_molecules_goes_by_id_and_keeps_the_name(made: Results, tmp_path: Path) -> None:
    found = rows(export(made.folder, tmp_path / "mine.csv", "--library", "coconut", "--molecules"))
    assert [(row["name"], row["parent_name"]) for row in found] == [
        ("CNP1", "guaiacol"),
        ("CNP2", "p-cresol"),
        ("coconut-row-4", ""),
    ]
    asked = export(made.folder, tmp_path / "asked.csv", "--sql", "SELECT * FROM molecules WHERE library = 'coconut'")
    assert [(row["name"], row["name_in_file"]) for row in rows(asked)][:2] == [
        ("CNP1", "guaiacol"),
        ("CNP2", "p-cresol"),
    ]


def test_products_of_a_query_do_not_take_a_column_of_the_file_for_their_name(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("id,smiles,chembl_id,title\nm1,Oc1ccccc1,CHEMBL14060,phenol\n")
    results = Results(tmp_path)
    results.library("mine", file=tmp_path / "mine.csv")
    results.job("mine")
    results.catalog().close()
    found = rows(export(results.folder, tmp_path / "out.csv", "--sql", "SELECT * FROM products"))
    assert [(row["name"], row["chembl_id"]) for row in found] == [("m1_T_1", "CHEMBL14060")]


# ---- wide tables -----------------------------------------------------------------------------------------------------


def test_row_groups_of_wide_tables_are_bounded_and_not_too_many(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    schema = pa.schema([(f"c{number}", TEXT) for number in range(300)])
    with table_writer(path, schema, {}) as table:
        for row in range(3_000):
            table.append(*[f"value {row}"] * 300)
    with open_parquet(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        assert sum(sizes) == 3_000
        assert len(sizes) <= 3  # one a batch of Python's values would be ten
        batches = list(read_rows(file, schema.names, 0, 3_000))
    assert max(batch.nbytes for batch in batches) <= BATCH_BYTES
    assert batches[-1]["c299"][-1].as_py() == "value 2999"


def test_reading_is_part_of_a_tables_record(made: Results) -> None:
    note = json.loads(pq.read_metadata(made.molecules("natural-2X")).metadata[b"halogenator"])
    assert note["root"] == "natural-0X"
