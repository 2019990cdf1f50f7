"""Some rows of a library's files, spread over the whole of them: files are often sorted, and their first rows alike.

Only what stands at some places is read, so that a file of a gigabyte costs no more than a small one. A text file is cut
into windows, each from the end of a line to the end of another; what they hold, below the file's own first lines, is a
small file of the same kind, which is read like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from halogenator.errors import UserError
from halogenator.inputs.reading import describe, estimate_rows, head
from halogenator.model import Reading
from halogenator.storage.remote import is_remote, open_binary, size_of

_PLACES = 40  # windows of a text file
_REMOTE_PLACES = 8  # and of one in a store, where each is a request
_WINDOW = {"line": 6_000, "record": 60_000}  # bytes: some hundred lines, some ten records of an SDF
_LONGEST = 20  # windows that one is widened to where no record ends in it
_FILES = 20  # files of a library that are looked into
_DECODED_ROWS = 5_000_000  # of Parquet, a second or two

_PARQUET = (".parquet", ".pq")
_LINES = (".csv", ".tsv", ".tab", ".txt", ".smi", ".smiles", ".cxsmiles", ".ism")
_RECORDS = (".sdf", ".sd")


class Spread(NamedTuple):
    """Some rows of a library's files.

    Attributes:
        smiles: of the rows that are readable, in file order.
        rows: about how many rows the files have.
        whole: whether these are all.
        first: whether they are the first ones only, as of what is compressed and cannot be entered in the middle.
    """

    smiles: list[str]
    rows: int
    whole: bool
    first: bool


def spread(paths: Path | Sequence[Path], reading: Reading, count: int) -> Spread:
    """Return up to some ``count`` rows, always the same ones, spread over the files as far as they can be entered.

    Raises:
        UserError: a file cannot be read, or has not the columns asked for.
    """
    files = [paths] if isinstance(paths, Path) else list(paths)
    if len(files) == 1:
        return _of_file(files[0], reading, count)
    every = -(-len(files) // _FILES)
    parts = [_of_file(file, reading, -(-count * every // len(files))) for file in files[::every]]
    rows = sum(part.rows for part in parts) * len(files) // len(parts)
    smiles = [text for part in parts for text in part.smiles]
    return Spread(smiles, rows, every == 1 and all(p.whole for p in parts), any(p.first for p in parts))


def _of_file(path: Path, reading: Reading, count: int) -> Spread:
    ending = path.suffix.casefold()
    unit = "line" if ending in _LINES else "record" if ending in _RECORDS else None
    found = None
    with suppress(UserError):  # said again below, of the file itself
        if ending in _PARQUET and path.is_file():
            found = _of_parquet(path, reading, count)
        elif unit is not None and size_of(path) > 2 * _PLACES * _WINDOW[unit]:
            found = _of_text(path, reading, unit, count)
    if found is None:
        smiles, whole = head(path, count, reading)
        found = Spread(smiles, estimate_rows(path, reading), whole, not whole)
    return found


# ---- text ------------------------------------------------------------------------------------------------------------


def _of_text(path: Path, reading: Reading, unit: str, count: int) -> Spread | None:
    """Return rows of windows; None where the file is of a kind whose bytes do not show where a line ends."""
    with open_binary(path) as stream:
        windows = _windows(stream, size_of(path), unit, _REMOTE_PLACES if is_remote(path) else _PLACES)
    if not windows:
        return None
    with TemporaryDirectory(prefix="sample-") as folder:
        small = Path(folder) / path.name.rpartition("/")[2][-100:]
        small.write_bytes(b"".join(windows))
        smiles, _ = head(small, count, reading)
        size = small.stat().st_size
        there = sum(window.count(b"$$$$") for window in windows) if unit == "record" else estimate_rows(small, reading)
    return Spread(smiles, max(1, round(size_of(path) * there / size)), False, False)


def _windows(stream: IO[bytes], size: int, unit: str, places: int) -> list[bytes]:
    """Return what stands at evenly spread places, the file's beginning first, each cut to whole records."""
    length = _WINDOW[unit]
    start = stream.read(length * _LONGEST)
    if b"\0" in start:  # UTF-16, in which the bytes of a line's end also stand elsewhere
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
    """Return where the first record that ends at ``after`` or later ends; 0 where none does."""
    if unit == "record":
        found = data.find(mark + b"$$$$", after)
        after = found + 1 if found >= 0 else len(data)
    return data.find(mark, after) + 1


# ---- Parquet ---------------------------------------------------------------------------------------------------------


def _of_parquet(path: Path, reading: Reading, count: int) -> Spread | None:
    """Return rows of evenly spread row groups, evenly spread in each: a row can only be got at through those before."""
    import pyarrow

    try:
        return _rows_of_parquet(path, describe(path, replace(reading, columns="none")).smiles, count)
    except (pyarrow.ArrowException, OSError):
        return None


def _rows_of_parquet(path: Path, column: str | None, count: int) -> Spread:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        rows = int(file.metadata.num_rows)
        groups = _groups(file, rows)
        there = sum(file.metadata.row_group(group).num_rows for group in groups)
        step = max(1, there // count)
        smiles: list[str] = []
        position = 0
        for batch in file.iter_batches(batch_size=8192, row_groups=groups, columns=[column], use_threads=False):
            wanted = range(-position % step, batch.num_rows, step)
            smiles += filter(None, (_text(batch.column(0)[row]) for row in wanted))
            position += batch.num_rows
    return Spread(smiles, rows, step == 1 and there == rows, False)


def _groups(file: Any, rows: int) -> list[int]:
    number = file.metadata.num_row_groups
    every = max(1, -(-rows // _DECODED_ROWS))
    return list(range(0, number, min(every, max(1, number // 2))))


def _text(value: Any) -> str | None:
    try:
        found = value.as_py()
    except UnicodeDecodeError:
        return None
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found
