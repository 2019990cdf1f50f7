"""Trials of transforms on given molecules: the products, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import rdkit.Chem.rdChemReactions  # noqa: F401 - before a child is started, or each would load it anew
from rdkit import Chem

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import RejectError, quiet
from halogenator.chemistry.prepare import prepare
from halogenator.chemistry.reaction import Reaction
from halogenator.model import Reading, Transform
from halogenator.process import limits

# Molecules to find examples among: no longer, and no more, than can be tried in a second or two.
_LONGEST = 60
_CANDIDATES = 30


@dataclass(frozen=True)
class Outcome:
    """A product of a trial.

    Attributes:
        smiles: canonical SMILES.
        site: atom of the reactant's SMILES at which the first route acts.
        n_routes: how many sites give it.
        edited: whether it is made by an edit, not by RunReactants.
    """

    smiles: str
    site: int
    n_routes: int
    edited: bool


@dataclass(frozen=True)
class Trial:
    """What one transform does to one molecule.

    Attributes:
        transform: its name.
        given: the SMILES as given.
        smiles: the molecule's canonical SMILES, "" where it cannot be read.
        sites: how many sites match, equivalent ones counted each.
        products: the distinct products.
        unlimited: the SMILES of all products, ``max_sites`` not counted, as examples list them.
        problems: what was refused, and why; of a molecule that cannot be used, that alone.
        reason: why there is no product; "" where there is one.
    """

    transform: str
    given: str
    smiles: str
    sites: int
    products: tuple[Outcome, ...]
    unlimited: tuple[str, ...]
    problems: tuple[str, ...]
    reason: str


def try_transforms(transforms: Sequence[Transform], molecules: Sequence[str]) -> list[Trial]:
    """Return what each transform does to each SMILES, worked out in a child process: a SMIRKS may take RDKit hours.

    A molecule is taken as a library takes it: of a salt the compound is used, uncharged.
    """
    pairs = [(transform, smiles) for transform in transforms for smiles in molecules]

    def work() -> list[Trial]:
        found = []
        for step, (transform, smiles) in enumerate(pairs):
            late = limits.begin(step)
            found.append(_nothing(transform, smiles, late) if late else _try(transform, smiles))
        return found

    return limits.in_child(work)


def find_examples(transforms: Sequence[Transform], molecules: Mapping[str, Sequence[str]]) -> list[Trial]:
    """Return trials on small molecules that show what each transform does: with one product, with two.

    Args:
        transforms: what to try.
        molecules: by the transform's name, SMILES that it matches, the best to show first.
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


def _nothing(transform: Transform, given: str, reason: str, smiles: str = "", sites: int = 0) -> Trial:
    return Trial(transform.name, given, smiles, sites, (), (), (), reason)


def _try(transform: Transform, given: str) -> Trial:
    quiet()
    try:
        taken = prepare(given, Reading())
        mol, smiles = taken.mol, taken.smiles
        reaction = Reaction(transform)
        mol = reaction.hydrogenated(mol)
        matches = reaction.matches(mol)
    except RejectError as error:
        return _nothing(transform, given, str(error))
    if not matches:
        return _nothing(transform, given, _why_not(mol, reaction.query), smiles)
    found, rejects = Kernel([transform]).products(smiles)
    every, _ = Kernel([replace(transform, max_sites=None)]).products(smiles)
    problems = tuple(f"{'' if site is None else f'site {site}: '}{error}" for site, error in rejects)
    products = tuple(Outcome(product.smiles, product.site, product.n_routes, product.edited) for product in found)
    sites = len({reaction.site(mol, match) for match in matches})
    unlimited = tuple(product.smiles for product in every)
    reason = "" if found else "every product is refused"
    return Trial(transform.name, given, smiles, sites, products, unlimited, problems, reason)


def _why_not(mol: Any, query: Any) -> str:
    """Return why a reactant does not match: an atom of it that no atom of the molecule is, or how they are joined."""
    texts = [atom.GetSmarts() for atom in query.GetAtoms()]
    lacking = [text for text in dict.fromkeys(texts) if not mol.HasSubstructMatch(Chem.MolFromSmarts(text))]
    if lacking:
        return f"no atom of the molecule is {' or '.join(lacking)}"
    return f"atoms of each kind ({', '.join(dict.fromkeys(texts))}) are there, but not joined as in the reactant"
