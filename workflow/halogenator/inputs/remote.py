"""Input files in an S3-compatible store, ``s3://bucket/key``, read there range by range without a copy on disk.

Such a file is a ``Path``, ``s3:/bucket/key``, like a file on disk; ``is_remote`` tells them apart. The environment
variables or files of AWS's own tools (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``) say where the store is and who may
read it. Each process has its own client, since a forked child must not share the connections of its parent.
"""

from __future__ import annotations

import io
import os
import time
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from halogenator.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SCHEME = "s3:/"

_PIECE = 1 << 20  # bytes that a request fetches of a file that is read from its beginning on
_PAUSES = (0.5, 1.0, 2.0)  # seconds before a store that did not answer is asked again


def is_remote(path: Path | str) -> bool:
    """Return whether a path is that of an object in a store."""
    return str(path).startswith(_SCHEME)


def object_path(text: str) -> Path:
    """Return the path of an object from its address.

    Raises:
        UserError: the text is no such address, or a ``Path`` would make it the address of another object.
    """
    parts = text.removeprefix(_SCHEME).removeprefix("/").split("/")
    if len(parts) < 2 or {"", ".", ".."} & set(parts):
        raise UserError(
            "this is not the address of an object that can be read",
            value=text,
            allowed="s3://bucket/key, where no part between slashes is empty, '.' or '..'",
            fix="mend the address, or copy the object to a key without such parts",
        )
    return Path(text)


def address(path: Path | str | None) -> str:
    """Return a path as a user writes it: ``s3://bucket/key`` for an object."""
    text = str(path)
    return f"s3://{text.removeprefix(_SCHEME).lstrip('/')}" if text.startswith(_SCHEME) else text


def open_binary(path: Path, *, ahead: int = _PIECE) -> IO[bytes]:
    """Open a file on disk or in a store for reading. Reading an object fails if it is replaced in the meantime.

    Args:
        path: the file.
        ahead: bytes that a request to a store fetches at least; 0 for readers that jump and have their own buffers.

    Raises:
        OSError: it is missing, or may not be read.
        UserError: the store does not answer.
    """
    if not is_remote(path):
        return path.open("rb")
    stream = _Object(path)
    return io.BufferedReader(stream, ahead) if ahead else cast("IO[bytes]", stream)


def size_of(path: Path) -> int:
    """Return the size of a file on disk or in a store, in bytes."""
    return int(_head(path)["ContentLength"]) if is_remote(path) else path.stat().st_size


def version_of(path: Path) -> str:
    """Return the size and the ETag of an object, which change when other content is uploaded."""
    head = _head(path)
    return f"{head['ContentLength']} {head['ETag']}"


def share_settings(settings: object) -> None:
    """Set the environment variables of AWS's tools from the settings of Snakemake's storage plugin.

    Args:
        settings: those of the plugin; None if it has none.
    """
    names = {
        "endpoint_url": "AWS_ENDPOINT_URL",
        "access_key": "AWS_ACCESS_KEY_ID",
        "secret_key": "AWS_SECRET_ACCESS_KEY",
        "token": "AWS_SESSION_TOKEN",
        "region": "AWS_DEFAULT_REGION",
    }
    for name, variable in names.items():
        value = getattr(settings, name, None)
        if value and (name != "region" or "AWS_DEFAULT_REGION" not in os.environ):
            os.environ[variable] = str(value)


class _Object(io.RawIOBase):
    """The bytes of an object. Each read is a request to the store."""

    def __init__(self, path: Path) -> None:
        self._path = path
        head = _head(path)
        self._size, self._etag = int(head["ContentLength"]), str(head["ETag"])
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(22, "a position before the start of the file", address(self._path))
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        last = self._position + wanted - 1
        data = _ask("get_object", self._path, Range=f"bytes={self._position}-{last}", IfMatch=self._etag)["Body"]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _head(path: Path) -> Mapping[str, Any]:
    return _ask("head_object", path)


def _ask(what: str, path: Path, **how: str) -> Mapping[str, Any]:
    """Return the store's answer to a request; its ``Body``, if it has one, as bytes.

    Args:
        what: the method of boto3's client.
        path: the object.
        how: further arguments of the method.

    Raises:
        OSError: there is no such object, it may not be read, or it was replaced while it was read.
        UserError: the store does not answer, or boto3 is not installed.
    """
    bucket, _, key = str(path).removeprefix(_SCHEME).lstrip("/").partition("/")
    client = _client(os.getpid())
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _answer(getattr(client, what), Bucket=bucket, Key=key, **how)
    except ClientError as error:
        code = _status(error)
        if code == 404:
            raise FileNotFoundError(2, "no such object", address(path)) from error
        if code == 403:
            raise PermissionError(13, "the store does not let you read it", address(path)) from error
        if code == 412:
            raise OSError(5, "it was replaced while it was read", address(path)) from error
        raise OSError(5, str(error), address(path)) from error
    except BotoCoreError as error:
        raise UserError(
            f"the store cannot be asked for an input file: {error}",
            where=address(path),
            fix="is the store up? AWS_ENDPOINT_URL says where it is (if not Amazon's), AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY who may read it",
        ) from error


def _answer(ask: Callable[..., dict[str, Any]], **how: str) -> dict[str, Any]:
    """Return a store's answer with its ``Body`` read. A store that does not answer is asked again after a pause.

    botocore asks again too. That is enough if an answer takes too long. But if the connection is refused, it goes on
    for less than a second, and if the connection breaks within a body, it does not ask again.
    """
    from botocore.exceptions import (
        ClientError,
        ConnectTimeoutError,
        HTTPClientError,
        IncompleteReadError,
        ReadTimeoutError,
    )
    from botocore.exceptions import ConnectionError as NoConnectionError

    for pause in (*_PAUSES, None):
        try:
            answer = ask(**how)
            return answer | {"Body": answer["Body"].read()} if "Body" in answer else answer
        except (ConnectTimeoutError, ReadTimeoutError):
            raise
        except (ClientError, HTTPClientError, IncompleteReadError, NoConnectionError) as error:
            if pause is None or (isinstance(error, ClientError) and _status(error) < 500):
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


def _status(error: Any) -> int:
    """Return the HTTP status of a botocore ``ClientError``."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@cache
def _client(process: int) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise UserError(
            "an input file is in a store, and nothing is installed to read it with",
            where="s3://…",
            fix="make s3 sets up .venv-s3, which has it: source .venv-s3/bin/activate",
        ) from error
    return boto3.client("s3", config=Config(connect_timeout=10, retries={"max_attempts": 5, "mode": "standard"}))
