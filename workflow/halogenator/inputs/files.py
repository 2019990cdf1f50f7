"""The format of a molecule file, by its name and its first bytes, and the files that a path stands for."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from halogenator.errors import UserError, did_you_mean
from halogenator.inputs.containers import CONTAINERS, Container, container_of, members
from halogenator.inputs.remote import address, is_remote, size_of

# {ending, in any case: format}. Text files may have .gz, .bz2, .xz, .zst or .zip after it.
FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "txt",
    ".smi": "smi",
    ".smiles": "smi",
    ".cxsmiles": "smi",
    ".ism": "smi",
    ".sdf": "sdf",
    ".sd": "sdf",
    ".mol": "sdf",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
WHOLE = ("parquet", "xlsx")  # formats that are no text, and are compressed inside

# Formats that are not read, and what to do with such a file.
_TO_SDF = "convert it to SDF, e.g. with Open Babel: obabel {name} -O {stem}.sdf"
_FOREIGN = {
    **dict.fromkeys((".mol2", ".pdb", ".pdbqt", ".ent", ".cif", ".mmcif", ".cdx", ".cdxml", ".cml", ".mrv"), _TO_SDF),
    **dict.fromkeys((".xyz", ".rxn", ".rdf", ".inchi"), _TO_SDF),
    **dict.fromkeys((".xls", ".xlsb", ".ods", ".numbers"), "open it and save it as .xlsx or as CSV (UTF-8)"),
    **dict.fromkeys((".json", ".jsonl", ".xml", ".yaml"), "write its molecules as CSV with a header, e.g. smiles,id"),
    **dict.fromkeys((".db", ".sqlite", ".duckdb"), "write its molecules as CSV or Parquet, e.g. smiles,id"),
    **dict.fromkeys((".feather", ".arrow", ".orc", ".avro"), "write its rows as Parquet or CSV"),
    **dict.fromkeys((".pkl", ".pickle", ".rds", ".rdata"), "write its rows as CSV or Parquet"),
    **dict.fromkeys((".tar", ".tgz", ".7z", ".rar", ".lz4", ".z"), "unpack it, and name the file in it"),
}

# First bytes of files that often have a wrong ending, what they are, and the right ending.
_DISGUISES = (
    (b"PAR1", "a Parquet file", ".parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", ".xls"),
    (b"%PDF", "a PDF", ".pdf"),
    (b"SQLite format 3", "an SQLite database", ".sqlite"),
    (b"VjCD0100", "a ChemDraw file", ".cdx"),
    (b"7z\xbc\xaf", "a 7z archive", ".7z"),
    (b"Rar!", "a RAR archive", ".rar"),
)
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a"))
_MAX_CONTROL = 0.05  # share of control bytes above which a file is no text but compressed or binary
_FEW_CONTROL = 10  # so many are allowed in any case: a few rows of a short file may be damaged

_MOST_FILES = 10_000


class File(NamedTuple):
    """A molecule file.

    Attributes:
        path: where it is.
        kind: its format, of ``FORMATS``; "zip" for an archive whose name does not say what is in it.
        member: the file in it that is read, of an archive.
    """

    path: Path
    kind: str
    member: str | None = None


def find_files(path: Path) -> tuple[Path, ...]:
    """Return the files that a path stands for: the file itself, those of a folder, or those that match a pattern.

    They are in natural order, part-2 before part-10. A folder has files of one format, as Spark writes it; files whose
    names begin with a dot or an underscore do not count.

    Raises:
        UserError: nothing matches the pattern, or the folder holds other folders, several formats or no file.
    """
    if is_remote(path) or path.is_file():
        return (path,)
    if path.is_dir():
        return _files_in(path)
    if glob.has_magic(str(path)):
        found = sorted(map(Path, glob.iglob(str(path), recursive=True)), key=_natural)  # noqa: PTH207 - absolute
        found = [each for each in found if each.is_file()][: _MOST_FILES + 1]
        if found:
            return _checked(found, path)
        raise UserError(
            "no file matches the pattern",
            where=path,
            allowed="* for any text, ? for a character, [ab] for one of some, ** for folders",
            fix="mend the pattern, or name the files in a list",
        )
    return (path,)


def recognise(path: Path) -> File:
    """Return a file with its format, after a check that it is there and may be read.

    Raises:
        UserError: it is not there, may not be read, or has the ending of no known format.
    """
    if is_remote(path):
        _check_object(path)
        return _by_ending(path)
    try:
        path.stat()
    except (OSError, ValueError) as error:
        folder = path.parent
        beside = [entry.name for entry in folder.iterdir()] if folder.is_dir() and os.access(folder, os.R_OK) else []
        raise UserError(
            "the molecule file does not exist",
            where=path,
            value=None if isinstance(error, FileNotFoundError) else str(error),
            fix=did_you_mean(path.name, beside) or "correct the path, or put the file there",
        ) from error
    if not path.is_file():
        raise UserError(
            "a folder stands where a molecule file is expected" if path.is_dir() else "not a regular file",
            where=path,
            allowed="one file",
            fix=f"name the file in it, or all: {path / '*'}" if path.is_dir() else "copy it into a file",
        )
    found = _by_ending(path)
    if not os.access(path, os.R_OK):
        raise UserError("the molecule file may not be read", where=path, fix="give yourself read permission (chmod)")
    return _in_archive(found) if container_of(path) and size_of(path) else found


def check_each_once(paths: Iterable[Path]) -> None:
    """Check that a library names no file twice.

    Raises:
        UserError: it does.
    """
    seen: set[Path] = set()
    for path in paths:
        if path in seen:
            raise UserError("the library names a file twice", where=path, allowed="each file once", fix="name it once")
        seen.add(path)


def check_bytes(path: Path, data: bytes, *, wide: bool) -> None:
    """Check that the first bytes of a file, decompressed, are text.

    Args:
        path: the file.
        data: its first bytes.
        wide: whether it is UTF-16 or UTF-32, in which 0 is a common byte.

    Raises:
        UserError: they are no text of molecules.
    """
    found = _disguise(path, data, wide=wide)
    if found is not None:
        what = f"the file is {found[0]}, not what its ending says"
        raise UserError(what, where=path, value=data[:16], allowed="text: SDF, SMILES or a table", fix=found[1])


def _disguise(path: Path, data: bytes, *, wide: bool) -> tuple[str, str] | None:
    """Return what a file is that is no text of molecules, and what to do with it; None if it may be such a text."""
    for container in CONTAINERS:
        if data.startswith(container.magic):
            if container.ending == ".zip" and (b"xl/" in data or b"[Content_Types].xml" in data):
                return "an Excel workbook", "rename it to end in .xlsx, or export the sheet as CSV (UTF-8)"
            return f"{container.name}-compressed", _decompress(path, container)
    for magic, name, ending in _DISGUISES:
        if data.startswith(magic):
            advice = _FOREIGN.get(ending, "export its molecules as CSV").format(name=path.name, stem=path.stem)
            return name, "rename it to end in .parquet" if ending == ".parquet" else advice
    control = 0 if wide else len(data) - len(data.translate(None, _CONTROL))
    if control > max(_FEW_CONTROL, _MAX_CONTROL * len(data)):
        return "binary", "give it the ending of what it is, or export it again as text"
    start = data[:2000].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        fix = "download the file itself: a page came in its place, as behind a login or for a wrong address"
        return "a web page", fix
    if b"@<tripos>" in start:
        fix = _TO_SDF.format(name=path.with_suffix(".mol2").name, stem=path.stem)
        return "a mol2 file", f"rename it to end in .mol2 and {fix}"
    return None


def _decompress(path: Path, container: Container) -> str:
    outer = container_of(path)
    if outer is not None:
        fix = f"decompress it: {outer.name} was used on a file that was {container.name}-compressed already"
    else:
        fix = f"add {container.ending} to its name, or decompress it"
    return f"{fix}; of an Excel workbook, export the sheet as CSV (UTF-8)" if container.ending == ".zip" else fix


def _files_in(folder: Path) -> tuple[Path, ...]:
    entries = [entry for entry in sorted(folder.iterdir(), key=_natural) if entry.name[:1] not in "._"]
    files = [entry for entry in entries if entry.is_file()]
    kinds = {FORMATS.get(_endings(entry)[0], entry.suffix) for entry in files}
    if len(files) < len(entries):
        what, shown, pattern = (
            "the folder has folders in it",
            [e for e in entries if e not in files],
            Path("**/*.parquet"),
        )
    elif len(kinds) != 1:
        wrong = "it has files of several kinds" if files else "it has no file"
        what, pattern, shown = f"the folder is no library: {wrong}", Path("*.parquet"), files
    else:
        return _checked(files, folder)
    raise UserError(
        what,
        where=folder,
        value=[entry.name for entry in shown[:8]],
        allowed="a folder with files of one format, as Spark writes it",
        fix=f"name the files, e.g. {folder / pattern}",
    )


def _checked(files: Sequence[Path], where: Path) -> tuple[Path, ...]:
    if len(files) > _MOST_FILES:
        raise UserError(
            "these are too many files for one library",
            where=where,
            value=f"more than {_MOST_FILES:,}",
            allowed=f"at most {_MOST_FILES:,}",
            fix="join them to fewer files",
        )
    return tuple(files)


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key by which numbers in a path are compared as numbers."""
    parts = re.split(r"(\d+)", str(path))
    return [(1, int(part), part) if part.isdigit() and part.isascii() else (0, 0, part) for part in parts]


def _check_object(path: Path) -> None:
    """Check that a store has an object.

    Raises:
        UserError: it has not, or it does not answer.
    """
    try:
        size_of(path)
    except FileNotFoundError as error:
        what, fix = "the store has no such molecule file", "correct the address, or upload the file"
        raise UserError(what, where=address(path), fix=fix) from error
    except OSError as error:
        what = f"the store does not give the file: {error.strerror}"
        raise UserError(what, where=address(path), fix="is it the right store, bucket and key?") from error


def _endings(path: Path) -> tuple[str, str]:
    """Return the ending of a name below that of its compression, and that of its compression ("" for none)."""
    outer = path.suffix.casefold() if container_of(path) else ""
    return (Path(path.stem) if outer else path).suffix.casefold(), outer


def _by_ending(path: Path) -> File:
    inner, outer = _endings(path)
    kind = FORMATS.get(inner)
    if outer == ".zip" and kind is None and inner not in _FOREIGN:
        return File(path, "zip")
    if kind is None or (outer and kind in WHOLE):
        raise UserError(
            "the molecule file's ending is not known" if inner not in _FOREIGN else f"{inner} files are not read",
            where=path,
            value=inner + outer,
            allowed=f"{', '.join(FORMATS)}; the text ones also with {', '.join(each.ending for each in CONTAINERS)}",
            fix=_other_format(path, kind, inner, outer),
        )
    return File(path, kind)


def _other_format(path: Path, kind: str | None, inner: str, outer: str) -> str:
    if kind:
        return f"decompress it: {'Parquet' if kind == 'parquet' else 'a workbook'} is compressed inside"
    plain = Path(path.stem) if outer else path
    if inner in _FOREIGN:
        first = "decompress it, then " if outer else ""
        return first + _FOREIGN[inner].format(name=plain.name, stem=plain.stem)
    return "rename it to what it is: .smi for lines of SMILES and id, .csv or .tsv for columns with a header"


def _in_archive(file: File) -> File:
    """Return a file; for a zip archive, with the name and the format of the member that is read."""
    container = container_of(file.path)
    if container is None or container.ending != ".zip":
        return file
    names = members(file.path)
    text = [ending for ending, kind in FORMATS.items() if kind not in WHOLE]
    known = [name for name in names if Path(name).suffix.casefold() in text]
    if len(known) == 1:
        return File(file.path, FORMATS[Path(known[0]).suffix.casefold()], known[0])
    if len(names) != 1:
        raise UserError(
            f"the zip archive holds {len(names):,} files" if names else "the zip archive is empty",
            where=file.path,
            value=names[:8],
            allowed="one molecule file",
            fix="unpack it, and name the file in it, or several in a list",
        )
    ending = Path(names[0]).suffix.casefold()
    raise UserError(
        "the zip archive holds no file that can be read in it",
        where=file.path,
        value=names[0],
        allowed=", ".join(text),
        fix="unpack it, and name the file in it"
        if ending in FORMATS
        else _other_format(Path(names[0]), None, ending, ""),
    )
