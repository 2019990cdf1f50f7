"""The writing of an export: files for other programs, one split after the other, each whole or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import rdkit

from halogenator.chemistry.molecules import quiet
from halogenator.chemistry.scores import SCORES
from halogenator.errors import UserError, did_you_mean
from halogenator.export.left_out import LeftOut, Positions, Tally
from halogenator.export.made_columns import MadeColumns
from halogenator.export.manifest import Manifest, Split, split_path
from halogenator.export.parent_columns import ParentColumns
from halogenator.export.row_filter import Asked, RowFilter
from halogenator.export.row_sample import Sample
from halogenator.export.scaffold_split import Sets, split_by_scaffold
from halogenator.export.selection import (
    POSITION,
    Selection,
    at_positions,
    find_selection,
    is_of_query,
    query_content,
    run_query,
    selection_content,
)
from halogenator.model import TITLE, Export, fingerprint
from halogenator.planning.export_request import check, set_contents
from halogenator.process.failures import check_writable
from halogenator.process.progress import Progress
from halogenator.results import place_of
from halogenator.search.rows import Search
from halogenator.search.sets import Known, comparison
from halogenator.search.shares import Sharing, masks
from halogenator.tables.metadata import with_versions
from halogenator.tables.molecule_files import FORMATS, molecule_writer
from halogenator.tables.parquet import limit_arrow_threads
from halogenator.tables.seal import sha256

# To be raised by hand when the same request would give other bytes, so that files of earlier versions are not reused.
_EXPORT_VERSION = 2
_ROWS = 4_096
_MANY_COLUMNS = 50
_SLOW_ROWS = 256  # rows of a batch if RDKit works on each row, or if rows may take some hundred kilobytes


def export_molecules(
    results: Path,
    export: Export,
    out: Path,
    *,
    force: bool = False,
    own_folder: bool = False,
    threads: int = 1,
    memory_mb: int = 1000,
    scratch: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write an export's files and its manifest ``<out>.json``; files of the same request are kept.

    Args:
        results: the results folder.
        export: the request.
        out: the file to make; splits have ``-0001`` and so on before the ending.
        force: whether the files of another export under this name may be replaced.
        own_folder: whether the folder of ``out`` holds nothing but exports of a run.
        threads: threads of RDKit, for catalogs and fingerprints.
        memory_mb: memory that the process may use, in MB (10^6 bytes).
        scratch: folder for data of a query that do not fit into memory; None: the folder of ``out``.
        progress: display of the progress; None: nothing is shown.

    Returns:
        The manifest.

    Raises:
        UserError: the request is impossible. It is raised before the first row is written.
    """
    quiet()
    limit_arrow_threads()
    check(export)
    if not out.name.lower().endswith(FORMATS[export.format].ending):
        raise UserError("the file's name does not end in its format", value=out.name, allowed=f".{export.format}")
    if place_of(out):
        raise UserError("this is the place of a result", where=out, fix="choose another --out, outside of the results")
    check_writable(out.parent)
    scratch = scratch or out.parent
    if export.sql is None:
        selection = find_selection(results, export)
        content = selection_content(results, selection)
    else:
        content = query_content(results, export.sql, memory_mb=memory_mb, scratch=scratch)
    identity = fingerprint(_EXPORT_VERSION, rdkit.__version__, export.plain(), content, *set_contents(export))
    manifest = Manifest(out, FORMATS[export.format].ending, identity, force=force, own_folder=own_folder)
    if manifest.complete:
        return manifest.read()
    rows = out.with_name(f".{out.name}.rows.parquet")
    if export.sql is not None:
        selection = run_query(results, export.sql, rows, identity, memory_mb=memory_mb, scratch=scratch)
    made = _Export(results, selection, export, out, progress or Progress(), threads, memory_mb, scratch).run(manifest)
    if is_of_query(rows):
        rows.unlink()
    return made


class _Stream:
    """Rows that are ready to be written, in pieces of any size.

    Args:
        batches: (rows with all columns, what is left out, position after them).
        position: position of the first row.

    Attributes:
        position: the position in the selection up to which rows are taken.
        tally: what is left out before this position.
    """

    def __init__(self, batches: Iterator[tuple[pa.RecordBatch, LeftOut, int]], position: int) -> None:
        self._batches = batches
        self._left: pa.RecordBatch | None = None
        self._left_out = LeftOut()
        self._stop = self.position = position
        self.tally = Tally()

    def take(self, limit: int | None) -> pa.RecordBatch | None:
        """Return some of the next rows, at most ``limit``; None at the end, or if ``limit`` is 0."""
        if limit == 0:
            return None
        while self._left is None or not self._left.num_rows:
            self.tally.take(self._left_out)
            self.position = self._stop
            try:
                self._left, self._left_out, self._stop = next(self._batches)
            except StopIteration:
                return None
        taken = self._left.slice(0, limit)
        self._left = self._left.slice(taken.num_rows)
        # The end of a split must not depend on the ends of batches, which differ after an interruption.
        self.position = taken[POSITION][-1].as_py() + 1
        self.tally.take(self._left_out, self.position)
        return taken


class _Export:
    """The writing of one export; its arguments are those of ``export_molecules``."""

    def __init__(
        self,
        results: Path,
        selection: Selection,
        export: Export,
        out: Path,
        progress: Progress,
        threads: int,
        memory_mb: int,
        scratch: Path,
    ) -> None:
        self._results, self._selection, self._export, self._out = results, selection, export, out
        self._progress, self._threads, self._memory_mb = progress, threads, memory_mb
        self._form = FORMATS[export.format]
        parents = self._parents()
        extra = () if export.sql else parents.fields
        self._of_parents = () if export.sql or export.molecules else parents.of_parents
        self._origin = [*self._of_parents, *extra]
        known = [field.name for field in (*selection.schema, *self._origin)]
        self._stored = [] if export.sql else [name for name in selection.schema.names if name in SCORES]
        self._known_sets: list[Known] = []
        answered = self._ask(scratch) if export.conditions or export.sets else None
        self._passing = RowFilter(export, threads, known, self._stored, answered)
        self._made = MadeColumns(results, selection, export, threads)
        self._schema = self._columns()
        written = [field for field in self._origin if field.name in self._schema.names]
        self._origin = list(dict.fromkeys([*written, *self._made.needs]))
        self._fields = [*self._origin, *self._passing.fields]
        self._is_slow = self._made.is_slow or self._passing.is_slow
        self._limit = export.split or self._form.most  # molecules in a file; None: all
        self._positions: Positions | None = None

    def _columns(self) -> pa.Schema:
        """Return the columns to write.

        Raises:
            UserError: a column that is asked for does not exist, or one to be added exists already.
        """
        added = [field for field in self._passing.fields if field.name not in self._stored]
        available = [*self._selection.schema, *self._origin, *added, *self._made.fields]
        names = [field.name for field in available]
        for name in self._export.columns:
            if name not in names:
                fix = did_you_mean(name, names) or "take some of the allowed columns"
                raise UserError(
                    f"there is no column '{name}' here", where="columns", value=name, allowed=names, fix=fix
                )
        windows = set(self._passing.scores) - {field.name for field in added}
        twice = next((name for name in names if names.count(name) > 1 or name in windows), None)
        if twice:
            fix = "call it otherwise in the query, or in the library's file"
            raise UserError(f"there is a column '{twice}' already", where="--flag", value=twice, fix=fix)
        hidden = () if self._export.parents else [field.name for field in self._of_parents]
        usual = [name for name in names if name not in hidden]
        if self._form.most:  # a page or a workbook begins with its title
            usual.sort(key=lambda name: name != TITLE)
        plain = ("smiles", "name", *(name for name in names if name == "enhanced_stereo"))
        wanted = plain if self._form.kind == "smi" else self._export.columns or usual
        fields = [available[names.index(name)] for name in wanted]
        return pa.schema([*self._made.of_format, *fields])

    def _ask(self, scratch: Path) -> Asked:
        """Ask all rows of the selection for the conditions, then for the sets."""
        export, parts, progress = self._export, self._selection.parts, self._progress
        memory: dict[str, Any] = {"memory_mb": self._memory_mb, "scratch": scratch}
        asked = Asked(self._selection.rows)
        if export.conditions:
            progress.begin("searching", self._selection.rows)
            sharing = Sharing(self._threads, self._memory_mb)
            with closing(Search(self._results, export.conditions, threads=self._threads, **memory)) as search:
                asked.add(("conditions", ", ".join(export.conditions.plain())), masks(search, parts, progress, sharing))
        if export.sets:
            with comparison(parts, export.same_by, progress=progress, **memory) as rows:
                for word, path in export.sets:
                    found, known = rows.is_in(path)
                    asked.add((word, str(path)), found if word == "in" else ~found)
                    self._known_sets.append(known)
        return asked

    def _parents(self) -> ParentColumns:
        libraries = dict.fromkeys(part.library for part in self._selection.parts if part.library)
        return ParentColumns(self._results, libraries)

    def run(self, manifest: Manifest) -> dict[str, Any]:
        """Write the files that the manifest does not have, then the manifest, and return it."""
        tally = Tally()
        manifest.check_free(self._most_splits(), self._digits, is_split=self._export.split is not None)
        settings = self._progress, self._threads, self._memory_mb
        self._positions = Sample(self._selection, self._passing, self._export, tally, *settings).positions()
        if self._export.scaffold_split:
            self._made.sets = self._split_by_scaffold(tally)
            self._positions = self._made.sets.positions
        self._progress.begin("writing", self._selection.rows if self._positions is None else len(self._positions))
        splits, rest = self._write_splits(manifest)
        for split in splits:
            tally.add(split.rejects, split.examples)
            tally.add_plain(split.left_out or ())
        tally.add(rest.counts, rest.examples)
        tally.add_plain(rest.plain())
        return manifest.finish(
            splits,
            request=self._export.plain(),
            molecules=sum(split.rows for split in splits),
            of_rows=self._selection.rows,
            left_out=None if any(split.left_out is None for split in splits) else tally.plain(),
            rejects=dict(tally.counts),
            examples_of_rejects=tally.examples,
            **({"sets": self._made.sets.counts} if self._made.sets else {}),
            **({"compared_with": list(map(asdict, self._known_sets))} if self._known_sets else {}),
            **with_versions(),
        )

    def _split_by_scaffold(self, tally: Tally) -> Sets:
        """Return the set of each row to write; what filters take away is added to ``tally``."""
        self._progress.begin("scaffolds", self._selection.rows if self._positions is None else len(self._positions))

        def batches() -> Iterator[pa.RecordBatch]:
            if self._positions is not None:
                found = at_positions(self._selection, self._positions, _SLOW_ROWS)
            else:
                found = self._selection.read(0, _SLOW_ROWS)
            for batch in found:
                count, left_out = batch.num_rows, LeftOut()
                if self._positions is None:
                    batch = self._filtered(batch, left_out)
                tally.take(left_out)
                yield batch
                self._progress.advance(count)

        return split_by_scaffold(batches(), self._export.scaffold_split, self._export.seed, tally)

    def _filtered(self, batch: pa.RecordBatch, left_out: LeftOut) -> pa.RecordBatch:
        """Return the rows that pass."""
        batch = batch.filter(pa.array(self._passing.quick(batch, left_out)))
        return batch.filter(pa.array(self._passing.slow(batch, left_out)))

    def _write_splits(self, manifest: Manifest) -> tuple[list[Split], Tally]:
        """Return all splits, written now or before, and what is left out after the last of them."""
        splits: list[Split] = []
        stream: _Stream | None = None
        position = 0
        with manifest.unfinished(self._export.plain()) as add:
            while self._limit or not splits:
                split = manifest.splits.get(len(splits))
                if split is None:
                    stream = stream or _Stream(self._ready(position), position)
                    split = self._write_split(stream, len(splits), manifest, add)
                    if split is None:
                        return splits, stream.tally
                else:
                    stream = None
                    self._progress.advance(self._count(position, split.stop))
                splits.append(split)
                position = split.stop
        return splits, Tally()

    @property
    def _digits(self) -> int:
        """The digits of the numbers of splits."""
        return max(4, len(str(-(-self._selection.rows // (self._limit or 1)))))

    def _most_splits(self) -> int:
        """Return the most files that there can be."""
        if self._limit is None:
            return 1
        rows = min(filter(None, (self._selection.rows, self._export.sample, self._export.diverse)), default=0)
        return max(1, -(-rows // self._limit))

    def _path(self, number: int) -> Path:
        """Return the path of a split. The first one, or the only file, has no number unless splits are asked for."""
        if self._export.split is None and number == 0:
            return self._out
        return split_path(self._out, self._form.ending, number, self._digits)

    def _write_split(
        self, stream: _Stream, number: int, manifest: Manifest, add: Callable[[Split], None]
    ) -> Split | None:
        """Write the next split, note it by ``add``, and return it; None if no row is left, except for the first."""
        limit = self._limit
        start, rows, batch = stream.position, 0, stream.take(limit)
        if batch is None and number:
            return None
        path = self._path(number)
        manifest.check_ours(path)
        made: list[Split] = []

        def note(whole: Path) -> None:
            size, digest, tally = whole.stat().st_size, sha256(whole), stream.tally
            counts = dict(tally.counts), tally.examples, tally.plain()
            made.append(Split(number, path.name, rows, start, stream.position, digest, size, *counts))
            add(made[0])

        metadata = with_versions(request=self._export.plain())
        with molecule_writer(path, self._form, self._schema, metadata, note) as write:
            while batch is not None:
                write(batch.select(self._schema.names))
                rows += batch.num_rows
                batch = stream.take(None if limit is None else limit - rows)
        stream.tally = Tally()
        return made[0]

    def _count(self, start: int, stop: int) -> int:
        """Return the number of rows to write between two positions."""
        if self._positions is None:
            return stop - start
        first, last = np.searchsorted(self._positions, [start, stop])
        return int(last - first)

    def _ready(self, start: int) -> Iterator[tuple[pa.RecordBatch, LeftOut, int]]:
        """Yield, from a position on, (rows with all their columns, what is left out, the position after them)."""
        rows = self._made.batch_rows(_SLOW_ROWS if self._is_slow or len(self._origin) > _MANY_COLUMNS else _ROWS)
        parents = self._parents() if self._origin else None
        if self._positions is None:
            batches = self._selection.read(start, rows)
        else:
            left = self._positions[np.searchsorted(self._positions, start) :]
            batches = at_positions(self._selection, left, rows)
        for batch in batches:
            stop, count = batch[POSITION][-1].as_py() + 1, batch.num_rows
            left_out = LeftOut()
            if self._positions is None:
                batch = self._filtered(batch, left_out)
            left = batch.num_rows
            for piece, origin in parents.with_columns(batch, self._origin) if parents else [(batch, [])]:
                left -= piece.num_rows
                end = piece[POSITION][-1].as_py() + 1 if left else stop
                own = left_out.before(end) if left else left_out
                yield self._complete(piece, origin, own), own, end
            self._progress.advance(count)

    def _complete(self, batch: pa.RecordBatch, origin: Sequence[pa.Array], left_out: LeftOut) -> pa.RecordBatch:
        """Return a batch with the columns that are made for the export, without the rows that are rejects.

        Args:
            batch: the rows.
            origin: the columns about their origin.
            left_out: gets the rejects.
        """
        columns = [*origin, *self._passing.flags(batch, left_out)]
        for field, column in zip(self._fields, columns, strict=True):
            place = batch.schema.get_field_index(field.name)
            batch = batch.append_column(field, column) if place < 0 else batch.set_column(place, field, column)
        batch = self._made.add(batch, left_out)
        if left_out.rejects:
            bad = np.isin(batch[POSITION].to_numpy(), list(left_out.rejects))
            batch = batch.filter(pa.array(~bad))
        return batch
