"""A stand-in for AWS Batch: it takes job definitions and jobs, and runs each as a process in an empty folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from s3.pods import Pods, serve


class Batch:
    """Answers what the executor plugin asks.

    Args:
        folder: where the jobs' folders are made.
        runs: whether jobs run; else every one is reported as failed.
        environment: of every job, like that of its image.

    Attributes:
        definitions: {name: what it was registered with}.
        jobs: {name: what it was submitted with}.
    """

    def __init__(self, folder: Path, *, runs: bool, environment: dict[str, str]) -> None:
        self.folder, self.runs = folder, runs
        self.pods = Pods(folder, environment)
        self.definitions: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.server = serve(self._answer)

    @property
    def variables(self) -> dict[str, str]:
        """What tells a program of this service."""
        return {"AWS_ENDPOINT_URL_BATCH": f"http://127.0.0.1:{self.server.server_port}"}

    def stop(self) -> None:
        self.pods.stop()
        self.server.shutdown()

    def registerjobdefinition(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["jobDefinitionName"]
        self.definitions[name] = asked
        return {"jobDefinitionName": name, "jobDefinitionArn": f"arn:aws:batch:definition/{name}:1", "revision": 1}

    def submitjob(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["jobName"]
        self.jobs[name] = asked
        container = self.definitions[asked["jobDefinition"].removesuffix(":1")]["containerProperties"]
        if self.runs:
            variables = {entry["name"]: entry["value"] for entry in container["environment"]}
            self.pods.start(name, container["command"], variables)
        return {"jobName": name, "jobId": name}

    def describejobs(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"jobs": [self._status(name) for name in asked["jobs"]]}

    def terminatejob(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    def deregisterjobdefinition(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _status(self, name: str) -> dict[str, Any]:
        code = self.pods.code(name) if self.runs else 1
        status = "RUNNING" if code is None else "FAILED" if code else "SUCCEEDED"
        container = {} if code is None else {"exitCode": code}
        return {**self.jobs[name], "jobId": name, "status": status, "startedAt": 0, "container": container}

    def _answer(self, _: str, path: str, body: dict[str, Any]) -> object:
        return getattr(self, path.removeprefix("/v1/"))(body)
