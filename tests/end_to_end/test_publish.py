"""A publication: whole, true to the results, private, and read by the programs that others read such things with."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml

from halogenator.cli import build_parser, main
from halogenator.results import Results
from halogenator.tables.configurations import keep, name_of, read_configuration
from halogenator.tables.set_hash import recorded_hash
from halogenator.tables.statistics import write_statistics
from helpers.finished import Finished
from helpers.runs import COOME, OME, REPOSITORY

AUTHORS = ("--author", "Ada Lovelace 0000-0002-1825-0097", "--author", "Charles Babbage")
PLACE = "https://ror.org/04xf4yw96"
TERMS = ("--license", "CC-BY-4.0", *AUTHORS, "--affiliation", f"Analytical Society ({PLACE})")
VALIDATORS = REPOSITORY / ".venv-publish" / "bin" / "python"
DATA = ("data/products/mine/{}.parquet", "data/molecules/{}.parquet")


@pytest.fixture(scope="module")
def published(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("published") / "deposit"
    assert main(["publish", str(out), "--results", str(finished.folder / "results"), *TERMS]) == 0
    return out


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_tables_are_those_of_the_results_with_names_as_columns(finished: Finished, published: Path) -> None:
    results = Results(finished.folder / "results")
    places = {(library, None): f"data/molecules/{library}.parquet" for library in results.libraries()}
    places |= {job: f"data/products/{'/'.join(job)}.parquet" for job in results.jobs()}
    assert set(places.values()) == {name for name in files_of(published) if name.endswith(".parquet")}
    schemas: dict[bool, set[str]] = {}
    for (library, transform), name in places.items():
        expected = pq.read_table(results.main(library, transform), partitioning=None)
        found = pq.read_table(published / name, partitioning=None)
        assert found.select(expected.schema.names).equals(expected)
        assert found["library"].unique().to_pylist() == [library]
        assert transform is None or found["transform"].unique().to_pylist() == [transform]
        assert all(b"description" in field.metadata for field in found.schema)
        schemas.setdefault(transform is None, set()).add(str(found.schema.remove_metadata()))
    assert all(len(kinds) == 1 for kinds in schemas.values())


def test_the_records_say_what_the_files_are(finished: Finished, published: Path) -> None:
    crate = {
        entity["@id"]: entity for entity in json.loads((published / "ro-crate-metadata.json").read_text())["@graph"]
    }
    card = (published / "README.md").read_text()
    results = Results(finished.folder / "results")
    for name in files_of(published):
        if name.endswith(".parquet"):
            (value,) = [crate[each["@id"]]["value"] for each in [crate[name]["additionalProperty"]]]
            parts = Path(name).with_suffix("").parts[2:]
            assert value == recorded_hash(results.main(*parts))
            assert value in card and crate[name]["contentSize"] == str((published / name).stat().st_size)
    done = subprocess.run(["sha256sum", "--strict", "--check", "checksums.sha256"], cwd=published, check=True)
    assert done.returncode == 0
    listed = {line.split("  ", 1)[1] for line in (published / "checksums.sha256").read_text().splitlines()}
    assert listed == files_of(published) - {"checksums.sha256"}
    assert {"Ada Lovelace", "Charles Babbage"} <= {each.get("name") for each in crate.values()}
    assert crate["https://orcid.org/0000-0002-1825-0097"]["@type"] == "Person"
    assert crate[PLACE] == {"@id": PLACE, "@type": "Organization", "name": "Analytical Society", "url": PLACE}
    people = [each for each in crate.values() if each["@type"] == "Person"]
    assert [each["affiliation"] for each in people] == [crate["./"]["publisher"]] * 2 == [{"@id": PLACE}] * 2


def test_the_hub_reads_configs_whose_patterns_meet_the_files(published: Path) -> None:
    front = yaml.safe_load((published / "README.md").read_text().split("---\n")[1])
    assert front["license"] == "cc-by-4.0" and front["size_categories"] == ["n<1K"]
    assert [config["config_name"] for config in front["configs"] if config.get("default")] == ["products"]
    met = {
        path.relative_to(published).as_posix()
        for config in front["configs"]
        for files in config["data_files"]
        for path in published.glob(files["path"])
    }
    assert met == {name for name in files_of(published) if name.endswith(".parquet")}
    (query,) = [line for line in (published / "README.md").read_text().splitlines() if line.startswith("duckdb.sql")]
    counts = dict(duckdb.sql(query.removeprefix('duckdb.sql("').removesuffix('")').replace("'data", f"'{published}/data")).fetchall())  # fmt: skip # noqa: E501
    assert counts.keys() == {"mine", "other-1X"}


def test_nothing_private_is_published(finished: Finished, tmp_path: Path) -> None:
    """Paths, user, machine, keys: in a configuration as people write it, in the environment, in where it all stands."""
    home = tmp_path / "home" / "adalovelace"
    results = Results(finished.copy(home / "project") / "results")
    secret, token = "wJalrXUtnFEMI/K7MDENG", "hf_ABCDEFGHIJKLMNOP"
    (home / "my.yaml").write_text(
        f"# see {home}/notes, ssh adalovelace@{socket.gethostname()}, api_token: {token}\n"
        f"libraries:\n  mine: {{path: {home}/secret-project/mine.csv}}\n  other: {{path: '/data/adalovelace/x.csv'}}\n"
        "  third: {path: s3://adalovelace@bucket/x.csv}\n"
        f"secret_key: {secret}\nmotif: '[c:1]/C=C/[N:2]'\nother_motif: /C=C/C>>C\n"
    )
    record = read_configuration([home / "my.yaml"], f"--config path={home}/x.csv")
    keep(results, record)
    path = results.stats("mine", OME)
    values = json.loads(path.read_text())
    write_statistics({**{k: v for k, v in values.items() if k != "sha256"}, "configuration": name_of(record)}, path)
    env = {**os.environ, "HOME": str(home), "LOGNAME": "adalovelace", "USER": "adalovelace"}
    env |= {"AWS_SECRET_ACCESS_KEY": secret, "HF_TOKEN": token, "PYTHONPATH": str(REPOSITORY / "workflow")}
    words = [sys.executable, "-m", "halogenator", "publish", "deposit", "--license", "MIT", "--author", "C. Babbage"]
    subprocess.run(words, cwd=home / "project", env=env, check=True)
    deposit = home / "project" / "deposit"
    for name in files_of(deposit):
        text = (deposit / name).read_bytes().decode(errors="replace")
        for private in (str(tmp_path), "adalovelace", secret, token, socket.gethostname(), "secret-project"):
            assert private not in text, f"{name} has {private}"
    (mine,) = list(deposit.rglob("01-my.yaml"))
    said = yaml.safe_load(mine.read_text())
    assert said["libraries"]["mine"]["path"] == "mine.csv" and said["libraries"]["other"]["path"] == "x.csv"
    assert said["motif"] == "[c:1]/C=C/[N:2]" and said["other_motif"] == "/C=C/C>>C"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--author", "Ada Lovelace 0000-0002-1825-0098", "its check digit does not fit"),
        ("--author", "Ada Lovelace (0000-0002-1825)", "an ORCID iD has 16 digits"),
        ("--license", "(MIT)", "not the identifier of one licence"),
        ("--license", "CC BY 4.0", "did you mean 'CC-BY-4.0'"),
        ("--license", "MIT OR Apache-2.0", "not the identifier of one licence"),
    ],
)
def test_a_slip_in_what_others_will_read_stops_it(
    option: str, value: str, said: str, finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["publish", str(tmp_path / "a"), "--results", str(finished.folder / "results"), *TERMS, option, value]
    assert main(words) == 1
    err = capsys.readouterr().err
    assert said in err and option in err and not (tmp_path / "a").exists()


def test_an_orcid_and_a_license_are_taken_as_people_write_them(finished: Finished, tmp_path: Path) -> None:
    authors = [
        "Grace Hopper, https://orcid.org/000000021694233x",
        "Team 2024 (ORCID: 0000\u20130002\u20131825\u20130097)",
        "Jean\u2013Luc 2024-2025",
    ]
    words = ["publish", str(tmp_path / "a"), "--results", str(finished.folder / "results"), "--products-only"]
    assert main([*words, "--license", "cc0-1.0", *(word for name in authors for word in ("--author", name))]) == 0
    crate = (tmp_path / "a" / "ro-crate-metadata.json").read_text()
    found = {each["name"]: each["@id"] for each in json.loads(crate)["@graph"] if each["@type"] == "Person"}
    assert found.pop("Jean\u2013Luc 2024-2025").startswith("#")
    assert found == {
        "Grace Hopper": "https://orcid.org/0000-0002-1694-233X",
        "Team 2024": "https://orcid.org/0000-0002-1825-0097",
    }
    assert "https://spdx.org/licenses/CC0-1.0" in crate


def test_a_choice_of_libraries_and_transforms(finished: Finished, tmp_path: Path) -> None:
    words = ["publish", str(tmp_path / "a"), "--results", str(finished.folder / "results"), *TERMS]
    assert main([*words, "--library", "mine", "--transform", COOME, "--products-only"]) == 0
    assert {name for name in files_of(tmp_path / "a") if name.startswith("data")} == {DATA[0].format(COOME)}
    front = yaml.safe_load((tmp_path / "a" / "README.md").read_text().split("---\n")[1])
    assert [config["config_name"] for config in front["configs"]] == ["products"]


def test_what_is_there_stays(finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = finished.folder / "results"
    before = files_of(results)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for out, said in ((tmp_path / "mine", "there is something already"), (results, "there is something already")):
        assert main(["publish", str(out), "--results", str(results), *TERMS]) == 1
        assert said in capsys.readouterr().err
    assert main(["publish", str(tmp_path / "b"), "--results", str(results), *TERMS, "--library", "miine"]) == 1
    assert "did you mean 'mine'?" in capsys.readouterr().err
    copy = Results(finished.copy(tmp_path / "copy") / "results")
    path = copy.products("mine", OME)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert main(["publish", str(tmp_path / "b"), "--results", str(copy.folder), *TERMS]) == 1
    assert str(path) in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "copy"} and files_of(results) == before


def test_the_commands_of_the_page_are_commands() -> None:
    page = (REPOSITORY / "docs" / "how-to" / "publish.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 4
    for line in lines:
        words = shlex.split(line, comments=True)
        assert words[:3] == ["python", "-m", "halogenator"]
        assert build_parser().parse_args(words[3:]).verb in ("hash", "publish")


@pytest.mark.long
@pytest.mark.skipif(not VALIDATORS.exists(), reason="needs the validators: make .venv-publish/ready")
def test_validators_and_readers_of_others_take_it(published: Path) -> None:
    """RO-Crate's validator, ro-crate-py and mlcroissant."""
    script = REPOSITORY / "tests" / "helpers" / "validate_crate.py"
    words = [VALIDATORS, script, published, "workflow-run-crate-0.5"]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    issues = said.splitlines()
    assert issues[-1] == "validated"
    # What only some publishers have: the address of the workflow, and that of each author.
    known = ("SHOULD have a url ./workflow", "id SHOULD be an absolute URI http")
    assert [
        line for line in issues[:-1] if line.startswith("REQUIRED") or not any(text in line for text in known)
    ] == []
    reads = f"""
import mlcroissant
from rocrate.rocrate import ROCrate
crate = ROCrate({str(published)!r})
assert crate.mainEntity.id == "workflow/Snakefile" and crate.root_dataset["license"]
dataset = mlcroissant.Dataset({str(published / "croissant.json")!r})
assert not dataset.metadata.issues.errors, dataset.metadata.issues.report()
for kind in ("products", "molecules"):
    print(kind, sum(1 for _ in dataset.records(kind)))
print(sorted(set(row["products/transform"].decode() for row in dataset.records("products"))))
"""
    said = subprocess.run([VALIDATORS, "-c", reads], capture_output=True, text=True, check=True).stdout
    rows = {kind: sum(pq.read_metadata(path).num_rows for path in published.glob(f"data/{kind}/**/*.parquet")) for kind in ("products", "molecules")}  # fmt: skip # noqa: E501
    assert said.splitlines() == [f"products {rows['products']}", f"molecules {rows['molecules']}", str(sorted({OME, COOME}))]  # fmt: skip # noqa: E501
