"""Jobs on AWS Batch, as far as that shows without it: what its API is asked for, and that this works."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from helpers.aws_batch_stand_in import Batch
from helpers.containers import IMAGE, TASKS, assert_made_as_here, rule_of, run
from helpers.stand_in import image_environment
from helpers.store import Store

QUEUE, ROLE = "arn:aws:batch:us-east-1:123456789012:job-queue/queue", "arn:aws:iam::123456789012:role/jobs"
FLAGS = ("--aws-batch-region", "us-east-1", "--aws-batch-job-queue", QUEUE, "--aws-batch-job-role", ROLE)


def needs(container: dict[str, Any]) -> dict[str, str]:
    """{kind: how much} that a container is given."""
    return {entry["type"]: entry["value"] for entry in container["resourceRequirements"]}


def test_jobs_carry_memory_processors_image_queue_and_role(lipids: Store, checkout: Path, tmp_path: Path) -> None:
    batch = Batch(tmp_path, runs=False, environment={})
    run("aws-batch", batch, checkout, lipids.environment, *FLAGS, fails=True)
    batch.stop()
    (definition,), (job,) = batch.definitions.values(), batch.jobs.values()
    container = definition["containerProperties"]
    assert needs(container) == {"VCPU": "1", "MEMORY": "2048"}
    assert container["image"] == IMAGE
    assert container["jobRoleArn"] == ROLE
    assert "--target-jobs 'read_library:library=lipids'" in container["command"][2]
    assert definition["timeout"] == {"attemptDurationSeconds": 14400}
    assert job["jobQueue"] == QUEUE


def test_what_jobs_would_start_makes_the_results(lipids: Store, checkout: Path, tmp_path: Path) -> None:
    """Each job as a process in an empty folder; the store's address and keys are what its role would give it."""
    given = {name: value for name, value in lipids.environment.items() if name.startswith("AWS_")}
    environment = image_environment(Path(sys.executable), tmp_path / "shims") | given
    batch = Batch(tmp_path, runs=True, environment=environment)
    run("aws-batch", batch, checkout, lipids.environment, *FLAGS, fails=False)
    batch.stop()
    containers = [definition["containerProperties"] for definition in batch.definitions.values()]
    assert [rule_of(container["command"][2]) for container in containers] == TASKS
    for container in containers:
        assert container["image"] == IMAGE
        assert container["jobRoleArn"] == ROLE
        assert needs(container) == {"VCPU": "1", "MEMORY": "2048"}
    assert [job["jobQueue"] for job in batch.jobs.values()] == [QUEUE] * len(TASKS)
    assert_made_as_here(lipids, checkout, tmp_path)


def test_no_task_may_declare_more_than_a_job_is_given(lipids: Store, checkout: Path, tmp_path: Path) -> None:
    """The plugin gives each 2,048 MiB, and would not hear of what is declared above that."""
    batch = Batch(tmp_path, runs=False, environment={})
    plan = run("aws-batch", batch, checkout, lipids.environment, *FLAGS, "--forceall", "--dry-run", fails=False)
    batch.stop()
    assert "a node may give one 2,147 MB" in plan
