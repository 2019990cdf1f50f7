"""The verb ``patterns``: list, draw and find what can be named in exclude, protect, rank and parents."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from halogenator.cli.drawings import add_draw, write_drawings
from halogenator.cli.options import add_verb, find_paths
from halogenator.errors import UserError

_WIDTH = 100
_ALERTS = "sets of alerts of RDKit's FilterCatalog, for exclude and parents; each alert counts by itself"


def add_verbs(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        verbs,
        "patterns",
        _run,
        "list, draw and find in molecules the patterns that exclude, protect and rank can name",
        "patterns --on 'O=c1cc(-c2ccccc2)oc2cc(O)cc(O)c12'",
    )
    parser.add_argument(
        "--file",
        type=Path,
        nargs="+",
        default=[],
        help="YAML files of patterns, besides the shipped one (default: none)",
    )
    add_draw(parser)
    parser.add_argument(
        "--on",
        nargs="+",
        action="extend",
        default=[],
        metavar="SMILES",
        help="molecules, of which to say which patterns they have, and at which atoms (default: list the patterns)",
    )


def _run(options: argparse.Namespace) -> None:
    from halogenator.config.patterns import Patterns

    patterns = Patterns(find_paths(options.file)).load()
    for line in _found(patterns, options.on) if options.on else _listed(patterns):
        print(line)
    if options.draw is not None:
        from halogenator.chemistry.sheets import draw_pattern

        sheets = {name: partial(draw_pattern, each) for name, each in patterns.items() if each[0].smarts}
        print(write_drawings("Patterns", sheets, options.draw))


def _listed(patterns: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield, of each pattern, its name, an example and the reason for it; sets of alerts come last."""
    for name, (first, *_) in patterns.items():
        if not first.catalog:
            yield f"{name}  {' '.join(first.matches[:1])}"
            yield from textwrap.wrap(first.why, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from textwrap.wrap(", ".join(name for name, (first, *_) in patterns.items() if first.catalog), _WIDTH)
    yield f"  {_ALERTS}"


def _found(patterns: Mapping[str, Sequence[Any]], molecules: Sequence[str]) -> Iterator[str]:
    """Yield, of each molecule, the patterns that it has, each with the atoms of its matches.

    Raises:
        UserError: RDKit cannot read a molecule.
    """
    from rdkit import Chem

    from halogenator.chemistry.molecules import quiet
    from halogenator.chemistry.motifs import Motifs

    quiet()
    for given in molecules:
        mol = Chem.MolFromSmiles(given)
        if mol is None:
            fix = "mend it, and quote it for the shell"
            raise UserError("RDKit cannot read a molecule", value=given, allowed="a SMILES", fix=fix)
        yield given
        for name, each in patterns.items():
            if each[0].catalog:
                found = sorted({token.partition(":")[2] for token in Motifs(each).tokens(mol, (0,))})
            else:
                found = list(_matches(mol, each))
            if found:
                yield f"  {name}: {'; '.join(found)}"


def _matches(mol: Any, patterns: Sequence[Any]) -> Iterator[str]:
    """Yield the matches of patterns of one name: symbol and index of each atom, as ``F2 C1 O0``."""
    from rdkit import Chem

    matches = (match for each in patterns for match in mol.GetSubstructMatches(Chem.MolFromSmarts(each.smarts)))
    for match in dict.fromkeys(matches):
        yield " ".join(f"{mol.GetAtomWithIdx(index).GetSymbol()}{index}" for index in match)
