"""Shares: how much of what rules and transforms could make is kept by the choices of a configuration.

The kernel makes what some molecules of the sample give, level after level, with all that is chosen. From each level one
of the molecules that were kept is taken on to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from halogenator.model import Choice, Transform
from halogenator.planning.sample import SAMPLE_ROWS, Sample, sampled
from halogenator.process import limits

if TYPE_CHECKING:
    from halogenator.chemistry.choosing import Chooser

TRIED = 20  # molecules that are tried at least
_ONE_IN = 12  # of how many molecules of a large sample one is tried
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


@dataclass(frozen=True)
class Step:
    """Something that is made of each molecule of a library.

    Attributes:
        name: of the library or job that it makes.
        base: of what it is applied to.
        transforms: what is applied, with what each leaves out.
        choice: what is left out besides.
    """

    name: str
    base: str
    transforms: tuple[Transform, ...]
    choice: Choice


def first_trials(sample: Sample) -> list[Trial]:
    """Return molecules of a sample, evenly spread from those with the fewest sites to those with the most."""
    short = [number for number, smiles in enumerate(sample.smiles) if len(smiles) <= _LONGEST]
    short.sort(key=lambda number: sum(each.distinct for each in sample.sites[number].values()))
    size = max(TRIED, len(short) // _ONE_IN)
    chosen = (short[place] for place in sampled(len(short), size, 0, len(short)))
    return [Trial(number, sample.smiles[number]) for number in chosen]


def tried(steps: Sequence[Step], trials: Mapping[str, Sequence[Trial]]) -> dict[str, list[Trial]]:
    """Return {name of a step: what it made}. A child process does it, in bounded time.

    Args:
        steps: the steps, each after the one that it is applied to.
        trials: {name: molecules} that the first of them are applied to.
    """
    import rdkit.Chem  # noqa: F401 - loaded once here, not again in each child process

    return limits.in_child(lambda: _tried(steps, trials))


def _tried(steps: Sequence[Step], trials: Mapping[str, Sequence[Trial]]) -> dict[str, list[Trial]]:
    from halogenator.chemistry.choosing import Chooser
    from halogenator.chemistry.molecules import quiet

    quiet()
    choosers: dict[object, Chooser] = {}
    made: dict[str, list[Trial]] = {}
    for number, step in enumerate(steps):
        key = step.transforms, step.choice
        chooser = choosers[key] = choosers.get(key) or Chooser(step.transforms, choice=step.choice)
        origin = made.get(step.base, trials.get(step.base, ()))
        made[step.name] = [
            found
            for place, trial in enumerate(origin)
            if (found := _next(chooser, trial, number * SAMPLE_ROWS + place)) is not None
        ]
    return made


def _next(chooser: Chooser, trial: Trial, number: int) -> Trial | None:
    """Return a molecule that is made of that of a trial; None if nothing can be. ``number`` is that of the attempt."""
    if not trial.smiles:  # without a molecule to look at, the step is taken to be as large as the last one
        return replace(trial, every=trial.every * trial.step)
    if limits.begin(number):
        return None
    kept, _, left_out = chooser.products(trial.smiles)
    step = len(kept) + left_out
    if not step:
        return None
    smiles = Random(number).choice(kept).smiles if kept else ""
    return Trial(trial.parent, smiles, trial.kept * len(kept), trial.every * step, step)


def share(trials: Sequence[Trial], weights: Sequence[float] | None = None) -> float:
    """Return the share that is kept of what trials stand for, each with a weight; 1 if they stand for nothing."""
    kept = every = 0.0
    for trial, weight in zip(trials, weights or [1] * len(trials), strict=True):
        kept += weight * trial.kept
        every += weight * trial.every
    return kept / every if every else 1.0
