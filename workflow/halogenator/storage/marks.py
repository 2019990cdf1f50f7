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
from halogenator.storage.remote import address, is_remote, version_of

# Above this size in bytes a mark is made of size, time and the two ends: hashing gigabytes would delay every start.
_WHOLE = 16_000_000
_END = 1_000_000


def content_mark(*paths: Path) -> str:
    """Return 16 hex digits that change when the files' content does; "missing" where there is none of one file."""
    marks = [_mark(path) for path in paths]
    return marks[0] if len(marks) == 1 else hashlib.sha256(" ".join(marks).encode()).hexdigest()[:16]


def _mark(path: Path) -> str:
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
def unchanged(paths: Path | Sequence[Path], mark: str | None) -> Iterator[None]:
    """Check before and after a block that reads files that they have the content of ``mark``; None: check nothing.

    Raises:
        UserError: if they have another.
    """
    files = (paths,) if isinstance(paths, Path) else tuple(paths)
    _check(files, mark)
    try:
        yield
    except UserError:
        _check(files, mark)  # what was read may be of neither version, and so may the error
        raise
    _check(files, mark)


def _check(paths: Sequence[Path], mark: str | None) -> None:
    if mark is not None and content_mark(*paths) != mark:
        raise UserError(
            "an input file was replaced while the run was on",
            where=", ".join(address(path) for path in paths[:3]),
            fix="run again: everything that is made from it is then made from the new file",
        )
