"""The merge against plain Python: no key twice, the first route kept, all routes counted, the order unchanged."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from halogenator.cli import main
from halogenator.results import abbreviated, chunk_names, expanded
from halogenator.tables import duplicates
from halogenator.tables.columns import INCHIKEY, PRODUCTS, REJECTS, descriptor_columns
from halogenator.tables.metadata import read_metadata
from halogenator.tables.parquet import table_writer
from halogenator.tables.seal import remove_damaged
from halogenator.tasks import find_duplicates
from halogenator.tasks.commands import FindDuplicates, MergeProducts
from helpers.samples import examples, few
from helpers.verbs import Made, do, job_of, merge_chunks

COLUMNS = (*PRODUCTS, *descriptor_columns(["mw", "hbd"]), INCHIKEY)
Chunk = list[tuple[str, str, int, int, float, int, str | None]]  # the columns of a product


def write(folder: Path, chunks: Sequence[Chunk], rows_per_group: int = 1_000_000) -> list[tuple[Path, Path]]:
    """Write crafted chunks, and as their rejects a row each that names the chunk."""
    files = []
    for number, chunk in enumerate(chunks):
        files.append((folder / f"{number:03}.products.parquet", folder / f"{number:03}.rejects.parquet"))
        note = {"rows_in": 10, "rows_matched": 7, "rejects": 1}
        with table_writer(files[-1][0], COLUMNS, note) as products:
            for place, row in enumerate(chunk, 1):
                products.append(*row[:4], None, *row[4:])
                if place % rows_per_group == 0:
                    products.flush()
        with table_writer(files[-1][1], REJECTS, {}) as rejects:
            rejects.append("library", number, f"id{number}", None, "C", "impossible product", "five bonds")
    return files


def merge(folder: Path, files: Sequence[tuple[Path, Path]], key: str, parts: int = 0) -> Made:
    return merge_chunks(folder, job_of("[c:1]>>[c:1]F", key=key), files, parts=parts)


def oracle(chunks: Sequence[Chunk], key: str) -> list[dict[str, object]]:
    """What the merge should give, by a dict in order of insertion."""
    names = [column.name for column in COLUMNS]
    kept: dict[object, dict[str, object]] = {}
    for number, row in enumerate(row for chunk in chunks for row in chunk):
        record = dict(zip(names, (*row[:4], None, *row[4:]), strict=True))
        unique = record[key] if record[key] is not None else number
        if unique in kept:
            kept[unique]["n_routes"] += record["n_routes"]
        else:
            kept[unique] = record
    return list(kept.values())


def check(made: Made, chunks: Sequence[Chunk], key: str) -> None:
    expected = oracle(chunks, key)
    assert pq.read_table(made.path).to_pylist() == expected
    assert [row["row"] for row in made.rejected] == list(range(len(chunks)))
    total = sum(len(chunk) for chunk in chunks)
    counts = {"rows_in": 10 * len(chunks), "rows_matched": 7 * len(chunks), "rejects": len(chunks)}
    counts |= {"products": len(expected), "duplicates": total - len(expected), "chunks": len(chunks)}
    assert {name: made.stats[name] for name in counts} == counts
    assert read_metadata(made.path)["duplicates"] == total - len(expected)


SMILES = ["C", "c", "CC", "cC", "C ", "", "é", "'", '"', "C;--", "[13CH4]", "C" * 300]
products = st.tuples(
    st.sampled_from(SMILES),
    st.sampled_from(["a", "b", "c-1"]),
    st.integers(0, 99),
    st.integers(1, 9),
    st.floats(1, 999),
    st.integers(0, 9),
    st.sampled_from([None, None, "", "ISWSIDIOOBJBQZ-UHFFFAOYSA-N", "VNWKTOKETHGBQD-UHFFFAOYSA-N"]),
)


some_chunks = st.lists(st.lists(products, max_size=30), min_size=1, max_size=6)


@pytest.mark.parametrize("key", ["smiles", "inchikey"])
@examples(4, 40)
@given(chunks=some_chunks, group=st.integers(1, 10), parts=st.sampled_from([0, 2, 5, 9]))
@example(chunks=[[]], group=1, parts=3)
def test_merge_equals_plain_python(key: str, chunks: list[Chunk], group: int, parts: int) -> None:
    """In one go or in parts: more ranges than keys leave some without a row; null keys are in none of them."""
    with TemporaryDirectory() as folder:
        check(merge(Path(folder), write(Path(folder), chunks, group), key, parts), chunks, key)


@pytest.mark.long
@pytest.mark.parametrize("key", ["smiles", "inchikey"])
def test_merge_of_many_row_groups(tmp_path: Path, key: str) -> None:
    """Above 122,880 rows DuckDB works row group by row group, and the order could be lost."""
    rng = random.Random(5)
    chunks = []
    for number in range(7):
        chunk = []
        for row in range(40_000):
            name = rng.choice([f"C{rng.randrange(60_000)}", f"N{number}-{row}"])
            inchikey = name if name.startswith("C") and rng.random() < 0.9 else None
            chunk.append((name, f"p{number}-{row}", row, rng.randint(1, 3), row / 7, row % 9, inchikey))
        chunks.append(chunk)
    made = merge(tmp_path, write(tmp_path, chunks, 15_000), key)
    assert pq.read_metadata(made.path).num_row_groups > 1
    check(made, chunks, key)


def test_few_rows_that_stay_among_many_that_drop_keep_their_place(tmp_path: Path) -> None:
    """DuckDB's joins hold few rows back and let the next thousands pass: an earlier merge lost the order so."""
    first = [(f"C{row}", f"a{row}", row, 1, 0.5, 0, None) for row in range(2_048)]
    again = [(f"C{row}" if row < 2_000 else f"N{row}", f"b{row}", row, 1, 0.5, 0, None) for row in range(20_000)]
    check(merge(tmp_path, write(tmp_path, [first, again]), "smiles"), [first, again], "smiles")


def test_one_key_in_all_of_many_rows(tmp_path: Path) -> None:
    """The worst case of the second pass: every row is a candidate."""
    chunks = [[("C", f"p{i}-{j}", j, 1, 0.5, 0, None) for j in range(50_000)] for i in range(5)]
    made = merge(tmp_path, write(tmp_path, chunks), "smiles")
    assert made.rows == [
        dict(zip(pq.read_schema(made.path).names, (*chunks[0][0][:3], 250_000, None, 0.5, 0, None), strict=True))
    ]


@pytest.mark.parametrize("key", few(["inchikey", "smiles"], 1))
def test_a_merge_in_parts_gives_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Slices that end in the middle of files and of row groups, and parts of several row groups."""
    rng = random.Random(6)
    chunks = []
    for number in range(4):
        chunk = []
        for row in range(30_000):
            name = f"C{rng.randrange(50_000)}"
            chunk.append((name, f"p{number}-{row}", row, rng.randint(1, 3), row / 7, row % 9, rng.choice([None, name])))
        chunks.append(chunk)
    files = write(tmp_path, chunks, 7_000)
    whole = merge(tmp_path, files, key)
    check(whole, chunks, key)
    footer = read_metadata(whole.path)
    monkeypatch.setattr(duplicates, "SLICE_ROWS", 11_000)
    monkeypatch.setattr(find_duplicates, "GROUP_ROWS", 500)
    in_parts = merge(tmp_path, files, key, parts=5)
    assert pq.read_metadata(tmp_path / "0of5.duplicates.parquet").num_row_groups > 10
    check(in_parts, chunks, key)
    assert read_metadata(in_parts.path) == footer
    assert in_parts.rejected == whole.rejected
    same = set(whole.stats) - {"parts", "usage", "bytes", "checksums", "sha256"}  # row groups end elsewhere
    assert {name: in_parts.stats[name] for name in same} == {name: whole.stats[name] for name in same}
    assert (whole.stats["parts"], in_parts.stats["parts"]) == (0, 5)


def test_one_key_in_all_rows_of_a_merge_in_parts(tmp_path: Path) -> None:
    """All rows fall into one range, and all of a slice but one drop."""
    chunks = [[("C", f"p{i}-{j}", j, 2, 0.5, 0, None) for j in range(20_000)] for i in range(3)]
    made = merge(tmp_path, write(tmp_path, chunks), "smiles", parts=4)
    assert [(row["parent_id"], row["n_routes"]) for row in made.rows] == [("p0-0", 120_000)]
    assert made.stats["duplicates"] == 59_999


@pytest.mark.parametrize(
    ("part", "key"),
    [
        pytest.param((0, 2), "smiles", id="another range"),
        pytest.param((1, 3), "smiles", id="another number of ranges"),
        pytest.param((1, 2), "inchikey", id="another key"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: tuple[int, int], key: str
) -> None:
    """Left by a run with other settings, they would let duplicates through."""
    files = write(tmp_path, [[("C", "a", 0, 1, 16.0, 0, "K"), ("C", "b", 0, 1, 16.0, 0, "L")]])
    merge(tmp_path, files, "smiles", parts=2)
    first, second = tmp_path / "0of2.duplicates.parquet", tmp_path / "1of2.duplicates.parquet"
    chunk, rejects = files[0]
    scratch = tmp_path / "scratch"
    do(FindDuplicates(library="mine", chunks=[chunk], key=key, part=part, out=second, scratch=scratch))
    merge_again = MergeProducts(
        job=job_of("[c:1]>>[c:1]F"),
        molecules=Path("m"),
        chunks=[chunk],
        reject_chunks=[rejects],
        duplicates=[first, second],
        out=tmp_path / "o.parquet",
        rejects=tmp_path / "r.parquet",
        stats=tmp_path / "s.json",
        scratch=scratch,
    )
    assert main(merge_again.words) == 1
    assert "by other settings" in capsys.readouterr().err
    assert first.exists() and chunk.exists() and second.exists()  # what cannot be used goes when the run ends


def test_of_chunks_only_damaged_ones_are_removed(tmp_path: Path) -> None:
    whole, cut = (write(tmp_path / name, [[("C", "a", 0, 1, 16.0, 0, "K")]])[0][0] for name in "ab")
    cut.write_bytes(cut.read_bytes()[:-9])
    remove_damaged([whole, cut, tmp_path / "gone"])
    assert whole.exists() and not cut.exists()


def test_chunk_files_by_one_name() -> None:
    """A shell takes no command line of more than 128 kB, which 1,000 names would be."""
    files = [f"results/work/products/of-L/T/{name}.products.parquet" for name in chunk_names(1_234)]
    (short,) = abbreviated(files)
    assert short == "results/work/products/of-L/T/*of1234.products.parquet"
    assert expanded([short]) == files
    assert files[0].endswith("/0000of1234.products.parquet") and len(files) == 1_234
    assert abbreviated([]) == expanded([]) == []
    assert expanded(["a.parquet", "*of001.x"]) == ["a.parquet", "000of001.x"]


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    """Neither a half file nor its temporary name stays when a stage fails."""
    with pytest.raises(RuntimeError), table_writer(tmp_path / "a.parquet", COLUMNS, {}) as products:
        products.append("C", "a", 0, 1, None, 16.0, 0, None)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
