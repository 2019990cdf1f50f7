"""The parent beside each product: both files are in parent order, so they are read side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from halogenator.errors import UserError
from halogenator.storage.parquet import open_parquet, read_rows

PARENT_FIELDS = (pa.field("parent_smiles", pa.string()), pa.field("parent", pa.string()))
_ROWS = 8_192


class Parents:
    """Looks up the parents of products that come in the order of their files, in the memory of one batch."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._job: tuple[str, str] | None = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._near: dict[str, tuple[str, str]] = {}

    def columns(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """Return the columns of ``PARENT_FIELDS`` for a batch of one job's products; null where no parent is known.

        Raises:
            UserError: the library has no such molecule, or not in this order.
        """
        if not batch.num_rows:
            return [pa.nulls(0, field.type) for field in PARENT_FIELDS]
        job = (batch["library"][0].as_py(), batch["transform"][0].as_py())
        if job != self._job:
            self._open(job)
        found = [(None, None) if name is None else self._find(name) for name in batch["parent_id"].to_pylist()]
        return [pa.array(column, pa.string()) for column in zip(*found, strict=True)]

    def _open(self, job: tuple[str, str]) -> None:
        self._job, self._near = job, {}
        self._path = self._results / "libraries" / f"library={job[0]}" / "molecules.parquet"
        file = open_parquet(self._path)
        self._batches = read_rows(file, ["id", "smiles", "parent"], 0, file.metadata.num_rows, _ROWS)

    def _find(self, name: str) -> tuple[str, str]:
        while name not in self._near:
            batch = next(self._batches, None)
            if batch is None:
                raise UserError(
                    "a product's parent is not in its library, or not in the order of the products",
                    where=self._path,
                    value=name,
                    fix="the library was made again since: run snakemake --cores all, then export again",
                )
            lists = (batch[column].to_pylist() for column in ("id", "smiles", "parent"))
            self._near = {key: (smiles, parent) for key, smiles, parent in zip(*lists, strict=True)}
        return self._near[name]
