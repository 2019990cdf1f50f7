"""The verb ``apply``: one library through one transform, without a workflow."""

from __future__ import annotations

import argparse
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

from halogenator.chemistry.descriptors import DESCRIPTORS
from halogenator.cli.options import SHIPPED_TRANSFORMS, add_verb, find_paths, names, positive
from halogenator.units import prepared_words

# Share of the machine's memory that all tasks together may declare without --memory-mb.
_SHARE = 0.75

_MORE = """\
what DIR then holds:
  products.parquet   the products, as a workflow makes them for this library and transform
  molecules.parquet  the molecules that parent_id and site refer to (not if FILE is such a file itself)
  rejects.parquet    input rows and products that cannot be used, each with its reason
  stats.json         counts, seconds and memory
After an interruption run the same command again: it goes on with what is there.

old names, still taken:
  --xf-config FILE   now --transforms
  --xf-name NAME     now --transform
  --batch-size N     not needed: memory is bounded whatever the size of a batch
  --target-memory P  now --memory-mb, in MB; P is percent of the machine's memory"""


class _Renamed(argparse.Action):
    """An option under its old name: its value goes to the new option, and a note names that."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, values)
        namespace.notes = [*namespace.notes, f"{option_string} is now --{self.dest.replace('_', '-')}"]


class _BatchSize(argparse.Action):
    """An option of the old pipeline, rows per flush, that does nothing any more but add a note."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        note = f"{option_string} is not needed any more and does nothing: memory is bounded whatever it is"
        namespace.notes = [*namespace.notes, note]


class _TargetMemory(argparse.Action):
    """An option of the old pipeline: percent of the machine's memory that all of its processes may use together.

    It becomes ``--memory-mb``, which bounds this program alone.
    """

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        from halogenator.process.machine import machine_mb

        namespace.memory_mb = int(machine_mb() * values / 100)
        note = f"{option_string} is now --memory-mb, a bound: {values:g} % of this machine is {namespace.memory_mb} MB"
        namespace.notes = [*namespace.notes, note]


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "apply",
        _apply,
        "apply one transform to one library file, without a workflow",
        "apply --input configs/parents/polyphenol.smi --outdir out --transform FG_PHENOL_OH__OH__TO__OMe",
        usage="apply --input FILE --outdir DIR --transform NAME [options]",
        more=_MORE,
    )
    _add_main_options(parser)
    _add_input_options(parser)
    _add_column_options(parser)
    hidden = argparse.SUPPRESS
    parser.add_argument("--xf-config", dest="transforms", type=lambda text: [Path(text)], action=_Renamed, help=hidden)
    parser.add_argument("--xf-name", dest="transform", action=_Renamed, help=hidden)
    parser.add_argument("--batch-size", type=int, action=_BatchSize, help=hidden)
    parser.add_argument("--target-memory", type=_percent, action=_TargetMemory, help=hidden)
    parser.set_defaults(notes=[], transforms=[SHIPPED_TRANSFORMS])


def _add_main_options(parser: argparse.ArgumentParser) -> None:
    text = (
        "the library, of one file or several: .parquet, .csv, .tsv, .txt, .smi, .cxsmiles, .sdf, .mol or .xlsx, the "
        "text ones also with .gz, .bz2, .xz, .zst or .zip; a folder of Parquet files; or a workflow's molecules.parquet"
    )
    parser.add_argument("--input", type=Path, nargs="+", required=True, metavar="FILE", help=text)
    parser.add_argument("--outdir", type=Path, required=True, metavar="DIR", help="folder for the results")
    text = "the transform's name, as python -m halogenator transforms lists it"
    parser.add_argument("--transform", metavar="NAME", help=text)
    parser.add_argument(
        "--transforms",
        type=Path,
        nargs="+",
        metavar="FILE",
        help=f"YAML files that the transform is in (default: {SHIPPED_TRANSFORMS})",
    )
    text = "tasks at a time (default: one a core); fewer, where their memory does not suffice"
    parser.add_argument("--workers", type=positive, metavar="N", help=text)
    text = (
        "MB of 10^6 bytes that all tasks together may use, beside some 100 MB for starting them "
        f"(default: {100 * _SHARE:.0f} %% of the machine's memory); a worker takes 500"
    )
    parser.add_argument("--memory-mb", type=positive, metavar="MB", help=text)
    text = "products a task (default: 500000, or fewer so that all workers have something to do)"
    parser.add_argument("--chunk-products", type=positive, metavar="N", help=text)


def _add_input_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how the input is read")
    group.add_argument("--smiles-column", metavar="NAME", help="column of the SMILES (default: found by name)")
    group.add_argument("--id-column", metavar="NAME", help="column of the identifier (default: found by name)")
    text = "other columns that come along: all, none or names (default: %(default)s)"
    group.add_argument("--columns", type=_columns, default="all", metavar="A,B,…", help=text)
    group.add_argument("--encoding", metavar="NAME", help="of a text file (default: found out)")
    text = "of a salt or mixture keep the compound, or keep all of it (default: %(default)s)"
    group.add_argument("--fragments", choices=("largest", "keep"), default="largest", help=text)
    text = "take charges away that protons account for, or keep them (default: %(default)s)"
    group.add_argument("--charges", choices=("neutralize", "keep"), default="neutralize", help=text)
    text = "keep the tautomer as it is, or take RDKit's canonical one (default: %(default)s)"
    group.add_argument("--tautomers", choices=("keep", "canonical"), default="keep", help=text)
    text = "name of the library, which ids of rows without one begin with (default: that of the file)"
    group.add_argument("--library", metavar="NAME", help=text)
    text = "class of the library, for the record only: the transform is applied whatever its scope (default: other)"
    group.add_argument("--class", dest="class_name", default="other", metavar="CLASS", help=text)


def _add_column_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is computed")
    text = f"columns of descriptors (default: {','.join(DESCRIPTORS)})"
    group.add_argument("--descriptors", type=_descriptors, default=tuple(DESCRIPTORS), metavar="mw,tpsa,…", help=text)
    group.add_argument("--inchikey", action="store_true", help="add the standard InChIKey, some 0.5 ms a product")
    text = "what makes two products the same (default: %(default)s); inchikey needs --inchikey"
    group.add_argument("--key", choices=("smiles", "inchikey"), default="smiles", help=text)


def _apply(options: argparse.Namespace) -> None:
    _check_usage(options)
    for note in options.notes:
        print(f"halogenator: note: {note}", file=sys.stderr)

    from halogenator.config import find_transform, load_transforms
    from halogenator.inputs.files import find_files
    from halogenator.model import Library, Reading
    from halogenator.process.machine import machine_cores, machine_mb
    from halogenator.process.progress import on_stderr
    from halogenator.tasks.apply import Request, apply_transform, library_name

    paths = find_paths(options.transforms)
    transform = find_transform(options.transform, load_transforms(*paths), ", ".join(map(str, paths)))
    # Folders are resolved, but a file that is a link keeps its own name, of which the library's is made.
    given = [path.absolute().parent.resolve() / path.name for path in options.input]
    sources = tuple(file for path in given for file in find_files(path))
    options.library = options.library or library_name(sources[0] if len(sources) == 1 else given[0])
    reading = Reading(**{field.name: getattr(options, field.name) for field in fields(Reading)})
    request = Request(
        library=Library(options.library, options.class_name, paths=sources, given=tuple(given), reading=reading),
        transform=transform,
        outdir=options.outdir,
        descriptors=options.descriptors,
        inchikey=options.inchikey,
        key=options.key,
        workers=options.workers or machine_cores(),
        memory_mb=options.memory_mb or int(_SHARE * machine_mb()),
        chunk_products=options.chunk_products,
    )
    with _stopping_on_sigterm(), on_stderr() as progress, _errors_name_options():
        stats = apply_transform(request, progress)
    for line in _summary(stats, options.outdir):
        print(line)


def _check_usage(options: argparse.Namespace) -> None:
    """End with status 2 where options do not go together."""
    from halogenator.config.class_words import near_class
    from halogenator.model import CLASSES

    if not options.transform:
        options.parser.error("the following arguments are required: --transform")
    if options.key == "inchikey" and not options.inchikey:
        options.parser.error("--key inchikey needs --inchikey")
    name = options.class_name
    if name not in CLASSES and (near_class(name, CLASSES) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)):
        choices = ", ".join(map(repr, CLASSES))
        options.parser.error(f"argument --class: invalid choice: '{name}' (choose from {choices})")


def _summary(stats: dict[str, Any], outdir: Path) -> Iterator[str]:
    read = stats["input"]
    if read:
        yield (
            f"library:   {read['rows_in']:,} rows, {read['molecules']:,} molecules, "
            f"{read['rejects']:,} rejects ({read['duplicates']:,} of them duplicates)"
        )
        yield f"read:      {prepared_words(read)}"
    yield f"matched:   {stats['rows_matched']:,} of {stats['rows_in']:,} molecules"
    yield (
        f"products:  {stats['products']:,}, {stats['duplicates']:,} duplicates removed, {stats['rejects']:,} refused"
    )
    yield f"results:   {outdir / 'products.parquet'}"


@contextmanager
def _stopping_on_sigterm() -> Iterator[None]:
    """Raise an exception on SIGTERM while the block runs, so that its tasks end before this process does."""

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _errors_name_options() -> Iterator[None]:
    """Name this verb's options in user errors of the block, which name the configuration keys of the same meaning."""
    from halogenator.errors import UserError

    try:
        yield
    except UserError as error:
        for part in ("what", "allowed", "fix"):
            text = getattr(error, part)
            if isinstance(text, str):
                setattr(error, part, as_options(text))
        raise


def as_options(text: str) -> str:
    """Return a text with configuration keys replaced by options: ``smiles_column: X`` by ``--smiles-column X``."""

    def option(found: re.Match[str]) -> str:
        value = found["value"] or ""
        shown = value if not value or value.startswith(("<", "…", "...")) else shlex.quote(value)
        return f"--{found['key'].replace('_', '-')}{' ' if shown else ''}{shown}"

    keys = "smiles_column|id_column"
    said = re.sub(rf"(?<![\w-])(?P<key>{keys})(?:: (?P<value><[^>]*>|[^,;)\s]+(?: [^,;)\s]+)*))?", option, text)
    return re.sub(r"(?<![\w-])(?P<key>columns|encoding|fragments|charges|tautomers): (?P<value>[\w…-]+)", option, said)


def _percent(text: str) -> float:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = 0
    if not 1 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 1 to 100")
    return value


def _columns(text: str) -> str | tuple[str, ...]:
    return text if text in ("all", "none") else names(text)


def _descriptors(text: str) -> tuple[str, ...]:
    chosen = names(text)
    unknown = [name for name in chosen if name not in DESCRIPTORS]
    if unknown:
        raise argparse.ArgumentTypeError(f"invalid choice: '{unknown[0]}' (choose from {', '.join(DESCRIPTORS)})")
    return chosen
