"""Texts without what is private: folders of a machine, its name, who sits at it, and keys."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import yaml

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_KEY(_ID)?$", re.IGNORECASE)  # names of variables
_SHORTEST = 8  # letters of a secret: a shorter value of such a variable is a word of other texts
_KEYS = re.compile(r"(?im)^(?P<key>[\w .#-]*(?:token|secret|password|access[_-]?key|credential)[\w-]*\s*[:=]\s*)\S.*$")
_USER_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
# A value of a YAML file that is an absolute path. What has brackets or an arrow is a SMARTS or a SMIRKS.
_PATH = re.compile(r"(/|~|file:|[A-Za-z]:\\|\\\\)[^\[\]>\n]+")


class Private:
    """The private words of this process.

    Args:
        folders: folders of the run, whose paths are private.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._folders = [folder.resolve() for folder in folders]

    @cached_property
    def _words(self) -> dict[str, str]:
        """{private text: what stands for it}, the longest first."""
        places = dict.fromkeys([Path.cwd(), *self._folders], ".")
        with suppress(RuntimeError):
            places[Path.home()] = "~"
        found = {str(place): other for place, other in places.items() if len(place.parts) > 1}
        secrets = [value for name, value in os.environ.items() if _SECRET.search(name) and len(value) >= _SHORTEST]
        found |= dict.fromkeys(secrets, "…")
        return dict(sorted(found.items(), key=lambda item: -len(item[0])))

    @cached_property
    def _names(self) -> re.Pattern[str]:
        """The user where a path or an address has it, and the machine; by itself if its name is no plain word."""
        host = re.escape(socket.gethostname())
        parts = [rf"(?<=[/\\@]){host}(?![\w-])"]
        parts += [rf"(?<![\w-]){host}(?![\w-])"] if re.search(r"[\d.-]", socket.gethostname()) else []
        with suppress(OSError, KeyError, ImportError):
            user = re.escape(getpass.getuser())
            parts.append(rf"(?<=[/\\]){user}(?=[/\\])|(?<![\w.-]){user}(?=@)")
        return re.compile("|".join(parts))

    def without(self, text: str) -> str:
        """Return a text without paths of the folders and values of secret variables; all else stays as it is."""
        for word, other in self._words.items():
            text = text.replace(word, other)
        return text

    def of_others(self, text: str) -> str:
        """Return a YAML text of people without private words; absolute paths become the names of their files."""
        for start, end, value in reversed(list(_scalars(text))):
            if _PATH.fullmatch(value):
                name = re.split(r"[/\\]", value.rstrip("/\\"))[-1].replace("'", "''")
                text = f"{text[:start]}'{name}'{text[end:]}"
        text = self.without(text)
        for pattern, other in ((_USER_IN_ADDRESS, ""), (_KEYS, r"\g<key>…"), (self._names, "…")):
            text = pattern.sub(other, text)
        return text


def _scalars(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each scalar of a YAML text begins and ends, and its value; as far as the text is YAML."""
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text):
            if isinstance(token, yaml.ScalarToken):
                yield token.start_mark.index, token.end_mark.index, token.value
