"""What could not be used, and what was left out: told, counted, and kept as far as memory allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

import pyarrow as pa

from halogenator.api.frames import SHOWN_ROWS, Frame, framed, html_table
from halogenator.tables.columns import REJECTS, Column, arrow_schema

MOST_KEPT = 100_000  # rejects in memory, some 50 MB

_POSITION = Column("position", pa.int64(), "place among the molecules given, from 0")
COLUMNS = (_POSITION, *(column for column in REJECTS if column.name not in ("source", "row")))


class RejectWarning(UserWarning):
    """Some of the molecules could not be used."""


@dataclass(frozen=True)
class Reject:
    """A molecule that could not be used, or a site of it whose product could not.

    Attributes:
        position: its place among the molecules given, from 0.
        id: its name.
        site: atom of the molecule as it was read; None: the molecule itself could not be used.
        smiles: the SMILES, at most 200 characters of it.
        reason: kind of problem.
        detail: this one's problem.
    """

    position: int
    id: str
    site: int | None
    smiles: str
    reason: str
    detail: str

    def __str__(self) -> str:
        where = "" if self.site is None else f" at atom {self.site}"
        name = "" if self.id == str(self.position) else f" ({self.id})"
        return f"molecule {self.position}{name}{where}: {self.reason}: {self.detail}"


class Rejects(Frame, Sequence[Reject]):
    """The rejects of one pass. All are counted; the first ``MOST_KEPT`` are kept.

    Attributes:
        total: how many there were.
        reasons: how many of each reason.
    """

    def __init__(self) -> None:
        self.total = 0
        self.reasons: Counter[str] = Counter()
        self._kept: list[Reject] = []

    def add(self, reject: Reject) -> None:
        """Count one, and keep it if there is room."""
        self.total += 1
        self.reasons[reject.reason] += 1
        if len(self._kept) < MOST_KEPT:
            self._kept.append(reject)

    @property
    def _counted(self) -> str:
        return f"{self.total:,} reject{'s' * (self.total != 1)}{f': {self.summary}' if self.total else ''}"

    @property
    def summary(self) -> str:
        """The counts in words; "" if there are none."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())

    @property
    def schema(self) -> pa.Schema:
        return arrow_schema(COLUMNS)

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist(list(map(asdict, self._kept)), schema=self.schema)

    @overload
    def __getitem__(self, place: int) -> Reject: ...
    @overload
    def __getitem__(self, place: slice) -> list[Reject]: ...
    def __getitem__(self, place: int | slice) -> Reject | list[Reject]:
        return self._kept[place]

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        more = f"\n… {self.total - SHOWN_ROWS:,} more" if self.total > SHOWN_ROWS else ""
        lines = [self._counted, *map(str, self[:SHOWN_ROWS])]
        return "\n".join(lines) + more

    def _repr_html_(self) -> str:
        more = f"<p>… {self.total - SHOWN_ROWS:,} more</p>" if self.total > SHOWN_ROWS else ""
        head = f"<p>{self._counted}</p>"
        return framed(head, html_table([asdict(each) for each in self[:SHOWN_ROWS]]), more)


class LeftOut:
    """What choices (``exclude``, ``protect``, ``within``, ``quota``) left out, counted as in a run's ``audit.tsv``.

    Attributes:
        entries: a mapping each, with transform, kind, name, molecules, routes and examples.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def add(self, entries: Iterable[dict[str, Any]]) -> None:
        """Add what one batch of molecules left out."""
        from halogenator.tables.left_out import added_up  # and with it DuckDB

        self.entries = added_up([self.entries, list(entries)])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        if not self.entries:
            return "nothing was left out"
        return "\n".join(" ".join(f"{value}" for value in row.values()) for row in self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "transform": entry["transform"],
                "left out by": f"{entry['kind']} {entry['name']}",
                "molecules": entry["molecules"],
                "routes": entry["routes"],
                "example": " → ".join(entry["examples"][0]) if entry["examples"] else "",
            }
            for entry in self.entries
        ]

    def _repr_html_(self) -> str:
        return framed(html_table(self._rows()) or "<p>nothing was left out</p>")
