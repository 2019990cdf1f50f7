"""Input made to do harm, or by an accident to the same effect: bounded, the limit named, and at no other row's cost."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from openpyxl import Workbook
from rdkit import Chem

from halogenator.chemistry import reaction
from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.config import find_path, read_config
from halogenator.config.rule_files import load_transforms
from halogenator.config.validation import MAX_PROBLEMS
from halogenator.config.yaml_files import read_yaml
from halogenator.errors import CombinedUserError, UserError
from halogenator.inputs import containers
from halogenator.inputs.molfile import announced_atoms
from halogenator.inputs.page_sizes import page_sizes
from halogenator.inputs.reading import check_readable, head, read_records
from halogenator.model import Config, Halogenation, HalogenationRule, Job, Library, Recipe, Transform
from halogenator.planning.estimate import Estimates
from halogenator.process import limits
from halogenator.tasks.commands import Command, HalogenateChunk, ReadLibrary, StandardizeChunk, TransformChunk
from helpers.endless import ENDLESS, ODD_RING, grid
from helpers.measured import measured
from helpers.runs import write_molecules
from helpers.samples import SAFETY_NET, few

quiet()
REPOSITORY = Path(__file__).parents[3]


METHYLATION = "[c:1][OX2H:2]>>[c:1][O:2]C"


def complaint(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        function(*arguments, **options)
    assert caught.value.fix or isinstance(caught.value, CombinedUserError)
    return str(caught.value)


def verb(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a verb as a task does: a process of its own, which is what has time limits."""
    command = [sys.executable, "-m", "halogenator", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SAFETY_NET)


# ---- time --------------------------------------------------------------------------------------------------------

ROWS = [
    ("phenol", "Oc1ccccc1"),
    ("sheet", grid(12)),
    ("aspirin", "CC(=O)Oc1ccccc1C(=O)O"),
    ("larger sheet", grid(13)),
    ("cyclohexane", "C1CCCCC1"),
]
IN_TIME = ["phenol", "aspirin", "cyclohexane"]


def write_rows(folder: Path, rows: Sequence[tuple[str, str]] = ROWS) -> None:
    lines = [f"{smiles},{name}" for name, smiles in rows]
    (folder / "mine.csv").write_text("\n".join(["smiles,id", *lines]) + "\n")


def one_chunk(out: str) -> dict[str, Any]:
    """The only chunk of a table, whose rows have a second each."""
    return {"chunk": (0, 1), "row_seconds": 1.0, "out": Path(out), "rejects": Path("r.parquet")}


def test_molecules_that_rdkit_does_not_come_back_from_cost_their_rows(tmp_path: Path) -> None:
    """Two in one chunk: the task starts again without each, and its exit status is 0, so no retry is used up."""
    write_rows(tmp_path)
    recipe = Recipe(Library("mine", "other", paths=(Path("mine.csv"),)), {"odd": ODD_RING})
    assert verb(tmp_path, *ReadLibrary(recipe=recipe, out=Path("raw.parquet")).words).returncode == 0
    chunk = StandardizeChunk(recipe=recipe, raw=Path("raw.parquet"), **one_chunk("c.parquet"))
    done = verb(tmp_path, *chunk.words)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "c.parquet")["id"].to_pylist() == IN_TIME
    rejects = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert [(row["row"], row["id"], row["reason"]) for row in rejects] == [
        (2, "sheet", "time limit"),
        (4, "larger sheet", "time limit"),
    ]
    assert {row["detail"] for row in rejects} == {"more than 1 s of processor time"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.parquet", "mine.csv", "r.parquet", "raw.parquet"]


@pytest.mark.parametrize("level", few(["transform-chunk", "halogenate-chunk"], 1))
def test_a_slow_parent_costs_its_own_products(tmp_path: Path, level: str) -> None:
    """Its index does not know the query, so every row is matched."""
    rows = [(name, Chem.CanonSmiles(smiles)) for name, smiles in [*ROWS, ("cyclononadecane", "C1" + "C" * 17 + "C1")]]
    names, smiles = zip(*rows, strict=True)
    empty, stereo = pa.array([""] * len(rows)), pa.nulls(len(rows), pa.string())
    columns = {"id": names, "smiles": smiles, "enhanced_stereo": stereo, "parent": names, "halogens": empty}
    columns |= {"k": pa.nulls(len(rows), pa.int8()), "rules": empty}
    pq.write_table(pa.table(columns), tmp_path / "library.parquet")
    library, chunk = Library("x", "other", 1), one_chunk("p.parquet")
    if level == "transform-chunk":
        job = Job(library, Transform("T", ENDLESS))
        command: Command = TransformChunk(job=job, molecules=Path("library.parquet"), **chunk)
    else:
        rules = Halogenation(("F",), (HalogenationRule("odd", ENDLESS.replace("(F)", "({X})")),))
        command = HalogenateChunk(recipe=Recipe(library, {}, rules), base=Path("library.parquet"), **chunk)
    done = verb(tmp_path, *command.words)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "p.parquet")["smiles"].to_pylist() == [Chem.CanonSmiles("FC1" + "C" * 17 + "C1")]
    rejects = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert [(row["id"], row["reason"]) for row in rejects] == [("sheet", "time limit"), ("larger sheet", "time limit")]


def test_a_task_that_fails_is_not_started_again(tmp_path: Path) -> None:
    recipe = Recipe(Library("mine", "other", paths=(Path("absent.csv"),)))
    done = verb(tmp_path, *ReadLibrary(recipe=recipe, out=Path("raw.parquet")).words)
    assert done.returncode == 1
    assert done.stderr.count("does not exist") == 1


def test_an_endless_smirks_is_named_by_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PLAN_SECONDS", 1)
    entry = {"label": "x", "family": "x", "scope_classes": ["other"]}
    good = {"name": "GOOD", **entry, "smirks": METHYLATION}
    bad = {"name": "ENDLESS", **entry, "smirks": ENDLESS}
    good["examples"] = [{"reactant": "Oc1ccccc1", "products": ["CCOc1ccccc1"]}]
    bad["examples"] = [{"reactant": grid(12), "products": []}]
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump({"transforms": [bad, good]}, width=10_000))
    message = complaint(load_transforms, path)
    assert "the SMIRKS of 'ENDLESS' cannot be applied to its own examples: more than 1 s" in message
    assert "example 1 of 'GOOD' gives other products" in message  # and the others are checked all the same


def config_of(library: Path, transform: Transform) -> Config:
    halogenation = Halogenation(("F",), (HalogenationRule("r", "[cH:1]>>[c:1]{X}", ("other",)),))
    mine = Library("mine", "other", paths=(library,))
    return Config(
        {"mine": mine}, {transform.name: transform}, halogenation, Path(), Path(), (), 1, 1, 1, (), (), "smiles", ()
    )


def test_a_smirks_that_would_match_for_hours_is_named_by_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PLAN_SECONDS", 1)
    write_rows(tmp_path)
    config = config_of(tmp_path / "mine.csv", Transform("ENDLESS", ENDLESS))
    message = complaint(Estimates(config).rows, config.libraries["mine"], "ENDLESS")
    assert "matching the reactant of transform 'ENDLESS' does not come to an end" in message
    assert "mine.csv, molecule 2" in message
    config = config_of(tmp_path / "mine.csv", Transform("OMe", METHYLATION))
    assert Estimates(config).rows(config.libraries["mine"], "OMe") == 1


# ---- size --------------------------------------------------------------------------------------------------------


def test_products_that_would_not_fit_into_memory_are_made_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """RunReactants holds the products of all matches; past a limit it is shown one match at a time."""
    opening = Transform("ring opening", "[CX4:1]-[CX4;R:2]>>[C:1]O[C:2]")
    acetonide = Transform("acetonide", "[C:1]([OX2H:2])[C:3][OX2H:4]>>[C:1]1[O:2]C(C)(C)[O:4][C:3]1")
    molecules = [Chem.CanonSmiles(s) for s in ("C1CC2CCC1C2", "OC1C(O)C(O)C(O)C(O)C1O", "OC[C@H](O)[C@@H](O)CO")]
    at_once = [Kernel([t]).products(smiles) for t in (opening, acetonide) for smiles in molecules]
    monkeypatch.setattr(reaction, "MAX_ATOMS_AT_ONCE", 0)
    one_by_one = [Kernel([t]).products(smiles) for t in (opening, acetonide) for smiles in molecules]
    assert one_by_one == at_once
    assert sum(len(products) for products, _ in at_once) > 5


@pytest.mark.parametrize(
    "group",
    ["C" * 1_500, f"C1CC1{'C' * 1_497}"],
    ids=["by an edit", "by RunReactants"],
)
def test_a_product_that_would_be_too_large_is_a_reject_before_it_is_made(group: str) -> None:
    """Squalane has 8 methyl groups; nothing is made of it, and the reject says why. Neopentane's products are made."""
    growth = Transform("polymer", f"[CH3:1]>>[CH2:1]{group}")
    squalane = Chem.CanonSmiles("CC(C)CCCC(C)CCCC(C)CCCCC(C)CCCC(C)CCCC(C)C")
    products, rejects = Kernel([growth]).products(squalane)
    assert products == []
    assert [str(error) for _, error in rejects] == [
        "too large: a product would have 1,530 atoms, 30 of the parent and 1,500 new; at most 1,500 are made"
    ]
    smaller = Transform("oligomer", f"[CH3:1]>>[CH2:1]{group[:-1_300]}")
    products, rejects = Kernel([smaller]).products(Chem.CanonSmiles("CC(C)(C)C"))
    assert (len(products), rejects) == (1, [])


def test_the_atoms_of_a_large_new_group_count_for_what_is_made_at_once() -> None:
    """RunReactants is not shown all 42 matches: the parent has 25 atoms, but all products together 51,000."""
    branched = Chem.MolFromSmiles("CC(C)(C)CC(C)(C)CC(C)(C)CC(C)(C)CC(C)(C)CC(C)(C)C")
    made = reaction.Reaction(Transform("T", f"[CH3:1][C:2][CX4:3]>>[CH2:1]({'C' * 1_200})[C:2]1[C:3]C1"))
    first, *others = made.matches(branched)
    products = made.products_around(branched, first)
    assert len(others) == 41 and first in products and len(products) == 2


def test_check_names_a_product_that_is_too_large(tmp_path: Path) -> None:
    entry = {"name": "LARGE", "label": "x", "family": "x", "scope_classes": ["other"]}
    example = {"reactant": "Oc1ccccc1", "products": ["COc1ccccc1"]}
    smirks = f"[c:1][OX2H:2]>>[c:1][O:2]{'C' * 1_500}"
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump({"transforms": [{**entry, "smirks": smirks, "examples": [example]}]}, width=10_000))
    message = complaint(load_transforms, path)
    assert "gives a product that is too large: a product would have 1,507 atoms" in message


def chain(length: int) -> str:
    atoms = [f"M  V30 {i} C 0 0 0 0" for i in range(1, length + 1)]
    bonds = [f"M  V30 {i} 1 {i} {i + 1}" for i in range(1, length)]
    counts = f"M  V30 COUNTS {length} {length - 1} 0 0 0"
    lines = ["chain", "", "", "  0  0  0     0  0            999 V3000", "M  V30 BEGIN CTAB", counts]
    lines += ["M  V30 BEGIN ATOM", *atoms, "M  V30 END ATOM", "M  V30 BEGIN BOND", *bonds, "M  V30 END BOND"]
    return "\n".join([*lines, "M  V30 END CTAB", "M  END", "$$$$", ""])


def test_a_record_that_crashed_rdkit_costs_itself(tmp_path: Path) -> None:
    """MolToSmiles of a chain of 20,000 atoms ends the process with a segmentation fault."""
    assert announced_atoms(chain(20_000)) == 20_000
    path = tmp_path / "a.sdf"
    path.write_text(chain(3) + chain(20_000) + chain(4))
    records = list(read_records(path))
    assert [record.smiles for record in records] == ["CCC", None, "CCCC"]
    assert "20,000 atoms; at most 5,000" in str(records[1].problem)


@pytest.mark.parametrize("ending", few([".sdf.gz", ".smi.gz", ".csv.gz"], 1))
@pytest.mark.parametrize("filling", few([b"\n", b"C\n", b"C"], 1))
def test_a_decompression_bomb_is_refused(
    tmp_path: Path, ending: str, filling: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "FREE_GROWTH", 2_000_000)
    path = tmp_path / f"bomb{ending}"
    path.write_bytes(gzip.compress(b"smiles\n" + filling * (8_000_000 // len(filling)), mtime=0))
    assert path.stat().st_size < 12_000

    def all_of_it() -> int:
        return sum(1 for _ in read_records(path))

    message = complaint(all_of_it)
    assert "decompression bomb" in message and "at most 200-fold growth" in message


def test_a_well_compressed_library_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "FREE_GROWTH", 1_000_000)
    path = tmp_path / "a.smi.gz"
    path.write_bytes(gzip.compress(b"".join(b"OC(=O)CCCCCCCC(=O)O mol-%d\n" % i for i in range(100_000))))
    assert sum(1 for _ in read_records(path)) == 100_000


def test_the_plan_does_not_read_a_file_of_bad_rows_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles,id\n" + ",x\n" * 5_000 + "CCO,y\n")
    assert head(path, 10) == ([], False)


def test_blank_lines_above_a_header_are_not_read_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n" * 50 + "smiles\nCCO\n")
    assert [record.smiles for record in read_records(path)] == ["CCO"]
    path.write_text("\n" * 5_000 + "smiles\nCCO\n")
    assert "no header line" in complaint(check_readable, path)


def test_rows_that_share_a_giant_string_share_its_memory(tmp_path: Path) -> None:
    """8,192 rows that point to one string of 900 kB would take 7 GB, were each given its own."""
    giant = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["C" * 900_000]))
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"smiles": giant}), path, compression="zstd")
    script = (
        "import re, sys; from pathlib import Path; from halogenator.inputs.reading import read_records\n"
        "rows = sum(len(record.smiles) for record in read_records(sys.argv[1]))\n"
        # getrusage would count the memory of the process that started this one as well.
        r"print(rows, re.search(r'VmHWM:\s*(\d+)', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.returncode == 0, done.stderr
    total, peak_kb = map(int, done.stdout.split())
    assert total == 9_000_000_000
    assert peak_kb < 500_000


GIANT, FEW = 200_000, 10_000  # characters of a giant text, rows without one before the first of them


@pytest.mark.parametrize("stored", few(["in a dictionary", "as differences"], 1))
def test_giant_rows_after_many_small_ones_are_read_in_bounded_memory(tmp_path: Path, stored: str) -> None:
    """Of a Parquet file of less than 200 kB: 2,000 rows of 200 kB, which were one batch of 400 MB."""
    path = tmp_path / "a.parquet"
    notes = ["seen"] * FEW + ["A" * GIANT] * 2_000
    smiles = [f"{'C' * (i % 50 + 1)}O" for i in range(len(notes))]
    shared = stored == "in a dictionary"
    encoded = {} if shared else {"column_encoding": {"note": "DELTA_BYTE_ARRAY"}}
    table = pa.table({"smiles": smiles, "note": notes})
    pq.write_table(table, path, compression="zstd", use_dictionary=shared, **encoded)
    assert path.stat().st_size < 200_000
    script = (
        "import sys; from pathlib import Path; from halogenator.inputs.reading import read_records\n"
        "from halogenator.inputs.sampling import sample_files; from halogenator.model import Reading\n"
        "print(sum(len(record.extra[0]) for record in read_records(sys.argv[1])))\n"
        "print(sample_files(Path(sys.argv[1]), Reading(), 100).rows)"
    )
    done = measured(tmp_path, sys.executable, "-c", script, path)
    assert done.output.split() == [str(4 * FEW + 2_000 * GIANT), str(FEW + 2_000)]
    assert done.peak_mb < 300


@pytest.mark.parametrize("ending", [".csv", ".smi", ".sdf", ".parquet", ".xlsx"])
def test_an_id_of_any_length_costs_its_own_row(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    length = 30_000 if ending == ".xlsx" else 500_000  # a cell of a workbook has 32,767 characters at most
    ids = ["phenol", "x" * length, "aspirin"]
    molecules = ["Oc1ccccc1", "CCO", "CC(=O)Oc1ccccc1C(=O)O"]
    rows = list(zip(ids, molecules, strict=True))
    if ending == ".xlsx":
        book = Workbook()
        for row in [("id", "smiles"), *rows]:
            book.active.append(row)
        book.save(path)
    else:
        write_molecules(path, rows)
    found = [(record.smiles, record.id and len(record.id), record.problem) for record in read_records(path)]
    assert [problem for _, _, problem in found] == [None, "id longer than 10,000 characters", None]
    assert found[1][1] == 1_000  # of which a reject keeps the beginning
    assert [Chem.CanonSmiles(smiles) for smiles, _, _ in found] == [Chem.CanonSmiles(smiles) for smiles in molecules]


@pytest.mark.parametrize("ending", [".sdf", ".parquet"])
def test_texts_beside_the_molecule_are_kept_up_to_a_megabyte_a_row(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    texts = ["x" * 490_000, "x" * 510_000, ""]
    if ending == ".parquet":
        pq.write_table(pa.table({"smiles": ["C", "CC", "CCC"], "a": texts, "b": texts}), path)
    else:
        with Chem.SDWriter(str(path)) as writer:
            for smiles, text in zip(["C", "CC", "CCC"], texts, strict=True):
                mol = Chem.MolFromSmiles(smiles)
                for tag in ("a", "b"):
                    mol.SetProp(tag, "\n".join([text[:100]] * (len(text) // 100)))
                writer.write(mol)
    records = list(read_records(path))
    assert [record.problem for record in records] == [
        None,
        "other columns with more than 1,000,000 characters together",
        None,
    ]
    assert sum(map(len, records[0].extra)) > 970_000 and records[1].extra == ()


def test_a_parquet_page_that_grows_a_thousand_fold_is_refused(tmp_path: Path) -> None:
    """A file of some 10 kB; Arrow would hold the 200 MB of its only page."""
    path = tmp_path / "a.parquet"
    table = pa.table({"id": range(200), "smiles": [f"{i:06}" + "C" * 1_000_000 for i in range(200)]})
    pq.write_table(table, path, use_dictionary=False, compression="zstd", data_page_size=2**30)
    assert path.stat().st_size < 100_000
    message = complaint(check_readable, path)
    assert "row group 0, column 'smiles'" in message and "at most 100,000,000 bytes" in message
    assert "too large" in complaint(lambda: next(read_records(path)))
    pq.write_table(table, path, use_dictionary=False, compression="zstd", write_batch_size=10)  # in small pages
    check_readable(path)
    assert sum(1 for _ in read_records(path)) == 200


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_page_sizes_are_those_that_the_writer_made(tmp_path: Path, version: str, dictionary: bool) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"smiles": [f"{i:08}" for i in range(10_000)]})
    pq.write_table(
        table, path, compression="none", data_page_version=version, use_dictionary=dictionary, data_page_size=12_000
    )
    column = pq.read_metadata(path).row_group(0).column(0)
    start = min(filter(None, (column.dictionary_page_offset, column.data_page_offset)))
    with path.open("rb") as stream:
        largest = page_sizes(stream, start, start + column.total_compressed_size).largest
    # A string takes its 8 characters and 4 bytes for its length; a page ends after the batch of 1,024 that fills it.
    assert largest == 120_000 if dictionary else 12_000 <= largest < 2 * 12 * 1_024 + 100


# ---- configuration -----------------------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, ["line 6", "at most 100,000 values, aliases counted in full"]),
        ("a: " + "[" * 10_000, ["at most 50 levels"]),
        ("- " * 10_000, ["at most 50 levels"]),
        ("a: " + "x" * 200_000, ["at most 100,000 characters in a value"]),
        ("a: 1\n" * 2_000_001, ["too large for a configuration", "at most 10,000,000 bytes"]),
        ("a: &a [*a]", ["an alias refers to what contains it"]),
        ("a: !!python/object/apply:os.system [ls]", ["could not determine a constructor", "line 1"]),
        ("a: !!timestamp x", ["a value that YAML cannot read"]),
        ("a: !!bool maybe", ["a value that YAML cannot read"]),
        ("a: !!int ''", ["a value that YAML cannot read"]),
        ("a: " + "9" * 5_000, ["a value that YAML cannot read"]),
        ("!!seq a: 1", ["a value that YAML cannot read"]),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_yaml_that_is_a_trap(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_yaml(path)
    assert [word for word in words if word not in str(caught.value)] == []


def test_ordinary_aliases_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("base: &b {class: lipid}\nmine: {<<: *b, k: 1}\nyours: *b\n")
    assert read_yaml(path).data["mine"] == {"class": "lipid", "k": 1}


def test_an_endless_file_is_no_configuration() -> None:
    assert "too large for a configuration" in complaint(read_yaml, Path("/dev/zero"))


def test_thousands_of_slips_are_answered_soon(tmp_path: Path) -> None:
    """Each used to be looked up in the file by going through all its keys."""
    path = tmp_path / "a.yaml"
    path.write_text("".join(f"librarie{i}: 1\n" for i in range(20_000)))
    message = complaint(read_config, [path], working_dir=tmp_path)
    assert message.count("unknown key") == MAX_PROBLEMS


NAMES = {
    "parent": "../x",
    "inner parent": "a/../../x",
    "absolute": "/etc/x",
    "backslash": "..\\x",
    "drive": "C:x",
    "NUL": "a\0b",
    "line end": "a\n",
    "line": "a\nb",
    "space": "a b",
    "hidden": ".x",
    "option": "-x",
    "wildcard": "{x}",
    "glob": "*",
    "home": "~",
    "shell": "$(touch x)",
    "quote": "a';--",
    "long": "a" * 101,
    "fullwidth dots": "\uff0e\uff0e",
    "division slash": "a\u2215b",
    "Cyrillic": "\u0430",
    "right to left": "a\u202eb",
    "zero width": "a\u200bb",
    "digits of another script": "\u0661",
    "combining": "e\u0301",
    "device": "NUL",
    "device with an ending": "con.x",
    "port": "com1",
    "dot at the end": "a.",
    "empty": "",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.smi").write_text("CCO\n")
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"libraries": {name: {"class": "lipid", "path": "a.smi"}}}))
    message = complaint(read_config, [path], working_dir=tmp_path)
    assert "cannot be a name in libraries" in message
    assert "letters, digits" in message or "at most 100" in message
    entry = {"label": "x", "family": "x", "scope_classes": ["lipid"], "smirks": METHYLATION}
    entry["examples"] = [{"reactant": "Oc1ccccc1", "products": ["COc1ccccc1"]}]
    path.write_text(yaml.safe_dump({"transforms": [{"name": name, **entry}]}))
    assert "c.yaml, line" in complaint(load_transforms, path)


@pytest.mark.parametrize("name", ["a", "0", "polyphenol-1X", "A.b_c-d", "console", "com10", "a" * 100])
def test_a_good_name_is_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.smi").write_text("CCO\n")
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"libraries": {name: {"class": "lipid", "path": "a.smi"}}}))
    assert list(read_config([path], working_dir=tmp_path).libraries) == [name]


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "x" * 5_000, "/", "..", "~nobody-of-that-name/x", "\ud800"])
def test_a_path_that_is_none(tmp_path: Path, text: str) -> None:
    assert complaint(find_path, text, tmp_path)


@pytest.mark.parametrize("rest", ["", "b", "b/", "/k", "b//k", "b/a/", "b/./k", "b/a/../k", "b/.."])
def test_an_object_that_is_none(tmp_path: Path, rest: str) -> None:
    assert "s3://bucket/key" in complaint(find_path, f"s3://{rest}", tmp_path)


def test_an_example_too_large_to_be_run(tmp_path: Path) -> None:
    smirks = "[CX4:1]-[CX4:2]>>[C:1]=[C:2]"
    entry = {"name": "T", "label": "x", "family": "x", "scope_classes": ["lipid"], "smirks": smirks}
    entry["examples"] = [{"reactant": "C" * 2_000, "products": []}]
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump({"transforms": [entry]}, width=10_000))
    assert "example 1 of 'T' is too large" in complaint(load_transforms, path)
