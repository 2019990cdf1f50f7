"""What stand-ins for clusters share: an API on this machine, and containers that are processes in empty folders."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Service:
    """Answers what an executor plugin asks, and runs containers, each as a process in a folder of its own.

    Args:
        folder: where their folders and logs are made.
        runs: whether containers run; else every one is reported as failed.
        environment: of every container, like that of its image.

    Attributes:
        url: where it answers, until it is stopped.
    """

    def __init__(self, folder: Path, *, runs: bool, environment: dict[str, str]) -> None:
        self.folder, self.runs, self.environment = folder, runs, environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.answer))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def variables(self) -> dict[str, str]:
        """What tells a program of this service."""
        raise NotImplementedError

    def answer(self, method: str, path: str, body: dict[str, Any]) -> object:
        """The JSON value that answers a request."""
        raise NotImplementedError

    def start(self, name: str, command: list[str], variables: dict[str, str]) -> None:
        if not self.runs:
            return
        workdir = tempfile.mkdtemp(dir=self.folder)
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=workdir, env={**self.environment, **variables}, stdout=log, stderr=log
            )

    def code(self, name: str) -> int | None:
        """The exit status of a container; None while it runs."""
        return self._processes[name].poll() if self.runs else 1

    def stop(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
        self._server.shutdown()


def _handler(answer: Callable[[str, str, Any], object]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            data = json.dumps(answer(self.command, self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.reply()

        def do_POST(self) -> None:
            self.reply()

        def do_DELETE(self) -> None:
            self.reply()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def image_environment(python: Path, shims: Path) -> dict[str, str]:
    """The variables of an image in which that Python is the first on the path; nothing of this process's but those.

    Executor plugins have every container install its storage plugin, which is there already: ``pip`` does nothing.
    """
    shims.mkdir()
    pip = shims / "pip"
    pip.write_text("#!/bin/sh\nexit 0\n")
    pip.chmod(0o755)
    return {
        "PATH": f"{shims}:{python.parent}:/usr/bin:/bin",
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
