"""Reversal: the molecules that a product may have come from, as shapes.

A *shape* is a canonical SMILES without configuration and isotopes. The reversed SMIRKS is run on a product's shape.
What it gives need not be a parent: whoever wants to know lets the transform act on molecules of that shape. But a
parent has one of the shapes, unless its SMIRKS cannot be turned round, as where a leaving atom is one of several
elements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from halogenator.chemistry.molecules import reread
from halogenator.chemistry.reaction import has_hydrogens
from halogenator.model import Transform
from halogenator.smirks import in_one_product, is_grouped, sides_of

_MAX_PRODUCTS = 1_000
_CONFIGURED = re.compile(r"[@/\\]|\[\d")
_CENTRES = re.compile(r"@+|[/\\]")


@lru_cache(100_000)
def shape_of(smiles: str) -> str:
    """Return the shape of a molecule that is given by a canonical SMILES.

    Examples:
        >>> shape_of("C[C@H](N)C(=O)O")
        'CC(N)C(=O)O'
    """
    return _shape(reread(smiles)) if _CONFIGURED.search(smiles) else smiles


def _shape(mol: Chem.Mol) -> str:
    Chem.RemoveStereochemistry(mol)
    return str(Chem.MolToSmiles(mol, isomericSmiles=False))


def configured(smiles: str) -> int:
    """Return how many marks of configuration a SMILES has.

    Examples:
        >>> configured("C[C@@H](O)/C=C/C")
        3
    """
    return len(_CENTRES.findall(smiles))


class Reversal:
    """Transforms turned round.

    Args:
        transforms: the transforms; those that cannot be turned round are left out.

    Examples:
        >>> sorted(Reversal([Transform("methylation", "[c:1][OX2H:2]>>[c:1][O:2]C")]).shapes("COc1ccc(OC)c(O)c1"))
        ['COc1ccc(O)c(O)c1', 'COc1ccc(O)cc1O']
    """

    def __init__(self, transforms: Iterable[Transform]) -> None:
        found = {transform.smirks: _reversed(transform.smirks) for transform in transforms}
        self._reactions = [each for each in found.values() if each is not None]

    def shapes(self, smiles: str) -> Counter[str]:
        """Return the shapes of molecules that may give a product, each with the number of places where they do."""
        mol = reread(shape_of(smiles))
        whole = None
        found: Counter[str] = Counter()
        for reaction, with_hydrogens in self._reactions:
            if with_hydrogens:
                whole = whole or Chem.AddHs(mol)
            for (product,) in reaction.RunReactants((whole if with_hydrogens else mol,), _MAX_PRODUCTS):
                try:
                    found[_finished(product, with_hydrogens)] += 1
                except (Chem.MolSanitizeException, ValueError):
                    continue
        return found


def _finished(product: Chem.Mol, with_hydrogens: bool) -> str:
    """Return the shape of a molecule that RunReactants made.

    RDKit takes a template's ``!H0`` for a count of hydrogens. They follow from the bonds, except on aromatic atoms.
    """
    for atom in product.GetAtoms():
        if atom.HasProp("old_mapno") and not atom.GetIsAromatic():
            atom.SetNoImplicit(False)
            atom.SetNumExplicitHs(0)
    Chem.SanitizeMol(product)
    return _shape(Chem.RemoveHs(product) if with_hydrogens else product)


def _reversed(smirks: str) -> tuple[rdChemReactions.ChemicalReaction, bool] | None:
    """Return a SMIRKS turned round, and whether it needs hydrogens as atoms; None if it cannot be."""
    before, _, after = sides_of(in_one_product(smirks))
    if is_grouped(smirks):
        before = before[1:-1]
    if "." in before:
        before = f"({before})"
    try:
        reaction = rdChemReactions.ReactionFromSmarts(f"{after}>>{before}")
        reaction.Initialize()
    except (ValueError, RuntimeError):
        return None
    if reaction.GetNumReactantTemplates() != 1 or reaction.GetNumProductTemplates() != 1:
        return None
    return reaction, has_hydrogens(after)
