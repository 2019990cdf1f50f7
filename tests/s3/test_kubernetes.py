"""Jobs on Kubernetes, as far as that shows without a cluster: what its API is asked for, and that this works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from helpers.containers import IMAGE, TASKS, assert_made_as_here, rule_of, run
from helpers.kubernetes_stand_in import Cluster
from helpers.runs import REPOSITORY
from helpers.samples import SAFETY_NET
from helpers.stand_in import image_environment
from helpers.store import Store

# Of each task here: 500 MB of its own, 600 for Snakemake, and the disk that the profile says.
REQUESTS = {"cpu": "950m", "memory": "1100M", "ephemeral-storage": "20000M"}


def container_of(job: dict[str, Any]) -> dict[str, Any]:
    """The only container of a job."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return dict(container)


def environment(store: Store) -> dict[str, str]:
    """The store's address and keys by the names that the plugin hands on to pods."""
    others = {name: value for name, value in store.environment.items() if not name.startswith("AWS_")}
    return others | {
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": store.url,
        "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test",
        "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test",
    }


def test_pods_carry_memory_processors_and_image(lipids: Store, checkout: Path, tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, runs=False, environment={})
    run("kubernetes", cluster, checkout, environment(lipids), fails=True)
    cluster.stop()
    (job,) = cluster.jobs.values()
    container = container_of(job)
    assert container["image"] == IMAGE
    assert container["resources"]["requests"] == REQUESTS
    assert "--target-jobs 'read_library:library=lipids'" in container["args"][1]
    (secret,) = cluster.secrets.values()
    assert secret["snakemake_storage_s3_endpoint_url"] == lipids.url
    assert {entry["name"] for entry in container["env"]} >= {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY"}


def test_what_pods_would_start_makes_the_results(lipids: Store, checkout: Path, tmp_path: Path) -> None:
    """Each pod as a process in an empty folder, with nothing from here but the store's address and keys."""
    cluster = Cluster(tmp_path, runs=True, environment=image_environment(Path(sys.executable), tmp_path / "shims"))
    run("kubernetes", cluster, checkout, environment(lipids), fails=False)
    cluster.stop()
    containers = [container_of(job) for job in cluster.jobs.values()]
    assert [rule_of(container["args"][1]) for container in containers] == TASKS
    for container in containers:
        assert container["image"] == IMAGE
        assert container["resources"]["requests"] == REQUESTS
        assert not container["resources"].get("limits")
    assert_made_as_here(lipids, checkout, tmp_path)


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of each line of the Containerfile, continued lines as one."""
    text = (REPOSITORY / "Containerfile").read_text().replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and line[0] != "#"]  # type: ignore[misc]


def test_build_steps_of_the_containerfile_work(tmp_path: Path) -> None:
    """Its COPY and pip steps, in an environment and a folder of their own; what needs an engine or root is left out."""
    image = tmp_path / "image"
    image.mkdir()
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    ran = 0
    for word, rest in instructions():
        if word == "COPY":
            *sources, target = shlex.split(rest)
            for source in sources:
                place = image / target / (Path(source).name if target.endswith("/") else "")
                place.parent.mkdir(parents=True, exist_ok=True)
                if (REPOSITORY / source).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
                    shutil.copytree(REPOSITORY / source, place, ignore=ignored, dirs_exist_ok=True)
                else:
                    shutil.copy(REPOSITORY / source, place)
        elif word == "RUN" and rest.startswith("pip "):
            words = [word for word in shlex.split(rest) if word != "--no-cache-dir"]
            words = [str(environment / "bin" / "python"), "-m", *words]
            done = subprocess.run(words, cwd=image, text=True, capture_output=True, timeout=SAFETY_NET)
            assert done.returncode == 0, done.stderr[-3000:]
            ran += 1
    assert ran == 2
    found = dict(instructions())
    assert found["USER"].strip() == "1000:1000"
    assert "ENTRYPOINT" not in found
    command = re.findall(r'"([^"]+)"', found["CMD"])
    snakefile = image / Path(command[2]).name
    words = [environment / "bin" / command[0], "--snakefile", snakefile, "-n", "--directory", tmp_path]
    plan = subprocess.run(list(map(str, words)), text=True, capture_output=True, cwd=tmp_path, timeout=SAFETY_NET)
    assert plan.returncode == 0 and "merge_products" in plan.stdout + plan.stderr, plan.stderr[-3000:]
