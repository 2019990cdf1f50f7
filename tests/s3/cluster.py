"""A stand-in for a Kubernetes cluster: it takes jobs by the API and runs each as a process in an empty folder."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml


class Cluster:
    """Answers what the executor plugin asks.

    Args:
        folder: where its kubeconfig and the pods' folders are made.
        runs: whether pods run; else every job is reported as failed.
        environment: of every pod, like that of its image.

    Attributes:
        jobs: {name: specification} of each job it was given.
        secrets: {name: {key: value}}.
    """

    def __init__(self, folder: Path, *, runs: bool, environment: dict[str, str]) -> None:
        self.folder, self.runs, self.environment = folder, runs, environment
        self.jobs: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.pods: dict[str, subprocess.Popen[bytes]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.config = folder / "kubeconfig"
        place = {"server": f"http://127.0.0.1:{self.server.server_port}"}
        self.config.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": place}],
                    "users": [{"name": "u", "user": {}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )

    def stop(self) -> None:
        for pod in self.pods.values():
            if pod.poll() is None:
                pod.kill()
        self.server.shutdown()

    def start(self, name: str) -> None:
        """Run a job's container: its command, in a folder of its own, with the variables that it is given."""
        (container,) = self.jobs[name]["spec"]["template"]["spec"]["containers"]
        variables = dict(self.environment)
        for entry in container.get("env") or []:
            source = entry["valueFrom"]["secretKeyRef"]
            variables[entry["name"]] = self.secrets[source["name"]][source["key"]]
        workdir = tempfile.mkdtemp(dir=self.folder)
        with (self.folder / f"{name}.log").open("wb") as log:
            self.pods[name] = subprocess.Popen(
                [*container["command"], *container["args"]], cwd=workdir, env=variables, stdout=log, stderr=log
            )

    def status(self, name: str) -> dict[str, int]:
        if not self.runs:
            return {"failed": 1}
        code = self.pods[name].poll()
        return {"active": 1} if code is None else {"failed": 1} if code else {"succeeded": 1}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, value: object, code: int = 200) -> None:
                data = json.dumps(value).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def body(self) -> Any:
                return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

            def do_POST(self) -> None:
                body = self.body()
                name = body["metadata"]["name"]
                if self.path.endswith("/secrets"):
                    values = {key: base64.b64decode(value).decode() for key, value in (body.get("data") or {}).items()}
                    cluster.secrets[name] = values
                else:
                    cluster.jobs[name] = body
                    if cluster.runs:
                        cluster.start(name)
                self.answer(body, 201)

            def do_GET(self) -> None:
                found = re.search(r"/jobs/([\w-]+)/status", self.path)
                if found:
                    self.answer({"metadata": {"name": found[1]}, "status": cluster.status(found[1])})
                else:
                    self.answer({"kind": "PodList", "apiVersion": "v1", "items": []})

            def do_DELETE(self) -> None:
                self.body()
                self.answer({"status": "Success"})

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def pod_environment(python: Path) -> dict[str, str]:
    """The variables of an image in which that Python is the first on the path; nothing of this process's but those."""
    return {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
