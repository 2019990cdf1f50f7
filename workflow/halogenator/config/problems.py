"""Several user errors raised as one, so that a run lists everything that is wrong with a configuration at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from halogenator.errors import UserError


class CombinedUserError(UserError):
    """Two or more user errors; its text holds each of them, numbered.

    Args:
        problems: the errors in the order to show them.
    """

    def __init__(self, problems: Sequence[UserError]) -> None:
        super().__init__(f"{len(problems)} problems in the configuration")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([f"{self.what}:", *(f"\n{n}. {problem}" for n, problem in enumerate(self.problems, 1))])


def raise_all(problems: Sequence[UserError]) -> None:
    """Raise the only problem as it is, several as one, none not at all; two that read alike count once.

    Raises:
        UserError: there is a problem.
    """
    distinct = list({str(problem): problem for problem in problems}.values())
    if len(distinct) == 1:
        raise distinct[0]
    if distinct:
        raise CombinedUserError(distinct)


@contextmanager
def collecting(problems: list[UserError]) -> Iterator[None]:
    """Put a user error that leaves the block into ``problems``; the rest of the block is skipped."""
    try:
        yield
    except CombinedUserError as error:
        problems.extend(error.problems)
    except UserError as error:
        problems.append(error)


@contextmanager
def located(place: object) -> Iterator[None]:
    """Put ``place``, the configuration key that led here, in front of where a user error says it happened."""
    try:
        yield
    except UserError as error:
        for problem in error.problems if isinstance(error, CombinedUserError) else (error,):
            problem.where = place if problem.where is None else f"{place} ({problem.where})"
        raise
