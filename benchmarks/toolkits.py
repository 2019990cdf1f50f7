"""The kernel beside other toolkits: CPU time per product for phenol OH → OMe, one site at a time, and what they make.

Every tool reads the same parents, makes all their products and writes its own canonical SMILES, alone in a process,
once under the default allocator and once under mimalloc, in interleaved rounds; each is compared at the better of the
two. RDKit reads what they wrote, which shows whether a tool made the same products.

Needs the packages of toolkits-requirements.txt: ``make bench-peers``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
from rdkit import Chem, RDLogger

import toolkit_makers as makers
from harness import progress, run
from molecules import dihalogenated

COUNT = 300
ROUNDS = 3


@dataclass
class Result:
    """What a tool did in all rounds.

    Attributes:
        products: each parent's distinct products, as RDKit's canonical SMILES.
        seconds: CPU time of every round, under the default allocator (False) and under mimalloc (True).
    """

    version: str
    products: list[set[str]]
    seconds: dict[bool, list[float]]

    @property
    def count(self) -> int:
        """How many products there are."""
        return sum(map(len, self.products))

    def cost(self, *, mimalloc: bool) -> float:
        """Return the CPU time per product in µs, the median of the rounds."""
        return 1e6 * median(self.seconds[mimalloc]) / self.count if self.count else math.nan

    @property
    def best(self) -> float:
        """The CPU time per product in µs, under the allocator that suits it better."""
        return min(self.cost(mimalloc=False), self.cost(mimalloc=True))


def compare(parents: Sequence[str]) -> dict[str, Result | None]:
    """Return what each tool did with the parents, in interleaved rounds; None for a tool that is not installed."""
    records: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "parents.json")
        path.write_text(json.dumps(parents))
        for number in range(ROUNDS):
            progress(f"toolkits: round {number + 1} of {ROUNDS}")
            for tool in makers.TOOLS:
                for mimalloc in (False, True):
                    used = run([sys.executable, makers.__file__, tool, path], mimalloc=mimalloc)
                    records.setdefault((tool, mimalloc), []).append(used.record)
    return {tool: _result(records[tool, False], records[tool, True]) for tool in makers.TOOLS}


def _result(default: list[dict[str, Any]], mimalloc: list[dict[str, Any]]) -> Result | None:
    if not default[0]:
        return None
    seconds = {False: [record["seconds"] for record in default], True: [record["seconds"] for record in mimalloc]}
    products = [{_read(smiles) for smiles in made} for made in default[0]["products"]]
    return Result(default[0]["version"], products, seconds)


def _read(smiles: str) -> str:
    """Return RDKit's canonical SMILES, or the text itself where RDKit cannot read it."""
    mol = Chem.MolFromSmiles(smiles)
    return smiles if mol is None else Chem.MolToSmiles(mol)


@dataclass(frozen=True)
class Difference:
    """The products of some parents that only one of two tools made.

    Attributes:
        missing: by parent, those that only the reference made.
        extra: by parent, those that only the other tool made.
    """

    missing: dict[str, set[str]]
    extra: dict[str, set[str]]

    def __str__(self) -> str:
        """What differs, in a few words."""
        missing, extra = (sum(map(len, products.values())) for products in (self.missing, self.extra))
        if not missing + extra:
            return "yes"
        stereo = {parent: set(map(_flat, made)) for parent, made in self.missing.items()} == {
            parent: set(map(_flat, made)) for parent, made in self.extra.items()
        }
        return f"{missing} missing, {extra} extra" + (", by stereo alone" if stereo else "")

    def example(self) -> str:
        """Return what differs for the first parent with a difference."""
        parent = next(iter(self.missing | self.extra))
        sides = (("missing", self.missing), ("extra", self.extra))
        found = [f"{word} {min(products[parent])}" for word, products in sides if parent in products]
        return f"of {parent} {' and '.join(found)}"


def difference(result: Result, reference: Result, parents: Sequence[str]) -> Difference:
    """Return which products only one of the two made."""
    trios = list(zip(parents, reference.products, result.products, strict=True))
    return Difference(
        {parent: theirs - ours for parent, theirs, ours in trios if theirs - ours},
        {parent: ours - theirs for parent, theirs, ours in trios if ours - theirs},
    )


def _flat(smiles: str) -> str:
    """Return the SMILES without stereo, or the text itself where RDKit cannot read it."""
    mol = Chem.MolFromSmiles(smiles)
    return smiles if mol is None else Chem.MolToSmiles(mol, isomericSmiles=False)


def table(results: dict[str, Result | None], parents: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the comparison, then those that explain where products differ."""
    ours, reference = results[makers.OURS], results[makers.REFERENCE]
    if ours is None or reference is None:
        raise SystemExit("The halogenator and RDKit are needed in this environment: make bench-peers")
    layout = "{:<24} {:>10} {:>9} {:>12} {:>12} {:>10}  {!s}"
    yield layout.format("tool", "version", "products", "µs, default", "µs, mimalloc", "× kernel", "products equal")
    notes = []
    for tool, result in results.items():
        if result is None:
            yield f"{tool:<24} not installed"
            continue
        differs = difference(result, reference, parents)
        if differs.missing or differs.extra:
            notes.append(f"{tool}: {differs.example()}")
        costs = [f"{result.cost(mimalloc=mimalloc):.1f}" for mimalloc in (False, True)]
        yield layout.format(tool, result.version, result.count, *costs, f"{result.best / ours.best:.2f}", differs)
    yield from notes


def read(path: Path) -> list[str]:
    """Return the SMILES of a Parquet file's column ``smiles``, or the first word of each line of another file."""
    if path.suffix == ".parquet":
        smiles: list[str] = pq.read_table(path, columns=["smiles"])["smiles"].to_pylist()
        return smiles
    return [line.split()[0] for line in path.read_text().splitlines() if line.strip()]


def spread(molecules: Sequence[str], count: int) -> list[str]:
    """Return ``count`` molecules evenly spaced in their order, or all where there are not so many."""
    count = min(count, len(molecules))
    return [molecules[index * len(molecules) // count] for index in range(count)]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--molecules", type=Path, help="Parquet or .smi file (default: two sets of our own)")
    parser.add_argument("--count", type=int, default=COUNT, help="parents to use (default: %(default)s)")
    options = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    if options.molecules:
        sets = {str(options.molecules): spread(read(options.molecules), options.count)}
    else:  # in runs, as a chunk of a library has them
        sets = {
            "polyphenol-2X, no stereo": dihalogenated(options.count),
            "polyphenol-2X, stereo": [text for text in dihalogenated(options.count, stereo=True) if "@" in text],
        }
    for name, parents in sets.items():
        print(f"{name}: {len(parents)} molecules")
        for line in table(compare(parents), parents):
            print(line)


if __name__ == "__main__":
    main()
