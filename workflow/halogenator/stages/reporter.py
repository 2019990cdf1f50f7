"""What a long stage tells of how far it is: library code never prints, it is handed one of these."""

from __future__ import annotations


class Reporter:
    """Hears of progress and says nothing; subclasses show it."""

    def begin(self, what: str, total: int) -> None:
        """A pass over ``total`` rows begins."""

    def advance(self, rows: int) -> None:
        """So many more rows are done."""

    def note(self, text: str) -> None:
        """Something that a person should know."""
