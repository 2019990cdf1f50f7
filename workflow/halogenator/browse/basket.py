"""Rows that a user put aside, as a file: the formats, names and columns of an export."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from halogenator.browse.rows import Reader, Shown
from halogenator.browse.view import Cursor
from halogenator.chemistry.molblock import mol_block
from halogenator.chemistry.molecules import RejectError
from halogenator.errors import UserError
from halogenator.tables.metadata import with_versions
from halogenator.tables.molecule_files import BLOCK, FORMATS, molecule_writer

MOST = 10_000  # rows; a command exports more
FORMAT_NAMES = {"sdf": "SDF", "csv": "CSV", "smi": "SMILES"}
_FIRST = ("smiles", "name", "library", "transform", "parent", "parent_smiles", "similarity")


@dataclass(frozen=True)
class Kept:
    """A row that was put aside, and the SMILES that it had."""

    at: Cursor
    smiles: str


def read_kept(text: str) -> list[Kept]:
    """Return the rows that a page sends: JSON, a list of [place, SMILES].

    Raises:
        UserError: it is none, or there are too many.
    """
    try:
        found = [Kept(Cursor.read(at), str(smiles)) for at, smiles in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise UserError("this is no list of rows", where="basket", value=text[:200]) from error
    if len(found) > MOST:
        raise UserError("too many rows", where="basket", value=len(found), allowed=f"at most {MOST:,}")
    return found


def find_kept(kept: Iterable[Kept], reader: Reader) -> list[Shown]:
    """Return the rows that are still what they were."""
    rows = ((each, reader.read_one(each.at)) for each in kept)
    return [row for each, row in rows if row and row.values["smiles"] == each.smiles]


def write_kept(rows: Sequence[Shown], form: str, out: Path) -> int:
    """Write rows as a file of a format, one of ``FORMATS``; return how many are in it.

    A row of which no mol block can be made is left out of an SDF.
    """
    values = [_values(row) for row in rows]
    names = list(dict.fromkeys([*_FIRST, *(name for each in values for name in each)]))
    used = [name for name in names if any(each.get(name) is not None for each in values) or name in _FIRST[:2]]
    if form == "sdf":
        values = [each for each in values if _add_block(each)]
        used.append(BLOCK)
    table = pa.table({name: [each.get(name) for each in values] for name in used})
    schema = pa.schema([pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in table.schema])
    with molecule_writer(out, FORMATS[form], schema, with_versions()) as write:
        for batch in table.cast(schema).to_batches():
            write(batch)
    return len(values)


def _values(row: Shown) -> dict[str, Any]:
    found = {**row.values, "parent": row.parent.get("parent"), "similarity": row.similarity}
    return found | {"parent_smiles": row.parent.get("smiles")} if row.at.transform else found


def _add_block(values: dict[str, Any]) -> bool:
    try:
        stereo = values.get("enhanced_stereo")
        values[BLOCK] = mol_block(values["smiles"], values["name"], coordinates=True, stereo=stereo)
    except RejectError:
        return False
    return True
