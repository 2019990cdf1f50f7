"""The lines of a text file, decoded, in bounded memory."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Sequence
from typing import IO

from halogenator.inputs.encodings import extends_ascii, find_encoding, not_in_encoding
from halogenator.inputs.rows import MAX_LINE, Undecoded

END = object()
PEEK_CHARACTERS = 2_000_000

# From so many lines, and bytes, the encoding is guessed, from the first line on that is not ASCII.
_AHEAD_LINES = 2_000
_AHEAD_BYTES = 500_000


class Lines:
    """The lines of a text stream, without line ends. A line longer than ``MAX_LINE`` characters is None.

    Args:
        stream: the bytes of the text.
        encoding: of the text; None: it is found from the first lines that are not ASCII.
        where: the file, for messages.

    Attributes:
        encoding: the encoding; None while all lines were ASCII.
    """

    def __init__(self, stream: IO[bytes], encoding: str | None = None, where: object = None) -> None:
        # Universal newlines: CR LF and the lone CR of old Mac exports end a line too.
        wide = encoding if encoding is not None and not extends_ascii(encoding) else None
        # At first each byte is a character, so that a byte that is none in the encoding costs a line, not the file.
        self._text = io.TextIOWrapper(stream, encoding=wide or "latin-1", newline=None)
        self._wide = wide is not None
        self._stated = encoding is not None
        self._where = where
        self._raw: deque[str | None] = deque()  # lines that were read ahead, each byte a character
        self._back: deque[str | None] = deque()
        self._number = 0
        self.encoding = encoding

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str | None:
        if self._back:
            return self._back.popleft()
        line = self._raw.popleft() if self._raw else self._read()
        self._number += 1
        if self._number == 1 and line is not None:
            line = line.removeprefix("\ufeff" if self._wide else "\xef\xbb\xbf")
        if line is None or self._wide or line.isascii():
            return line
        return self._decoded(line)

    def put_back(self, lines: Sequence[str | None]) -> None:
        """Have ``lines`` come next, in their order."""
        self._back.extendleft(reversed(lines))

    def peek(self, most: int) -> list[str | None]:
        """Return up to ``most`` of the next lines, about ``PEEK_CHARACTERS`` at most, without taking them away."""
        taken: list[str | None] = []
        room = PEEK_CHARACTERS
        while len(taken) < most and room > 0 and (line := next(self, END)) is not END:
            assert line is None or isinstance(line, str)
            taken.append(line)
            room -= len(line or "")
        self.put_back(taken)
        return taken

    @classmethod
    def of(cls, lines: Sequence[str | None]) -> Lines:
        """Return lines that were read already as an object of this class."""
        found = cls(io.BytesIO())
        found.put_back(lines)
        return found

    def _read(self) -> str | None:
        try:
            line = self._text.readline(MAX_LINE + 1)
            if not line:
                raise StopIteration
            if line[-1] == "\n":
                return line[:-1]
            if len(line) <= MAX_LINE:
                return line
            while line and line[-1] != "\n":
                line = self._text.readline(MAX_LINE)
        except UnicodeError as error:
            raise not_in_encoding(str(self.encoding), f"{self._where}, line {self._number + 1}", str(error)) from error
        return None

    def _decoded(self, line: str) -> str:
        data = line.encode("latin-1")
        if self.encoding is None:
            self.encoding = self._guess(data)
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError:
            text = data.decode(self.encoding, "backslashreplace")
            if self._stated:
                where = f"{self._where}, line {self._number}"
                raise not_in_encoding(self.encoding, where, text) from None
            return Undecoded(text)

    def _guess(self, data: bytes) -> str:
        """Return the encoding of the text, guessed from its first line that is not ASCII and the lines after it."""
        sample, size = [data], len(data)
        while len(self._raw) < _AHEAD_LINES and size < _AHEAD_BYTES:
            try:
                line = self._read()
            except StopIteration:
                break
            self._raw.append(line)
            size += len(line or "")
            if line and not line.isascii():
                sample.append(line.encode("latin-1"))
        return find_encoding(sample, f"{self._where}, line {self._number}")
