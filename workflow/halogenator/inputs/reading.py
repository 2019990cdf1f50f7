"""Read a library that the user brings, of one file or of several of any format, as records in bounded memory.

``check_readable`` and ``readable`` are for before a run: they refuse what cannot be a library. ``describe`` says what
the columns are taken for. ``read_records`` is for the run: from then on a bad row is a record with its problem, and
only a file that breaks off or is corrupt ends the reading.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from halogenator.errors import UserError
from halogenator.inputs import delimited, excel, parquet_rows, sdf, smi
from halogenator.inputs.column_choice import COLUMN_NAMES, check_listed
from halogenator.inputs.containers import (
    FREE_GROWTH,
    MAX_GROWTH,
    BrokenStreamError,
    broken,
    open_stream,
)
from halogenator.inputs.containers import (
    head as container_head,
)
from halogenator.inputs.delimited import Layout
from halogenator.inputs.encodings import by_first_bytes, check_encoding
from halogenator.inputs.files import FORMATS, File, check_bytes, find_files, recognise, same_twice
from halogenator.inputs.rows import MAX_LINE, Lines, Record, Source
from halogenator.inputs.sdf import Tags
from halogenator.model import Reading
from halogenator.storage.remote import size_of

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "COLUMN_NAMES",
    "FORMATS",
    "FREE_GROWTH",
    "MAX_GROWTH",
    "MAX_LINE",
    "Paths",
    "Record",
    "Source",
    "check_readable",
    "describe",
    "estimate_rows",
    "find_files",
    "head",
    "read_records",
]

Paths = Path | str | Sequence[Path]
AS_IT_IS = Reading()  # no column is named

CHECK_BYTES = 64 * 1024
ESTIMATE_BYTES = 256 * 1024
_BZ2_BYTES = 3_600_000  # bzip2 decompresses 900 KB at a time

# Steps (see ``limits``) from here on are SMILES being parsed; below it are records of an SDF being read.
_FIRST_MOLECULE = 1_000_000_000

HEAD_RECORDS = 20  # records that ``head`` looks at for each that it is asked for

_SDF_SIGNS = (b"V2000", b"V3000", b"M  END", b"$$$$")


class _Open(NamedTuple):
    """A file that is being read: what its columns are taken for, and its records, whose ``extra`` has that order."""

    source: Source
    records: Callable[[], Iterator[Record]]


def describe(paths: Paths, reading: Reading = AS_IT_IS, *, whole: bool = False) -> Source:
    """Return which columns of the files are SMILES, id and name, and which others come along.

    Where no column is one of these, it says what is taken: "title line" of an SDF, "id" of a field beside the SMILES in
    a file of SMILES. The other columns of several files are those that any of them has; if types differ, it is text.

    Args:
        paths: the library's file, or files.
        reading: which columns are named, and which others come along.
        whole: whether an SDF, whose tags are nowhere listed, is gone through to its end; else its first records tell.

    Raises:
        UserError: a file or a column is not there.
    """
    found: Source | None = None
    types: dict[str, pyarrow.DataType] = {}
    seen: list[str] = []
    several = replace(reading, columns="all")  # a column that is listed need not be in each of the files
    files = _files(paths)
    for path in files:
        recognise(path)
        if size_of(path) == 0 and len(files) > 1:
            continue
        try:
            with _opened(path, several if len(files) > 1 else reading, found, whole=whole) as file:
                own = file.source
        except BrokenStreamError as error:
            raise broken(path, error) from error
        seen += [name for name in _names(own) if name not in seen]
        for name, kind in own.others:
            types[name] = kind if types.get(name, kind) == kind else _text()
        found = found or own
    if found is None:
        raise _empty(files[0])
    if len(files) > 1:
        check_listed(seen, reading, f"{files[0]} and {len(files) - 1:,} more")
        kept = reading.columns
        types = {n: t for n, t in types.items() if kept == "all" or (kept != "none" and n in kept)}
    return found._replace(others=tuple(types.items()))


def read_records(paths: Paths, reading: Reading = AS_IT_IS, source: Source | None = None) -> Iterator[Record]:
    """Yield the files' records in their order, never holding more than a batch (Parquet) or a record (text).

    Columns that are not named are found by their names. Nothing is read before the first record is asked for.

    Args:
        paths: the library's file, or files.
        reading: which columns are named, and which others come along.
        source: what ``describe`` says of the files; None: it is asked, unless no other columns come along.

    Raises:
        UserError: the file or a column is not there, or the file breaks off or is corrupt; the rows before are yielded.
    """
    files = _files(paths)
    if source is None and reading.columns != "none":
        source = describe(files, reading, whole=True)
    for number, path in enumerate(files):
        if size_of(path) == 0 and len(files) > 1:
            continue
        row = 0
        each = reading if len(files) == 1 else replace(reading, columns="none" if reading.columns == "none" else "all")
        try:
            with _opened(path, each, source) as file:
                fit = _fitting(file.source, source)
                source = source or file.source
                for record in file.records():
                    row = record.row
                    yield fit(record, number)
        except BrokenStreamError as error:
            raise broken(path, error, row) from error


def check_readable(paths: Paths, reading: Reading = AS_IT_IS) -> None:
    """Check, from their first 64 KB or their footers, that the files are what their endings say and have the columns.

    Raises:
        UserError: one is not, or none has rows.
    """
    check_encoding(reading.encoding)
    files = _files(paths)
    twice = same_twice(files)
    if twice is not None:
        raise UserError("the library names a file twice", where=twice, allowed="each file once", fix="name it once")
    several = len(files) > 1
    empty = [path for path in files if _is_empty(path, replace(reading, columns="all") if several else reading)]
    if len(empty) == len(files):
        raise _empty(files[0])
    if several:
        describe(files, reading)


def estimate_rows(paths: Paths, reading: Reading = AS_IT_IS) -> int:
    """Return how many records the files have: exact for Parquet and for text of up to 256 KB, else by the mean row.

    Deterministic and cheap: only the footer, or the first 256 KB of (decompressed) text, are read of each.

    Raises:
        UserError: a file is not there, or not what its ending says.
    """
    return sum(_estimate(path, reading) for path in _files(paths))


def head(paths: Paths, count: int, reading: Reading = AS_IT_IS) -> tuple[list[str], bool]:
    """Return the first ``count`` SMILES, without unreadable and empty rows, and whether no row comes after them.

    Where most rows are unreadable, they are fewer: only the first ``HEAD_RECORDS`` times ``count`` rows are read.

    Raises:
        UserError: as ``read_records``, if it is met that early.
    """
    smiles: list[str] = []
    for number, record in enumerate(read_records(paths, replace(reading, columns="none"))):
        if len(smiles) >= count or number >= HEAD_RECORDS * count:
            return smiles, False
        if record.smiles and not record.problem:
            smiles.append(record.smiles)
    return smiles, True


def _files(paths: Paths) -> tuple[Path, ...]:
    return (Path(paths),) if isinstance(paths, str | Path) else tuple(paths)


@contextmanager
def _opened(path: Path, reading: Reading, like: Source | None, *, whole: bool = False) -> Iterator[_Open]:
    """Open a file and find its columns: those of ``like`` where it has them."""
    file = recognise(path)
    if file.kind == "parquet":
        columns = parquet_rows.parquet_columns(path, reading, like)
        yield _Open(Source(*columns[:4]), lambda: parquet_rows.parquet_records(path, reading, like))
        return
    if file.kind == "xlsx":
        sheet = excel.excel_layout(path, reading, like)
        yield _Open(_source_of(sheet), lambda: excel.excel_records(path, reading, like))
        return
    with _lines(file, reading) as lines:
        kind = smi.kind_of_text(lines) if file.kind == "txt" else file.kind
        if kind == "sdf":
            tags = sdf.sdf_tags(lines, path, reading, like)
            if whole and not (reading.columns == "none" and reading.id_column is None):
                with _lines(file, reading) as again:
                    tags = sdf.all_tags(again, tags, path, reading)
            elif like is not None:
                tags = Tags(tags.id, tags.name, tuple(name for name, _ in like.others))
            source = Source(None, tags.id, tags.name, tuple((name, _text()) for name in tags.others))
            yield _Open(source, lambda: sdf.sdf_records(lines, tags))
            return
        layout = _text_layout(lines, kind, path, reading, like)
        records = smi.smi_records if kind == "smi" else delimited.csv_records
        yield _Open(_source_of(layout), lambda: records(lines, layout))


def _text_layout(lines: Lines, kind: str, path: Path, reading: Reading, like: Source | None) -> Layout:
    if kind == "smi":
        layout = smi.smi_layout(lines, path, reading, like)
    else:
        layout = delimited.csv_layout(lines, kind, path, reading, like)
    check_listed(layout.columns, reading, path)
    return layout


@contextmanager
def _lines(file: File, reading: Reading) -> Iterator[Lines]:
    stream = open_stream(file.path, file.member)
    try:
        encoding = reading.encoding
        if encoding is None:
            start = stream.read(64)
            encoding = by_first_bytes(start)
            stream.close()
            stream = open_stream(file.path, file.member)
        yield Lines(stream, encoding, file.path)
    finally:
        stream.close()


def _names(source: Source) -> list[str]:
    """Return the names of all columns that are something."""
    return [name for name in (*source[:3], *(name for name, _ in source.others)) if name is not None]


def _source_of(layout: Layout) -> Source:
    smiles, identifier, name, others = layout.names()
    return Source(smiles, identifier, name, tuple((other, _text()) for other in others))


def _text() -> pyarrow.DataType:
    import pyarrow

    return pyarrow.string()


def _fitting(own: Source, source: Source | None) -> Callable[[Record, int], Record]:
    """Return what puts a file's record into the order, and the types, of all the library's columns."""
    if source is None or own.others == source.others:
        return lambda record, number: record._replace(file=number) if number else record
    places = {name: i for i, (name, _) in enumerate(own.others)}
    kinds = dict(own.others)
    steps = [(places.get(name), name in kinds and kinds[name] != kind) for name, kind in source.others]

    def fit(record: Record, number: int) -> Record:
        values = [None if at is None or at >= len(record.extra) else record.extra[at] for at, _ in steps]
        extra = tuple(
            _as_text(value) if differs and value is not None else value
            for value, (_, differs) in zip(values, steps, strict=True)
        )
        return record._replace(extra=extra, file=number)

    return fit


def _as_text(value: Any) -> str:
    from halogenator.inputs.arrow_values import number_text

    return number_text(value) if isinstance(value, float) else str(value)


def _is_empty(path: Path, reading: Reading) -> bool:
    """Return whether a file has no rows.

    Raises:
        UserError: it is not what its ending says, or has not the columns.
    """
    file = recognise(path)
    if size_of(path) == 0:
        return True
    if file.kind == "parquet":
        return parquet_rows.check_parquet(path, reading) == 0
    if file.kind == "xlsx":
        excel.excel_layout(path, reading)
        return excel.count_rows(path) == 0
    data, _, all_read = _head(file, CHECK_BYTES)
    wide = by_first_bytes(data) if reading.encoding is None else None
    check_bytes(path, data, wide=bool(wide) or "16" in (reading.encoding or "") or "32" in (reading.encoding or ""))
    if file.kind == "sdf" and data.strip() and not wide and not any(sign in data for sign in _SDF_SIGNS):
        raise UserError(
            "the file is not an SDF",
            where=path,
            value=data[:60].decode("utf-8", "replace"),
            allowed="records with 'M  END' and '$$$$'",
            fix="give it the ending of what it is, or export it as SDF again",
        )
    if all_read and _count(data, file, reading, wide) == 0:
        return True
    try:
        with _opened(path, reading, None):
            return False
    except BrokenStreamError as error:
        raise broken(path, error) from error


def _head(file: File, limit: int) -> tuple[bytes, int, bool]:
    try:
        return container_head(file.path, limit, file.member)
    except BrokenStreamError as error:
        raise broken(file.path, error) from error


def _estimate(path: Path, reading: Reading) -> int:
    file = recognise(path)
    size = size_of(path)
    if size == 0:
        return 0
    if file.kind == "parquet":
        return parquet_rows.count_rows(path)
    if file.kind == "xlsx":
        return excel.count_rows(path)
    data, consumed, whole = _head(file, _BZ2_BYTES if path.suffix.casefold() == ".bz2" else ESTIMATE_BYTES)
    wide = by_first_bytes(data) if reading.encoding is None else None
    if whole:
        return _count(data, file, reading, wide)
    ends = [b"$$$$"] if file.kind == "sdf" and not wide else [b"\n", b"\r"]
    last = max(data.rfind(end) + len(end) for end in ends)
    last -= last % 4 if wide else 0
    rows = _count(data[:last], file, reading, wide)
    bytes_per_row = last / rows if rows else len(data)
    return max(1, round(size * len(data) / consumed / bytes_per_row))


def _count(data: bytes, file: File, reading: Reading, wide: str | None) -> int:
    """Return how many records a text holds, without parsing a molecule."""
    lines = Lines(io.BytesIO(data), reading.encoding or wide, file.path)
    kind = smi.kind_of_text(lines) if file.kind == "txt" else file.kind
    if kind == "sdf":
        return sum(1 for _ in sdf.sdf_blocks(lines))
    if kind == "smi":
        return smi.count_lines(lines)
    return delimited.count_rows(lines, kind, reading.smiles_column)


def _empty(path: Path) -> UserError:
    return UserError(
        "the molecule file has no rows", where=path, allowed="at least one molecule", fix="export or download it again"
    )
