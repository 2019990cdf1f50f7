"""The windows, filters and scores of an export: which rows pass, and which are rejects, as RDKit cannot read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from halogenator.chemistry.descriptors import compute
from halogenator.chemistry.filters import FILTERS, alerts
from halogenator.chemistry.molecules import RejectError, parse_smiles
from halogenator.chemistry.scores import SCORES, Value, load, scored
from halogenator.export.left_out import Filter, LeftOut
from halogenator.export.selection import POSITION
from halogenator.model import Export, Window
from halogenator.tables.columns import Column, score_columns
from halogenator.tables.molecule_files import FORMATS, stereo_of

Mask = npt.NDArray[np.bool_]

# A SMILES of a query, alone or with its extension. Whatever else there is would not be one row of a file.
_SMILES = r"^[^\x00-\x20\x7f=+\-@'][^\x00-\x20\x7f]*( +\|[^\x00-\x1f\x7f]*\|)?$"
_EXTENSION = r"^[^\x00-\x20\x7f|]*$"


class Asked:
    """What was asked of all rows of a selection, one filter after the other.

    Args:
        rows: the number of rows.

    Attributes:
        filters: the filters.
        refused: of each row the number, from 1, of the first filter that it does not pass; 0: it passes all.
    """

    def __init__(self, rows: int) -> None:
        self.filters: list[Filter] = []
        self.refused = np.zeros(rows, np.uint8)

    def add(self, name: Filter, passes: Mask) -> None:
        """Add a filter, with whether each row passes it."""
        self.filters.append(name)
        self.refused[~passes & (self.refused == 0)] = len(self.filters)


class RowFilter:
    """An export's windows, filters and scores.

    Args:
        export: the request.
        threads: threads of RDKit.
        known: names of columns that the rows have, or get otherwise.
        stored: names of scores that rows have as columns; where one is null, it is computed.
        answered: the conditions and sets of the export, asked of all rows; None: there are none.

    Attributes:
        is_slow: whether a filter or a score needs RDKit for every molecule.
        scores: the scores that are asked for and not stored.
        fields: the columns that ``flags`` adds, or gives anew.

    Raises:
        UserError: this RDKit lacks a score.
    """

    def __init__(
        self,
        export: Export,
        threads: int,
        known: Collection[str] = (),
        stored: Collection[str] = (),
        answered: Asked | None = None,
    ) -> None:
        self._asked = answered
        self._windows = {name: window for name, window in export.windows.items() if name not in SCORES}
        self._score_windows = {name: export.windows[name] for name in SCORES if name in export.windows}
        deciding = sorted({*export.only, *export.without})
        self._any_text = export.sql is not None
        self._quick = [name for name in deciding if FILTERS[name].catalog is None]
        self._slow = [name for name in deciding if FILTERS[name].catalog is not None]
        self._wanted = set(export.only)
        self._flags = _added(export, set(known) - set(stored))
        self._stored = stored
        self._threads = threads
        asked = dict.fromkeys([*self._score_windows, *(name for name in self._flags if name in SCORES)])
        self.scores = [name for name in asked if name not in stored]
        for name in self.scores:
            load(name)
        self.is_slow = bool(self._slow or asked)
        self.fields = [field for name in self._flags for field in _flag_fields(name)]

    def quick(self, batch: pa.RecordBatch, left_out: LeftOut) -> Mask:
        """Return which rows fulfil the conditions, have a SMILES, are within the windows and pass quick filters.

        Rows that do not are added to ``left_out``, here and in ``slow``.
        """
        if self._asked is None:
            return self._readable(batch, left_out)
        refused = self._asked.refused[batch[POSITION].to_numpy()]
        for number, name in enumerate(self._asked.filters, 1):
            left_out.take(name, batch, refused == number)
        passing: Mask = refused == 0
        passing[passing] = self._readable(batch.filter(pa.array(passing)), left_out)
        return passing

    def _readable(self, batch: pa.RecordBatch, left_out: LeftOut) -> Mask:
        """Return which rows have a SMILES, are within the windows and pass the filters by descriptors."""
        if self._any_text:
            readable = _has_smiles(batch, left_out)
            passing = np.zeros(batch.num_rows, bool)
            passing[readable] = self._within(batch.filter(pa.array(readable)), left_out)
            return passing
        return self._within(batch, left_out)

    def _within(self, batch: pa.RecordBatch, left_out: LeftOut) -> Mask:
        """Return which rows are within the windows and pass the filters by descriptors."""
        names = [descriptor for name in self._quick for descriptor in FILTERS[name].descriptors]
        values = descriptor_values(batch, dict.fromkeys([*self._windows, *names]), left_out)
        passing = np.ones(batch.num_rows, bool)
        for found in values.values():
            passing &= ~np.isnan(found)  # these are rejects
        for name, window in self._windows.items():
            holds = (values[name] >= window.low) & (values[name] <= window.high)
            left_out.take(_within(name, window), batch, passing & ~holds)
            passing &= holds
        for name in self._quick:
            holds = _holds(name, values) == (name in self._wanted)
            left_out.take(self._property(name), batch, passing & ~holds)
            passing &= holds
        return passing

    def slow(self, batch: pa.RecordBatch, left_out: LeftOut) -> Mask:
        """Return which rows pass the windows of scores and the filters by substructure: milliseconds a row."""
        passing = np.ones(batch.num_rows, bool)
        for name, window in self._score_windows.items():  # the dearer ones are asked last
            holds = np.zeros(batch.num_rows, bool)
            left = np.flatnonzero(passing)
            values = self._scores_of(name, batch.take(pa.array(left)), left_out)
            holds[left] = [isinstance(each, float | int) and window.low <= each <= window.high for each in values]
            left_out.take(_within(name, window), batch, passing & ~holds)
            passing = holds
        for name in self._slow:
            left = np.flatnonzero(passing)
            holds = passing.copy()
            rows = batch.take(pa.array(left))
            for place, found in zip(left, _alerts(name, rows, self._threads, left_out), strict=True):
                holds[place] = found is not None and bool(found) == (name in self._wanted)
            left_out.take(self._property(name), batch, passing & ~holds)
            passing = holds
        return passing

    def _scores_of(self, name: str, batch: pa.RecordBatch, left_out: LeftOut) -> list[Value]:
        """Return a score of each row, as it is stored or else computed."""
        values = batch[name].to_pylist() if name in self._stored else [None] * batch.num_rows
        return [_score(name, batch, row, left_out) if value is None else value for row, value in enumerate(values)]

    def _property(self, name: str) -> Filter:
        return ("only" if name in self._wanted else "without"), name

    def flags(self, batch: pa.RecordBatch, left_out: LeftOut) -> list[pa.Array]:
        """Return the columns of ``fields``; rows that RDKit cannot read are added to ``left_out``."""
        needed = [name for flag in self._flags if flag in FILTERS for name in FILTERS[flag].descriptors]
        values = descriptor_values(batch, dict.fromkeys(needed), left_out)
        columns = []
        for flag in self._flags:
            if flag in SCORES:
                columns.append(pa.array(self._scores_of(flag, batch, left_out), _flag_fields(flag)[0].type))
                continue
            if FILTERS[flag].catalog is None:
                columns.append(pa.array(_holds(flag, values)))
                continue
            alerted = [names or [] for names in _alerts(flag, batch, self._threads, left_out)]
            columns.append(pa.array([bool(names) for names in alerted], pa.bool_()))
            columns.append(pa.array(["; ".join(names) for names in alerted], pa.string()))
        return columns


def _within(name: str, window: Window) -> Filter:
    return "within", f"{name} {window}"


def _has_smiles(batch: pa.RecordBatch, left_out: LeftOut) -> Mask:
    """Return which rows of a query have a text that may be a SMILES; the others are added to ``left_out``."""
    texts, stereo = batch["smiles"], pa.array(stereo_of(batch), pa.string())
    found = pc.match_substring_regex(texts, _SMILES).fill_null(False).to_numpy(zero_copy_only=False)
    extended = pc.match_substring_regex(stereo, _EXTENSION).fill_null(True).to_numpy(zero_copy_only=False)
    for index in map(int, np.flatnonzero(~(found & extended))):
        text = (texts[index].as_py() or "").strip()
        if found[index]:
            error = RejectError("unreadable extension", f"{stereo[index].as_py()[:200]!r} is no extension of a SMILES")
        elif text:
            error = RejectError("unparsable SMILES", f"{text[:200]!r} is no SMILES")
        else:
            error = RejectError("empty", "no SMILES in this row")
        left_out.add(batch, index, error)
    return np.asarray(found & extended, bool)


def _added(export: Export, known: Collection[str]) -> list[str]:
    """Return what gets columns: flags, and scores among the columns that rows do not have; no score for nothing."""
    named = [*export.flag, *(name for name in export.columns if name in SCORES and name not in known)]
    written = () if FORMATS[export.format].kind == "smi" else export.columns or export.flag
    return [name for name in dict.fromkeys(named) if name in FILTERS or name in written]


def _flag_fields(name: str) -> list[pa.Field]:
    """Return the columns of a flag: a score; or whether a filter holds, and for catalogs the names of alerts."""
    if name in SCORES:
        return [column.field for column in score_columns([name])]
    fields = [Column(name, pa.bool_(), f"whether it passes: {FILTERS[name].text}").field]
    alerts = Column(f"{name}_alerts", pa.string(), f"names of its alerts of {name}")
    return fields if FILTERS[name].catalog is None else [*fields, alerts.field]


def _score(name: str, batch: pa.RecordBatch, index: int, left_out: LeftOut) -> Value:
    """Return a score of a row; None and a reject where RDKit has none."""
    try:
        return scored(batch["smiles"][index].as_py()).value(name)
    except RejectError as error:
        left_out.add(batch, index, error)
        return None


def _holds(name: str, values: Any) -> Any:
    holds = FILTERS[name].holds
    assert holds is not None
    return holds(values)


def _alerts(name: str, batch: pa.RecordBatch, threads: int, left_out: LeftOut) -> list[list[str] | None]:
    """Return the alerts of a catalog for each row; None and a reject where RDKit cannot read the SMILES."""
    smiles = [text or "" for text in batch["smiles"].to_pylist()]
    found = alerts(name, smiles, threads)
    for index, names in enumerate(found):
        if names is None:
            left_out.add(batch, index, RejectError("unparsable SMILES", f"RDKit cannot read {smiles[index][:200]!r}"))
    return found


def descriptor_values(
    batch: pa.RecordBatch, names: Iterable[str], left_out: LeftOut
) -> dict[str, npt.NDArray[np.float64]]:
    """Return {descriptor: a value per row}, from the columns or else by RDKit; NaN where RDKit cannot read the SMILES.

    Args:
        batch: rows with ``smiles``.
        names: the descriptors.
        left_out: gets the rows that RDKit cannot read.
    """
    values = {}
    for name in names:
        known = name in batch.schema.names and _is_number(batch.schema.field(name).type)
        column = batch[name].cast(pa.float64()) if known else pa.nulls(batch.num_rows, pa.float64())
        values[name] = column.to_numpy(zero_copy_only=False).astype(np.float64)
    missing = {name: np.isnan(found) for name, found in values.items() if np.isnan(found).any()}
    if not missing:
        return values
    for index in map(int, np.flatnonzero(np.any(list(missing.values()), axis=0))):
        try:
            mol = parse_smiles(batch["smiles"][index].as_py())
        except RejectError as error:
            left_out.add(batch, index, error)
            continue
        for name, value in zip(missing, compute(mol, list(missing)), strict=True):
            if missing[name][index]:
                values[name][index] = value
    return values


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
