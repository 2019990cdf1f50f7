"""Checks of data against the JSON schemas in ``workflow/schemas``, with each problem in words, and their defaults."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from halogenator import shipped
from halogenator.config.layers import Layers, dig
from halogenator.config.yaml_files import Keys, read_yaml
from halogenator.errors import UserError, did_you_mean, raise_all

Violation = Any  # a ValidationError of jsonschema, in whose type stubs any attribute may be unset

MAX_PROBLEMS = 50  # problems of a file, and unknown keys of a mapping, that are shown

_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_SCALARS = {bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}
# {keyword of a schema: what is wrong with a value that breaks it}
_WRONG = {
    "enum": "is none of the allowed values",
    "pattern": "is not allowed",
    "maxLength": "is too long",
    "maxItems": "has too many entries",
    "uniqueItems": "lists something twice",
    "minItems": "is empty",
    "minProperties": "is empty",
    "minLength": "is empty",
}
# {keyword: what is allowed}, if other keywords of the schema do not say it.
_ALLOWED = {
    "uniqueItems": "each entry once",
    "minItems": "at least one entry",
    "minProperties": "at least one entry",
    "minLength": "text that is not empty",
}


@functools.cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema "config", "transforms" or "halogenation"."""
    schema: dict[str, Any] = read_yaml(shipped.SCHEMAS / f"{name}.schema.yaml").data
    return schema


def checked(layers: Layers, name: str) -> Layers:
    """Return the layers with ``settings``, which are the data with the defaults of a schema.

    Raises:
        UserError: the data breaks the schema. All problems are in one error.
    """
    raise_all([problem for _, problem in slips(layers, name)])
    return Layers(layers.documents, layers.data, with_defaults(layers.data, name), layers.outside)


def slips(layers: Layers, name: str) -> list[tuple[Keys, UserError]]:
    """Return the problems of ``layers.data`` by a schema, each with the keys that lead to it.

    They are in the order of the files, ``MAX_PROBLEMS`` at most.
    """
    return sorted(islice(_slips(layers, name), MAX_PROBLEMS), key=lambda pair: layers.order(pair[0]))


def with_defaults(data: Any, name: str) -> Any:
    """Return a copy of ``data`` with the ``default`` of a schema for each missing key."""
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


def _slips(layers: Layers, name: str) -> Iterator[tuple[Keys, UserError]]:
    from jsonschema import Draft202012Validator

    odd_keys: list[Keys] = []
    data = _with_text_keys(layers.data, (), odd_keys)
    for keys in odd_keys:
        yield keys, _odd_key(keys, layers)
    errors = list(islice(Draft202012Validator(load_schema(name)).iter_errors(data), MAX_PROBLEMS))
    mistyped = {_keys(error) for error in errors if error.validator == "type"}
    hints = {(_keys(error), hint) for error in errors for hint in _unknown_keys(error).values()}
    for error in errors:
        keys = _keys(error)
        if error.validator != "type" and keys in mistyped:
            continue  # a value of the wrong type breaks other keywords too
        if error.validator == "minProperties" and dig(layers.data, keys):
            continue  # empty only without the odd keys
        # A misspelt required key is one mistake, not two.
        if not any((keys, did_you_mean(key, [key])) in hints for key in _missing_keys(error)):
            yield from _in_words(error, layers)


def _with_text_keys(data: Any, keys: Keys, odd: list[Keys]) -> Any:
    """Return a copy without keys that YAML did not read as text, such as ``no``, which are added to ``odd``."""
    if isinstance(data, list):
        return [_with_text_keys(item, (*keys, number), odd) for number, item in enumerate(data)]
    if not isinstance(data, dict):
        return data
    odd.extend((*keys, key) for key in data if not isinstance(key, str))
    return {key: _with_text_keys(value, (*keys, key), odd) for key, value in data.items() if isinstance(key, str)}


# ---- one error of jsonschema -----------------------------------------------------------------------------------------


def _keys(error: Violation) -> Keys:
    return tuple(error.absolute_path)


def _unknown_keys(error: Violation) -> dict[str, str | None]:
    """Return {key that the schema does not know: hint at the nearest known key}."""
    if error.validator != "additionalProperties":
        return {}
    known = error.schema.get("properties", {})
    unknown = islice((key for key in error.instance if key not in known), MAX_PROBLEMS)
    return {key: did_you_mean(key, known) for key in unknown}


def _missing_keys(error: Violation) -> list[str]:
    """Return the keys that ``required`` misses, or any of which ``oneOf`` needs."""
    if error.validator == "oneOf":
        return [key for branch in error.validator_value for key in branch["required"]]
    if error.validator == "required":
        return [key for key in error.validator_value if key not in error.instance]
    return []


def _described(error: Violation, keys: list[str]) -> list[str]:
    """Return each key with its description in the schema: ``k (How many halogen atoms …)``."""
    properties = error.schema["properties"]
    return [f"{key} ({properties[key]['description'].rstrip('.')})" for key in keys]


def _kind(value: Any) -> str:
    return _SCALARS.get(type(value), f"a {type(value).__name__}")


# ---- in words --------------------------------------------------------------------------------------------------------


def _in_words(error: Violation, layers: Layers) -> Iterator[tuple[Keys, UserError]]:
    """Yield the problems of an error of jsonschema, each with the keys that lead to it."""
    keys = _keys(error)
    if error.validator == "additionalProperties":
        for key, hint in _unknown_keys(error).items():
            yield (*keys, key), _unknown_key(error, key, hint, layers)
    elif "propertyNames" in error.absolute_schema_path:
        yield (*keys, error.instance), _bad_key(error, layers)
    else:
        yield keys, _OF_MAPPINGS.get(str(error.validator), _bad_value)(error, layers)


def _odd_key(keys: Keys, layers: Layers) -> UserError:
    written = layers.text(keys, of_key=True) or str(keys[-1])
    return UserError(
        f"the key {written} is not text: YAML reads it as {_kind(keys[-1])}",
        where=layers.place(*keys),
        value=keys[-1],
        allowed="text",
        fix=f'put it in quotes: "{written}"',
    )


# {key: where it belongs, or what became of it since the rule files of an earlier halogenator}
_ELSEWHERE = {
    "rank": "write it into the entry of a transform or a halogenation rule, for whose sites it is",
    "version": "remove it: a file needs no version, as a change of a SMIRKS is noticed by itself",
    "code": "write its value under name",
    "legacy_rule_id": "write it into description, or under name if you call the rule by it",
    "query_smarts": "remove it: the reactant of smirks, left of >>, says where a rule applies",
}


def _unknown_key(error: Violation, key: str, hint: str | None, layers: Layers) -> UserError:
    return UserError(
        f"unknown key '{key}'",
        where=layers.place(*error.absolute_path, key),
        value=key,
        allowed=error.schema["properties"],
        fix=_ELSEWHERE.get(key) or hint or "remove it; the shipped configs/ show what can be set",
    )


def _missing(error: Violation, layers: Layers) -> UserError:
    lacking = _missing_keys(error)
    return UserError(
        f"{layers.key(_keys(error)) or 'the configuration'} lacks {' and '.join(lacking)}",
        where=layers.place(*error.absolute_path),
        value=list(error.instance),
        allowed=f"{', '.join(error.validator_value)} must be there",
        fix="; ".join(f"add {key}" for key in _described(error, lacking)),
    )


def _one_of(error: Violation, layers: Layers) -> UserError:
    keys, choices = _keys(error), _missing_keys(error)
    given = [key for key in choices if key in error.instance]
    if given:
        what = f"{layers.key(keys)} has both {' and '.join(given)}"
        where = " and ".join(str(layers.place(*keys, key)) for key in given)
        fix = "remove one; layered files merge entries of the same name, so a new library needs a name of its own"
    else:
        what = f"{layers.key(keys)} has neither {' nor '.join(choices)}"
        where = str(layers.place(*keys))
        fix = " or ".join(f"add {key}" for key in _described(error, choices))
    return UserError(what, where=where, value=error.instance, allowed=f"exactly one of {', '.join(choices)}", fix=fix)


def _dependent(error: Violation, layers: Layers) -> UserError:
    needs, entry = error.validator_value, error.instance
    lacking = {key: [need for need in needs[key] if need not in entry] for key in needs if key in entry}
    given = [key for key, missing in lacking.items() if missing]
    needed = " and ".join(sorted({need for missing in lacking.values() for need in missing}))
    return UserError(
        f"{layers.key(_keys(error))} has {' and '.join(given)} but no {needed}",
        where=layers.place(*error.absolute_path, given[0]),
        value=entry,
        allowed=f"{', '.join(key for key in needs if needs[key] == needs[given[0]])} together with {needed} only",
        fix=f"remove {' and '.join(given)}, or add {needed}",
    )


def _bad_key(error: Violation, layers: Layers) -> UserError:
    key, above = error.instance, layers.key(_keys(error))
    unknown = error.validator == "enum"
    return UserError(
        f"{above} has an unknown key '{key}'" if unknown else f"'{key}' cannot be a name in {above}",
        where=layers.place(*error.absolute_path, key),
        value=key,
        allowed=error.validator_value if unknown else error.schema["title"],
        fix=(did_you_mean(key, error.validator_value) if unknown else None) or "rename or remove it",
    )


def _bad_value(error: Violation, layers: Layers) -> UserError:
    keys, keyword, value = _keys(error), str(error.validator), error.instance
    is_type = keyword == "type"
    wrong = ("is empty" if value is None else "is of the wrong type") if is_type else _WRONG.get(keyword)
    if keyword == "minItems" and value:
        wrong = "has too few entries"
    return UserError(
        f"{layers.key(keys) or 'the file'} {wrong or 'is out of range'}",
        where=layers.place(*keys),
        value=value,
        allowed=_allowed(error),
        fix=(_fix_type(error, layers) if is_type else _fix_value(error))
        or f"give an allowed value. {error.schema.get('description', '')}".rstrip(),
    )


_OF_MAPPINGS: dict[str, Callable[[Violation, Layers], UserError]] = {
    "required": _missing,
    "oneOf": _one_of,
    "dependentRequired": _dependent,
}


def _allowed(error: Violation) -> object:
    schema, keyword = error.schema, str(error.validator)
    if keyword == "uniqueItems" or (keyword in _ALLOWED and error.validator_value == 1):
        return _ALLOWED[keyword]
    if keyword == "maxLength":
        return f"at most {error.validator_value:,} characters"
    if "title" in schema and "$schema" not in schema:  # the title of a whole schema is its file's name
        return schema["title"]
    if "enum" in schema:
        return schema["enum"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_TYPES[kind] + (_bounds(schema) if kind in ("integer", "number") else "") for kind in kinds)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}"
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" of at least {low}" if low is not None else ""


def _fix_value(error: Violation) -> str | None:
    value = error.instance
    if error.validator == "uniqueItems":
        return "remove what is repeated"
    if error.validator == "enum" and isinstance(value, str):
        in_list = error.absolute_path[0] == "select"
        return f"write a list: [{value}]" if in_list else did_you_mean(value, error.validator_value)
    return None


def _matches(schema: Mapping[str, Any], text: str) -> bool:
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None


def _fix_type(error: Violation, layers: Layers) -> str | None:
    value, wanted = error.instance, error.validator_value
    written = layers.text(_keys(error)) or str(value)
    if value is None:
        return "give a value, or remove the key"
    if "array" in wanted and not isinstance(value, dict) and error.schema.get("minItems", 1) <= 1:
        return f"write a list: [{written}]"
    if "string" in wanted and not isinstance(value, dict | list) and _matches(error.schema, written):
        return f'YAML reads {written} as {_kind(value)}; put it in quotes: "{written}"'
    if "integer" in wanted and str(value).replace("_", "").isdigit():
        return f"remove the quotes: {value}"
    return None
