"""The README of a publication: the front matter that the Hugging Face hub reads, and the same in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import yaml

from halogenator.publication.content import KINDS, Content
from halogenator.publication.croissant import PATTERNS

NAME = "README.md"
# Names of the hub for numbers of rows: upper bound -> name.
_SIZES = {
    10**3: "n<1K",
    10**4: "1K<n<10K",
    10**5: "10K<n<100K",
    10**6: "100K<n<1M",
    10**7: "1M<n<10M",
    10**8: "10M<n<100M",
    10**9: "100M<n<1B",
    10**10: "1B<n<10B",
}
# Licences of the hub that it knows by another name than SPDX does, in lower case.
_HUB_LICENSES = {"mit": "mit", "apache-2.0": "apache-2.0", "cc0-1.0": "cc0-1.0", "odbl-1.0": "odbl", "pddl-1.0": "pddl"}


def dataset_card(content: Content) -> str:
    """Return the text of the page."""
    front = yaml.safe_dump(front_matter(content), sort_keys=False, allow_unicode=True, width=1_000)
    page = "\n".join(_page(content))
    return f"---\n{front}---\n\n{page}\n"


def front_matter(content: Content) -> dict[str, Any]:
    """Return what the hub reads, as YAML values."""
    terms = content.terms
    name = terms.license.lower()
    known = name in _HUB_LICENSES or name.startswith("cc-by")
    rows = sum(content.rows(kind) for kind in content.kinds)
    return {
        "pretty_name": terms.title,
        "license": _HUB_LICENSES.get(name, name) if known else "other",
        **({} if known else {"license_name": name.rpartition("/")[2] or name, "license_link": terms.license_address}),
        "tags": ["chemistry", "cheminformatics", "virtual-library", "natural-products", "smiles", "croissant"],
        "size_categories": [next((text for most, text in _SIZES.items() if rows < most), "n>1T")],
        "configs": [
            {
                "config_name": kind,
                **({"default": True} if kind == content.kinds[0] else {}),
                "data_files": [{"split": "train", "path": PATTERNS[kind]}],
            }
            for kind in content.kinds
        ],
    }


def _page(content: Content) -> Iterator[str]:
    terms = content.terms
    yield from (f"# {terms.title}", "", content.description, "")
    people = ", ".join(f"[{a.name}]({a.orcid})" if a.orcid else a.name for a in terms.authors)
    yield from (f"By {people}. Licence: [{terms.license}]({terms.license_address}).", "")
    yield from ("## What is here", "", "| library | transform | rows | set hash | file |", "|---|---|--:|---|---|")
    for table in content.tables:
        cells = table.library, table.transform or "", f"{table.rows:,}", f"`{table.set_hash}`", f"`{table.path}`"
        yield f"| {' | '.join(cells)} |"
    yield from ("", *(line.replace("PATTERN", PATTERNS[content.kinds[0]]) for line in _LOADING), "")
    for kind in content.kinds:
        yield from (f"## Columns of {kind}", "", KINDS[kind][0].upper() + KINDS[kind][1:] + ".", "")
        yield from _table(("column", "type", "meaning", "unit"), _columns(content.schemas[kind]))
        yield ""
    yield from ("## How it was made", "")
    versions = ", ".join(f"{name} {version}" for name, version in content.versions.items())
    yield (
        f"With {versions}, from {content.began:%Y-%m-%d} to {content.ended:%Y-%m-%d}. `configuration/` has the "
        f"settings, `{content.workflow.path}` the workflow; `ro-crate-metadata.json` ties them to the files (Workflow "
        "Run Crate 0.5)."
    )
    yield ""
    yield (
        "All SMILES are canonical SMILES of the RDKit named above. A set hash is one text for the molecules of a file, "
        "whatever their order: the sum modulo 2^128 of the MD5, lowest byte first, of each `smiles` (with "
        "` |enhanced_stereo|` where that is not null)."
    )


_LOADING = (
    "## Load it",
    "",
    "```python",
    "import duckdb",
    "",
    "duckdb.sql(\"SELECT library, count(*) FROM 'PATTERN' GROUP BY library\")",
    "```",
    "",
    "Check the files: `sha256sum --check checksums.sha256`.",
)


def _columns(schema: pa.Schema) -> Iterator[tuple[str, ...]]:
    for field in schema:
        said = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        yield f"`{field.name}`", str(field.type), said.get("description", ""), said.get("unit", "")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
