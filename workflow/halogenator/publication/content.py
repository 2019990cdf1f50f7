"""What a publication holds: its tables, the files that tell how these were made, and who answers for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from halogenator.units import counted

MOLECULES, PRODUCTS = "molecules", "products"
KINDS = {
    PRODUCTS: "products: each once a library and transform, with its first parent and site",
    MOLECULES: "molecules of the libraries, with where they come from",
}


@dataclass(frozen=True)
class Author:
    """An author: a name, and an ORCID iD as an address, ``https://orcid.org/…``, or ""."""

    name: str
    orcid: str = ""


@dataclass(frozen=True)
class Organization:
    """Where authors work: a name, and an address such as its ROR iD, ``https://ror.org/…``, or ""."""

    name: str
    address: str = ""


@dataclass(frozen=True)
class Terms:
    """What only the person who publishes can say.

    Attributes:
        title, description: of the dataset; "" for a description: one is made.
        authors: who made it.
        license: SPDX identifier, or the address of the terms.
        address: where it will be found, a URL or DOI; "": not known yet.
        affiliation: where the authors work, which publishes it; None: not said.
    """

    title: str
    description: str
    authors: Sequence[Author]
    license: str
    address: str = ""
    affiliation: Organization | None = None

    @property
    def license_address(self) -> str:
        """The address of the licence."""
        return self.license if "://" in self.license else f"https://spdx.org/licenses/{self.license}"


@dataclass(frozen=True)
class Table:
    """A published table.

    Attributes:
        kind: ``MOLECULES`` or ``PRODUCTS``.
        library, transform: what it holds; no transform of molecules.
        path: its path in the publication.
        rows, bytes, sha256, set_hash: of the published file.
    """

    kind: str
    library: str
    transform: str | None
    path: str
    rows: int
    bytes: int
    sha256: str
    set_hash: str

    @property
    def name(self) -> str:
        """What it is called."""
        return " × ".join(filter(None, (self.library, self.transform)))


@dataclass(frozen=True)
class File:
    """Another file of the publication: how the tables were made."""

    path: str
    description: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """All that a publication says.

    Attributes:
        terms: what the person who publishes says.
        tables: its tables.
        schemas: {kind: the columns of its tables}.
        files: configurations.
        workflow: the Snakefile in the publication.
        versions: {software: version} that made the results.
        began, ended: when the first and the last result was made.
        date: when it is published.
    """

    terms: Terms
    tables: Sequence[Table]
    schemas: dict[str, pa.Schema]
    files: Sequence[File]
    workflow: File
    versions: dict[str, str]
    began: datetime
    ended: datetime
    date: datetime

    @property
    def kinds(self) -> list[str]:
        """The kinds of tables that it has."""
        return [kind for kind in KINDS if kind in self.schemas]

    def rows(self, kind: str) -> int:
        """Return the number of rows of all tables of a kind."""
        return sum(table.rows for table in self.tables if table.kind == kind)

    @property
    def description(self) -> str:
        """What it is, in a sentence or two."""
        if self.terms.description:
            return self.terms.description
        counts = [f"{self.rows(kind):,} {kind}" for kind in self.kinds]
        libraries = dict.fromkeys(table.library for table in self.tables)
        return (
            f"A virtual library for medicinal chemistry, computed with Halogenator: {' and '.join(counts)} of "
            f"{counted(len(libraries), 'library')}. No molecule was synthesised."
        )


def moment(seconds: float) -> datetime:
    """Return the moment of a time stamp, in seconds since 1970, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC)


def file_of(folder: Path, path: str, description: str, sha256: str) -> File:
    """Return a file that stands in the folder of a publication."""
    return File(path, description, (folder / path).stat().st_size, sha256)
