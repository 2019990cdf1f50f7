"""Failures of the system in words: a full or read-only disk, a used-up quota, a damaged file, a missing library."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from halogenator.errors import UserError

_ELSEWHERE = "or let results go elsewhere with --directory; then run again: what is finished stays"
_ALLOW = f"allow this user to write there, {_ELSEWHERE}"
_SEE_TO_IT = f"see to the disk or the network there (dmesg may say more), {_ELSEWHERE}"

_MOVE = f"move away what is there, {_ELSEWHERE}"
_FEW_FILES = 10  # fewer free inodes than these: a task makes as many files

# errno -> (the cause, what to do)
_CAUSES = {
    errno.ENOSPC: ("the disk is full", f"free some space there, {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space there, {_ELSEWHERE}"),
    errno.EFBIG: ("it would be larger than files may be here", f"raise the limit (ulimit -f unlimited), {_ELSEWHERE}"),
    errno.EROFS: ("the file system is read-only", f"mount it for writing, {_ELSEWHERE}"),
    errno.EACCES: ("permission denied", _ALLOW),
    errno.EPERM: ("operation not permitted", _ALLOW),
    errno.EIO: ("the disk reports an error", _SEE_TO_IT),
    errno.ESTALE: ("the network file system no longer knows it", _SEE_TO_IT),
    errno.EINTR: ("the system interrupted it", _SEE_TO_IT),
    errno.ENOTDIR: ("a file stands where a folder has to be", _MOVE),
    errno.EISDIR: ("a folder stands where a file has to be", _MOVE),
    errno.EEXIST: ("a file, or a link that leads nowhere, stands where a folder has to be", _MOVE),
    errno.ELOOP: ("a link leads to itself", _MOVE),
    errno.ENAMETOOLONG: ("a name is longer than names may be here", f"give shorter names, {_ELSEWHERE}"),
}
_NO_LIBRARY = "cannot open shared object file"  # message of the dynamic linker
# Messages of Arrow and DuckDB about a damaged Parquet file.
_DAMAGED = re.compile(
    r"parquet (file|magic)|magic bytes|footer|corrupt|end of stream|deserialize thrift", re.IGNORECASE
)
_SPILL_IS_FULL = "failed to offload data block"  # message of DuckDB when its temporary files fill the disk


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an exception of any library that says that ``path`` cannot be written into a ``UserError``.

    Raises:
        UserError: the file cannot be written. Other exceptions pass unchanged.
    """
    try:
        yield
    except Exception as error:
        explained = explain(error, path)
        if explained is None:
            raise
        raise explained from error


def check_kinds(folders: Iterable[Path], files: Iterable[Path]) -> None:
    """Check that nothing stands where a folder or a file is to be, but a folder or a file.

    Args:
        folders: each after the folders above it.
        files: whose folders are among ``folders``.

    Raises:
        UserError: something else stands there, such as a link that leads nowhere.
    """
    for path, fits, kind in (
        *((path, os.path.isdir, "folder") for path in folders),
        *((path, os.path.isfile, "file") for path in files),
    ):
        if not fits(path) and os.path.lexists(path):
            raise UserError(
                f"cannot write: {_kind(path)} stands where a {kind} has to be",
                where=path.absolute(),
                allowed=f"a {kind}, or nothing",
                fix=_MOVE,
            )


def _kind(path: Path) -> str:
    """Return in words what stands at a path."""
    if path.is_symlink() and not path.exists():
        return f"a link that leads nowhere ({path.readlink()})"
    return "a folder" if path.is_dir() else "a file" if path.is_file() else "a pipe or device"


def check_writable(folder: Path) -> None:
    """Check that files can be made in a folder, by making the folder and a temporary file.

    Raises:
        UserError: they cannot.
    """
    check_kinds([*reversed(folder.parents), folder], [])
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass


def explain(error: Exception, path: Path | None = None) -> UserError | None:
    """Return an exception about the disk, a damaged file or a missing library as a ``UserError``; None for others.

    Args:
        error: an exception of Python, Arrow or DuckDB.
        path: the file being written; None: the one that an ``OSError`` names.
    """
    if isinstance(error, ImportError) and _NO_LIBRARY in str(error):
        return UserError(
            "a library of the system is missing",
            value=str(error).partition(":")[0],
            fix="install it; for drawings: apt-get install libxrender1 libxext6, or dnf install libXrender libXext",
        )
    number = _errno(error)
    if number in _CAUSES:
        cause, fix = _CAUSES[number]
    elif path is not None and isinstance(error, OSError):
        cause, fix = os.strerror(number) if number else str(error), _SEE_TO_IT
    else:
        return _damage(error, path)
    where = Path(path or getattr(error, "filename", None) or Path.cwd()).absolute()
    value = str(error).partition("\n")[0]
    if number == errno.ENOSPC:
        few = _free_inodes(where)
        value = _free(where) if few is None else f"{few} inodes free, {_free(where)}"
        if few is not None:
            cause, fix = "no inodes are left, the disk takes no more files", f"remove some files there, {_ELSEWHERE}"
    return UserError(f"cannot {'write' if path else 'read or write'}: {cause}", where=where, value=value, fix=fix)


def _damage(error: Exception, path: Path | None) -> UserError | None:
    """Return an exception about a damaged file as a ``UserError``; None for others."""
    damaged = _is_of_library(error) and _DAMAGED.search(str(error))
    if not damaged and not isinstance(error, json.JSONDecodeError):
        return None
    return UserError(
        "a file of the results cannot be read: it is damaged",
        where=path,
        value=str(error).splitlines()[0],
        allowed="files as they were when they were finished",
        fix="python -m halogenator verify names the damaged files; remove them, and run again: the rest stays",
    )


def _errno(error: Exception) -> int | None:
    """Return the system's error number, of which Arrow and DuckDB have the text only."""
    if isinstance(error, OSError):
        return error.errno
    if not _is_of_library(error):
        return None
    if _SPILL_IS_FULL in str(error):
        return errno.ENOSPC
    return next((number for number in _CAUSES if os.strerror(number) in str(error)), None)


def _is_of_library(error: Exception) -> bool:
    """Return whether an exception is of Arrow or DuckDB; neither is imported for this."""
    return type(error).__module__.partition(".")[0] in ("pyarrow", "duckdb", "_duckdb")


def _free_inodes(path: Path) -> int | None:
    """Return the number of free inodes of a path's disk if next to none are left, else None."""
    if not hasattr(os, "statvfs"):  # Windows
        return None
    disk = os.statvfs(_folder(path))
    return disk.f_favail if disk.f_files and disk.f_favail < _FEW_FILES else None


def _folder(path: Path) -> Path:
    """Return the nearest folder above a path, or the path itself."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _free(path: Path) -> str:
    """Return the free space of a path's disk, in words."""
    usage = shutil.disk_usage(_folder(path))
    return f"{usage.free / 1e6:,.1f} MB free of {usage.total / 1e6:,.1f} MB"
