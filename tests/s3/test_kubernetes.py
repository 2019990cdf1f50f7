"""Jobs on Kubernetes, as far as that shows without a cluster: what its API is asked for, and that this works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from s3.cluster import Cluster, pod_environment
from s3.store import Store
from workflow.flow import COOME, REPOSITORY, snakemake

IMAGE = "registry.example.org/halogenator:1.0"
SETTINGS = {
    "libraries": {"lipids": {"class": "lipid", "path": "s3://inputs/lipids.csv"}},
    "select": {"libraries": ["lipids"], "transforms": [COOME]},
}
CSV = "smiles,name\nCCCCCC(=O)O,hexanoic acid\nOC(=O)CCCC(=O)O,glutaric acid\n"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = Store()
    store.client.create_bucket(Bucket="inputs")
    store.client.put_object(Bucket="inputs", Key="lipids.csv", Body=CSV.encode())
    yield store
    store.stop()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The workflow in a repository of its own, with a configuration: pods get what git knows of."""
    folder = tmp_path / "checkout"
    listed = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, text=True)
    for name in listed.splitlines():
        if not name.startswith(("tests/", "docs/", "benchmarks/")) and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    (folder / "config.yaml").write_text(yaml.safe_dump(SETTINGS))
    subprocess.run("git init -q . && git add -A", shell=True, check=True, cwd=folder)
    return folder


def run(store: Store, checkout: Path, cluster: Cluster, *, fails: bool) -> str:
    environment = {name: value for name, value in store.environment.items() if not name.startswith("AWS_")}
    environment |= {
        "KUBECONFIG": str(cluster.config),
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": store.url,
        "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test",
        "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test",
    }
    words = [sys.executable, "-m", "snakemake", "--profile", "profiles/kubernetes", "--configfile", "config.yaml"]
    words += ["--default-storage-prefix", "s3://results/kube", "--container-image", IMAGE]
    words += ["--seconds-between-status-checks", "1", "--retries", "0", "--jobs", "2"]
    done = subprocess.run(
        words, cwd=checkout, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    logs = "".join(path.read_text()[-1500:] for path in sorted(cluster.folder.glob("*.log"))[-1:])
    assert (done.returncode != 0) == fails, done.stdout[-4000:] + logs
    return done.stdout


def test_pods_carry_memory_processors_and_image(store: Store, checkout: Path, tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, runs=False, environment={})
    run(store, checkout, cluster, fails=True)
    cluster.stop()
    (job,) = cluster.jobs.values()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["resources"]["requests"] == {"cpu": "950m", "memory": "1100M", "ephemeral-storage": "20000M"}
    assert not container["resources"].get("limits")
    assert "--target-jobs 'read_library:library=lipids'" in container["args"][1]
    (secret,) = cluster.secrets.values()
    assert secret["snakemake_storage_s3_endpoint_url"] == store.url
    assert {entry["name"] for entry in container["env"]} >= {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY"}


def test_what_pods_would_start_makes_the_results(store: Store, checkout: Path, tmp_path: Path) -> None:
    """Each pod as a process in an empty folder, with nothing from here but the store's address and keys."""
    environment = pod_environment(Path(sys.executable))
    shim = tmp_path / "shim" / "pip"  # the plugin has every pod install its storage plugin, which is there already
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nexit 0\n")
    shim.chmod(0o755)
    environment["PATH"] = f"{shim.parent}:{environment['PATH']}"
    cluster = Cluster(tmp_path, runs=True, environment=environment)
    run(store, checkout, cluster, fails=False)
    cluster.stop()
    assert len(cluster.jobs) == 5
    tree = f"products/library=lipids/transform={COOME}/products.parquet"
    made = tmp_path / "products.parquet"
    made.write_bytes(store.read("results", f"kube/results/{tree}"))
    local = tmp_path / "local"
    local.mkdir()
    (local / "lipids.csv").write_text(CSV)
    settings = {**SETTINGS, "libraries": {"lipids": {"class": "lipid", "path": "lipids.csv"}}}
    (local / "config.yaml").write_text(yaml.safe_dump(settings))
    snakemake(local, "--cores", 2, f"results/{tree}")
    assert pq.read_table(made).equals(pq.read_table(local / "results" / tree, partitioning=None))
    assert not [key for key in store.objects("results") if "/work/" in key]


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
            words = [str(environment / "bin" / "python"), "-m", *shlex.split(rest)]
            done = subprocess.run(words, cwd=image, text=True, capture_output=True, timeout=400)
            assert done.returncode == 0, done.stderr[-3000:]
            ran += 1
    assert ran == 2
    found = dict(instructions())
    assert found["USER"].strip() == "halogenator"
    entry = re.findall(r'"([^"]+)"', found["ENTRYPOINT"])
    words = [environment / "bin" / entry[0], "--snakefile", image / Path(entry[2]).name, "-n", "--directory", tmp_path]
    plan = subprocess.run(list(map(str, words)), text=True, capture_output=True, cwd=tmp_path, timeout=120)
    assert plan.returncode == 0 and "merge_products" in plan.stdout + plan.stderr, plan.stderr[-3000:]
