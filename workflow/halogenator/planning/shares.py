"""Shares: how much of what rules and transforms could make is kept by the choices of a configuration.

The kernel makes what some molecules of the sample give, level after level, with all that is chosen. From each level one
of the molecules that were kept is taken on to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from halogenator.model import Choice, Transform
from halogenator.planning.sample import Sample, sampled
from halogenator.process import limits

TRIED = 48  # molecules that are tried, of those in the sample
_LONGEST = 500  # characters of a SMILES; longer ones would take long, and are few


@dataclass(frozen=True)
class Trial:
    """A molecule of the sample, and one that was made from it.

    Attributes:
        parent: position of the former in the sample.
        smiles: the latter; "" if nothing was kept.
        kept: number of molecules that the latter stands for.
        every: how many they would be if nothing were left out.
        step: how many the last step made of one, with those left out.
    """

    parent: int
    smiles: str
    kept: float = 1
    every: float = 1
    step: int = 1


def first_trials(sample: Sample) -> list[Trial]:
    """Return molecules of a sample, evenly spread."""
    short = [number for number, smiles in enumerate(sample.molecules) if len(smiles) <= _LONGEST]
    chosen = (short[place] for place in sampled(len(short), TRIED, 0, len(short)))
    return [Trial(number, sample.molecules[number]) for number in chosen]


def tried(trials: Sequence[Trial], transforms: Sequence[Transform], choice: Choice) -> list[Trial]:
    """Return what is made of molecules. A child process does it, in bounded time.

    Args:
        trials: the molecules.
        transforms: what is applied to them.
        choice: what is left out, besides what each transform leaves out.
    """
    import rdkit.Chem  # noqa: F401 - loaded once here, not again in each child process

    return limits.in_child(lambda: _tried(trials, transforms, choice))


def _tried(trials: Sequence[Trial], transforms: Sequence[Transform], choice: Choice) -> list[Trial]:
    from halogenator.chemistry.choosing import Chooser
    from halogenator.chemistry.molecules import quiet

    quiet()
    chooser = Chooser(transforms, choice=choice)
    made = []
    for number, trial in enumerate(trials):
        if not trial.smiles:  # without a molecule to look at, the step is taken to be as large as the last one
            made.append(replace(trial, every=trial.every * trial.step))
        elif not limits.begin(number):
            kept, _, left_out = chooser.products(trial.smiles)
            smiles, step = Random(number).choice(kept).smiles if kept else "", len(kept) + left_out
            made.append(Trial(trial.parent, smiles, trial.kept * len(kept), trial.every * step, step))
    return made


def share(trials: Sequence[Trial], weights: Iterable[float]) -> float:
    """Return the share that is kept of what trials stand for, each with a weight; 1 if they stand for nothing."""
    kept = every = 0.0
    for trial, weight in zip(trials, weights, strict=True):
        kept += weight * trial.kept
        every += weight * trial.every
    return kept / every if every else 1.0
