"""Errors that a user can mend, and helpers that collect them and place them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

_LONGEST_NAME = 1_000  # characters; longer names are no typing slips, and take long to compare


class UserError(Exception):
    """An error in the configuration, the input or the surroundings that only the user can mend.

    Args:
        what: what failed, in one sentence.
        where: file, with line, row or key.
        value: the offending value, shown as ``repr``.
        allowed: what would have been accepted.
        fix: what to do now.

    Attributes:
        exit_status: exit status of a verb that ends with this error.

    Examples:
        >>> print(UserError("this key is unknown", where="my.yaml, line 3", value="max_site", fix="write max_sites"))
        this key is unknown
          where:   my.yaml, line 3
          found:   'max_site'
          fix:     write max_sites
    """

    exit_status = 1

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        value: object = None,
        allowed: object = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.value = value
        self.allowed = allowed
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        """Return its pickled form, with any ``value``, ``allowed`` and ``where`` as text, for another process."""
        value = self.value if isinstance(self.value, str | int | float | list | None) else repr(self.value)
        allowed = self.allowed if isinstance(self.allowed, str | None) else list(map(str, cast("Any", self.allowed)))
        where = None if self.where is None else str(self.where)
        fields: dict[str, Any] = {"where": where, "value": value, "allowed": allowed, "fix": self.fix}
        return partial(type(self), **fields), (self.what,)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where is not None:
            lines.append(f"  where:   {self.where}")
        if self.value is not None:
            lines.append(f"  found:   {_shorten(repr(self.value))}")
        if self.allowed is not None:
            lines.append(f"  allowed: {_listing(self.allowed)}")
        if self.fix is not None:
            lines.append(f"  fix:     {self.fix}")
        return "\n".join(lines).encode(errors="backslashreplace").decode()  # names of files may be no UTF-8


class CombinedUserError(UserError):
    """Two or more user errors; its text holds each of them, numbered.

    Args:
        problems: the errors, in the order to show them.
    """

    def __init__(self, problems: Sequence[UserError]) -> None:
        super().__init__(f"{len(problems)} problems in the configuration")
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return its pickled form, for another process."""
        return type(self), (self.problems,)

    def __str__(self) -> str:
        return "\n".join([f"{self.what}:", *(f"\n{n}. {problem}" for n, problem in enumerate(self.problems, 1))])


def raise_all(problems: Sequence[UserError]) -> None:
    """Raise the given errors together, those with the same text once; without any, do nothing.

    Raises:
        UserError: the only error.
        CombinedUserError: all of them, where there are several.
    """
    distinct = list({str(problem): problem for problem in problems}.values())
    if len(distinct) == 1:
        raise distinct[0]
    if distinct:
        raise CombinedUserError(distinct)


@contextmanager
def collecting(problems: list[UserError]) -> Iterator[None]:
    """Catch a user error that the block raises, and append it to ``problems``."""
    try:
        yield
    except CombinedUserError as error:
        problems.extend(error.problems)
    except UserError as error:
        problems.append(error)


@contextmanager
def located(place: object) -> Iterator[None]:
    """Put ``place``, a configuration key, in front of the ``where`` of a user error that the block raises."""
    try:
        yield
    except UserError as error:
        for problem in error.problems if isinstance(error, CombinedUserError) else (error,):
            problem.where = place if problem.where is None else f"{place} ({problem.where})"
        raise


def did_you_mean(name: str, allowed: Iterable[str]) -> str | None:
    """Return ``"did you mean 'x'?"`` for the allowed name nearest to ``name``, or None if none is near.

    Examples:
        >>> did_you_mean("polyphenols", ["polyphenol", "terpenoid"])
        "did you mean 'polyphenol'?"
    """
    if len(str(name)) > _LONGEST_NAME:
        return None
    by_folded = {candidate.casefold(): candidate for candidate in allowed}
    near = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean '{by_folded[near[0]]}'?" if near else None


def _listing(allowed: object) -> str:
    if isinstance(allowed, Iterable) and not isinstance(allowed, str):
        return _shorten(", ".join(map(str, allowed)), 2_000)
    return str(allowed)


def _shorten(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
