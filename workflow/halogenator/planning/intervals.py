"""Estimates of counts from random walks, each with a 95 % interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

_NORMAL = 1.959964  # 97.5 % of the normal distribution are below
_NONE_SEEN = 3.0  # what has an expected count of 3 is seen with a probability of 95 %
_MOST_DEGREES = 1e9


@dataclass(frozen=True)
class Estimate:
    """An estimated count.

    Attributes:
        value: the estimate; its expectation is the count.
        low, high: bounds of the 95 % interval; both are ``value`` if it is known exactly.
        variance: of ``value``.
        degrees: of freedom, with which the variance is known.
    """

    value: float
    low: float
    high: float
    variance: float = 0.0
    degrees: float = _MOST_DEGREES

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    @property
    def short(self) -> str:
        """The value without its interval."""
        return f"{self.value:,.0f}" if self.is_exact else f"{rounded(self.value):,}"

    @property
    def range(self) -> str:
        """The interval in words."""
        return "exactly" if self.is_exact else f"{rounded(self.low):,} to {rounded(self.high):,}"

    def __str__(self) -> str:
        return self.short if self.is_exact else f"{self.short} ({self.range})"


def rounded(value: float) -> int:
    """Return a number rounded to three digits.

    Examples:
        >>> rounded(27_769.4), rounded(31.6)
        (27800, 32)
    """
    return round(float(f"{value:.3g}"))


def estimate(
    values: np.ndarray, strata: Sequence[int], *, seen: int = 0, unit: float = 0.0, exact: bool = False
) -> Estimate:
    """Return the estimate of a count that is the sum of what the walks contribute.

    Few walks that agree do not prove that all would: a fraction of 1/n of what n walks contribute is doubted.

    Args:
        values: what each walk contributes.
        strata: the number of the part of the whole that each walk was drawn from; each part has its share of the walks.
        seen: how many different ones the walks have met, below which the count is not.
        unit: the share of the whole that a walk stands for, if it was drawn at random: the upper bound of a count of
            which nothing was seen depends on it.
        exact: whether nothing was chosen at random.
    """
    value = float(values.sum())
    if exact:
        return Estimate(value, value, value)
    if not value:
        return Estimate(0.0, 0.0, _NONE_SEEN * unit)
    variance = square = 0.0
    groups = np.asarray(strata)
    for stratum in np.unique(groups):
        part = values[groups == stratum]
        if len(part) > 1:
            own = len(part) * float(np.var(part, ddof=1))
            variance += own
            square += own**2 / (len(part) - 1)
    degrees = variance**2 / square if square else _MOST_DEGREES
    contributing = int(np.count_nonzero(values))
    if variance < (value / contributing) ** 2:
        variance, degrees = (value / contributing) ** 2, float(contributing)
    low, high = _bounds(value, variance, degrees)
    return Estimate(value, min(value, max(low, seen)), high, variance, degrees)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Return the sum of independent estimates."""
    parts = list(estimates)
    value, variance = sum(part.value for part in parts), sum(part.variance for part in parts)
    square = sum(part.variance**2 / part.degrees for part in parts)
    degrees = variance**2 / square if square else _MOST_DEGREES
    low, high = _bounds(value, variance, degrees) if value else (0.0, sum(part.high for part in parts))
    return Estimate(value, low, high, variance, degrees)


def _bounds(value: float, variance: float, degrees: float) -> tuple[float, float]:
    """Return bounds by the log-normal distribution: counts are skewed, and not below 0."""
    if variance < 1e-12 * value**2:
        return value, value
    spread = _quantile(degrees) * sqrt(log(1 + variance / value**2))
    return value * exp(-spread), value * exp(spread)


def _quantile(degrees: float) -> float:
    """Return the 97.5 % quantile of Student's t, by Cornish and Fisher's series; for 3 degrees at least.

    Examples:
        >>> round(_quantile(10), 2), round(_quantile(3), 1)
        (2.23, 3.2)
    """
    n, z = max(degrees, 3.0), _NORMAL
    terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + terms[0] / n + terms[1] / n**2 + terms[2] / n**3
