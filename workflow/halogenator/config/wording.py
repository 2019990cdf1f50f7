"""Words each violation of a schema for a chemist: what, where, found, allowed, fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from halogenator.config.locate import Keys, Layers
from halogenator.errors import UserError, did_you_mean

_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "null": "null",
}
_SCALARS = {bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}
_MOST = 50  # unknown keys of one mapping that are listed
_EMPTY = {
    "minItems": "at least one entry",
    "minProperties": "at least one entry",
    "minLength": "text that is not empty",
}


@dataclass(frozen=True)
class Violation:
    """A schema's keyword that a value breaks; jsonschema's ValidationError with the types it has in our schemas.

    Attributes:
        keyword: such as "type" or "required".
        expected: what the schema gives with the keyword.
        value: the value that breaks it.
        schema: the part of the schema that the keyword stands in.
        keys: where the value is.
        of_key: whether the value is itself a key (of the mapping at ``keys``).
    """

    keyword: str
    expected: Any
    value: Any
    schema: Mapping[str, Any]
    keys: Keys
    of_key: bool

    def unknown_keys(self) -> dict[str, str | None]:
        """Return the keys that an ``additionalProperties`` refuses, each with the nearest known key."""
        if self.keyword != "additionalProperties":
            return {}
        known = self.schema.get("properties", {})
        unknown = islice((key for key in self.value if key not in known), _MOST)
        return {key: did_you_mean(key, known) for key in unknown}

    def missing_keys(self) -> list[str]:
        """Return the keys any of which would mend a failed ``required``, or ``oneOf`` of ``required``."""
        if self.keyword == "oneOf":
            return [key for branch in self.expected for key in branch["required"]]
        if self.keyword == "required":
            return [key for key in self.expected if key not in self.value]
        return []


def odd_key(keys: Keys, layers: Layers) -> UserError:
    """Return the problem with a key that YAML does not read as text."""
    written = layers.key_text(keys) or str(keys[-1])
    return UserError(
        f"the key {written} is not text: YAML reads it as {_kind(keys[-1])}",
        where=layers.place(keys),
        value=keys[-1],
        allowed="text",
        fix=f'put it in quotes: "{written}"',
    )


def word(violation: Violation, layers: Layers) -> Iterator[tuple[Keys, UserError]]:
    """Yield the problems that a violation amounts to, each with the keys where it is."""
    keys = violation.keys
    match violation.keyword:
        case "additionalProperties":
            for key, hint in violation.unknown_keys().items():
                yield (*keys, key), _unknown_key(violation, key, hint, layers)
        case "required":
            yield keys, _missing(violation, layers)
        case "oneOf":
            yield keys, _one_of(violation, layers)
        case "dependentRequired":
            yield keys, _dependent(violation, layers)
        case _ if violation.of_key:
            yield (*keys, violation.value), _bad_key(violation, layers)
        case _:
            yield keys, _bad_value(violation, layers)


def _unknown_key(violation: Violation, key: str, hint: str | None, layers: Layers) -> UserError:
    return UserError(
        f"unknown key '{key}'",
        where=layers.place((*violation.keys, key)),
        value=key,
        allowed=violation.schema["properties"],
        fix=hint or "remove it; the shipped configs/ show what can be set",
    )


def _missing(violation: Violation, layers: Layers) -> UserError:
    lacking = violation.missing_keys()
    return UserError(
        f"{layers.key(violation.keys) or 'the configuration'} lacks {' and '.join(lacking)}",
        where=layers.place(violation.keys),
        value=list(violation.value),
        allowed=f"{', '.join(violation.expected)} must be there",
        fix="; ".join(f"add {key} ({_description(violation, key)})" for key in lacking),
    )


def _one_of(violation: Violation, layers: Layers) -> UserError:
    keys, choices = violation.keys, violation.missing_keys()
    given = [key for key in choices if key in violation.value]
    if given:
        what = f"{layers.key(keys)} has both {' and '.join(given)}"
        where = " and ".join(str(layers.place((*keys, key))) for key in given)
        fix = "remove one; layered files merge entries of the same name, so a new library needs a name of its own"
    else:
        what = f"{layers.key(keys)} has neither {' nor '.join(choices)}"
        where = str(layers.place(keys))
        fix = " or ".join(f"add {key} ({_description(violation, key)})" for key in choices)
    return UserError(what, where=where, value=violation.value, allowed=f"exactly one of {', '.join(choices)}", fix=fix)


def _dependent(violation: Violation, layers: Layers) -> UserError:
    given = [key for key in violation.expected if key in violation.value]
    needed = " and ".join(sorted({key for name in given for key in violation.expected[name]}))
    return UserError(
        f"{layers.key(violation.keys)} has {' and '.join(given)} but no {needed}",
        where=layers.place((*violation.keys, given[0])),
        value=violation.value,
        allowed=f"{', '.join(violation.expected)} together with {needed} only",
        fix=f"remove {' and '.join(given)}, or add {needed}",
    )


def _bad_key(violation: Violation, layers: Layers) -> UserError:
    key, above = violation.value, layers.key(violation.keys)
    unknown = violation.keyword == "enum"
    return UserError(
        f"{above} has an unknown key '{key}'" if unknown else f"'{key}' cannot be a name in {above}",
        where=layers.place((*violation.keys, key)),
        value=key,
        allowed=violation.expected if unknown else violation.schema["title"],
        fix=(did_you_mean(key, violation.expected) if unknown else None) or "rename or remove it",
    )


def _bad_value(violation: Violation, layers: Layers) -> UserError:
    name = layers.key(violation.keys) or "the file"
    phrases = {
        "type": "is empty" if violation.value is None else "is of the wrong type",
        "enum": "is none of the allowed values",
        "pattern": "is not allowed",
        "maxLength": "is too long",
        "uniqueItems": "lists something twice",
        **dict.fromkeys(_EMPTY, "is empty"),
    }
    return UserError(
        f"{name} {phrases.get(violation.keyword, 'is out of range')}",
        where=layers.place(violation.keys),
        value=violation.value,
        allowed=_allowed(violation),
        fix=_fix(violation, layers),
    )


def _allowed(violation: Violation) -> object:
    schema = violation.schema
    if violation.keyword in _EMPTY:
        return _EMPTY[violation.keyword]
    if violation.keyword == "uniqueItems":
        return "each entry once"
    if violation.keyword == "maxLength":
        return f"at most {violation.expected:,} characters"
    if "title" in schema and "$schema" not in schema:  # the title of a whole schema is its file's name
        return schema["title"]
    if "enum" in schema:
        return schema["enum"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_TYPES[kind] + (_bounds(schema) if kind == "integer" else "") for kind in kinds)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" of at least {low}" if low is not None else ""


def _fix(violation: Violation, layers: Layers) -> str:
    value, wrong_type = violation.value, violation.keyword == "type"
    written = layers.text(violation.keys) or str(value)
    if violation.keyword == "uniqueItems":
        return "remove what is repeated"
    if violation.keyword == "enum" and isinstance(value, str):
        if violation.keys[0] == "select":
            return f"write a list: [{value}]"
        hint = did_you_mean(value, violation.expected)
        if hint:
            return hint
    if wrong_type and value is None:
        return "give a value, or remove the key"
    if wrong_type and "array" in violation.expected and not isinstance(value, dict):
        return f"write a list: [{written}]"
    if wrong_type and "string" in violation.expected and not isinstance(value, (dict, list)):
        return f'YAML reads {written} as {_kind(value)}; put it in quotes: "{written}"'
    if wrong_type and "integer" in violation.expected and str(value).replace("_", "").isdigit():
        return f"remove the quotes: {value}"
    return f"give an allowed value. {violation.schema.get('description', '')}".rstrip()


def _description(violation: Violation, key: str) -> str:
    return str(violation.schema["properties"][key]["description"]).rstrip(".")


def _kind(value: Any) -> str:
    return _SCALARS.get(type(value), f"a {type(value).__name__}")
