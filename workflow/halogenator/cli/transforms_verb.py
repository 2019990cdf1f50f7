"""The verb ``transforms``: list and draw them; check a file of them and try it on molecules."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from halogenator import shipped
from halogenator.cli.drawings import add_draw, write_drawings
from halogenator.cli.options import SHIPPED_TRANSFORMS, add_verb, find_paths
from halogenator.errors import UserError

_CHECK = """\
check a file, and show what its transforms would do:
  python -m halogenator transforms check FILE … [--on SMILES …]"""
_ONE_LINE = """\
a transform in one line of my.yaml; label, family, scope_classes, examples, description and max_sites may be added:
  transforms:
    - {name: MY_ETHER, smirks: "[c:1][OX2H:2]>>[c:1][O:2]CC"}"""


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "transforms",
        _list,
        "list transforms, draw them, check a file of your own",
        "transforms --draw drawings",
        usage="transforms [--file FILE …] [--draw DIR] [check FILE … [--on SMILES …]]",
        more=_CHECK,
    )
    parser.add_argument(
        "--file",
        type=Path,
        nargs="+",
        default=[SHIPPED_TRANSFORMS],
        help=f"YAML files of transforms (default: {SHIPPED_TRANSFORMS})",
    )
    add_draw(parser)
    check = add_verb(
        parser.add_subparsers(metavar="check", prog="python -m halogenator transforms", help=argparse.SUPPRESS),
        "check",
        _check,
        "check a file of transforms, and show what each would do to molecules",
        "transforms check configs/transforms.yaml --on 'Oc1ccc(O)cc1'",
        more=_ONE_LINE,
    )
    check.add_argument("file", type=Path, nargs="+", help="YAML files of transforms, read as one list")
    check.add_argument(
        "--on",
        nargs="+",
        action="extend",
        default=[],
        metavar="SMILES",
        help="molecules to try each transform on (default: natural products with a site, where it has no examples)",
    )
    check.add_argument(
        "--strict",
        action="store_true",
        help="end with status 1 where there is a warning (default: only where a transform is refused)",
    )


def _list(options: argparse.Namespace) -> None:
    from halogenator.config import load_transforms

    transforms = load_transforms(*find_paths(options.file))
    for line in _table(transforms):
        print(line)
    if options.draw is not None:
        from halogenator.chemistry.sheets import draw_transform

        sheets = {name: partial(draw_transform, transform) for name, transform in transforms.items()}
        print(write_drawings("Transforms", sheets, options.draw))


def _table(transforms: Mapping[str, Any]) -> Iterator[str]:
    rows = [("name", "label", "family", "classes", "max_sites")]
    for transform in transforms.values():
        scope = ", ".join(transform.scope_classes) or "all"
        limit = "all" if transform.max_sites is None else str(transform.max_sites)
        rows.append((transform.name, transform.label, transform.family, scope, limit))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()


def _check(options: argparse.Namespace) -> None:
    from halogenator.authoring.advice import advise
    from halogenator.authoring.trials import find_examples, try_transforms
    from halogenator.config import sound_transforms
    from halogenator.errors import raise_all

    transforms, problems = sound_transforms(*find_paths(options.file))
    parents = shipped.parent_files()
    advice = {each.transform: each for each in advise(list(transforms.values()), options.on, parents)}
    warned = [name for name, each in advice.items() if each.warnings]
    print(f"{', '.join(map(str, options.file))}: {_summary(len(transforms), len(warned), len(problems))}")
    if options.on:
        trials = try_transforms(list(transforms.values()), options.on)
    else:
        without_examples = [transform for transform in transforms.values() if not transform.examples]
        trials = find_examples(without_examples, {name: each.matching for name, each in advice.items()})
    for name, transform in transforms.items():
        own = [trial for trial in trials if trial.transform == name]
        lines = list(_report(transform, own, advice[name]))
        if lines:
            print("", *lines, sep="\n")
    raise_all(problems)
    if options.strict and warned:
        raise UserError(
            f"{_count(len(warned), 'transform')} with warnings",
            where=", ".join(map(str, options.file)),
            value=warned,
            allowed="no warnings, as --strict was given",
            fix="mend what the warnings above say, or leave out --strict",
        )


def _summary(transforms: int, warned: int, problems: int) -> str:
    parts = [_count(transforms, "transform")]
    if problems:
        parts.append(f"besides {_count(problems, 'problem')}, told at the end")
    if warned:
        parts.append(f"{warned} with warnings")
    return ", ".join(parts if len(parts) > 1 else [*parts, "all well"])


def _report(transform: Any, trials: Sequence[Any], advice: Any) -> Iterator[str]:
    if trials or not transform.examples or advice.warnings or advice.notes:
        yield f"{transform.name}  {transform.smirks}"
    yield from (f"  warning: {text}" for text in advice.warnings)
    yield from (f"  note: {text}" for text in advice.notes)
    for trial in trials:
        yield f"  on {trial.given}"
        yield from (f"    {line}" for line in _outcome(transform, trial))
    if not transform.examples:
        yield from _examples_to_paste(trials)


def _outcome(transform: Any, trial: Any) -> Iterator[str]:
    if trial.smiles and trial.smiles != trial.given:
        yield f"read as {trial.smiles}"
    if trial.sites:
        limit = f", of which max_sites leaves {transform.max_sites}" if transform.max_sites else ""
        yield f"{_count(trial.sites, 'site')} match{limit}; {_count(len(trial.products), 'product')}"
    width = max((len(product.smiles) for product in trial.products), default=0)
    for product in trial.products:
        engine = "edit" if product.edited else "RunReactants"
        routes = "" if product.n_routes == 1 else f", {product.n_routes} equivalent sites"
        yield f"  {product.smiles:{width}}  at atom {product.site}{routes}, by {engine}"
    for problem in trial.problems:
        yield f"  refused: {problem}"
    if trial.reason:
        yield f"nothing: {trial.reason}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _examples_to_paste(trials: Sequence[Any]) -> Iterator[str]:
    """Yield YAML of the trials without problems, for the user to paste as the transform's examples.

    It has all products, also those that ``max_sites`` leaves out.
    """
    clean = [trial for trial in trials if trial.smiles and not trial.problems]
    if not clean:
        yield "  has no examples: try it on molecules of yours with --on SMILES, and get them written"
        return
    yield "  has no examples; if the above is what you mean, add it to the entry, to be checked from now on:"
    yield ""
    yield "    examples:"
    for trial in clean:
        products = ", ".join(f"'{smiles}'" for smiles in trial.unlimited)
        yield f"      - {{reactant: '{trial.smiles}', products: [{products}]}}"
