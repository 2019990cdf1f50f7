"""Toolkits that make phenol ethers, a function each: methylate phenols of a parent, one site at a time.

As a script it runs one of them alone in its process and prints what that took and what it made, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

SMIRKS = "[c:1][OX2H:2]>>[c:1][O:2]C"
SITE = "c[OX2H]"
OURS = "halogenator"
REFERENCE = "RDKit RunReactants"
_MAX_PRODUCTS = 10_000  # of one parent; RDKit cuts at 1,000 by default
_WARM_UP = 100  # parents made once before the clock starts

# From a parent's SMILES to the SMILES of its products.
Maker = Callable[[str], list[str]]


def halogenator() -> Maker:
    from halogenator.chemistry.siblings import SiblingKernel
    from halogenator.model import Transform

    kernel = SiblingKernel([Transform("t", SMIRKS)])
    return lambda smiles: [product.smiles for product in kernel.products(smiles)[0]]


def rdkit_run_reactants() -> Maker:
    from rdkit import Chem
    from rdkit.Chem import rdChemReactions

    reaction = rdChemReactions.ReactionFromSmarts(SMIRKS)

    def make(smiles: str) -> list[str]:
        products = [product for (product,) in reaction.RunReactants((Chem.MolFromSmiles(smiles),), _MAX_PRODUCTS)]
        for product in products:
            Chem.SanitizeMol(product)
        return [Chem.MolToSmiles(product) for product in products]

    return make


def rdkit_enumerate_library() -> Maker:
    from rdkit import Chem
    from rdkit.Chem import rdChemReactions

    reaction = rdChemReactions.ReactionFromSmarts(SMIRKS)

    def make(smiles: str) -> list[str]:
        library = rdChemReactions.EnumerateLibrary(reaction, [[Chem.MolFromSmiles(smiles)]])
        products = [product for sets in library for (product,) in sets]
        for product in products:
            Chem.SanitizeMol(product)
        return [Chem.MolToSmiles(product) for product in products]

    return make


def datamol_apply_reaction() -> Maker:
    import datamol

    reaction = datamol.reactions.rxn_from_smarts(SMIRKS)

    def make(smiles: str) -> list[str]:
        sets = datamol.reactions.apply_reaction(reaction, (datamol.to_mol(smiles),), as_smiles=True)
        return [product for products in sets for product in products]

    return make


def rdchiral() -> Maker:
    from rdchiral.main import rdchiralReactants, rdchiralReaction, rdchiralRun

    reaction = rdchiralReaction(SMIRKS)
    return lambda smiles: rdchiralRun(reaction, rdchiralReactants(smiles))


def chython_template() -> Maker:
    from chython import read_smiles, read_smirks

    template = read_smirks("[c:1][O;D1;h1:2]>>[c:1][O:2][C]")  # its dialect has no X
    return lambda smiles: [str(made) for outcome in template(read_smiles(smiles)) for made in outcome.products]


def indigo_edit() -> Maker:
    from indigo import Indigo

    indigo = Indigo()
    query = indigo.loadSmarts(SITE)
    oxygen = query.getAtom(1)

    def make(smiles: str) -> list[str]:
        parent = indigo.loadMolecule(smiles)
        matcher = indigo.substructureMatcher(parent)  # by name: once collected, it has no matches
        products = []
        for match in matcher.iterateMatches(query):
            product = parent.clone()
            product.getAtom(match.mapAtom(oxygen).index()).addBond(product.addAtom("C"), 1)
            products.append(product.canonicalSmiles())
        return products

    return make


def indigo_enumerator() -> Maker:
    from indigo import Indigo

    indigo = Indigo()
    reaction = indigo.loadReactionSmarts(SMIRKS)

    def make(smiles: str) -> list[str]:
        reactants, position = indigo.createArray(), indigo.createArray()
        position.arrayAdd(indigo.loadMolecule(smiles))
        reactants.arrayAdd(position)
        reactions = indigo.reactionProductEnumerate(reaction, reactants).iterateArray()
        return [product.canonicalSmiles() for made in reactions for product in made.iterateProducts()]

    return make


def open_babel_edit() -> Maker:
    from openbabel import openbabel

    converter = openbabel.OBConversion()
    converter.SetInAndOutFormats("smi", "can")
    query = openbabel.OBSmartsPattern()
    query.Init(SITE)

    def make(smiles: str) -> list[str]:
        parent = openbabel.OBMol()
        converter.ReadString(parent, smiles)
        query.Match(parent)
        products = []
        for _, oxygen in query.GetUMapList():
            product = openbabel.OBMol(parent)
            methyl = product.NewAtom()
            methyl.SetAtomicNum(6)
            methyl.SetImplicitHCount(3)
            product.AddBond(oxygen, methyl.GetIdx(), 1)
            product.GetAtom(oxygen).SetImplicitHCount(0)
            products.append(converter.WriteString(product, True))
        return products

    return make


# What makes the products, and the package that it comes in. Open Babel's own transforms cannot add an atom.
TOOLS: dict[str, tuple[Callable[[], Maker], str]] = {
    OURS: (halogenator, "halogenator"),
    "chython template": (chython_template, "chython"),
    REFERENCE: (rdkit_run_reactants, "rdkit"),
    "RDKit EnumerateLibrary": (rdkit_enumerate_library, "rdkit"),
    "Open Babel edit": (open_babel_edit, "openbabel"),
    "Indigo edit": (indigo_edit, "epam.indigo"),
    "Indigo enumerator": (indigo_enumerator, "epam.indigo"),
    "datamol apply_reaction": (datamol_apply_reaction, "datamol"),
    "rdchiral": (rdchiral, "rdchiral-plus"),
}


def work(tool: str, path: Path) -> dict[str, Any]:
    """Make the products of the parents in a JSON file; return them, with the CPU seconds and the tool's version.

    A parent on which the tool fails has no products. An empty record means that it is not installed.
    """
    start, package = TOOLS[tool]
    try:
        make, release = start(), version(package)
    except ImportError:
        return {}

    def attempt(smiles: str) -> list[str]:
        try:
            return make(smiles)
        except Exception:  # each tool has its own, and one refused molecule is a result
            return []

    parents = json.loads(path.read_text())
    for smiles in parents[:_WARM_UP]:
        attempt(smiles)
    begin = process_time()
    products = [attempt(smiles) for smiles in parents]
    return {"seconds": process_time() - begin, "version": release, "products": products}


if __name__ == "__main__":
    print(json.dumps(work(sys.argv[1], Path(sys.argv[2]))))
