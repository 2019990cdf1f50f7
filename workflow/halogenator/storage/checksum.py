"""The checksum that is recorded when a file is finished, and compared when it is verified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex digits, read in small pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(paths: Iterable[Path]) -> dict[str, str]:
    """Return {file name: SHA-256} of files whose names differ."""
    return {path.name: sha256(path) for path in paths}
