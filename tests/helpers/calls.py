"""Calls of the system that change files: recorded, or made to fail, in all processes of a command (``calls.c``)."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

KINDS = ("open", "write", "fsync", "close", "rename", "mkdir", "unlink", "ftruncate")
SHORT = 0  # instead of an error: a write of half the bytes
FOREVER = 1 << 60


@dataclass(frozen=True)
class Call:
    """A call that succeeded: what it did to which inode or path, when (ns), with which data."""

    what: str
    inode: int
    path: str
    other: str
    offset: int
    time: int
    data: bytes


@dataclass(frozen=True)
class Failure:
    """The calls of a kind that fail: from the ``first``, counted over all processes, to the ``last``."""

    kind: str
    first: int
    number: int
    last: int


def built(folder: Path) -> Path:
    """The library to preload, compiled; skips the test where that is not possible."""
    if not Path("/proc/self/fd").exists() or shutil.which("gcc") is None:
        pytest.skip("calls of the system are recorded on Linux with gcc only")
    library = folder / "calls.so"
    source = Path(__file__).with_name("calls.c")
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


class Calls:
    """The calls below a folder, of all processes that are started with ``variables``."""

    def __init__(self, library: Path, below: Path, notes: Path, failure: Failure | None = None) -> None:
        notes.mkdir(parents=True, exist_ok=True)
        self._log, self._counts = notes / "calls", notes / "counts"
        self._log.unlink(missing_ok=True)
        self._counts.write_bytes(bytes(4096))
        self.variables = {
            "LD_PRELOAD": str(library),
            "CALLS_BELOW": str(below.resolve()),
            "CALLS_COUNTS": str(self._counts),
        }
        if failure is None:
            self.variables["CALLS_LOG"] = str(self._log)
        else:
            self.variables["CALLS_FAIL"] = f"{failure.kind}:{failure.first}:{failure.number}:{failure.last}"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}

    @property
    def counts(self) -> dict[str, int]:
        """How many calls of each kind there were."""
        return dict(zip(KINDS, struct.unpack_from(f"{len(KINDS)}Q", self._counts.read_bytes()), strict=True))

    @property
    def failed(self) -> int:
        """How many calls were made to fail."""
        found: int = struct.unpack_from("Q", self._counts.read_bytes(), 8 * len(KINDS))[0]
        return found

    def recorded(self) -> Iterator[Call]:
        """The calls, in their order."""
        content, at = self._log.read_bytes(), 0
        while at < len(content):
            end = content.index(b"\n", at)
            what, inode, path, other, offset, time, size = os.fsdecode(content[at:end]).split("\t")
            at = end + 1 + int(size)
            yield Call(what, int(inode), path, other, int(offset), int(time), content[end + 1 : at])
