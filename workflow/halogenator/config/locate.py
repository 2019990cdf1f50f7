"""YAML files read so that every key's file and line can be named, and duplicate keys are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from halogenator.config.problems import raise_all
from halogenator.errors import UserError

Keys = tuple[Any, ...]
COMMAND_LINE = "command line (--config)"
DEFAULT = "default, set in no file"

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
            step = _step(found[1], key)
            if step is None:
                return None
            found = step
        return found


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
    except ValueError as error:
        # PyYAML's constructors of dates and numbers let this through, with no mark.
        raise UserError(f"{display(path)} holds a value that YAML cannot read: {error}", where=display(path)) from error
    finally:
        loader.dispose()
    return Document(path, data, root)


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


def _step(node: yaml.Node, key: Any) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode):
        in_range = isinstance(key, int) and 0 <= key < len(node.value)
        return (node.value[key], node.value[key]) if in_range else None
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in reversed(node.value):
            if _same_key(_construct(key_node), key):
                return key_node, value_node
    return None


def _same_key(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)  # True == 1, yet they are two keys to a reader


def _construct(key_node: yaml.Node) -> Any:
    return SafeConstructor().construct_object(key_node) if isinstance(key_node, yaml.ScalarNode) else _ABSENT


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
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{display(path)} is not UTF-8 text",
            where=f"{display(path)}, line {line}",
            value=error.object[error.start : error.start + 1],
            fix="save the file in the encoding UTF-8",
        ) from error
    except OSError as error:
        raise UserError(f"{display(path)} cannot be read: {error.strerror}", where=display(path)) from error


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
