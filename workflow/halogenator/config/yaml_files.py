"""YAML files, read within limits and with the line of each key; a file that gives a key twice is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from halogenator.errors import UserError, raise_all

Keys = tuple[Any, ...]

# Limits of a YAML file. A configuration of a thousand libraries has about 10,000 nodes. An alias counts as all nodes
# that it stands for, since ten lines of aliases can stand for a billion nodes ("billion laughs").
MAX_BYTES = 10_000_000
MAX_NODES = 100_000
MAX_DEPTH = 50
MAX_SCALAR = 100_000  # characters of one value

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"  # the key <<, which adds the keys of another mapping


@dataclass(frozen=True)
class Document:
    """A YAML file.

    Attributes:
        path: where it is.
        data: its content.
        nodes: {typed keys: (node of the last key, node of the value)}. For a list entry both are the entry's node.
    """

    path: Path
    data: Any
    nodes: Mapping[Keys, tuple[yaml.Node, yaml.Node]]

    def line(self, keys: Keys) -> int | None:
        """Return the line, from 1, of a key or list entry; None if the file has none."""
        found = self.nodes.get(_typed(keys))
        return _line(found[0]) if found else None

    def text(self, keys: Keys, *, of_key: bool = False) -> str | None:
        """Return a plain value, or the last of ``keys``, as it is written: ``no`` where YAML reads False."""
        key, value = self.nodes.get(_typed(keys), (None, None))
        node = key if of_key else value
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def read_yaml(path: Path) -> Document:
    """Return a YAML file.

    Raises:
        UserError: the file cannot be read, is not valid YAML, gives a key twice, or is larger than the limits.
    """
    text = _read_text(path)
    loader = _Loader(text)
    try:
        _check_size(text, path)
        root = loader.get_single_node()
        if root is None:
            return Document(path, None, {})
        index = _Index(path)
        index.add(root, (), ())
        raise_all(index.problems)
        return Document(path, loader.construct_document(root), index.nodes)
    except yaml.YAMLError as error:
        raise _syntax_error(error, path, text) from error
    except (ValueError, OverflowError, AttributeError, KeyError, IndexError, TypeError) as error:
        # PyYAML's constructors of dates, numbers and tagged values raise these, without the place in the file.
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        what = f"{display(path)} holds a value that YAML cannot read: {reason}"
        raise UserError(what, where=display(path), fix="put the value in quotes if it is text") from error
    finally:
        loader.dispose()


def display(path: Path) -> str:
    """Return a path relative to the current directory if it is below that, else absolute."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def _typed(keys: Keys) -> Keys:
    """Return keys with their types, since Python takes True and 1 for the same key."""
    return tuple((type(key), key) for key in keys)


def _check_size(text: str, path: Path) -> None:
    """Check the limits of a file by its events, before any node is built.

    Raises:
        UserError: it is too large or too deep.
        yaml.YAMLError: it is not valid YAML.
    """
    anchors: dict[str | None, int] = {}
    opened: list[tuple[str | None, int]] = []  # (anchor, nodes before it) of each collection around
    nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            nodes += anchors.get(event.anchor, 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                anchors[anchor] = nodes - before
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, nodes - 1))
            elif event.anchor:
                anchors[event.anchor] = 1
        long = isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_SCALAR
        if long or nodes > MAX_NODES or len(opened) > MAX_DEPTH:
            limit = (
                f"{MAX_SCALAR:,} characters in a value"
                if long
                else f"{MAX_NODES:,} values, aliases counted in full"
                if nodes > MAX_NODES
                else f"{MAX_DEPTH} levels"
            )
            raise UserError(
                f"{display(path)} holds more than a configuration may",
                where=f"{display(path)}, line {event.start_mark.line + 1 if event.start_mark else '?'}",
                allowed=f"at most {limit}",
                fix="shorten it; molecules belong into files of their own",
            )


class _Index:
    """The nodes of a file by the typed keys that lead to them, and a problem for each key that is given twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes: dict[Keys, tuple[yaml.Node, yaml.Node]] = {}
        self.problems: list[UserError] = []

    def add(self, node: yaml.Node, keys: Keys, above: tuple[yaml.Node, ...]) -> None:
        """Add a node and all below it; ``above`` are the nodes that contain it."""
        if any(node is ancestor for ancestor in above):
            raise UserError("an alias refers to what contains it", where=f"{display(self.path)}, line {_line(node)}")
        self.nodes.setdefault(keys, (node, node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.add(item, (*keys, (int, number)), (*above, node))
        elif isinstance(node, yaml.MappingNode):
            self._add_mapping(node, keys, (*above, node))

    def _add_mapping(self, node: yaml.MappingNode, keys: Keys, above: tuple[yaml.Node, ...]) -> None:
        given: dict[Any, yaml.Node] = {}
        # Keys of merged mappings come first, so that the mapping's own keys replace them.
        for key_node, value_node in sorted(node.value, key=lambda pair: pair[0].tag != _MERGE):
            if key_node.tag == _MERGE:
                merged = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for each in reversed(merged):
                    self.add(each, keys, above)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.add(value_node, (*keys, (yaml.Node, id(key_node))), above)
                continue
            key = SafeConstructor().construct_object(key_node)
            if key in given:
                self.problems.append(_duplicate(self.path, key_node, _line(given[key])))
            given.setdefault(key, key_node)
            place = (*keys, (type(key), key))
            self.add(value_node, place, above)
            self.nodes[place] = (key_node, value_node)


def _duplicate(path: Path, key_node: yaml.Node, first: int) -> UserError:
    return UserError(
        f"the key '{key_node.value}' is given twice",
        where=f"{display(path)}, lines {first} and {_line(key_node)}",
        value=key_node.value,
        allowed="each key once",
        fix="remove or rename one of the two; YAML would silently drop the first",
    )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UserError(
                f"{display(path)} is too large for a configuration",
                where=display(path),
                allowed=f"at most {MAX_BYTES:,} bytes",
                fix="is it the right file? molecules belong into files of their own",
            )
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{display(path)} is not UTF-8 text",
            where=f"{display(path)}, line {line}",
            value=error.object[error.start : error.start + 1],
            fix="save the file in the encoding UTF-8",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{display(path)} cannot be read: {reason}", where=display(path)) from error


def _syntax_error(error: yaml.YAMLError, path: Path, text: str) -> UserError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    where, written = display(path), None
    if mark is not None:
        lines = text.splitlines() or [""]
        number = min(int(mark.line), len(lines) - 1)  # an unclosed bracket is noticed behind the last line
        where, written = f"{where}, line {number + 1}", lines[number]
    return UserError(
        f"{display(path)} is not valid YAML: {reason}" + (f" ({context})" if context else ""),
        where=where,
        value=written,
        fix=_mend(written or "", str(reason)),
    )


def _mend(line: str, reason: str) -> str:
    """Return how to mend a line that YAML cannot read."""
    if "\t" in line:
        return "indent with spaces, not tabs"
    if "escape" in reason:
        return "write single quotes: in double quotes YAML takes a backslash, as in F/C=C\\F, for a sign of its own"
    if ">>" in line:
        return "put the SMIRKS in single quotes; else check brackets, colons and indentation here and one line above"
    return "check quotes, brackets, colons and indentation on this line and the one above"
