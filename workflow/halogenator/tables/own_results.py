"""The proof that a results folder is this program's: a file in it that only this program writes.

A run replaces files of certain names in its results folder, and removes some. A folder ``results`` may be somebody
else's all the same, and so may a folder that a link stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from halogenator.errors import UserError
from halogenator.process.ownership import any_unfinished
from halogenator.results import RESULT_FILES, RESULT_FOLDERS, Results
from halogenator.tables.configurations import wrong_configuration
from halogenator.tables.metadata import METADATA_KEY
from halogenator.tables.statistics import read_object

_TABLES = "library\ttransform\t"  # how the plan and the summary begin
_FOLDERS = RESULT_FOLDERS[:-2]  # without logs and benchmarks, in which nothing is removed


def check_own(folder: Path) -> None:
    """Check that what a run replaces or removes in a results folder is this program's.

    A folder without any of these files may become a results folder, whatever else is in it.

    Raises:
        UserError: it holds such files, and none that this program wrote.
    """
    results = Results(folder)
    links = [folder / name for name in _FOLDERS if (folder / name).is_symlink()]
    for link in links:
        if _has_files(link) and not _shows_us(results, [link]):
            raise _foreign("a link in the results folder leads to files that this program did not make", link)
    folders = [folder / name for name in _FOLDERS if folder / name not in links]
    there = [folder / name for name in RESULT_FILES if (folder / name).exists()] + [
        path for path in folders if _has_files(path)
    ]
    if there and not _shows_us(results, [folder, *folders]):
        names = [path.name for path in there]
        raise _foreign("the results folder holds files that this program did not make", folder, names)


def _shows_us(results: Results, places: Sequence[Path]) -> bool:
    """Return whether something in one of the folders, of which the first holds the others, shows whose they are.

    A run may be killed when it has written no more than its configuration, or not even all of that.
    """
    found = (path for place in places for path in _candidates(results, place))
    return any(map(_is_ours, found)) or any_unfinished(places[0])


def _foreign(what: str, where: Path, names: list[str] | None = None) -> UserError:
    fix = "move them away, or let results go elsewhere with --directory"
    return UserError(what, where=where.absolute(), value=names, fix=fix)


def _has_files(place: Path) -> bool:
    return any(not path.is_dir() or path.is_symlink() for path in place.rglob("*")) or place.is_file()


def _candidates(results: Results, place: Path) -> Iterator[Path]:
    """Yield files in a results folder by which it can be recognised, of those in one folder in it, or at its top."""
    if place == results.folder:
        yield from (results.plan, results.summary, results.monitor)
        return
    one, two = ("*",), ("*", "*")
    patterns = [path for names in (one, two) for path in results.files(*names)]
    patterns += [results.chunk("*of*", "*", *names) for names in (one, two)]
    patterns += [results.raw("*"), results.configuration("*"), results.folder / "exports/*/*.json"]
    for pattern in patterns:
        if place in pattern.parents:
            yield from results.folder.glob(pattern.relative_to(results.folder).as_posix())


def _is_ours(path: Path) -> bool:
    """Return whether this program wrote a table, statistics, a configuration, a manifest or a Parquet file."""
    try:
        if path.suffix == ".tsv":
            with path.open(encoding="utf-8") as file:
                return file.readline(100).startswith(_TABLES)
        if path.suffix == ".json":
            found = read_object(path).keys()
            recorded = {"library", "usage"} <= found or {"identity", "request", "files"} <= found
            return recorded or wrong_configuration(path) is None
        return METADATA_KEY.encode() in (pq.read_metadata(path).metadata or {})
    except (OSError, ValueError, pa.ArrowException):
        return False
