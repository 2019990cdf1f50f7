"""No isomer is lost: products, sites and routes equal those of making every place's product by itself.

The molecules are spiro, bridged, fused and cage skeletons whose atoms are alike but for stereo, which is random.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from halogenator.chemistry.kernel import Kernel
from halogenator.model import Halogenation, HalogenationRule, Library, Recipe, Transform
from halogenator.tasks.commands import HalogenateChunk, MergeLibrary
from helpers.made_by_hand import ANY_CH, DELETIONS, HETERO_H, LEAVING, RING_CH, Swap, outcome, stable, unlike
from helpers.samples import few, size
from helpers.skeletons import IMPOSSIBLE, SKELETONS, random_parents
from helpers.verbs import build_library, do

ACYL = Swap("acylation", "[OX2H:1]>>[O:1]C(C)=O", "[OX2H]", False, "C(C)=O")
SETS = {
    "ring CH": [RING_CH[0]],
    "CH to OH": [ANY_CH[2]],
    "OH to Br": [LEAVING[2]],
    "COOH to F": [LEAVING[0]],
    "acylation": [ACYL],
    "NH and OH": [HETERO_H[0], HETERO_H[1]],
    "deletions": DELETIONS[:3],
    "vinyl CH": [HETERO_H[4], HETERO_H[3]],
    "halogenation": [RING_CH[0], RING_CH[1], Swap("OH to F", "[CX4:1][OX2H]>>[C:1]F", "[CX4][OX2H]", True, "F")],
}


def kernel_of(swaps: Sequence[Swap]) -> Kernel:
    return Kernel([Transform(swap.name, swap.smirks) for swap in swaps])


def differences(kernel: Kernel, swaps: Sequence[Swap], smiles: str) -> dict[str, object]:
    """Where the kernel and every place by itself do not agree: product, first site, routes, transform, refusals."""
    found, rejects = kernel.products(smiles)
    expected = outcome(smiles, swaps)
    unequal = unlike(((product.smiles, product.site, product.n_routes) for product in found), expected)
    for product in found:
        routes = expected.products.get(product.smiles)
        if routes and (product.transform, product.site) != min(routes):
            unequal[product.smiles] = ((product.transform, product.site), min(routes))
    if bool(rejects) != bool(expected.refused):
        unequal["refused"] = (rejects, expected.refused)
    return unequal


@pytest.mark.sampled
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("kind", SKELETONS)
def test_random_stereo(kind: str, name: str) -> None:
    swaps = SETS[name]
    kernel = kernel_of(swaps)
    count = size(12, 60)
    pool = [smiles for smiles in random_parents(kind, count) if smiles not in map(stable, IMPOSSIBLE)]
    assert len(pool) >= count - 2
    unequal = {smiles: found for smiles in pool if (found := differences(kernel, swaps, smiles))}
    assert not unequal, f"{sum(map(len, unequal.values()))} differences in {len(unequal)} of {len(pool)} molecules"


def test_a_spiro_amino_acid_gives_eight_products() -> None:
    """The two arms of its cyclohexane are alike, and cis and trans to the nitrogen all the same."""
    smiles = stable("O=C(O)[C@@H]1CC[C@]2(CC[C@@H](O)CC2)N1")
    found, rejects = kernel_of([RING_CH[0]]).products(smiles)
    assert len(found) == 8
    assert not rejects
    assert {product.smiles for product in found} == set(outcome(smiles, [RING_CH[0]]).products)


def levels(folder: Path, parents: Sequence[str], rules: Sequence[tuple[str, str]], halogens: str, k: int) -> list[Path]:
    """Libraries built through the verbs, one level after another."""
    swaps = tuple(HalogenationRule(name, smirks) for name, smirks in rules)
    made = [build_library(folder, [(f"np{number}", smiles) for number, smiles in enumerate(parents)]).path]
    for level in range(1, k + 1):
        library = Library(f"polyphenol-{level}X", "polyphenol", level)
        recipe = Recipe(library, {}, Halogenation(tuple(halogens.split(",")), swaps))
        chunk, rejects, out = (folder / f"{level}{ending}.parquet" for ending in ("-chunk", "-rejects", ""))
        do(HalogenateChunk(recipe=recipe, base=made[-1], chunk=(0, 1), out=chunk, rejects=rejects))
        ends = {"out": out, "rejects": folder / "r.parquet", "stats": folder / "s.json", "scratch": folder / "scratch"}
        do(MergeLibrary(recipe=recipe, chunks=[chunk], reject_chunks=[rejects], **ends))
        made.append(out)
    return made


def routes_of(path: Path) -> dict[str, int]:
    table = pq.read_table(path, columns=["smiles", "n_routes"])
    found = dict(zip(table["smiles"].to_pylist(), table["n_routes"].to_pylist(), strict=True))
    assert len(found) == table.num_rows
    return found


def expected_levels(parents: Sequence[str], swaps: Sequence[Swap], k: int) -> list[dict[str, int]]:
    """For each level {molecule: number of (molecule one level down, rule and halogen, site) that give it}."""
    below = dict.fromkeys(parents, 1)
    counts = []
    for _ in range(k):
        level: dict[str, int] = {}
        for smiles in below:
            for product, routes in outcome(smiles, swaps).products.items():
                level[product] = level.get(product, 0) + len(routes)
        counts.append(level)
        below = level
    return counts


BUILT = {
    "spiro": (
        [
            "O=C(O)[C@@H]1CC[C@]2(CC[C@@H](O)CC2)N1",
            "C[C@@H]1CC[C@@H](C(C)C)[C@]12CC[C@@H](O)CC2",
            "C[C@@H]1CC[C@]2(CC1)OCCCO2",
        ],
        "ring_sp3_ch",
    ),
    "bridged": (["CC1(C)[C@@H]2CC[C@@]1(C)C(=O)C2", "O[C@H]1C[C@@H]2CC[C@H]1C2"], "ring_sp3_ch"),
    "inositol": (["O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O"], "ring_sp3_ch"),
    "phenol": (["Oc1ccccc1", "Oc1cc(O)c2c(c1)O[C@H](c1ccc(O)c(O)c1)[C@@H](O)C2"], "aromatic_ch"),
}
PATTERNS = {
    "ring_sp3_ch": ("[CX4;R;!H0:1]>>[C:1]{X}", "[CX4;R;!H0]"),
    "aromatic_ch": ("[cH:1]>>[c:1]{X}", "[cH]"),
}


@pytest.mark.parametrize("name", few(BUILT, 2))
def test_built_libraries_hold_every_molecule_with_its_routes(name: str, tmp_path: Path) -> None:
    """Two levels through the verbs against two steps by hand."""
    parents, rule = [stable(smiles) for smiles in BUILT[name][0]], BUILT[name][1]
    smirks, pattern = PATTERNS[rule]
    swaps = [Swap(f"{rule}:{x}", smirks.replace("{X}", x), pattern, False, x) for x in ("F", "Cl")]
    made = levels(tmp_path, parents, [(rule, smirks)], "F,Cl", 2)
    for path, expected in zip(made[1:], expected_levels(parents, swaps, 2), strict=True):
        found = routes_of(path)
        assert len(found) == len(expected)
        assert found.keys() == expected.keys()
        assert found == expected


def test_a_chlorofluorophenol_is_reached_in_three_ways(tmp_path: Path) -> None:
    """From 2-fluorophenol at one place, from 4-chlorophenol at two."""
    made = levels(tmp_path, ["Oc1ccccc1"], [("aromatic_ch", PATTERNS["aromatic_ch"][0])], "F,Cl", 2)
    assert routes_of(made[2])[stable("Oc1ccc(Cl)cc1F")] == 3
