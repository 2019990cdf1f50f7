"""What choices cost a product: nothing if nothing is chosen, little for the motifs that libraries leave out by default.

Libraries of level 2 are built from runs of level-1 molecules, as a chunk task does it, with the index of the default
configuration. All sides have the same molecules in turn; figures are CPU time under the tasks' allocator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from halogenator.chemistry.choosing import Chooser
from halogenator.chemistry.index import Index
from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.siblings import SiblingKernel
from halogenator.config import read_config
from halogenator.model import Choice, Recipe
from halogenator.planning.identity import recipe_of
from harness import REPOSITORY, Figure, middle, progress, run

CLASSES = ("alkaloid", "polyphenol", "terpenoid")
_BLOCK = 12  # molecules that one side takes before the others have their turn; each side is as often the first
_RUN = 60  # molecules of one natural product


def measure(*, quick: bool = False) -> list[Figure]:
    """Return the figures of choices: CPU time as a ratio to that without them."""
    rounds, records = 1 if quick else 2, []
    for number in range(rounds):
        progress(f"choices: round {number + 1} of {rounds}")
        records.append(run([sys.executable, Path(__file__), 1 if quick else 6]).record)
    idle = middle("nothing_chosen_over_kernel", (each["nothing"] for each in records), "ratio", 1.03)
    return [idle, *(middle(f"exclude_{name}", (each[name] for each in records), "ratio", 1.15) for name in CLASSES)]


def _ratios(parents: int) -> dict[str, float]:
    """Return the ratios of the figures, with so many natural products of each class."""
    config = read_config([REPOSITORY / "configs" / "config.yaml"], working_dir=REPOSITORY)
    found, bare, nothing = {}, 0.0, 0.0
    for name in CLASSES:
        recipe = recipe_of(config, f"{name}-2X")
        spent = _sides(recipe, _molecules(recipe, config.libraries[f"{name}-0X"].paths[0], parents))
        bare, nothing = bare + spent["bare"], nothing + spent["nothing"]
        found[name] = spent["chosen"] / spent["nothing"]
    return {**found, "nothing": nothing / bare}


def _molecules(recipe: Recipe, path: Path, parents: int) -> list[str]:
    """Return runs of level-1 molecules of evenly spread natural products."""
    chooser = Chooser(recipe.transforms, choice=recipe.choice)
    lines = path.read_text().splitlines()
    chosen = [lines[number * len(lines) // parents].split("\t")[0] for number in range(parents)]
    return [product.smiles for smiles in chosen for product in chooser.products(smiles)[0][:_RUN]]


def _sides(recipe: Recipe, molecules: Sequence[str]) -> dict[str, float]:
    """Return the seconds of the kernel, of choosing without a choice, and with that of the recipe."""
    index = Index.of(recipe)
    examined = {"examine": index.site_counts, "examined_queries": index.examined_queries}
    names = index.descriptor_names
    sides: dict[str, SiblingKernel | Chooser] = {
        "bare": SiblingKernel(recipe.transforms, names, **examined),
        "nothing": Chooser(recipe.transforms, names, choice=Choice(), **examined),
        "chosen": Chooser(recipe.transforms, names, choice=recipe.choice, **examined),
    }
    spent, order = dict.fromkeys(sides, 0.0), [*sides]
    for start in range(0, len(molecules), _BLOCK):
        block, order = molecules[start : start + _BLOCK], [*order[1:], order[0]]
        made = {}
        for name in order:
            began = process_time()
            made[name] = [len(sides[name].products(smiles)[0]) for smiles in block]
            spent[name] += process_time() - began
        if made["bare"] != made["nothing"] or sum(made["chosen"]) > sum(made["bare"]):
            raise RuntimeError("with nothing chosen there are other products")
    return spent


if __name__ == "__main__":
    quiet()
    print(json.dumps(_ratios(int(sys.argv[1]))))
