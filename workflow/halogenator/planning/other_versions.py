"""Results that another RDKit made: what a run should say of them before it makes others beside them.

RDKit's version is part of what results depend on, since versions may write another canonical SMILES, or take another
bond for aromatic. So a run makes anew what it is asked for, and results of both versions stand in one folder: until it
ends, and after it where it was asked for a part only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import rdkit
from pyarrow import ArrowException

from halogenator.planning.states import Name
from halogenator.results import Results
from halogenator.tables.metadata import read_metadata


def notes_on_versions(results: Results, made_anew: Collection[Name]) -> Iterator[str]:
    """Yield a note if results in the folder were made by another RDKit than this one.

    Args:
        results: the results folder, which may be missing.
        made_anew: the libraries and jobs that the run makes.
    """
    again: Counter[str] = Counter()
    left: Counter[str] = Counter()
    files: list[tuple[Name, Path]] = [((name, None), path) for name, path in results.libraries().items()]
    for name, path in [*files, *results.jobs().items()]:
        version = _rdkit_of(path)
        if version not in (None, rdkit.__version__):
            (again if name in made_anew else left)[str(version)] += 1
    if again or left:
        versions = ", ".join(sorted({*again, *left}))
        parts = [
            f"{again.total():,} of them this run makes anew" if again else "",
            f"{left.total():,} stay as they are, beside those of this one" if left else "",
        ]
        yield (
            f"{again.total() + left.total():,} results here were made by RDKit {versions}, and this is RDKit "
            f"{rdkit.__version__}, which may write other SMILES: {'; '.join(filter(None, parts))}. To keep the two "
            f"apart, use another folder (--directory), or the old version: pip install rdkit=={versions.split(', ')[0]}"
        )


def _rdkit_of(path: Path) -> str | None:
    """Return the version of RDKit that made a file; None if it is not known."""
    try:
        version = read_metadata(path).get("rdkit_version")
    except (OSError, ValueError, ArrowException):
        return None
    return version if isinstance(version, str) else None
