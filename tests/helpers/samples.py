"""The two forms of the tests: `make test` takes small samples, `pytest --long` all that it left out.

A test for the long form alone is marked ``long``. A test marked ``sampled`` runs in both, on more in the long form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

LONG = False
SEED = 4
SAFETY_NET = 1800  # seconds: what takes longer has come to a stop; no machine is so slow


def choose(*, long: bool, seed: int) -> None:
    """Say which form this is, before the modules with tests are imported."""
    global LONG, SEED
    LONG, SEED = long, seed


def size(short: int, long: int) -> int:
    """The size of a sample in this form; the test is to be marked ``sampled``."""
    return long if LONG else short


def examples(short: int, long: int) -> Callable[[Any], Any]:
    """So many examples of a hypothesis test, which is thereby marked: the same ones in every run of one ``--seed``."""
    from hypothesis import HealthCheck, seed, settings  # not in every environment that runs tests

    def decorate(test: Any) -> Any:
        how = settings(
            max_examples=size(short, long), deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        return pytest.mark.sampled(seed(SEED)(how(test)))

    return decorate


def few(values: Iterable[Any], count: int) -> list[Any]:
    """Parameters of which ``make test`` takes so many, evenly spread, and the long form the others."""
    every: Sequence[Any] = list(values)
    chosen = {number * len(every) // count for number in range(count)}
    return [
        value if number in chosen else pytest.param(value, marks=pytest.mark.long) for number, value in enumerate(every)
    ]
