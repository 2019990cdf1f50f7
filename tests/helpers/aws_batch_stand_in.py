"""A stand-in for AWS Batch: it takes job definitions and jobs, and runs each as a process in an empty folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.stand_in import Service


class Batch(Service):
    """The service.

    Attributes:
        definitions: {name: what it was registered with}.
        jobs: {name: what it was submitted with}.
    """

    def __init__(self, folder: Path, *, runs: bool, environment: dict[str, str]) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        super().__init__(folder, runs=runs, environment=environment)

    @property
    def variables(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL_BATCH": self.url}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> object:
        return getattr(self, path.removeprefix("/v1/"))(body)

    def registerjobdefinition(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["jobDefinitionName"]
        self.definitions[name] = asked
        return {"jobDefinitionName": name, "jobDefinitionArn": f"arn:aws:batch:definition/{name}:1", "revision": 1}

    def submitjob(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["jobName"]
        self.jobs[name] = asked
        container = self.definitions[asked["jobDefinition"].removesuffix(":1")]["containerProperties"]
        variables = {entry["name"]: entry["value"] for entry in container["environment"]}
        self.start(name, container["command"], variables)
        return {"jobName": name, "jobId": name}

    def describejobs(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"jobs": [self._status(name) for name in asked["jobs"]]}

    def terminatejob(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    def deregisterjobdefinition(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _status(self, name: str) -> dict[str, Any]:
        code = self.code(name)
        status = "RUNNING" if code is None else "FAILED" if code else "SUCCEEDED"
        container = {} if code is None else {"exitCode": code}
        return {**self.jobs[name], "jobId": name, "status": status, "startedAt": 0, "container": container}
