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


class Pods:
    """Containers, each a process in a folder of its own.

    Args:
        folder: where their folders and logs are made.
        environment: of every container, like that of its image.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], variables: dict[str, str]) -> None:
        workdir = tempfile.mkdtemp(dir=self.folder)
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=workdir, env={**self.environment, **variables}, stdout=log, stderr=log
            )

    def code(self, name: str) -> int | None:
        """The exit status of a container; None while it runs."""
        return self._processes[name].poll()

    def stop(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()


def serve(answer: Callable[[str, str, Any], object]) -> ThreadingHTTPServer:
    """Return a server of JSON on this machine; ``answer`` is given method, path and body of each request."""

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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


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
