"""Every row that goes in comes out: as a library molecule or a reject, then as products, no match or a reject."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st
from rdkit import Chem

from helpers import oracle
from helpers.molecules import SALTS, SMIRKS, embedded, special
from helpers.samples import examples
from helpers.verbs import Row, build_library, run_job

MOLECULES = embedded() + special() + SALTS
JUNK = [
    None,
    "",
    "  ",
    "C1CC",
    "CC(C)(C)(C)C",  # five bonds
    "c1cccc1",  # no Kekulé structure
    "C" * 10_000,
    "not a molecule",
    "[Na+].[Cl-]",
    "O.O",
    "[Xx]",
    "C(",
    "CCO\nCCN",
    "CC\0O",
    "*",
    "C.",
    "CCO |$a;b;c$|",
    ">>",
    "𝔄",
]
IDS = [None, "", "a", "b", "a~2", "a~3", "b~4", "mine-row-1", "mine-row-2", "mine-1"]  # some look like made-up ones

smiles = st.sampled_from(MOLECULES) | st.sampled_from(JUNK) | st.text(max_size=12)
spellings = st.sampled_from(MOLECULES).map(lambda text: Chem.MolToSmiles(Chem.MolFromSmiles(text), doRandom=True))
rows = st.lists(st.tuples(st.sampled_from(IDS) | st.text(max_size=4), smiles | spellings), max_size=25)
# A library without any molecule is an error of its own.
mixed = rows.flatmap(lambda some: st.permutations([*some, ("phenol", "Oc1ccccc1")]))


@examples(5, 25)
@given(rows=mixed, chunks=st.integers(1, 4), fragments=st.sampled_from(["largest", "keep"]))
def test_every_row_is_a_molecule_or_a_reject(rows: list[Row], chunks: int, fragments: str) -> None:
    with TemporaryDirectory() as folder:
        library = build_library(Path(folder), rows, chunks=chunks, fragments=fragments)
        molecules, rejects, stats = library.rows, library.rejected, library.stats
    assert sorted(row["row"] for row in molecules + rejects) == list(range(1, len(rows) + 1))
    assert (stats["rows_in"], stats["molecules"], stats["rejects"]) == (len(rows), len(molecules), len(rejects))
    assert [row["row"] for row in molecules] == sorted(row["row"] for row in molecules)
    assert all(row["reason"] and row["detail"] and row["source"] for row in rejects)
    duplicates = [row for row in rejects if row["reason"] == "duplicate"]
    assert len(duplicates) == stats["duplicates"]
    assert sum(row["n_routes"] for row in molecules) == len(molecules) + len(duplicates)
    for row in molecules:
        given_id, text = rows[row["row"] - 1]
        assert row["id"] == row["parent"]
        wanted = (given_id or "").strip() or f"mine-row-{row['row']}"
        assert re.fullmatch(f"{re.escape(wanted)}(~+{row['row']})?", row["id"])
        whole = oracle.canonical(text.split("|")[0].strip())
        assert row["smiles"] == (whole if row["stripped_from"] is None else row["smiles"])
        assert row["stripped_from"] in (None, whole)
        assert (row["stripped_from"] is None) == (row["prepared"] is None)
        assert fragments == "largest" or row["prepared"] in (None, "charges")
        assert "." not in row["smiles"] or fragments == "keep" or row["stripped_from"] is None
    assert len({row["smiles"] for row in molecules}) == len(molecules)


@examples(2, 10)
@given(rows=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(MOLECULES)), min_size=1, max_size=12))
@example(rows=[("a", "C"), ("a", "CC"), ("a~2", "CCC")])
@example(rows=[("mine-row-2", "C"), (None, "CC")])
def test_every_molecule_has_an_id_of_its_own(rows: list[Row]) -> None:
    """Products are joined to their parents by id."""
    with TemporaryDirectory() as folder:
        ids = Counter(row["id"] for row in build_library(Path(folder), rows).rows)
    assert set(ids.values()) == {1}, ids


def ids_of(rows: list[Row], molecules: list[int]) -> list[str]:
    """The ids of those rows that are molecules, by plain Python; rows are counted from 1."""
    wanted = {row: (rows[row - 1][0] or "").strip() or f"mine-row-{row}" for row in molecules}
    first = {name: row for row, name in reversed(wanted.items())}
    again = [(name, row) for row, name in wanted.items() if first[name] != row]
    separator = "~"
    while any(f"{name}{separator}{row}" in first for name, row in again):
        separator += "~"
    return [name if first[name] == row else f"{name}{separator}{row}" for row, name in wanted.items()]


@examples(1, 25)
@given(rows=mixed, chunks=st.integers(1, 4), parts=st.sampled_from([2, 5]))
@example(rows=[("a", "C"), ("a", "CC"), ("a~2", "CCC"), ("a~~2", "CC"), ("a", "OCC"), ("a~~4", "C")], chunks=2, parts=2)
@example(rows=[("a~", "C"), ("a~", "CC"), ("a~~2", "OC"), ("mine-row-5", "NC"), (None, "CO")], chunks=1, parts=2)
def test_a_file_merged_in_parts_is_the_same_library(rows: list[Row], chunks: int, parts: int) -> None:
    """Ids are made unique among the molecules that stay, and rejects name the row that they repeat."""
    with TemporaryDirectory() as folder:
        whole, in_parts = Path(folder, "whole"), Path(folder, "parts")
        whole.mkdir()
        expected = build_library(whole, rows, chunks=chunks)
        in_parts.mkdir()
        found = build_library(in_parts, rows, chunks=chunks, parts=parts)
        assert found.rows == expected.rows
        assert [row["id"] for row in found.rows] == ids_of(rows, [row["row"] for row in found.rows])
        same = [{**row, "source": Path(row["source"]).name} for row in found.rejected]
        assert same == [{**row, "source": Path(row["source"]).name} for row in expected.rejected]
    assert found.stats["parts"] == parts
    counts = {"rows_in", "molecules", "duplicates", "rejects", "prepared", "enhanced_stereo"}
    assert {name: found.stats[name] for name in counts} == {name: expected.stats[name] for name in counts}


RULES = {rule.name: rule.smirks for rule in oracle.shipped_transforms()} | {"N": SMIRKS["N-methylation"]}


@examples(5, 25)
@given(
    molecules=st.lists(st.sampled_from(embedded() + special()), min_size=1, max_size=25, unique=True),
    name=st.sampled_from(sorted(RULES)),
    chunks=st.integers(1, 4),
    indexed=st.booleans(),
)
def test_every_molecule_is_products_no_match_or_a_reject(
    molecules: list[str], name: str, chunks: int, indexed: bool
) -> None:
    """With the index, or without it, as for a transform that is younger than its library."""
    with TemporaryDirectory() as folder:
        rows = [(f"m{number}", text) for number, text in enumerate(molecules)]
        library = build_library(Path(folder), rows, **({} if indexed else {"queries": ()}))
        made = run_job(Path(folder), library.path, RULES[name], chunks=chunks)
        parents, products, rejects, stats = library.rows, made.rows, made.rejected, made.stats
    expected: dict[str, tuple[str, int]] = {}
    routes: Counter[str] = Counter()
    refused: set[str] = set()
    matched = 0
    for parent in parents:
        outcome = oracle.apply(RULES[name], parent["smiles"])
        matched += bool(outcome.products or outcome.refused)
        refused |= {parent["id"]} if outcome.refused else set()
        for product, (site, count) in outcome.rows.items():
            expected.setdefault(product, (parent["id"], site))
            routes[product] += count
    assert {row["smiles"]: (row["parent_id"], row["site"]) for row in products} == expected
    assert {row["smiles"]: row["n_routes"] for row in products} == routes
    assert {row["id"] for row in rejects} == refused
    assert (stats["rows_in"], stats["rows_matched"]) == (len(parents), matched)
    assert (stats["products"], stats["rejects"]) == (len(products), len(rejects))
    order = {parent["id"]: number for number, parent in enumerate(parents)}
    places = [(order[row["parent_id"]], row["site"]) for row in products]
    assert places == sorted(places)
    assert all(parents[row["row"] - 1]["id"] == row["id"] for row in rejects)
