"""Folders and files with names that Snakemake or DuckDB would take for something else: refused before a run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from halogenator.config.exports import WINDOWS
from halogenator.errors import UserError
from halogenator.storage.remote import is_remote

_BRACES = "Snakemake would take what is in braces for a wildcard"
_CONTROL = "no command line has a place for it"

# What in the path of a working directory, where the results will be, and why not.
_FOLDER = {
    r"[{}]": _BRACES,
    r"[\x00-\x1f\x7f]": _CONTROL,
    r"\?": "DuckDB, which keeps the catalog, would take what follows for parameters",
    r"\\": "DuckDB, which keeps the catalog, would take it for the end of a folder's name",
}
_FILE = {r"[{}]": _BRACES, r"[\x00-\x1f\x7f]": _CONTROL}


def _columns() -> set[str]:
    from halogenator.storage.columns import INCHIKEY, LIBRARY, PRODUCTS, REJECTS

    names = {column.name for column in (*LIBRARY, *PRODUCTS, *REJECTS, INCHIKEY)}
    return names | {"library", "transform", *WINDOWS}


def place_problems(folder: Path, files: Iterable[Path]) -> list[UserError]:
    """Return what is wrong with the names of the folder that a run works in, and of the files that it reads.

    Args:
        folder: the working directory.
        files: the libraries' files.
    """
    elsewhere = "rename the folder, or work in another one: snakemake --directory DIR"
    allowed = "a path without { } ? \\ and control characters"
    found = [_odd(folder.absolute(), _FOLDER, "working directory", allowed, elsewhere)]
    allowed, rename = "a path without { } and control characters", "rename the file or its folder, or copy it elsewhere"
    if found == [None]:
        local = [file for file in dict.fromkeys(files) if not is_remote(file)]
        found = [_odd(file, _FILE, "file of a library", allowed, rename) for file in local]
    # DuckDB takes a folder called name=value for a column, so such a one above the results would stand in for theirs.
    columns = _columns()
    found += [
        UserError(
            "the results cannot be here: DuckDB would take the name of a folder above them for one of their columns",
            where=folder.absolute(),
            value=part,
            allowed=f"a folder that is not called COLUMN=VALUE, as {part.partition('=')[0]}=… is",
            fix=elsewhere,
        )
        for part in folder.absolute().parts
        if "=" in part and part.partition("=")[0].casefold() in columns
    ]
    return [problem for problem in found if problem is not None]


def _odd(path: Path, reasons: dict[str, str], what: str, allowed: str, fix: str) -> UserError | None:
    for pattern, reason in reasons.items():
        sign = re.search(pattern, str(path))
        if sign:
            what = f"the path of the {what} has {sign[0]!r} in it: {reason}"
            return UserError(what, where=path, value=sign[0], allowed=allowed, fix=fix)
    return None
