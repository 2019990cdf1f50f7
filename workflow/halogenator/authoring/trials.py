"""Trials of transforms on molecules: the products, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rdkit import Chem

from halogenator.chemistry.kernel import Kernel, Product
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.chemistry.prepare import prepare
from halogenator.chemistry.reaction import Reaction
from halogenator.model import Reading, Transform
from halogenator.process import limits

# Longest SMILES and most molecules to find examples among; they can be tried in a second or two.
_LONGEST = 60
_CANDIDATES = 30


@dataclass(frozen=True)
class Trial:
    """The result of one transform on one molecule.

    Attributes:
        transform: name of the transform.
        given: the SMILES as given.
        smiles: the molecule's canonical SMILES; "" if it cannot be read.
        sites: number of sites; equivalent ones count each.
        products: the distinct products.
        unlimited: the SMILES of all products without ``max_sites``, as examples list them.
        problems: the refused products, each with the reason.
        reason: why there is no product; "" if there is one.
    """

    transform: str
    given: str
    smiles: str = ""
    sites: int = 0
    products: tuple[Product, ...] = ()
    unlimited: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    reason: str = ""


def try_transforms(transforms: Sequence[Transform], molecules: Sequence[str]) -> list[Trial]:
    """Return a trial of each transform on each SMILES, standardised as in a library with default options.

    A child process with limits does the work, as RDKit may take hours for a SMIRKS.
    """
    pairs = [(transform, smiles) for transform in transforms for smiles in molecules]

    def work() -> list[Trial]:
        found = []
        for step, (transform, smiles) in enumerate(pairs):
            late = limits.begin(step)
            found.append(Trial(transform.name, smiles, reason=late) if late else _try(transform, smiles))
        return found

    return limits.in_child(work)


def find_examples(transforms: Sequence[Transform], molecules: Mapping[str, Sequence[str]]) -> list[Trial]:
    """Return up to two trials on small molecules as examples of each transform: one with one product, one with two.

    Args:
        transforms: the transforms.
        molecules: {name of a transform: SMILES that it matches}, the best to show first.
    """
    found: list[Trial] = []
    for transform in transforms:
        short = [smiles for smiles in molecules[transform.name] if len(smiles) <= _LONGEST][:_CANDIDATES]
        wanted = {1, 2}
        for trial in try_transforms([transform], short):
            if len(trial.products) in wanted and not trial.problems:
                wanted.remove(len(trial.products))
                found.append(trial)
    return found


def _try(transform: Transform, given: str) -> Trial:
    quiet()
    try:
        prepared = prepare(given, Reading())
        reaction = Reaction(transform)
        mol = reaction.hydrogenated(prepared.mol)
        matches = reaction.matches(mol)
    except RejectError as error:
        return Trial(transform.name, given, reason=str(error))
    if not matches:
        return Trial(transform.name, given, prepared.smiles, reason=_why_not(mol, reaction.query))
    smiles = prepared.smiles
    found, rejects = Kernel([transform]).products(smiles)
    every, _ = Kernel([replace(transform, max_sites=None)]).products(smiles)
    problems = tuple(f"{'' if site is None else f'site {site}: '}{error}" for site, error in rejects)
    sites = len({reaction.site(mol, match) for match in matches})
    unlimited = tuple(product.smiles for product in every)
    reason = "" if found else "every product is refused"
    return Trial(transform.name, given, smiles, sites, tuple(found), unlimited, problems, reason)


def _why_not(mol: Any, query: Any) -> str:
    """Return why a query does not match: another configuration, an atom that is lacking, or atoms joined otherwise."""
    if mol.HasSubstructMatch(query):
        return "the reactant is there, but not in the configuration that it states"
    texts = [atom.GetSmarts() for atom in query.GetAtoms()]
    lacking = [text for text in dict.fromkeys(texts) if not mol.HasSubstructMatch(Chem.MolFromSmarts(text))]
    if lacking:
        return f"no atom of the molecule is {' or '.join(lacking)}"
    return f"atoms of each kind ({', '.join(dict.fromkeys(texts))}) are there, but not joined as in the reactant"
