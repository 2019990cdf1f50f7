"""A job's file does not depend on how it was cut, nor its products on the order of the library."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from halogenator.model import Halogenation, HalogenationRule, Library, Recipe
from halogenator.tasks.commands import HalogenateChunk, MergeLibrary
from helpers import oracle
from helpers.molecules import SMIRKS, embedded, special
from helpers.oracle import HALOGENS, Rule, shipped_halogenation, shipped_transforms
from helpers.samples import examples
from helpers.verbs import DESCRIBED, Made, Row, build_library, do, run_job

RULES = [*shipped_transforms(), *(Rule(name, SMIRKS[name], ()) for name in ("N-methylation", "inversion", "oxidation"))]
POOL = embedded() + special()


@st.composite
def libraries(draw: st.DrawFn) -> list[Row]:
    """Up to 40 molecules of the pools, some twice, some without an id; drawn by seed, which hypothesis can shrink."""
    rng = random.Random(draw(st.integers(0, 10_000)))
    size = draw(st.integers(1, 40))
    return [(f"m{number}" if rng.random() < 0.8 else None, rng.choice(POOL)) for number in range(size)]


def read(path: Path) -> pa.Table:
    """A file's rows and types, whatever it says of nulls: without duplicates DuckDB writes required columns."""
    table = pq.read_table(path)
    return table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))


def contents(made: Made) -> tuple[pa.Table, pa.Table]:
    """Rows of the file and of its rejects, without the rejects' source, which is a temporary folder."""
    return read(made.path), read(made.rejects).drop_columns("source")


def job(
    rows: Sequence[Row], rule: Rule, *, library_chunks: int = 1, chunks: int = 1
) -> tuple[tuple[pa.Table, pa.Table], tuple[pa.Table, pa.Table], dict[str, object]]:
    """Library and job, both read into memory before their folder goes."""
    with TemporaryDirectory() as folder:
        library = build_library(Path(folder), rows, chunks=library_chunks)
        made = run_job(Path(folder), library.path, rule.smirks, chunks=chunks)
        return contents(library), contents(made), made.stats


@examples(3, 15)
@given(
    rows=libraries(),
    rule=st.sampled_from(RULES),
    library_chunks=st.integers(1, 7),
    chunks=st.integers(0, 7),
)
def test_any_number_of_chunks_gives_the_same_rows(
    rows: list[Row], rule: Rule, library_chunks: int, chunks: int
) -> None:
    """Without chunk tasks, as a small job has none, the merge makes all of it."""
    library, products, stats = job(rows, rule)
    other_library, other_products, other_stats = job(rows, rule, library_chunks=library_chunks, chunks=chunks)
    assert other_library == library
    assert other_products == products
    assert (stats["chunks"], other_stats["chunks"]) == (1, chunks)
    for column in ("rows_in", "rows_matched", "products", "duplicates", "rejects"):
        assert other_stats[column] == stats[column]


@examples(3, 15)
@given(rows=libraries(), rule=st.sampled_from(RULES), seed=st.integers(0, 1_000))
def test_products_and_routes_do_not_depend_on_the_order_of_the_library(rows: list[Row], rule: Rule, seed: int) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    (_, (one, one_rejects), _), (_, (other, other_rejects), _) = job(rows, rule), job(shuffled, rule)
    columns = ["smiles", "n_routes", *oracle.DESCRIPTORS]
    assert one.select(columns).sort_by("smiles") == other.select(columns).sort_by("smiles")
    order = [("smiles", "ascending"), ("site", "ascending")]
    columns = ["smiles", "site", "reason", "detail"]
    assert one_rejects.select(columns).sort_by(order) == other_rejects.select(columns).sort_by(order)


@examples(1, 6)
@given(seed=st.integers(0, 10_000), chunks=st.integers(2, 7), weigh=st.booleans())
def test_a_built_library_does_not_depend_on_its_chunks(seed: int, chunks: int, weigh: bool) -> None:
    """Molecules that one natural product gives in two chunks are joined by the merge, as one chunk joins them."""
    rows = [(f"np{i}", smiles) for i, smiles in enumerate(random.Random(seed).sample(oracle.parents("lipid"), 4))]
    assert halogenate(rows, [1, 1], weigh=weigh) == halogenate(rows, [chunks, chunks], weigh=weigh)


def halogenate(rows: Sequence[Row], chunks: Sequence[int], *, weigh: bool) -> list[pa.Table]:
    """Build level after level, each in so many chunks."""
    halogens = HALOGENS[:2]
    rules = [rule for rule in shipped_halogenation("lipid") if rule.name.endswith(halogens[0])]
    swaps = tuple(HalogenationRule(rule.name[:-2], f"{rule.smirks[:-1]}{{X}}") for rule in rules)
    levels = []
    with TemporaryDirectory() as folder:
        base = build_library(Path(folder), rows).path
        for k, count in enumerate(chunks, 1):
            library = Library(f"lipid-{k}X", "lipid", k)
            recipe = Recipe(library, {}, Halogenation(tuple(halogens), swaps), weigh and k == 1, DESCRIBED)
            made = [(Path(folder, f"{k}-{i}.parquet"), Path(folder, f"{k}-{i}-rejects.parquet")) for i in range(count)]
            for number, (out, rejects) in enumerate(made):
                do(HalogenateChunk(recipe=recipe, base=base, chunk=(number, count), out=out, rejects=rejects))
            base = Path(folder, f"{k}.parquet")
            files = {"chunks": [out for out, _ in made], "reject_chunks": [rejects for _, rejects in made]}
            ends = {"out": base, "rejects": Path(folder, "r.parquet"), "stats": Path(folder, "s.json")}
            do(MergeLibrary(recipe=recipe, **files, **ends, scratch=Path(folder, "scratch")))
            levels.append(read(base))
    return levels
