"""What a long stage tells of how far it is: library code never prints, it is handed one of these."""

from __future__ import annotations


class Reporter:
    """Hears of progress and says nothing; subclasses show it."""

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """A step of ``total`` rows or tasks begins, of which ``done`` were done by an earlier run."""

    def advance(self, count: int = 1) -> None:
        """So many more of them are done."""

    def tick(self) -> None:
        """Some time has passed."""

    def note(self, text: str) -> None:
        """Something that a person should know."""
