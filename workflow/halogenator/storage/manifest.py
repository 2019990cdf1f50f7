"""What an export has written: a line a file while it goes on, from which it is resumed; a manifest when it is done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from halogenator.errors import UserError
from halogenator.storage.failures import writing
from halogenator.storage.parquet import whole_or_absent
from halogenator.storage.seal import sha256


@dataclass(frozen=True)
class Split:
    """A finished file of an export.

    Attributes:
        number: from 0.
        file: its name.
        rows: molecules in it.
        start, stop: the rows of the selection that it was made from, ``stop`` not among them.
        sha256, bytes: of the file.
        rejects: {reason: rows that could not be written}.
        examples: (name, SMILES, reason) of the first of those.
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

    def stands(self, folder: Path) -> bool:
        """Return whether the file is there, with the bytes that were written."""
        path = folder / self.file
        return path.is_file() and path.stat().st_size == self.bytes and sha256(path) == self.sha256


class Ledger:
    """The record of an export beside its files: ``<out>.json``, and ``<out>.part`` until that is written.

    Attributes:
        splits: {number from 0: finished file} of this very export; others that stood here before are in ``stale``.
        complete: whether the manifest of this very export is there.
        stale: names of files that another export left here, to be removed when this one is done.
    """

    def __init__(self, out: Path, identity: str, *, force: bool) -> None:
        """Read what there is.

        Raises:
            UserError: it is of another export, or of none, and not ``force``.
        """
        self.manifest = out.with_name(f"{out.name}.json")
        self.part = out.with_name(f"{out.name}.part")
        self._out = out
        self._identity = identity
        self.stale: set[str] = set()
        done, unfinished = _read_manifest(self.manifest), _read_part(self.part)
        self.complete = done is not None and done["identity"] == identity
        self.splits: dict[int, Split] = {}
        for record in filter(None, (done, unfinished)):
            found = {entry["number"]: Split(**entry) for entry in record["files"]}
            if record["identity"] == identity:
                self.splits |= found
            elif force:
                self.stale |= {split.file for split in found.values()} | set(record.get("replaces", ()))
            else:
                raise self._taken(record)
        if not (done or unfinished or force) and (out.exists() or _first(out).exists()):
            raise self._taken(None)

    def _taken(self, record: dict[str, Any] | None) -> UserError:
        what = "there is an export of other rows or settings" if record else "there is a file, made by no export"
        return UserError(
            f"{what} under this name",
            where=self._out,
            value=record and record["request"],
            fix="choose another --out, or replace what is there with --force",
        )

    @contextmanager
    def record(self, request: object) -> Iterator[_Lines]:
        """Give what takes each finished file, from the first."""
        with writing(self.part):
            self.part.parent.mkdir(parents=True, exist_ok=True)
            known = [self.splits[number] for number in sorted(self.splits)]
            head = {"identity": self._identity, "request": request, "replaces": sorted(self.stale)}
            with whole_or_absent(self.part) as temporary:
                temporary.write_text("".join(f"{json.dumps(line)}\n" for line in (head, *map(asdict, known))))
            with self.part.open("a") as file:
                yield _Lines(file)

    def finish(self, splits: Sequence[Split], **facts: object) -> dict[str, Any]:
        """Write the manifest, and remove the files that it does not list and another export left."""
        content = {"identity": self._identity, **facts, "files": [asdict(split) for split in splits]}
        with whole_or_absent(self.manifest) as temporary, writing(self.manifest):
            temporary.write_text(json.dumps(content, indent=1) + "\n")
        for name in self.stale - {split.file for split in splits}:
            (self._out.parent / name).unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)
        return content

    def read(self) -> dict[str, Any]:
        """Return the manifest of an export that is complete, and date it anew: it is up to date with what it is of."""
        self.manifest.touch()
        found: dict[str, Any] = json.loads(self.manifest.read_text())
        return found


class _Lines:
    """Adds a line per finished file, on the disk before the next is begun."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add(self, split: Split) -> None:
        self._file.write(f"{json.dumps(asdict(split))}\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def split_path(out: Path, ending: str, number: int, digits: int) -> Path:
    """Return where the file of a number from 0 goes: ``ethers-0001.sdf.gz`` and on."""
    return out.with_name(f"{out.name[: -len(ending)]}-{number + 1:0{digits}}{out.name[-len(ending) :]}")


def _first(out: Path) -> Path:
    stem, dot, rest = out.name.partition(".")
    return out.with_name(f"{stem}-0001{dot}{rest}")


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
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
    """Return what an unfinished export recorded; a line that broke off counts for nothing."""
    try:
        lines = path.read_text().split("\n")[:-1]
    except FileNotFoundError:
        return None
    if not lines:
        return None
    return {**json.loads(lines[0]), "files": [json.loads(line) for line in lines[1:]]}
