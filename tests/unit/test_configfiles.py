"""Files given to Snakemake or check as configurations, but which are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from halogenator.cli import main
from snakemake_logger_plugin_halogenator.configfiles import explain


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "---\n"])
def test_an_empty_configuration_file_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text(text)
    assert main(["check", "my.yaml"]) == 1
    assert "my.yaml holds no key" in capsys.readouterr().err
    assert "my.yaml holds no key" in str(explain("Config file must be given as YAML", lambda: [Path("my.yaml")]))


def test_a_target_behind_configfile_is_told_from_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text("select: {transforms: []}\n")
    Path("broken.yaml").write_text("a: [1\n")
    said = "UnicodeDecodeError in load_configfile"
    target = "results/summary.tsv"
    assert f"-- {target}" in str(explain(said, lambda: [Path("my.yaml"), Path(target)]))
    assert "did you mean 'my.yaml'?" in str(explain(said, lambda: [Path("mi.yaml")]))
    assert "cannot be read as YAML" in str(explain(said, lambda: [Path("broken.yaml")]))
    assert explain(said, lambda: [Path("my.yaml")]) is None
    assert explain("some other error", lambda: [Path(target)]) is None
