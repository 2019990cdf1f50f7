"""Seals: every Parquet file has the SHA-256 of all its bytes in its footer, so that any changed bit is noticed.

DuckDB does not look at the checksums of pages, and more than half of all flipped bits in a compressed page give other
values without an error. The seal is an entry of the footer's key-value metadata. It is computed with zeros in its own
place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from halogenator.errors import UserError

SEAL_KEY = "halogenator_sha256"
_ALGORITHM = "sha256:"
BLANK = _ALGORITHM + 64 * "0"
_CHANGED = "its bytes are not those that were written"

_ENTRY = re.compile(re.escape(SEAL_KEY.encode()) + rb".{1,8}?(sha256:[0-9a-f]{64})", re.DOTALL)
_MAGIC = b"PAR1"
_BLOCK = 1 << 20


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex digits, for files without a seal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(path: Path) -> str:
    """Write the seal into a file whose metadata has ``SEAL_KEY: BLANK``, and return it."""
    with path.open("r+b") as file:
        found = _find(file)
        assert found is not None and found[1] == BLANK, f"{path} has no blank seal"
        value = _checksum(file, found[0])
        file.seek(found[0])
        file.write(value.encode())
    return value


def read_seal(path: Path) -> str | None:
    """Return the seal in a file's footer; None if there is none. Only the footer is read."""
    with path.open("rb") as file:
        found = _find(file)
    return found[1] if found else None


def is_seal(checksum: str) -> bool:
    """Return whether a recorded checksum is a seal; in older statistics it is the SHA-256 of all bytes, or missing."""
    return checksum.startswith(_ALGORITHM)


def damage(path: Path) -> str | None:
    """Return what is wrong with a sealed file, or None. It is read once, in blocks, in some 10 ns a row."""
    try:
        with path.open("rb") as file:
            found = _find(file)
            if found is None:
                return "no whole Parquet file with a checksum"
            return None if _checksum(file, found[0]) == found[1] else _CHANGED
    except FileNotFoundError:
        return "missing"


def wrong_bytes(path: Path, recorded: str | None) -> str | None:
    """Return what is wrong with a file's bytes, or None. A file without a seal and a record is not checked.

    Args:
        path: the file.
        recorded: its seal in the statistics; in older statistics the SHA-256 of all bytes; None if there is none.
    """
    if recorded is not None and not is_seal(recorded):
        return None if sha256(path) == recorded else _CHANGED
    seal = read_seal(path)
    if recorded not in (None, seal):
        return _CHANGED
    return damage(path) if seal else None


def check_chunks(paths: Iterable[Path]) -> None:
    """Check the seals of chunk files.

    Raises:
        UserError: a file is damaged or missing.
    """
    refuse_damaged([(path, problem) for path in paths if (problem := damage(path))])


def refuse_damaged(bad: list[tuple[Path, str]]) -> None:
    """Stop a task that has files it cannot use, given as (file, problem); the run removes them at its end.

    Raises:
        UserError: ``bad`` is not empty.
    """
    if bad:
        path, problem = bad[0]
        others = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise UserError(
            f"a chunk file is damaged or gone: {problem}",
            where=f"{path}{others}",
            fix="run again: of the chunks only those that are damaged or gone are made anew",
        )


def remove_damaged(paths: Iterable[Path]) -> None:
    """Delete those of some files whose seals show damage."""
    for path in paths:
        if damage(path):
            path.unlink(missing_ok=True)


def _find(file: BinaryIO) -> tuple[int, str] | None:
    """Return the offset of the seal in the file, and the seal; None if the file has no whole footer or no seal."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    ending = file.read()
    length = int.from_bytes(ending[:4], "little")
    if ending[4:] != _MAGIC or length + 12 > size:
        return None
    start = size - 8 - length
    file.seek(start)
    entries = list(_ENTRY.finditer(file.read(length)))  # other metadata may quote a seal before it
    return (start + entries[-1].start(1), entries[-1][1].decode()) if entries else None


def _checksum(file: BinaryIO, at: int) -> str:
    """Return the seal of a file, computed with a blank seal at the offset ``at``."""
    checksum = hashlib.sha256()
    _feed(checksum, file, 0, at)
    checksum.update(BLANK.encode())
    _feed(checksum, file, at + len(BLANK), None)
    return _ALGORITHM + checksum.hexdigest()


def _feed(checksum: hashlib._Hash, file: BinaryIO, start: int, stop: int | None) -> None:
    file.seek(start)
    while block := file.read(_BLOCK if stop is None else min(_BLOCK, stop - file.tell())):
        checksum.update(block)
