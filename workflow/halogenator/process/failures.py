"""What the system refuses, in words: a disk that is full, over quota or read-only; a library that is not there."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from halogenator.errors import UserError

_ELSEWHERE = "or let results go elsewhere with --directory; then run again: what is finished stays"
_ALLOW = f"allow this user to write there, {_ELSEWHERE}"

# errno -> (what is the matter, how to mend it)
_CAUSES = {
    errno.ENOSPC: ("the disk is full", f"free some space there, {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space there, {_ELSEWHERE}"),
    errno.EFBIG: ("it would be larger than files may be here", f"raise the limit (ulimit -f unlimited), {_ELSEWHERE}"),
    errno.EROFS: ("the file system is read-only", f"mount it for writing, {_ELSEWHERE}"),
    errno.EACCES: ("permission denied", _ALLOW),
    errno.EPERM: ("operation not permitted", _ALLOW),
}
_NO_LIBRARY = "cannot open shared object file"  # as the dynamic linker says it
# Words of Arrow and DuckDB for a Parquet file that is not whole.
_OF_A_FILE = re.compile(
    r"parquet (file|magic)|magic bytes|footer|corrupt|end of stream|deserialize thrift", re.IGNORECASE
)
# What DuckDB says where its temporary files fill the disk.
_SPILL_IS_FULL = "failed to offload data block"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a refusal of the disk to take ``path``, by whichever library it is reported, into words.

    Raises:
        UserError: instead of the library's own exception; of any other trouble that exception is left as it is.
    """
    try:
        yield
    except Exception as error:
        explained = explain(error, path)
        if explained is None:
            raise
        raise explained from error


def check_writable(folder: Path) -> None:
    """Check that files can be made in a folder, by making it and one in it.

    Raises:
        UserError: if they cannot.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass


def explain(error: Exception, path: Path | None = None) -> UserError | None:
    """Return what an exception says of the disk, damaged files or the system's libraries; None of something else.

    Args:
        error: of Python, Arrow (which has its numbers) or DuckDB (whose texts end in the system's words).
        path: what was being written; an ``OSError`` of Python's own knows it.
    """
    if isinstance(error, ImportError) and _NO_LIBRARY in str(error):
        return UserError(
            "a library of the system is missing",
            value=str(error).partition(":")[0],
            fix="install it; for drawings: apt-get install libxrender1 libxext6, or dnf install libXrender libXext",
        )
    number = _errno(error)
    if number not in _CAUSES:
        return _damage(error, path)
    cause, fix = _CAUSES[number]
    where = Path(path or getattr(error, "filename", None) or Path.cwd()).absolute()
    return UserError(
        f"cannot write: {cause}",
        where=where,
        value=_free(where) if number == errno.ENOSPC else str(error).splitlines()[0],
        fix=fix,
    )


def _damage(error: Exception, path: Path | None) -> UserError | None:
    """Return what an exception says of a file that is not what it was when it was finished; None of something else."""
    module = type(error).__module__.partition(".")[0]
    of_a_file = module in ("pyarrow", "duckdb", "_duckdb") and _OF_A_FILE.search(str(error))
    if not of_a_file and not isinstance(error, json.JSONDecodeError):
        return None
    return UserError(
        "a file of the results cannot be read: it is damaged",
        where=path,
        value=str(error).splitlines()[0],
        allowed="files as they were when they were finished",
        fix="python -m halogenator verify names the damaged files; remove them, and run again: the rest stays",
    )


def _errno(error: Exception) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb", "pyarrow"):
        return None
    if _SPILL_IS_FULL in str(error):
        return errno.ENOSPC
    return next((number for number in _CAUSES if os.strerror(number) in str(error)), None)


def _free(path: Path) -> str:
    folder = next(folder for folder in (path, *path.parents) if folder.is_dir())
    usage = shutil.disk_usage(folder)
    return f"{usage.free / 1e6:,.1f} MB free of {usage.total / 1e6:,.1f} MB"
