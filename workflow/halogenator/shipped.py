"""Where the files that come with the package are: its configuration, rules, schemas, pages and profiles.

A checkout has them at its top level. A wheel has copies below the package, in folders of the same names.
"""

from __future__ import annotations

from pathlib import Path

from halogenator import __version__

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]


def _is_checkout(folder: Path) -> bool:
    return folder / "workflow" / "halogenator" == _PACKAGE and (folder / "Snakefile").is_file()


# The image in which rules run with ``--sdm apptainer``, built by the Containerfile.
IMAGE = f"ghcr.io/halogenator/halogenator:{__version__}"

ROOT = _CHECKOUT if _is_checkout(_CHECKOUT) else _PACKAGE / "shipped"

SNAKEFILE = ROOT / "Snakefile"
INCLUDED = "from halogenator.shipped import SNAKEFILE"  # a line of the Snakefile of a project
CONFIGS = ROOT / "configs"
PATTERNS = CONFIGS / "patterns.yaml"
TRANSFORMS = CONFIGS / "transforms.yaml"
CONFIGURATION = CONFIGS / "config.yaml"  # the lowest layer of every configuration that has no other one
PROFILES = ROOT / "profiles"
SCHEMAS = ROOT / "workflow" / "schemas"
REPORT_PAGES = ROOT / "workflow" / "report"
BROWSE_PAGES = ROOT / "workflow" / "browse"


def parent_files() -> list[Path]:
    """Return the files of natural products."""
    return sorted(CONFIGS.glob("parents/*.smi"))
