"""Pictures of transforms as files, and one page that shows them all."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from halogenator.chemistry.drawing import draw_transform
from halogenator.chemistry.molecules import quiet
from halogenator.model import Transform
from halogenator.storage.failures import writing
from halogenator.storage.parquet import whole_or_absent

PAGE = "index.html"


def draw_transforms(transforms: Iterable[Transform], folder: Path) -> list[Path]:
    """Write ``<name>.svg`` of each transform, and a page of all of them; return the paths, the page last.

    Raises:
        UserError: the folder cannot be written to.
    """
    quiet()
    paths = []
    for transform in transforms:
        paths.append(folder / f"{transform.name}.svg")
        _write(paths[-1], draw_transform(transform))
    images = "\n".join(f'<p><img src="{escape(path.name)}" alt="{escape(path.stem)}"></p>' for path in paths)
    _write(folder / PAGE, f"<!doctype html>\n<meta charset=utf-8>\n<title>Transforms</title>\n{images}\n")
    return [*paths, folder / PAGE]


def _write(path: Path, text: str) -> None:
    with whole_or_absent(path) as temporary, writing(path):
        temporary.write_text(text, encoding="utf-8")
