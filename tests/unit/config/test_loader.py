"""The configuration: what it comes to, and that each slip is answered with file, line, key, value and a way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from halogenator.config import load_config, merge, read_config
from halogenator.config.rule_files import load_halogenation, load_transforms
from halogenator.config.validation import load_schema
from halogenator.errors import UserError
from halogenator.model import CLASSES, HALOGENS, Config, Transform

REPOSITORY = Path(__file__).parents[3]
SHIPPED = REPOSITORY / "configs"

METHYLATION = """\
transforms:
  - name: PHENOL_OMe
    label: phenol OH to OMe
    family: phenol_mod
    scope_classes: [polyphenol, terpenoid]
    smirks: "[c:1][OX2H:2]>>[c:1][O:2]C"
    examples:
      - {reactant: Oc1ccccc1, products: [COc1ccccc1]}
      - {reactant: Oc1ccccc1C(=O)O, products: [COc1ccccc1C(=O)O]}
"""
ESTER = """\
  - name: COOH_COOMe
    label: COOH to COOMe
    family: carboxyl
    scope_classes: [polyphenol, lipid]
    smirks: "[CX3:1](=[O:2])[OX2H:3]>>[C:1](=[O:2])[O:3]C"
    examples:
      - {reactant: CC(=O)O, products: [COC(C)=O]}
"""
HALOGENATION = """\
halogens: [F, Cl]
rules:
  - name: aromatic_ch
    label: aromatic C-H to C-X
    scope_classes: [polyphenol, lipid]
    smirks: "[cH:1]>>[c:1]{X}"
    examples:
      - {reactant: c1ccccc1, products: ["{X}c1ccccc1"]}
"""
MINE = "libraries: {mine: {class: lipid, path: phenols.smi}}\n"
BASE = "transforms: transforms.yaml\nhalogenation: halogenation.yaml\nparents: {polyphenol: phenols.smi}\n"
PHENOLS = "Oc1ccccc1\tphenol\tC6H6O\nOc1ccc(O)cc1\thydroquinone\tC6H6O2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with rules and phenols; messages name files relative to it."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "transforms.yaml": METHYLATION + ESTER,
        "halogenation.yaml": HALOGENATION,
        "phenols.smi": PHENOLS,
        "base.yaml": BASE,
    }.items():
        Path(name).write_text(text)
    return tmp_path


def config(text: str, *others: str) -> Config:
    """Read ``text`` as my.yaml, layered over base.yaml."""
    Path("my.yaml").write_text(text)
    return read_config([Path("base.yaml"), Path("my.yaml"), *map(Path, others)], working_dir=Path.cwd())


def complaint(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        function(*arguments, **options)
    return str(caught.value)


# ---- what a good configuration comes to --------------------------------------------------------------------------


def test_levels_below_a_built_library_are_added(folder: Path) -> None:
    result = config("libraries: {deep: {class: polyphenol, k: 2}}")
    assert [(x.name, x.k, x.base, x.implicit) for x in result.libraries.values()] == [
        ("polyphenol-0X", 0, None, True),
        ("polyphenol-1X", 1, "polyphenol-0X", True),
        ("deep", 2, "polyphenol-1X", False),
    ]
    assert result.libraries["polyphenol-0X"].paths == (folder / "phenols.smi",)
    assert result.jobs == (("deep", "PHENOL_OMe"), ("deep", "COOH_COOMe"))


def test_a_configured_level_is_the_base_even_if_not_selected(folder: Path) -> None:
    result = config(
        "libraries: {b: {class: polyphenol, k: 2}, a: {class: polyphenol, k: 1}, zero: {class: polyphenol, k: 0},"
        " unused: {class: lipid, k: 1}}\nselect: {libraries: [b]}"
    )
    assert [(x.name, x.base, x.implicit) for x in result.libraries.values()] == [
        ("zero", None, True),
        ("a", "zero", True),
        ("b", "a", False),
    ]
    assert {library for library, _ in result.jobs} == {"b"}


def test_a_level_may_be_selected_by_its_name(folder: Path) -> None:
    """So transforms are applied to natural products themselves, as ``from`` takes them by this name."""
    result = config("libraries: {b: {class: polyphenol, k: 2}}\nselect: {libraries: [b, polyphenol-0X]}")
    assert [(x.name, x.k, x.base, x.implicit) for x in result.libraries.values()] == [
        ("polyphenol-0X", 0, None, False),
        ("polyphenol-1X", 1, "polyphenol-0X", True),
        ("b", 2, "polyphenol-1X", False),
    ]
    assert {library for library, _ in result.jobs} == {"b", "polyphenol-0X"}


@pytest.mark.parametrize(
    ("entry", "level"),
    [
        ("{class: polyphenol, parents: mine, k: 1}", "mine-0X"),
        ("{class: polyphenol, parents: mine, k: 2, within: {clogp: [0, 3]}}", "mine-1X"),
        ("{class: polyphenol, from: mine-1X, by: PHENOL_OMe, exclude: []}", "mine-1X"),
        ("{class: lipid, from: mine-0X, by: PHENOL_OMe}", "mine-0X"),
    ],
)
def test_that_a_level_is_selected_too_changes_no_library(folder: Path, entry: str, level: str) -> None:
    """It has the class of the library that is built upon it, and leaves out the same."""
    mine = f"parents: {{mine: phenols.smi}}\nlibraries: {{top: {entry}}}\nselect: {{libraries: [top]}}"
    below, both = config(mine).libraries, config(mine.replace("[top]", f"[top, {level}]")).libraries
    assert both.keys() == below.keys() and level in both
    assert {name for name in both if both[name].implicit != below[name].implicit} == {level}
    for name in both:
        assert replace(both[name], implicit=False) == replace(below[name], implicit=False)


def test_an_implicit_level_gives_way_to_a_name_taken(folder: Path) -> None:
    result = config(
        "libraries: {Polyphenol-0x: {class: lipid, path: phenols.smi}, polyphenol-1X: {class: polyphenol, k: 1}}"
    )
    assert list(result.libraries) == ["Polyphenol-0x", "polyphenol-0X-base", "polyphenol-1X"]


def test_defaults_come_from_the_schema(folder: Path) -> None:
    result = config("libraries: {mine: {class: lipid, path: phenols.smi}}")
    assert (result.cap_mb, result.chunk_products, result.dedup_key) == (32_000, 3_000_000, "smiles")
    assert result.merge_rows == 20_000_000
    assert result.descriptors == ("mw", "tpsa", "hbd", "hba", "clogp", "rotb")
    assert result.identifiers == ()
    assert result.libraries["mine"].reading.fragments == "largest"
    assert result.jobs == (("mine", "COOH_COOMe"),)
    assert result.sources == (Path("base.yaml"), Path("my.yaml"))


@pytest.mark.parametrize(("identifiers", "products"), [("[]", 26_666_667), ("[inchikey]", 2_201_835)])
def test_chunks_by_minutes_are_so_many_products_whatever_the_machine(
    folder: Path, identifiers: str, products: int
) -> None:
    libraries = "libraries: {mine: {class: lipid, path: phenols.smi}}"
    result = config(f"{libraries}\nidentifiers: {identifiers}\nchunk: {{minutes: 20, products: 7}}")
    assert result.chunk_products == products


def test_a_selection_without_a_job_still_makes_libraries(folder: Path) -> None:
    result = config(
        "libraries: {sugars: {class: polysaccharide, path: phenols.smi}}\nselect: {libraries: [sugars], transforms: []}"
    )
    assert list(result.libraries) == ["sugars"]
    assert result.jobs == ()
    assert result.notes == ()


def test_layers_merge_as_in_snakemake(folder: Path) -> None:
    from snakemake.utils import update_config

    low = {"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": {"f": 1}}
    high = {"a": {"c": [3]}, "d": {"g": 2}, "e": None}
    merged = merge(low, high)
    update_config(low, high)
    assert merged == low == {"a": {"b": 1, "c": [3]}, "d": {"g": 2}, "e": None}
    Path("top.yaml").write_text("libraries: {mine: {fragments: keep}}\nmemory: {cap_mb: 2000}\n")
    result = config("libraries: {mine: {class: lipid, path: phenols.smi}}\nmemory: {cap_mb: 9000}", "top.yaml")
    assert result.libraries["mine"].reading.fragments == "keep"
    assert result.cap_mb == 2000


# ---- slips in the configuration ----------------------------------------------------------------------------------

SLIPS = {
    "unknown key": (MINE + "memroy: {}", 2, "memroy", "did you mean 'memory'?"),
    "misspelt required key": ("libraries:\n  a: {klass: lipid, k: 1}", 2, "libraries.a.klass", "did you mean 'class'?"),
    "unknown class": ("libraries:\n  a: {class: lipds, k: 1}", 2, "libraries.a.class", "did you mean 'lipid'?"),
    "unknown class of parents": ("parents:\n  lipids: x\nlibraries: {a: {class: lipid, k: 1}}", 2, "parents.lipids",
                                 "did you mean 'lipid'?"),
    "no class": ("libraries:\n  a: {k: 1}", 2, "libraries.a", "add parents: NAME"),
    "k too high": ("libraries:\n  a: {class: lipid, k: 5}", 2, "libraries.a.k", "a whole number from 0 to 4"),
    "k as text": ("libraries:\n  a: {class: lipid, k: '1'}", 2, "libraries.a.k", "remove the quotes: 1"),
    "k and path": ("libraries:\n  a:\n    class: lipid\n    k: 1\n    path: x", 4, "libraries.a.k and my.yaml, line 5",
                   "exactly one of k, path"),
    "neither k nor path": ("libraries:\n  a: {class: lipid}", 2, "libraries.a", "add k (How many"),
    "column of a built library": ("libraries:\n  a: {class: lipid, k: 1, id_column: x}", 2, "libraries.a.id_column",
                                  "remove id_column, or add path"),
    "unsafe name": ("libraries:\n  a/b: {class: lipid, k: 1}", 2, "libraries.a/b", "letters, digits"),
    "name that climbs": ("libraries:\n  a..b: {class: lipid, k: 1}", 2, "libraries.a..b", "no '..'"),
    "name with a line feed": ('libraries:\n  "a\\n": {class: lipid, k: 1}', 2, "libraries.a", "letters, digits"),
    "name too long": (f"libraries:\n  {'a' * 101}: {{class: lipid, k: 1}}", 2, "libraries.aaa", "at most 100"),
    "name that YAML takes for a boolean": ("libraries:\n  no: {class: lipid, k: 1}", 2, "libraries.no",
                                           'put it in quotes: "no"'),
    "name that YAML takes for a number": ("libraries:\n  1: {class: lipid, k: 1}", 2, "libraries.1",
                                          'put it in quotes: "1"'),
    "empty library": ("libraries:\n  a:", 2, "libraries.a", "give a value, or remove the key"),
    "text for a library": ("libraries:\n  a: lipid", 2, "libraries.a", "a mapping (key: value)"),
    "no library": ("libraries: {}", 1, "libraries", "at least one entry"),
    "names of case only": ("libraries:\n  a: {class: lipid, path: phenols.smi}\n  A: {class: lipid, path: phenols.smi}",
                           2, "libraries.a and my.yaml, line 3: libraries.A", "differ in case only"),
    "no parents": ("libraries:\n  a: {class: lipid, k: 1}", 2, "libraries.a", "parents.lipid is not set"),
    "parents not there": ("parents:\n  lipid: phenol.smi\nlibraries: {a: {class: lipid, k: 1}}", 2, "parents.lipid",
                          "did you mean 'phenols.smi'?"),
    "library not there": ("libraries:\n  a: {class: lipid, path: phenol.smi}", 2, "libraries.a.path",
                          "did you mean 'phenols.smi'?"),
    "object whose key would change": ("libraries:\n  a: {class: lipid, path: 's3://b/a//k.csv'}", 2, "libraries.a.path",
                                      "no part between slashes is empty"),
    "class without a rule": ("parents: {other: phenols.smi}\nlibraries:\n  a: {class: other, k: 1}", 3, "libraries.a",
                             "add other to the scope_classes of a rule"),
    "unknown library": (MINE + "select:\n  libraries: [mine, mien]", 3,
                        "select.libraries[entry 2]", "did you mean 'mine'?"),
    "unknown transform": (MINE + "select:\n  transforms: [COOH_COMe]", 3,
                          "select.transforms[entry 1]", "allowed: all, PHENOL_OMe, COOH_COOMe"),
    "no list": (MINE + "select: {libraries: mine}", 2, "select.libraries",
                "write a list: [mine]"),
    "nothing selected": (MINE + "select: {libraries: []}", 2, "select.libraries",
                         "at least one entry"),
    "memory with a unit": (MINE + "memory: {cap_mb: 32GB}", 2, "memory.cap_mb",
                           "a whole number of at least 1000"),
    "minutes as text": (MINE + "chunk: {minutes: soon}", 2, "chunk.minutes", "a number above 0 or null"),
    "no minutes": (MINE + "chunk: {minutes: 0}", 2, "chunk.minutes", "a number above 0 or null"),
    "text for true": (MINE + "exports: {x: {library: all, parents: please}}", 2, "exports.x.parents", "true or false"),
    "chunk of nothing": (MINE + "chunk: {products: 0}", 2, "chunk.products",
                         "a whole number of at least 1"),
    "descriptor twice": (MINE + "descriptors: [mw, mw]", 2, "descriptors", "each entry once"),
    "unknown descriptor": (MINE + "descriptors:\n- tspa", 3, "descriptors[entry 1]",
                           "did you mean 'tpsa'?"),
    "inchikey not computed": (MINE + "dedup: {key: inchikey}", 2, "dedup.key",
                              "set identifiers: [inchikey]"),
    "no transforms file": (MINE + "transforms: transform.yaml", 2,
                           "transforms", "did you mean 'transforms.yaml'?"),
    "one bound of two": (MINE + "within: {mw: [500]}", 2, "within.mw", "allowed: [low, high], either of them null"),
    "a number for bounds": (MINE + "within: {mw: 500}", 2, "within.mw", "fix:     give an allowed value."),
    "three bounds": (MINE + "within: {mw: [1, 2, 3]}", 2, "within.mw", "allowed: [low, high], either of them null"),
    "bounds turned round": (MINE + "within: {mw: [500, 100]}", 2, "within.mw", "turn them round"),
    "bound that is no number": (MINE + "within: {mw: [.nan, 100]}", 2, "within.mw", "give numbers, or null"),
    "rank of all": (MINE + "rank: [activated_by_oxygen]", 2, "rank", "the entry of a transform or a halogenation rule"),
    "bound of an export that is no number": (MINE + "exports:\n  x: {library: all, format: csv, mw: [1, .nan]}", 3,
                                             "exports.x", "give the lower bound first"),
    "condition that is no SQL": (MINE + "exports:\n  x: {library: mine, molecules: true, format: csv, where: mw <}", 3,
                                 "exports.x (where)", "DuckDB does not take this condition"),
    "products of no job": (MINE + "select: {transforms: []}\nexports: {x: {library: mine, format: csv}}", 3,
                           "exports.x", "allowed: no products at all"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "hint"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_answered_with_place_and_way_out(folder: Path, text: str, line: int, key: str, hint: str) -> None:
    message = complaint(config, text)
    assert not message.startswith("2 problems"), message
    assert f"where:   my.yaml, line {line}: {key}" in message
    assert hint in message
    assert "allowed: " in message


def test_the_message_holds_the_value(folder: Path) -> None:
    assert complaint(config, "libraries:\n  a: {class: lipds, k: 1}").splitlines() == [
        "nothing else speaks of a class 'lipds', which is nearly 'lipid'",
        "  where:   my.yaml, line 2: libraries.a.class",
        "  found:   'lipds'",
        f"  allowed: {', '.join(CLASSES)}, or a word of your own",
        "  fix:     did you mean 'lipid'? A class of your own needs a name that differs more",
    ]


def test_all_problems_are_told_at_once_in_file_order(folder: Path) -> None:
    Path("transforms.yaml").write_text(METHYLATION.replace("COc1ccccc1C(=O)O", "Oc1ccccc1C(=O)OC"))
    message = complaint(config, "dedup: {key: inchikey}\nlibraries: {a: {class: lipid, path: no.smi}}")
    assert message.startswith("3 problems in the configuration:")
    assert (
        message.index("1. dedup.key") < message.index("2. example 2 of 'PHENOL_OMe'") < message.index("3. there is no")
    )
    message = complaint(
        config, "memory: {cap_mb: 1}\nlibraries:\n  a: {class: li pid, k: 1}\n  b: {class: lipid, k: 9}"
    )
    assert [f"line {n}:" in message for n in (1, 3, 4)] == [True] * 3
    assert message.index("line 1:") < message.index("line 3:") < message.index("line 4:")


def test_a_value_from_the_command_line_is_said_to_be(folder: Path) -> None:
    Path("my.yaml").write_text(MINE + "memory: {cap_mb: 9000}\n")
    raw = {
        "transforms": "transforms.yaml",
        "halogenation": "halogenation.yaml",
        "libraries": {"a": {"class": "lipid", "path": "phenols.smi"}},
        "memory": {"cap_mb": 10},
        "colour": "red",
    }
    message = complaint(load_config, raw, sources=[Path("my.yaml")], working_dir=folder)
    assert "command line (--config): memory.cap_mb" in message
    assert "command line (--config): colour" in message


def test_layers_that_merge_into_a_contradiction_name_both_files(folder: Path) -> None:
    Path("top.yaml").write_text("libraries:\n  mine: {path: phenols.smi}\n")
    message = complaint(config, "libraries: {mine: {class: polyphenol, k: 1}}", "top.yaml")
    assert "my.yaml, line 1: libraries.mine.k and top.yaml, line 2: libraries.mine.path" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", ["my.yaml, line 3", "'c: 3'", "not valid YAML"]),
        ("a:\n\tb: 1\n", ["my.yaml, line 2", "indent with spaces"]),
        ("a: [c:1]O>>[c:1]F\n", ["my.yaml, line 1", "put the SMIRKS in single quotes"]),
        ('a: "C/C=C\\F"\n', ["my.yaml, line 1", "write single quotes"]),
        ("memory: 1\nselect: 2\nmemory: 3\n", ["my.yaml, lines 1 and 3", "the key 'memory' is given twice"]),
        ("a: &x [*x]\n", ["my.yaml, line 1", "refers to what contains it"]),
        ("- a\n", ["my.yaml is not a configuration"]),
        ("a: 2024-99-99\n", ["my.yaml", "cannot read"]),
    ],
    ids=["syntax", "tab", "no quotes", "backslash", "duplicate key", "recursion", "a list", "impossible date"],
)
def test_broken_yaml(folder: Path, text: str, expected: list[str]) -> None:
    message = complaint(config, text)
    assert all(part in message for part in expected), message


def test_files_that_are_no_text(folder: Path) -> None:
    Path("my.yaml").write_bytes(b"a: 1\nb: \xff\n")
    options = {"working_dir": folder}
    message = complaint(read_config, [Path("my.yaml")], **options)
    assert "my.yaml, line 2" in message
    assert "UTF-8" in message
    assert "cannot be read: No such file" in complaint(read_config, [Path("gone.yaml")], **options)


def test_a_library_that_cannot_be_read_is_told_with_its_key(folder: Path) -> None:
    Path("cut.parquet").write_bytes(b"PAR1 and no footer")
    Path("noname.csv").write_text("structure_text,weight\nabc,1\n")
    message = complaint(
        config,
        "libraries:\n  cut: {class: lipid, path: cut.parquet}\n  bare: {class: lipid, path: noname.csv}",
    )
    assert message.startswith("2 problems")
    assert "my.yaml, line 2: libraries.cut.path" in message
    assert "my.yaml, line 3: libraries.bare.path" in message
    assert "weight" in message


# ---- transforms and halogenation rules ---------------------------------------------------------------------------

CHEMISTRY = {
    "does not parse": (("[c:1][OX2H:2]>>", "[c:1[OX2H:2]>>"), 6, "smirks", "parse: Problems constructing reactant"),
    "two reactants": (("[c:1][OX2H:2]>>", "[c:1][OX2H:2].[N:3]>>"), 6, "smirks", "has 2 reactants"),
    "a group": (("[c:1][OX2H:2]>>", "[c:1][OX2H:2].[N:3]>>"), 6, "smirks", "write them in parentheses"),
    "two products": (("[O:2]C", "[O:2].C"), 6, "smirks", "2 products"),
    "each or largest": (("[O:2]C", "[O:2].C"), 6, "smirks", "add products: largest to the entry"),
    "no product": (("[c:1][O:2]C", ""), 6, "smirks", "has no product"),
    "extension": (("[O:2]C", "[O:2]C |foo|"), 6, "smirks", "does not parse: failure parsing CXSMILES extensions"),
    "empty parentheses": (("[c:1][OX2H:2]>>", "([c:1][OX2H:2]>>"), 6, "smirks", "does not parse"),
    "nothing stays": (("[c:1][OX2H:2]>>[c:1][O:2]C", "[c][OX2H]>>CO"), 6, "smirks", "no map number"),
    "map number twice": (("[c:1][OX2H:2]>>", "[c:1][OX2H:1]>>"), 6, "smirks", "map number 1 twice in the reactant"),
    "other product": (("[COc1ccccc1]", "[CCOc1ccccc1]"), 8, "examples[entry 1]", "not listed: COc1ccccc1"),
    "product forgotten": (("Oc1ccccc1C(=O)O, products", "Oc1ccccc1CO.Oc1ccncc1, products"), 9, "examples[entry 2]",
                          "example 2 of 'PHENOL_OMe' gives other products"),
    "no match": (("reactant: Oc1ccccc1,", "reactant: CCO,"), 8, "examples[entry 1]", "does not match the reactant"),
    "reactant is no SMILES": (("reactant: Oc1ccccc1,", "reactant: Oc1cccc,"), 8, "examples[entry 1]", "'Oc1cccc'"),
    "product has five bonds": (("[COc1ccccc1]", "[CO(C)c1ccccc1]"), 8, "examples[entry 1]", "Explicit valence"),
    "SMIRKS makes five bonds": (("[O:2]C", "[O:2](C)C"), 8, "examples[entry 1]", "cannot sanitize: Explicit valence"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "line", "key", "hint"), CHEMISTRY.values(), ids=CHEMISTRY)
def test_chemistry_that_does_not_hold(
    folder: Path, change: tuple[str, str], line: int, key: str, hint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert change[0] in METHYLATION
    Path("t.yaml").write_text(METHYLATION.replace(*change, 1 if "[O:2]" not in change[0] else -1))
    message = complaint(load_transforms, Path("t.yaml"))
    assert f"t.yaml, line {line}: transforms[PHENOL_OMe].{key}" in message
    assert "'PHENOL_OMe'" in message
    assert hint in message
    assert capfd.readouterr() == ("", ""), "RDKit's own log must not add to the message"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: PHENOL_OMe", "name: ../x", ["t.yaml, line 2: transforms[../x].name", "letters, digits", "'../x'"]),
        ("name: PHENOL_OMe", "name: on", ["t.yaml, line 2", "YAML reads on as true or false", '"on"']),
        ("name: PHENOL_OMe", "name: 12", ["t.yaml, line 2", "YAML reads 12 as a number", '"12"']),
        (
            "[polyphenol, terpenoid]",
            "polyphenol",
            ["transforms[PHENOL_OMe].scope_classes", "write a list: [polyphenol]"],
        ),
        ("[polyphenol, terpenoid]", "[]", ["transforms[PHENOL_OMe].scope_classes", "at least one entry"]),
        ("[polyphenol, terpenoid]", "[a phenol]", ["scope_classes[entry 1]", "or a word of your own"]),
        ("smirks:", "smarts:", ["t.yaml, line 6: transforms[PHENOL_OMe].smarts", "did you mean 'smirks'?"]),
        ("family: phenol_mod", "max_sites: 0", ["transforms[PHENOL_OMe].max_sites is out of range"]),
        ("- name: PHENOL_OMe\n    label", "- label", ["t.yaml, line 2: transforms[entry 1]", "lacks name", "add name"]),
        ("reactant: Oc1ccccc1,", "reactant: Oc1ccccc1, x: 1,", ["examples[entry 1].x", "allowed: reactant, products"]),
    ],
)
def test_transforms_that_break_the_schema(folder: Path, old: str, new: str, expected: list[str]) -> None:
    Path("t.yaml").write_text(METHYLATION.replace(old, new, 1))
    message = complaint(load_transforms, Path("t.yaml"))
    assert all(part in message for part in expected), message


@pytest.mark.parametrize(("name", "what"), [("PHENOL_OMe", "is given twice"), ("Phenol_OMe", "in case only")])
def test_transforms_of_one_name(folder: Path, name: str, what: str) -> None:
    Path("t.yaml").write_text(METHYLATION + ESTER.replace("COOH_COOMe", name))
    message = complaint(load_transforms, Path("t.yaml"))
    assert what in message
    assert f"t.yaml, line 2: transforms[PHENOL_OMe].name and t.yaml, line 10: transforms[{name}].name" in message


def test_an_example_may_say_that_nothing_happens(folder: Path) -> None:
    Path("t.yaml").write_text(METHYLATION + "      - {reactant: CCO, products: []}\n")
    (transform,) = load_transforms(Path("t.yaml")).values()
    assert transform.examples[2].products == ()
    assert transform.max_sites is None


def test_examples_compare_molecules_not_spellings(folder: Path) -> None:
    lines = "      - {reactant: 'C[C@H](N)c1ccc(O)cc1O', products: ['c1c(OC)cc(O)c([C@@H](N)C)c1', '%s']}\n"
    Path("t.yaml").write_text(METHYLATION + lines % "C[C@H](N)c1ccc(O)cc1OC")
    load_transforms(Path("t.yaml"))
    Path("t.yaml").write_text(METHYLATION + lines % "C[C@@H](N)c1ccc(O)cc1OC")
    assert "missing: COc1cc(O)ccc1[C@@H](C)N" in complaint(load_transforms, Path("t.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[c:1]{X}", "[c:1]F", ["h.yaml, line 6: rules[aromatic_ch].smirks", "{X} in the halogen's place"]),
        ("[c:1]{X}", "[c:1]{X}.C", ["h.yaml, line 6", "'aromatic_ch:F' has 2 products", "with {X} alone"]),
        ("[c:1]{X}", "[c:1]({X})=[O]", ["h.yaml, line 8", "'aromatic_ch:F'"]),
        ("{X}c1", "Clc1", ["h.yaml, line 8: rules[aromatic_ch].examples[entry 1]", "example 1 of 'aromatic_ch:F'"]),
        ("[F, Cl]", "[F, Cl, At]", ["h.yaml, line 1: halogens[entry 3]", "allowed: F, Cl, Br, I"]),
        ("rules:", "rule:", ["h.yaml, line 2: rule", "did you mean 'rules'?"]),
        ("halogens: [F, Cl]", "", ["h.yaml", "lacks halogens"]),
    ],
)
def test_halogenation_that_does_not_hold(folder: Path, old: str, new: str, expected: list[str]) -> None:
    Path("h.yaml").write_text(HALOGENATION.replace(old, new, 1))
    message = complaint(load_halogenation, Path("h.yaml"))
    assert "problems" not in message
    assert all(part in message for part in expected), message


@pytest.mark.parametrize(
    ("smirks", "expected"),
    [
        ("[c:1][OX2:2][CH3:3]>>[c:1][O:2].[C:3]", {"largest": ["Oc1ccccc1"], "each": ["Oc1ccccc1", "C"]}),
        (
            "[c:1][OX2:2][CH3:3]>BrB(Br)Br.ClCCl>[c:1][O:2].[C:3]Br",
            {"largest": ["Oc1ccccc1"], "each": ["Oc1ccccc1", "CBr"]},
        ),
        ("([c:1][OX2:2][CH3:3])>>([c:1][O:2].[C:3])", {None: ["Oc1ccccc1.C"], "largest": ["Oc1ccccc1"]}),
    ],
)
def test_a_transform_may_make_several_molecules(
    folder: Path, smirks: str, expected: dict[str | None, list[str]]
) -> None:
    for products, found in expected.items():
        entry = {"name": "CUT", "smirks": smirks, "examples": [{"reactant": "COc1ccccc1", "products": found}]}
        entry |= {"products": products} if products else {}
        Path("t.yaml").write_text(yaml.safe_dump({"transforms": [entry]}))
        (cut,) = load_transforms(Path("t.yaml")).values()
        assert cut.products == products
        assert Transform("CUT", smirks).fingerprint != cut.fingerprint or not products
        entry["products"] = "all"
        Path("t.yaml").write_text(yaml.safe_dump({"transforms": [entry]}))
        assert "allowed: largest, each" in complaint(load_transforms, Path("t.yaml"))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("version", "remove it: a file needs no version"),
        ("code", "write its value under name"),
        ("legacy_rule_id", "write it into description"),
        ("query_smarts", "left of >>"),
    ],
)
def test_keys_of_an_earlier_halogenator_are_told_what_became_of_them(folder: Path, key: str, expected: str) -> None:
    Path("t.yaml").write_text(METHYLATION.replace("smirks:", f"{key}: R1\n    smirks:", 1))
    message = complaint(load_transforms, Path("t.yaml"))
    assert f"t.yaml, line 6: transforms[PHENOL_OMe].{key}" in message
    assert expected in message


def test_a_halogenation_rule_needs_a_name_and_a_smirks(folder: Path) -> None:
    Path("h.yaml").write_text('halogens: [F]\nrules:\n  - {name: own, smirks: "[cH:1]>>[c:1]{X}"}\n')
    (rule,) = load_halogenation(Path("h.yaml")).rules
    assert (rule.label, rule.scope_classes, rule.examples) == ("own", (), ())
    assert [transform.smirks for transform in rule.transforms(("F",))] == ["[cH:1]>>[c:1]F"]


def test_a_transform_may_be_one_line(folder: Path) -> None:
    Path("t.yaml").write_text('transforms:\n  - {name: ETHER, smirks: "[c:1][OX2H:2]>>[c:1][O:2]CC"}\n')
    (ether,) = load_transforms(Path("t.yaml")).values()
    assert (ether.label, ether.family, ether.scope_classes, ether.examples) == ("ETHER", "own", (), ())


def test_transforms_of_several_files_are_one_list(folder: Path) -> None:
    Path("mine.yaml").write_text("transforms:\n" + ESTER.replace("COOH_COOMe", "MINE"))
    result = config(MINE + "transforms: [transforms.yaml, mine.yaml]")
    assert list(result.transforms) == ["PHENOL_OMe", "COOH_COOMe", "MINE"]
    assert result.transforms_paths == (folder / "transforms.yaml", folder / "mine.yaml")
    assert result.jobs == (("mine", "COOH_COOMe"), ("mine", "MINE"))


def test_a_slip_in_one_of_several_files_is_told_with_its_file(folder: Path) -> None:
    Path("mine.yaml").write_text("transforms:\n" + ESTER.replace("[O:3]C", "[O:3](C)C"))
    message = complaint(config, MINE + "transforms: [transforms.yaml, mine.yaml]")
    assert "transforms.yaml, line 10: transforms[COOH_COOMe].name and mine.yaml, line 2" in message
    assert "mine.yaml, line 8: transforms[COOH_COOMe].examples[entry 1]" in message
    message = complaint(config, MINE + "transforms: [transforms.yaml, mien.yaml]")
    assert "my.yaml, line 2: transforms[entry 2]" in message and "did you mean 'mine.yaml'?" in message
    assert "lists something twice" in complaint(config, MINE + "transforms: [mine.yaml, mine.yaml]")
    assert "at least one entry" in complaint(config, MINE + "transforms: []")


def test_an_empty_file_is_no_transforms_file(folder: Path) -> None:
    Path("t.yaml").write_text("# nothing yet\n")
    assert "t.yaml" in complaint(load_transforms, Path("t.yaml"))


# ---- the schemas and the shipped files ---------------------------------------------------------------------------

SCHEMA_NAMES = ("config", "transforms", "halogenation")


def nodes(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each schema within a schema that describes a value."""
    yield path, schema
    for container in ("properties", "patternProperties", "$defs"):
        for key, sub in schema.get(container, {}).items():
            yield from nodes(sub, f"{path}/{key}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}/[]")


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_schemas_are_strict_and_described(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    for path, node in nodes(schema, name):
        if node.get("type") == "object":
            assert node.get("additionalProperties") is False, path
        assert "$ref" in node or node["description"].endswith("."), path
    for key, field in load_schema("config")["properties"].items():
        assert "default" in field or key == "libraries"


def test_schemas_know_the_words_of_the_model() -> None:
    assert load_schema("config")["$defs"]["class"]["title"].startswith(", ".join(CLASSES))
    for name, entry in (("transforms", "transform"), ("halogenation", "rule")):
        fields = load_schema(name)["$defs"][entry]["properties"]
        assert fields["scope_classes"]["items"]["title"] == load_schema("config")["$defs"]["class"]["title"]
    assert load_schema("halogenation")["properties"]["halogens"]["items"]["enum"] == list(HALOGENS)


def test_config_defaults_are_those_of_the_shipped_file() -> None:
    """Two files state the defaults, one for the chemist and one for layered files without them: they must agree."""
    shipped = yaml.safe_load((SHIPPED / "config.yaml").read_text(encoding="utf-8"))
    only_shipped = {"libraries", "parents"}
    from halogenator.config.validation import with_defaults

    assert set(shipped) == set(load_schema("config")["properties"])
    for key, value in with_defaults({"libraries": {}}, "config").items():
        assert key in only_shipped or value == shipped[key], key


def test_the_shipped_configuration_holds() -> None:
    shipped = read_config([SHIPPED / "config.yaml"], working_dir=REPOSITORY)
    jobs = Counter(shipped.libraries[library].class_name for library, _ in shipped.jobs)
    assert len(shipped.transforms) == 19
    assert all(len(transform.examples) >= 2 and transform.label for transform in shipped.transforms.values())
    assert jobs == {"polyphenol": 32, "terpenoid": 20, "alkaloid": 24, "lipid": 12, "aa_peptide": 30}
    assert len(shipped.jobs) == 118
    assert [library.name for library in shipped.libraries.values() if not library.implicit] == [
        f"{name}-{k}X" for name in CLASSES for k in (1, 2)
    ]
