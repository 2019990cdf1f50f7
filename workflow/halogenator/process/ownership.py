"""Proofs that a file or folder is this program's own. Nothing without one is removed or written over.

A name that a person could have given proves nothing. An unfinished file has a name that nobody gives by chance: it ends
in a checksum of what is before it.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Names of tasks' folders for what memory cannot hold: a word of ours, then what ``tempfile`` adds.
SCRATCH = re.compile(r"(duckdb|job|record|adopt)-[a-z0-9_]{8}")
_UNFINISHED = re.compile(r"(?P<whole>.+)\.tmp\.(?P<pid>\d+)-[0-9a-f]{8}", re.DOTALL)
_PROOF = "<!-- halogenator wrote this page; SHA-256 of all above: {} -->\n"
_WAL = ".wal"  # what DuckDB appends to the name of a database that it writes


def unfinished(path: Path, pid: int) -> Path:
    """Return the temporary path, beside ``path``, under which a process writes the file until it is whole.

    Examples:
        >>> unfinished(Path("ethers.csv"), 4711).name
        'ethers.csv.tmp.4711-f33b3745'
    """
    name = f"{path.name}.tmp.{pid}"
    mark = hashlib.sha256(os.fsencode(f"halogenator {name}")).hexdigest()[:8]
    return path.with_name(f"{name}-{mark}")


def abandoned(path: Path) -> Iterator[Path]:
    """Yield the unfinished files that processes, killed or still running, have left beside ``path`` for it."""
    for found in path.parent.glob(f"{glob.escape(path.name)}.tmp.*"):
        if _of(found) == path.name:
            yield found


def any_unfinished(folder: Path) -> bool:
    """Return whether a process has left an unfinished file somewhere in a folder."""
    return any(_of(path) for path in folder.rglob("*.tmp.*"))


def _of(found: Path) -> str | None:
    """Return the name of the file that an unfinished one is to become; None for any other file."""
    name = found.name.removesuffix(_WAL)
    parts = _UNFINISHED.fullmatch(name)
    if parts and name == unfinished(found.with_name(parts["whole"]), int(parts["pid"])).name:
        return parts["whole"]
    return None


def with_proof(page: str) -> str:
    """Return the text of an HTML page with a last line that proves, to ``has_proof``, that all of it is ours."""
    return f"{page}{_PROOF.format(hashlib.sha256(page.encode()).hexdigest())}"


def has_proof(path: Path) -> bool:
    """Return whether a file is a page of ours that nobody has changed since; a link is none."""
    try:
        text = "" if path.is_symlink() else path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    page = text[: -len(_PROOF.format("0" * 64))]
    return bool(page) and text == with_proof(page)


def clear(folder: Path, own: re.Pattern[str]) -> None:
    """Remove from a folder what has names of our own, and then the folder, if that leaves it empty.

    A link is not followed, whether it stands for the folder or in it: what it leads to is somebody else's.

    Args:
        folder: a folder of ours.
        own: pattern of the names.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    with suppress(OSError):  # what cannot be removed now, as another user's, stays
        for path in folder.iterdir():
            if own.fullmatch(path.name) and not path.is_symlink():
                with suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        folder.rmdir()
