"""Dataclasses as JSON and back: the form in which a task's parameters reach the process that runs it.

Reading checks every value against the type of its field: nested dataclasses, tuples, mappings, paths, optional values.
Fields with their default value are left out. Infinite numbers are written as ``Infinity``, which Python's JSON reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from halogenator.errors import UserError

Object = TypeVar("Object")

_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}


def to_json(value: object) -> str:
    """Return a dataclass, or a value that a field of one may have, as JSON.

    Examples:
        >>> from halogenator.model import Transform
        >>> to_json(Transform("OMe", "[c:1][OX2H:2]>>[c:1][O:2]C", max_sites=2))
        '{"name":"OMe","smirks":"[c:1][OX2H:2]>>[c:1][O:2]C","max_sites":2}'
    """
    return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)


def from_json(kind: type[Object], text: str) -> Object:
    """Return the object of class ``kind`` in a text of ``to_json``.

    Raises:
        UserError: the text is no JSON, or no such object; the message names the field.

    Examples:
        >>> from halogenator.model import Window
        >>> from_json(Window, '{"high":500}')
        Window(low=-inf, high=500.0)
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise UserError(f"this is not JSON: {error}", value=text, allowed=f"the fields of {kind.__name__}") from None
    found: Object = _restored(kind, values, kind.__name__)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        given = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: _plain(item) for field, item in given if item != _default(field)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _restored(kind: Any, value: Any, place: str) -> Any:
    """Return the value of type ``kind`` that parsed JSON stands for; ``place`` names it in messages."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _restored_object(kind, value, place)
    if origin in (Union, UnionType):
        return _restored_choice(inner, value, place)
    if origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) == len(value):
            pairs = enumerate(zip(kinds, value, strict=True))
            return tuple(_restored(one, item, f"{place}[{i}]") for i, (one, item) in pairs)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        return {name: _restored(inner[1], item, f"{place}.{name}") for name, item in value.items()}
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    what = "a list" if origin is tuple else _KINDS.get(kind, "an object")
    raise UserError(f"{place} is of the wrong kind", value=json.dumps(value), allowed=what)


def _restored_object(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise UserError(f"{place} is of the wrong kind", value=json.dumps(value), allowed="an object")
    kinds = get_type_hints(kind)
    named = {field.name: field for field in fields(kind)}
    if unknown := [name for name in value if name not in named]:
        raise UserError(f"{place} has no field {unknown[0]!r}", value=unknown[0], allowed=list(named))
    if missing := [name for name, field in named.items() if name not in value and _default(field) is MISSING]:
        raise UserError(f"{place} lacks the field {missing[0]!r}", value=json.dumps(value), allowed=list(named))
    return kind(**{name: _restored(kinds[name], item, f"{place}.{name}") for name, item in value.items()})


def _restored_choice(kinds: tuple[Any, ...], value: Any, place: str) -> Any:
    for kind in kinds[:-1]:
        try:
            return _restored(kind, value, place)
        except UserError:
            continue
    return _restored(kinds[-1], value, place)
