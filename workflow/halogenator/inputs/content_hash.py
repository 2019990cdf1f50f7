"""Hashes of input files, which tell whether results were made from the same content.

The time of a file says too little. A file that is moved keeps its old time, clocks are set back, and a file that is
replaced during a run can still be older than the results of that run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from halogenator.errors import UserError
from halogenator.inputs.remote import address, is_remote, version_of

# A larger file is not read whole, which would delay every start: its size, time and both ends are hashed. In bytes.
_WHOLE = 16_000_000
_END = 1_000_000


def content_hash(*paths: Path) -> str:
    """Return 16 hex digits that change with the content of the files; "missing" for a single file that is not there."""
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
    """Check before and after a ``with`` block, which reads files, that nobody replaces them.

    Args:
        paths: the file, or files.
        expected: their ``content_hash``; None: nothing is checked.

    Raises:
        UserError: the hash is another.
    """
    files = (paths,) if isinstance(paths, Path) else tuple(paths)
    _check(files, expected)
    try:
        yield
    except UserError:
        _check(files, expected)  # the error may come from a mixture of both versions
        raise
    _check(files, expected)


def _check(paths: Sequence[Path], expected: str | None) -> None:
    if expected is not None and content_hash(*paths) != expected:
        raise UserError(
            "an input file was replaced while the run was on",
            where=", ".join(address(path) for path in paths[:3]),
            fix="run again: everything that is made from it is then made from the new file",
        )
