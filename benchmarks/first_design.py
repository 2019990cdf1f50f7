"""The design of the first pipeline, as the baseline: a process pool, dicts, and one SQLite table of the keys seen.

Workers make products the plain way and send them home as dicts; the main process drops those whose InChIKey SQLite has,
and flushes its buffer to Parquet whenever that holds a number of rows. What waits between workers and main process is
bounded by nothing. One line of JSON on standard output says what a run cost.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rdkit import Chem, RDLogger
from rdkit.Chem import Crippen, Descriptors, rdChemReactions, rdMolDescriptors

from harness import Watch, tree_memory

BATCH_ROWS = 200  # molecules in one task of the pool
FLUSH_ROWS = 100_000
MAX_PRODUCTS = 1_000_000  # of one molecule: RunReactants cuts at 1,000 by default

DESCRIPTORS = {
    "MW": Descriptors.MolWt,
    "TPSA": rdMolDescriptors.CalcTPSA,
    "HBD": rdMolDescriptors.CalcNumHBD,
    "HBA": rdMolDescriptors.CalcNumHBA,
    "cLogP": Crippen.MolLogP,
    "RotB": rdMolDescriptors.CalcNumRotatableBonds,
}
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("smiles", "canonical_smiles", "inchikey", "xf_rule_id", "source_smiles")]
    + [(name, pa.int64() if name in ("HBD", "HBA", "RotB") else pa.float64()) for name in DESCRIPTORS]
)

Row = dict[str, object]


class _Worker:
    """What a process of the pool keeps between tasks."""

    smirks: str
    reaction: rdChemReactions.ChemicalReaction


def start_worker(smirks: str) -> None:
    """Compile the SMIRKS once for this process."""
    RDLogger.DisableLog("rdApp.*")
    _Worker.smirks = smirks
    _Worker.reaction = rdChemReactions.ReactionFromSmarts(smirks)


def transform(parents: list[str]) -> list[Row]:
    """Return a row for each match in each parent; what RDKit cannot parse or sanitise is left out."""
    rows = []
    for source in parents:
        mol = Chem.MolFromSmiles(source)
        if mol is None:
            continue
        for (product,) in _Worker.reaction.RunReactants((mol,), MAX_PRODUCTS):
            try:
                Chem.SanitizeMol(product)
            except Chem.MolSanitizeException:
                continue
            rows.append(describe(product, source))
    return rows


def describe(product: Chem.Mol, source: str) -> Row:
    """Return a product's row, its descriptors computed from the whole molecule."""
    smiles = Chem.MolToSmiles(product)
    return {
        "smiles": smiles,
        "canonical_smiles": smiles,
        "inchikey": Chem.MolToInchiKey(product),
        "xf_rule_id": _Worker.smirks,
        "source_smiles": source,
        **{name: function(product) for name, function in DESCRIPTORS.items()},
    }


class Seen:
    """The products met so far, in a SQLite file.

    Args:
        path: the file, which must not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("CREATE TABLE seen (inchikey TEXT PRIMARY KEY, smiles TEXT)")

    def new(self, rows: list[Row]) -> list[Row]:
        """Return those of ``rows`` whose InChIKey is new, and remember them."""
        insert = "INSERT OR IGNORE INTO seen VALUES (?, ?)"
        with self.connection as transaction:
            return [row for row in rows if transaction.execute(insert, (row["inchikey"], row["smiles"])).rowcount]

    def close(self) -> int:
        """Close the file; return the bytes of it and its write-ahead log until then."""
        size = self.path.stat().st_size + self.path.with_name(f"{self.path.name}-wal").stat().st_size
        self.connection.close()
        return size


@dataclass
class Counts:
    """What a run has met, in rows."""

    rows_in: int = 0
    made: int = 0
    products: int = 0


def batches(library: Path, limit: int | None, counts: Counts) -> Iterator[list[str]]:
    """Yield the SMILES of the library's first ``limit`` rows (None: all), ``BATCH_ROWS`` at a time."""
    for batch in pq.ParquetFile(library).iter_batches(BATCH_ROWS, columns=["smiles"]):
        smiles = batch.column(0).to_pylist()
        if limit is not None:
            smiles = smiles[: limit - counts.rows_in]
        if not smiles:
            return
        counts.rows_in += len(smiles)
        yield smiles


def run(pool: Pool, library: Path, folder: Path, limit: int | None, flush_rows: int) -> dict[str, float]:
    """Write ``products.parquet`` and ``dedup.db`` into ``folder``, end the pool; return counts, and sizes in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    database, output = folder / "dedup.db", folder / "products.parquet"
    for stale in folder.glob("dedup.db*"):
        stale.unlink()
    counts = Counts()
    buffer: list[Row] = []
    seen = Seen(database)
    with pq.ParquetWriter(output, SCHEMA, compression="zstd") as writer:
        for rows in pool.imap_unordered(transform, batches(library, limit, counts)):
            counts.made += len(rows)
            buffer += seen.new(rows)
            if len(buffer) >= flush_rows:
                counts.products += flush(writer, buffer)
        counts.products += flush(writer, buffer)
    pool.close()
    pool.join()
    return {**vars(counts), "dedup_bytes": seen.close(), "output_bytes": output.stat().st_size}


def flush(writer: pq.ParquetWriter, buffer: list[Row]) -> int:
    """Write the buffer and empty it; return how many rows it held."""
    count = len(buffer)
    if count:
        writer.write_table(pa.Table.from_pylist(buffer, schema=SCHEMA))
        buffer.clear()
    return count


def cpu_seconds() -> float:
    """Return the CPU seconds, user and system, of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="Parquet file with columns id and smiles")
    parser.add_argument("smirks", help="the transform")
    parser.add_argument("folder", type=Path, help="where products.parquet and dedup.db go; what is there is replaced")
    parser.add_argument("--workers", type=int, required=True, help="processes in the pool")
    parser.add_argument("--rows", type=int, help="use the library's first rows only")
    parser.add_argument("--flush-rows", type=int, default=FLUSH_ROWS, help="rows to buffer (default: %(default)s)")
    options = parser.parse_args()
    start = time.monotonic()
    pool = multiprocessing.Pool(options.workers, start_worker, (options.smirks,))
    with Watch(lambda: tree_memory(os.getpid())[1], every=0.1) as memory:
        result = run(pool, options.library, options.folder, options.rows, options.flush_rows)
        seconds = time.monotonic() - start
    result |= {
        "cpu_seconds": round(cpu_seconds() - memory.cpu_seconds, 3),
        "seconds": round(seconds, 3),
        "peak_mb": round(memory.highest, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
