"""YAML files read so that every key's file and line can be named, and duplicate keys are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from halogenator.config.problems import raise_all
from halogenator.errors import UserError

Keys = tuple[Any, ...]
COMMAND_LINE = "command line (--config)"
DEFAULT = "default, set in no file"

# What a YAML file may hold, so that reading it stays quick and small. A configuration of a thousand libraries has some
# 10,000 nodes; an alias counts as all that it stands for, or ten lines would make a billion ("billion laughs").
MAX_BYTES = 10_000_000
MAX_NODES = 100_000
MAX_DEPTH = 50
MAX_SCALAR = 100_000  # characters of one value

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ABSENT = object()


@dataclass(frozen=True)
class Place:
    """Where a value was written: ``configs/my.yaml, line 7: libraries.my-library.class``."""

    source: str
    line: int | None
    key: str

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        key = f": {self.key}" if self.key else ""
        return f"{self.source}{line}{key}"


@dataclass(frozen=True)
class Document:
    """A YAML file: its data, and the nodes that know the lines."""

    path: Path
    data: Any
    root: yaml.Node | None
    _entries: dict[int, dict[tuple[type, Any], tuple[yaml.Node, yaml.Node]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def line(self, keys: Keys) -> int | None:
        """Return the line, from 1, of a key or list entry; None if the file does not have it."""
        found = self._find(keys)
        return found[0].start_mark.line + 1 if found else None

    def text(self, keys: Keys) -> str | None:
        """Return a plain value as it is written in the file, such as ``no`` where YAML reads False."""
        found = self._find(keys)
        return str(found[1].value) if found and isinstance(found[1], yaml.ScalarNode) else None

    def key_text(self, keys: Keys) -> str | None:
        """Return the last key as it is written in the file."""
        found = self._find(keys)
        return str(found[0].value) if found and isinstance(found[0], yaml.ScalarNode) else None

    def _find(self, keys: Keys) -> tuple[yaml.Node, yaml.Node] | None:
        """Return the nodes of a key (of a list entry: the entry) and of its value."""
        if self.root is None:
            return None
        found = (self.root, self.root)
        for key in keys:
            step = self._step(found[1], key)
            if step is None:
                return None
            found = step
        return found

    def _step(self, node: yaml.Node, key: Any) -> tuple[yaml.Node, yaml.Node] | None:
        if isinstance(node, yaml.SequenceNode):
            in_range = isinstance(key, int) and 0 <= key < len(node.value)
            return (node.value[key], node.value[key]) if in_range else None
        if not isinstance(node, yaml.MappingNode):
            return None
        if id(node) not in self._entries:
            self._entries[id(node)] = {
                (type(name), name): (key_node, value_node)  # True == 1, yet they are two keys to a reader
                for key_node, value_node in node.value
                if isinstance(key_node, yaml.ScalarNode)
                for name in [_construct(key_node)]
            }
        return self._entries[id(node)].get((type(key), key))


class Layers:
    """YAML files, the later over the earlier ones, and the data that they and the command line give together.

    Args:
        documents: the files, lowest layer first.
        data: what holds in the end.
    """

    def __init__(self, documents: Sequence[Document], data: Any) -> None:
        self.documents = tuple(documents)
        self.data = data

    def place(self, keys: Keys) -> Place:
        """Return where the value that holds was written: the last file that has it, else command line or default."""
        if not keys and self.documents:
            return Place(display(self.documents[-1].path), None, "")
        value = dig(self.data, keys)
        for document in reversed(self.documents):
            line = document.line(keys)
            if line is not None and _gives(dig(document.data, keys), value):
                return Place(display(document.path), line, self.key(keys))
        return Place(DEFAULT if value is _ABSENT else COMMAND_LINE, None, self.key(keys))

    def text(self, keys: Keys) -> str | None:
        """Return a plain value as written in the last file that has it."""
        return next(filter(None, (document.text(keys) for document in reversed(self.documents))), None)

    def key_text(self, keys: Keys) -> str | None:
        """Return the last key as written in the last file that has it."""
        return next(filter(None, (document.key_text(keys) for document in reversed(self.documents))), None)

    def order(self, keys: Keys) -> tuple[int, int]:
        """Return a sort key: the order in which a reader of the files comes across ``keys``."""
        place = self.place(keys)
        files = [display(document.path) for document in self.documents]
        return (files.index(place.source) if place.source in files else len(files), place.line or 0)

    def key(self, keys: Keys) -> str:
        """Return ``keys`` as ``transforms[FG_X].examples[entry 2]``: list entries by name or by number from 1."""
        text = ""
        for depth, key in enumerate(keys, 1):
            if isinstance(dig(self.data, keys[: depth - 1]), list):
                entry = dig(self.data, keys[:depth])
                name = entry.get("name") if isinstance(entry, Mapping) else None
                text += f"[{name}]" if isinstance(name, str) else f"[entry {key + 1}]"
            else:
                written = key if isinstance(key, str) else self.key_text(keys[:depth]) or str(key)
                text += f".{written}" if text else written
        return text


def read_yaml(path: Path) -> Document:
    """Read a YAML file, refusing what YAML would swallow: a key given twice.

    Raises:
        UserError: the file cannot be read, is not valid YAML, or gives a key twice.
    """
    text = _read_text(path)
    try:
        _check_size(text, path)
    except yaml.YAMLError as error:
        raise _syntax_error(error, path, text) from error
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document(path, None, None)
        problems: list[UserError] = []
        _find_duplicates(root, path, (), problems)
        raise_all(problems)
        # Also merges `<<:` into the nodes, the mapping's own keys last, which _step relies on.
        data = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _syntax_error(error, path, text) from error
    except (ValueError, OverflowError, AttributeError, KeyError, IndexError, TypeError) as error:
        # PyYAML's constructors of dates, numbers and tagged values let these through, with no mark.
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        what = f"{display(path)} holds a value that YAML cannot read: {reason}"
        raise UserError(what, where=display(path), fix="put the value in quotes if it is text") from error
    finally:
        loader.dispose()
    return Document(path, data, root)


def _check_size(text: str, path: Path) -> None:
    """Go through a file's events, which builds nothing, and refuse what would be too large or too deep to build.

    Raises:
        UserError: it is.
        yaml.YAMLError: the file is not valid YAML.
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


def display(path: Path) -> str:
    """Return a path as short as it is unambiguous: relative if below the current directory, else absolute."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def dig(data: Any, keys: Keys) -> Any:
    """Return the value below ``keys``, or a value that equals nothing else if there is none."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return data


def _gives(written: Any, value: Any) -> bool:
    """Tell whether a file's value can be the one that holds: mappings merge, all else replaces."""
    return isinstance(written, Mapping) or written == value


def _construct(key_node: yaml.ScalarNode) -> Any:
    return SafeConstructor().construct_object(key_node)


def _find_duplicates(node: yaml.Node, path: Path, above: tuple[yaml.Node, ...], problems: list[UserError]) -> None:
    if any(node is ancestor for ancestor in above):
        raise UserError("an alias refers to what contains it", where=f"{display(path)}, line {_line(node)}")
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _find_duplicates(item, path, (*above, node), problems)
    if isinstance(node, yaml.MappingNode):
        lines: dict[Any, int] = {}
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                key = _construct(key_node)
                if key in lines:
                    problems.append(_duplicate(path, key_node, lines[key]))
                lines.setdefault(key, _line(key_node))
            _find_duplicates(value_node, path, (*above, node), problems)


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
        fix=(
            "indent with spaces, not tabs"
            if written is not None and "\t" in written
            else "check quotes, brackets, colons and indentation on this line and the one above"
        ),
    )
