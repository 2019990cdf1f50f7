"""A stand-in for a Kubernetes cluster: it takes jobs by the API and runs each as a process in an empty folder."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import yaml

from s3.pods import Pods, serve


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
        self.folder, self.runs = folder, runs
        self.pods = Pods(folder, environment)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.server = serve(self._answer)
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

    @property
    def variables(self) -> dict[str, str]:
        """What tells a program of this cluster."""
        return {"KUBECONFIG": str(self.config)}

    def stop(self) -> None:
        self.pods.stop()
        self.server.shutdown()

    def start(self, name: str) -> None:
        """Run a job's container: its command, in a folder of its own, with the variables that it is given."""
        (container,) = self.jobs[name]["spec"]["template"]["spec"]["containers"]
        sources = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container.get("env") or []}
        variables = {key: self.secrets[source["name"]][source["key"]] for key, source in sources.items()}
        self.pods.start(name, [*container["command"], *container["args"]], variables)

    def status(self, name: str) -> dict[str, int]:
        code = self.pods.code(name) if self.runs else 1
        return {"active": 1} if code is None else {"failed": 1} if code else {"succeeded": 1}

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> object:
        found = re.search(r"/jobs/([\w-]+)/status", path)
        if found:
            return {"metadata": {"name": found[1]}, "status": self.status(found[1])}
        if method == "GET":
            return {"kind": "PodList", "apiVersion": "v1", "items": []}
        if method == "DELETE":
            return {"status": "Success"}
        name = body["metadata"]["name"]
        if path.endswith("/secrets"):
            values = {key: base64.b64decode(value).decode() for key, value in (body.get("data") or {}).items()}
            self.secrets[name] = values
            return body
        self.jobs[name] = body
        if self.runs:
            self.start(name)
        return body
