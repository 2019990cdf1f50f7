"""The finished libraries and jobs of a results folder, as a run leaves them at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from halogenator.browse.view import PRODUCTS, View
from halogenator.errors import UserError
from halogenator.results import Results
from halogenator.search.parts import Part
from halogenator.tables.parquet import open_parquet


@dataclass(frozen=True)
class File:
    """A finished library or job, with what a filter shows of it."""

    part: Part
    rows: int
    columns: frozenset[str]

    @property
    def is_of_products(self) -> bool:
        return self.part.transform is not None


class Files:
    """All of them, each looked at once as long as it stays.

    Args:
        results: the results folder.
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        self._known: dict[Path, tuple[float, File]] = {}

    def listed(self) -> list[File]:
        """Return the finished libraries and jobs, in the order of their names."""
        jobs = [Part(path, *names) for names, path in self._results.jobs().items()]
        parts = [Part(path, name) for name, path in self._results.libraries().items()] + jobs
        parts.sort(key=lambda part: (part.library or "", part.transform or ""))
        return [file for part in parts if (file := self._file(part))]

    def _file(self, part: Part) -> File | None:
        try:
            changed = part.path.stat().st_mtime
        except FileNotFoundError:  # a run removes it before it makes it anew
            return None
        known = self._known.get(part.path)
        if known is None or known[0] != changed:
            file = open_parquet(part.path)
            known = changed, File(part, file.metadata.num_rows, frozenset(file.schema_arrow.names))
            self._known[part.path] = known
        return known[1]


def of_kind(view: View, files: Sequence[File]) -> list[File]:
    """Return the files of what a view shows, products or molecules."""
    return [file for file in files if file.is_of_products == (view.show == PRODUCTS)]


def chosen(view: View, files: Sequence[File]) -> list[File]:
    """Return the files that a view shows.

    Raises:
        UserError: there are none of a library or a transform that it names.
    """
    found = of_kind(view, files)
    for kind, wanted in (("library", view.libraries), ("transform", view.transforms if view.show == PRODUCTS else ())):
        known = {getattr(file.part, kind) for file in found}
        for name in wanted:
            if name not in known:
                allowed = sorted(filter(None, known))
                raise UserError(f"there are no results of this {kind}", where=kind, value=name, allowed=allowed)
        found = [file for file in found if not wanted or getattr(file.part, kind) in wanted]
    return found
