"""Whether an input file is still the one that results were made from: by its content, not by its time.

A time says too little: a file moved here keeps its old one, clocks are set back, and one that is replaced while a run
is on is still older than that run's results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from halogenator.errors import UserError
from halogenator.storage.remote import address, is_remote, version_of

# Above this size in bytes a mark is made of size, time and the two ends: hashing gigabytes would delay every start.
_WHOLE = 16_000_000
_END = 1_000_000


def content_mark(path: Path) -> str:
    """Return 16 hex digits that change when the file's content does; "missing" where there is none."""
    if is_remote(path):
        try:
            return hashlib.sha256(version_of(path).encode()).hexdigest()[:16]
        except FileNotFoundError:
            return "missing"
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size <= _WHOLE:
                return hashlib.sha256(file.read()).hexdigest()[:16]
            mark = hashlib.sha256(f"{size} {path.stat().st_mtime_ns} ".encode())
            mark.update(file.read(_END))
            file.seek(size - _END)
            mark.update(file.read(_END))
            return mark.hexdigest()[:16]
    except FileNotFoundError:
        return "missing"


@contextmanager
def unchanged(path: Path, mark: str | None) -> Iterator[None]:
    """Check before and after a block that reads a file that it has the content of ``mark``; None: check nothing.

    Raises:
        UserError: if it has another.
    """
    _check(path, mark)
    try:
        yield
    except UserError:
        _check(path, mark)  # what was read may be of neither version, and so may the error
        raise
    _check(path, mark)


def _check(path: Path, mark: str | None) -> None:
    if mark is not None and content_mark(path) != mark:
        raise UserError(
            "an input file was replaced while the run was on",
            where=address(path),
            fix="run again: everything that is made from it is then made from the new file",
        )
