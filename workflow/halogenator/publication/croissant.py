"""The Croissant metadata of a publication (https://mlcommons.org/croissant/1.0): columns with types and meaning.

A set of files is read as one table. It is named by a pattern below the folder of this file, so that it loads from there
without a network.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from halogenator.publication.content import KINDS, Content, Table

NAME = "croissant.json"
PATTERNS = {"products": "data/products/*/*.parquet", "molecules": "data/molecules/*.parquet"}
_PARQUET = "application/x-parquet"  # Croissant's own word for it
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(content: Content) -> dict[str, Any]:
    """Return the metadata, as JSON values."""
    terms = content.terms
    names = ", ".join(author.name for author in terms.authors)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": terms.title,
        "description": content.description,
        "license": terms.license_address,
        "creator": [
            {"@type": "sc:Person", "name": author.name, **({"url": author.orcid} if author.orcid else {})}
            for author in terms.authors
        ],
        "datePublished": content.date.date().isoformat(),
        "version": "1.0.0",
        "citeAs": f"{names}: {terms.title}. {content.date.year}.{f' {terms.address}' if terms.address else ''}",
        **({"url": terms.address} if terms.address else {}),
        "distribution": [*map(_file_set, content.kinds), *map(_file, content.tables)],
        "recordSet": [_record_set(kind, content.schemas[kind]) for kind in content.kinds],
    }


def _file_set(kind: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{kind}-files",
        "name": f"{kind}-files",
        "description": KINDS[kind],
        "encodingFormat": _PARQUET,
        "includes": PATTERNS[kind],
    }


def _file(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": table.path,
        "name": table.path,
        "description": f"{table.rows:,} {table.kind} of {table.name}; {table.set_hash}",
        "contentUrl": table.path,
        "contentSize": f"{table.bytes} B",
        "encodingFormat": _PARQUET,
        "sha256": table.sha256,
    }


def _record_set(kind: str, schema: pa.Schema) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": kind,
        "name": kind,
        "description": KINDS[kind],
        "field": [_field(kind, field) for field in schema],
    }


def _field(kind: str, field: pa.Field) -> dict[str, Any]:
    said = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
    unit = f", in {said['unit']}" if "unit" in said else ""
    return {
        "@type": "cr:Field",
        "@id": f"{kind}/{field.name}",
        "name": field.name,
        "description": f"{said.get('description', field.name)}{unit}",
        "dataType": _data_type(field.type),
        "source": {"fileSet": {"@id": f"{kind}-files"}, "extract": {"column": field.name}},
    }


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "sc:Float"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    return "sc:Date" if pa.types.is_date(kind) or pa.types.is_timestamp(kind) else "sc:Text"
