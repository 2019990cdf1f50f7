"""Columns that an export makes of its rows, besides filters and scores: reactions, titles, and what a format needs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from halogenator.chemistry.atom_mapping import Mapper
from halogenator.chemistry.conformers import conformers
from halogenator.chemistry.drawing import CANNOT_DRAW, Drawing, draw_alone
from halogenator.chemistry.fingerprints import FINGERPRINTS, packed
from halogenator.chemistry.molblock import mol_block
from halogenator.chemistry.molecules import RejectError
from halogenator.chemistry.pictures import draw_made, png
from halogenator.errors import UserError
from halogenator.export.left_out import LeftOut
from halogenator.export.parent_columns import NAME_FIELD, PARENT_FIELDS, PARENT_STEREO
from halogenator.export.scaffold_split import Sets
from halogenator.export.selection import POSITION, Selection
from halogenator.export.titles import NEEDED, labels, titles
from halogenator.model import REACTION, TITLE, Export
from halogenator.results import Results
from halogenator.tables.columns import Column
from halogenator.tables.metadata import read_metadata
from halogenator.tables.molecule_files import BLOCK, CONFORMERS, DRAWING, FORMATS, stereo_of
from halogenator.tables.workbook import PICTURE

_Pair = tuple[Drawing, Drawing]

_SET = "set"  # column of a split by scaffold
_STRUCTURES = 256  # 3D structures in memory

# What files of a kind are made from, besides the columns.
_OF_FORMAT = {
    "sdf": pa.field(BLOCK, pa.string()),
    "html": pa.field(DRAWING, pa.string()),
    "xlsx": pa.field(DRAWING, pa.binary()),
}


class MadeColumns:
    """The columns that an export makes.

    Args:
        results: the results folder.
        selection: the rows.
        export: the request.
        threads: how many molecules get 3D structures at a time.

    Attributes:
        fields: those that the request asks for.
        of_format: those that the files are made from.
        needs: columns about parents from which they are made.
        sets: of a split by scaffold, once it is known.

    Raises:
        UserError: it is not known how products were made.
    """

    def __init__(self, results: Path, selection: Selection, export: Export, threads: int) -> None:
        self._results, self._export, self._threads = Results(results), export, threads
        self.sets: Sets | None = None
        self._kind = FORMATS[export.format].kind
        self._job: tuple[str, str] | None = None
        self._mapper: Mapper | None = None
        self.fields: list[pa.Field] = []
        self.of_format = [_OF_FORMAT[self._kind]] if self._kind in _OF_FORMAT else []
        if export.conformers:
            self.of_format = [pa.field(BLOCK, CONFORMERS)]
        self.needs: list[pa.Field] = []
        jobs = [(part.library, part.transform) for part in selection.parts if part.library and part.transform]
        self._has_titles = export.has_titles or (self._is_drawn and not export.columns)
        if self._has_titles:
            self._labels = labels(self._results, jobs)
            self.fields.append(Column(TITLE, pa.string(), "what it is called, for people").field)
            self.needs += [] if export.sql else [NAME_FIELD, *(NEEDED if jobs else ())]
        if export.has_reaction:
            for job in jobs:
                self._smirks(*job)
            self.fields.append(Column(REACTION, pa.string(), "reaction SMILES with atom maps, from the parent").field)
            self.needs += [PARENT_FIELDS[0], PARENT_STEREO]
        for name in export.fingerprints:
            kind = FINGERPRINTS[name]
            width = -(-kind.bits // 8)
            self.fields.append(Column(f"fp_{name}", pa.binary(width), kind.meaning).field)
        if export.scaffold_split:
            self.fields.append(Column(_SET, pa.string(), "set of the split by scaffold").field)
        if self._is_drawn and CANNOT_DRAW:
            raise UserError(
                "molecules cannot be drawn here",
                value=CANNOT_DRAW,
                fix="install the library that the message names, or make a CSV or an SDF",
            )

    @property
    def _is_drawn(self) -> bool:
        return self._kind in ("html", "xlsx")

    @property
    def is_slow(self) -> bool:
        """Whether RDKit works on every row."""
        return bool(self.of_format or self._export.has_reaction or self._export.fingerprints)

    def batch_rows(self, most: int) -> int:
        """Return how many of ``most`` rows to work on at once: fewer if each has many 3D structures, of 30 kB each."""
        each = self._export.conformers
        return min(most, max(4 * self._threads, _STRUCTURES // each)) if each else most

    def _smirks(self, library: str, transform: str) -> str:
        found = read_metadata(self._results.products(library, transform)).get("smirks")
        if not isinstance(found, str):
            raise UserError(
                "there are no reactions of products that an earlier pipeline made: their SMIRKS is not known",
                where="reaction",
                value=f"{library} × {transform}",
                fix="leave reaction away, or name libraries and transforms that this version made",
            )
        return found

    def add(self, batch: pa.RecordBatch, left_out: LeftOut) -> pa.RecordBatch:
        """Return rows of one job or library with the columns; those that have none are added to ``left_out``."""
        pairs: list[_Pair | None] = [None] * batch.num_rows
        if self._export.has_reaction:
            reactions, pairs = self._reactions(batch, left_out)
            batch = batch.append_column(REACTION, reactions)
        if self._has_titles:
            batch = batch.append_column(TITLE, titles(batch, self._labels))
        for name in self._export.fingerprints:
            batch = batch.append_column(self._field(f"fp_{name}"), self._fingerprints(name, batch, left_out))
        if self.sets:
            batch = batch.append_column(_SET, self.sets.of(batch[POSITION].to_numpy()))
        if self._kind == "html":
            rows = zip(batch["smiles"].to_pylist(), batch["name"].to_pylist(), pairs, strict=True)
            batch = batch.append_column(DRAWING, pa.array([_drawn(*row) for row in rows], pa.string()))
        if self._kind == "xlsx":
            pictures = [png(smiles, *PICTURE) for smiles in batch["smiles"].to_pylist()]
            batch = batch.append_column(DRAWING, pa.array(pictures, pa.binary()))
        if self._export.conformers:
            batch = batch.append_column(BLOCK, self._conformers(batch, self._export.conformers, left_out))
        elif self._kind == "sdf":
            batch = batch.append_column(BLOCK, self._blocks(batch, left_out))
        return batch

    def _reactions(self, batch: pa.RecordBatch, left_out: LeftOut) -> tuple[pa.Array, list[_Pair | None]]:
        """Return the mapped reaction of each row, and for a page both sides drawn; null and a reject without one."""
        if not batch.num_rows:
            return pa.nulls(0, pa.string()), []
        job = batch["library"][0].as_py(), batch["transform"][0].as_py()
        if job != self._job or self._mapper is None:
            self._job, self._mapper = job, Mapper(self._smirks(*job))
        parents = _written(batch, PARENT_FIELDS[0].name, PARENT_STEREO.name)
        products = _written(batch, "smiles", "enhanced_stereo")
        found: list[str | None] = [None] * batch.num_rows
        pairs: list[_Pair | None] = [None] * batch.num_rows
        for row, asked in enumerate(zip(parents, products, batch["site"].to_pylist(), strict=True)):
            try:
                found[row] = self._mapper.reaction(*asked)
                if self._kind == "html":
                    pairs[row] = draw_made(*self._mapper.molecules(*asked), asked[-1])
            except RejectError as error:
                left_out.add(batch, row, error)
        return pa.array(found, pa.string()), pairs

    def _field(self, name: str) -> pa.Field:
        return next(field for field in self.fields if field.name == name)

    def _fingerprints(self, name: str, batch: pa.RecordBatch, left_out: LeftOut) -> pa.Array:
        """Return a fingerprint of each row; null and a reject where RDKit cannot read the SMILES."""
        found = packed(name, batch["smiles"].to_pylist())
        for row, made in enumerate(found):
            if isinstance(made, RejectError):
                left_out.add(batch, row, made)
                found[row] = None
        return pa.array(found, self._field(f"fp_{name}").type)

    def _conformers(self, batch: pa.RecordBatch, count: int, left_out: LeftOut) -> pa.Array:
        """Return the 3D structures of each row; null and a reject where there is none."""

        def make(row: tuple[str, str]) -> list[dict[str, Any]] | RejectError:
            try:
                made = conformers(*row, count, self._export.seed)
            except RejectError as error:
                return error
            return [
                {BLOCK: each.block, "conformer": number, "energy": each.energy, "force_field": each.force_field}
                for number, each in enumerate(made, 1)
            ]

        rows = list(zip(batch["smiles"].to_pylist(), batch["name"].to_pylist(), strict=True))
        # RDKit embeds and minimises without Python's lock, which is 99 % of the time. So threads are as fast as
        # processes, and share one memory that the guard can bound.
        with ThreadPoolExecutor(self._threads) as pool:
            found = list(pool.map(make, rows))
        for row, made in enumerate(found):
            if isinstance(made, RejectError):
                left_out.add(batch, row, made)
        return pa.array([None if isinstance(made, RejectError) else made for made in found], CONFORMERS)

    def _blocks(self, batch: pa.RecordBatch, left_out: LeftOut) -> pa.Array:
        """Return the mol block of each row; null and a reject where there is none."""
        blocks: list[str | None] = []
        rows = zip(batch["smiles"].to_pylist(), stereo_of(batch), batch["name"].to_pylist(), strict=True)
        for index, (smiles, stereo, name) in enumerate(rows):
            try:
                blocks.append(mol_block(smiles, name, coordinates=self._export.coordinates, stereo=stereo))
            except RejectError as error:
                blocks.append(None)
                left_out.add(batch, index, error)
        return pa.array(blocks, pa.string())


def _drawn(smiles: str, name: str, pair: _Pair | None) -> str | None:
    """Return the SVG of a molecule, of a product below its parent if both are drawn; None if it is too large."""
    if pair:
        return f"{pair[0].svg(f'parent of {name}')}<div>↓</div>{pair[1].svg(name)}"
    drawing = draw_alone(smiles)
    return drawing.svg(name) if drawing else None


def _written(batch: pa.RecordBatch, *names: str) -> list[tuple[Any, ...]]:
    """Return the values of two columns of each row, null for a column that there is not."""
    columns = [batch[name].to_pylist() if name in batch.schema.names else [None] * batch.num_rows for name in names]
    return list(zip(*columns, strict=True))
