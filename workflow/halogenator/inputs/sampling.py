"""A sample of rows from all parts of a library's files: files are often sorted, so that their first rows are alike.

Only some parts are read, so that a file of a gigabyte takes no longer than a small one. Of a text file these are
windows, cut at ends of lines. Together with the beginning of the file they make a small file of the same format, which
is read like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.arrow_values import texts_of
from halogenator.inputs.files import FORMATS, WHOLE
from halogenator.inputs.parquet_batches import read_batches
from halogenator.inputs.parquet_rows import open_footer
from halogenator.inputs.reading import describe, estimate_rows, head
from halogenator.inputs.remote import is_remote, open_binary, size_of
from halogenator.inputs.rows import SAMPLED, Undecoded
from halogenator.model import Reading

_PLACES = 40  # windows of a text file
_REMOTE_PLACES = 8  # windows of a text file in a store, where each is a request
_WINDOW = {"line": 12_000, "record": 60_000}  # bytes of a window: about 200 lines, or 10 records of an SDF
_LARGE = {"line": 480_000, "record": 4_800_000}  # bytes of a file of which only windows are read
_LONGEST = 20  # a window in which no record ends is made up to so many times as large
_FILES = 20  # files that are read of a library
_DECODED_ROWS = 5_000_000  # rows of Parquet that are decoded, which takes a second or two


class FileSample(NamedTuple):
    """A sample of rows of a library's files.

    Attributes:
        smiles: the SMILES of its readable rows, in file order.
        rows: about how many rows the files have.
        whole: whether the sample has all rows.
        first: whether it has the first rows only: a compressed file can only be read from its beginning.
    """

    smiles: list[str]
    rows: int
    whole: bool
    first: bool


def sample_files(paths: Path | Sequence[Path], reading: Reading, count: int) -> FileSample:
    """Return a sample of about ``count`` rows, always the same ones.

    Raises:
        UserError: a file cannot be read, or lacks a column.
    """
    files = [paths] if isinstance(paths, Path) else list(paths)
    if len(files) == 1:
        return _of_file(files[0], reading, count)
    every = -(-len(files) // _FILES)
    parts = [_of_file(file, reading, -(-count * every // len(files))) for file in files[::every]]
    rows = sum(part.rows for part in parts) * len(files) // len(parts)
    smiles = [text for part in parts for text in part.smiles]
    return FileSample(smiles, rows, every == 1 and all(p.whole for p in parts), any(p.first for p in parts))


def _of_file(path: Path, reading: Reading, count: int) -> FileSample:
    kind = FORMATS.get(path.suffix.casefold(), "")  # none of a compressed file
    unit = "record" if kind == "sdf" else "line"
    with suppress(UserError):  # what is wrong with the file itself is raised below
        found = None
        if kind == "parquet" and path.is_file():
            found = _of_parquet(path, reading, count)
        elif kind not in ("", *WHOLE) and size_of(path) > _LARGE[unit]:
            found = _of_text(path, reading, unit, count)
        if found is not None:
            return found
    smiles, whole = head(path, count, reading)
    return FileSample(smiles, estimate_rows(path, reading), whole, not whole)


# ---- text ------------------------------------------------------------------------------------------------------------


def _of_text(path: Path, reading: Reading, unit: str, count: int) -> FileSample | None:
    """Return a sample from windows; None if the encoding is one in which bytes do not show where a line ends."""
    with open_binary(path) as stream:
        windows = _windows(stream, size_of(path), unit, _REMOTE_PLACES if is_remote(path) else _PLACES)
    if not windows:
        return None
    with TemporaryDirectory(prefix="sample-") as folder:
        small = Path(folder) / path.name.rpartition("/")[2][-100:]
        small.write_bytes(b"".join(windows))
        smiles, _ = head(small, count, reading)
        size = small.stat().st_size
        if unit == "record":
            there = sum(window.count(b"$$$$") for window in windows)
        else:
            there = estimate_rows(small, reading, size + 1)
    return FileSample(smiles, max(1, round(size_of(path) * there / size)), False, False)


def _windows(stream: IO[bytes], size: int, unit: str, places: int) -> list[bytes]:
    """Return whole records from evenly spread places of a file, those from its beginning first."""
    length = _WINDOW[unit]
    start = stream.read(length * _LONGEST)
    if b"\0" in start:  # UTF-16, in which other characters too have the byte of a line end
        return []
    mark = b"\n" if b"\n" in start else b"\r"
    end = _end(start, unit, mark, length)
    if not end:
        return []
    windows = [start[:end]]
    for place in range(1, places):
        stream.seek(size * place // places)
        data = stream.read(length * _LONGEST)
        first = _end(data, unit, mark, 0)
        last = _end(data, unit, mark, first + length) if first else 0
        if last > first:
            windows.append(data[first:last])
    return windows


def _end(data: bytes, unit: str, mark: bytes, after: int) -> int:
    """Return the end of the first record, or line, that ends at ``after`` or later; 0 if there is none."""
    if unit == "record":
        found = data.find(mark + b"$$$$", after)
        after = found + 1 if found >= 0 else len(data)
    return data.find(mark, after) + 1


# ---- Parquet ---------------------------------------------------------------------------------------------------------


def _of_parquet(path: Path, reading: Reading, count: int) -> FileSample | None:
    """Return a sample of evenly spread rows from evenly spread row groups, each of which has to be read whole."""
    import pyarrow

    column = describe(path, replace(reading, columns="none")).smiles
    assert column is not None
    try:
        with open_footer(path) as file:
            rows, groups = int(file.metadata.num_rows), file.metadata.num_row_groups
            every = min(max(1, -(-rows // _DECODED_ROWS)), max(1, groups // 2))
            taken = range(0, groups, every)
            there = sum(file.metadata.row_group(group).num_rows for group in taken)
            step = max(1, there // count)
            smiles: list[str] = []
            position = 0
            for batch in read_batches(file, path, [column], taken):
                wanted = range(-position % step, batch.num_rows, step)
                texts = texts_of(batch.column(0).take(pyarrow.array(wanted, pyarrow.int64())))
                smiles += [text[:SAMPLED] for text in texts if text and not isinstance(text, Undecoded)]
                position += batch.num_rows
    except (pyarrow.ArrowException, OSError):
        return None
    return FileSample(smiles, rows, step == 1 and there == rows, False)
