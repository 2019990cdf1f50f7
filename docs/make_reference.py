"""Writes docs/reference/ from what the program itself goes by: schemas, column tables, the command line (make docs)."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.chemistry.scores import SCORES
from halogenator.cli import build_parser
from halogenator.cli.options import EXIT_CODES
from halogenator.planning.plan import Line
from halogenator.tables.catalog import SUMMARY
from halogenator.tables.columns import (
    FINGERPRINTS,
    INCHIKEY,
    LIBRARY,
    MONITOR,
    PRODUCTS,
    REJECTS,
    STEPS,
    Column,
    descriptor_columns,
    score_columns,
)
from halogenator.tables.left_out import AUDIT

REPOSITORY = Path(__file__).parents[1]
NOTE = "<!-- Made by docs/make_reference.py: change the source named there, then run make docs. -->\n"


def pages() -> dict[Path, str]:
    """Return {page below docs/reference: its text}."""
    return {Path("configuration.md"): configuration(), Path("columns.md"): columns(), Path("commands.md"): commands()}


# ---- configuration ---------------------------------------------------------------------------------------------------


def configuration() -> str:
    """Return the page of every configuration key, from the schemas."""
    parts = [NOTE, "# Configuration reference\n"]
    parts.append(
        "Checked before the first job; an unknown key is an error. Files given to `--configfile` are layered over\n"
        "`configs/config.yaml`. `<name>` stands for a name that you choose.\n"
    )
    for name in ("config", "transforms", "halogenation", "patterns"):
        schema = yaml.safe_load(
            (REPOSITORY / "workflow" / "schemas" / f"{name}.schema.yaml").read_text(encoding="utf-8")
        )
        parts.append(f"## `{schema['title']}`\n\n{schema['description'].strip()}\n")
        rows = [(f"`{key}`", allowed, default, text) for key, allowed, default, text in _keys(schema, schema, "")]
        parts.append(_table(("key", "allowed", "default", "meaning"), rows))
    return "\n".join(parts)


def _keys(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (dotted key, allowed values, default, meaning) of all keys below a node of a schema, in its order."""
    required = node.get("required", [])
    for name, value in node.get("properties", {}).items():
        yield from _key(schema, _resolved(schema, value), f"{path}{name}", name in required)
    for value in node.get("patternProperties", {}).values():
        found = _resolved(schema, value)
        yield from _key(schema, found, f"{path}<name>", False)


def _key(
    schema: dict[str, Any], node: dict[str, Any], path: str, required: bool
) -> Iterator[tuple[str, str, str, str]]:
    default = "required" if required else _shown(node["default"]) if _has_plain_default(node) else ""
    yield path, _allowed(schema, node), default, " ".join(node.get("description", "").split())
    yield from _keys(schema, node, f"{path}.")
    items = _resolved(schema, node.get("items", {}))
    if items.get("properties"):
        yield from _keys(schema, items, f"{path}[].")


def _has_plain_default(node: dict[str, Any]) -> bool:
    return "default" in node and node["default"] != {}


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target: Any = schema
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _allowed(schema: dict[str, Any], node: dict[str, Any]) -> str:
    if "title" in node and "$schema" not in node:
        return str(node["title"]).strip()
    if "enum" in node:
        return ", ".join(map(str, node["enum"]))
    for choice in ("anyOf", "oneOf"):
        kinds = [_allowed(schema, _resolved(schema, each)) for each in node.get(choice, [])]
        if any(kinds):
            return " or ".join(filter(None, kinds))
    kind = node.get("type", "")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    if kinds == ["array"]:
        return f"list of {_allowed(schema, _resolved(schema, node.get('items', {}))) or 'entries'}"
    if kinds == ["object"]:
        return "keys below" if node.get("properties") else "names and values"
    bounds = [f"≥ {node['minimum']}"] if "minimum" in node else []
    bounds += [f"> {node['exclusiveMinimum']}"] if "exclusiveMinimum" in node else []
    bounds += [f"≤ {node['maximum']}"] if "maximum" in node else []
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return " or ".join(words.get(each, each) for each in kinds) + (f" {', '.join(bounds)}" if bounds else "")


def _shown(value: object) -> str:
    return f"`{yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}`"


# ---- columns ---------------------------------------------------------------------------------------------------------


def columns() -> str:
    """Return the page of every column of every file, with types and units."""
    described = descriptor_columns(list(DESCRIPTORS))
    counted = next(column.type for column in LIBRARY if column.name == "n_routes")
    sites = Column("sites_…", counted, "sites that match the reactant of the transforms of a family, count")
    parts = [
        NOTE,
        "# Columns of the results\n",
        "Types are Arrow's; MB are 10^6 bytes. What is not there is null. Parquet files have meaning and unit of each\n"
        "column in them, as `description` and `unit` of its field:\n"
        "`pyarrow.parquet.read_schema(path).field('mw').metadata`.\n",
        _section("libraries/library=*/molecules.parquet", (*LIBRARY, STEPS, *described, sites)),
        "Of a library that is read from a file, the file's other columns come after these, with their type in\n"
        "Parquet, else as text: see [Libraries of your own](../how-to/libraries.md#the-other-columns-of-a-file).\n"
        "The views `molecules` and `products` of `catalog.duckdb` have them, and `parent_name`, by the natural\n"
        "product (or the input molecule).\n",
        _section("products/library=*/transform=*/products.parquet", (*PRODUCTS, *described, INCHIKEY)),
        "## Scores\n\nColumns of an export, or of molecules and products, where they are asked for: see\n"
        "[Scores](../how-to/results.md#scores). They come after the other columns that are computed.\n",
        _table(("column", "type", "meaning", "source", "µs a molecule"), list(_scores())),
        _section("rejects/**/rejects.parquet", REJECTS),
        _section("audit.tsv", AUDIT),
        "Also the view `audit` of `catalog.duckdb`.\n",
        _section("fingerprints/**/fingerprints.parquet", FINGERPRINTS),
        "Only where they are asked for, for [`find --similar`](../how-to/find.md#likeness-in-seconds).\n",
        _section("monitor.parquet", MONITOR),
        "## `summary.tsv`\n\nA row per finished job; also the view `jobs` of `catalog.duckdb`.\n",
        _table(("column", "meaning"), [(f"`{name}`", text) for name, text in SUMMARY_TEXTS.items()]),
        "## `plan.tsv`\n\nA row per library (without transform) and job, written by `plan` and when a run starts.\n",
        _table(("column", "meaning"), [(f"`{name}`", text) for name, text in _attributes(Line)]),
    ]
    assert list(SUMMARY_TEXTS) == list(SUMMARY)
    return "\n".join(parts)


def _scores() -> Iterator[tuple[str, ...]]:
    for column in score_columns(list(SCORES)):
        score = SCORES[column.name]
        yield f"`{column.name}`", str(column.type), column.text, score.source or "RDKit", f"{score.micros:,}"


SUMMARY_TEXTS = {
    "library": "name of the library",
    "transform": "name of the transform",
    "rows_in": "molecules of the library",
    "matched": "those of them with a site",
    "products": "products, each once",
    "duplicates_removed": "products that another parent had given already",
    "rejects": "rows of the job's rejects",
    "chunks": "chunk tasks that it was cut into",
    "seconds": "wall time of its tasks, added up, s",
    "cpu_seconds": "processor time of its tasks, added up, s",
    "peak_mb": "memory of the task that came nearest to its declaration, MB",
    "declared_mb": "what that task had declared, MB",
    "peak_of_declared": "their ratio",
    "bytes": "size of products.parquet",
    "set_hash": "its set of products in [one line](../how-to/publish.md#one-line-for-a-set), whatever their order",
}


def _section(path: str, table: Sequence[Column]) -> str:
    rows = [(f"`{column.name}`", str(column.type), column.text, column.unit) for column in table]
    if not any(column.unit for column in table):
        return f"## `{path}`\n\n{_table(('column', 'type', 'meaning'), [row[:3] for row in rows])}"
    return f"## `{path}`\n\n{_table(('column', 'type', 'meaning', 'unit'), rows)}"


def _attributes(kind: type) -> Iterator[tuple[str, str]]:
    """Yield (name, meaning) of a class's attributes from its docstring."""
    text = (kind.__doc__ or "").partition("Attributes:")[2]
    for names, meaning in re.findall(r"^ {8}([\w, ]+): (.*(?:\n {12}.*)*)", text, re.MULTILINE):
        for name in names.split(", "):
            yield name, " ".join(meaning.split()).replace("``", "`").rstrip(".").replace("None where", "empty where")


# ---- commands --------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Return the page of every verb, from its own help."""
    root = build_parser()
    parts = [
        NOTE,
        "# Commands\n",
        f"`python -m halogenator VERB`, or `halogenator VERB`.\n\n```text\n{EXIT_CODES}```\n",
    ]
    (verbs,) = [action for action in root._actions if isinstance(action, argparse._SubParsersAction)]
    for name, verb in verbs.choices.items():
        parts.append(f"## `{name}`\n\n```text\n{_help(verb)}\n```\n")
    return "\n".join(parts)


def _help(verb: argparse.ArgumentParser) -> str:
    return verb.format_help().partition(EXIT_CODES.strip())[0].strip()


# ---- Markdown --------------------------------------------------------------------------------------------------------


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    folder = REPOSITORY / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    for path, text in pages().items():
        (folder / path).write_text(text, encoding="utf-8")
        print(folder / path, file=sys.stderr)


if __name__ == "__main__":
    main()
