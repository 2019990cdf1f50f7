"""The merge of a job: CPU time per row and memory, on five million rows of which six in a hundred repeat another.

The rows are made up, since the chemistry would take minutes, but lie in the files as real ones do: in parent order, in
row groups of the same size, with SMILES and descriptors that change little from one row to the next.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.model import Job, Library
from halogenator.tables.columns import REJECTS, arrow_schema, product_columns
from halogenator.tables.metadata import with_versions
from halogenator.tables.parquet import table_writer
from halogenator.tasks.commands import MergeProducts, declaration
from harness import FOLDER, Figure, halogenator, middle, progress, run
from molecules import DESCRIPTORS, dihalogenated, transform

ROWS = 5_000_000
DECLARED_MB = 500
_CHUNK_ROWS = 500_000
GROUP_ROWS = 13_000  # what TableWriter's batch holds of such rows
_REPEATED = 0.065  # of rows; some of them repeat what is not there, which leaves 0.06
_REACH = 400_000  # a repetition lies at most so many rows after its first
_SITES = 4
_CUTS = 12
_BASE = 66  # characters taken of a real molecule
_HALOGENS = ("", "(F)", "(Cl)", "(Br)", "(I)")
_PAIRS = np.array([(i, j) for i in range(_CUTS) for j in range(i)])
_PER_MOLECULE = len(_PAIRS) * 16 * _SITES


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the merge's figures."""
    rows, rounds = (1_000_000, 1) if quick else (ROWS, 2)
    folder = FOLDER / "merge"
    shutil.rmtree(folder, ignore_errors=True)
    progress(f"merge: making {rows:,} rows")
    chunks, rejects = zip(*write_chunks(folder, rows), strict=True)
    used, stats = [], {}
    for number in range(rounds):
        progress(f"merge: round {number + 1} of {rounds}")
        used.append(run(merge_command(folder, chunks, rejects, DECLARED_MB)).cpu_seconds)
        stats = json.loads((folder / "stats.json").read_text())
    figures = [
        middle("merge_us_per_row", (seconds / rows * 1e6 for seconds in used), "µs/row", 1.0),
        Figure("merge_peak_mb", stats["usage"]["peak_mb"], "MB", DECLARED_MB),
        Figure("merge_duplicates", round(stats["duplicates"] / rows, 4), "of rows"),
        Figure("merge_bytes_per_row", round(stats["bytes"] / stats["products"], 1), "bytes/row"),
    ]
    shutil.rmtree(folder)
    return figures


def merge_command(
    folder: Path, chunks: Sequence[Path], rejects: Sequence[Path], declared_mb: int, duplicates: Sequence[Path] = ()
) -> list[object]:
    """Return the command line of a merge whose outputs go to ``folder``."""
    merge = MergeProducts(
        job=Job(Library("polyphenol-2X", "polyphenol"), transform().bare, tuple(DESCRIPTORS)),
        molecules=Path("not-read.parquet"),
        chunks=chunks,
        reject_chunks=rejects,
        duplicates=duplicates,
        out=folder / "products.parquet",
        rejects=folder / "rejects.parquet",
        stats=folder / "stats.json",
        scratch=folder / "scratch",
    )
    return halogenator(*merge.words, *declaration(declared_mb))


def write_chunks(folder: Path, rows: int, chunk_rows: int = _CHUNK_ROWS) -> Iterator[tuple[Path, Path]]:
    """Write products and rejects as transform_chunk leaves them; yield the two files of each chunk."""
    columns = product_columns(DESCRIPTORS, with_inchikey=False)
    molecules = _Molecules(dihalogenated(), rows)
    usage = {"seconds": 60.0, "cpu_seconds": 60.0, "peak_mb": 200, "declared_mb": DECLARED_MB}
    for first in range(0, rows, chunk_rows):
        name = f"{first // chunk_rows:03}of{-(-rows // chunk_rows):03}"
        out, rejects_out = folder / f"{name}.products.parquet", folder / f"{name}.rejects.parquet"
        note = with_versions(transform=transform().name, smirks=transform().smirks, rows_in=chunk_rows // _SITES)
        note |= {"rows_matched": chunk_rows // _SITES, "rejects": 0, "task": usage}
        with table_writer(out, columns, note) as products, table_writer(rejects_out, REJECTS, {}):
            for start in range(first, min(first + chunk_rows, rows), GROUP_ROWS):
                stop = min(start + GROUP_ROWS, first + chunk_rows, rows)
                products.copy([molecules.batch(start, stop, arrow_schema(columns))])
                products.flush()
        yield out, rejects_out


class _Molecules:
    """Rows by number: a real molecule, cut into pieces, with two more halogens between them and a methyl at a site."""

    def __init__(self, molecules: Sequence[str], rows: int) -> None:
        needed = -(-rows // _PER_MOLECULE)
        spread = [molecules[number * len(molecules) // needed] for number in range(needed)]
        texts = [f"[{number}CH3]{smiles[:_BASE]}" for number, smiles in enumerate(spread, 1)]
        cuts = [[len(text) * piece // _CUTS for piece in range(_CUTS + 1)] for text in texts]
        self._pieces = [
            pa.array([text[at[piece] : at[piece + 1]] for text, at in zip(texts, cuts, strict=True)])
            for piece in range(_CUTS)
        ]
        self._numbers = np.random.default_rng(1)

    def batch(self, start: int, stop: int, schema: pa.Schema) -> pa.RecordBatch:
        """Return rows ``start`` to ``stop`` (exclusive), some with the SMILES of an earlier one."""
        rows = np.arange(start, stop)
        repeated = self._numbers.random(len(rows)) < _REPEATED
        earlier = rows - self._numbers.integers(1, _REACH, len(rows))
        source = np.where(repeated & (earlier >= 0), earlier, rows)
        parents = pc.binary_join_element_wise("polyphenol-2X", pa.array(rows // _SITES + 1).cast(pa.string()), "-")
        known = {"smiles": self._smiles(source), "parent_id": parents, "site": rows % _SITES * 7 + 3}
        known |= {"n_routes": np.ones(len(rows)), "enhanced_stereo": pa.nulls(len(rows)), **_describe(rows)}
        arrays = [_arrow(known[field.name]).cast(field.type) for field in schema]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _smiles(self, rows: np.ndarray) -> pa.Array:
        molecule, pattern = np.divmod(rows, _PER_MOLECULE)
        pair, two = np.divmod(pattern // _SITES, 16)
        put = np.zeros((_CUTS, len(rows)), dtype=np.int64)
        everywhere = np.arange(len(rows))
        put[_PAIRS[pair, 0], everywhere] = 1 + two // 4
        put[_PAIRS[pair, 1], everywhere] = 1 + two % 4
        parts: list[pa.Array] = []
        for piece, texts in enumerate(self._pieces):
            parts += [texts.take(pa.array(molecule)), pa.array(_HALOGENS).take(pa.array(put[piece]))]
        methyl = pa.array(["OC", "COC", "OCC", "COCC"]).take(pa.array(pattern % _SITES))
        return pc.binary_join_element_wise(*parts, methyl, "")


def _describe(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the six descriptors: a molecule's own, and what its two halogens and its site add."""
    molecule, pattern = np.divmod(rows, _PER_MOLECULE)
    two, site = pattern // _SITES % 16, pattern % _SITES
    weight = np.array([17.991, 34.445, 78.896, 125.897])
    mw = 420.381 + molecule % 97 * 2.016 + weight[two // 4] + weight[two % 4]
    tpsa = 166.14 + molecule % 13 * 9.23 - site // 3 * 11.0
    clogp = 3.1283 + molecule % 89 * 0.0461 + two // 4 * 0.4137 + two % 4 * 0.2913 + site * 0.0036
    real = {"mw": mw.round(6), "tpsa": tpsa.round(6), "clogp": clogp.round(6)}
    return real | {"hbd": 5 + molecule % 5, "hba": 11 + molecule % 4, "rotb": 7 + molecule % 3}


def _arrow(array: np.ndarray | pa.Array) -> pa.Array:
    return array if isinstance(array, pa.Array | pa.ChunkedArray) else pa.array(array)
