"""Whatever stands in a file, a reader gives records or a user error, and the configuration is one or a user error.

What was found this way is kept as an example beside it, or in ``tests/unit/inputs/test_containers.py``.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from halogenator.chemistry.molecules import MAX_ATOMS, RejectError, parse_smiles, quiet, settled
from halogenator.config.loader import read_config
from halogenator.config.rule_files import load_halogenation, load_transforms
from halogenator.errors import UserError
from halogenator.inputs.reading import check_readable, estimate_rows, head, read_records
from halogenator.inputs.rows import Record
from halogenator.model import Config
from helpers.samples import examples

REPOSITORY = Path(__file__).parents[2]
CONFIGS = REPOSITORY / "configs"
quiet()


def fuzzed(count: int) -> Callable[[Any], Any]:
    """So many examples in the long form, a tenth of them in the short one."""
    return examples(count // 10, count)


# ---- readers -----------------------------------------------------------------------------------------------------

ENDINGS = [".csv", ".tsv", ".smi", ".sdf"]
CELLS = st.one_of(
    st.sampled_from(
        ["CCO", "Oc1ccccc1", "", " ", "smiles", "id", "#", "\x1a", "C\0", '"', "a,b", "$$$$", "M  END", "|"]
    ),
    st.text(max_size=12),
    st.integers(1, 3).map(lambda n: "C" * (400_000 * n)),
)
LINES = st.lists(CELLS, max_size=4)
JOINTS = st.sampled_from([",", "\t", ";", " ", "|", '","'])
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\x0b", "\u2028", ""])


@pytest.mark.sampled
@pytest.mark.parametrize("ending", [*ENDINGS, ".csv.gz", ".smi.gz", ".sdf.gz"])
def test_every_row_of_a_text_file_is_a_record(ending: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"library{ending}"

        @fuzzed(60)
        @given(
            header=st.sampled_from(["smiles", "smiles,id", "id\tsmiles", "", "x"]),
            rows=st.lists(LINES, max_size=8),
            joint=JOINTS,
            end=ENDS,
        )
        def run(header: str, rows: list[list[str]], joint: str, end: str) -> None:
            text = end.join([header, *(joint.join(row) for row in rows)])
            data = text.encode("utf-8", "replace")
            path.write_bytes(gzip.compress(data, 1, mtime=0) if ending.endswith(".gz") else data)
            check_records(path)

        run()


def check_records(path: Path) -> None:
    """Read a file in every way there is; rows come in order and without a gap, each with a SMILES or a problem."""
    for action in (check_readable, estimate_rows, lambda file: head(file, 3)):
        try:
            action(path)
        except UserError as error:
            assert error.fix and str(path) in str(error.where)
    seen: list[Record] = []
    try:
        for record in read_records(path):
            seen.append(record)
            assert record.smiles is not None or record.problem is not None
            assert record.problem != ""
    except UserError as error:
        assert error.fix and str(path) in str(error.where)
    rows = [record.row for record in seen]
    if ".smi" in path.name:  # a comment is a line, and no record
        assert rows == sorted(set(rows))
    else:
        assert rows == list(range(1, len(rows) + 1))


VALUES = st.one_of(
    st.none(), st.text(max_size=5), st.sampled_from(["CCO", "c1ccccc1", "C\0C", "C\nC", "C" * 1_100_000])
)
ARRAYS = st.one_of(
    st.lists(VALUES, max_size=30).map(lambda values: pa.array(values, pa.string())),
    st.lists(VALUES, max_size=30).map(lambda values: pa.array(values, pa.string()).dictionary_encode()),
    st.lists(st.integers(-5, 5), max_size=30).map(pa.array),
    st.lists(st.binary(max_size=5), max_size=30).map(lambda values: pa.array(values, pa.binary())),
    st.lists(st.floats(), max_size=30).map(lambda values: pa.array(values, pa.float64())),
)


@fuzzed(100)
@given(smiles=ARRAYS, names=ARRAYS, group=st.integers(1, 7), dictionary=st.booleans())
def test_every_row_of_a_parquet_file_is_a_record(
    smiles: pa.Array, names: pa.Array, group: int, dictionary: bool
) -> None:
    rows = min(len(smiles), len(names))
    table = pa.table({"smiles": smiles[:rows], "id": names[:rows]})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        pq.write_table(table, path, row_group_size=group, use_dictionary=dictionary)
        check_records(path)
        if rows and pa.types.is_string(smiles.type):
            assert sum(1 for _ in read_records(path)) == rows


PARQUET = io.BytesIO()
pq.write_table(pa.table({"smiles": ["CCO", "CCN", "Oc1ccccc1"] * 50, "id": range(150)}), PARQUET, row_group_size=40)


@fuzzed(150)
@given(at=st.integers(0, len(PARQUET.getvalue()) - 1), put=st.binary(min_size=1, max_size=6), cut=st.integers(0, 9))
def test_a_damaged_parquet_file_gives_records_or_an_error(at: int, put: bytes, cut: int) -> None:
    data = bytearray(PARQUET.getvalue())
    data[at : at + cut] = put
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        path.write_bytes(bytes(data))
        check_records(path)


# ---- molecules ---------------------------------------------------------------------------------------------------

TOKENS = (
    "C c N n O o S P F Cl Br I B [nH] [C@H] [C@@] [13C] [2H] [Na+] [O-] [Xx] [] * ( ) = # - / \\ . 1 2 %10 %(123) "
    ": ~ $ > |"
)


@fuzzed(400)
@given(tokens=st.lists(st.sampled_from(TOKENS.split()), max_size=40), repeat=st.sampled_from([1, 1, 1, 30, 2_000]))
def test_any_text_is_a_molecule_or_a_reject(tokens: list[str], repeat: int) -> None:
    try:
        mol = parse_smiles("".join(tokens) * repeat)
        smiles, mol, _ = settled(mol)
    except RejectError as error:
        assert error.reason and error.detail
        return
    assert smiles and 0 < mol.GetNumAtoms() <= MAX_ATOMS


# ---- configuration -----------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.binary(max_size=4),
    st.text(max_size=8),
    st.sampled_from(
        ["all", "lipid", "mine.smi", "../mine.smi", "/dev/null", "[C:1]>>[C:1]F", "{X}", "smiles", "-1", "~"]
    ),
)
NAMES = (
    "parents libraries transforms halogenation select memory chunk descriptors identifiers dedup class path k key "
    "cap_mb products smiles_column id_column fragments name label family scope_classes smirks examples reactant "
    "max_sites description halogens rules lipid mine"
)
KEYS = st.one_of(
    st.sampled_from(NAMES.split()),
    SCALARS,
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
GOOD = {"libraries": {"mine": {"class": "lipid", "path": "mine.smi"}}, "select": {"transforms": []}}
SNIPPETS = [
    *("a: &a [*a]", "<<: *b", "&b {k: 1}", "!!python/name:os.system x", "!!timestamp x", "!!bool maybe", "!!int ''"),
    *(
        "!!set {x}",
        "!!omap [a: 1]",
        "!!binary x",
        "!!float .",
        "!<tag:x> y",
        "!!null x",
        "!!str {}",
        "!!seq a",
        "!!map b",
    ),
    *(
        "---",
        "...",
        "%YAML 9.9",
        "%TAG ! x",
        "[",
        "]",
        "{",
        "}",
        "- ",
        "? [a]",
        ": b",
        "|",
        ">",
        "'",
        '"',
        ", ",
        "#",
        "*x",
    ),
    *("\t", "\n", "\n  ", "\0", "\ufeff", "\x85", "0x", "1:2:3", "2001-99-99", "9" * 5_000),
    *("libraries: ", "mine: ", "class: lipid", "path: mine.smi"),
]


def answers(folder: str, text: str | bytes) -> None:
    """Every loader answers with what it is for, or with a user error."""
    path = Path(folder) / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    (Path(folder) / "mine.smi").write_text("CCO\n")
    try:
        assert isinstance(read_config([path], working_dir=Path(folder)), Config)
    except UserError as error:
        assert "a.yaml" in str(error)
    for load in (load_transforms, load_halogenation):
        try:
            load(path)
        except UserError as error:
            assert str(error)


@fuzzed(150)
@given(
    parts=st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=6), max_size=14), joint=st.sampled_from(["", " ", "\n"])
)
@example(parts=["!!timestamp x"], joint="")
@example(parts=["!!seq a", ": 1"], joint="")
def test_any_text_is_a_configuration_or_an_error(parts: list[str], joint: str) -> None:
    with TemporaryDirectory() as folder:
        answers(folder, joint.join(parts))


@fuzzed(60)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_configuration_or_an_error(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        answers(folder, data)


@fuzzed(200)
@given(
    tree=TREES,
    under=st.sampled_from([(), ("libraries",), ("libraries", "mine"), ("select",), ("transforms",), ("rules",)]),
)
def test_any_tree_is_a_configuration_or_an_error(tree: object, under: tuple[str, ...]) -> None:
    for key in reversed(under):
        tree = {key: tree}
    if isinstance(tree, dict):
        tree = {**GOOD, **tree}
    with TemporaryDirectory() as folder:
        answers(folder, yaml.dump(tree))


SMARTS = (
    "C c N O [C:1] [c:1] [OX2H:2] [*:3] [#6:1] [$(C)] [!C] ~ - = # ( ) 1 2 . >> > [ ] $( {X} F * [C@:1] / ; , & : %99 0"
)


@fuzzed(150)
@given(
    left=st.lists(st.sampled_from(SMARTS.split()), max_size=7),
    right=st.lists(st.sampled_from(SMARTS.split()), max_size=7),
    reactant=st.sampled_from(["Oc1ccccc1", "CCO", "", "C1CC", "C" * 300, "[U]"]),
)
def test_any_smirks_is_a_transform_or_an_error(left: list[str], right: list[str], reactant: str) -> None:
    entry = {"name": "T", "label": "x", "family": "x", "scope_classes": ["lipid"]}
    entry |= {"smirks": f"{''.join(left)}>>{''.join(right)}", "examples": [{"reactant": reactant, "products": []}]}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.yaml"
        path.write_text(yaml.safe_dump({"transforms": [entry]}, width=10_000))
        try:
            load_transforms(path)
        except UserError as error:
            assert "t.yaml" in str(error)
