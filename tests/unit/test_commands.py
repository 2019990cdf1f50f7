"""Tasks as objects: their command line leads back to them; what is wrong with one is said in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from halogenator.cli import build_parser
from halogenator.cli.task_verbs import command_of
from halogenator.dataclass_json import from_json, to_json
from halogenator.errors import UserError
from halogenator.model import (
    Export,
    Halogenation,
    HalogenationRule,
    Job,
    Library,
    Reading,
    Recipe,
    Transform,
    Window,
)
from halogenator.results import chunk_names
from halogenator.tasks.commands import (
    Command,
    FindDuplicates,
    HalogenateChunk,
    MergeProducts,
    ReadLibrary,
    TransformChunk,
    declaration,
)

MINE = Library(
    "mine's", "polyphenol", 1, paths=(Path("a b.csv"), Path("s3:/bucket/é.csv")), reading=Reading(columns=())
)
JOB = Job(MINE, Transform("OMe", "[c:1][OX2H:2]>>[c:1][O:2]C", max_sites=2), ("mw",), inchikey=True, key="inchikey")
RECIPE = Recipe(
    MINE,
    {"sites_a": '[C:1]"{x}'},
    Halogenation(("F",), (HalogenationRule("ring", "[c;H1:1]>>[c:1]{X}", max_sites=1),)),
    is_base=True,
)
CHUNK: dict[str, Any] = {"chunk": (3, 12), "out": Path("o.parquet"), "rejects": Path("r.parquet")}
FILES = [Path(f"work/{name}.products.parquet") for name in chunk_names(1_000)]


@pytest.mark.parametrize(
    "command",
    [
        ReadLibrary(recipe=Recipe(MINE), mark="1a", out=Path("raw.parquet")),
        HalogenateChunk(recipe=RECIPE, base=Path("m.parquet"), row_seconds=1.0, **CHUNK),
        TransformChunk(job=JOB, molecules=Path("m.parquet"), **CHUNK),
        FindDuplicates(library="x", chunks=tuple(FILES), part=(0, 3), out=Path("o"), scratch=Path("s")),
        MergeProducts(
            job=JOB,
            molecules=Path("m.parquet"),
            chunks=(Path("a.parquet"), Path("b.parquet")),
            config_hash="1a",
            out=Path("o"),
            rejects=Path("r"),
            stats=Path("s"),
            scratch=Path("t"),
        ),
    ],
    ids=lambda command: command.verb(),
)
def test_the_command_line_of_a_task_is_the_task(command: Command) -> None:
    words = [*command.words, *declaration(500, cap_mb=2000, beside_mb=300, ends_with=1)]
    assert len(" ".join(words)) < 2_000
    options = build_parser().parse_args(words)
    assert command_of(options) == command
    assert (options.mem_mb, options.cap_mb, options.beside_mb, options.ends_with) == (500, 2000, 300, 1)


def test_a_task_has_a_name_in_words() -> None:
    assert TransformChunk(job=JOB, molecules=Path("m"), **CHUNK).label == "transform-chunk mine's OMe chunk 4 of 12"
    duplicates = FindDuplicates(library="x", chunks=(), part=(0, 3), out=Path("o"), scratch=Path("s"))
    assert duplicates.label == "find-duplicates x part 1 of 3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "this is not JSON"),
        ("[]", "Job is of the wrong kind"),
        ('{"library":{"name":"a","class_name":""}}', "Job lacks the field 'transform'"),
        ('{"libary":{}}', "Job has no field 'libary'"),
        ('{"library":{"name":1,"class_name":""},"transform":{}}', "Job.library.name is of the wrong kind"),
        (
            '{"library":{"name":"a","class_name":"","k":true},"transform":{"name":"T","smirks":"x"}}',
            "Job.library.k is of the wrong kind",
        ),
    ],
)
def test_malformed_json_is_named(capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    words = TransformChunk(job=JOB, molecules=Path("m"), **CHUNK).words
    words[words.index("--job") + 1] = text
    with pytest.raises(SystemExit) as end:
        build_parser().parse_args(words)
    assert end.value.code == 2
    assert f"argument --job: {said}" in capsys.readouterr().err
    with pytest.raises(UserError, match=said.replace("[", r"\[")):
        from_json(Job, text)


def test_what_has_its_default_does_not_travel() -> None:
    asked = Export(windows={"mw": Window(high=500), "clogp": Window(-2.5, 5)})
    assert to_json(asked) == '{"windows":{"mw":{"high":500},"clogp":{"low":-2.5,"high":5}}}'
    assert from_json(Export, to_json(asked)) == asked
