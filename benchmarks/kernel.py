"""The kernel against the floor below it, the plain way above it, and itself with descriptors.

The floor parses each parent once and writes one SMILES per product: what no way of making canonical SMILES with RDKit
can do without. The plain way is MolFromSmiles + RunReactants + SanitizeMol + MolToSmiles, as tutorials have it, under
the default allocator. Every figure is CPU time of one process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry import descriptors
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.model import fingerprint
from harness import Figure, middle, progress, run
from molecules import DESCRIPTORS, composition, dihalogenated, transform

_BLOCK = 50  # parents that one side takes before the other has its turn


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the kernel's figures, all from the same interleaved rounds."""
    count, rounds = (600, 1) if quick else (2000, 4)
    ours, naive = _rounds(count, rounds, "flat")
    stereo_ours, stereo_naive = _rounds(count, max(1, rounds // 2), "stereo")
    stereo_pairs = list(zip(stereo_ours, stereo_naive, strict=True))
    heavy, sites = composition(_sample(count, stereo=False)[1])
    pairs = list(zip(ours, naive, strict=True))
    return [
        Figure("kernel_heavy_atoms", round(heavy, 1), "per parent"),
        Figure("kernel_sites", round(sites, 2), "per parent"),
        middle("kernel_us", (a["kernel"] for a in ours), "µs/product"),
        middle("floor_us", (a["floor"] for a in ours), "µs/product"),
        middle("naive_us", (b["naive"] for b in naive), "µs/product"),
        middle("kernel_over_floor", (a["kernel"] / a["floor"] for a in ours), "ratio", 1.20),
        middle("naive_over_kernel", (b["naive"] / a["kernel"] for a, b in pairs), "ratio", 4.0, at_least=True),
        middle("descriptors_us", (a["described"] - a["kernel"] for a in ours), "µs/product"),
        middle("descriptors_share", (a["described"] / a["kernel"] - 1 for a in ours), "of kernel", 0.10),
        middle("stereo_kernel_us", (a["kernel"] for a in stereo_ours), "µs/product"),
        middle("stereo_kernel_over_floor", (a["kernel"] / a["floor"] for a in stereo_ours), "ratio", 1.15),
        middle(
            "stereo_naive_over_kernel", (b["naive"] / a["kernel"] for a, b in stereo_pairs), "ratio", 3.4, at_least=True
        ),
    ]


def _rounds(count: int, rounds: int, kind: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what the kernel and the plain way took on the same molecules, round by round in turn."""
    dihalogenated(stereo=kind == "stereo")
    ours, naive = [], []
    for number in range(rounds):
        progress(f"kernel, {kind} molecules: round {number + 1} of {rounds}")
        ours.append(run([sys.executable, Path(__file__), "ours", count, kind]).record)
        naive.append(run([sys.executable, Path(__file__), "naive", count, kind], mimalloc=False).record)
    if any(record["digest"] != ours[0]["digest"] for record in ours + naive):
        raise RuntimeError("the kernel and RunReactants give different products")
    return ours, naive


def _sample(count: int, *, stereo: bool) -> tuple[list[str], list[str]]:
    """Return parents to warm up on and parents to time, every other one of a library."""
    library = dihalogenated(count, stereo=stereo)
    return library[::2], library[1::2]


def _ours(count: int, *, stereo: bool) -> dict[str, object]:
    """Return µs per product of the kernel, of the kernel with descriptors, and of the floor."""
    warm, timed = _sample(count, stereo=stereo)
    known = {smiles: descriptors.compute(Chem.MolFromSmiles(smiles), DESCRIPTORS) for smiles in warm + timed}
    plain, described = Kernel([transform()]), Kernel([transform()], DESCRIPTORS)
    for smiles in warm:
        described.products(smiles, known[smiles])
    found: list[list[str]] = []
    sides: list[Callable[[Sequence[str]], tuple[str, float]]] = [
        lambda block: ("kernel", _time_kernel(plain, block, found)),
        lambda block: ("described", _time_described(described, block, known)),
        lambda block: ("floor", time_floor(block, found[-len(block) :])),
    ]
    spent: dict[str, list[float]] = {"kernel": [], "described": [], "floor": []}
    for start in range(0, len(timed), _BLOCK):
        block = timed[start : start + _BLOCK]
        for side in sides:
            name, seconds = side(block)
            spent[name].append(seconds)
        sides = [sides[0], *reversed(sides[1:])]
    products = sum(map(len, found))
    result: dict[str, object] = {name: sum(seconds) / products * 1e6 for name, seconds in spent.items()}
    return {**result, "digest": _digest(found)}


def _time_kernel(kernel: Kernel, block: Sequence[str], found: list[list[str]]) -> float:
    start = process_time()
    made = [kernel.products(smiles, ())[0] for smiles in block]
    seconds = process_time() - start
    found += [[product.smiles for product in products] for products in made]
    return seconds


def _time_described(kernel: Kernel, block: Sequence[str], known: dict[str, tuple[float, ...]]) -> float:
    start = process_time()
    for smiles in block:
        kernel.products(smiles, known[smiles])
    return process_time() - start


def time_floor(block: Sequence[str], found: Sequence[Sequence[str]]) -> float:
    """Return the seconds to parse each parent once and to write each of its products."""
    seconds = 0.0
    for smiles, products in zip(block, found, strict=True):
        start = process_time()
        parent = Chem.MolFromSmiles(smiles)
        seconds += process_time() - start
        mols = [Chem.MolFromSmiles(product) for product in products]  # just made, as in the kernel; not timed
        start = process_time()
        for mol in mols:
            Chem.MolToSmiles(mol)
        seconds += process_time() - start
        del parent
    return seconds


def _naive(count: int, *, stereo: bool) -> dict[str, object]:
    """Return µs per distinct product of the plain way."""
    warm, timed = _sample(count, stereo=stereo)
    run_reactants(warm[:_BLOCK])
    start = process_time()
    found = run_reactants(timed)
    seconds = process_time() - start
    return {"naive": seconds / sum(len(set(products)) for products in found) * 1e6, "digest": _digest(found)}


def run_reactants(molecules: Sequence[str]) -> list[list[str]]:
    """Return the products of each molecule, made the plain way."""
    reaction = rdChemReactions.ReactionFromSmarts(transform().smirks)
    reaction.Initialize()
    found = []
    for smiles in molecules:
        made = []
        for (product,) in reaction.RunReactants((Chem.MolFromSmiles(smiles),), 0):
            Chem.SanitizeMol(product)
            made.append(Chem.MolToSmiles(product))
        found.append(made)
    return found


def _digest(found: Sequence[Sequence[str]]) -> str:
    """Return a fingerprint of each parent's set of products."""
    return fingerprint([sorted(set(products)) for products in found])


if __name__ == "__main__":
    quiet()
    _, side, size, kind = sys.argv
    print(json.dumps({"ours": _ours, "naive": _naive}[side](int(size), stereo=kind == "stereo")))
