"""Libraries from, and results into, an S3-compatible store: whole runs against one on this machine."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from helpers.planned import wait_until
from helpers.runs import REPOSITORY, command, named_parents, rules, snakemake, tasks
from helpers.store import Store
from helpers.stored import BUCKET, configure, same_tables

PROFILE = ["--profile", REPOSITORY / "profiles" / "s3", "--cores", 2]
OBJECTS = 5  # that a task stores at most, log and benchmark included


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = Store()
    for bucket in ("inputs", BUCKET):
        store.client.create_bucket(Bucket=bucket)
    yield store
    store.stop()


def prepare(store: Store, local: Path, folder: Path) -> Path:
    """A folder with the same configuration, but its library in the store."""
    folder.mkdir(exist_ok=True)
    for path in local.glob("*.*"):
        if path.is_file():
            shutil.copy2(path, folder)
    store.client.upload_file(str(folder / "mine.parquet"), "inputs", f"{folder.name}/mine.parquet")
    (folder / "mine.parquet").unlink()
    configure(folder, f"s3://inputs/{folder.name}/mine.parquet")
    return folder


def flags(prefix: str) -> list[object]:
    return [*PROFILE, "--default-storage-prefix", f"s3://{BUCKET}/{prefix}"]


def run(store: Store, folder: Path, prefix: str, *more: object) -> str:
    return snakemake(folder, *flags(prefix), *more, env=store.environment)


@pytest.fixture(scope="module")
def finished(store: Store, local: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with all in the store, below the prefix ``whole``."""
    folder = prepare(store, local, tmp_path_factory.mktemp("whole"))
    run(store, folder, "whole")
    return folder


def test_results_in_the_store_are_those_of_a_local_run(store: Store, local: Path, finished: Path) -> None:
    assert same_tables(store, "whole", local) == 12
    assert {"whole/results/summary.tsv", "whole/results/catalog.duckdb", "whole/results/report.html"} <= set(
        store.objects(BUCKET, "whole/")
    )
    rejects = store.read(BUCKET, "whole/results/rejects/libraries/library=mine/rejects.parquet")
    source = f"s3://inputs/{finished.name}/mine.parquet"
    assert pq.read_table(io.BytesIO(rejects)).column("source").to_pylist() == [source, source]


def test_a_finished_run_has_nothing_to_do(store: Store, finished: Path) -> None:
    store.asked.clear()
    assert "Nothing to be done" in run(store, finished, "whole")
    assert store.asked[BUCKET] <= 3


def test_a_start_lists_the_results_and_asks_for_none_of_them(store: Store, local: Path, tmp_path: Path) -> None:
    """Not the more, the more chunk tasks there are."""
    folder = prepare(store, local, tmp_path / "many")
    counts = []
    for products in (20, 4):
        settings = yaml.safe_load((folder / "config.yaml").read_text())
        settings["chunk"]["products"] = products
        (folder / "config.yaml").write_text(yaml.safe_dump(settings))
        store.asked.clear()
        planned = rules(run(store, folder, "many", "-n"))
        counts.append((planned["transform_chunk"], store.asked[BUCKET]))
    (few, asked), (many, again) = counts
    assert few < many and asked == again <= 3


def test_another_folder_finds_the_results(store: Store, finished: Path, tmp_path: Path) -> None:
    """With no copy here, what is lost is made again from what is in the store, and only that; so is an export."""
    for path in finished.glob("*.*"):
        if path.is_file():
            shutil.copy2(path, tmp_path)
    assert "Nothing to be done" in run(store, tmp_path, "whole")
    before = {key: store.read(BUCKET, key) for key in store.objects(BUCKET, "whole/results/products/")}
    store.client.delete_object(Bucket=BUCKET, Key="whole/results/catalog.duckdb")
    settings = yaml.safe_load((tmp_path / "config.yaml").read_text())
    settings["exports"] = {"mine": {"library": "mine", "columns": ["smiles"], "format": "csv"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    expected = ["Cataloguing all results", "Exporting mine as csv", "Reporting all results"]
    assert tasks(run(store, tmp_path, "whole")) == expected
    assert {key: store.read(BUCKET, key) for key in before} == before
    tables = [pq.read_table(io.BytesIO(store.read(BUCKET, key))) for key in before if "/library=mine/" in key]
    exported = (tmp_path / "results/exports/mine/mine.csv").read_text().splitlines()[1:]
    assert sorted(exported) == sorted(pa.concat_tables(tables).column("smiles").to_pylist())


def test_documented_readers_read_the_tree_in_place(
    store: Store, finished: Path, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", store.environment)
    for name, value in store.environment.items():
        os.putenv(name, value)
    text = (REPOSITORY / "docs" / "how-to" / "object-storage.md").read_text()
    snippets = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(snippets) == 3
    expected = sum(pq.read_metadata(path).num_rows for path in (local / "results" / "products").rglob("*.parquet"))
    for snippet in snippets:
        known: dict[str, object] = {}
        exec(snippet.replace("my-bucket/my-project", f"{BUCKET}/whole"), known)
        assert known["rows"] == expected > 0, snippet


def start(store: Store, folder: Path, prefix: str) -> subprocess.Popen[str]:
    words, settings = command(folder, *flags(prefix))
    settings["env"] = store.environment
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, stdout=quiet, stderr=quiet, start_new_session=True, **settings)


def kill_when_held(store: Store, process: subprocess.Popen[str]) -> None:
    """End a run and its tasks at once, as the machine's end would, as soon as the store holds up an upload of it."""
    wait_until(store.held.is_set, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_runs_are_resumed(store: Store, local: Path, tmp_path: Path) -> None:
    """Twice in the middle of an upload, once between two; then plain. Only what two tasks store may be stored again."""
    folder, prefix = prepare(store, local, tmp_path / "killed"), "killed"

    def stored() -> list[str]:
        return [name for name in store.stored if name.startswith(f"{BUCKET}/{prefix}/")]

    kills = []
    for wanted in (r"libraries/library=mine/molecules\.parquet$", r"products/library=\S+/products\.parquet$"):
        with store.holding(lambda name, wanted=wanted: bool(re.search(wanted, name))):
            kill_when_held(store, start(store, folder, prefix))
            kills.append(len(stored()))
        assert not [key for key in store.objects(BUCKET, f"{prefix}/") if re.search(wanted, key)]
    count = len(store.stored)
    with store.holding(lambda name: len(store.stored) > count + 3, share=0):
        kill_when_held(store, start(store, folder, prefix))
    kills.append(len(stored()))
    run(store, folder, prefix)
    for kill in kills:
        before, after = stored()[:kill], stored()[kill:]
        assert set(before) & set(after) <= set(before[-2 * OBJECTS :])
    assert same_tables(store, prefix, local) == 12  # and nothing is left of the chunks
    assert "Nothing to be done" in run(store, folder, prefix)


def test_a_half_uploaded_object_is_none(store: Store, local: Path, tmp_path: Path) -> None:
    """Parts of an upload that nobody has completed are there; the store shows no object, and the run makes it."""
    folder, prefix = prepare(store, local, tmp_path / "parts"), "parts"
    key = f"{prefix}/results/libraries/library=mine/molecules.parquet"
    upload = store.client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    whole = (local / "results/libraries/library=mine/molecules.parquet").read_bytes()
    part = whole[: len(whole) // 2]
    store.client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=part)
    assert key not in store.objects(BUCKET)
    run(store, folder, prefix)
    assert same_tables(store, prefix, local) == 12


def test_what_is_made_from_a_replaced_input_is_made_again(store: Store, local: Path, tmp_path: Path) -> None:
    folder, prefix = prepare(store, local, tmp_path / "replaced"), "replaced"
    run(store, folder, prefix)
    time.sleep(1.1)  # a store dates objects to the second
    buffer = io.BytesIO()
    names, smiles = zip(*named_parents("polyphenol")[:9], strict=True)
    pq.write_table(pa.table({"id": names, "smiles": smiles}), buffer)
    store.client.put_object(Bucket="inputs", Key="replaced/mine.parquet", Body=buffer.getvalue())
    again = tasks(run(store, folder, prefix, "-n"))
    assert "Merging library mine" in again and "Merging library other-1X" not in again


def test_planning_reads_a_footer_and_a_few_rows(store: Store, local: Path, tmp_path: Path) -> None:
    folder = prepare(store, local, tmp_path / "large")
    names, smiles = zip(*named_parents("polyphenol")[:10], strict=True)
    padding = [os.urandom(4_000_000) for _ in names]
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": names, "smiles": smiles, "padding": padding}), buffer)
    store.client.put_object(Bucket="inputs", Key="large/mine.parquet", Body=buffer.getvalue())
    store.sent.clear()
    assert "Merging library mine" in tasks(run(store, folder, "large", "-n"))
    assert 0 < store.sent["inputs/large/mine.parquet"] < 2_000_000 < len(buffer.getvalue())


def test_a_store_that_is_away_for_a_moment_is_asked_again(store: Store, local: Path, tmp_path: Path) -> None:
    """It refuses more often than botocore asks by itself; then connections break in the middle of answers."""
    folder = prepare(store, local, tmp_path / "broken")
    store.refusals, store.breaks = 7, 2
    assert "Merging library mine" in tasks(run(store, folder, "broken", "-n"))
    assert (store.refusals, store.breaks) == (0, 0)


def test_an_input_that_is_not_there_is_named(store: Store, local: Path, tmp_path: Path) -> None:
    folder = prepare(store, local, tmp_path / "absent")
    store.client.delete_object(Bucket="inputs", Key="absent/mine.parquet")
    printed = snakemake(folder, *flags("absent"), "-n", env=store.environment, fails=True)
    assert "the store has no such molecule file" in printed and "s3://inputs/absent/mine.parquet" in printed
