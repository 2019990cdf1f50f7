"""A user's library, of one file or of several in any format, read as records in bounded memory.

Before a run, ``check_readable`` refuses files that cannot be a library, and ``describe`` says which column is what. In
the run, ``read_records`` gives the rows: a bad row is a record with its problem, and only a file that ends early or is
corrupt ends the reading. The module of each format gives an ``Opened``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halogenator.errors import UserError
from halogenator.inputs import delimited, excel, parquet_rows, sdf, smi
from halogenator.inputs.arrow_values import number_text
from halogenator.inputs.column_choice import check_listed, wanted
from halogenator.inputs.containers import BrokenStreamError, broken, open_stream, start_of
from halogenator.inputs.encodings import by_first_bytes, check_encoding
from halogenator.inputs.files import WHOLE, File, check_bytes, check_each_once, recognise
from halogenator.inputs.lines import Lines
from halogenator.inputs.remote import size_of
from halogenator.inputs.rows import SAMPLED, Opened, Record, Source, text_type
from halogenator.model import Reading

if TYPE_CHECKING:
    import pyarrow

Paths = Path | str | Sequence[Path]
AS_IT_IS = Reading()  # the user says nothing of the columns

CHECK_BYTES = 64 * 1024
ESTIMATE_BYTES = 256 * 1024
_BZ2_BYTES = 3_600_000  # bzip2 decompresses 900 KB at a time
HEAD_RECORDS = 20  # records that ``head`` reads at most for each that it returns
_SDF_SIGNS = (b"V2000", b"V3000", b"M  END", b"$$$$")


def describe(paths: Paths, reading: Reading = AS_IT_IS, *, whole: bool = False) -> Source:
    """Return which columns of the files are SMILES, id and name, and which others are kept.

    The title line of an SDF is called "title line", and the field beside the SMILES in a file without header "id". The
    other columns of several files are those that any file has; a column that differs in type is text.

    Args:
        paths: the library's file, or files.
        reading: what the user says of the columns.
        whole: whether an SDF is read to its end to find all its tags; else the tags of its first records are taken.

    Raises:
        UserError: a file or a column is missing.
    """
    found: Source | None = None
    types: dict[str, pyarrow.DataType] = {}
    seen: list[str] = []
    files = _files(paths)
    for _, path in _filled(files):
        with _as_user_error(path), _opened(path, _reading_of_each(files, reading), found, whole=whole) as file:
            own = file.source
        seen += [name for name in own.names() if name not in seen]
        for name, kind in own.others:
            types[name] = kind if types.get(name, kind) == kind else text_type()
        found = found or own
    if found is None:
        raise _empty(files[0])
    if len(files) > 1:
        check_listed(seen, reading, f"{files[0]} and {len(files) - 1:,} more")
        names = list(types)
        types = {names[i]: types[names[i]] for i in wanted(names, reading)}
    return found._replace(others=tuple(types.items()))


def read_records(paths: Paths, reading: Reading = AS_IT_IS, source: Source | None = None) -> Iterator[Record]:
    """Yield the records of the files, in order. At most a batch (Parquet) or a record (text) is in memory.

    Args:
        paths: the library's file, or files.
        reading: what the user says of the columns.
        source: what ``describe`` returns for the files; None: it is called here, if other columns are kept.

    Raises:
        UserError: a file or a column is missing, or a file ends early or is corrupt; the rows before it are yielded.
    """
    files = _files(paths)
    if source is None and reading.columns != "none":
        source = describe(files, reading, whole=True)
    for number, path in _filled(files):
        row = 0
        try:
            with _opened(path, _reading_of_each(files, reading), source) as file:
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
    check_each_once(files)
    empty = [_is_empty(path, _reading_of_each(files, reading)) for path in files]
    if all(empty):
        raise _empty(files[0])
    if len(files) > 1:
        describe(files, reading)


def estimate_rows(paths: Paths, reading: Reading = AS_IT_IS, limit: int | None = None) -> int:
    """Return the number of records of the files: exact for Parquet, Excel and short text, else an estimate.

    It takes little time and is always the same: only the footer of a Parquet file and the first ``limit`` bytes of
    decompressed text are read, by default ``ESTIMATE_BYTES``.

    Raises:
        UserError: a file is missing, or is not what its ending says.
    """
    return sum(_estimate(path, reading, limit) for path in _files(paths))


def head(paths: Paths, count: int, reading: Reading = AS_IT_IS) -> tuple[list[str], bool]:
    """Return the first ``count`` SMILES that are not empty or unreadable, and whether no row comes after them.

    Of a SMILES that is too long to be worked on, the beginning is kept.

    They are fewer if most rows are unreadable: ``HEAD_RECORDS`` times ``count`` rows are read at most.

    Raises:
        UserError: as ``read_records``.
    """
    smiles: list[str] = []
    for number, record in enumerate(read_records(paths, replace(reading, columns="none"))):
        if len(smiles) >= count or number >= HEAD_RECORDS * count:
            return smiles, False
        if record.smiles and not record.problem:
            smiles.append(record.smiles[:SAMPLED])
    return smiles, True


# ---- files -----------------------------------------------------------------------------------------------------------


def _files(paths: Paths) -> tuple[Path, ...]:
    return (Path(paths),) if isinstance(paths, str | Path) else tuple(paths)


def _filled(files: Sequence[Path]) -> Iterator[tuple[int, Path]]:
    """Return the files with their positions; of several files, without those of 0 bytes."""
    return ((i, path) for i, path in enumerate(files) if len(files) == 1 or size_of(recognise(path).path))


def _reading_of_each(files: Sequence[Path], reading: Reading) -> Reading:
    """Return how each file is read: of several files, not each needs to have all columns that the user lists."""
    return reading if len(files) == 1 or reading.columns == "none" else replace(reading, columns="all")


@contextmanager
def _opened(path: Path, reading: Reading, like: Source | None, *, whole: bool = False) -> Iterator[Opened]:
    """Open a file and choose its columns.

    Args:
        path: the file.
        reading: what the user says of the columns.
        like: the columns of an earlier file of the same library.
        whole: whether an SDF is read to its end to find all its tags.
    """
    file = recognise(path)
    if file.kind == "parquet":
        with parquet_rows.open_parquet(path, reading, like) as opened:
            yield opened
        return
    if file.kind == "xlsx":
        with excel.open_excel(path, reading, like) as opened:
            yield opened
        return
    with _lines(file, reading) as lines:
        kind = _kind(file, lines)
        if kind == "smi":
            yield smi.open_smiles(lines, path, reading, like)
        elif kind != "sdf":
            yield delimited.open_table(lines, kind, path, reading, like)
        elif whole and (reading.columns != "none" or reading.id_column is not None):
            with _lines(file, reading) as again:
                yield sdf.open_sdf(lines, path, reading, like, again)
        else:
            yield sdf.open_sdf(lines, path, reading, like)


@contextmanager
def _as_user_error(path: Path) -> Iterator[None]:
    """Turn the error of a broken compressed file into a ``UserError``."""
    try:
        yield
    except BrokenStreamError as error:
        raise broken(path, error) from error


@contextmanager
def _lines(file: File, reading: Reading) -> Iterator[Lines]:
    encoding = reading.encoding
    if encoding is None:
        with open_stream(file.path, file.member) as stream:
            encoding = by_first_bytes(stream.read(64))
    with open_stream(file.path, file.member) as stream:
        yield Lines(stream, encoding, file.path)


def _kind(file: File, lines: Lines) -> str:
    return smi.kind_of_text(lines) if file.kind == "txt" else file.kind


def _fitting(own: Source, source: Source | None) -> Callable[[Record, int], Record]:
    """Return a function that gives a record the columns of the whole library, in their order and types.

    It takes a record of a file with the columns ``own``, and the position of the file in the library.
    """
    if source is None or own.others == source.others:
        return lambda record, number: record._replace(file=number) if number else record
    places = {name: (i, kind) for i, (name, kind) in enumerate(own.others)}
    steps = [(*places.get(name, (-1, kind)), kind) for name, kind in source.others]

    def fit(record: Record, number: int) -> Record:
        extra = ((record.extra[at] if 0 <= at < len(record.extra) else None, had != kind) for at, had, kind in steps)
        fitted = tuple([_as_text(value) if differs and value is not None else value for value, differs in extra])
        return record._replace(extra=fitted, file=number)

    return fit


def _as_text(value: Any) -> str:
    return number_text(value) if isinstance(value, float) else str(value)


# ---- sizes -----------------------------------------------------------------------------------------------------------


def _is_empty(path: Path, reading: Reading) -> bool:
    """Return whether a file has no rows.

    Raises:
        UserError: it is not what its ending says, or lacks a column.
    """
    file = recognise(path)
    if size_of(path) == 0:
        return True
    if file.kind not in WHOLE:
        data, _, all_read = _start(file, CHECK_BYTES)
        wide = by_first_bytes(data) if reading.encoding is None else None
        stated = reading.encoding or ""
        check_bytes(path, data, wide=bool(wide) or "16" in stated or "32" in stated)
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
    with _as_user_error(path), _opened(path, reading, None) as opened:
        return file.kind in WHOLE and opened.number() == 0


def _start(file: File, limit: int) -> tuple[bytes, int, bool]:
    with _as_user_error(file.path):
        return start_of(file.path, limit, file.member)


def _estimate(path: Path, reading: Reading, limit: int | None) -> int:
    file = recognise(path)
    size = size_of(path)
    if size == 0:
        return 0
    if file.kind == "parquet":
        return parquet_rows.count_rows(path)
    if file.kind in WHOLE:
        with _opened(path, replace(reading, columns="none"), None) as opened:
            return opened.number()
    limit = limit or (_BZ2_BYTES if path.suffix.casefold() == ".bz2" else ESTIMATE_BYTES)
    data, consumed, whole = _start(file, limit)
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
    """Return the number of records in a text, without parsing molecules."""
    lines = Lines(io.BytesIO(data), reading.encoding or wide, file.path)
    kind = _kind(file, lines)
    if kind == "sdf":
        return sdf.count_records(lines)
    return smi.count_lines(lines) if kind == "smi" else delimited.count_rows(lines, kind, reading.smiles_column)


def _empty(path: Path) -> UserError:
    return UserError(
        "the molecule file has no rows", where=path, allowed="at least one molecule", fix="export or download it again"
    )
