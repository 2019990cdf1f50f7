"""The RO-Crate of a publication: a Workflow Run Crate, which says what made which file from what, when and by whom.

Profile: https://w3id.org/ro/wfrun/workflow/0.5, on RO-Crate 1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from halogenator.publication.content import Author, Content, File, Organization, Table

NAME = "ro-crate-metadata.json"
_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"

_ADDRESSES = {"RDKit": "https://www.rdkit.org"}  # of the software that made the results, besides the workflow itself

Entity = dict[str, Any]


def ro_crate(content: Content) -> Entity:
    """Return the metadata of a crate, as JSON values."""
    terms = content.terms
    places = [_organization(terms.affiliation)] if terms.affiliation else []
    people = [_person(index, author, places) for index, author in enumerate(terms.authors)]
    inputs, outputs = [_config(file) for file in content.files], [_table(table) for table in content.tables]
    license_of = {"@id": terms.license_address}
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": terms.title,
        "description": content.description,
        "datePublished": content.date.isoformat(),
        "license": license_of,
        "author": _ids(people),
        **({"publisher": _ids(places)} if places else {}),
        "conformsTo": [{"@id": address} for address in _PROFILES],
        "mainEntity": {"@id": content.workflow.path},
        "mentions": {"@id": "#run"},
        "hasPart": [
            *({"@id": path} for path in (content.workflow.path, "README.md", "croissant.json", "checksums.sha256")),
            *({"@id": each["@id"]} for each in (*inputs, *outputs)),
        ],
        **({"identifier": terms.address, "url": terms.address} if terms.address else {}),
    }
    graph: list[Entity] = [
        {
            "@id": NAME,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": _SPECIFICATION}, {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"}],
        },
        root,
        *({"@id": at, "@type": "CreativeWork", "name": n, "version": v} for at, (n, v) in _PROFILES.items()),
        {"@id": terms.license_address, "@type": "CreativeWork", "name": terms.license},
        *people,
        *places,
        *_workflow(content, license_of, (*places, *people)[0]),
        _run(content, people, inputs, outputs),
        *_other_files(),
        *inputs,
        *outputs,
        *(_set_hash(table) for table in content.tables),
    ]
    return {"@context": f"{_SPECIFICATION}/context", "@graph": graph}


def _ids(entities: Sequence[Entity]) -> list[Entity] | Entity:
    """Return references to entities; to a single one without a list, as the specification recommends."""
    found = [{"@id": entity["@id"]} for entity in entities]
    return found[0] if len(found) == 1 else found


def _person(index: int, author: Author, places: list[Entity]) -> Entity:
    works = {"affiliation": _ids(places)} if places else {}
    return {"@id": author.orcid or f"#author-{index + 1}", "@type": "Person", "name": author.name, **works}


def _organization(place: Organization) -> Entity:
    address = {"url": place.address} if place.address else {}
    return {"@id": place.address or "#affiliation", "@type": "Organization", "name": place.name, **address}


def _workflow(content: Content, license_of: Entity, publisher: Entity) -> list[Entity]:
    """Return the workflow, its language, its parameters, and the software that ran it."""
    version = content.versions["halogenator"]
    inputs = [_parameter("configuration", "the settings of the run, in YAML files", content.files)]
    outputs = [_parameter("tables", "Parquet files of molecules and products", content.tables)]
    inputs = inputs if content.files else []
    others = [
        {
            "@id": _ADDRESSES[name],
            "@type": "SoftwareApplication",
            "name": name,
            "url": _ADDRESSES[name],
            "version": said,
        }
        for name, said in content.versions.items()
        if name in _ADDRESSES
    ]
    workflow: Entity = {
        "@id": content.workflow.path,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": "Halogenator",
        "description": "Puts halogenated natural-product libraries through functional-group transforms.",
        "version": version,
        "license": {"@id": "https://spdx.org/licenses/MIT"},
        "dateCreated": content.ended.isoformat(),
        "encodingFormat": "text/plain",
        "programmingLanguage": {"@id": _SNAKEMAKE},
        "conformsTo": {"@id": _BIOSCHEMAS},
        "input": _ids(inputs),
        "output": _ids(outputs),
        "softwareRequirements": _ids(others),
        "contentSize": str(content.workflow.bytes),
        "sha256": content.workflow.sha256,
        "sdPublisher": {"@id": publisher["@id"]},
    }
    language = {
        "@id": _SNAKEMAKE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
        "url": {"@id": "https://snakemake.readthedocs.io"},
    }
    fixed: list[Entity] = [
        {"@id": _BIOSCHEMAS, "@type": "CreativeWork", "name": "ComputationalWorkflow", "version": "1.0-RELEASE"},
        {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT License"},
    ]
    fixed = [each for each in fixed if each["@id"] != license_of["@id"]]
    return [workflow, language, *inputs, *outputs, *others, *fixed]


def _parameter(name: str, description: str, files: Sequence[File | Table]) -> Entity:
    return {
        "@id": f"#{name}",
        "@type": "FormalParameter",
        "name": name,
        "description": description,
        "additionalType": "File",
        "conformsTo": {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
        "workExample": [{"@id": file.path} for file in files],
    }


def _run(content: Content, people: list[Entity], inputs: list[Entity], outputs: list[Entity]) -> Entity:
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "A run of Halogenator",
        "description": "The workflow made the tables from natural products, as the configuration says.",
        "instrument": {"@id": content.workflow.path},
        "agent": {"@id": people[0]["@id"]},
        "startTime": content.began.isoformat(),
        "endTime": content.ended.isoformat(),
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "object": _ids(inputs),
        "result": _ids(outputs),
    }


def _config(file: File) -> Entity:
    return {
        "@id": file.path,
        "@type": "File",
        "name": file.path.rpartition("/")[2],
        "description": file.description,
        "encodingFormat": "application/yaml" if file.path.endswith((".yaml", ".yml")) else "text/plain",
        "contentSize": str(file.bytes),
        "sha256": file.sha256,
        "exampleOfWork": {"@id": "#configuration"},
    }


def _table(table: Table) -> Entity:
    return {
        "@id": table.path,
        "@type": "File",
        "name": table.name,
        "description": f"{table.rows:,} {table.kind} of {table.name}",
        "encodingFormat": "application/vnd.apache.parquet",
        "contentSize": str(table.bytes),
        "sha256": table.sha256,
        "exampleOfWork": {"@id": "#tables"},
        "additionalProperty": {"@id": f"#{table.set_hash}-{table.path}"},
    }


def _set_hash(table: Table) -> Entity:
    return {
        "@id": f"#{table.set_hash}-{table.path}",
        "@type": "PropertyValue",
        "name": "set_hash",
        "description": "one text for the set of its molecules, whatever their order",
        "value": table.set_hash,
    }


def _other_files() -> list[Entity]:
    files = {
        "README.md": ("card of the dataset", "text/markdown"),
        "croissant.json": ("Croissant metadata: columns for machine learning", "application/ld+json"),
        "checksums.sha256": ("SHA-256 of every other file, for sha256sum --check", "text/plain"),
    }
    return [
        {
            "@id": name,
            "@type": "File",
            "name": name,
            "description": text,
            "encodingFormat": kind,
            **({"about": {"@id": "./"}} if name == "README.md" else {}),
        }
        for name, (text, kind) in files.items()
    ]
