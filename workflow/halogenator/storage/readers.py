"""Read a library that the user brings: Parquet, CSV, TSV, SMILES or SDF, streamed as records in bounded memory.

``check_readable`` is for before a run: it refuses what cannot be a library. ``read_records`` is for the run: from then
on a bad row is a record with its problem, and only a file that breaks off or is corrupt ends the reading.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple, cast

from halogenator.errors import UserError, did_you_mean
from halogenator.model import Reading
from halogenator.storage import readers_parquet
from halogenator.storage.readers_base import COLUMN_NAMES, MAX_LINE, Lines, Record, Source
from halogenator.storage.readers_sdf import check_sdf_property
from halogenator.storage.readers_text import count_records, find_layout, text_records
from halogenator.storage.remote import address, is_remote, open_binary, size_of

__all__ = [
    "COLUMN_NAMES",
    "FORMATS",
    "MAX_LINE",
    "Record",
    "Source",
    "check_readable",
    "describe",
    "estimate_rows",
    "head",
    "read_records",
    "readable",
]

Paths = Path | str | Sequence[Path]
AS_IT_IS = Reading()  # no column is named

# What a file is, by its ending (in any case); all but Parquet also with .gz after it.
FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".smi": "smi",
    ".smiles": "smi",
    ".sdf": "sdf",
    ".sd": "sdf",
}

CHECK_BYTES = 64 * 1024
ESTIMATE_BYTES = 256 * 1024

# A gzip file may grow by so much, and to so many bytes in any case. Files of molecules grow five- to fifty-fold, and
# gzip's format ends at about a thousand-fold, which only a file made to fill a disk comes near.
MAX_GROWTH = 200
FREE_GROWTH = 200_000_000

HEAD_RECORDS = 20  # records that ``head`` looks at for each that it is asked for

_SDF_SIGNS = (b"V2000", b"V3000", b"M  END", b"$$$$")

# First bytes of what is often found under a wrong name, and what to do with it.
_DISGUISES = (
    (b"\x1f\x8b", "gzip-compressed", "add .gz to its name"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "unpack it, or export the sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "export the sheet as CSV (UTF-8)"),
    (b"PAR1", "a Parquet file", "rename it to end in .parquet"),
    (b"BZh", "bzip2-compressed", "decompress it, or compress it with gzip"),
    (b"\xfd7zXZ", "xz-compressed", "decompress it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "decompress it, or compress it with gzip"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a"))
_MAX_CONTROL = 0.05  # share of control bytes that no text has, but every compressed or binary file
_FEW_CONTROL = 10  # so many may be damage to a few rows of a short file


class _BoundedGzip(gzip.GzipFile):
    """A gzip file that ends with an error where it grows beyond ``MAX_GROWTH`` times its size."""

    def __init__(self, path: Path) -> None:
        self._compressed = open_binary(path)
        super().__init__(fileobj=self._compressed, mode="rb")
        self._path = path
        self._left = max(FREE_GROWTH, MAX_GROWTH * size_of(path))

    def close(self) -> None:
        super().close()
        self._compressed.close()  # gzip leaves a file open that it was given

    def read1(self, size: int = -1) -> bytes:
        data = super().read1(size)
        self._left -= len(data)
        if self._left < 0:
            raise _grown(self._path)
        return data


class _Head(NamedTuple):
    data: bytes  # decompressed
    consumed: int  # bytes of the file that gave it
    whole: bool


def describe(paths: Paths, reading: Reading = AS_IT_IS, *, whole: bool = False) -> Source:
    """Return which columns of the files are SMILES, id and name, and which others come along.

    Args:
        paths: the library's file, or files.
        reading: which columns are named, and which others come along.
        whole: whether an SDF, whose tags are nowhere listed, is gone through to its end; else its first records tell.

    Raises:
        UserError: a file or a column is not there.
    """
    raise NotImplementedError


def readable(paths: Paths, reading: Reading = AS_IT_IS, count: int = 1000) -> tuple[int, int]:
    """Return how many of the first ``count`` rows RDKit reads, and how many rows these are.

    Raises:
        UserError: none of them can be read.
    """
    raise NotImplementedError


def read_records(paths: Paths, reading: Reading = AS_IT_IS, source: Source | None = None) -> Iterator[Record]:
    """Yield the files' records in their order, never holding more than a batch (Parquet) or a record (text).

    Columns that are not named are found by their names. Nothing is read before the first record is asked for.

    Args:
        paths: the library's file, or files.
        reading: which columns are named, and which others come along.
        source: what ``describe`` says of the files; None: it is asked.

    Raises:
        UserError: the file or a column is not there, or the file breaks off or is corrupt; the rows before are yielded.
    """
    path, smiles_column, id_column = _first(paths), reading.smiles_column, reading.id_column
    kind = _recognise(path)
    if kind == "parquet":
        yield from readers_parquet.parquet_records(path, smiles_column, id_column)
        return
    row = 0
    try:
        with _open_text(path) as stream:
            for record in text_records(stream, kind, path, smiles_column, id_column):
                row = record.row
                yield record
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken_gzip(path, error, row) from error


def check_readable(paths: Paths, reading: Reading = AS_IT_IS) -> None:
    """Check, from its first 64 KB or its footer, that the file is what its ending says and has the columns.

    Raises:
        UserError: it is not, or has no rows.
    """
    path, smiles_column, id_column = _first(paths), reading.smiles_column, reading.id_column
    kind = _recognise(path)
    if size_of(path) == 0:
        raise _empty(path)
    if kind == "parquet":
        if readers_parquet.check_parquet(path, smiles_column, id_column) == 0:
            raise _empty(path)
        return
    start = _read_head(path, CHECK_BYTES)
    _check_text(path, start.data)
    if kind == "sdf" and start.data.strip() and not any(sign in start.data for sign in _SDF_SIGNS):
        raise UserError(
            "the file is not an SDF",
            where=path,
            value=start.data[:60].decode("utf-8", "replace"),
            allowed="records with 'M  END' and '$$$$'",
            fix="give it the ending of what it is, or export it as SDF again",
        )
    if start.whole and count_records(_as_text(start.data), kind) == 0:
        raise _empty(path)
    with _open_text(path) as stream:
        find_layout(Lines(stream), kind, path, smiles_column, id_column)
    if kind == "sdf" and id_column and (start.whole or b"$$$$" in start.data):
        check_sdf_property(Lines(_as_text(start.data)), path, id_column)


def estimate_rows(paths: Paths, reading: Reading = AS_IT_IS) -> int:
    """Return how many records the file has: exact for Parquet and for text of up to 256 KB, else by the mean row.

    Deterministic and cheap: only the footer, or the first 256 KB of (decompressed) text, are read.

    Raises:
        UserError: the file is not there, or not what its ending says.
    """
    path = _first(paths)
    kind = _recognise(path)
    size = size_of(path)
    if size == 0:
        return 0
    if kind == "parquet":
        return readers_parquet.count_rows(path)
    start = _read_head(path, ESTIMATE_BYTES)
    if start.whole:
        return count_records(_as_text(start.data), kind)
    last = max(start.data.rfind(end) + len(end) for end in ([b"$$$$"] if kind == "sdf" else [b"\n", b"\r"]))
    rows = count_records(_as_text(start.data[:last]), kind)
    bytes_per_row = last / rows if rows else len(start.data)
    return max(1, round(size * len(start.data) / start.consumed / bytes_per_row))


def head(paths: Paths, count: int, reading: Reading = AS_IT_IS) -> tuple[list[str], bool]:
    """Return the first ``count`` SMILES, without unreadable and empty rows, and whether no row comes after them.

    Where most rows are unreadable, they are fewer: only the first ``HEAD_RECORDS`` times ``count`` rows are read.

    Raises:
        UserError: as ``read_records``, if it is met that early.
    """
    smiles: list[str] = []
    records = read_records(paths, replace(reading, columns="none"))
    for number, record in enumerate(records):
        if len(smiles) >= count or number >= HEAD_RECORDS * count:
            return smiles, False
        if record.smiles and not record.problem:
            smiles.append(record.smiles)
    return smiles, True


def _first(paths: Paths) -> Path:
    return Path(paths if isinstance(paths, str | Path) else paths[0])


def _recognise(path: Path) -> str:
    """Return the format that the ending stands for; the file is there and may be opened."""
    if is_remote(path):
        _check_object(path)
        return _kind(path)
    try:
        path.stat()
    except (OSError, ValueError) as error:
        folder = path.parent
        beside = [entry.name for entry in folder.iterdir()] if folder.is_dir() and os.access(folder, os.R_OK) else []
        raise UserError(
            "the molecule file does not exist",
            where=path,
            value=None if isinstance(error, FileNotFoundError) else str(error),
            fix=did_you_mean(path.name, beside) or "correct the path, or put the file there",
        ) from error
    if not path.is_file():
        raise UserError(
            "a folder stands where a molecule file is expected" if path.is_dir() else "not a regular file",
            where=path,
            allowed="one file",
            fix="name the file in it; several files are several libraries" if path.is_dir() else "copy it into a file",
        )
    kind = _kind(path)
    if not os.access(path, os.R_OK):
        raise UserError("the molecule file may not be read", where=path, fix="give yourself read permission (chmod)")
    return kind


def _check_object(path: Path) -> None:
    """Check that a store has the object.

    Raises:
        UserError: it has not, or it cannot be asked.
    """
    try:
        size_of(path)
    except FileNotFoundError as error:
        fix = "correct the address, or upload the file"
        raise UserError("the store has no such molecule file", where=address(path), fix=fix) from error
    except OSError as error:
        fix = "is it the right store, bucket and key?"
        raise UserError(f"the store does not give the file: {error.strerror}", where=address(path), fix=fix) from error


def _kind(path: Path) -> str:
    suffixes = [suffix.casefold() for suffix in path.suffixes[-2:]]
    zipped = suffixes[-1:] == [".gz"]
    kind = FORMATS.get("".join(suffixes[-2:-1] if zipped else suffixes[-1:]))
    if kind is None or (zipped and kind == "parquet"):
        raise UserError(
            "the molecule file's ending is not known",
            where=path,
            value="".join(path.suffixes[-2:] if zipped else path.suffixes[-1:]),
            allowed=f"{', '.join(FORMATS)}; the text ones also with .gz",
            fix="decompress it: Parquet is compressed inside"
            if kind
            else "rename it to what it is: .smi for lines of SMILES and id, .csv or .tsv for columns with a header",
        )
    return kind


def _open_text(path: Path) -> io.TextIOWrapper:
    if path.suffix.casefold() != ".gz":
        return _decoded(open_binary(path))
    return _decoded(cast("IO[bytes]", _BoundedGzip(path)))


def _as_text(data: bytes) -> io.TextIOWrapper:
    return _decoded(io.BytesIO(data))


def _decoded(stream: IO[bytes]) -> io.TextIOWrapper:
    # Universal newlines: CR LF and the lone CR of old Mac exports end a line too.
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline=None)


class _Metered(io.RawIOBase):
    """Raw bytes handed out in small pieces, so that ``count`` tells what a decompressor has really consumed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(512 if size < 0 else min(size, 512))
        self.count += len(piece)
        return piece


def _read_head(path: Path, limit: int) -> _Head:
    with open_binary(path) as stream:
        if path.suffix.casefold() != ".gz":
            data = stream.read(limit + 1)
            return _Head(data[:limit], min(len(data), limit), len(data) <= limit)
        metered = _Metered(stream)
        try:
            data = gzip.GzipFile(fileobj=metered, mode="rb").read(limit + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _broken_gzip(path, error) from error
        return _Head(data[:limit], metered.count, len(data) <= limit)


def _check_text(path: Path, data: bytes) -> None:
    for magic, name, fix in _DISGUISES:
        if data.startswith(magic):
            raise UserError(
                f"the file is {name}, not what its ending says", where=path, value=data[:8], allowed="text", fix=fix
            )
    control = len(data) - len(data.translate(None, _CONTROL))
    if control > max(_FEW_CONTROL, _MAX_CONTROL * len(data)):
        raise UserError(
            "the file is binary, not what its ending says",
            where=path,
            value=data[:16],
            allowed="text (UTF-8)",
            fix="give it the ending of what it is, or export it again as text",
        )


def _empty(path: Path) -> UserError:
    return UserError(
        "the molecule file has no rows", where=path, allowed="at least one molecule", fix="export or download it again"
    )


def _grown(path: Path) -> UserError:
    return UserError(
        "the gzip file grows without end: it looks like a decompression bomb",
        where=path,
        value=f"{size_of(path):,} bytes",
        allowed=f"at most {MAX_GROWTH}-fold growth (and {FREE_GROWTH:,} bytes in any case)",
        fix="look at it with: gzip -dc FILE | head; if it is what you want, decompress it first",
    )


def _broken_gzip(path: Path, error: Exception, row: int | None = None) -> UserError:
    if isinstance(error, EOFError):
        what = "the gzip stream ends early"
    elif "Not a gzipped file" in str(error) and not row:
        what = "the file is not gzip-compressed, as its ending says"
    else:
        what = f"the gzip stream is corrupt ({error})"
    return UserError(
        what,
        where=path if row is None else f"{path}, after row {row:,}",
        allowed=f"a file that passes: gzip -t {path.name}",
        fix="take .gz off its name if it is plain text"
        if "not gzip" in what
        else "copy, download or compress it again",
    )
