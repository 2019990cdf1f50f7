"""docs/how-to: the commands run, in order and from a clean checkout, after the files given beside them are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflow.test_readme import REPOSITORY, Copy


@pytest.mark.parametrize("name", ["one-job", "transforms"])
def test_commands_run(name: str, tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "how-to" / f"{name}.md").read_text()
    copy = Copy(tmp_path)
    ran = 0
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
        if match[1] == "yaml":
            path = re.findall(r"`([\w-]+\.yaml)`", text[: match.start()])[-1]
            (copy.root / path).write_text(match[2])
            continue
        assert match[1] == "sh"
        for command in match[2].splitlines():
            printed = copy.run(command)
            ran += 1
            assert "Traceback" not in printed
            if command.startswith("snakemake -n"):
                assert "Merging MY_ETHER on lipid-1X" in printed
    assert ran >= 3
