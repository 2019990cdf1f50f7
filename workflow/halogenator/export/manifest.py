"""The manifest of an export: while it goes on, a line per finished file, from which it resumes; then a JSON object."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from halogenator.errors import UserError
from halogenator.process.durable import sync_folders
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
        left_out: what filters took away of its rows, each a kind, a name and a number of rows; None if an earlier
            version wrote it, which did not count.
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
    left_out: list[dict[str, Any]] | None = None

    def is_intact(self, folder: Path) -> bool:
        """Return whether the file exists with the bytes that were written."""
        path = folder / self.file
        return path.is_file() and path.stat().st_size == self.bytes and sha256(path) == self.sha256


class Manifest:
    """The manifest ``<out>.json`` of an export, and ``<out>.part`` until the export is complete.

    A file is replaced or removed only if a manifest of this name records it, with its size or its checksum. In a folder
    that holds nothing but exports of a run, its name is enough.

    Args:
        out: the file that the export makes, or of which it makes numbered splits.
        ending: the ending of its format.
        identity: fingerprint of the request and of the rows.
        force: whether files of another export may be replaced.
        own_folder: whether the files stand in such a folder.

    Attributes:
        splits: {number from 0: finished file that is intact}, of an export with this identity.
        complete: whether the manifest of this export and all its files exist.

    Raises:
        UserError: there is an export with another identity, and not ``force``; or something that is no manifest.
    """

    def __init__(self, out: Path, ending: str, identity: str, *, force: bool, own_folder: bool = False) -> None:
        self._path = out.with_name(f"{out.name}.json")
        self._part = out.with_name(f"{out.name}.part")
        self._out = out
        self._identity = identity
        self._by_name = force and own_folder
        stem, ending = (re.escape(part) for part in (out.name[: -len(ending)], out.name[-len(ending) :]))
        self._split_name = re.compile(rf"{stem}-(\d{{4,}}){ending}", re.DOTALL)
        self._recorded: dict[str, list[Split]] = {}  # all that a manifest of this name records
        done, unfinished = self._read(self._path, _whole), self._read(self._part, _lines)
        splits: dict[int, Split] = {}
        for content in filter(None, (done, unfinished)):
            for split in (*content["replaces"], *content["files"]):
                self._recorded.setdefault(split.file, []).append(split)
            if content["identity"] == identity:
                splits |= {split.number: split for split in content["files"]}
            elif not force:
                raise self._taken("there is an export of other rows or settings under this name", content["request"])
        self.splits = {number: split for number, split in splits.items() if split.is_intact(out.parent)}
        self.complete = done is not None and done["identity"] == identity and len(self.splits) == len(splits)

    def _read(self, path: Path, parse: Callable[[str], dict[str, Any]]) -> dict[str, Any] | None:
        """Return the manifest in a file, or None if there is no file.

        Raises:
            UserError: the file is something else, or names files that an export of this name does not make.
        """
        if not os.path.lexists(path):
            return None
        try:
            found = parse(path.read_text(encoding="utf-8", errors="replace"))
            # An earlier version noted only the names of what it replaces, which proves nothing.
            found["replaces"] = [Split(**entry) for entry in found.get("replaces", ()) if isinstance(entry, dict)]
            found["files"] = [Split(**entry) for entry in found["files"]]
            names = (split.file for split in (*found["replaces"], *found["files"]))
            if {"identity", "request"} <= found.keys() and all(map(self._may_make, names)):
                return found
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            pass
        raise UserError(
            "a file that is no manifest of an export stands where it would go",
            where=path,
            fix="move it away, or choose another --out",
        )

    def _may_make(self, name: str) -> bool:
        return name == self._out.name or self._split_name.fullmatch(name) is not None

    def _taken(self, what: str, value: object, where: Path | None = None, *, forcible: bool = True) -> UserError:
        fix = "choose another name, or " + ("replace what is there with --force" if forcible else "move it away")
        return UserError(what, where=where or self._out, value=value, fix=fix)

    def check_free(self, most: int, digits: int, *, is_split: bool) -> None:
        """Check that no file of anybody else has a name that this export will need.

        Args:
            most: the most files that there can be.
            digits: the digits of their numbers.
            is_split: whether the first has a number, too; else it is ``out`` itself.

        Raises:
            UserError: one has.
        """
        if not is_split:
            self.check_ours(self._out)
        for path in sorted(self._out.parent.iterdir()):
            number = self._split_name.fullmatch(path.name)
            if number and len(number[1]) == digits and (1 if is_split else 2) <= int(number[1]) <= most:
                self.check_ours(path)

    def check_ours(self, path: Path) -> None:
        """Check that a file may be written over.

        Raises:
            UserError: it is there, and no manifest says that an export wrote it.
        """
        if not os.path.lexists(path) or self._by_name:
            return
        splits = self._recorded.get(path.name)
        if not splits:
            raise self._taken("there is a file, made by no export, under this name", None, path, forcible=False)
        if not (path.is_file() and path.stat().st_size in {split.bytes for split in splits}):
            raise self._taken("a file of an export was changed since", None, path, forcible=False)

    @contextmanager
    def unfinished(self, request: object) -> Iterator[Callable[[Split], None]]:
        """Give a function that notes a finished file on disk, before it gets its name."""
        with writing(self._part):
            known = [asdict(self.splits[number]) for number in sorted(self.splits)]
            current = {split.file: split for split in self.splits.values()}
            others = (split for each in self._recorded.values() for split in each if current.get(split.file) != split)
            replaces = list(map(asdict, others))
            head = {"identity": self._identity, "request": request, "replaces": replaces}
            with whole_or_absent(self._part) as temporary:
                temporary.write_text("".join(f"{json.dumps(line)}\n" for line in (head, *known)), encoding="utf-8")
            with self._part.open("a", encoding="utf-8") as file:

                def add(split: Split) -> None:
                    file.write(f"{json.dumps(asdict(split))}\n")
                    file.flush()
                    os.fsync(file.fileno())

                yield add

    def finish(self, splits: Sequence[Split], **values: object) -> dict[str, Any]:
        """Remove the files of another export that are not part of this one, and write the manifest; return it."""
        content = {"identity": self._identity, **values, "files": [asdict(split) for split in splits]}
        self._remove_others(splits)
        with whole_or_absent(self._path) as temporary, writing(self._path):
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        self._remove_part()
        return content

    def _remove_part(self) -> None:
        """Remove the notes of the unfinished export for good: no later run may find them beside a complete one."""
        self._part.unlink(missing_ok=True)
        sync_folders(self._part)

    def _remove_others(self, splits: Iterable[Split]) -> None:
        for name in self._recorded.keys() - {split.file for split in splits}:
            if any(split.is_intact(self._out.parent) for split in self._recorded[name]):
                (self._out.parent / name).unlink(missing_ok=True)

    def read(self) -> dict[str, Any]:
        """Return the manifest of a complete export. Its time is set to now, so that it is newer than the results."""
        if self._part.exists():  # the run that completed it was cut off, and what it removed may be there again
            self._remove_others(self.splits.values())
            self._remove_part()
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


def _whole(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _lines(text: str) -> dict[str, Any]:
    """Return what an unfinished export noted. Lines from one on that was not written whole are left out."""
    noted: list[dict[str, Any]] = []
    with suppress(ValueError):
        for line in text.split("\n")[:-1]:
            noted.append(json.loads(line))
    return {**noted[0], "files": noted[1:]}
