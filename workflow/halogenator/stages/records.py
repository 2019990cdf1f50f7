"""The record that every output carries of its making, and the rows of a reject table."""

from __future__ import annotations

from halogenator import ENGINE_VERSION, limits
from halogenator.chemistry.molecules import RejectError
from halogenator.storage.parquet import TableWriter

_SHOWN_SMILES = 200


def provenance(**facts: object) -> dict[str, object]:
    """Return the facts with the versions of everything that decides a product's SMILES."""
    import rdkit

    return {"engine_version": ENGINE_VERSION, "rdkit_version": rdkit.__version__, **facts}


def begin_row(row: int) -> None:
    """Give a row its time.

    Raises:
        RejectError: if it has used that up in an earlier attempt of this task.
    """
    slow = limits.begin(row)
    if slow:
        raise RejectError("time limit", slow)


def write_reject(
    rejects: TableWriter,
    error: RejectError,
    *,
    source: str,
    row: int,
    identifier: str | None,
    smiles: str | None,
    site: int | None = None,
) -> None:
    """Add a reject, its SMILES cut to a length that a table can show."""
    rejects.append(source, row, identifier, site, (smiles or "")[:_SHOWN_SMILES], error.reason, error.detail)
