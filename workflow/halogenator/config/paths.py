"""The paths in a configuration: where their files are, and which ones Snakemake or DuckDB would misread."""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

from halogenator import shipped
from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.remote import is_remote, object_path

# {pattern that may not be in the path of an input file: why not}
_FILE = {
    r"[{}]": "Snakemake would take what is in braces for a wildcard",
    r"<[a-z][a-z0-9_]*>": "Snakemake would take it for one of its path variables",
    r"[\x00-\x1f\x7f]": "no command line has a place for it",
    r"[\udc80-\udcff]": "it is a byte that is no UTF-8, which Snakemake and DuckDB cannot write down",
}
# The same for the path of the working directory, where results are written.
_FOLDER = {
    **_FILE,
    r"\?": "DuckDB, which keeps the catalog, would take what follows for parameters",
    r"\\": "DuckDB, which keeps the catalog, would take it for the end of a folder's name",
}


def find_path(text: str, working_dir: Path, *, several: bool = False) -> Path:
    """Return the absolute path of a file that the configuration names.

    Args:
        text: the path, in which ``~`` is the home directory. An object in a store is not looked up here.
        working_dir: the folder in which relative paths are looked up first; next is the folder of the shipped files.
        several: whether a folder, or a pattern that matches a file, is allowed too.

    Raises:
        UserError: there is no such file, it is a folder, or it is no valid address of an object.
    """
    if is_remote(text):
        return object_path(text)
    try:
        wanted = Path(text).expanduser()
    except RuntimeError as error:
        raise UserError(f"{text} has no home directory", value=text, fix="write the path in full") from error
    places = list(dict.fromkeys((base / wanted).absolute() for base in (working_dir, shipped.ROOT)))
    for place in places:
        if _is_file(place):
            return place.parent.resolve() / place.name  # a link keeps its name, whose ending says the format
    if several:
        for base, place in zip((working_dir, shipped.ROOT), places, strict=False):
            if place.is_dir():
                return place.resolve()
            pattern = Path(glob.escape(str(base.absolute()))) / wanted  # folders may have brackets
            if glob.has_magic(str(wanted)) and next(glob.iglob(str(pattern), recursive=True), None):  # noqa: PTH207
                return pattern
    folders = [place for place in places if _listing(place) is not None]
    hints = filter(None, (did_you_mean(place.name, _listing(place.parent) or ()) for place in places))
    raise UserError(
        f"{text} is a folder, not a file" if folders and not several else f"there is no file {text}",
        value=text,
        allowed="a file at " + " or at ".join(map(str, places)),
        fix=next(hints, "mend the path, or give it in full"),
    )


def lowest_layer(folder: Path) -> Path:
    """Return the configuration that a run in a folder starts from: that of a project there, else the shipped one."""
    snakefile, own = folder / "Snakefile", folder / shipped.CONFIGURATION.relative_to(shipped.ROOT)
    is_project = _is_file(own) and _is_file(snakefile) and shipped.INCLUDED in snakefile.read_text(encoding="utf-8")
    return own if is_project else shipped.CONFIGURATION


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # the name is too long or has a NUL byte, or the folder may not be entered
        return False


def _listing(folder: Path) -> list[str] | None:
    """Return the names in a folder, 10,000 at most; None if it is no folder or may not be read."""
    try:
        return [path.name for path in itertools.islice(folder.iterdir(), 10_000)]
    except (OSError, ValueError):
        return None


def place_problems(folder: Path, files: Iterable[Path]) -> list[UserError]:
    """Return the problems of the path of the working directory, and of the paths of input files.

    Args:
        folder: the working directory.
        files: the files of the libraries.
    """
    elsewhere = "rename the folder, or work in another one: snakemake --directory DIR"
    allowed = "a path of UTF-8 without { } <name> ? \\ and control characters"
    found = [_odd(folder.absolute(), _FOLDER, "working directory", allowed, elsewhere)]
    allowed, rename = (
        "a path of UTF-8 without { } <name> and control characters",
        "rename the file or its folder, or copy it elsewhere",
    )
    if found == [None]:
        local = [file for file in dict.fromkeys(files) if not is_remote(file)]
        found = [_odd(file, _FILE, "file of a library", allowed, rename) for file in local]
    # DuckDB reads a folder called name=value as a column, which would replace that column of the results below it.
    from halogenator.tables.columns import INCHIKEY, LIBRARY, PRODUCTS, REJECTS, STEPS

    columns = {column.name for column in (*LIBRARY, STEPS, *PRODUCTS, *REJECTS, INCHIKEY)}
    columns |= {"library", "transform", *DESCRIPTORS}
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
