"""The input files of a library. Rows are numbered over all files; here their file and their row in it are found."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from halogenator.tables.duck import literal
from halogenator.tables.metadata import read_metadata


@dataclass(frozen=True)
class SourceFiles:
    """The files of a library, in order.

    Attributes:
        files: their paths or addresses.
        starts: the number of rows before each file.
    """

    files: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, table: Path) -> SourceFiles:
        """Return the files in the metadata of a table of raw rows, or of a chunk made from it."""
        sources = cast("list[tuple[str, int]]", read_metadata(table).get("sources") or [("", 0)])
        return cls(tuple(str(file) for file, _ in sources), tuple(int(start) for _, start in sources))

    def plain(self) -> list[list[object]]:
        """Return the files as JSON values for metadata, from which ``of`` reads them."""
        return [[file, start] for file, start in zip(self.files, self.starts, strict=True)]

    def find(self, row: int) -> tuple[str, int]:
        """Return the file of a row, and the row's number in that file.

        Examples:
            >>> SourceFiles(("a.smi", "b.smi"), (0, 100)).find(101)
            ('b.smi', 1)
        """
        at = max(0, bisect_left(self.starts, row) - 1)
        return self.files[at], row - self.starts[at]

    def sql_file(self, row: str) -> str:
        """Return the SQL expression for the file of a row; ``row``: the SQL expression of its number."""
        return self._sql(row, [literal(file) for file in self.files])

    def sql_row(self, row: str) -> str:
        """Return the SQL expression for the number of a row in its own file."""
        return f"{row} - {self._sql(row, [str(start) for start in self.starts])}"

    def sql_place(self, row: str) -> str:
        """Return the SQL expression for a row in words: ``row 3 of b.smi``."""
        own = f"'row ' || ({self.sql_row(row)})"
        return own if len(self.files) == 1 else f"{own} || ' of ' || {self.sql_file(row)}"

    def _sql(self, row: str, values: list[str]) -> str:
        """Return the SQL expression for the one of ``values``, one per file, that belongs to a row's file."""
        if len(values) == 1:
            return values[0]
        table = ", ".join(map(str, self.starts))
        return f"list_extract([{', '.join(values)}], len(list_filter([{table}], lambda start: start < {row})))"
