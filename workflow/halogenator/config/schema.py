"""Checks data against the JSON schemas in ``workflow/schemas`` and fills in their defaults."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

from halogenator.config.locate import Keys, Layers, dig, read_yaml
from halogenator.config.wording import Violation, odd_key, word
from halogenator.errors import UserError, did_you_mean

MAX_PROBLEMS = 50  # of one file that are worked out and shown

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


@functools.cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema ``config``, ``transforms`` or ``halogenation``."""
    schema: dict[str, Any] = read_yaml(SCHEMAS / f"{name}.schema.yaml").data
    return schema


def problems(layers: Layers, name: str) -> list[UserError]:
    """Return all that is wrong with ``layers.data`` by the named schema, in the order of the files.

    Args:
        layers: the data, and the files that it came from, for the messages.
        name: "config", "transforms" or "halogenation".
    """
    return [problem for _, problem in located_problems(layers, name)]


def located_problems(layers: Layers, name: str) -> list[tuple[Keys, UserError]]:
    """Return what ``problems`` returns, each with the keys that lead to it, at most ``MAX_PROBLEMS``."""
    return sorted(islice(_problems(layers, name), MAX_PROBLEMS), key=lambda pair: layers.order(pair[0]))


def with_defaults(data: Any, name: str) -> Any:
    """Return a copy of valid ``data`` with the schema's ``default`` for each key that is missing."""
    root = load_schema(name)
    return _fill(data, root, root)


def _fill(data: Any, node: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    node = _resolve(node, root)
    if isinstance(data, list):
        return [_fill(item, node.get("items", {}), root) for item in data]
    if not isinstance(data, dict):
        return data
    properties: Mapping[str, Any] = node.get("properties", {})
    (other,) = node.get("patternProperties", {".*": {}}).values()
    filled = {key: _fill(value, properties.get(key, other), root) for key, value in data.items()}
    for key, sub in properties.items():
        if key not in data and "default" in _resolve(sub, root):
            filled[key] = _fill(_resolve(sub, root)["default"], sub, root)
    return filled


def _resolve(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    return {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **node}


def _odd_keys(data: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Yield the keys that YAML did not read as text, such as ``no`` or ``1``."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(key, str):
                yield from _odd_keys(value, (*keys, key))
            else:
                yield (*keys, key)
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _odd_keys(item, (*keys, index))


def _with_text_keys(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _with_text_keys(value) for key, value in data.items() if isinstance(key, str)}
    return [_with_text_keys(item) for item in data] if isinstance(data, list) else data


def _problems(layers: Layers, name: str) -> Iterator[tuple[Keys, UserError]]:
    for keys in _odd_keys(layers.data):
        yield keys, odd_key(keys, layers)
    violations = list(islice(_violations(_with_text_keys(layers.data), load_schema(name)), MAX_PROBLEMS))
    hints = {(item.keys, hint) for item in violations for hint in item.unknown_keys().values()}
    for violation in violations:
        if violation.keyword == "minProperties" and dig(layers.data, violation.keys):
            continue  # empty only without the odd keys
        # A misspelt required key is one mistake, not two.
        if not any((violation.keys, did_you_mean(key, [key])) in hints for key in violation.missing_keys()):
            yield from word(violation, layers)


def _violations(data: Any, root: Mapping[str, Any]) -> Iterator[Violation]:
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(root).iter_errors(data):
        if error.validator == "oneOf" and not isinstance(error.instance, dict):
            continue  # its type is wrong, which is reported by itself
        yield Violation(
            keyword=str(error.validator),
            expected=error.validator_value,
            value=error.instance,
            schema=cast(Mapping[str, Any], error.schema),
            keys=tuple(error.absolute_path),
            of_key="propertyNames" in error.absolute_schema_path,
        )
