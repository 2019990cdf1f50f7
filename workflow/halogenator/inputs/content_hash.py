"""Whether an input file is still the one that results were made from: by its content, not by its time.

A time says too little: a file moved here keeps its old one, clocks are set back, and one that is replaced while a run
is on is still older than that run's results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from halogenator.errors import UserError
from halogenator.inputs.remote import address, is_remote, version_of

# Above this size in bytes a hash is made of size, time and the two ends: reading gigabytes would delay every start.
_WHOLE = 16_000_000
_END = 1_000_000


def content_hash(*paths: Path) -> str:
    """Return 16 hex digits that change when the files' content does; "missing" where there is none of one file."""
    hashes = [_hash(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else _digits(" ".join(hashes).encode())


def _hash(path: Path) -> str:
    try:
        if is_remote(path):
            return _digits(version_of(path).encode())
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size <= _WHOLE:
                return _digits(file.read())
            start = file.read(_END)
            file.seek(size - _END)
            return _digits(f"{size} {path.stat().st_mtime_ns} ".encode() + start + file.read(_END))
    except FileNotFoundError:
        return "missing"


def _digits(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


@contextmanager
def unchanged(paths: Path | Sequence[Path], expected: str | None) -> Iterator[None]:
    """Check before and after a block that reads files that they have the expected hash; None: check nothing.

    Raises:
        UserError: if they have another.
    """
    files = (paths,) if isinstance(paths, Path) else tuple(paths)
    _check(files, expected)
    try:
        yield
    except UserError:
        _check(files, expected)  # what was read may be of neither version, and so may the error
        raise
    _check(files, expected)


def _check(paths: Sequence[Path], expected: str | None) -> None:
    if expected is not None and content_hash(*paths) != expected:
        raise UserError(
            "an input file was replaced while the run was on",
            where=", ".join(address(path) for path in paths[:3]),
            fix="run again: everything that is made from it is then made from the new file",
        )
