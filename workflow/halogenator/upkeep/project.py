"""A project: a folder with a configuration to edit and a Snakefile, in which ``snakemake`` runs as in a checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from halogenator import shipped
from halogenator.errors import UserError
from halogenator.process.failures import writing
from halogenator.tables.parquet import whole_or_absent

SNAKEFILE = f"""\
# Makes what configs/config.yaml says. Rules of your own can stand below.
{shipped.INCLUDED}
include: SNAKEFILE
rule project:
    input: rules.all.input
"""
_IGNORED = """\
/.snakemake/
/.venv*/
/results/
"""
_README = """\
# {name}

A project for Halogenator: halogenated natural products, and what transforms make of them.

| file | holds |
|---|---|
| `configs/config.yaml` | what to make: libraries, transforms, what is left out, columns, memory, exports |
| `configs/transforms.yaml`, `configs/halogenation.yaml`, `configs/patterns.yaml` | the chemistry that it names |
| `configs/parents/` | natural products that libraries are built from |
| `profiles/` | how and where tasks run; `profiles/default/` is used without being named |
| `results/` | what runs make |

```sh
halogenator check            # is the configuration right?
halogenator preview          # what would be made, in seconds
snakemake --cores all -n     # what would run
snakemake --cores all        # run; after an interruption the same again
halogenator browse           # look at the results
```
"""


def make_project(folder: Path) -> list[Path]:
    """Write a project's files into a folder, which is made if necessary, and return their paths.

    Raises:
        UserError: a file of the same name is there; then nothing is written.
    """
    files = {folder / path: text for path, text in _files(folder.absolute().name)}
    taken = [path for path in files if path.exists() or path.is_symlink()]
    if taken:
        raise UserError(
            "there is something already where the project's files would be, and nothing was written",
            where=folder.absolute(),
            value=", ".join(str(path.relative_to(folder)) for path in taken[:5]) + (" …" if len(taken) > 5 else ""),
            allowed="a new folder, or one that has none of these files",
            fix="name another folder, or move these files away",
        )
    for path, text in files.items():
        with whole_or_absent(path) as temporary, writing(path):
            temporary.write_text(text, encoding="utf-8")
    return list(files)


def _files(name: str) -> Iterator[tuple[Path, str]]:
    """Yield (path below the project, text) of each file."""
    yield Path("Snakefile"), SNAKEFILE
    yield Path("README.md"), _README.format(name=name)
    yield Path(".gitignore"), _IGNORED
    for folder in (shipped.CONFIGS, shipped.PROFILES):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield path.relative_to(shipped.ROOT), path.read_text(encoding="utf-8")
