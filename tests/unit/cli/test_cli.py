"""The command line: help that is instant and complete, slips answered, statuses as documented, completion in bash."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from halogenator.cli import build_parser
from halogenator.cli.options import EXIT_CODES
from helpers.samples import SAFETY_NET

REPOSITORY = Path(__file__).parents[3]
HEAVY = ("rdkit", "pyarrow", "duckdb", "numpy", "yaml", "rich", "snakemake", "psutil", "jsonschema", "shtab")
UNITS = r"default|seconds|MB|percent|count|number|rows|repeatable|process"


def verbs(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, verb in action.choices.items():
                yield f"{path}{name}", verb
                yield from verbs(verb, f"{path}{name} ")


VERBS = dict(verbs(build_parser()))


def run(*words: str, **how: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "halogenator", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=SAFETY_NET, **how)


def test_the_verbs_for_people_come_first() -> None:
    text = run("--help").stdout
    first, _, rest = text.partition("verbs of the workflow's rules")
    listed = re.findall(r"^    ([a-z-]+)(?: |$)", first, flags=re.MULTILINE)
    tasks = re.findall(r"^  ([a-z-]+)  ", rest.partition("\n\n")[0], flags=re.MULTILINE)
    assert listed[:5] == ["init", "run", "plan", "preview", "check"] and {"transforms", "apply", "completion"} <= set(
        listed
    )
    assert "merge-products" in tasks and "transform-chunk" in tasks
    assert {*listed, *tasks} == {name for name in VERBS if " " not in name}
    assert text.endswith(EXIT_CODES)


@pytest.mark.parametrize("name", VERBS)
def test_help_says_all(name: str) -> None:
    """Every option is explained, a number with its unit or default; an example, if any, is one that parses."""
    parser = VERBS[name]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        what = f"{name} {action.option_strings or action.dest}"
        assert action.help, what
        if action.default not in (None, [], (), False) and not callable(action.default) and action.option_strings:
            assert "default" in action.help, what
        if action.type in (int, float):
            assert re.search(UNITS, action.help + (action.metavar or "")), what
    helped = parser.format_help()
    assert helped.endswith(f"\n{EXIT_CODES}")
    kind = parser.get_default("kind")
    if kind and not kind.example:  # a rule or apply writes its command line
        return
    example = helped.rpartition("example:\n")[2].partition("\n\n")[0]
    words = shlex.split(example)
    words = words[: words.index(">>") if ">>" in words else None]
    assert words[:3] == ["python", "-m", "halogenator"]
    options, unknown = build_parser().parse_known_args(words[3:])
    assert (options.verb, unknown) == (name.split()[-1], [])


@pytest.mark.parametrize("words", [(), *(tuple(name.split()) for name in VERBS)], ids=" ".join)
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom halogenator.cli import main\ntry: main([*sys.argv[1:], '--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.stdout.startswith("usage:")
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["aply"], "did you mean 'apply'?"),
        (["query", "--rwos", "3", "SELECT 1"], "did you mean '--rows'?"),
        (["transforms", "chekc", "x.yaml"], "did you mean 'check'?"),
        (["completion", "bsh"], "did you mean 'bash'?"),
        (["export", "--out", "x.smi", "--request", "{}}"], "see: python -m halogenator export --help"),
        ([], "--help"),
    ],
)
def test_a_slip_on_the_command_line_is_answered(words: list[str], hint: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("halogenator: ")
    assert hint in done.stderr.rpartition("\n  fix:     ")[2]


def test_options_of_rules_take_no_short_form_from_those_of_people() -> None:
    assert build_parser().parse_args(["export", "--out", "x.smi", "--parent", "quercetin", "--coord"]).coordinates


def test_output_that_nobody_reads_is_no_error() -> None:
    line = f"{shlex.quote(sys.executable)} -m halogenator completion zsh | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "141")
    line = f"{shlex.quote(sys.executable)} -m halogenator transforms | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=SAFETY_NET)
    assert (done.stdout, done.stderr) == ("141\n", "")


# ---- completion --------------------------------------------------------------------------------------------------


def completed(folder: Path, *words: str) -> set[str]:
    """What bash offers in place of the last of some words."""
    script = (
        'source "$1"; shift\ncomplete -p halogenator >/dev/null || exit 9\nCOMP_WORDS=("$@")\n'
        'COMP_CWORD=$(($# - 1))\nCOMP_LINE="$*"\nCOMP_POINT=${#COMP_LINE}\nCOMP_TYPE=9\n'
        '_shtab_halogenator halogenator "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"\n'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    line = ["bash", "--norc", "-c", script, "bash", "completion.sh", "halogenator", *words]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=SAFETY_NET)
    assert done.returncode == 0, done.stderr
    return {line.strip() for line in done.stdout.splitlines() if line.strip()}


def test_bash_completes_verbs_options_and_files(tmp_path: Path) -> None:
    (tmp_path / "completion.sh").write_text(run("completion", "bash").stdout)
    (tmp_path / "phenols.smi").write_text("")
    (tmp_path / "phenol-results").mkdir()
    assert {"apply", "adopt"} <= completed(tmp_path, "a") <= {"apply", "adopt"}
    assert "merge-products" not in completed(tmp_path, "")
    assert {"--memory-mb"} == completed(tmp_path, "apply", "--mem")
    assert {"--transform", "--transforms"} == completed(tmp_path, "apply", "--transf")
    assert {"phenols.smi", "phenol-results"} == {
        name.rstrip("/") for name in completed(tmp_path, "apply", "--input", "phe")
    }
    assert {"phenol-results"} == {name.rstrip("/") for name in completed(tmp_path, "apply", "--outdir", "phe")}
    assert {"largest"} == completed(tmp_path, "apply", "--fragments", "la")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_a_script_for_every_shell(shell: str) -> None:
    done = run("completion", shell, env={**os.environ, "COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "halogenator" in done.stdout and "memory-mb" in done.stdout.replace("_", "-")
