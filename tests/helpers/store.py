"""A store on this machine: moto's S3 server, with a gate in front that counts, and holds up what it is told to."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from helpers.samples import SAFETY_NET


class Store:
    """The server.

    Attributes:
        stored: names of the objects whose upload was answered, in order.
        asked: {name of a bucket: requests about it and what is in it}.
        sent: {name: bytes sent of it}.
        breaks: in the middle of how many of the next answers to break off the connection.
        refusals: how many of the next questions about input files to refuse, as a store does that is being restarted.
    """

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._holds: Callable[[str], bool] = lambda name: False
        self._share = 0.5
        self.breaks = self.refusals = 0
        self.held, self.let_go = threading.Event(), threading.Event()
        self.stored: list[str] = []
        self.asked: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.client = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **self._keys("aws_{}"))

    @staticmethod
    def _keys(form: str) -> dict[str, str]:
        return {form.format(name): "test" for name in ("access_key_id", "secret_access_key")}

    @property
    def environment(self) -> dict[str, str]:
        """What tells a program of this store, and of no other."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        keys = {name.upper(): value for name, value in self._keys("aws_{}").items()}
        there = {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull}
        return others | keys | there

    def stop(self) -> None:
        self.let_go.set()
        self._server.shutdown()

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]:
        """{key: bytes} of what is in a bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}

    def read(self, bucket: str, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=bucket, Key=key)["Body"].read())

    @contextmanager
    def holding(self, which: Callable[[str], bool], share: float = 0.5) -> Iterator[None]:
        """Take a share of each upload of such names, then say nothing, so that whoever uploads waits until killed."""
        self.held.clear()
        self.let_go.clear()
        self._holds, self._share = which, share
        try:
            yield
        finally:
            self._holds = lambda name: False
            self.let_go.set()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name, method = environ["PATH_INFO"].lstrip("/"), environ["REQUEST_METHOD"]
        self.asked[name.partition("/")[0]] += 1
        if method == "PUT" and self._holds(name):
            environ["wsgi.input"].read(int(int(environ.get("CONTENT_LENGTH") or 0) * self._share))
            self.held.set()
            self.let_go.wait(SAFETY_NET)
            start("400 Bad Request", [("Content-Length", "0")])
            return []
        if self.refusals and name.startswith("inputs/"):
            self.refusals -= 1
            start("503 Service Unavailable", [("Content-Length", "0")])
            return []
        answer = list(self._moto(environ, start))
        if method == "PUT":
            self.stored.append(name)
        if method == "GET" and self.breaks and sum(map(len, answer)) > 1000:
            self.breaks -= 1
            answer = [b"".join(answer)[:500]]
        if method == "GET":
            self.sent[name] += sum(map(len, answer))
        return answer
