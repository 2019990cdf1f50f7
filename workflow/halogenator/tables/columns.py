"""The columns of every Parquet file. Schemas, checks and the documentation are all made from these tables.

A file says itself what its columns are: each field has ``description`` and, where there is one, ``unit`` as metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.scores import SCORES
from halogenator.model import PREPARED


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name, type: its name and its Arrow type.
        text: its meaning in words.
        unit: the unit of its values; "" for counts, ratios and texts.
    """

    name: str
    type: pa.DataType
    text: str
    unit: str = ""

    @property
    def field(self) -> pa.Field:
        """The Arrow field, with meaning and unit as its metadata."""
        unit = {"unit": self.unit} if self.unit else {}
        return pa.field(self.name, self.type, metadata={"description": self.text, **unit})


RAW = (
    Column("row", pa.int64(), "data row of the source file, from 1; of several files counted on from one to the next"),
    Column("id", pa.string(), "identifier in the source file"),
    Column("name", pa.string(), "name in the source file, where that is another column than the identifier"),
    Column("smiles", pa.string(), "SMILES as the source file has it"),
    Column("problem", pa.string(), "why the row could not be read"),
)
LIBRARY = (
    Column("id", pa.string(), "identifier, unique in the library"),
    Column("smiles", pa.string(), "canonical SMILES; atom indices everywhere are those of this string"),
    Column("enhanced_stereo", pa.string(), "CXSMILES extension with what the SMILES cannot say; null: nothing"),
    Column("parent", pa.string(), "id of the natural product (or input molecule) that it came from"),
    Column("k", pa.int8(), "number of halogenations, or of other steps, since the parent"),
    Column("halogens", pa.string(), "halogens put in, sorted, comma-separated"),
    Column("rules", pa.string(), "halogenation rules and transforms applied, sorted, comma-separated"),
    Column("n_routes", pa.int32(), "in how many ways it was made, or how many input rows give it"),
    Column("row", pa.int64(), "data row of the source file (of several, counted on); null in a built library"),
    Column("name", pa.string(), "name in the source file, where that is another column than the identifier"),
    Column("prepared", pa.string(), f"what was changed on reading: {', '.join(PREPARED)}; null: nothing"),
    Column(
        "stripped_from", pa.string(), "the input, canonical, where something was changed on reading; null: nothing was"
    ),
)
# Only in libraries that are made by steps of a configuration, and in those that these are built from.
STEPS = Column(
    "steps",
    pa.string(),
    "only where a library is made from another: what was applied, in order, comma-separated; transform, or "
    "rule:halogen, with @ and the site in the molecule before it",
)
PRODUCTS = (
    Column("smiles", pa.string(), "canonical SMILES"),
    Column("parent_id", pa.string(), "id of the library molecule that the first route starts from"),
    Column("site", pa.int32(), "atom index, in the parent's SMILES, where the first route acts"),
    Column("n_routes", pa.int32(), "how many parent/site pairs of the library give this product"),
    Column("enhanced_stereo", pa.string(), "CXSMILES extension with what the SMILES cannot say; null: nothing"),
)
REJECTS = (
    Column("source", pa.string(), "file that the row stands in"),
    Column("row", pa.int64(), "data row of that file, from 1"),
    Column("id", pa.string(), "identifier of the row"),
    Column("site", pa.int32(), "atom index of the site whose product was rejected; null for a whole row"),
    Column("smiles", pa.string(), "SMILES of the row, at most 200 characters of it"),
    Column("reason", pa.string(), "kind of problem"),
    Column("detail", pa.string(), "this row's problem"),
)

POSITION = Column("position", pa.int64(), "row of the chunks, all in a line")
DUPLICATES = (
    POSITION,
    Column("keeper", pa.int64(), "position of the row that stays in its place; null where this one stays"),
    Column("n_routes", pa.int64(), "routes of all rows with its key; null where it drops"),
)

# Beside results, only where they are asked for: Morgan fingerprints of radius 2 with 2,048 bits.
FINGERPRINTS = (
    Column(
        "base",
        pa.int32(),
        "row, from 0, of the molecule that it came from: of a product in its library, of a built molecule among the "
        "natural products; null: it stands for itself",
    ),
    Column(
        "change",
        pa.binary(),
        "bits of its fingerprint that are other than there, or all that are on; two bytes a bit, the lower one first: "
        "its number, and 2,048 more if it is off",
    ),
)

MONITOR = (
    Column("time", pa.float64(), "moment, since the beginning of 1970", "s"),
    Column("pid", pa.int64(), "first process of the task"),
    Column("task", pa.string(), "verb, library, transform and chunk; snakemake for the workflow itself"),
    Column("declared_mb", pa.int32(), "memory that the task declared", "MB"),
    Column("unique_mb", pa.float64(), "memory that would be free if it ended", "MB"),
    Column("cap_mb", pa.int32(), "what all tasks together may declare", "MB"),
)

INCHIKEY = Column("inchikey", pa.string(), "standard InChIKey; null where InChI has none")


def descriptor_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of the named descriptors."""
    return tuple(
        Column(d.name, pa.int16() if d.integer else pa.float64(), d.text, d.unit)
        for d in (DESCRIPTORS[name] for name in names)
    )


def score_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of the named scores."""
    kinds = {float: pa.float64(), int: pa.int32(), str: pa.string()}
    return tuple(Column(name, kinds[SCORES[name].kind], SCORES[name].text) for name in names)


def site_columns(counted: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns that count a molecule's sites; ``counted``: {column name: what it counts}."""
    return tuple(Column(name, pa.int32(), f"sites that match {what}") for name, what in counted.items())


def library_columns(
    descriptor_names: Sequence[str], counted: Mapping[str, str], scores: Sequence[str] = (), *, steps: bool = False
) -> tuple[Column, ...]:
    """Return the columns of a library, with ``STEPS`` or without; ``counted`` as in ``site_columns``."""
    own = (*LIBRARY, *([STEPS] if steps else []))
    return (*own, *descriptor_columns(descriptor_names), *site_columns(counted), *score_columns(scores))


def product_columns(
    descriptor_names: Sequence[str], scores: Sequence[str] = (), *, with_inchikey: bool
) -> tuple[Column, ...]:
    """Return the columns of a job's products."""
    described = descriptor_columns(descriptor_names) + score_columns(scores)
    return PRODUCTS + described + ((INCHIKEY,) if with_inchikey else ())


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the Arrow schema of a table of columns."""
    return pa.schema([column.field for column in columns])
