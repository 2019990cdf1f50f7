"""Molecules that differ only by their halogens, made once for all of them: against the floor, and the plain way.

The molecules are all that a natural product gives in a polyphenol-2X library, in its order: a chunk reads many such
families. All figures are CPU time under the tasks' allocator, on the same molecules in turn. Building a library is
compared with the kernel without siblings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.siblings import SiblingKernel
from harness import Figure, middle, progress, run
from kernel import run_reactants, time_floor
from molecules import halogenation, parents, transform

_BLOCK = 200  # molecules that one side takes before the other has its turn
_RUN = 60  # molecules with one halogen that follow each other in a library

Make = Callable[[Sequence[str]], list[list[str]]]


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the figures of siblings."""
    rounds = 1 if quick else 3
    records = []
    for number in range(rounds):
        progress(f"siblings: round {number + 1} of {rounds}")
        records.append(run([sys.executable, Path(__file__), number]).record)
    return [
        middle("siblings_kernel_us", (each["siblings"] for each in records), "µs/product"),
        middle("siblings_kernel_over_floor", (each["siblings"] / each["floor"] for each in records), "ratio", 0.5),
        middle(
            "siblings_naive_over_kernel",
            (each["naive"] / each["siblings"] for each in records),
            "ratio",
            5.5,
            at_least=True,
        ),
        middle("halogenate_us", (each["halogenate"] for each in records), "µs/product"),
        middle("halogenate_speedup", (each["speedup"] for each in records), "ratio", 2.5, at_least=True),
    ]


def _sides(number: int) -> dict[str, float]:
    """Return µs per product of each way to transform, and of building 2X from 1X; raise if products differ.

    Args:
        number: of the round; each has another natural product.
    """
    molecules = _family(number)
    ours, spent = SiblingKernel([transform()]), {"siblings": 0.0, "naive": 0.0, "floor": 0.0}
    products = 0
    for start in range(0, len(molecules), _BLOCK):
        block = molecules[start : start + _BLOCK]
        found, seconds = _timed(lambda block: _made(ours, block), block)
        plain, more = _timed(run_reactants, block)
        _same(found, plain)
        spent["siblings"] += seconds
        spent["naive"] += more
        spent["floor"] += time_floor(block, found)
        products += sum(map(len, found))
    result = {name: seconds / products * 1e6 for name, seconds in spent.items()}
    return {**result, **_building()}


def _family(number: int) -> list[str]:
    """Return the molecules of one natural product in a polyphenol-2X library, in its order."""
    natural = [smiles for smiles, _ in parents(stereo=False)]
    rules = SiblingKernel(halogenation().transforms("polyphenol"))
    (once,) = _made(rules, natural[number * len(natural) // 3 :][:1])
    return list(dict.fromkeys(smiles for found in _made(rules, once) for smiles in found))


def _building() -> dict[str, float]:
    """Return µs per product of halogenating runs of molecules with one halogen, and how much faster that is."""
    rules = halogenation().transforms("polyphenol")
    siblings, kernel = SiblingKernel(rules), Kernel(rules)
    fast = slow = 0.0
    products = 0
    for smiles, _ in list(parents(stereo=False))[::4]:
        block = [product.smiles for product in kernel.products(smiles)[0][:_RUN]]
        found, seconds = _timed(lambda block: _made(siblings, block), block)
        plain, more = _timed(lambda block: _made(kernel, block), block)
        _same(found, plain)
        fast, slow, products = fast + seconds, slow + more, products + sum(map(len, found))
    return {"halogenate": fast / products * 1e6, "speedup": slow / fast}


def _made(kernel: Kernel | SiblingKernel, block: Sequence[str]) -> list[list[str]]:
    return [[product.smiles for product in kernel.products(smiles, ())[0]] for smiles in block]


def _timed(make: Make, block: Sequence[str]) -> tuple[list[list[str]], float]:
    start = process_time()
    found = make(block)
    return found, process_time() - start


def _same(found: list[list[str]], others: list[list[str]]) -> None:
    if [set(products) for products in found] != [set(products) for products in others]:
        raise RuntimeError("siblings have other products than the plain way")


if __name__ == "__main__":
    quiet()
    print(json.dumps(_sides(int(sys.argv[1]))))
