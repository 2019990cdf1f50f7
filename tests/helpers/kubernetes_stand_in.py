"""A stand-in for a Kubernetes cluster: it takes jobs by the API and runs each as a process in an empty folder."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import yaml

from helpers.stand_in import Service


class Cluster(Service):
    """A cluster, with its kubeconfig in its folder.

    Attributes:
        jobs: {name: specification} of each job it was given.
        secrets: {name: {key: value}}.
    """

    def __init__(self, folder: Path, *, runs: bool, environment: dict[str, str]) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        super().__init__(folder, runs=runs, environment=environment)
        self.config = folder / "kubeconfig"
        self.config.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                    "users": [{"name": "u", "user": {}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )

    @property
    def variables(self) -> dict[str, str]:
        return {"KUBECONFIG": str(self.config)}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> object:
        found = re.search(r"/jobs/([\w-]+)/status", path)
        if found:
            return {"metadata": {"name": found[1]}, "status": self._status(found[1])}
        if method == "GET":
            return {"kind": "PodList", "apiVersion": "v1", "items": []}
        if method == "DELETE":
            return {"status": "Success"}
        name = body["metadata"]["name"]
        if path.endswith("/secrets"):
            values = {key: base64.b64decode(value).decode() for key, value in (body.get("data") or {}).items()}
            self.secrets[name] = values
        else:
            self.jobs[name] = body
            self._run(name)
        return body

    def _run(self, name: str) -> None:
        (container,) = self.jobs[name]["spec"]["template"]["spec"]["containers"]
        sources = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container.get("env") or []}
        variables = {key: self.secrets[source["name"]][source["key"]] for key, source in sources.items()}
        self.start(name, [*container["command"], *container["args"]], variables)

    def _status(self, name: str) -> dict[str, int]:
        code = self.code(name)
        return {"active": 1} if code is None else {"failed": 1} if code else {"succeeded": 1}
