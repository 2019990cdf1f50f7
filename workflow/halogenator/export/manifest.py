"""The manifest of an export: while it goes on, a line per finished file, from which it resumes; then a JSON object."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from halogenator.errors import UserError
from halogenator.process.failures import writing
from halogenator.tables.parquet import whole_or_absent
from halogenator.tables.seal import sha256


@dataclass(frozen=True)
class Split:
    """A finished file of an export.

    Attributes:
        number: its number, from 0.
        file: its name.
        rows: the number of molecules in it.
        start, stop: the rows of the selection that it was made from; ``stop`` is exclusive.
        sha256, bytes: checksum and size of the file, for those who receive it.
        rejects: {reason: number of rows that could not be written}.
        examples: (name, SMILES, detail) of the first rejects.
    """

    number: int
    file: str
    rows: int
    start: int
    stop: int
    sha256: str
    bytes: int
    rejects: dict[str, int] = field(default_factory=dict)
    examples: list[list[str]] = field(default_factory=list)

    def is_intact(self, folder: Path) -> bool:
        """Return whether the file exists with the bytes that were written."""
        path = folder / self.file
        return path.is_file() and path.stat().st_size == self.bytes and sha256(path) == self.sha256


class Manifest:
    """The manifest ``<out>.json`` of an export, and ``<out>.part`` until the export is complete.

    Args:
        out: the file that the export makes, or of which it makes numbered splits.
        identity: fingerprint of the request and of the rows.
        force: whether files of another export may be replaced.

    Attributes:
        splits: {number from 0: finished file that is intact}, of an export with this identity.
        complete: whether the manifest of this export and all its files exist.

    Raises:
        UserError: there are files of another export or of unknown origin, and not ``force``.
    """

    def __init__(self, out: Path, identity: str, *, force: bool) -> None:
        self._path = out.with_name(f"{out.name}.json")
        self._part = out.with_name(f"{out.name}.part")
        self._out = out
        self._identity = identity
        self._stale: set[str] = set()  # names of files of another export, which are removed when this one is complete
        done, unfinished = _read_whole(self._path), _read_part(self._part)
        splits: dict[int, Split] = {}
        for content in filter(None, (done, unfinished)):
            found = {entry["number"]: Split(**entry) for entry in content["files"]}
            if content["identity"] == identity:
                splits |= found
            elif force:
                self._stale |= {split.file for split in found.values()} | set(content.get("replaces", ()))
            else:
                raise self._taken("there is an export of other rows or settings", content["request"])
        stem, dot, ending = out.name.partition(".")
        first_split = out.with_name(f"{stem}-0001{dot}{ending}")
        if not (done or unfinished or force) and (out.exists() or first_split.exists()):
            raise self._taken("there is a file, made by no export", None)
        self.splits = {number: split for number, split in splits.items() if split.is_intact(out.parent)}
        self.complete = done is not None and done["identity"] == identity and len(self.splits) == len(splits)

    def _taken(self, what: str, request: object) -> UserError:
        return UserError(
            f"{what} under this name",
            where=self._out,
            value=request,
            fix="choose another --out, or replace what is there with --force",
        )

    @contextmanager
    def unfinished(self, request: object) -> Iterator[Callable[[Split], None]]:
        """Give a function that notes a finished file on disk, before the next one is begun."""
        with writing(self._part):
            known = [asdict(self.splits[number]) for number in sorted(self.splits)]
            head = {"identity": self._identity, "request": request, "replaces": sorted(self._stale)}
            with whole_or_absent(self._part) as temporary:
                temporary.write_text("".join(f"{json.dumps(line)}\n" for line in (head, *known)), encoding="utf-8")
            with self._part.open("a", encoding="utf-8") as file:

                def add(split: Split) -> None:
                    file.write(f"{json.dumps(asdict(split))}\n")
                    file.flush()
                    os.fsync(file.fileno())

                yield add

    def finish(self, splits: Sequence[Split], **values: object) -> dict[str, Any]:
        """Write the manifest, and remove the files of another export that are not part of this one; return it."""
        content = {"identity": self._identity, **values, "files": [asdict(split) for split in splits]}
        with whole_or_absent(self._path) as temporary, writing(self._path):
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for name in self._stale - {split.file for split in splits}:
            (self._out.parent / name).unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)
        return content

    def read(self) -> dict[str, Any]:
        """Return the manifest of a complete export. Its time is set to now, so that it is newer than the results."""
        self._path.touch()
        found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return found


def split_path(out: Path, ending: str, number: int, digits: int) -> Path:
    """Return the path of a split, whose number counts from 0.

    Examples:
        >>> split_path(Path("ethers.sdf.gz"), ".sdf.gz", 0, 4).name
        'ethers-0001.sdf.gz'
    """
    return out.with_name(f"{out.name[: -len(ending)]}-{number + 1:0{digits}}{out.name[-len(ending) :]}")


def _read_whole(path: Path) -> dict[str, Any] | None:
    """Return the manifest in a file, or None.

    Raises:
        UserError: the file is something else.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = {}
    if not {"identity", "request", "files"} <= found.keys():
        raise UserError(
            "a file that is no manifest of an export stands where it would go",
            where=path,
            fix="move it away, or choose another --out",
        )
    return found


def _read_part(path: Path) -> dict[str, Any] | None:
    """Return what an unfinished export noted, or None. A last line without its line end is left out."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return None
    if not lines:
        return None
    return {**json.loads(lines[0]), "files": [json.loads(line) for line in lines[1:]]}
