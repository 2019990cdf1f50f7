"""Compressed files as streams of bytes, in bounded memory: gzip, bzip2, xz, zstd and zip."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from halogenator.errors import UserError
from halogenator.inputs.remote import open_binary, size_of

# A file may grow to so many times its size, and to so many bytes in any case. Files of molecules grow 5- to 50-fold;
# gzip allows 1,000-fold, which only files come near that are made to fill a disk.
MAX_GROWTH = 200
FREE_GROWTH = 200_000_000

_XZ_MEMORY = 150_000_000  # bytes that a decompressor may take; xz -9 takes 65 MB
_CHUNK = 1 << 16


class Container(NamedTuple):
    """A way of compressing.

    Attributes:
        ending: of the names of such files.
        name: its name.
        magic: the first bytes of such files.
        program: the command-line program for it.
    """

    ending: str
    name: str
    magic: bytes
    program: str

    def command(self, what: str) -> str:
        """Return the command that prints the content ("look") or tests whether the file is whole ("test")."""
        return f"{self.program} {'-t' if what == 'test' else '-p' if self.name == 'zip' else '-dc'}"


CONTAINERS = (
    Container(".gz", "gzip", b"\x1f\x8b", "gzip"),
    Container(".bz2", "bzip2", b"BZh", "bzip2"),
    Container(".xz", "xz", b"\xfd7zXZ\x00", "xz"),
    Container(".zst", "zstd", b"\x28\xb5\x2f\xfd", "zstd"),
    Container(".zip", "zip", b"PK\x03\x04", "unzip"),
)


class BrokenStreamError(Exception):
    """A compressed file that ends early, is corrupt, or is not compressed at all.

    Attributes:
        foreign: whether nothing of the file is in the format.
    """

    def __init__(self, what: str, *, foreign: bool = False) -> None:
        super().__init__(what)
        self.foreign = foreign


def container_of(path: Path) -> Container | None:
    """Return how a file is compressed, by its ending; None if it is not."""
    suffix = path.suffix.casefold()
    return next((each for each in CONTAINERS if each.ending == suffix), None)


def members(path: Path) -> list[str]:
    """Return the names of the files in a zip archive.

    Raises:
        UserError: it is not a zip archive, or it is broken.
    """
    try:
        with open_binary(path) as stream, zipfile.ZipFile(stream) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise broken(path, BrokenStreamError(f"the zip archive is corrupt ({error})")) from error
    # macOS puts such a file beside each other one.
    return [name for name in names if not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith(".")]


def open_stream(path: Path, member: str | None = None) -> IO[bytes]:
    """Open a file to read its bytes, decompressed if its ending says that it is compressed.

    Reading raises ``BrokenStreamError`` if the file is not whole, and ``UserError`` if it grows too much.

    Args:
        path: the file.
        member: of an archive, the file in it.
    """
    container = container_of(path)
    if container is None:
        return open_binary(path)
    return io.BufferedReader(_Bounded(path, container, open_binary(path), member), _CHUNK)


def start_of(path: Path, limit: int, member: str | None = None) -> tuple[bytes, int, bool]:
    """Return the first bytes of a file, decompressed.

    Args:
        path: the file.
        limit: how many bytes are returned at most.
        member: of an archive, the file in it.

    Returns:
        The bytes; how many bytes of the file on disk they take; whether they are all.

    Raises:
        BrokenStreamError: the file is not whole.
        UserError: it grows too much.
    """
    container = container_of(path)
    with open_binary(path) as stream:
        if container is None:
            data = stream.read(limit + 1)
            return data[:limit], min(len(data), limit), len(data) <= limit
        metered = _Metered(stream)
        raw = _Bounded(path, container, cast("IO[bytes]", metered), member)
        data = io.BufferedReader(raw, _CHUNK).read(limit + 1)
        share = raw.share()
        consumed = metered.count if share is None else max(1, round(share * size_of(path)))
        return data[:limit], consumed, len(data) <= limit


def broken(path: Path, error: BrokenStreamError, row: int | None = None) -> UserError:
    """Return the error of a compressed file that cannot be read to its end.

    Args:
        path: the file.
        error: what is wrong with it.
        row: the last row that was read; None if no rows were being read.
    """
    container = container_of(path)
    assert container is not None
    return UserError(
        str(error),
        where=path if row is None else f"{path}, after row {row:,}",
        allowed=f"a file that passes: {container.command('test')} {path.name}",
        fix=f"take {container.ending} off its name if it is plain text"
        if error.foreign
        else "copy, download or compress it again, or decompress it first",
    )


class _Bounded(io.RawIOBase):
    """The decompressed bytes of a file; an error if they become too many (``MAX_GROWTH``, ``FREE_GROWTH``)."""

    def __init__(self, path: Path, container: Container, compressed: IO[bytes], member: str | None) -> None:
        self._path, self._container, self._compressed = path, container, compressed
        self._left = max(FREE_GROWTH, MAX_GROWTH * size_of(path))
        self._out = 0
        self._size: int | None = None  # of the member of an archive
        self._read = self._opened(member)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        super().close()
        self._compressed.close()

    def share(self) -> float | None:
        """Return which share (0 to 1) of the member of an archive was read; None for other files."""
        return None if self._size is None else min(1.0, self._out / max(1, self._size))

    def readinto(self, buffer: Any) -> int:
        data = self._guarded(lambda: self._read(len(buffer)))
        self._out += len(data)
        if self._out > self._left:
            raise _grown(self._path, self._container)
        buffer[: len(data)] = data
        return len(data)

    def _opened(self, member: str | None) -> Callable[[int], bytes]:
        kind, stream = self._container.name, self._compressed
        if kind == "gzip":
            return gzip.GzipFile(fileobj=stream, mode="rb").read1
        if kind == "bzip2":
            return bz2.BZ2File(stream).read1
        if kind == "xz":
            return _xz(stream)
        if kind == "zstd":
            import pyarrow

            zstd = pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, "r"), "zstd")
            return lambda size: bytes(zstd.read(size))
        opened = self._guarded(lambda: self._member(member))
        return lambda size: bytes(opened.read1(size))

    def _member(self, member: str | None) -> zipfile.ZipExtFile:
        archive = zipfile.ZipFile(self._compressed)
        info = archive.getinfo(member or archive.namelist()[0])
        self._size = info.file_size
        found = archive.open(info)
        assert isinstance(found, zipfile.ZipExtFile)
        return found

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """Return the result of an action on the stream; raise ``BrokenStreamError`` for all that libraries raise."""
        kind = self._container.name
        try:
            return action()
        except EOFError as error:
            raise BrokenStreamError(f"the {kind} stream ends early") from error
        except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError) as error:
            raise BrokenStreamError(f"the {kind} stream is corrupt ({error})", foreign=self._foreign()) from error
        except OSError as error:
            if error.errno is not None:
                raise  # an error of the disk or the store, not of the file's content
            if "runcated" in str(error):
                raise BrokenStreamError(f"the {kind} stream ends early") from error
            if self._foreign():
                what = f"the file is not {kind}-compressed, as its ending says"
                raise BrokenStreamError(what, foreign=True) from error
            raise BrokenStreamError(f"the {kind} stream is corrupt ({error})") from error

    def _foreign(self) -> bool:
        """Return whether nothing of the file is in the format that its ending says."""
        if self._out:
            return False
        with open_binary(self._path) as stream:
            return not stream.read(8).startswith(self._container.magic)


class _Metered(io.RawIOBase):
    """A stream that is read in small pieces, so that ``count`` says how many bytes a decompressor really needed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(512 if size < 0 else min(size, 512))
        self.count += len(piece)
        return piece


def _xz(stream: IO[bytes]) -> Callable[[int], bytes]:
    """Return the ``read`` function of an xz file, which may have several streams, in bounded memory."""
    decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    begun = False

    def read(size: int) -> bytes:
        nonlocal decompressor, begun
        while True:
            if decompressor.eof:
                rest = decompressor.unused_data.lstrip(b"\0") or stream.read(_CHUNK).lstrip(b"\0")
                if not rest:
                    return b""
                decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
                data = decompressor.decompress(rest, size)
            elif decompressor.needs_input:
                piece = stream.read(_CHUNK)
                if not piece:
                    if begun:
                        raise EOFError
                    return b""
                begun = True
                data = decompressor.decompress(piece, size)
            else:
                data = decompressor.decompress(b"", size)
            if data:
                return data

    return read


def _grown(path: Path, container: Container) -> UserError:
    return UserError(
        f"the {container.name} file grows without end: it looks like a decompression bomb",
        where=path,
        value=f"{size_of(path):,} bytes",
        allowed=f"at most {MAX_GROWTH}-fold growth (and {FREE_GROWTH:,} bytes in any case)",
        fix=f"look at it with: {container.command('look')} FILE | head; if it is what you want, decompress it first",
    )
