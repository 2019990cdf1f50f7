"""One finished run, read by all tests here: every input format, built libraries, the public contract."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import rdkit
from rdkit import Chem

from halogenator import ENGINE_VERSION
from halogenator.tables.metadata import read_metadata
from helpers import oracle
from helpers.runs import (
    ARYL_F,
    COOME,
    OME,
    Row,
    named_parents,
    rules,
    shipped,
    snakemake,
    tasks,
    transform,
    write_molecules,
    write_yaml,
)
from helpers.samples import LONG, size

pytestmark = pytest.mark.sampled
CAP_MB = 3_000
CHUNK_PRODUCTS = 40
AROMATIC_AMINE = Chem.MolFromSmarts("cN")
MOLECULES = [
    row for row in named_parents("polyphenol") if not Chem.MolFromSmiles(row[1]).HasSubstructMatch(AROMATIC_AMINE)
]
BAD: dict[str, Row] = {
    "unparsable": ("unparsable", "C1CC("),
    "empty": (None, ""),
    "pentavalent": ("pentavalent", "CC(C)(C)(C)C"),
    "giant": ("giant", "C" * 10_000),
    "duplicate": ("again", Chem.MolToSmiles(Chem.MolFromSmiles(MOLECULES[0][1]), rootedAtAtom=3, canonical=False)),
}
SALT = ("sodium-salicylate", "[Na+].O=C([O-])c1ccccc1O")
ROWS = [*MOLECULES[:3], *BAD.values(), *MOLECULES[3:], SALT]
BAD_ROWS = {name: ROWS.index(row) + 1 for name, row in BAD.items()}

# Library -> its file, how its columns are called, what its entry says of that.
FORMATS = {
    "parquet": ("a.parquet", ("id", "smiles"), {}),
    "csv": ("a.csv", ("Name", "Canonical SMILES"), {}),
    "csv-gz": ("a.csv.gz", ("ID", "SMILES"), {}),  # with semicolons
    "tsv": ("a.tsv", ("code", "molecule"), {"smiles_column": "molecule", "id_column": "code"}),
    "smi": ("a.smi", None, {}),
    "smi-header": ("b.smi", ("id", "smiles"), {}),
    "sdf": ("a.sdf", None, {}),
    "sdf-gz": ("b.sdf.gz", None, {}),
}
if not LONG:  # what each reader gives is in tests/unit/inputs
    FORMATS = {name: FORMATS[name] for name in ("parquet", "csv")}
KEPT = [SALT, ("hordenine", "CN(C)CCc1ccc(O)cc1"), ("tyramine", "NCCc1ccc(O)cc1"), ("choline", "C[N+](C)(C)CCO.[Cl-]")]
TINY = [("carvacrol", "Cc1ccc(C(C)C)cc1O"), ("geraniol", "CC(C)=CCC/C(C)=C/CO"), ("perillyl", "C=C(C)C1CC=C(CO)CC1")]
HALOGENS = ("F", "Cl")
RULES = [("aromatic_ch", "[cH:1]>>[c:1]{X}", None), ("chain_ch2", "[CX4;H2;!R:1]>>[C:1]{X}", 1)]
RULES += [("hydroxyl", "[#6;!$([CX3]=[OX1]):1][OX2H]>>[#6:1]{X}", None)]
METHYLATION = "N_METHYL"
JOBS = [
    *((library, OME) for library in FORMATS),
    ("kept", COOME),
    ("kept", METHYLATION),
    *((library, name) for library in ("terpenoid-1X", "terpenoid-2X") for name in (OME, ARYL_F)),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder of the finished run, and what Snakemake printed."""
    folder = tmp_path_factory.mktemp("run") / "o'brien & co [2026] k=2"  # paths are quoted, not read as patterns
    folder.mkdir()
    for name, header, _ in FORMATS.values():
        write_molecules(folder / name, ROWS, header=header)
    write_molecules(folder / "kept.csv", KEPT)
    write_molecules(folder / "tiny.csv", TINY)
    write_yaml(
        folder / "transforms.yaml",
        {
            "transforms": [
                shipped(OME, "polyphenol", "terpenoid"),
                shipped(COOME, "aa_peptide"),
                shipped(ARYL_F, "terpenoid"),
                transform(METHYLATION, "[NX3:1]>>[N:1]C", ["aa_peptide"], "CCN", "CCNC"),
            ]
        },
    )
    write_yaml(
        folder / "halogenation.yaml",
        {
            "halogens": list(HALOGENS),
            "rules": [
                {"name": name, "label": name, "scope_classes": ["terpenoid"], "smirks": smirks, "max_sites": limit}
                | {"examples": [{"reactant": "C", "products": []}]}
                for name, smirks, limit in RULES
            ],
        },
    )
    libraries = {
        library: {"class": "polyphenol", "path": name, **columns} for library, (name, _, columns) in FORMATS.items()
    }
    libraries |= {"kept": {"class": "aa_peptide", "path": "kept.csv", "fragments": "keep"}}
    libraries |= {"terpenoid-2X": {"class": "terpenoid", "k": 2}, "terpenoid-1X": {"class": "terpenoid", "k": 1}}
    write_yaml(
        folder / "config.yaml",
        {
            "parents": {"terpenoid": "tiny.csv"},
            "libraries": libraries,
            "transforms": "transforms.yaml",
            "halogenation": "halogenation.yaml",
            "select": {"libraries": list(libraries)},
            "memory": {"cap_mb": CAP_MB},
            "exclude": [],
            "chunk": {"products": CHUNK_PRODUCTS, "merge_rows": size(100, 1_000_000)},
            "identifiers": ["inchikey"],
        },
    )
    yield folder, snakemake(folder, "--cores", 2, "--resources", "disk_mb=9")


@pytest.fixture(scope="module")
def results(run: tuple[Path, str]) -> Path:
    return run[0] / "results"


def products_path(results: Path, library: str, name: str) -> Path:
    return results / f"products/library={library}/transform={name}/products.parquet"


def products(results: Path, library: str, name: str) -> list[dict[str, object]]:
    return pq.read_table(products_path(results, library, name), partitioning=None).to_pylist()


def molecules(results: Path, library: str) -> list[dict[str, object]]:
    path = results / f"libraries/library={library}/molecules.parquet"
    return pq.read_table(path, partitioning=None).to_pylist()


def rejects(results: Path, library: str) -> list[dict[str, object]]:
    path = results / f"rejects/libraries/library={library}/rejects.parquet"
    return pq.read_table(path, partitioning=None).to_pylist()


# ---- the user's own library, in every format -------------------------------------------------------------------------


@pytest.mark.parametrize("library", FORMATS)
def test_library_holds_every_usable_row(results: Path, library: str) -> None:
    expected = [(name, oracle.canonical(smiles)) for name, smiles in MOLECULES]
    expected.append((SALT[0], "O=C(O)c1ccccc1O"))
    rows = molecules(results, library)
    assert [(row["id"], row["smiles"]) for row in rows] == expected
    assert [row["parent"] for row in rows] == [name for name, _ in expected]
    assert [row["row"] for row in rows] == [i for i, row in enumerate(ROWS, 1) if row not in BAD.values()]
    assert [row["n_routes"] for row in rows] == [2, *[1] * (len(rows) - 1)]
    assert {row["stripped_from"] for row in rows[:-1]} == {None}
    assert rows[-1]["stripped_from"] == "O=C([O-])c1ccccc1O.[Na+]"


@pytest.mark.parametrize("library", FORMATS)
def test_every_format_gives_the_same_products(results: Path, library: str) -> None:
    assert products(results, library, OME) == products(results, "parquet", OME)


@pytest.mark.parametrize("library", FORMATS)
def test_every_bad_row_is_a_reject_with_file_row_and_reason(results: Path, library: str) -> None:
    rows = {row["row"]: row for row in rejects(results, library)}
    assert set(rows) == set(BAD_ROWS.values())
    assert {row["source"] for row in rows.values()} == {str(results.parent / FORMATS[library][0])}
    reasons = {name: rows[number]["reason"] for name, number in BAD_ROWS.items()}
    of_sdf = library.startswith("sdf")
    assert reasons == {
        "unparsable": "unreadable row" if of_sdf else "unparsable SMILES",
        "empty": "empty",
        "pentavalent": "unreadable row" if of_sdf else "impossible molecule",
        "giant": "unreadable row" if of_sdf else "too long",
        "duplicate": "duplicate",
    }
    details = {name: rows[number]["detail"] for name, number in BAD_ROWS.items()}
    assert "Explicit valence for atom # 1 C, 5" in details["pentavalent"]
    assert f"{'atoms' if of_sdf else 'characters'}; at most 5,000" in details["giant"]
    assert details["duplicate"] == f"same molecule as {ROWS[0][0]}, row 1"
    assert all(len(row["smiles"]) <= 200 for row in rows.values())
    named = {name: rows[number]["id"] for name, number in BAD_ROWS.items() if name != "empty"}
    assert named == {name: BAD[name][0] for name in named}


def test_kept_fragments_stay(results: Path) -> None:
    rows = molecules(results, "kept")
    assert [row["smiles"] for row in rows] == [oracle.canonical(smiles) for _, smiles in KEPT]
    assert {row["stripped_from"] for row in rows} == {None}


def test_external_products_are_exact(results: Path) -> None:
    check_products(results, "csv", OME, "[c:1][OX2H:2]>>[c:1][O:2]C")


def check_products(results: Path, library: str, name: str, smirks: str) -> None:
    """Compare a job's file with plain RDKit on its library."""
    expected: dict[str, list[object]] = {}
    for row in molecules(results, library):
        for smiles, (site, count) in oracle.apply(smirks, row["smiles"]).rows.items():
            expected.setdefault(smiles, [row["id"], site, 0])[2] += count
    found = products(results, library, name)
    assert {row["smiles"]: [row["parent_id"], row["site"], row["n_routes"]] for row in found} == expected
    for row in found[::5]:
        described = {name: row[name] for name in oracle.DESCRIPTORS}
        assert described == pytest.approx(oracle.describe(row["smiles"]), abs=1e-6, rel=0)
        assert row["inchikey"] == Chem.MolToInchiKey(Chem.MolFromSmiles(row["smiles"]))


def test_a_refused_product_is_a_reject(results: Path) -> None:
    """Hordenine's tertiary amine would have four bonds and no charge; choline has them already, with its charge."""
    path = results / f"rejects/products/library=kept/transform={METHYLATION}/rejects.parquet"
    (row,) = pq.read_table(path, partitioning=None).to_pylist()
    assert (row["id"], row["site"], row["row"]) == ("hordenine", 1, 2)
    assert row["smiles"] == oracle.canonical(KEPT[1][1])
    assert row["reason"] == "impossible product" and "valence" in row["detail"]
    assert [product["smiles"] for product in products(results, "kept", METHYLATION)] == ["CNCCc1ccc(O)cc1"]


# ---- built libraries -------------------------------------------------------------------------------------------------


def halogenate(smiles: str) -> dict[str, set[tuple[str, str]]]:
    """One level by plain RDKit: {product: (rule, halogen) that give it}."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name, smirks, limit in RULES:
        for halogen in HALOGENS:
            rows = oracle.apply(smirks.replace("{X}", halogen), smiles).rows
            for product in sorted(rows, key=lambda product: rows[product][0])[:limit]:
                found.setdefault(product, set()).add((name, halogen))
    return found


def test_built_libraries_are_rules_applied_again_and_again(results: Path) -> None:
    level: dict[str, set[tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
        oracle.canonical(smiles): {(name, (), ())} for name, smiles in TINY
    }
    for k in (1, 2):
        above, level = level, {}
        for smiles, ways in above.items():
            for product, steps in halogenate(smiles).items():
                level.setdefault(product, set()).update(
                    (parent, tuple(sorted([*halogens, halogen])), tuple(sorted([*names, name])))
                    for parent, halogens, names in ways
                    for name, halogen in steps
                )
        rows = molecules(results, f"terpenoid-{k}X")
        assert {row["smiles"] for row in rows} == set(level)
        assert len({row["smiles"] for row in rows}) == len(rows)
        assert [row["id"] for row in rows] == [f"terpenoid-{k}X-{i}" for i in range(1, len(rows) + 1)]
        assert {row["k"] for row in rows} == {k}
        assert {row["row"] for row in rows} == {row["stripped_from"] for row in rows} == {None}
        for row in rows:
            lineage = row["parent"], tuple(row["halogens"].split(",")), tuple(row["rules"].split(","))
            assert lineage in level[row["smiles"]], row
    assert len(rows) > 30


def test_products_of_built_libraries_are_exact(results: Path) -> None:
    for library in ("terpenoid-1X", "terpenoid-2X"):
        check_products(results, library, OME, "[c:1][OX2H:2]>>[c:1][O:2]C")


# ---- the contract ----------------------------------------------------------------------------------------------------

DESCRIPTOR_TYPES = {"mw": pa.float64(), "tpsa": pa.float64(), "hbd": pa.int16()}
DESCRIPTOR_TYPES |= {"hba": pa.int16(), "clogp": pa.float64(), "rotb": pa.int16()}
PRODUCT_TYPES = {"smiles": pa.string(), "parent_id": pa.string(), "site": pa.int32(), "n_routes": pa.int32()}
PRODUCT_TYPES |= {"enhanced_stereo": pa.string(), **DESCRIPTOR_TYPES, "inchikey": pa.string()}
REJECT_TYPES = {"source": pa.string(), "row": pa.int64(), "id": pa.string(), "site": pa.int32()}
REJECT_TYPES |= {"smiles": pa.string(), "reason": pa.string(), "detail": pa.string()}
LINEAGE_TYPES = {"id": pa.string(), "smiles": pa.string(), "parent": pa.string(), "k": pa.int8()}
LINEAGE_TYPES |= {"halogens": pa.string(), "rules": pa.string(), "n_routes": pa.int32(), "row": pa.int64()}
LINEAGE_TYPES |= dict.fromkeys(["enhanced_stereo", "name", "prepared", "stripped_from"], pa.string())
LINEAGE_TYPES |= DESCRIPTOR_TYPES


def types(path: Path) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in pq.read_schema(path)}


@pytest.mark.parametrize(("library", "name"), JOBS)
def test_product_file(results: Path, library: str, name: str) -> None:
    path = products_path(results, library, name)
    assert types(path) == PRODUCT_TYPES
    assert types(results / f"rejects/products/library={library}/transform={name}/rejects.parquet") == REJECT_TYPES
    rows = products(results, library, name)
    assert len({row["smiles"] for row in rows}) == len(rows)
    order = {row["id"]: number for number, row in enumerate(molecules(results, library))}
    places = [(order[row["parent_id"]], row["site"]) for row in rows]
    assert places == sorted(places)
    metadata = read_metadata(path)
    assert (metadata["library"], metadata["transform"]) == (library, name)
    assert (metadata["rdkit_version"], metadata["engine_version"]) == (rdkit.__version__, ENGINE_VERSION)
    assert metadata["smirks"] and metadata["config_hash"]
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD" if rows else True


@pytest.mark.parametrize("library", [*FORMATS, "kept", "terpenoid-1X", "terpenoid-2X"])
def test_library_file(results: Path, library: str) -> None:
    path = results / f"libraries/library={library}/molecules.parquet"
    found = types(path)
    sites = {column: kind for column, kind in found.items() if column.startswith("sites_")}
    assert {column: kind for column, kind in found.items() if column not in sites} == LINEAGE_TYPES
    assert sites and set(sites.values()) == {pa.int32()}
    metadata = read_metadata(path)
    assert (metadata["rdkit_version"], metadata["engine_version"]) == (rdkit.__version__, ENGINE_VERSION)
    assert metadata["config_hash"]
    for column, query in metadata["queries"].items():
        pattern = Chem.MolFromSmarts(query)
        for row in molecules(results, library)[:20]:
            mol = Chem.MolFromSmiles(row["smiles"])
            assert row[column] == len(mol.GetSubstructMatches(pattern, uniquify=False, maxMatches=10**6))
    for row in molecules(results, library)[::7]:
        described = {name: row[name] for name in oracle.DESCRIPTORS}
        assert described == pytest.approx(oracle.describe(row["smiles"]), abs=1e-6, rel=0)


def test_nothing_but_the_contract_is_left(results: Path) -> None:
    """No temporary file, no chunk, no half file under any name."""
    files = {path.relative_to(results) for path in results.rglob("*") if path.is_file()}
    assert not [path for path in files if ".tmp" in path.name or path.parts[0] == "work"]
    libraries = ["terpenoid-0X", *dict(JOBS)]
    expected = {
        Path(name)
        for name in ("plan.tsv", "summary.tsv", "audit.tsv", "catalog.duckdb", "report.html", "monitor.parquet")
    }
    for library in libraries:
        expected.add(Path(f"libraries/library={library}/molecules.parquet"))
        expected.add(Path(f"rejects/libraries/library={library}/rejects.parquet"))
    for library, name in JOBS:
        expected.add(Path(f"products/library={library}/transform={name}/products.parquet"))
        expected.add(Path(f"rejects/products/library={library}/transform={name}/rejects.parquet"))
    assert {path for path in files if path.parts[0] not in ("logs", "benchmarks", "stats")} == expected


def test_the_tree_is_one_table(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB and Arrow read the hive-partitioned files as they are."""
    monkeypatch.chdir(results)
    total = sum(len(products(results, library, name)) for library, name in JOBS)
    query = "FROM read_parquet('products/*/*/*.parquet', hive_partitioning = true) SELECT library, transform, count(*)"
    by_duckdb = duckdb.sql(f"{query} GROUP BY ALL").fetchall()
    assert sum(count for _, _, count in by_duckdb) == total
    table = ds.dataset("products", partitioning="hive").to_table()
    assert table.num_rows == total
    assert {*table.column_names} == {*PRODUCT_TYPES, "library", "transform"}
    pairs = {tuple(row.values()) for row in table.select(["library", "transform"]).to_pylist()}
    assert pairs == {(library, name) for library, name, _ in by_duckdb}


def test_all_files_of_a_kind_have_one_schema(results: Path) -> None:
    schemas = {pq.read_schema(products_path(results, library, name)).remove_metadata() for library, name in JOBS}
    assert len(schemas) == 1


def test_summary_agrees_with_the_files(results: Path) -> None:
    with (results / "summary.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert {(row["library"], row["transform"]) for row in rows} == set(JOBS)
    assert len(rows) == len(JOBS)
    columns = ("rows_in", "matched", "products", "duplicates_removed", "rejects", "seconds", "peak_mb", "declared_mb")
    assert {*columns, "bytes"} <= set(rows[0])
    for row in rows:
        library, name = row["library"], row["transform"]
        found, parents = products(results, library, name), molecules(results, library)
        refused = pq.read_table(
            results / f"rejects/products/library={library}/transform={name}/rejects.parquet", partitioning=None
        )
        smirks = read_metadata(products_path(results, library, name))["smirks"]
        outcomes = [oracle.apply(smirks, parent["smiles"]) for parent in parents]
        assert int(row["rows_in"]) == len(parents)
        assert int(row["matched"]) == sum(bool(o.products or o.refused) for o in outcomes)
        assert int(row["products"]) == len(found)
        assert int(row["duplicates_removed"]) == sum(len(o.products) for o in outcomes) - len(found)
        assert int(row["rejects"]) == refused.num_rows
        assert int(row["bytes"]) == products_path(results, library, name).stat().st_size
        assert float(row["seconds"]) > 0
        assert 50 < int(row["peak_mb"]) <= int(row["declared_mb"]) <= CAP_MB
        assert float(row["peak_of_declared"]) == pytest.approx(int(row["peak_mb"]) / int(row["declared_mb"]), abs=1e-3)


def test_catalog_works_from_anywhere(results: Path, tmp_path: Path) -> None:
    script = (
        "import duckdb, json, sys; c = duckdb.connect(sys.argv[1], read_only=True);"
        "print(json.dumps([c.execute(q).fetchall() for q in sys.argv[2:]]))"
    )
    queries = [
        *(f"SELECT count(*) FROM {view}" for view in ("molecules", "products", "rejects", "jobs")),
        "SELECT count(*) FROM products WHERE parent_smiles IS NULL",
        "SELECT smiles, parent_smiles, parent, k, halogens FROM products WHERE library = 'terpenoid-2X' "
        f"AND transform = '{OME}' ORDER BY smiles LIMIT 1",
        "SELECT library, count(*) FROM rejects WHERE transform IS NULL GROUP BY library ORDER BY library",
    ]
    done = subprocess.run(
        [sys.executable, "-c", script, results / "catalog.duckdb", *queries],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    *counts, (example,), by_library = json.loads(done.stdout)
    libraries = ["terpenoid-0X", *dict(JOBS)]
    assert counts[0] == [[sum(len(molecules(results, library)) for library in libraries)]]
    assert counts[1] == [[sum(len(products(results, *job)) for job in JOBS)]]
    assert counts[2] == [[len(FORMATS) * len(BAD) + 1]]
    assert counts[3] == [[len(JOBS)]]
    assert counts[4] == [[0]]
    parents = {row["id"]: row for row in molecules(results, "terpenoid-2X")}
    row = min(products(results, "terpenoid-2X", OME), key=lambda row: row["smiles"])
    parent = parents[row["parent_id"]]
    assert example == [row["smiles"], parent["smiles"], parent["parent"], 2, parent["halogens"]]
    assert by_library == [[library, len(BAD)] for library in sorted(FORMATS)]


# ---- what the run said -----------------------------------------------------------------------------------------------


def test_memory_cap_holds_beside_other_resources(run: tuple[Path, str]) -> None:
    cap = min(CAP_MB, psutil.virtual_memory().total // 1_000_000)
    log = next((run[0] / ".snakemake" / "log").iterdir()).read_text()
    assert f'mem_mb=Resource("mem_mb", {cap})' in log
    assert 'disk_mb=Resource("disk_mb", 9)' in log


def test_a_small_job_has_no_chunk_task(run: tuple[Path, str]) -> None:
    """Nor has one without a match."""
    listed = tasks(run[1])
    assert not [task for task in listed if (ARYL_F in task or METHYLATION in task) and "chunk" in task]
    assert f"Merging {METHYLATION} on kept" in listed
    assert products(run[0] / "results", "kept", METHYLATION) != []
    assert f"Merging {ARYL_F} on terpenoid-1X" in listed
    assert products(run[0] / "results", "terpenoid-1X", ARYL_F) == []
    assert sum(f"{OME} on csv, chunk" in task for task in listed) > 1
    assert sum("Building library terpenoid-2X" in task and "chunk" in task for task in listed) > 1


def test_a_second_start_has_nothing_to_do(run: tuple[Path, str]) -> None:
    output = snakemake(run[0], "--cores", 2)
    assert "Nothing to be done" in output
    assert rules(output) == {}


def test_the_folder_may_be_moved(results: Path, tmp_path: Path) -> None:
    """The catalog's paths are absolute: ``catalog`` makes it anew."""
    moved = tmp_path / "elsewhere"
    moved.symlink_to(results)
    out = tmp_path / "catalog.duckdb"
    words = ["-m", "halogenator", "catalog", "--results", moved, "--summary", moved / "summary.tsv", "--out", out]
    subprocess.run([sys.executable, *words], cwd=tmp_path, check=True)
    with duckdb.connect(str(out), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (len(JOBS),)
