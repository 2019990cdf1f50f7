"""Duplicates of small chunks against plain Python: which rows drop, for which, with how many routes, in which order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from halogenator.tables import duplicates
from halogenator.tables.columns import Column
from halogenator.tables.duck import connect
from halogenator.tables.duplicates import (
    Slice,
    distinct_batches,
    distinct_query,
    duplicates_query,
    find_duplicates,
    integer_columns,
    load_duplicates,
    number_routes,
)
from halogenator.tables.file_columns import COLUMNS_KEY
from halogenator.tables.parquet import table_writer

COLUMNS = (
    Column("smiles", pa.string(), "SMILES"),
    Column("inchikey", pa.string(), "InChIKey"),
    Column("enhanced_stereo", pa.string(), "its CXSMILES extension"),
    Column("n_routes", pa.int32(), "routes"),
    Column('Vendor\'s "no."', pa.string(), "a column of the input file"),
)
Row = tuple[str, str | None, str | None, int | None]
L, D = "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"  # alanines
KEY = "QNAYBMKLOCPYGJ-{}HHHZ-N"
CHUNKS: list[list[Row]] = [
    [("CO", "A", None, 1), (L, "L", None, 2), ("CO", "A", None, 3), ("CN", None, None, 1), (L, "L", "&1:1", 1)],
    [],
    [("CN", None, None, 5), (D, "D", "&1:1", 7), (L, "L", "&1:1", 11), ("CS", "A", None, 13), ("CO", None, None, 17)],
    [("CF", "F", None, 1), (L, "L", "o1:1", 1), (L, "L", None, 19), ("CO", "A", None, 23), ("CCl", "F", None, 2)],
    [("CBr", "F", None, 3)],
]
ROWS = [row for chunk in CHUNKS for row in chunk]


@pytest.fixture
def chunks(tmp_path: Path) -> list[Path]:
    """The chunk files, in a folder whose name could be taken for a pattern, which fits another folder of chunks."""
    other = tmp_path / "run 2 {a,b}x y's" / "0.parquet"
    with table_writer(other, COLUMNS, {}) as writer:
        writer.append("I", None, None, 1, None)
    paths = []
    for number, chunk in enumerate(CHUNKS):
        paths.append(tmp_path / "run [2] {a,b}? *'s" / f"{number}.parquet")
        with table_writer(paths[-1], COLUMNS, {COLUMNS_KEY: {COLUMNS[-1].name: "id"}}) as writer:
            for place, row in enumerate(chunk):
                writer.append(*row, "x")
                if place in (1, 4):  # a row group of two rows, and one of three
                    writer.flush()
    return paths


def write_chunk(path: Path, rows: list[Row], extra: bool = False) -> Path:
    """Write a chunk file, with a column of the input file if wished."""
    columns, metadata = (COLUMNS, {COLUMNS_KEY: {COLUMNS[-1].name: "id"}}) if extra else (COLUMNS[:-1], {})
    with table_writer(path, columns, metadata) as writer:
        for row in rows:
            writer.append(*row, *(("x",) if extra else ()))
    return path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(500, tmp_path / "scratch") as connection:
        yield connection


def expected(key: str) -> tuple[dict[int, int], dict[int, int]]:
    """{position of a row that drops: of the one that is kept for it} and {position of that one: routes of all}."""
    first: dict[object, int] = {}
    dropped, routes = {}, {}
    for position, (smiles, inchikey, stereo, n_routes) in enumerate(ROWS):
        value = {"smiles": smiles, "inchikey": inchikey, "n_routes": n_routes}[key]
        if value is None:
            continue
        same = (value, stereo and (smiles, stereo)) if key != "n_routes" else value
        keeper = first.setdefault(same, position)
        if keeper != position:
            dropped[position] = keeper
            routes[keeper] = (routes.get(keeper) or ROWS[keeper][3] or 0) + (n_routes or 0)
    return dropped, routes


def found(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[dict[int, int], dict[int, int]]:
    dropped = connection.execute(f"SELECT position, keeper FROM {name}_dropped").fetchall()
    kept = connection.execute(f"SELECT position, n_routes FROM {name}_kept").fetchall()
    assert (len(dict(dropped)), len(dict(kept))) == (len(dropped), len(kept))
    return dict(dropped), dict(kept)


KEYS = ["smiles", "inchikey", "n_routes"]


@pytest.mark.parametrize("key", KEYS)
def test_what_drops_and_what_is_kept(session: duckdb.DuckDBPyConnection, chunks: list[Path], key: str) -> None:
    number_routes(session, chunks)
    assert find_duplicates(session, key, "all") == len(expected(key)[0])
    assert found(session, "all") == expected(key)
    tables = {name for (name,) in session.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert tables == {"chunk", "all_dropped", "all_kept"}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("parts", [1, 2, 7])
def test_ranges_of_keys_share_the_work(
    session: duckdb.DuckDBPyConnection, chunks: list[Path], tmp_path: Path, key: str, parts: int
) -> None:
    """Each duplicate is found in one of them, and what they write is read as if it had been found at once."""
    slices = number_routes(session, chunks)
    files = []
    for number in range(parts):
        find_duplicates(session, key, f"part{number}", part=(number, parts))
        table = session.sql(duplicates_query(f"part{number}")).to_arrow_table()
        positions = table.column("position").to_pylist()
        assert positions == sorted(positions)
        files.append(tmp_path / f"a [{number}]" / "d.parquet")
        files[-1].parent.mkdir()
        pq.write_table(table, files[-1])
    assert load_duplicates(session, files, "loaded") == len(expected(key)[0])
    assert found(session, "loaded") == expected(key)
    if parts == 7 and key == "smiles":
        assert sum(bool(found(session, f"part{number}")[0]) for number in range(parts)) > 1
    assert rows_of(session, "loaded", slices, 3) == distinct(key)


def distinct(key: str) -> list[tuple[int, str, int | None]]:
    """(position, SMILES, routes) of the rows that stay."""
    dropped, routes = expected(key)
    return [(at, row[0], routes.get(at, row[3])) for at, row in enumerate(ROWS) if at not in dropped]


def rows_of(
    connection: duckdb.DuckDBPyConnection, name: str, slices: list[Slice], batch_rows: int
) -> list[tuple[int, str, int | None]]:
    rows: list[tuple[int, str, int | None]] = []
    for part in slices:
        for positions, batch in distinct_batches(connection, name, part, ["smiles", "n_routes"], batch_rows):
            assert batch.schema.names == ["smiles", "n_routes"]
            assert len(positions) == batch.num_rows <= batch_rows
            rows += zip(positions.tolist(), *(column.to_pylist() for column in batch.columns), strict=True)
    return rows


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("slice_rows", [1, 3, 100])
def test_rows_are_read_without_those_that_drop(
    session: duckdb.DuckDBPyConnection,
    chunks: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    slice_rows: int,
) -> None:
    monkeypatch.setattr(duplicates, "SLICE_ROWS", slice_rows)
    slices = number_routes(session, chunks)
    find_duplicates(session, key, "all")
    for batch_rows in (1, 2, 100):
        assert rows_of(session, "all", slices, batch_rows) == distinct(key)
    query = f"SELECT position, smiles, n_routes FROM ({distinct_query('all')}) ORDER BY position"
    assert session.execute(query).fetchall() == distinct(key)


def test_routes_belong_to_their_molecule_anywhere_in_a_batch(
    session: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    smiles = ["CO", "CN", "CS", "CF", "CCl", "CBr", "CI", "CP", "CC", *["CN", "CCl", "CI", "CC"]]
    rows: list[Row] = [(text, None, None, place) for place, text in enumerate(smiles)]
    slices = number_routes(session, [write_chunk(tmp_path / "0.parquet", rows)])
    find_duplicates(session, "smiles", "all")
    right = [(at, smiles[at], {1: 10, 4: 14, 6: 17, 8: 20}.get(at, at)) for at in range(9)]
    for batch_rows in (2, 3, 4, 100):
        assert rows_of(session, "all", slices, batch_rows) == right


def test_slices_are_runs_of_a_files_rows(
    session: duckdb.DuckDBPyConnection, chunks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "SLICE_ROWS", 2)
    first, _, third, fourth, last = chunks
    assert number_routes(session, chunks) == [
        *(Slice(first, 0, 0, 2), Slice(first, 0, 2, 4), Slice(first, 0, 4, 5)),
        *(Slice(third, 5, 5, 7), Slice(third, 5, 7, 9), Slice(third, 5, 9, 10)),
        *(Slice(fourth, 10, 10, 12), Slice(fourth, 10, 12, 14), Slice(fourth, 10, 14, 15)),
        Slice(last, 15, 15, 16),
    ]
    relation = session.sql("SELECT * FROM routes ORDER BY position")
    assert relation.columns == [*(column.name for column in COLUMNS[:-1]), "position"]
    assert [row[-1] for row in relation.fetchall()] == list(range(16))


def test_rows_of_an_earlier_pipeline_have_no_routes(session: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "earlier.parquet"
    with table_writer(path, COLUMNS, {}) as writer:
        for smiles in ("CO", "CN", "CO"):
            writer.append(smiles, None, None, None, None)
    number_routes(session, [path])
    assert find_duplicates(session, "smiles", "all") == 1
    assert found(session, "all") == ({2: 0}, {})
    assert session.execute(f"SELECT smiles, n_routes FROM ({distinct_query('all')}) ORDER BY 1 DESC").fetchall() == [
        ("CO", None),
        ("CN", None),
    ]


def test_a_range_of_keys_may_be_one_hash(session: duckdb.DuckDBPyConnection, chunks: list[Path]) -> None:
    number_routes(session, chunks)
    row = session.execute("SELECT hash('CO')").fetchone()
    assert row
    assert find_duplicates(session, "smiles", "one", part=(row[0], 2**64)) == 3
    assert find_duplicates(session, "smiles", "other", part=(row[0] - 1, 2**64)) == 0
    assert found(session, "one") == ({2: 0, 9: 0, 13: 0}, {0: 44})


def test_racemates_without_inchikey_are_equal_by_smiles_alone(
    session: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows: list[Row] = [(L, None, "&1:1", 1), (L, None, "&1:1", 2), (D, None, "&1:1", 4)]
    number_routes(session, [write_chunk(tmp_path / "racemates.parquet", rows)])
    smiles, inchikey = json.loads('["smiles", "inchikey"]')  # read from a file, as keys of a configuration
    assert find_duplicates(session, smiles, "by_smiles") == 1
    assert found(session, "by_smiles") == ({1: 0}, {0: 3})
    assert find_duplicates(session, inchikey, "by_key") == 0


def test_only_the_first_file_may_have_a_column_of_the_input(session: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    files = [write_chunk(tmp_path / f"{extra}.parquet", [("CO", "A", None, 1)], extra) for extra in (True, False)]
    number_routes(session, files)
    assert find_duplicates(session, "smiles", "all") == 1
    assert session.execute(distinct_query("all")).fetchall() == [("CO", "A", None, 2, 0)]


def test_only_the_rows_of_a_view_are_compared(session: duckdb.DuckDBPyConnection, chunks: list[Path]) -> None:
    number_routes(session, chunks)
    assert find_duplicates(session, "smiles", "some", "(SELECT * FROM routes WHERE position >= 5)") == 1
    assert found(session, "some") == ({13: 9}, {9: 40})


def test_columns_of_a_query_are_integers(session: duckdb.DuckDBPyConnection) -> None:
    small, large = integer_columns(session, "SELECT 1::TINYINT AS a, 9007199254740993 AS b", "a", "b")
    assert (str(small.dtype), small.tolist(), large.tolist()) == ("int64", [1], [9_007_199_254_740_993])
    assert [integers.size for integers in integer_columns(session, "SELECT 1 AS a WHERE false", "a")] == [0]
    assert list(itertools.chain(*integer_columns(session, "SELECT 1 AS a, 2 AS b", "b", "a"))) == [2, 1]
