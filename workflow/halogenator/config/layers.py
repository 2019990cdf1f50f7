"""The YAML files of a configuration, layered over one another, and the file and line of each value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from halogenator.config.yaml_files import Document, Keys, display
from halogenator.errors import UserError

COMMAND_LINE = "command line (--config)"
OTHER_WORKFLOW = "configuration of the module"
DEFAULT = "default, set in no file"

_ABSENT = object()


class Layers:
    """YAML files in layers, and the data that they and the command line give together.

    Args:
        documents: the files, lowest layer first.
        data: the merged data.
        settings: the merged data with the defaults of the schema, once the data is known to be valid.
        outside: where data is from that no file has, in words.
    """

    def __init__(
        self, documents: Sequence[Document], data: Any, settings: Any = None, outside: str = COMMAND_LINE
    ) -> None:
        self.documents = tuple(documents)
        self.data = data
        self.settings = settings
        self.outside = outside

    def place(self, *keys: Any) -> str:
        """Return where a value was written: ``configs/my.yaml, line 7: libraries.my-library.class``."""
        if not keys and self.documents:
            return display(self.documents[-1].path)
        written = self._written(keys)
        if written:
            return f"{display(self.documents[written[0]].path)}, line {written[1]}: {self.key(keys)}"
        source = DEFAULT if dig(self.data, keys) is _ABSENT else self.outside
        return f"{source}: {self.key(keys)}" if keys else source

    def order(self, keys: Keys) -> tuple[int, int]:
        """Return a sort key that puts values in the order of the files and their lines."""
        last = len(self.documents) - 1
        return (self._written(keys) or (last + 1, 0)) if keys else (last, 0)

    def _written(self, keys: Keys) -> tuple[int, int] | None:
        """Return the index of the last file that has the merged value, and the line in it; None if no file has it."""
        value = dig(self.data, keys)
        for number in reversed(range(len(self.documents))):
            document = self.documents[number]
            line, written = document.line(keys), dig(document.data, keys)
            # Mappings of several files merge, so each file may hold a part. Any other value replaces that below.
            if line is not None and (isinstance(written, Mapping) or written == value):
                return number, line
        return None

    def text(self, keys: Keys, *, of_key: bool = False) -> str | None:
        """Return a plain value, or the last of ``keys``, as it is written in the last file that has it."""
        found = (document.text(keys, of_key=of_key) for document in reversed(self.documents))
        return next(filter(None, found), None)

    def key(self, keys: Keys) -> str:
        """Return ``keys`` as ``transforms[FG_X].examples[entry 2]``: list entries by name or by number from 1."""
        text = ""
        for depth, key in enumerate(keys, 1):
            if isinstance(dig(self.data, keys[: depth - 1]), list):
                entry = dig(self.data, keys[:depth])
                name = entry.get("name") if isinstance(entry, Mapping) else None
                text += f"[{name}]" if isinstance(name, str) else f"[entry {key + 1}]"
            else:
                written = key if isinstance(key, str) else self.text(keys[:depth], of_key=True) or str(key)
                text += f".{written}" if text else written
        return text


def dig(data: Any, keys: Keys) -> Any:
    """Return the value that ``keys`` lead to, or ``_ABSENT``, which equals nothing else."""
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return data


def merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``high`` layered over ``low`` as Snakemake does it: mappings merge at every depth, all else is replaced.

    Examples:
        >>> merge({"memory": {"cap_mb": 9000}, "chunk": {"products": 5}}, {"memory": {"cap_mb": 2000}})
        {'memory': {'cap_mb': 2000}, 'chunk': {'products': 5}}
    """
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        merged[key] = merge(below if isinstance(below, Mapping) else {}, value) if isinstance(value, Mapping) else value
    return merged


def same_name_problems(named: Iterable[tuple[str, str]]) -> list[UserError]:
    """Return a problem for each name that an earlier entry has too, whatever the case of its letters.

    Args:
        named: the name of each entry, and where it is written.
    """
    problems: list[UserError] = []
    first: dict[str, tuple[str, str]] = {}
    for entry in named:
        name, place = entry
        earlier, there = found = first.setdefault(name.casefold(), entry)
        if found is not entry:
            twice = f"the name '{name}' is given twice"
            problems.append(
                UserError(
                    twice if earlier == name else f"the names '{earlier}' and '{name}' differ in case only",
                    where=f"{there} and {place}",
                    value=name,
                    allowed="names that differ, also on file systems that ignore case",
                    fix="rename one of the two, or remove it",
                )
            )
    return problems
