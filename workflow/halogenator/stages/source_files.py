"""In which of a library's files a row stands: rows of several files are counted on from one to the next."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from halogenator.storage.duck import literal
from halogenator.storage.metadata import read_metadata


@dataclass(frozen=True)
class SourceFiles:
    """The files of a library in their order.

    Attributes:
        files: their addresses.
        starts: rows before the first of each.
    """

    files: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, table: Path) -> SourceFiles:
        """Return those that a table's metadata has: one of raw rows, or a chunk made of it."""
        sources = cast("list[tuple[str, int]]", read_metadata(table).get("sources") or [("", 0)])
        return cls(tuple(str(file) for file, _ in sources), tuple(int(start) for _, start in sources))

    def plain(self) -> list[list[object]]:
        """Return them as JSON values, which ``of`` reads."""
        return [[file, start] for file, start in zip(self.files, self.starts, strict=True)]

    def find(self, row: int) -> tuple[str, int]:
        """Return the file that a row stands in, and which row of that file it is.

        Examples:
            >>> SourceFiles(("a.smi", "b.smi"), (0, 100)).find(101)
            ('b.smi', 1)
        """
        at = max(0, bisect_left(self.starts, row) - 1)
        return self.files[at], row - self.starts[at]

    def sql_file(self, row: str) -> str:
        """Return the SQL expression of the file that a row, an expression, stands in."""
        return self._sql(row, [literal(file) for file in self.files])

    def sql_row(self, row: str) -> str:
        """Return the SQL expression of which row of its file a row, an expression, is."""
        return f"{row} - {self._sql(row, [str(start) for start in self.starts])}"

    def sql_place(self, row: str) -> str:
        """Return the SQL expression of words that tell a row from the others of the library."""
        own = f"'row ' || ({self.sql_row(row)})"
        return own if len(self.files) == 1 else f"{own} || ' of ' || {self.sql_file(row)}"

    def _sql(self, row: str, values: list[str]) -> str:
        if len(values) == 1:
            return values[0]
        table = ", ".join(map(str, self.starts))
        return f"list_extract([{', '.join(values)}], len(list_filter([{table}], lambda start: start < {row})))"
